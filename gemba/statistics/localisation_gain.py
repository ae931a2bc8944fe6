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
LOG_HALF = float(np.log(HALF))
LOG_GAMMA_HALF = 0.5 * float(np.log(np.pi))


Columns = tuple[Floats, Floats, Floats, Floats]  # of every leaf: w, w d, w d^2, null's log density of d + log s


class Gains:
    """Sums and gains for one set of deviations. Sums have shape (5, segments): n, w, w d, w d^2, null."""

    def __init__(self, found: Deviations) -> None:
        self._found = found
        self.grains = found.grains

    def columns(self, rows: Integers | slice, *, grain: int = 0) -> Columns:
        """What is summed, for some leaves."""
        plain, values, null = self._found.variance[rows], self._found.values[rows], self._found.null[rows]
        if grain:
            variance = self._found.variance_of(rows, grain=grain)
            null = null + 0.5 * np.log(variance / plain)
        else:
            variance = plain
        weight = 1.0 / variance
        first = weight * values
        return weight, first, first * values, null

    def of(self, sums: Floats, floor: Floats | float = -np.inf) -> Floats:
        """Gain of every segment, shape (segments,); minus infinity where there is no leaf or the gain is surely not
        above `floor`: no segment gains more than its leaves would with an effect each."""
        number, null = sums[0], sums[4]
        out = np.full(number.shape, -np.inf)
        hopeful = np.flatnonzero((number > 0.5) & (-null - 0.5 * LOG_TWO_PI * number > floor))
        number, weight, first, second, null = sums[:, hopeful]
        misfit = np.maximum(second - first * first / (weight + 1.0), 0.0)
        spread, leaves = HALF + misfit / 2.0, HALF + number / 2.0
        free = HALF * LOG_HALF - leaves * np.log(spread) + gammaln(np.rint(number) / 2.0 + HALF) - LOG_GAMMA_HALF
        gain = np.where(spread < leaves, -misfit / 2.0, free)
        out[hopeful] = gain - 0.5 * (number * LOG_TWO_PI + np.log1p(weight)) - null
        return out

    def plain(self, stacked: Sequence[Floats], floor: Floats | float = -np.inf) -> Floats:
        """Gain of every segment under the plain grain."""
        return self.of(stacked[0], floor)

    def best(self, stacked: Sequence[Floats], floor: Floats | float = -np.inf) -> Floats:
        """Gain of every segment under the grain of noise that suits it best, less the cost of saying which.

        Counting noise inside a cause may exceed that outside: what a cause removes or adds are whole events.
        """
        said = float(np.log(self.grains))
        gained = self.of(stacked[0], floor + said)
        for sums in stacked[1:]:
            gained = np.maximum(gained, self.of(sums, floor + said))
        return gained - said

    def whole(self, rows: Integers) -> list[Floats]:
        """Sums of all `rows` as one segment, for every grain."""
        return [whole(self.columns(rows, grain=grain)) for grain in range(self.grains)]

    def suited(self, rows: Integers) -> tuple[int, ...]:
        """The plain grain, and the one under which `rows` gain most as one segment."""
        gained = [float(self.of(sums)[0]) for sums in self.whole(rows)]
        return tuple(sorted({0, int(np.argmax(gained))}))


def taken(columns: Columns, kept: NDArray[np.bool_]) -> Columns:
    """The columns of some leaves."""
    weight, first, second, null = columns
    return (weight, first, second, null) if kept.all() else (weight[kept], first[kept], second[kept], null[kept])


def whole(columns: Columns) -> Floats:
    """Sums over all leaves, shape (5, 1)."""
    return np.array([[float(columns[0].size)], *([float(column.sum())] for column in columns)])


def parted(sums: Floats) -> list[Floats]:
    """Sums by grain, each of shape (5, segments), from one count and four sums a grain, shape (1 + 4 grains, m)."""
    return [np.concatenate([sums[:1], sums[at : at + 4]]) for at in range(1, sums.shape[0], 4)]


def fitted(sums: Floats) -> tuple[float, float]:
    """Effect and spread of a segment as a whole: the posterior centre of mu, and of lambda, not below 1."""
    number, weight, first, second, _null = (float(one) for one in sums[:, 0])
    centre = first / (weight + 1.0)
    misfit = max(second - first * centre, 0.0)
    return centre, max(1.0, (1.0 + misfit) / (1.0 + number))


def surplus(found: Deviations) -> Floats:
    """Nats by which a cause could describe each leaf better than the null at the most, shape (n,)."""
    return np.maximum(-found.null - 0.5 * LOG_TWO_PI, 0.0)
