"""How the analyses put numbers and segments into words."""

from __future__ import annotations

import math

from gemba.questions.types import Predicate, Segment
from gemba.semantics.model import SemanticModel

ABBREVIATIONS = frozenset({"oee", "mtbf", "mttr", "co2", "ppm"})
SIGNS = {"in": "", "not_in": "not ", "gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ "}


def number(value: float, *, signed: bool = False) -> str:
    """Three significant digits, grouped thousands, a true minus never needed by a parser: `1,230`, `-0.0123`."""
    if not math.isfinite(value):
        return "unknown"
    digits = 0 if value == 0 else max(0, min(12, 2 - math.floor(math.log10(abs(value)))))
    text = f"{value:+,.{digits}f}" if signed else f"{value:,.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "+0") else text


def difference_unit(model: SemanticModel, metric: str) -> str:
    """The unit of a difference of the metric: percentage points for per cent."""
    unit = model.metrics[metric].unit
    return "pp" if unit == "%" else unit


def quantity(value: float, unit: str, *, signed: bool = False) -> str:
    """A number with its unit."""
    return f"{number(value, signed=signed)} {unit}".strip()


def name_of(metric: str) -> str:
    """A metric's or dimension's name in running text; the field's abbreviations in capitals."""
    return " ".join(word.upper() if word in ABBREVIATIONS else word for word in metric.split("_"))


def sentence(text: str) -> str:
    """The text with a capital at its start; the rest as it is."""
    return text[:1].upper() + text[1:]


def waterfall_title(metric: str, dimension: str) -> str:
    """How the title of a chart of a change by the members of a dimension begins."""
    return f"Change of {name_of(metric)} by {name_of(dimension)}"


def segment_words(segment: Segment) -> str:
    """`machine M3 and shift night`, `line not 2 or 3`, `speed > 900`; `the whole` for no predicate."""
    return " and ".join(_condition(one) for one in segment) or "the whole"


def _condition(predicate: Predicate) -> str:
    name = name_of(predicate.dimension or predicate.metric or "")
    members = [str(value) for value in predicate.values]
    if predicate.op == "is_null":
        return f"{name} unknown"
    if predicate.op == "between":
        return f"{name} from {' to '.join(members)}"
    return f"{name} {SIGNS[predicate.op]}{' or '.join(members)}"
