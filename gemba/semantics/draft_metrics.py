"""Metrics for a drafted model: what to sum, what to average, and which ratios say more than either."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from gemba.semantics.expression import Column, parse_expression
from gemba.semantics.words import (
    adds_up,
    better,
    is_bad_part,
    is_only_unit,
    is_whole,
    singular,
    subject,
    unit_of,
    words,
)

if TYPE_CHECKING:
    from gemba.semantics.infer import Draft

_SYNONYMS = {
    "revenue": ("sales", "turnover", "net sales"),
    "scrap": ("rejects", "waste"),
    "co2": ("emissions", "carbon"),
    "quantity": ("volume", "units sold"),
}


def draft_metrics(draft: Draft, facts: Sequence[str]) -> None:
    """Add the metrics of every fact table to the draft: rows, measures, flags, then ratios."""
    for fact in facts:
        rows = _rows(draft, fact)
        _revenue(draft, fact)
        for column, use in draft.uses[fact].items():
            if use.role == "measure":
                _measure(draft, fact, column)
            elif use.role == "flag":
                _flag(draft, fact, column, rows)
    _bad_shares(draft)
    _order_value(draft)
    _intensity(draft)


def _rows(draft: Draft, fact: str) -> str:
    many = fact if singular(fact) != fact else _plural(fact)
    if many in draft.dimensions or ("files" in draft.sources[fact] and many != fact):
        return _add(draft, f"{fact}_rows", fact, {"source": fact, "count": "rows"}, synonyms=("rows", "records"))
    synonyms = (f"number of {_said(many)}", "rows")
    return _add(draft, many, fact, {"source": fact, "count": "rows"}, synonyms=synonyms)


def _plural(name: str) -> str:
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "ch", "sh")) else f"{name}s"


def _measure(draft: Draft, fact: str, column: str) -> None:
    unit = unit_of(column)
    entry: dict[str, Any] = {"source": fact, "sum" if adds_up(column) else "mean": _reference(column)}
    if unit is not None:
        entry["unit"] = unit[0]
    if (way := better(column)) is not None:
        entry["better"] = way
    name = (
        f"{singular(fact)}_{subject(column)}"
        if is_only_unit(column) and entry.get("unit") != "kWh"
        else subject(column)
    )
    synonyms = list(_SYNONYMS.get(name, ()))
    if unit is not None and unit[0] in ("kWh", "MWh"):
        synonyms += ["energy", "energy use", "energy consumption", "consumption"]
    _add(draft, name, fact, entry, synonyms=synonyms)


def _flag(draft: Draft, fact: str, column: str, rows: str) -> None:
    name = subject(column)
    numeric = draft.tables[fact].frame[column].dtype.is_numeric()
    entry: dict[str, Any] = {"source": fact, "sum": _reference(column)}
    if not numeric:
        dimension = next(
            (
                key
                for key, value in draft.dimensions.items()
                if value["source"] == fact and value.get("column") == column
            ),
            None,
        )
        if dimension is None:
            return
        entry = {"source": fact, "count": "rows", "where": [{"dimension": dimension, "op": "in", "values": ["true"]}]}
        name = f"{name}_count"
    way = better(column)
    entry |= {"better": way} if way else {}
    counted = _add(draft, name, fact, entry)
    share = {"ratio": [counted, rows], "unit": "%"} | ({"better": way} if way else {})
    _add(draft, f"{subject(column)}_rate", fact, share, synonyms=(f"{_said(subject(column))} share",))


def _revenue(draft: Draft, fact: str) -> None:
    """Price × quantity, less discount where it is a share, if the table has them."""
    frame = draft.tables[fact].frame
    numbers = [name for name, use in draft.uses[fact].items() if use.role == "measure"]
    price = next((name for name in numbers if "price" in words(name)), None)
    quantity = next((name for name in numbers if {"quantity", "qty"} & set(words(name))), None)
    has_total = any({"revenue", "amount", "sales", "total", "turnover"} & set(words(name)) for name in numbers)
    if price is None or quantity is None or has_total:
        return
    expression = f"{_quoted(price)} * {_quoted(quantity)}"
    discount = next((name for name in numbers if "discount" in words(name)), None)
    if discount is not None:
        low, high = frame[discount].min(), frame[discount].max()
        if isinstance(low, int | float) and isinstance(high, int | float) and low >= 0 and high <= 1:
            expression += f" * (1 - {_quoted(discount)})"
    entry = {"source": fact, "sum": expression, "better": "higher"}
    _add(draft, "revenue", fact, entry, synonyms=_SYNONYMS["revenue"])


def _bad_shares(draft: Draft) -> None:
    sums = {name: entry for name, entry in draft.metrics.items() if "sum" in entry}
    wholes = [name for name in sums if is_whole(name)]
    for name, entry in sums.items():
        whole = next((other for other in wholes if sums[other]["source"] == entry["source"]), None)
        if is_bad_part(name) and whole is not None and f"{name}_rate" not in draft.metrics:
            share = {"ratio": [name, whole], "unit": "%", "better": "lower"}
            _add(draft, f"{name}_rate", entry["source"], share, synonyms=(f"{_said(name)} share",))


def _order_value(draft: Draft) -> None:
    if "revenue" in draft.metrics and "orders" in draft.metrics and "count" in draft.metrics["orders"]:
        entry = {"ratio": ["revenue", "orders"], "better": "higher"}
        _add(draft, "average_order_value", "orders", entry, synonyms=("aov", "order value"))


def _intensity(draft: Draft) -> None:
    """Emissions and cost for each unit of energy, where one table has both."""
    for name, entry in list(draft.metrics.items()):
        energy = next(
            (
                other
                for other, its in draft.metrics.items()
                if "sum" in its and its.get("unit") in ("kWh", "MWh") and its["source"] == entry.get("source")
            ),
            None,
        )
        if energy is not None and "sum" in entry and {"co2", "emissions", "cost"} & set(words(name)):
            unit = f"{entry['unit']}/{draft.metrics[energy]['unit']}" if "unit" in entry else ""
            ratio: dict[str, Any] = {"ratio": [name, energy], "better": "lower"} | ({"unit": unit} if unit else {})
            _add(draft, f"{name}_per_{energy}", entry["source"], ratio)


def _add(draft: Draft, name: str, fact: str, entry: dict[str, Any], *, synonyms: Sequence[str] = ()) -> str:
    """Add under the first free name; dimensions' names are taken too."""
    one = singular(fact)
    plain = [name, f"{one}_{name}", f"{name}_total", *(f"{name}_{number}" for number in range(2, 100))]
    free = next(choice for choice in plain if choice not in draft.metrics and choice not in draft.dimensions)
    draft.metrics[free] = entry | ({"synonyms": list(synonyms)} if synonyms else {})
    return free


def _reference(column: str) -> str:
    """A column as a metric names it: in backticks where it would be read as arithmetic."""
    spaced = any(f" {sign} " in column for sign in "+-*/")
    if not spaced and "`" not in column and parse_expression(column) == Column(column):
        return column
    return _quoted(column)


def _quoted(column: str) -> str:
    if column.isidentifier():
        return column
    return f"`{column}`"


def _said(name: str) -> str:
    return name.replace("_", " ")
