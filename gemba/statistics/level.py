"""Levels and slopes of a short series, with intervals that allow for its memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.effect import Effect
from gemba.statistics.finite import refuse_unknown
from gemba.statistics.memory import error_of

Floats = NDArray[np.float64]
LEAST = 4  # observations below which a spread means nothing
LEAST_PAST = 14  # values below which the past does not tell what is usual
SEASONS_SEEN = 3  # times that each season must occur before its own level is taken out


@dataclass(frozen=True, slots=True)
class Estimate(Effect):
    """Of a series; `memory`: the lag-one autocorrelation that its error allows for."""

    memory: float


def mean_estimate(values: Floats, *, season: NDArray[np.int64] | None = None) -> Estimate:
    """Mean of a series whose neighbours resemble each other.

    Args:
        values: Shape (n,), in order of time, no NaN, n >= 4.
        season: Shape (n,), for example the weekday. Taken out of the spread where each occurs three times or more: a
            window of whole weeks has every weekday as often, and their differences are no sampling error.

    Returns:
        Standard error and degrees of freedom of `memory.error_of`: AR(1) noise about the seasons' levels.

    Raises:
        SampleTooSmallError: Fewer than 4 values.
        UnusableValuesError: A value is infinite or missing.
    """
    n = values.size
    if n < LEAST:
        raise SampleTooSmallError("mean_estimate", needed=LEAST, got=n)
    refuse_unknown("mean_estimate", values=values)
    error = error_of(values, _seasons(season, n), np.full(n, 1.0 / n))
    return Estimate(float(values.mean()), error.se, error.df, error.memory)


def usual_mean(values: Floats, *, season: NDArray[np.int64], coming: NDArray[np.int64]) -> Estimate | None:
    """What the mean of the next `coming.size` values would be if nothing changed.

    Args:
        values: The past, shape (n,), in order of time, no NaN.
        season: Season of each, shape (n,). `coming`: of the values to come, shape (m,).

    Returns:
        The mean of the seasons' levels over `coming` (of all values, where a season was seen fewer than three times)
        with the standard error of a prediction (`memory.error_of`). None with fewer than 14 values, twice as many as
        the coming ones needed, or a season that was never seen.
    """
    n, m = values.size, coming.size
    if n < max(LEAST_PAST, 2 * m) or m == 0:
        return None
    refuse_unknown("usual_mean", values=values)
    design, ahead = _seasons(season, n), np.ones((m, 1))
    if design.shape[1] > 1:
        names = np.unique(season)
        if not np.isin(coming, names).all():
            return None
        ahead = (coming[:, None] == names[None, :]).astype(np.float64)
    weights = np.linalg.pinv(design).T @ ahead.mean(axis=0)
    error = error_of(values, design, weights, np.full(m, 1.0 / m))
    return Estimate(float(weights @ values), error.se, error.df, error.memory)


def slope_estimate(values: Floats, at: Floats, *, season: NDArray[np.int64] | None = None) -> Estimate:
    """Least-squares slope per unit of `at`, with the same allowance for memory and season as `mean_estimate`.

    Args:
        values: Shape (n,), in order of time, no NaN, n >= 4.
        at: Shape (n,), positions in time; not all equal.

    Raises:
        SampleTooSmallError: Fewer than 4 values.
        UnusableValuesError: A value is infinite or missing.
    """
    n = values.size
    if n < LEAST:
        raise SampleTooSmallError("slope_estimate", needed=LEAST, got=n)
    refuse_unknown("slope_estimate", values=values, at=at)
    if at.min() == at.max():
        raise SampleTooSmallError("slope_estimate (different positions in time)", needed=2, got=1)
    design = np.column_stack([at - at.mean(), _seasons(season, n)])
    weights = np.linalg.pinv(design)[0]
    error = error_of(values, design, weights)
    return Estimate(float(weights @ values), error.se, error.df, error.memory)


def ratio_scores(num: Floats, den: Floats) -> tuple[float, Floats]:
    """A ratio of totals, and the series whose mean it is to first order: `R + (num - R den) / mean(den)`.

    Buckets with `den` 0 carry no information about the ratio and have the score R.

    Raises:
        UnusableValuesError: A value is infinite or missing, or the denominators add up to 0.

    References:
        W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, section 6.4 (linearised variance of a ratio).
    """
    refuse_unknown("ratio_scores", num=num, den=den)
    if den.sum() == 0:
        raise UnusableValuesError("ratio_scores", "the denominators add up to 0: there is no ratio")
    ratio = float(num.sum() / den.sum())
    return ratio, ratio + (num - ratio * den) / float(den.mean())


def _seasons(season: NDArray[np.int64] | None, n: int) -> Floats:
    if season is None:
        return np.ones((n, 1))
    names, counts = np.unique(season, return_counts=True)
    if names.size < 2 or counts.min() < SEASONS_SEEN:
        return np.ones((n, 1))
    return (season[:, None] == names[None, :]).astype(np.float64)
