"""Noise that all leaves of a segment share, from earlier windows in which nothing is known to have happened.

A segment's leaves may stray together: all of one network on a bad day. Were every leaf to stray on its own, the mean
deviation of a segment would have the variance 1 / sum(w). What it shows beyond that in the earlier windows is its
cuboid's shared variance tau^2. A segment is a cause only if an effect of its own describes its leaves so much better
than a shared deviation ~ N(0, tau^2) that it pays for the name: it strayed further than its like do on other days.

Which segment is named is not decided here: with a wider null for coarse segments than for their parts, the parts of a
cause would be named in its place (measured on rates with ten earlier windows: F1 0.50 for 0.61).

References:
    R. DerSimonian and N. Laird, "Meta-analysis in clinical trials", Controlled Clinical Trials 7, 1986 (a variance
    between groups beside known variances within; here by maximum likelihood); A. Abadie et al., "Synthetic control
    methods for comparative case studies", JASA 105, 2010 (placebos in time).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Gains, fitted, whole
from gemba.statistics.localisation_lattice import Choice, Codes, Cuboid, inside, numbered
from gemba.statistics.localisation_noise import Noise

Floats = NDArray[np.float64]

LEAST_CELLS = 4096
GRID = np.concatenate([[0.0], np.geomspace(1e-6, 1.0, 61)])  # of tau^2


@dataclass(frozen=True, slots=True)
class Placebo:
    """An earlier window: deviations of all leaves and the inverse of their variances, shape (n,), both 0 where there is
    no value."""

    values: Floats
    weights: Floats


def placebo(actual: Floats, expected: Floats, inflation: Floats, noise: Noise) -> Placebo:
    """Deviations in an earlier window under the noise of this one; see `deviations`."""
    seen = (actual != 0) | (expected != 0)
    size = np.where(seen, (np.abs(actual) + np.abs(expected)) / 2.0 + noise.counting, 1.0)
    variance = noise.multiplicative + noise.counting * inflation / size
    return Placebo(np.where(seen, (actual - expected) / size, 0.0), np.where(seen, 1.0 / variance, 0.0))


def unusual(
    chosen: Sequence[Choice],
    leaves: Codes,
    cuboids: tuple[Cuboid, ...],
    gains: Gains,
    placebos: Sequence[Placebo],
) -> tuple[Choice, ...]:
    """Segments that strayed further than their like did in the earlier windows, the best first.

    Args:
        leaves: Members of every leaf, shape (k, n).
        cuboids: Of these leaves, with the prices of their segments.

    Notes:
        Leaves of several segments count for the best of them.
    """
    by_attributes = {one.attributes: one for one in cuboids}
    kept: list[Choice] = []
    left = np.ones(leaves.shape[1], bool)
    for one in sorted(chosen, key=lambda one: -one.score):
        rows = np.flatnonzero(inside(leaves, one.attributes, one.members) & left)
        left[rows] = False
        if not rows.size:
            continue
        tau2 = shared(by_attributes[one.attributes], by_attributes, leaves, placebos)
        if excess(whole(gains.columns(rows)), tau2) > by_attributes[one.attributes].price:
            kept.append(one)
    return tuple(kept)


def shared(
    cuboid: Cuboid, by_attributes: dict[tuple[int, ...], Cuboid], leaves: Codes, placebos: Sequence[Placebo]
) -> float:
    """tau^2 of a cuboid's segments: the largest of those of all cuboids that name some of its attributes, as a part
    strays with all it belongs to. Cuboids with more cells than leaves are left out: their segments are leaves."""
    named = cuboid.attributes
    known = [
        _between(*_strayed(by_attributes[some], leaves, placebos))
        for count in range(1, len(named) + 1)
        for some in combinations(named, count)
        if count == 1 or by_attributes[some].cells <= max(LEAST_CELLS, leaves.shape[1])
    ]
    return max(known)


def excess(sums: Floats, tau2: float) -> float:
    """Nats for an effect of the segment's own, ~ N(0, 1) as deviations lie between -2 and 2, over a deviation
    ~ N(0, `tau2`) that its leaves share. Both have the spread fitted to the leaves: being spread wider is no shift.
    From sums of shape (5, 1); see `Gains`."""
    _number, weight, first, _second, _null = (float(one) for one in sums[:, 0])
    _centre, spread = fitted(sums)

    def shifted(variance: float) -> float:
        """Log density of the leaves with a shift of this variance over that with none."""
        widened = spread + variance * weight
        return 0.5 * (variance * first * first / (spread * widened) - math.log(widened / spread))

    return shifted(1.0) - shifted(tau2)


def _strayed(cuboid: Cuboid, leaves: Codes, placebos: Sequence[Placebo]) -> tuple[Floats, Floats]:
    """Squared mean deviations of all segments in all earlier windows, and their variances were leaves independent."""
    keys = numbered([leaves[one] for one in cuboid.attributes], cuboid.shape)
    pairs = list(_means(keys, cuboid.cells, placebos))
    return np.concatenate([mean * mean for mean, _ in pairs]), np.concatenate([within for _, within in pairs])


def _means(keys: NDArray[np.int64], cells: int, placebos: Sequence[Placebo]) -> Iterator[tuple[Floats, Floats]]:
    for one in placebos:
        weight = np.bincount(keys, one.weights, cells)
        seen = weight > 0
        yield np.bincount(keys, one.weights * one.values, cells)[seen] / weight[seen], 1.0 / weight[seen]


def _between(squares: Floats, within: Floats) -> float:
    """The variance that all segments share beside their known variances, by maximum likelihood on a grid."""
    likelihood = [-0.5 * float((np.log(within + tau2) + squares / (within + tau2)).sum()) for tau2 in GRID]
    return float(GRID[int(np.argmax(likelihood))])
