"""Regression of a series on time and calendar when its noise remembers, or even wanders."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from gemba.errors import SampleTooSmallError
from gemba.statistics.effect import Effect
from gemba.statistics.memory import error_of

Floats = NDArray[np.float64]
Places = NDArray[np.int64]
LEAST_LEFT = 8
"""Degrees of freedom below which nothing is claimed."""

MEDIAN_WANDER = -2.18
"""Median of the Dickey-Fuller t with constant and trend, where the noise is a random walk."""
FAR = 10.0
"""Roy and Fuller's constant `a`."""
DETERMINISTIC = 2
NEAR = 2.0
"""Noise wanders if its memory is within so many 1 / sqrt(T) of 1; Perron and Yabu take 1."""
MOST_ORDER = 8
EXACT = 3_000
"""Buckets up to which the exact error of a mean difference is worked out."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients of the design's columns (NaN where the noise takes a column away), their covariance, and the noise.

    `memory`: sum of the autoregression's coefficients, 1 where the noise wanders. `order`: its length. `slope`: of the
    design's slope column.
    """

    coefficients: Floats
    covariance: Floats
    df: float
    memory: float
    order: int
    slope: Effect

    def effect(self, weights: Floats) -> Effect:
        """A weighted sum of coefficients; weights of lost columns must be 0."""
        kept = np.isfinite(self.coefficients)
        chosen = weights[kept]
        value = float(chosen @ self.coefficients[kept])
        variance = float(chosen @ self.covariance[np.ix_(kept, kept)] @ chosen)
        return Effect(value, float(np.sqrt(max(variance, 0.0))), self.df)

    def joint_p(self, columns: Places) -> float:
        """p-value of F: all these coefficients are 0. 1 where nothing varies."""
        value, spread = self.coefficients[columns], self.covariance[np.ix_(columns, columns)]
        if not bool(np.isfinite(value).all()) or float(np.trace(spread)) <= 0.0:
            return 1.0 if not bool(np.any(value)) else 0.0
        statistic = float(value @ np.linalg.pinv(spread) @ value) / columns.size
        return float(fdtrc(columns.size, self.df, max(statistic, 0.0)))


def fit(values: Floats, design: Floats, *, slope: int) -> Fit:
    """Generalised least squares with autoregressive noise whose memory may be 1.

    Args:
        values: One per bucket, shape (T,), in order of time; NaN is missing.
        design: Shape (T, p), of full rank, with a column of ones.
        slope: The column whose coefficient is the slope.

    Returns:
        The noise is an autoregression, its order (at most 4 (T / 100)^(1/4), and 8) chosen by Akaike's modified
        criterion on the least-squares residuals. The sum of its coefficients is corrected for its bias towards 0 and
        set to 1 where it lies within 2 / sqrt(T) of it; values and columns are then filtered by it, and fitted by
        least squares. So the t of a slope keeps its size whether the noise forgets or wanders. Of wandering noise the
        slope is the mean difference, with the standard error of `memory.error_of`. A bucket with a missing value among
        its lags is left out.

    Raises:
        SampleTooSmallError: Fewer than 8 degrees of freedom.

    References:
        P. Perron and T. Yabu, J. Econometrics 151, 56-69, 2009 (truncation at 1); A. Roy and W. A. Fuller, J. Bus.
        Econ. Statist. 19, 482-493, 2001 (bias); S. Ng and P. Perron, Econometrica 69, 2001 (order). Ours: truncation
        at twice their distance, since the random walks they let pass raise false alarms in short series; lags filtered
        as estimated, where they scale by the long-run variance, so that effects of the calendar come from the same fit.
    """
    known = np.isfinite(values)
    count, columns = int(known.sum()), design.shape[1]
    if count - columns < LEAST_LEFT:
        raise SampleTooSmallError("trend_season", needed=columns + LEAST_LEFT, got=count)
    residual = np.full(values.size, np.nan)
    solution = _least_squares(design[known], values[known])
    residual[known] = values[known] - design[known] @ solution
    if float((residual[known] ** 2).sum()) <= 1e-20 * max(float((values[known] ** 2).sum()), 1e-300):
        left = float(count - columns)
        exact = Effect(_rounded(float(solution[slope]), values[known], values.size), 0.0, left)
        return Fit(solution, np.zeros((columns, columns)), left, 0.0, 0, exact)
    most = max(0, min(int(4 * (count / 100) ** 0.25), (count - columns) // 6, MOST_ORDER))
    memory, steps = _noise(residual, most)
    found = _filtered(values, design, memory, steps, slope)
    if memory == 1.0 and steps.size <= 1 and count <= EXACT:
        return replace(found, slope=_mean_difference(values, design, slope))
    return found


def _least_squares(design: Floats, values: Floats) -> Floats:
    """Long series by the normal equations: their columns are means and waves, far from one another."""
    if values.size > EXACT:
        return np.asarray(np.linalg.lstsq(design.T @ design, design.T @ values, rcond=None)[0], dtype=np.float64)
    return np.asarray(np.linalg.lstsq(design, values, rcond=None)[0], dtype=np.float64)


def _rounded(slope: float, values: Floats, size: int) -> float:
    """0 where a line of the slope stays within rounding."""
    return 0.0 if abs(slope) * size <= 1e-9 * float(np.abs(values).max()) else slope


def _noise(residual: Floats, most: int) -> tuple[float, Floats]:
    """Corrected sum of the autoregression, and its coefficients of past differences."""
    difference = np.concatenate([[np.nan], np.diff(residual)])
    table = np.column_stack(
        [_shifted(residual, 1), *(_shifted(difference, lag) for lag in range(1, most + 1)), residual]
    )
    table = table[np.isfinite(table).all(axis=1)]
    if table.shape[0] <= most + LEAST_LEFT:
        return 0.0, np.zeros(0)
    products = table.T @ table
    best, chosen = np.inf, 0
    for order in range(most + 1):
        found, variance = _solved(products, order, table.shape[0])
        if variance <= 0:
            break
        pull = (found[0] - 1.0) ** 2 * float(products[0, 0]) / variance
        length = np.log(variance) + 2.0 * (pull + order) / table.shape[0]
        if length < best:
            best, chosen = length, order
    found, variance = _solved(products, chosen, table.shape[0])
    left = table.shape[0] - chosen - 1
    inverse = np.linalg.pinv(products[: chosen + 1, : chosen + 1])
    error = float(np.sqrt(variance * table.shape[0] / left * inverse[0, 0]))
    memory = _corrected(float(found[0]), error, table.shape[0], chosen + 1)
    return (1.0 if (1.0 - memory) * np.sqrt(table.shape[0]) <= NEAR else memory), found[1:]


def _solved(products: Floats, order: int, size: int) -> tuple[Floats, float]:
    """Coefficients of the first `order` + 1 columns for the last one, and the mean square left, from products."""
    inner, target = products[: order + 1, : order + 1], products[: order + 1, -1]
    found = np.asarray(np.linalg.lstsq(inner, target, rcond=None)[0], dtype=np.float64)
    return found, float(products[-1, -1] - found @ target) / size


def _mean_difference(values: Floats, design: Floats, slope: int) -> Effect:
    """The slope of noise that wanders: the fitted mean of the differences, which may resemble their neighbours."""
    change, columns = np.diff(values), np.diff(design, axis=0)
    varies = np.abs(columns).max(axis=0) > 0
    place = int(varies[:slope].sum())
    known = np.isfinite(change)
    change, columns = change[known], columns[known][:, varies]
    weights = np.linalg.pinv(columns)[place]
    error = error_of(change, np.ascontiguousarray(columns), weights)
    return Effect(float(weights @ change), error.se, error.df)


def _corrected(memory: float, error: float, size: int, order: int) -> float:
    """The estimate moved by Roy and Fuller's median correction."""
    if error <= 0:
        return memory
    tau, middle = (memory - 1.0) / error, MEDIAN_WANDER
    half = (order + 1) // 2
    reach = (1 + DETERMINISTIC) * size
    if tau > middle:
        moved = -tau
    elif tau > -FAR:
        slope = (reach - middle**2 * (half + size)) / (middle * (FAR + middle) * (half + size))
        moved = half * tau / size - (1 + DETERMINISTIC) / (tau + slope * (tau + FAR))
    elif tau > -np.sqrt(reach):
        moved = half * tau / size - (1 + DETERMINISTIC) / tau
    else:
        moved = 0.0
    return memory + moved * error


def _shifted(column: Floats, lag: int) -> Floats:
    found = np.full(column.size, np.nan)
    found[lag:] = column[: column.size - lag]
    return found


def _filtered(values: Floats, design: Floats, memory: float, steps: Floats, slope: int) -> Fit:
    """Least squares after the autoregression has been taken out of values and columns."""
    lags = np.zeros(steps.size + 1)  # u_t = sum of lags[i] u_{t-1-i} + e_t
    lags[0] = memory
    lags[: steps.size] += steps
    lags[1:] -= steps
    table = np.column_stack([values, design])
    whole = table.copy()
    for at, one in enumerate(lags, start=1):
        before = np.full_like(table, np.nan)
        before[at:] = table[: table.shape[0] - at]
        whole = whole - one * before
    rows = np.isfinite(whole).all(axis=1)
    target, columns = whole[rows, 0], whole[rows, 1:]
    size = np.abs(design).max(axis=0)
    kept = np.abs(columns).max(axis=0, initial=0.0) > 1e-9 * np.maximum(size, 1e-300)
    used = columns[:, kept]
    df = target.size - int(kept.sum()) - (lags.size if memory < 1.0 else steps.size)
    if df < LEAST_LEFT:
        raise SampleTooSmallError("trend_season", needed=LEAST_LEFT + target.size - df, got=target.size)
    inverse = np.linalg.pinv(used.T @ used)
    found = inverse @ (used.T @ target)
    left = target - used @ found
    coefficients = np.full(design.shape[1], np.nan)
    coefficients[kept] = found
    covariance = np.full((design.shape[1], design.shape[1]), np.nan)
    covariance[np.ix_(kept, kept)] = inverse * float((left**2).sum()) / df
    line = Effect(float(coefficients[slope]), float(np.sqrt(covariance[slope, slope])), float(df))
    return Fit(coefficients, covariance, float(df), float(memory), int(lags.size), line)
