"""What a stretch of a series costs: squares left by its own level or line under AR(1) noise, many at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Shape = Literal["level", "line"]

PARAMETERS: dict[Shape, int] = {"level": 1, "line": 2}
ROUNDING = 1e-10
"""Squares below this share of the total are rounding, not noise."""


@dataclass(frozen=True, slots=True)
class Sums:
    """Running sums of one whitened series. A stretch [a, b) is row a as it stands and rows a+1 ... b-1 whitened.

    `cumulated`: shape (6, n + 1), of uu, uw, ww, uy, wy, yy; u is the whitened constant, w the whitened time.
    `time`, `values`: shape (n,), centred. `constant`, `slope`, `whitened`: the rows, shape (n,), that of row 0 unused.
    `logs`: log variance of each row on the scale where a value of the series has variance 1, shape (n,). `log_sum`,
    `inflation`: sum of these, and mean of the inverse variances, row 0 left out.
    """

    cumulated: Floats
    time: Floats
    values: Floats
    constant: Floats
    slope: Floats
    whitened: Floats
    logs: Floats
    log_sum: float
    inflation: float


def whiten(time: Floats, values: Floats, memory: float) -> Sums:
    """Rows `x[t] - memory**gap * x[t-1]`, scaled to equal variance, and their running sums.

    Args:
        time: Increasing, shape (n,); the memory is that over one unit.
        values: Shape (n,), no NaN.
        memory: In (-1, 1); below 0 only if all gaps are whole.
    """
    gaps = np.diff(time)
    kept = np.concatenate(([0.0], memory**gaps if memory else np.zeros(gaps.size)))
    variance = 1.0 - kept**2
    root = np.sqrt(variance)

    def rows(column: Floats) -> Floats:
        earlier = np.concatenate(([0.0], column[:-1]))
        return (column - kept * earlier) / root

    u, w, y = rows(np.ones(time.size)), rows(time), rows(values)
    cumulated = np.zeros((6, time.size + 1))
    for place, (one, other) in enumerate(((u, u), (u, w), (w, w), (u, y), (w, y), (y, y))):
        np.cumsum(one * other, out=cumulated[place, 1:])
    logs = np.log(variance)
    inflation = float(np.mean(1.0 / variance[1:]))
    return Sums(cumulated, time, values, u, w, y, logs, float(logs[1:].sum()), inflation)


def squares(sums: Sums, starts: Integers, ends: Integers, shape: Shape) -> Floats:
    """Squares that the best level or line leaves in stretches [start, end); arrays broadcast, end > start."""
    first, last = starts + 1, ends
    uu, uw, ww, uy, wy, yy = (sums.cumulated[k][last] - sums.cumulated[k][first] for k in range(6))
    at, value = sums.time[starts], sums.values[starts]
    uu = uu + 1.0
    uy = uy + value
    yy = yy + value**2
    left = yy - uy**2 / uu
    if shape == "line":
        uw = uw + at
        ww = ww + at**2
        wy = wy + at * value
        own = ww - uw**2 / uu
        shared = wy - uw * uy / uu
        fine = own > 1e-12 * np.maximum(ww, 1e-300)
        left = left - np.divide(shared**2, own, out=np.zeros_like(left), where=fine)
    return np.maximum(left, 0.0)


def line(sums: Sums, start: int, end: int, shape: Shape) -> tuple[float, float]:
    """Level (at the time 0 of `Sums.time`) and slope of one stretch, by itself."""
    u, w, y = sums.constant[start:end].copy(), sums.slope[start:end].copy(), sums.whitened[start:end].copy()
    u[0], w[0], y[0] = 1.0, sums.time[start], sums.values[start]
    design = u[:, None] if shape == "level" else np.column_stack([u, w])
    fit = np.linalg.lstsq(design, y, rcond=None)[0]
    return float(fit[0]), float(fit[1]) if shape == "line" else 0.0
