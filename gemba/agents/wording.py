"""How the analyses put numbers and segments into words."""

from __future__ import annotations

import math

from gemba.questions.types import Segment
from gemba.semantics.model import SemanticModel


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
    """A metric's or dimension's name in running text."""
    return metric.replace("_", " ")


def segment_words(segment: Segment) -> str:
    """`machine M3 and shift night`; `the whole` for no predicate."""
    if not segment:
        return "the whole"
    words = []
    for predicate in segment:
        members = "unknown" if predicate.op == "is_null" else " or ".join(str(value) for value in predicate.values)
        words.append(f"{name_of(predicate.dimension or '')} {members}")
    return " and ".join(words)
