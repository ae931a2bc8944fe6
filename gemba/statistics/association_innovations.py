"""What is new in every value of a series: its season, its trend and what its own past foretells taken out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from gemba.errors import UnusableValuesError
from gemba.statistics.change_points_season import FAR, drawn_in

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Mask = NDArray[np.bool_]

PASSES = 3
"""Times that missing values are foretold and the memory is learnt anew; the first stand for them are straight lines."""

ROUNDING = 1e-12

LEAST_OF_PHASE = 12
"""Known values from which on a phase of the season has a slope of its own."""


@dataclass(frozen=True, slots=True)
class Innovations:
    """`values`: shape (T,), in the unit of the series, NaN where it is missing or its past is. `order`: own lags."""

    values: Floats
    order: int


def most_order(rows: int) -> int:
    """Own lags tried at most: ten times the decimal logarithm of the rows, and no more than a sixth of them."""
    return min(int(10 * np.log10(rows)), rows // 6)


def innovations(values: Floats, season: Integers) -> Innovations:
    """Residuals of an autoregression, about a profile of the season and a line.

    Args:
        values: Evenly spaced, shape (T,); NaN where missing.
        season: Phase of every row, from 0, shape (T,).

    Returns:
        Values far from their neighbours are drawn in before profile, line and memory are learnt, and in the past
        from which the next value is foretold; their own innovation keeps its size. The order is that of the least AICc
        (Hurvich and Tsai 1989), least squares on the same rows for all orders. A random walk needs no differencing:
        least squares find its root near 1. A missing past is replaced by what its own past foretells.

    Raises:
        UnusableValuesError: Nothing is left beside season and line.
    """
    seen = np.isfinite(values)
    explained = _medians(values, season)
    calm = _interpolated(values - explained, seen)
    explained = explained + fitted(np.where(seen, drawn_in(calm), np.nan), season)
    rough = values - explained
    calm = drawn_in(_interpolated(rough, seen))
    if not float(np.std(calm[seen])) > ROUNDING * float(np.abs(values[seen]).max()):
        raise UnusableValuesError("association", "a series that is constant beside its season and line")
    most = most_order(int(seen.sum()))
    coefficients = np.zeros(0)
    for _ in range(1 if bool(seen.all()) else PASSES):
        coefficients = _memory(calm, seen, most)
        calm = _foretold(calm, seen, coefficients)
    order = coefficients.size
    found = rough.copy()
    if order:
        found[:order] = np.nan
        found[order:] -= np.convolve(calm, coefficients)[order - 1 : calm.size - 1]
    return Innovations(found - fitted(winsorised(found), season), order)


def fitted(values: Floats, season: Integers) -> Floats:
    """Least squares of a line by phase, shape (T,): a season may grow. NaN is left out.

    A phase of fewer than 12 known values has its own mean and the slope of all phases together.
    """
    seen = np.isfinite(values)
    time = np.arange(values.size) / values.size
    phases = int(season.max()) + 1
    inside, known, at = season[seen], values[seen], time[seen]
    counts = np.bincount(inside, minlength=phases)
    least = np.maximum(counts, 1)
    middle, level = (np.bincount(inside, one, phases) / least for one in (at, known))
    apart = at - middle[inside]
    square = np.bincount(inside, apart**2, phases)
    shared = np.bincount(inside, apart * known, phases)
    common = float(shared.sum()) / float(square.sum()) if float(square.sum()) > 0 else 0.0
    own = (counts >= LEAST_OF_PHASE) & (square > 0)
    slope = np.divide(shared, square, out=np.full(phases, common), where=own)
    return level[season] + slope[season] * (time - middle[season])


def winsorised(values: Floats) -> Floats:
    """Values beyond four robust deviations from the median, drawn in to there; NaN stays."""
    known = values[np.isfinite(values)]
    middle = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - middle)))
    return np.clip(values, middle - FAR * spread, middle + FAR * spread) if spread > 0 else values


def columns(season: Integers) -> int:
    """Columns that `fitted` takes out of a series without gaps."""
    counts = np.bincount(season)
    own = int((counts >= LEAST_OF_PHASE).sum())
    return int((counts > 0).sum()) + max(own, 1)


def _medians(values: Floats, season: Integers) -> Floats:
    """Median of every row's phase, shape (T,): a start that no outlier moves."""
    seen = np.isfinite(values)
    found = np.zeros(int(season.max()) + 1)
    for phase in np.unique(season[seen]):
        found[phase] = np.median(values[seen & (season == phase)])
    return found[season]


def _interpolated(values: Floats, seen: Mask) -> Floats:
    if bool(seen.all()):
        return values
    rows = np.arange(values.size)
    return np.interp(rows, rows[seen], values[seen])


def _memory(values: Floats, seen: Mask, most: int) -> Floats:
    """Coefficients of the own lags 1, 2, ..., at the order of the least AICc; the rows of missing values do not count.

    One Cholesky factor holds the squares that every order leaves.
    """
    table = np.lib.stride_tricks.sliding_window_view(values, most + 1)[seen[most:]]
    n = table.shape[0]
    order = [*range(most - 1, -1, -1), most]  # own lags 1, 2, ..., then the value itself
    moments = (table.T @ table)[np.ix_(order, order)]
    moments[np.diag_indices_from(moments)] *= 1.0 + 1e-10
    factor = np.linalg.cholesky(moments).T
    gained = np.concatenate(([0.0], np.cumsum(factor[:-1, -1] ** 2)))
    left = np.maximum(moments[-1, -1] - gained, ROUNDING * moments[-1, -1])
    used = np.arange(most + 1) + 1
    criterion = n * np.log(left / n) + 2.0 * used * n / np.maximum(n - used - 1.0, 1.0)
    best = int(np.argmin(criterion))
    return np.asarray(solve_triangular(factor[:best, :best], factor[:best, -1])) if best else np.zeros(0)


def _foretold(values: Floats, seen: Mask, coefficients: Floats) -> Floats:
    """Missing values replaced by what the rows before them foretell, within the range of the others."""
    filled = values.copy()
    low, high = float(values[seen].min()), float(values[seen].max())
    backwards = coefficients[::-1]
    order = coefficients.size
    for row in np.flatnonzero(~seen):
        past = filled[max(row - order, 0) : row]
        filled[row] = min(max(float(backwards[order - past.size :] @ past), low), high)
    return filled
