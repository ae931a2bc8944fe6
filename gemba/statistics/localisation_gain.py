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

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from gemba.statistics.localisation_noise import Deviations

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

HALF = 0.5
LOG_TWO_PI = float(np.log(2.0 * np.pi))


class Gains:
    """Sums and gains for one set of deviations. Sums have shape (5, segments): n, w, w d, w d^2, null."""

    def __init__(self, found: Deviations) -> None:
        values = found.values
        self.grains = len(found.variances)
        self._columns: list[tuple[Floats, Floats, Floats, Floats]] = []
        for variance in found.variances:
            weight = 1.0 / variance
            null = found.null + 0.5 * np.log(variance)
            self._columns.append((weight, weight * values, weight * values * values, null))
        self._log_gamma = gammaln(HALF + np.arange(values.size + 1) / 2.0)

    def sums(self, keys: Integers, rows: Integers, size: int, *, grain: int = 0) -> Floats:
        """Sums of the leaves `rows` by segment number."""
        columns = self._columns[grain]
        out = np.empty((5, size))
        out[0] = np.bincount(keys, minlength=size)
        for place, column in enumerate(columns, start=1):
            out[place] = np.bincount(keys, column[rows], size)
        return out

    def of(self, sums: Floats) -> Floats:
        """Gain of every segment, shape (segments,); minus infinity where there is no leaf."""
        number, weight, first, second, null = sums
        count = np.rint(number).astype(np.int64)
        misfit = np.maximum(second - first * first / (weight + 1.0), 0.0)
        spread, leaves = HALF + misfit / 2.0, HALF + number / 2.0
        free = HALF * np.log(HALF) - leaves * np.log(spread) + self._log_gamma[count] - self._log_gamma[0]
        fixed = -misfit / 2.0
        gain = np.where(spread < leaves, fixed, free) - 0.5 * (number * LOG_TWO_PI + np.log1p(weight)) - null
        return np.where(count > 0, gain, -np.inf)

    def best(self, stacked: list[Floats]) -> Floats:
        """Gain of every segment under the grain of noise that suits it best, less the cost of saying which.

        Counting noise inside a cause may exceed that outside: what a cause removes or adds are whole events.
        """
        return np.max([self.of(sums) for sums in stacked], axis=0) - np.log(self.grains)

    def stacked(self, keys: Integers, rows: Integers, size: int) -> list[Floats]:
        """`sums` for every grain."""
        return [self.sums(keys, rows, size, grain=grain) for grain in range(self.grains)]

    def whole(self, rows: Integers) -> list[Floats]:
        """Sums of all `rows` as one segment."""
        return self.stacked(np.zeros(rows.size, np.int64), rows, 1)
