"""How rare is a value in its own sample? Tail probabilities that allow for not knowing the tail.

Excesses over a threshold follow a generalised Pareto law (Pickands 1975); its scale and shape are averaged over what
the sample leaves open, not estimated.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ROOT = 1.0
"""Values above the threshold, in roots of the size of the sample."""
MOST, LEAST = 300, 8
"""Values above the threshold, at most and at least."""
SHAPES = np.linspace(-0.35, 0.85, 17)
PRIOR_SHAPE, PRIOR_SPREAD = 0.25, 0.2
"""Shape of a tail before looking: the normal has about -0.1 at this depth, Student's t(3) 0.33."""
SCALES = np.exp(np.linspace(-1.6, 1.6, 17))
GOLDEN = 0.6180339887498949
"""By its multiples values on a grid are spread evenly over their grains: the law is of a continuous quantity."""
SET_APART = 0.005
"""Chance that a sample of one law has any value that is set apart."""


class UpperTail:
    """The high end of a sample's law.

    Args:
        sample: Shape (n,), any unit, no NaN, n >= 2.
        left_out: What nothing is learnt from, shape (n,).
        grain: Distance between possible values where they lie on a grid, in the unit of the sample.

    References:
        J. Pickands, Ann. Statist. 3, 119-131, 1975. A. C. Davison, "Approximate predictive likelihood", Biometrika 73,
        1986 (probability averaged over the parameters). B. Rosner, Technometrics 25, 165-172, 1983 (step-down).
        The prior of the shape, normal(0.25, 0.2), is ours; it was set so that samples of t(3) are held.
    """

    def __init__(self, sample: Floats, left_out: Mask, *, grain: Floats | float = 0.0) -> None:
        width = np.broadcast_to(np.asarray(grain, dtype=np.float64), sample.shape)
        self._spread = sample + width * (np.arange(sample.size) * GOLDEN % 1.0 - 0.5)
        self._values = sample - 0.5 * width
        self._known = ~left_out
        self._learnt = np.sort(self._spread[self._known])
        n = self._learnt.size
        k = int(min(max(ROOT * n**0.5, LEAST), MOST, n - 1))
        self._threshold = 0.5 * float(self._learnt[n - k - 1] + self._learnt[n - k])
        excesses = self._learnt[self._learnt > self._threshold] - self._threshold
        self._law = _Law(excesses, n) if excesses.size >= 2 else None
        self._apart = self._law.set_apart() if self._law is not None else 0

    def probabilities(self) -> Floats:
        """Chance that a further value is as high as each of the sample, by a law learnt from the others; shape (n,).

        For a value above the threshold (of the root of n values): the posterior mean of the generalised
        Pareto survival function times the share of values above the threshold. The largest values that do not fit the
        law of those below them are set apart and teach nothing (a step-down test): one incident does not hide another.
        For a lower value: the share of values at least as high.
        """
        n = self._learnt.size
        p = (n - np.searchsorted(self._learnt, self._values, side="left") + 1.0) / (n + 1.0)
        high = self._values > self._threshold
        if self._law is not None and high.any():
            own, known = (self._spread - self._threshold)[high], self._known[high]
            p[high] = self._law.survival(self._values[high] - self._threshold, own=own, known=known, apart=self._apart)
        return np.minimum(p, 1.0)

    def value_at(self, p: float) -> float:
        """The value that a further one reaches with this chance; infinite where no law can be told."""
        if self._law is None or p > 0.5 * self._law.excesses.size / self._learnt.size:
            return float(np.quantile(self._learnt, 1.0 - p)) if p * self._learnt.size >= 1.0 else np.inf
        steps = float(np.median(self._law.excesses)) * np.geomspace(0.1, 1000.0, 400)
        chance = self._law.survival(steps, own=steps, known=np.zeros(steps.size, dtype=bool), apart=self._apart)
        rare = np.flatnonzero(chance <= p)
        return self._threshold + float(steps[rare[0]]) if rare.size else np.inf


class _Law:
    """Posterior weights of scale and shape on a grid, for the sorted excesses without the highest ones."""

    def __init__(self, excesses: Floats, n: int) -> None:
        self.excesses = excesses
        self.n = n
        typical = max(float(np.median(excesses)) / np.log(2.0), 1e-300)
        shapes = np.where(np.abs(SHAPES) < 1e-6, 1e-6, SHAPES)
        self.shape = np.repeat(shapes, SCALES.size)
        self.scale = typical * np.tile(SCALES, shapes.size)
        self.prior = -0.5 * ((self.shape - PRIOR_SHAPE) / PRIOR_SPREAD) ** 2
        self.logs = self._density(excesses)
        self.sums = np.concatenate([np.zeros((self.shape.size, 1)), np.cumsum(self.logs, axis=1)], axis=1)

    def set_apart(self) -> int:
        """How many of the highest values do not belong to the law of those below them."""
        k = self.excesses.size
        found = 0
        for count in range(1, k - LEAST + 1):
            weights = self._weights(self.sums[:, k - count])
            value = self.excesses[k - count]
            rate = (k - count + 0.5) / (self.n - count + 1.0)
            p = float(weights @ self._survival(np.array([value]))[:, 0]) * rate
            if -np.expm1((self.n - count + 1) * np.log1p(-min(p, 1.0 - 1e-12))) <= SET_APART:
                found = count
        return found

    def survival(self, excess: Floats, *, own: Floats, known: Mask, apart: int) -> Floats:
        """Chance of each excess, by the law without those set apart and without the value's own excess, if `known`."""
        k = self.excesses.size - apart
        total = self.sums[:, k]
        survived, density = self._survival(excess), self._density(own)
        kept = known & (np.searchsorted(self.excesses, own, side="left") < k)
        logs = total[:, None] - np.where(kept[None, :], density, 0.0)
        weights = self._weights(logs)
        rate = (k - kept + 0.5) / (self.n - apart - kept + 1.0)
        return (weights * survived).sum(axis=0) * rate

    def _weights(self, logs: Floats) -> Floats:
        logs = logs + (self.prior if logs.ndim == 1 else self.prior[:, None])
        weights = np.exp(logs - logs.max(axis=0))
        return weights / weights.sum(axis=0)

    def _density(self, excess: Floats) -> Floats:
        inside = 1.0 + self.shape[:, None] * excess[None, :] / self.scale[:, None]
        logs = np.log(np.maximum(inside, 1e-300))
        return np.where(inside > 0, -np.log(self.scale)[:, None] - (1.0 + 1.0 / self.shape[:, None]) * logs, -1e6)

    def _survival(self, excess: Floats) -> Floats:
        inside = np.maximum(1.0 + self.shape[:, None] * excess[None, :] / self.scale[:, None], 0.0)
        with np.errstate(divide="ignore"):
            return np.where(inside > 0, np.exp(-np.log(np.maximum(inside, 1e-300)) / self.shape[:, None]), 0.0)
