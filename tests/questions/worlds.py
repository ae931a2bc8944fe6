"""Three models with their words, and a shorthand in which a test writes a typed question on one line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gemba.evidence.types import Coverage
from gemba.questions.describe import said_window
from gemba.questions.resolve import resolve
from gemba.questions.types import Predicate, Question, Resolution
from gemba.questions.vocabulary import Vocabulary
from gemba.semantics.load import load_model
from gemba.semantics.model import SemanticModel

EXAMPLES = Path(__file__).parents[2] / "examples"


@dataclass(frozen=True)
class World:
    model: SemanticModel
    vocabulary: Vocabulary
    now: datetime

    def ask(self, text: str, *, as_of: datetime | None = None) -> Resolution:
        return resolve(text, model=self.model, vocabulary=self.vocabulary, as_of=as_of, now=self.now)


def _world(name: str, members: dict[str, tuple[str, ...]], first: str, last: str, now: str) -> World:
    model = load_model(EXAMPLES / name / "model.yaml")
    zone = ZoneInfo(model.timezone)
    held = Coverage(
        datetime.fromisoformat(first).replace(tzinfo=zone), datetime.fromisoformat(last).replace(tzinfo=zone), 1000
    )
    coverage = {source: held for source, definition in model.sources.items() if definition.time}
    return World(model, Vocabulary(members, coverage), datetime.fromisoformat(now).replace(tzinfo=zone))


FACTORY = _world(
    "factory",
    {
        "line": ("1", "2", "3", "4"),
        "hall": ("North", "South"),
        "machine": tuple(f"M{number:02d}" for number in range(1, 17)),
        "maker": ("Engel", "Arburg", "Haitian"),
        "product": tuple(f"P-{family}{number:02d}" for family in range(1, 5) for number in range(1, 4)),
        "product_family": ("housing", "gear", "bracket", "cover"),
        "material": ("PA66", "POM", "ABS"),
        "shift": ("early", "late", "night"),
        "crew": ("A", "B", "C"),
        "lot": ("L-00001", "L-00002", "L-00003"),
        "supplier": ("Nordplast", "Rhein Polymer", "Kestrel", "Adria Chem", "Polytec"),
        "stop_reason": ("jam", "tool change", "no material", "cleaning"),
        "defect_type": ("flash", "short shot", "burn mark"),
        "maintenance_kind": ("planned", "repair"),
    },
    "2026-05-01T00:00",
    "2026-11-18T10:00",
    "2026-11-18T10:00",
)

NORTHWIND = _world(
    "northwind",
    {
        "category": (
            "Beverages", "Condiments", "Confections", "Dairy Products", "Grains/Cereals", "Meat/Poultry", "Produce",
            "Seafood",
        ),
        "product": (
            "Chai", "Chang", "Aniseed Syrup", "Chef Anton's Cajun Seasoning", "Chef Anton's Gumbo Mix",
            "Queso Cabrales",
            "Côte de Blaye", "Rössle Sauerkraut", "Tofu", "Camembert Pierrot", "Sir Rodney's Scones",
        ),
        "supplier": ("Exotic Liquids", "Tokyo Traders", "Karkki Oy", "Pavlova, Ltd."),
        "supplier_country": ("USA", "Germany", "Japan", "France", "Singapore"),
        "country": ("USA", "Germany", "France", "UK", "Brazil", "Austria", "Mexico", "Sweden"),
        "city": ("London", "Berlin", "Graz", "Cunewalde", "México D.F.", "São Paulo"),
        "customer": ("Alfreds Futterkiste", "Ernst Handel", "QUICK-Stop", "Save-a-lot Markets", "Around the Horn"),
        "role": ("Sales Representative", "Sales Manager", "Vice President, Sales"),
        "shipper": ("Speedy Express", "United Package", "Federal Shipping"),
    },
    "1996-07-04T00:00",
    "1998-05-06T00:00",
    "2026-11-18T10:00",
)  # fmt: skip

STEEL = _world("steel", {}, "2018-01-01T00:00", "2018-07-01T00:00", "2026-11-18T10:00")

WORLDS = {"factory": FACTORY, "northwind": NORTHWIND, "steel": STEEL}


def shorthand(question: Question, model: SemanticModel) -> str:
    """`why scrap_rate up | line=3 | 2026-11-09..2026-11-15 vs 2026-11-02..2026-11-08 | by shift | limit 5`."""
    zone = ZoneInfo(model.timezone)
    data = question.model_dump()
    head = [question.kind, str(data.get("metric") or data.get("outcome") or data.get("metrics") or "-")]
    if data.get("other_metric"):
        head.append(f"+ {data['other_metric']}")
    if data.get("direction"):
        head.append(data["direction"])
    parts = [" ".join(head)]
    filters = getattr(question, "filters", ())
    if filters:
        parts.append(_conditions(filters))
    window = _days(question.window, zone)
    baseline = getattr(question, "baseline", None)
    if baseline is not None:
        if baseline.window is not None:
            window += f" vs {_days(baseline.window, zone)}"
        elif baseline.segment is not None:
            window += f" vs {_conditions(baseline.segment)}"
        else:
            window += " vs rest"
    parts.append(window)
    if data.get("group_by"):
        parts.append("by " + ",".join(sorted(data["group_by"])))
    if data.get("horizon"):
        parts.append(f"then {data['horizon']}")
    if data.get("bucket"):
        parts.append(f"each {data['bucket']}")
    if data.get("limit"):
        parts.append(f"limit {data['limit']}")
    return " | ".join(parts)


def _days(window, zone) -> str:
    return said_window(window, zone).removeprefix("from ").removeprefix("on ").replace(" to ", "..")


_SIGNS = {"in": "=", "not_in": "!=", "gt": ">", "ge": ">=", "lt": "<", "le": "<=", "between": " between "}


def _conditions(filters: tuple[Predicate, ...]) -> str:
    said = []
    for item in filters:
        values = "/".join(f"{value:g}" if isinstance(value, float) else str(value) for value in item.values)
        said.append(f"{item.dimension or item.metric}{_SIGNS[item.op]}{values}")
    return " & ".join(sorted(said))
