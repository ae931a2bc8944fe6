"""Rules: regions of rows described by a few conditions, and how well a region explains an outcome."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.drivers_columns import Feature

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Counts = NDArray[np.float64]

Side = Literal["below", "above", "among"]


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition on one feature, by its place in the list of features.

    `below`: value < cut. `above`: value > cut. `among`: the member is one of `members` (numbers).
    With `by` (the place of a category), `cuts` holds the threshold of each of its members; infinite where no value of
    that member is inside. A missing value meets no condition.
    """

    feature: int
    side: Side
    cut: float = np.nan
    members: tuple[int, ...] = ()
    by: int | None = None
    cuts: tuple[float, ...] = ()

    def holds(self, features: tuple[Feature, ...]) -> Mask:
        """Rows that meet it, shape (n,)."""
        values = features[self.feature].values
        if self.side == "among":
            return np.isin(values, self.members)
        cut: Floats | float = self.cut
        if self.by is not None:
            codes = features[self.by].values
            known = np.isfinite(codes)
            cut = np.where(known, np.asarray(self.cuts)[np.where(known, codes, 0).astype(int)], np.nan)
        with np.errstate(invalid="ignore"):
            return values < cut if self.side == "below" else values > cut

    @property
    def reads(self) -> tuple[int, ...]:
        """The features it reads."""
        return (self.feature,) if self.by is None else (self.feature, self.by)


@dataclass(frozen=True, slots=True)
class Rule:
    """A conjunction of conditions, and what it costs to say, in nats."""

    conditions: tuple[Condition, ...]
    cost: float = 0.0

    def holds(self, features: tuple[Feature, ...], among: Mask) -> Mask:
        """Rows of `among` that meet every condition."""
        inside = among.copy()
        for one in self.conditions:
            inside &= one.holds(features)
        return inside

    def without(self, place: int) -> Rule:
        return replace(self, conditions=self.conditions[:place] + self.conditions[place + 1 :])

    @property
    def reads(self) -> tuple[int, ...]:
        return tuple(dict.fromkeys(place for one in self.conditions for place in one.reads))


@dataclass(frozen=True, slots=True)
class Whole:
    """The rows that are told apart: how many, the sum of their outcome, and of its squared deviations from the mean."""

    rows: float
    total: float
    spread: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is to be explained: 0 and 1, or a number per row.

    `gain` is the log-likelihood, in nats, by which "one level inside, another outside" beats "one level": Bernoulli
    for yes/no, normal with a common variance for numbers.
    """

    values: Floats
    yes_no: bool
    raised_only: bool = False
    """Only regions where the outcome is more frequent. For a rare outcome the others cannot show."""

    def whole(self, among: Mask) -> Whole:
        y = self.values[among]
        return Whole(float(y.size), float(y.sum()), float(((y - y.mean()) ** 2).sum()) if y.size else 0.0)

    def gain(self, n: Counts, total: Counts, whole: Whole) -> Floats:
        """Args: rows and sum of the outcome inside, any shape; `whole`: of all rows that are told apart."""
        n_out, sum_out = whole.rows - n, whole.total - total
        with np.errstate(divide="ignore", invalid="ignore"):
            if self.yes_no:
                everything = _bernoulli(np.array(whole.rows), np.array(whole.total))
                found = _bernoulli(n, total) + _bernoulli(n_out, sum_out) - everything
            else:
                mean = whole.total / whole.rows
                between = n * (total / n - mean) ** 2 + n_out * (sum_out / n_out - mean) ** 2
                told = np.minimum(between / max(whole.spread, 1e-300), 1.0 - 1e-12)
                found = -0.5 * whole.rows * np.log1p(-told)
            if self.raised_only:
                found = np.where(total * n_out > sum_out * n, found, -np.inf)
        return np.where((n > 0) & (n_out > 0), found, -np.inf)

    def of(self, inside: Mask, among: Mask) -> float:
        """Gain of one region of `among`."""
        n = np.array(float(inside.sum()))
        return float(self.gain(n, np.array(float(self.values[inside].sum())), self.whole(among)))


def _bernoulli(n: Counts, events: Counts) -> Floats:
    """Largest log-likelihood of `events` in `n` rows."""
    rest = n - events
    return _xlogx(events) + _xlogx(rest) - _xlogx(n)


def _xlogx(x: Counts) -> Floats:
    return np.where(x > 0, x * np.log(np.where(x > 0, x, 1.0)), 0.0)
