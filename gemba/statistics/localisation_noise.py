"""How far every leaf is from what was expected, and how far a leaf strays when nothing happened.

The deviation of a leaf with actual value v and expected value f is d = (v - f) / (m + c) with m = (|v| + |f|) / 2: the
relative change on a symmetric scale, from -2 (vanished) to 2 (appeared). Leaves of a segment whose parts all changed in
the same proportion share one d (the ripple effect). The noise of d has the variance s^2 = sigma^2 + c * w / (m + c):
sigma is multiplicative (a forecast's relative error), c the counting noise (a count of mean m has variance m),
w the counting noise's inflation where the expectation is itself an estimate.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]

SIZE_CLASSES = 8
LEAST_IN_CLASS = 8
LEAST_SIGMA = 1e-6
STEPS = 10
MOST_FITTED = 50_000
NORMAL_MEDIAN = 0.6744897501960817  # of |z| under the standard normal
TAILS = (3.0, 4.0, 5.0, 7.0, 10.0, 15.0, 30.0, 100.0)
GOLDEN = 0.6180339887498949
GRAINS = (0.0, 1.0, 16.0, 256.0)


@dataclass(frozen=True, slots=True)
class Noise:
    """`multiplicative` is sigma^2, `counting` c, in the unit of the values; the null is Student's t with `tail` degrees
    of freedom, `scale` times as wide."""

    multiplicative: float
    counting: float
    tail: float
    scale: float

    def close_to(self, other: Noise) -> bool:
        """Too little apart to change a choice: within 2 % in width, with equal tails."""
        ours = (self.multiplicative, self.counting, self.scale**2)
        theirs = (other.multiplicative, other.counting, other.scale**2)
        return self.tail == other.tail and bool(np.allclose(ours, theirs, rtol=0.04, atol=1e-12))


@dataclass(frozen=True, slots=True)
class Deviations:
    """Of every leaf, shape (n,): its deviation d, its noise's variance s^2, its size m + c, and under the null the log
    density of d in units of s. `typical` is sigma^2 times the median size, the unit of extra counting noise in a
    cause."""

    values: Floats
    variance: Floats
    size: Floats
    null: Floats
    typical: float
    noise: Noise

    @property
    def grains(self) -> int:
        return len(GRAINS)

    def of(self, rows: Integers) -> Deviations:
        """Those of some leaves."""
        parts = (one[rows] for one in (self.values, self.variance, self.size, self.null))
        return Deviations(*parts, typical=self.typical, noise=self.noise)

    def variance_of(self, rows: Integers | slice, *, grain: int = 0) -> Floats:
        """Variances of some leaves with one of the extra counting noises added."""
        if not GRAINS[grain]:
            return self.variance[rows]
        return self.variance[rows] + self.typical * GRAINS[grain] / self.size[rows]


def deviations(
    actual: Floats, expected: Floats, *, inflation: Floats, quiet: Flags | None, counting: float
) -> Deviations:
    """Deviations and their noise, estimated from the leaves themselves.

    Args:
        actual, expected: Values of the leaves, shape (n,), not both 0.
        inflation: w above, shape (n,), 1 where the expectation is exact.
        quiet: Leaves known to be unaffected, shape (n,), or None: then the side (rises or falls) with the smaller
            deviations stands for both, since what happens mostly has one direction.
        counting: Least counting noise: 1 for counts, 0 for amounts in any unit.

    Notes:
        Sigma and c are fitted by non-negative least squares to the squared medians of |d| in classes of size: half the
        leaves of a class may be affected before the estimate breaks. The tail is fitted by maximum likelihood.
        Of more leaves 50,000 are used.
    """
    middle = (np.abs(actual) + np.abs(expected)) / 2.0
    chosen = np.arange(actual.size) if quiet is None else np.flatnonzero(quiet)
    chosen = chosen[spread_out(chosen.size, MOST_FITTED)]
    classes = _by_size(middle[chosen])
    sigma2, count = LEAST_SIGMA, counting
    for _ in range(2):
        size = middle[chosen] + count
        sigma2, count = _fit((actual - expected)[chosen] / size, size, classes, counting)
    size = middle + count
    values = (actual - expected) / size
    variance = sigma2 + count * inflation / size
    z = values[chosen] / np.sqrt(variance[chosen])
    large = z[middle[chosen] >= 2.0 * count]
    tail, scale = _tail(_quieter_side(large) if quiet is None else large)
    if counting > 0:
        scale = max(scale, 1.0)  # counts are never quieter than Poisson's
    noise = Noise(multiplicative=sigma2, counting=count, tail=tail, scale=scale)
    typical = sigma2 * float(np.median(size))
    return Deviations(values, variance, size, _null(values, variance, noise), typical, noise)


def spread_out(size: int, most: int) -> Integers:
    """About `most` of `size` places, rising, in step with no period: those whose product with the golden ratio has a
    small fractional part."""
    if size <= most:
        return np.arange(size)
    return np.flatnonzero(np.arange(size) * GOLDEN % 1.0 < most / size)


def _null(values: Floats, variance: Floats, noise: Noise) -> Floats:
    """Student's t, and nowhere below the normal: the null may have heavier tails than a cause's leaves, but a cause
    without effect must not beat it."""
    squares = values * values / variance
    heavy = _log_student(squares / noise.scale**2, noise.tail) - np.log(noise.scale)
    return np.maximum(heavy, -0.5 * np.log(2.0 * np.pi) - 0.5 * squares)


def _log_student(squares: Floats, tail: float) -> Floats:
    """Log density of Student's t where its square is given."""
    level = gammaln((tail + 1.0) / 2.0) - gammaln(tail / 2.0) - 0.5 * np.log(tail * np.pi)
    return level - (tail + 1.0) / 2.0 * np.log1p(squares / tail)


def _by_size(middle: Floats) -> list[Integers]:
    """Places in classes of about equal number, by size; equal sizes share a class."""
    order = np.argsort(middle)
    edges = np.quantile(middle, np.linspace(0.0, 1.0, SIZE_CLASSES + 1))[1:-1]
    return np.split(order, np.searchsorted(middle[order], edges))


def _fit(values: Floats, size: Floats, classes: list[Integers], counting: float) -> tuple[float, float]:
    """Sigma^2 and c from robust variances in classes of size."""
    variances, inverse_sizes = [], []
    for here in classes:
        strayed = values[here]
        sides = [-strayed[strayed < 0], strayed[strayed > 0]]
        spreads = [_median(side) for side in sides if side.size >= LEAST_IN_CLASS]
        if spreads and min(spreads) > 0:
            variances.append((min(spreads) / NORMAL_MEDIAN) ** 2)
            inverse_sizes.append(1.0 / _median(size[here]))
    if not variances:
        return LEAST_SIGMA, counting
    target, inverse = np.array(variances), np.array(inverse_sizes)
    design = np.stack([np.ones_like(inverse), inverse], axis=1) / target[:, None]
    left = np.maximum(target - counting * inverse, 0.0) / target
    fitted = _not_negative(design, left)
    return max(float(fitted[0]), LEAST_SIGMA), float(fitted[1]) + counting


def _median(values: Floats) -> float:
    """The middle value, the lower of two: numpy's own takes ten times as long for a class's few hundred."""
    middle = (values.size - 1) // 2
    return float(np.partition(values, middle)[middle])


def _not_negative(design: Floats, target: Floats) -> Floats:
    """Least squares with two coefficients, neither negative: both free, or the better one alone.

    Importing scipy.optimize for its `nnls` takes longer than localising 100,000 leaves.
    """
    both = np.asarray(np.linalg.lstsq(design, target)[0], np.float64)
    if (both >= 0).all():
        return both
    alone = np.diag(np.maximum(design.T @ target, 0.0) / np.maximum((design * design).sum(axis=0), LEAST_SIGMA**2))
    misfits = ((alone @ design.T - target) ** 2).sum(axis=1)
    return alone[int(np.argmin(misfits))]


def _quieter_side(z: Floats) -> Floats:
    """Rises or falls, whichever stray less, without the far tail that may hold a cause."""
    sides = [side for side in (z[z > 0], z[z < 0]) if side.size >= LEAST_IN_CLASS]
    if not sides:
        return z
    side = min(sides, key=lambda one: float(np.median(np.abs(one))))
    return side[np.abs(side) <= 3.0 * np.quantile(np.abs(side), 0.9)]


def _tail(z: Floats) -> tuple[float, float]:
    """Degrees of freedom and scale of Student's t around 0, by maximum likelihood."""
    if z.size < LEAST_IN_CLASS or not np.any(z):
        return TAILS[-1], 1.0
    best = (-np.inf, TAILS[-1], 1.0)
    squares = z * z
    scale2 = _median(squares) / NORMAL_MEDIAN**2 or float(np.mean(squares))
    for tail in TAILS:  # each starts where the one before, with tails a little heavier, ended
        for _ in range(STEPS if tail == TAILS[0] else STEPS // 2):
            scale2 = float(np.mean((tail + 1.0) * squares / (tail + squares / scale2)))
        likelihood = float(np.sum(_log_student(squares / scale2, tail)) - 0.5 * z.size * np.log(scale2))
        if likelihood > best[0]:
            best = (likelihood, tail, float(np.sqrt(scale2)))
    return best[1], best[2]
