"""Levels and slopes of a short series, with intervals that allow for its memory."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr, stdtrit

from gemba.errors import SampleTooSmallError

Floats = NDArray[np.float64]
LEAST = 4  # observations below which a spread means nothing
MOST_MEMORY = 0.95
SHORT = 21  # values below which memory counts only where it is significant
LEAST_PAST = 14  # values below which the past does not tell what is usual
SEASONS_SEEN = 3  # times that each season must occur before its own level is taken out


@dataclass(frozen=True, slots=True)
class Estimate:
    """`value` with standard error on `df` degrees of freedom; `p` two-sided against 0."""

    value: float
    se: float
    df: float
    memory: float

    def half_width(self, level: float = 0.95) -> float:
        return float(stdtrit(self.df, 0.5 + level / 2.0)) * self.se

    @property
    def p(self) -> float:
        if self.se == 0:
            return 1.0 if self.value == 0 else 0.0
        return float(2.0 * stdtr(self.df, -abs(self.value / self.se)))


def mean_estimate(values: Floats, *, season: NDArray[np.int64] | None = None) -> Estimate:
    """Mean of a series whose neighbours resemble each other.

    Args:
        values: Shape (n,), in order of time, no NaN, n >= 4.
        season: Shape (n,), for example the weekday. Taken out of the spread where each occurs three times or more: a
            window of whole weeks has every weekday as often, and their differences are no sampling error.

    Returns:
        Standard error `s / sqrt(n_eff)` with `n_eff = n (1 - phi) / (1 + phi)`, phi the lag-one autocorrelation of the
        residuals, corrected for its small-sample bias; below 21 values 0 where it is not significant (5 %,
        one-sided). Student's t on `n_eff - 1 - (seasons - 1)` degrees of freedom, at least 1.

    Raises:
        SampleTooSmallError: Fewer than 4 values.

    References:
        G. V. Bayley and J. M. Hammersley, "The effective number of independent observations in an autocorrelated
        time series", J. R. Statist. Soc. Suppl. 8(2), 184-197, 1946. Bias of phi: M. G. Kendall, Biometrika 41, 1954.
    """
    n = values.size
    if n < LEAST:
        raise SampleTooSmallError("mean_estimate", needed=LEAST, got=n)
    design = _seasons(season, n)
    residual = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    freedom = n - design.shape[1]
    phi = _memory(residual)
    effective = n * (1.0 - phi) / (1.0 + phi)
    spread = float(np.sqrt((residual**2).sum() / freedom))
    df = max(1.0, effective - design.shape[1])
    return Estimate(float(values.mean()), spread / np.sqrt(max(effective, 1.0)), df, phi)


def usual_mean(values: Floats, *, season: NDArray[np.int64], coming: NDArray[np.int64]) -> Estimate | None:
    """What the mean of the next `coming.size` values would be if nothing changed.

    Args:
        values: The past, shape (n,), in order of time, no NaN.
        season: Season of each, shape (n,). `coming`: of the values to come, shape (m,).

    Returns:
        The mean of the seasons' levels over `coming` (of all values, where a season was seen fewer than three times)
        with the standard error of a prediction, `s sqrt((1 + phi)/(1 - phi) (1/m + 1/n))`. None with fewer than 14
        values, twice as many as the coming ones needed, or a season that was never seen.
    """
    n, m = values.size, coming.size
    if n < max(LEAST_PAST, 2 * m) or m == 0:
        return None
    design, ahead = _seasons(season, n), np.ones((m, 1))
    if design.shape[1] > 1:
        names = np.unique(season)
        if not np.isin(coming, names).all():
            return None
        ahead = (coming[:, None] == names[None, :]).astype(np.float64)
    level = np.linalg.lstsq(design, values, rcond=None)[0]
    residual = values - design @ level
    phi = _memory(residual)
    spread = float((residual**2).sum() / max(n - design.shape[1], 1))
    inflation = (1.0 + phi) / (1.0 - phi)
    df = max(1.0, n / inflation - design.shape[1])
    return Estimate(float((ahead @ level).mean()), float(np.sqrt(spread * inflation * (1.0 / m + 1.0 / n))), df, phi)


def slope_estimate(values: Floats, at: Floats, *, season: NDArray[np.int64] | None = None) -> Estimate:
    """Least-squares slope per unit of `at`, with the same allowance for memory and season as `mean_estimate`.

    Args:
        values: Shape (n,), in order of time, no NaN, n >= 4.
        at: Shape (n,), positions in time; not all equal.

    Raises:
        SampleTooSmallError: Fewer than 4 values.

    References:
        Variance inflation of a trend by AR(1) residuals: B. D. Santer et al., J. Geophys. Res. 105(D6), 7337-7356,
        2000, section 4.
    """
    n = values.size
    if n < LEAST:
        raise SampleTooSmallError("slope_estimate", needed=LEAST, got=n)
    design = np.column_stack([at - at.mean(), _seasons(season, n)])
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    residual = values - design @ coefficients
    freedom = max(n - design.shape[1], 1)
    phi = _memory(residual)
    inflation = (1.0 + phi) / (1.0 - phi)
    variance = (residual**2).sum() / freedom * np.linalg.inv(design.T @ design)[0, 0] * inflation
    return Estimate(float(coefficients[0]), float(np.sqrt(variance)), max(1.0, n / inflation - design.shape[1]), phi)


def ratio_scores(num: Floats, den: Floats) -> tuple[float, Floats]:
    """A ratio of totals, and the series whose mean it is to first order: `R + (num - R den) / mean(den)`.

    Buckets with `den` 0 carry no information about the ratio and have the score R.

    References:
        W. G. Cochran, "Sampling Techniques", 3rd ed., 1977, section 6.4 (linearised variance of a ratio).
    """
    ratio = float(num.sum() / den.sum())
    return ratio, ratio + (num - ratio * den) / float(den.mean())


def _seasons(season: NDArray[np.int64] | None, n: int) -> Floats:
    if season is None:
        return np.ones((n, 1))
    names, counts = np.unique(season, return_counts=True)
    if names.size < 2 or counts.min() < SEASONS_SEEN:
        return np.ones((n, 1))
    return (season[:, None] == names[None, :]).astype(np.float64)


def _memory(residual: Floats) -> float:
    n, square = residual.size, float((residual**2).sum())
    if square == 0:
        return 0.0
    phi = float((residual[1:] * residual[:-1]).sum()) / square
    if n < SHORT and phi < 1.645 / np.sqrt(n):  # a handful of values shows any phi by chance
        return 0.0
    return min(max(phi + (1.0 + 3.0 * phi) / n, 0.0), MOST_MEMORY)
