"""All stretches of a series fitted at once, under AR(1) noise that runs on across the changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.change_points_cost import PARAMETERS, Shape, Sums

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

JITTER = 1e-12


@dataclass(frozen=True, slots=True)
class Joint:
    """Least squares of every stretch's level or line together.

    `fits`: shape (K, p): value at the stretch's `centres`, and slope. `covariance`: of all of them in units of the
    noise, shape (K p, K p). `squares`: left by all rows.
    """

    centres: Floats
    fits: Floats
    covariance: Floats
    squares: float

    def change(self, stretch: int, time: float) -> tuple[tuple[float, float], tuple[float, float]]:
        """From one stretch to the next: of the value at a time, and of the slope, each with its variance."""
        p = self.fits.shape[1]
        rows = np.zeros((2, self.fits.size))
        for sign, one in ((-1.0, stretch), (1.0, stretch + 1)):
            rows[0, one * p] = sign
            if p == 2:
                rows[0, one * p + 1] = sign * (time - self.centres[one])
                rows[1, one * p + 1] = sign
        sizes = rows @ self.fits.ravel()
        variances = np.einsum("ij,jk,ik->i", rows, self.covariance, rows)
        return (float(sizes[0]), float(variances[0])), (float(sizes[1]), float(variances[1]))


def joint(sums: Sums, edges: tuple[int, ...], shape: Shape) -> Joint:
    """Fit all stretches. The row of a change ties the new stretch to the one before, as the noise does.

    `edges`: first row of each stretch but the first.
    """
    matrix, target, total, centres = _normal(sums, edges, shape)
    size = PARAMETERS[shape]
    matrix[np.diag_indices_from(matrix)] *= 1.0 + JITTER
    covariance: Floats = np.asarray(np.linalg.pinv(matrix, hermitian=True), dtype=np.float64)
    fits = covariance @ target
    squares = max(total - float(target @ fits), 0.0)
    return Joint(centres, fits.reshape(-1, size), covariance, squares)


def squares_of(sums: Sums, edges: tuple[int, ...], shape: Shape) -> float:
    """Squares left by the joint fit."""
    matrix, target, total, _ = _normal(sums, edges, shape)
    matrix[np.diag_indices_from(matrix)] *= 1.0 + JITTER
    return max(total - float(target @ np.linalg.solve(matrix, target)), 0.0)


def rows_left(sums: Sums, edges: tuple[int, ...], fit: Joint) -> Floats:
    """Innovations of every row: whitened values less the whitened fit, shape (n,)."""
    n = sums.time.size
    stretch = np.searchsorted(np.array(edges, dtype=np.int64), np.arange(n), side="right")
    mean = fit.fits[stretch, 0]
    if fit.fits.shape[1] == 2:
        mean = mean + fit.fits[stretch, 1] * (sums.time - fit.centres[stretch])
    apart = sums.values - mean
    root = np.exp(sums.logs / 2.0)
    kept = 1.0 - sums.constant * root
    found = apart / root
    found[1:] -= kept[1:] / root[1:] * apart[:-1]
    found[0] = apart[0]
    return found


def _normal(sums: Sums, edges: tuple[int, ...], shape: Shape) -> tuple[Floats, Floats, float, Floats]:
    """Normal equations of all stretches: matrix, right side, squares of the values, and centres of time."""
    n = sums.time.size
    p = PARAMETERS[shape]
    starts = np.array([0, *edges], dtype=np.int64)
    ends = np.array([*edges, n], dtype=np.int64)
    count = starts.size
    centres = (sums.time[starts] + sums.time[ends - 1]) / 2.0
    uu, uw, ww, uy, wy, _ = sums.cumulated[:, ends] - sums.cumulated[:, starts + 1]
    ww = ww - 2.0 * centres * uw + centres**2 * uu
    uw = uw - centres * uu
    wy = wy - centres * uy
    blocks = np.array([[uu, uw], [uw, ww]])[:p, :p]
    rights = np.array([uy, wy])[:p]
    matrix, target = np.zeros((count, p, count, p)), np.zeros((count, p))
    at = np.arange(count)
    matrix[at, :, at, :] = blocks.transpose(2, 0, 1)
    target[at] = rights.T
    first = np.array([1.0, sums.time[0] - centres[0]])[:p]
    matrix[0, :, 0, :] += np.outer(first, first)
    target[0] += sums.values[0] * first
    if edges:
        root = np.exp(sums.logs[ends[:-1]] / 2.0)
        kept = 1.0 - sums.constant[ends[:-1]] * root
        new = np.array([np.ones(count - 1), sums.time[ends[:-1]] - centres[1:]])[:p] / root
        old = -np.array([np.ones(count - 1), sums.time[ends[:-1] - 1] - centres[:-1]])[:p] * kept / root
        value = sums.whitened[ends[:-1]]
        before, after = at[:-1], at[1:]
        matrix[after, :, after, :] += np.einsum("ik,jk->kij", new, new)
        matrix[before, :, before, :] += np.einsum("ik,jk->kij", old, old)
        matrix[after, :, before, :] += np.einsum("ik,jk->kij", new, old)
        matrix[before, :, after, :] += np.einsum("ik,jk->kij", old, new)
        target[after] += (new * value).T
        target[before] += (old * value).T
    total = float(sums.cumulated[5, -1] - sums.cumulated[5, 1] + sums.values[0] ** 2)
    return matrix.reshape(count * p, count * p), target.ravel(), total, centres
