"""Numbers and segments as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor, log10

from gemba.questions.types import Predicate

SIGNS = {"in": "", "not_in": "not ", "gt": "> ", "ge": "≥ ", "lt": "< ", "le": "≤ "}


def number(value: float, *, digits: int = 3) -> str:
    """A number with `digits` significant digits and thousands separators, never in powers of ten below 10^15.

    >>> number(1234567.0), number(0.04567), number(-2.0)
    ('1,234,567', '0.0457', '-2')
    """
    if value != value:
        return "n/a"
    size = abs(value)
    if size >= 1e15:
        text = f"{size:.{digits}g}"
    elif size >= 10 ** (digits - 1):
        text = f"{size:,.0f}"
    elif size == 0:
        text = "0"
    else:
        text = f"{size:.{digits}g}"
        if "e" in text:
            text = f"{size:.10f}".rstrip("0")
    return f"-{text}" if value < 0 and text.strip("0.") else text


def decimals(values: Sequence[float], *, digits: int = 3) -> int:
    """Decimals with which these values, such as those of an axis, differ in `digits` digits; 0 to 9.

    >>> decimals([0.011, 0.019]), decimals([998.2, 1004.9]), decimals([0, 25_000]), decimals([2.5, 2.5])
    (5, 2, 0, 2)
    """
    spread = max(values, default=0.0) - min(values, default=0.0)
    size = spread if spread > 1e-9 * max(map(abs, values), default=0.0) else max(map(abs, values), default=0.0)
    if size == 0.0:
        return 0
    return min(max(digits - 1 - floor(log10(size)), 0), 9)


def fixed(value: float, places: int) -> str:
    """A number with so many decimals and thousands separators; from 10^15 on in powers of ten.

    >>> fixed(1234.5, 2), fixed(-0.001, 1), fixed(3e20, 1)
    ('1,234.50', '0.0', '3e+20')
    """
    if abs(value) >= 1e15:
        return f"{value:.3g}"
    text = f"{value:,.{places}f}"
    return text.removeprefix("-") if not text.strip("-0.,") else text


def told_apart(values: Sequence[float]) -> list[str]:
    """Values that are read side by side: as statements write them, or with the decimals in which they differ.

    >>> told_apart([6.27, 0.0, -6.27]), told_apart([10.0321, 9.9987])
    (['6.27', '0', '-6.27'], ['10.0321', '9.9987'])
    """
    spread = max(values, default=0.0) - min(values, default=0.0)
    if spread >= max(map(abs, values), default=0.0) / 2.0:
        return [number(value) for value in values]
    places = decimals(values)
    return [fixed(value, places) for value in values]


def quantity(value: float, unit: str, *, signed: bool = False) -> str:
    """A number with its unit; `signed` writes the plus too."""
    sign = "+" if signed and value > 0 else ""
    return f"{sign}{number(value)} {unit}".strip()


def interval(ci: tuple[float, float] | None, unit: str) -> str:
    return "" if ci is None else f"{number(ci[0])} to {number(ci[1])} {unit}".strip()


def probability(value: float | None) -> str:
    """A p- or q-value: `<0.0001` below that, nothing for None."""
    if value is None:
        return ""
    return "<0.0001" if value < 0.0001 else f"{value:.2g}" if value < 0.01 else f"{value:.2f}"


def segment(predicates: Sequence[Predicate]) -> str:
    """The rows that a claim is about, for example `line 3, lot not L-17`; `everything` without a condition."""
    words = []
    for one in predicates:
        subject = (one.dimension or one.metric or "").replace("_", " ")
        if one.op == "is_null":
            words.append(f"{subject} missing")
        elif one.op == "between":
            words.append(f"{subject} {one.values[0]} to {one.values[1]}")
        else:
            words.append(f"{subject} {SIGNS[one.op]}{' or '.join(str(value) for value in one.values)}")
    return ", ".join(words) or "everything"
