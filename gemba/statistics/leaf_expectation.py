"""What every leaf of a table should hold now: its own past, drawn to what its mix lets one expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int32]

LEAST_SHARE = 0.02
"""Share of all that is expected that a member must hold for its ratio to speak about the rest's."""


@dataclass(frozen=True, slots=True)
class ExpectedLeaves:
    """`expected` in the numerators' unit. `inflation`: variance of actual less expected over that of the actual alone.
    Shape (n,) each."""

    expected: Floats
    inflation: Floats


def expected_leaves(before: Floats, usual: Floats, now: Floats) -> ExpectedLeaves:
    """Every leaf's factor in the past, drawn to 1, times what its exposure lets one expect now.

    Args:
        before: Numerators seen in the past, shape (n,), not negative.
        usual: What the exposures let one expect there, same unit; a leaf with 0 has no past.
        now: What the exposures let one expect now.

    Returns:
        `now * (before + k) / (usual + k)`: the mean of a gamma-Poisson factor. k is the counting noise over the
        variance of the leaves' own factors: infinite (every factor is 1) where these differ by no more than noise.

    References:
        D. Clayton and J. Kaldor, "Empirical Bayes estimates of age-standardized relative risks", Biometrics 43, 1987.
    """
    weight = _weight_of_usual(before, usual)
    if not np.isfinite(weight):
        return ExpectedLeaves(now.copy(), np.ones_like(now))
    known = usual + weight
    with np.errstate(divide="ignore", invalid="ignore"):
        factor = np.where(known > 0, (before + weight) / known, 1.0)
        inflation = np.where(known > 0, 1.0 + now / known, 2.0)
    return ExpectedLeaves(now * factor, inflation)


def factor_of_rest(codes: Codes, actual: Floats, expected: Floats, rest: Flags | None = None) -> float:
    """By what factor the rest moved: what happened to everything is no segment's doing.

    Args:
        codes: Members of every leaf, shape (n, k), from 0.
        actual, expected: Values of the leaves, shape (n,), not negative.
        rest: Leaves of no cause, shape (n,); None while the causes are not known: then the median over attributes of
            the median over members, weighted by what they are expected to hold. Less than half may have changed.
    """
    if rest is not None and expected[rest].sum() > 0:
        return float(actual[rest].sum() / expected[rest].sum())
    whole = float(expected.sum())
    medians = []
    for code in codes.T:
        seen, usual = np.bincount(code, actual), np.bincount(code, expected).astype(np.float64)
        large = usual >= LEAST_SHARE * whole
        if large.sum() > 1:
            medians.append(_weighted_median(seen[large] / usual[large], usual[large]))
    return float(np.median(medians)) if medians else float(actual.sum()) / whole


def _weight_of_usual(before: Floats, usual: Floats) -> float:
    """k above. Squared residuals over their expectation are phi + usual / a for counting noise phi and factors of
    variance 1 / a; k = phi * a."""
    from scipy.optimize import nnls

    known = usual > 0
    if known.sum() < 2:
        return float("inf")
    expectation = usual[known]
    residual = (before[known] - expectation) ** 2 / expectation
    trust = 1.0 / (float(np.median(expectation)) + expectation)
    design = np.stack([np.ones_like(expectation), expectation], axis=1) * trust[:, None]
    (noise, slope), _ = nnls(design, residual * trust)
    return float(noise / slope) if slope > 0 else float("inf")


def _weighted_median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(reached, reached[-1] / 2.0)])
