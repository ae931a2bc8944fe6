"""What a column's name gives away: its unit, whether it identifies, counts, measures, or belongs to a person.

Names are read in English. A guess is only ever a draft: a person reads the model that `gemba model infer` writes.
"""

from __future__ import annotations

import re
from typing import Literal

# Unit as shown, and whether values of it add up over rows (energy does, power does not).
_UNITS: dict[str, tuple[str, bool]] = {
    "kwh": ("kWh", True), "mwh": ("MWh", True), "wh": ("Wh", True), "kvarh": ("kVarh", True),
    "kw": ("kW", False), "mw": ("MW", False), "kvar": ("kVar", False), "kva": ("kVA", False),
    "kg": ("kg", True), "tons": ("t", True), "tonnes": ("t", True), "tco2": ("t", True), "kgco2": ("kg", True),
    "l": ("l", True), "m3": ("m³", True), "litres": ("l", True), "liters": ("l", True),
    "s": ("s", False), "sec": ("s", False), "secs": ("s", False), "seconds": ("s", False), "ms": ("ms", False),
    "min": ("min", False), "mins": ("min", False), "minutes": ("min", False), "h": ("h", False), "hours": ("h", False),
    "pct": ("%", False), "percent": ("%", False), "percentage": ("%", False),
    "c": ("°C", False), "degc": ("°C", False), "celsius": ("°C", False), "k": ("K", False), "kelvin": ("K", False),
    "bar": ("bar", False), "mbar": ("mbar", False), "kpa": ("kPa", False), "rpm": ("rpm", False), "nm": ("Nm", False),
    "mm": ("mm", False), "cm": ("cm", False), "um": ("µm", False), "km": ("km", True), "hz": ("Hz", False),
    "usd": ("USD", True), "eur": ("EUR", True), "gbp": ("GBP", True), "jpy": ("JPY", True), "pcs": ("pieces", True),
    "pieces": ("pieces", True), "units": ("pieces", True),
}  # fmt: skip
_SHORT_UNITS = {"s", "c", "k", "l", "h", "min"}  # only as a suffix after a separator or in brackets


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


_MEAN = vocabulary(
    "price rate ratio factor temperature temp speed pressure voltage current age score rating discount share level "
    "average avg mean efficiency availability performance humidity torque thickness width length height cycle "
    "viscosity density percent pct lead duration latitude longitude power days"
)
_SUM = vocabulary(
    "total downtime stoppage stopped lost quantity qty amount count units volume energy consumption usage"
)
_TIME_UNITS = ("s", "ms", "min", "h")
_SPENT = vocabulary("run running stop idle busy planned worked used spent stood setup")
_IDENTIFIER = vocabulary("id uuid guid key no nr number code serial sku ean zip postal postcode barcode hash udi")
_PERSON_TABLES = vocabulary("employee person people user operator worker staff contact driver patient student")
_LOWER = vocabulary(
    "scrap scrapped reject rejects rejected defect defects defective failure failures fail error errors late delay "
    "downtime stop stoppage waste rework cost costs freight energy kwh usage consumption co2 emission emissions "
    "complaint complaints loss lost discount returns refund"
)
_HIGHER = vocabulary("revenue sales output produced quantity profit margin yield availability performance good orders")
_BAD_PART = vocabulary(
    "scrap scrapped reject rejects rejected defect defects defective failed failures bad waste rework late returned"
)
_WHOLE = vocabulary("quantity qty produced output total pieces units volume inspected tested")
Personal = Literal["name", "contact", "birth"]


def words(name: str) -> tuple[str, ...]:
    """The lower-case words of a name: `Usage_kWh` is usage, kwh; `orderDate` is order, date."""
    spaced = re.sub(r"(?<=[a-z]{2})(?=[A-Z][a-z])", " ", name)
    return tuple(re.findall(r"[^\W_]+", spaced.lower()))


def unit_of(name: str) -> tuple[str, bool] | None:
    """Unit in a column's name, and whether its values add up over rows: `Torque [Nm]`, `speed_rpm`, `CO2(tCO2)`."""
    bracketed = re.search(r"[(\[]\s*([^)\]]+?)\s*[)\]]\s*$", name)
    if bracketed:
        inner = bracketed[1].lower()
        if inner == "%":
            return ("%", False)
        return _UNITS.get(inner, (bracketed[1], False))
    if name.rstrip().endswith("%"):
        return ("%", False)
    parts = words(name)
    if len(parts) > 1 and parts[-1] in _UNITS:
        return _UNITS[parts[-1]]
    return _UNITS.get(parts[0]) if len(parts) == 1 and parts[0] not in _SHORT_UNITS and parts else None


def subject(name: str) -> str:
    """A name for the model: without its unit; letters, digits and `_` only; never empty or beginning with a digit."""
    bare = re.sub(r"\s*[(\[][^)\]]*[)\]]\s*$", "", name).rstrip(" %") or name
    parts = list(words(bare))
    if len(parts) > 1 and parts[-1] in _UNITS and bare == name:
        parts.pop()
    joined = "_".join(parts) or "column"
    return f"n_{joined}" if joined[0].isdigit() else joined


def singular(name: str) -> str:
    """`categories` is category, `orders` is order; a word that does not look plural stays."""
    for plural, one in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("shes", "sh"), ("xes", "x")):
        if name.endswith(plural):
            return name.removesuffix(plural) + one
    return name[:-1] if name.endswith("s") and not name.endswith(("ss", "us", "is")) else name


def is_only_unit(name: str) -> bool:
    """Whether a name says nothing but its unit: `minutes`, `hours`."""
    return all(part in _UNITS and part not in ("units", "pieces") for part in words(name))


def adds_up(name: str) -> bool:
    """Whether summing a measure over rows means something: pieces and kWh do, prices and temperatures do not."""
    parts = words(name)
    unit = unit_of(name)
    if _SUM & set(parts):
        return True
    if unit is not None and unit[0] in _TIME_UNITS and (is_only_unit(name) or _SPENT & set(parts)):
        return True
    if unit is not None:
        return unit[1]
    return not _MEAN & set(parts)


def identifies(name: str) -> bool:
    """Whether a name looks like an identifier, whose numbers mean nothing."""
    return bool(_IDENTIFIER & set(words(name)))


def personal(name: str, *, table: str) -> Personal | None:
    """Which personal data a column holds by its name, and its table's; None if none."""
    parts = set(words(name))
    people = bool(_PERSON_TABLES & {singular(word) for word in words(table)})
    if {"birth", "birthday", "birthdate", "dob", "born"} & parts:
        return "birth"
    if {"email", "mail", "phone", "telephone", "mobile", "fax", "ssn", "iban", "passport"} & parts:
        return "contact"
    if {"address", "street", "addr"} & parts and not {"ip", "mac"} & parts:
        return "contact"
    if {"firstname", "lastname", "surname", "fullname", "username", "forename"} & parts:
        return "name"
    if "name" in parts and (
        {"first", "last", "full", "middle", "given", "family", "contact", "user", "maiden"} & parts or people
    ):
        return "name"
    if "name" in parts and {singular(part) for part in parts} & _PERSON_TABLES:
        return "name"
    if len(parts) == 1 and parts & (_PERSON_TABLES - {"contact"}) and not people:
        return "name"
    if people and parts <= {"id", "code", "number", "badge"}:
        return "name"
    return "contact" if people and {"extension", "notes", "postal", "zip"} & parts else None


def better(name: str) -> Literal["higher", "lower"] | None:
    """Which way is good, where the name says so."""
    parts = set(words(name))
    if parts & _LOWER:
        return "lower"
    return "higher" if parts & _HIGHER else None


def is_bad_part(name: str) -> bool:
    """Whether a count named so is the bad part of something produced."""
    return bool(_BAD_PART & set(words(name)))


def is_whole(name: str) -> bool:
    """Whether a count named so is what a bad part is taken of."""
    return bool(_WHOLE & set(words(name))) and not is_bad_part(name)
