"""Which columns may drive an outcome, and which differences, products and ratios of them make sense.

Nothing here looks at the outcome's relation to a column, so nothing here needs a correction for having looked; the one
exception, a column that is the outcome under another name, can only take a candidate away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]

FeatureKind = Literal["column", "category", "difference", "product", "ratio"]

MOST_MEMBERS = 1_000
"""Members of a categorical column; one with more names things rather than describing them."""

LEAST_PRESENT = 0.5
"""Share of rows in which a column must have a value."""

LEAST_SPREAD = 0.05
"""Standard deviation over mean below which a product or a ratio is a copy of the other column, or of a difference."""

DENSE = 4
"""Whole numbers, all different, that fill at least one place in so many of their range: row numbers."""

MOST_PAIRED = 40
"""Numeric columns of which pairs are built; with more, the pairs would outnumber what a search can afford to test."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A column, or a quantity built of two.

    `values`, shape (n,): NaN where missing. Of a category: the number of the member in `members`.
    `first` and `second` name the columns; `second` is empty for a column of its own.
    """

    kind: FeatureKind
    first: str
    second: str
    values: Floats
    members: tuple[str, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        return (self.first, self.second) if self.second else (self.first,)

    @property
    def name(self) -> str:
        """`a`, `a - b`, `a × b` or `a / b`."""
        sign = {"difference": " - ", "product": " × ", "ratio": " / "}.get(self.kind, "")
        return f"{self.first}{sign}{self.second}"


@dataclass(frozen=True, slots=True)
class Excluded:
    """A column that is no candidate, and why in words."""

    column: str
    reason: str


def usable(
    numeric: Mapping[str, Floats], categorical: Mapping[str, Texts], outcome: Floats
) -> tuple[tuple[Feature, ...], tuple[Excluded, ...]]:
    """Sort columns into candidates and those that cannot be one.

    Args:
        numeric: By name, shape (n,), NaN where missing.
        categorical: By name, shape (n,), text or None.
        outcome: Shape (n,).

    Returns:
        Single columns as features, in the order given, and what was left out: mostly missing, constant, infinite,
        identifiers and row numbers, a member per row, too many members, and a column equal to the outcome.
    """
    features: list[Feature] = []
    excluded: list[Excluded] = []
    for name, values in numeric.items():
        reason = _not_numeric(values) or _same_as(values, outcome)
        if reason:
            excluded.append(Excluded(name, reason))
        else:
            features.append(Feature("column", name, "", np.asarray(values, dtype=np.float64)))
    for name, texts in categorical.items():
        codes, members = encoded(texts)
        reason = _not_category(codes, len(members)) or (_same_as(codes, outcome) if len(members) == 2 else "")
        if reason:
            excluded.append(Excluded(name, reason))
        else:
            features.append(Feature("category", name, "", codes, members))
    return tuple(features), tuple(excluded)


def constructed(features: tuple[Feature, ...], units: Mapping[str, str]) -> tuple[Feature, ...]:
    """Differences, products and ratios of pairs of numeric columns, where scales make them sensible.

    A difference needs columns of one unit (where `units` names both) and on one scale: their central ranges overlap,
    or their medians have one sign and lie within a factor of 2. It is taken so that it is mostly positive. A product
    and a ratio need columns that are never negative (a zero point that means "none"; a ratio's lower column never
    zero) and that vary by at least 5 % of their mean; a product is also taken of two columns on one scale that both
    change sign, which is their interaction.
    """
    single = [one for one in features if one.kind == "column"][:MOST_PAIRED]
    built: list[Feature] = []
    for one, other in combinations(single, 2):
        x, y = one.values, other.values
        if _one_unit(one.first, other.first, units) and _one_scale(x, y):
            a, b = (one, other) if np.nanmedian(x - y) >= 0 else (other, one)
            built.append(Feature("difference", a.first, b.first, a.values - b.values))
        if _scales(x) and _scales(y):
            built.append(Feature("product", one.first, other.first, x * y))
            if np.nanmin(y) > 0:
                built.append(Feature("ratio", one.first, other.first, x / y))
            elif np.nanmin(x) > 0:
                built.append(Feature("ratio", other.first, one.first, y / x))
        elif _changes_sign(x) and _changes_sign(y) and _one_scale(x, y):
            built.append(Feature("product", one.first, other.first, x * y))
    return tuple(one for one in built if _spread(one.values) > 0)


def encoded(texts: Texts) -> tuple[Floats, tuple[str, ...]]:
    """Numbers of members in order of their names, NaN for None, and the names."""
    present = np.array([one is not None for one in texts], dtype=bool)
    codes = np.full(len(texts), np.nan)
    members, numbers = np.unique(np.asarray(texts[present], dtype=str), return_inverse=True)
    codes[present] = numbers
    return codes, tuple(str(one) for one in members)


def _not_numeric(values: Floats) -> str:
    if np.isinf(values).any():
        return "it holds infinite values"
    present = values[~np.isnan(values)]
    missing = _missing(present.size, values.size)
    if missing:
        return missing
    if present.min() == present.max():
        return "it has one value only"
    if np.unique(present).size < present.size:
        return ""
    steps = np.diff(present)
    if (steps > 0).all() or (steps < 0).all():
        return "it numbers the rows"
    whole = bool((present == np.round(present)).all())
    if whole and present.max() - present.min() < DENSE * present.size:
        return "it is an identifier: whole numbers, all different"
    return ""


def _not_category(codes: Floats, members: int) -> str:
    present = int((~np.isnan(codes)).sum())
    missing = _missing(present, codes.size)
    if missing:
        return missing
    if members < 2:
        return "it has one member only"
    if members > max(present / 2, 2):
        return "it is an identifier: nearly a member per row"
    if members > MOST_MEMBERS:
        return f"it has {members} members, at most {MOST_MEMBERS} are searched"
    return ""


def _missing(present: int, rows: int) -> str:
    if present == 0:
        return "it has no value at all"
    if present < LEAST_PRESENT * rows:
        return f"it has a value in {present} of {rows} rows only"
    return ""


def _same_as(values: Floats, outcome: Floats) -> str:
    """Two-valued columns that tell the outcome row by row, and copies of a numeric one."""
    both = ~np.isnan(values)
    x, y = values[both], outcome[both]
    if y.size == 0 or y.min() == y.max():
        return ""
    if np.array_equal(x, y):
        return "it equals the outcome"
    levels = np.unique(x)
    if levels.size == 2 and np.unique(y).size == 2:
        high = x == levels[1]
        if y[high].min() == y[high].max() and y[~high].min() == y[~high].max():
            return "it tells the outcome row by row"
    return ""


def _spread(values: Floats) -> float:
    return float(np.nanmax(values) - np.nanmin(values))


def _scales(values: Floats) -> bool:
    """Whether a product with this column says more than the other column alone."""
    return bool(np.nanmin(values) >= 0 and np.nanstd(values) >= LEAST_SPREAD * np.nanmean(values))


def _one_unit(first: str, second: str, units: Mapping[str, str]) -> bool:
    one, other = units.get(first, ""), units.get(second, "")
    return not one or not other or one == other


def _changes_sign(values: Floats) -> bool:
    low, high = np.nanquantile(values, [0.1, 0.9])
    return bool(low < 0 < high)


def _one_scale(x: Floats, y: Floats) -> bool:
    a, b = np.nanquantile(x, [0.05, 0.5, 0.95]), np.nanquantile(y, [0.05, 0.5, 0.95])
    wide = max(a[2] - a[0], b[2] - b[0])
    narrow = min(a[2] - a[0], b[2] - b[0])
    if narrow < wide / 50:  # the narrow one would not show in the difference
        return False
    overlap = min(a[2], b[2]) > max(a[0], b[0])
    near = a[1] * b[1] > 0 and 0.5 <= a[1] / b[1] <= 2.0
    return bool(overlap or near)
