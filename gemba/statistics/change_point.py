"""When did the level change? One change against none, under drift, season and memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from gemba.errors import SampleTooSmallError
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Shape = Literal["step", "ramp"]

LEAST_OBSERVATIONS = 20
MOST_DF = 25  # daily noise has heavier tails than the normal


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """The best single change. Indices are buckets of the series given.

    `at`: first bucket of the new level. `low`, `high`: 95 % set of its position (both included).
    `size`: step, or rise per bucket, in the unit of the series. `p` is for the best of all positions and shapes tried.
    """

    at: int
    low: int
    high: int
    shape: Shape
    size: float
    se: float
    p: float
    tried: int


def change_point(
    series: Floats, weight: Floats, *, candidates: Mask, memory: float, ramps: bool = True, level: float = 0.95
) -> ChangePoint:
    """Find one change of level, or start of a drift, that lasts to the end of the series.

    Args:
        series: Season already removed, shape (T,); any unit.
        weight: Inverse variance up to a constant, shape (T,); 0 marks a bucket without observation.
        candidates: Where a change may begin, shape (T,). The first two observed buckets cannot.
        memory: Lag-1 autocorrelation of the noise, in (-1, 1).
        ramps: Also try a drift that begins at the position.
        level: Mass of the position's set.

    Returns:
        Null: a line with AR(1) noise. The statistic is the largest |t| of an added step (or ramp) in a regression
        of the pre-whitened series on a constant and a time trend; its p-value is Bonferroni's over everything tried, so
        it errs on the safe side. The set holds the smallest range of positions with posterior mass `level`, under
        equal prior odds and normal noise.

    Raises:
        SampleTooSmallError: Fewer than 20 observed buckets, or no candidate among them.
        UnusableValuesError: A value is infinite.

    References:
        D. W. K. Andrews, "Tests for parameter instability and structural change with unknown change point",
        Econometrica 61, 1993; A. F. M. Smith, Biometrika 62, 1975 (posterior of the position); K. J. Worsley,
        Biometrika 70, 1983 (Bonferroni bounds for the maximal statistic).
    """
    refuse_infinite("change_point", series=series, weight=weight)
    seen = (weight > 0) & np.isfinite(series)
    if int(seen.sum()) < LEAST_OBSERVATIONS:
        raise SampleTooSmallError("change_point", needed=LEAST_OBSERVATIONS, got=int(seen.sum()))
    index = np.flatnonzero(seen)
    starts = [int(t) for t in np.flatnonzero(candidates) if index[1] < t <= index[-1]]
    if not starts:
        raise SampleTooSmallError("change_point", needed=1, got=0)
    time = index.astype(float)
    root = np.sqrt(weight[index] / weight[index].mean())
    gaps = memory ** np.diff(index)

    def whiten(column: Floats) -> Floats:
        scaled = column * root
        return np.concatenate([scaled[:1] * np.sqrt(1 - memory**2), scaled[1:] - gaps * scaled[:-1]])

    y = whiten(_calm(series[index], candidates[index]))
    base = np.column_stack([whiten(np.ones(index.size)), whiten((time - time.mean()) / index.size)])
    basis, _ = np.linalg.qr(base)
    y = y - basis @ (basis.T @ y)
    shapes: list[tuple[Shape, int]] = []
    shapes.extend(("step", t) for t in starts)
    shapes.extend(("ramp", t) for t in starts if ramps and index[-1] - t >= 2)
    added = np.column_stack(
        [
            whiten((time >= t).astype(float) if shape == "step" else np.maximum(time - t + 1.0, 0.0))
            for shape, t in shapes
        ]
    )
    added = added - basis @ (basis.T @ added)
    norm = (added**2).sum(axis=0)
    fine = norm > 1e-9
    size = np.divide(added.T @ y, norm, out=np.zeros_like(norm), where=fine)
    total = float((y**2).sum())
    left = np.where(fine, total - size**2 * norm, total)
    df = index.size - 3
    if total <= 0:
        return ChangePoint(starts[0], starts[0], starts[-1], "step", 0.0, 0.0, 1.0, len(shapes))
    best = int(np.argmin(left))
    variance = max(float(left[best]), 1e-12 * total) / df
    se = float(np.sqrt(variance / norm[best]))
    p_one = 2.0 * float(stdtr(min(df, MOST_DF), -abs(size[best]) / se))
    likelihood = -0.5 * (df + 1) * np.log(np.maximum(left, 1e-12 * total) / total)
    mass = np.exp(likelihood - likelihood.max()) * fine
    position = np.zeros(index[-1] + 1)
    for (_, t), one in zip(shapes, mass, strict=True):
        position[t] += one
    low, high = _narrowest(position / position.sum(), level)
    return ChangePoint(
        at=shapes[best][1],
        low=min(low, shapes[best][1]),
        high=max(high, shapes[best][1]),
        shape=shapes[best][0],
        size=float(size[best]),
        se=se,
        p=min(1.0, len(shapes) * p_one),
        tried=len(shapes),
    )


def _calm(series: Floats, candidate: Mask) -> Floats:
    """Draw in earlier outliers, beyond four robust deviations, outside the stretch that is searched."""
    quiet = series[~candidate]
    if quiet.size < 8:
        return series
    middle = float(np.median(quiet))
    spread = 1.4826 * float(np.median(np.abs(quiet - middle)))
    if spread == 0:
        return series
    return np.where(candidate, series, np.clip(series, middle - 4 * spread, middle + 4 * spread))


def _narrowest(mass: Floats, level: float) -> tuple[int, int]:
    """The shortest run of positions that holds `level` of the mass."""
    cumulative = np.concatenate([[0.0], np.cumsum(mass)])
    best = (0, mass.size - 1)
    for low in range(mass.size):
        high = int(np.searchsorted(cumulative, cumulative[low] + level - 1e-12))
        if high > mass.size:
            break
        if high - 1 - low < best[1] - best[0]:
            best = (low, high - 1)
    return best
