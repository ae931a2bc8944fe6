"""Does one series go with another, at which lag and how strongly? Judged on what neither season nor past foretells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri, stdtr, stdtrit

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.association_innovations import columns, innovations, winsorised
from gemba.statistics.association_lags import ByLag, aligned, by_lag, scores
from gemba.statistics.change_points_season import season_period
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_PAIRS = 30
"""Pairs that a correlation needs at every lag, beside those that season and line use up."""

UNEVEN = 0.05
"""Share of a step by which a row may miss its place: days of 23 and 25 hours pass."""

SPARSEST = 0.1
POWER = 0.8


@dataclass(frozen=True, slots=True)
class Association:
    """The lag at which two series go together most.

    `lag`: rows by which the first leads the second; below 0 the second leads. `low_lag`, `high_lag`: range of the 95 %
    set of the lag. `correlation`: of the normal scores of both innovations at that lag, with `interval`.
    `p`: for the largest of all lags. `n`: pairs at the lag. `slope`: innovation of the one that follows (the second at
    lag 0) per unit of the other's, with `slope_interval`. `detectable`: least correlation at one lag that is found four
    times out of five. `orders`: own lags taken out of each. `lags`, `correlations`: all of them, and the `band` within
    which each lies, all together, with probability `level` where there is no association. `phases`: of the season.
    """

    lag: int
    low_lag: int
    high_lag: int
    correlation: float
    interval: tuple[float, float]
    p: float
    n: int
    slope: float
    slope_interval: tuple[float, float]
    detectable: float
    orders: tuple[int, int]
    lags: Integers
    correlations: Floats
    band: Floats
    phases: int


def association(
    series: Floats,
    other: Floats,
    *,
    max_lag: int,
    time: Floats | None = None,
    season: Integers | None = None,
    level: float = 0.95,
) -> Association:
    """Test whether two series on one clock go together at any lag.

    Args:
        series, other: Shape (T,), any units; NaN where missing.
        max_lag: Lags from `-max_lag` to `max_lag` rows are tested together.
        time: Increasing, shape (T,), in any unit; the row number if None. Rows left out count as missing.
        season: Phase of every row (weekday, hour of the week), shape (T,); sought in both series if None.
        level: Of intervals and sets.

    Returns:
        Null: the innovations of the two series are unrelated at all lags. Each series loses its mean by phase, a line
        and its own past (`innovations`; Haugh 1976), so that shared seasons, trends and memory are no association.
        Statistic: the largest |t| of the correlations of normal scores, each over an error that holds where the
        spread of both moves together. p: Sidak over the lags, which are independent where there is no association.
        Interval, on Fisher's scale: the bound nearer to 0 holds for all lags together, since the largest was chosen;
        the other for this lag alone. The set of the lag: posterior mass under equal prior odds.

    Raises:
        SampleTooSmallError: Fewer than 30 pairs at some lag beside the phases of the season and the line.
        UnusableValuesError: A value is infinite; the series differ in length; a series is constant beside season and
            line; time stands still, goes backwards, or is unequally spaced.

    References:
        L. D. Haugh, J. Am. Statist. Assoc. 71, 378-385, 1976 (both series whitened by their own models). Z. Sidak, J.
        Am. Statist. Assoc. 62, 626-633, 1967. Y. Benjamini, Y. Hechtlinger and P. B. Stark, arXiv:1906.00505, 2019
        (intervals after choosing the largest). Ours: normal scores, the mean by phase taken out of them again.
    """
    refuse_infinite("association", series=series, other=other)
    series, other, labels = _on_one_grid(series, other, time, season)
    if max_lag < 0:
        raise UnusableValuesError("association", f"a largest lag of {max_lag} rows; at least 0 needed")
    shared = columns(labels)
    both = int(min(np.isfinite(series).sum(), np.isfinite(other).sum()))
    needed = LEAST_PAIRS + shared
    if both < needed + max_lag:
        raise SampleTooSmallError("association", needed=needed + max_lag, got=both)
    first, second = innovations(series, labels), innovations(other, labels)
    ranked = scores(first.values, labels), scores(second.values, labels)
    found = by_lag(*ranked, most=max_lag, shared=shared)
    if int(found.pairs.min()) < needed:
        raise SampleTooSmallError("association", needed=needed, got=int(found.pairs.min()))
    best = int(np.argmax(np.abs(found.t)))
    lag, n = int(found.lags[best]), int(found.pairs[best])
    df = n - shared - 2.0
    p_one = 2.0 * float(stdtr(df, -abs(found.t[best])))
    tested = found.lags.size
    joint = 1.0 - (1.0 - level) / 2.0
    inner = float(stdtrit(df, joint ** (1.0 / tested)))
    outer = float(stdtrit(df, joint))
    r, z, error = float(found.correlation[best]), float(np.arctanh(found.correlation[best])), float(found.error[best])
    low, high = sorted((float(np.tanh(z - np.sign(z) * inner * error)), float(np.tanh(z + np.sign(z) * outer * error))))
    slope, slope_error = _slope(first.values, second.values, lag, shared)
    ends = sorted((slope - np.sign(slope) * inner * slope_error, slope + np.sign(slope) * outer * slope_error))
    low_lag, high_lag = _likely(found, best, level)
    return Association(
        lag=lag,
        low_lag=low_lag,
        high_lag=high_lag,
        correlation=r,
        interval=(low, high),
        p=float(-np.expm1(tested * np.log1p(-min(p_one, 1.0 - 1e-16)))),
        n=n,
        slope=slope,
        slope_interval=(float(ends[0]), float(ends[1])),
        detectable=float(np.tanh((inner + float(ndtri(POWER))) / np.sqrt(df))),
        orders=(first.order, second.order),
        lags=found.lags,
        correlations=found.correlation,
        band=np.tanh(inner * found.error),
        phases=int(labels.max()) + 1,
    )


def _on_one_grid(
    series: Floats, other: Floats, time: Floats | None, season: Integers | None
) -> tuple[Floats, Floats, Integers]:
    """Both series and their phases on an even grid, NaN where a row was left out."""
    if series.shape != other.shape or series.ndim != 1:
        raise UnusableValuesError("association", f"series of shapes {series.shape} and {other.shape} on one clock")
    n = series.size
    if n < LEAST_PAIRS:
        raise SampleTooSmallError("association", needed=LEAST_PAIRS, got=n)
    place = np.arange(n) if time is None else _places(np.asarray(time, dtype=float), n)
    size = int(place[-1]) + 1
    wide = [np.full(size, np.nan) for _ in range(2)]
    wide[0][place], wide[1][place] = series, other
    if season is None:
        return wide[0], wide[1], _sought(wide)
    if season.shape != (n,) or int(season.min()) < 0:
        raise UnusableValuesError("association", "the season is not one phase from 0 for every row")
    labels = np.zeros(size, dtype=np.int64)
    labels[place] = np.unique(season, return_inverse=True)[1]
    return wide[0], wide[1], labels


def _places(time: Floats, n: int) -> Integers:
    """Row of the even grid that every stamp stands for."""
    if time.shape != (n,) or not bool(np.isfinite(time).all()):
        raise UnusableValuesError("association", "time is not one known number per row")
    gaps = np.diff(time)
    if bool((gaps <= 0).any()):
        raise UnusableValuesError(
            "association", f"time stands still or goes backwards at row {int(np.argmax(gaps <= 0)) + 1}"
        )
    steps = gaps / float(np.median(gaps))
    whole = np.round(steps)
    if bool((np.abs(steps - whole) > UNEVEN).any()) or bool((whole < 1).any()):
        raise UnusableValuesError("association", "rows are unequally spaced; put both series on one even clock first")
    place = np.concatenate(([0], np.cumsum(whole))).astype(np.int64)
    if n < SPARSEST * (int(place[-1]) + 1):
        raise UnusableValuesError("association", f"{n} rows on {int(place[-1]) + 1} places of the clock")
    return place


def _sought(both: list[Floats]) -> Integers:
    """Phases of the season found in either series; of two, of the longer one that holds the other."""
    found = 1
    for one in both:
        seen = np.isfinite(one)
        if int(seen.sum()) < LEAST_PAIRS or float(np.ptp(one[seen])) == 0.0:
            continue
        rows = np.arange(one.size)
        found = int(np.lcm(found, season_period(np.interp(rows, rows[seen], one[seen]))))
    return np.arange(both[0].size) % (found if 4 * found <= both[0].size else 1)


def _slope(first: Floats, second: Floats, lag: int, shared: int) -> tuple[float, float]:
    """Least-squares slope of the innovations of the one that follows, both winsorised, and its robust error.

    References:
        H. White, Econometrica 48, 817-838, 1980.
    """
    a, b = (winsorised(one) for one in aligned(first, second, lag))
    x, y = (a, b) if lag >= 0 else (b, a)
    x, y = x - x.mean(), y - y.mean()
    square = float(x @ x)
    if square == 0:
        return 0.0, 0.0
    slope = float(x @ y) / square
    left = y - slope * x
    n = x.size
    return slope, float(np.sqrt(float((x * left) @ (x * left)) * n / max(n - shared - 1, 1))) / square


def _likely(found: ByLag, best: int, level: float) -> tuple[int, int]:
    """Range of the smallest set of lags that holds `level` of the posterior mass."""
    logs = -0.5 * found.pairs * np.log1p(-(found.correlation**2))
    mass = np.exp(logs - logs[best])
    order = np.argsort(-mass)
    kept = order[: int(np.searchsorted(np.cumsum(mass[order]), level * mass.sum())) + 1]
    return int(found.lags[min(kept.min(), best)]), int(found.lags[max(kept.max(), best)])
