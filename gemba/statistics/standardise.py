"""What the mix of a segment lets one expect: indirect standardisation by main effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

ROUNDS = 8
LASTING = 0.5
"""Share of the buckets that a member must be seen in for its effect to be learnt."""
LARGEST_EFFECT = 20.0


def main_effects(num: Floats, den: Floats, factors: Sequence[Ints], *, bucket: Ints, learn: Mask) -> Floats:
    """Expected numerator of every cell, were each member of each factor as it was among the cells learnt from.

    Args:
        num, den: Of each cell, shape (n,), neither negative. A cell is a combination of members in a bucket of time.
        factors: Member of each cell by factor, 0..K-1, shape (n,) each. A factor that another one determines adds
            nothing and is best left out.
        bucket: Bucket of each cell, shape (n,): cells of a member in one bucket are taken to share their noise.
        learn: Cells to learn from, shape (n,).

    Returns:
        Shape (n,): denominator × overall rate × one effect a factor. Effects are fitted in turn until they agree with
        the margins (backfitting of the log-linear model without interactions), each drawn to 1 as far as its
        factor's members differ no more than by noise (gamma-Poisson with quasi-likelihood dispersion). A member seen
        in less than half of the buckets has the effect 1: what came and went cannot be told from its days. All
        equal to the denominator where nothing can be learnt.

    Raises:
        UnusableValuesError: An amount is infinite.

    References:
        N. E. Breslow and N. E. Day, "Statistical Methods in Cancer Research II", IARC 1987, ch. 2 and 4 (indirect
        standardisation, multiplicative models); P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed.,
        1989, ch. 6; D. Clayton and J. Kaldor, "Empirical Bayes estimates of age-standardized relative risks",
        Biometrics 43, 1987 (shrinkage).
    """
    refuse_infinite("main_effects", num=num, den=den)
    top, bottom = float(num[learn].sum()), float(den[learn].sum())
    if not (top > 0 and bottom > 0):
        return den.copy()
    expected = den * (top / bottom)
    sizes = [int(factor.max()) + 1 if factor.size else 0 for factor in factors]
    effects = [np.ones(size) for size in sizes]
    for _ in range(ROUNDS):
        for place, (factor, size) in enumerate(zip(factors, sizes, strict=True)):
            without = expected / effects[place][factor]
            effects[place] = _effects(num, without, factor, size, bucket=bucket, learn=learn)
            expected = without * effects[place][factor]
    return expected


def _effects(num: Floats, expected: Floats, factor: Ints, size: int, *, bucket: Ints, learn: Mask) -> Floats:
    """Observed over expected by member, drawn towards 1; shape (size,)."""
    observed = np.bincount(factor[learn], num[learn], minlength=size)
    usual = np.bincount(factor[learn], expected[learn], minlength=size)
    raw = np.divide(observed, usual, out=np.ones(size), where=usual > 0)
    length = int(bucket.max()) + 1
    cell = factor * length + bucket
    daily = np.bincount(cell[learn], num[learn], minlength=size * length).reshape(size, length)
    mean = np.bincount(cell[learn], (expected * raw[factor])[learn], minlength=size * length).reshape(size, length)
    lasting = (mean > 0).sum(axis=1) >= LASTING * (mean > 0).any(axis=0).sum()
    there = (mean > 0) & lasting[:, None]
    count = int(there.sum()) - int(lasting.sum())
    if count < 1 or lasting.sum() < 2:
        return np.ones(size)
    dispersion = float(((daily - mean)[there] ** 2 / mean[there]).sum()) / count
    total = float(usual[lasting].sum())
    spread = float((usual * (raw - 1.0) ** 2)[lasting].sum()) - dispersion * (int(lasting.sum()) - 1)
    between = spread / max(total - float((usual[lasting] ** 2).sum()) / total, 1e-300)
    if not between > 0:
        return np.ones(size)
    prior = dispersion / between
    drawn = np.clip((observed + prior) / (usual + prior), 1.0 / LARGEST_EFFECT, LARGEST_EFFECT)
    return np.where(lasting, drawn, 1.0)
