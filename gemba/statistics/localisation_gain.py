"""What is gained by saying "this segment changed as one": a log Bayes factor from five sums.

Leaves i of a cause have deviations d_i ~ N(mu, lambda s_i^2): one shared effect mu, and a spread lambda >= 1 times that
of the noise, since a cause is no more regular than the noise. Priors: mu ~ N(0, lambda), lambda ~ inverse gamma(1/2,
1/2), both worth one observation. The marginal density has a closed form in the number of leaves and the sums of w,
w d, w d^2 with w = 1 / s^2. The gain is that density over the null's, in nats.

References:
    A. Gelman et al., "Bayesian Data Analysis", 3rd ed., 2013, section 3.3 (the normal model with both unknown);
    R. E. Kass and L. Wasserman, "A reference Bayesian test for nested hypotheses", JASA 90, 1995 (unit information).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from gemba.statistics.localisation_noise import Deviations

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HALF = 0.5
LOG_TWO_PI = float(np.log(2.0 * np.pi))


Columns = tuple[Floats, Floats, Floats, Floats]  # of every leaf: w, w d, w d^2, log null + log s


class Gains:
    """Sums and gains for one set of deviations. Sums have shape (5, segments): n, w, w d, w d^2, null."""

    def __init__(self, found: Deviations) -> None:
        self._found = found
        self.grains = found.grains
        self._log_gamma = gammaln(HALF + np.arange(found.values.size + 1) / 2.0)

    def columns(self, rows: Integers | slice, *, grain: int = 0) -> Columns:
        """What is summed, for some leaves."""
        variance = self._found.variance_of(rows, grain=grain)
        values, weight = self._found.values[rows], 1.0 / variance
        return weight, weight * values, weight * values * values, self._found.null[rows] + 0.5 * np.log(variance)

    def of(self, sums: Floats, floor: float = -np.inf) -> Floats:
        """Gain of every segment, shape (segments,); minus infinity where there is no leaf or the gain is surely not
        above `floor`: no segment gains more than its leaves would with an effect each."""
        number, weight, first, second, null = sums
        out = np.full(number.shape, -np.inf)
        hopeful = np.flatnonzero((number > 0.5) & (-null - 0.5 * LOG_TWO_PI * number > floor))
        number, weight, first, second, null = sums[:, hopeful]
        misfit = np.maximum(second - first * first / (weight + 1.0), 0.0)
        spread, leaves = HALF + misfit / 2.0, HALF + number / 2.0
        count = np.rint(number).astype(np.int64)
        free = HALF * np.log(HALF) - leaves * np.log(spread) + self._log_gamma[count] - self._log_gamma[0]
        gain = np.where(spread < leaves, -misfit / 2.0, free)
        out[hopeful] = gain - 0.5 * (number * LOG_TWO_PI + np.log1p(weight)) - null
        return out

    def best(self, stacked: Sequence[Floats], floor: float = -np.inf) -> Floats:
        """Gain of every segment under the grain of noise that suits it best, less the cost of saying which.

        Counting noise inside a cause may exceed that outside: what a cause removes or adds are whole events.
        """
        said = float(np.log(self.grains))
        return np.max([self.of(sums, floor + said) for sums in stacked], axis=0) - said

    def whole(self, rows: Integers, grains: Sequence[int] | None = None) -> list[Floats]:
        """Sums of all `rows` as one segment, for some grains or all."""
        count = float(rows.size)
        every = [self.columns(rows, grain=grain) for grain in (range(self.grains) if grains is None else grains)]
        return [np.array([[count], *([float(column.sum())] for column in columns)]) for columns in every]

    def suited(self, rows: Integers) -> tuple[int, ...]:
        """The plain grain, and the one under which `rows` gain most as one segment."""
        gained = [float(self.of(sums)[0]) for sums in self.whole(rows)]
        return tuple(sorted({0, int(np.argmax(gained))}))


def taken(columns: Columns, rows: Integers | NDArray[np.int32]) -> Columns:
    """The columns of some leaves."""
    weight, first, second, null = columns
    return weight[rows], first[rows], second[rows], null[rows]


def summed(keys: Integers | NDArray[np.int32], columns: Columns, size: int) -> Floats:
    """Sums by segment number, shape (5, size)."""
    out = np.empty((5, size))
    out[0] = np.bincount(keys, minlength=size)
    for place, column in enumerate(columns, start=1):
        out[place] = np.bincount(keys, column, size)
    return out


def surplus(found: Deviations) -> Floats:
    """Nats by which a cause could describe each leaf better than the null at the most, shape (n,)."""
    return np.maximum(-found.null - 0.5 * np.log(found.variance) - 0.5 * LOG_TWO_PI, 0.0)
