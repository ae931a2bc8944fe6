"""How far a weighted sum of a series lies from what it estimates, when neighbours resemble each other (AR(1))."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

SHORT = 21
"""Values below which memory counts only where it is significant: a handful shows any memory by chance."""

LEAST_MEMORY, MOST_MEMORY = -0.5, 0.985
_GRID = np.array([LEAST_MEMORY, -0.25, 0.0, 0.25, 0.5, 0.7, 0.85, 0.93, 0.96, MOST_MEMORY])
_NEAR = 0.05
_NODES, _MASS = np.array([-1.0, 0.0, 1.0]) * np.sqrt(3.0), np.array([1.0, 4.0, 1.0]) / 6.0  # Gauss-Hermite


@dataclass(frozen=True, slots=True)
class Error:
    """Standard error on `df` degrees of freedom, at least 1, and the memory it allows for."""

    se: float
    df: float
    memory: float


def error_of(values: Floats, design: Floats, weights: Floats, ahead: Floats | None = None) -> Error:
    """Standard error of `ahead @ future - weights @ values`, or of `weights @ values` alone.

    Args:
        values: Shape (n,), in order of time, no NaN.
        design: Columns that explain the level, shape (n, p), of full rank, n > p. What is left is AR(1) noise.
        weights: Shape (n,), such that the sum estimates what it should without bias.
        ahead: Weights of the m values that follow the last, shape (m,), for the error of a prediction.

    Returns:
        The lag-one memory is that for which residuals of this design show, on average, what these show (the
        bias of a small sample and of the fitted columns is so taken out exactly; negative memory counts as well).
        The noise's variance is the residual sum of squares over its expectation, the variance of the sum that of
        exactly these weights, averaged over the error of the memory. Degrees of freedom are Satterthwaite's: from the
        sampling variance of the sum of squares, of the memory, and of both together, since they err alike.

    Notes:
        Takes O(n · p²). The usual `s / sqrt(n (1 - phi) / (1 + phi))` holds for windows much longer than the memory
        only: seven days of memory 0.9 cannot scatter more than one day.

    References:
        F. E. Satterthwaite, Biometrics Bulletin 2, 110-114, 1946. M. G. Kenward and J. H. Roger, Biometrics 53,
        983-997, 1997 (variance parameters' error in the degrees of freedom). Memory from its expectation: after
        F. H. C. Marriott and J. A. Pope, Biometrika 41, 1954. Joint error of variance and memory: M. S. Bartlett,
        J. R. Statist. Soc. Suppl. 8, 27-41, 1946.
    """
    n, p = design.shape
    basis, shown = _shown(design.tobytes(), p)
    residual = values - basis @ (basis.T @ values)
    square = float((residual**2).sum())
    if square <= 1e-24 * float((values**2).sum()):  # rounding is no noise
        return Error(0.0, float(max(n - p, 1)), 0.0)
    seen = float((residual[1:] * residual[:-1]).sum()) / square
    told = n >= SHORT or seen >= 1.645 / np.sqrt(n)
    memory = float(np.interp(seen, shown, _GRID)) if told else 0.0
    around = np.clip([memory - _NEAR, memory + _NEAR], LEAST_MEMORY, MOST_MEMORY)
    passed = max(float(np.ptp(np.interp(around, _GRID, shown)) / np.ptp(around)), 0.3)
    spread = 1.0 / (np.sqrt(n * (1.0 - memory**2)) * passed) if told else 0.0  # on the scale of artanh
    nodes = np.clip(np.tanh(np.arctanh(memory) + spread * _NODES), LEAST_MEMORY, MOST_MEMORY)
    column = weights if ahead is None else np.concatenate((-weights, ahead))
    padded = np.vstack([basis, np.zeros((column.size - n, p))])
    smeared = _correlated(np.column_stack([padded, column]), nodes)
    left = n - np.trace(basis.T @ smeared[:, :n, :p], axis1=1, axis2=2)
    variance = smeared[:, :, p] @ column / left
    logs = np.log(variance)
    uncertain = 2.0 / _satterthwaite(basis, smeared[1, :n, :p], memory) + float(_MASS @ (logs - _MASS @ logs) ** 2)
    if told:
        steepness = (logs[2] - logs[0]) / max(nodes[2] - nodes[0], 1e-9)
        uncertain += max(4.0 * float(steepness) * memory / (n * passed), 0.0)
    return Error(float(np.sqrt(square * (_MASS @ variance))), max(1.0, 2.0 / uncertain), memory)


@lru_cache(maxsize=32)
def _shown(design: bytes, columns: int) -> tuple[Floats, Floats]:
    """Orthonormal columns of a design, and the memory that residuals show on average, by true memory of `_GRID`.

    Groups of one question share their design.
    """
    basis, _ = np.linalg.qr(np.frombuffer(design).reshape(-1, columns))
    n = basis.shape[0]
    smeared = _correlated(basis, _GRID)
    inner = basis.T @ smeared
    shifted = np.zeros_like(basis)
    shifted[1:] += 0.5 * basis[:-1]
    shifted[:-1] += 0.5 * basis[1:]
    left = n - np.trace(inner, axis1=1, axis2=2)
    lagged = (n - 1) * _GRID - 2.0 * (shifted * smeared).sum(axis=(1, 2))
    lagged = lagged + ((basis.T @ shifted) * inner).sum(axis=(1, 2))
    return basis, np.maximum.accumulate(lagged / left)


def _correlated(columns: Floats, memory: Floats) -> Floats:
    """Columns (n, k) multiplied by the correlation matrix of each AR(1) memory (g,); shape (g, n, k)."""
    phi = memory[:, None]
    found = np.zeros((memory.size, *columns.shape))
    carried = np.zeros((memory.size, columns.shape[1]))
    for at in range(columns.shape[0]):
        carried = phi * carried + columns[at]
        found[:, at] += carried
    carried = np.zeros_like(carried)
    for at in range(columns.shape[0] - 1, -1, -1):
        found[:, at] += phi * carried
        carried = phi * carried + columns[at]
    return found


def _satterthwaite(basis: Floats, smeared: Floats, memory: float) -> float:
    """Degrees of freedom of the residual sum of squares: twice its squared mean over its variance.

    `smeared`: the basis multiplied by the correlation matrix of the memory.
    """
    n = basis.shape[0]
    inner = basis.T @ smeared
    lags = np.arange(1, n)
    square = n + 2.0 * float(((n - lags) * memory ** (2 * lags)).sum())
    square += float((inner**2).sum()) - 2.0 * float((smeared**2).sum())
    return float((n - np.trace(inner)) ** 2 / square)
