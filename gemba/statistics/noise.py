"""How much a series moves by itself: dispersion, memory, and what past comparisons of the same length gave."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri, polygamma, psi

from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

TRIMMED = 0.15
"""Share of the noisiest blocks left out, so that an earlier incident does not hide the next."""


LEAST_MEMORY, MOST_MEMORY = -0.1, 0.95
"""Memory below nought is kept: cut off there, the estimates of series without any would be too large on average."""


@dataclass(frozen=True, slots=True)
class Noise:
    """`dispersion`: variance of a residual per unit of weight, (S,). `memory`: lag-1 autocorrelation, (S,).
    `df`: degrees of freedom of the dispersion, (S,); 0 where there is no history to tell."""

    dispersion: Floats
    memory: Floats
    df: Floats


def estimate_noise(
    residual: Floats,
    weight: Floats,
    *,
    history: Mask,
    block: int,
    least: float | Floats = 0.0,
    fitted: float = 0.0,
    trimmed: float = TRIMMED,
) -> Noise:
    """Robust quasi-likelihood dispersion and lag-1 memory of each series, steadied by the others of its family.

    Args:
        residual: Observed minus expected numerator, shape (S, T).
        weight: What the variance is proportional to, shape (S, T); 0 marks a bucket without observation.
        history: Buckets to learn from, shape (T,).
        block: Buckets in a block (a week, a day of hours): incidents last about that long.
        trimmed: Share of the noisiest blocks to leave out.
        fitted: Parameters of the expectation that were learnt from the same history, besides level and drift.
        least: Lower bound of the dispersion (1 for counts), scalar or shape (S,).

    Notes:
        A linear drift is removed first. The noisiest 15 % of the blocks are left out and the rest scaled up to what
        normal noise would give. The variances of a family of S >= 3 series are shrunk to their common value
        with the weight that their scatter earns (Smyth 2004). Memory is corrected for the bias of a
        small sample about a line (after Marriott and Pope 1954) and drawn half way to the family's median.

    Raises:
        UnusableValuesError: An amount is infinite.

    References:
        G. K. Smyth, "Linear models and empirical Bayes methods", Stat. Appl. Genet. Mol. Biol. 3(1), 2004.
        F. H. C. Marriott and J. A. Pope, "Bias in the estimation of autocorrelations", Biometrika 41, 1954.
    """
    refuse_infinite("estimate_noise", residual=residual, weight=weight)
    used = (weight > 0) & history & np.isfinite(residual)
    count = used.sum(axis=1).astype(float)
    z = np.where(used, residual / np.sqrt(np.where(weight > 0, weight, 1.0)), 0.0)
    z = np.where(used, z - _drift(z, used), 0.0)
    raw, kept = _trimmed_mean_square(z, used, history, block, 2.0 + fitted, trimmed)
    memory = _memory(z, used, count)
    thin = (1.0 - memory**2) / (1.0 + memory**2)
    df = np.maximum(kept * thin - 3.0 - fitted, np.minimum(kept, 2.0))
    dispersion, df = _steady(raw, df, np.where(used, weight, 0.0).sum(axis=1) / np.maximum(count, 1))
    return Noise(dispersion=np.maximum(dispersion, least), memory=memory, df=df)


def sampling_dispersion(
    total: Floats, squares: Floats, rows: Floats, *, season: NDArray[np.int64], history: Mask
) -> Floats:
    """Variance over mean that a sum of rows has at least, from the spread of the rows and of their number; (S,).

    Rare, unequal rows (stops of a machine) make sums that scatter more than a short history shows.

    Args:
        total, squares, rows: Sum of a column, of its squares, and the number of rows, shape (S, T).

    Raises:
        UnusableValuesError: An amount is infinite.

    References:
        Wald's identities for a compound sum; the number of rows counts as at most Poisson.
    """
    refuse_infinite("sampling_dispersion", total=total, squares=squares, rows=rows)
    n = np.where(history, rows, 0.0).sum(axis=1)
    amount = np.where(history, total, 0.0).sum(axis=1)
    square = np.where(history, squares, 0.0).sum(axis=1)
    fine = (n > 1) & (amount > 0)
    mean = np.divide(amount, n, out=np.zeros_like(n), where=fine)
    spread = np.maximum(np.divide(square, n, out=np.zeros_like(n), where=fine) - mean**2, 0.0)
    onehot = np.eye(int(season.max()) + 1)[season]
    used = np.where(history, rows, 0.0)
    usual = np.divide(used @ onehot, np.maximum(history @ onehot, 1.0))[:, season]
    off = np.where(history & (usual > 0), (rows - usual) ** 2, 0.0).sum(axis=1)
    scatter = np.minimum(np.divide(off, n, out=np.zeros_like(n), where=n > 0), 1.0)
    return np.divide(spread + scatter * mean**2, mean, out=np.zeros_like(n), where=fine)


def _drift(z: Floats, used: Mask) -> Floats:
    time = np.arange(z.shape[1], dtype=float)
    count = np.maximum(used.sum(axis=1, keepdims=True), 1)
    centred = np.where(used, time - (used * time).sum(axis=1, keepdims=True) / count, 0.0)
    spread = (centred**2).sum(axis=1, keepdims=True)
    slope = np.divide((centred * z).sum(axis=1, keepdims=True), spread, out=np.zeros_like(spread), where=spread > 0)
    return z.sum(axis=1, keepdims=True) / count + slope * centred


def _trimmed_mean_square(
    z: Floats, used: Mask, history: Mask, block: int, fitted: float, trimmed: float
) -> tuple[Floats, Floats]:
    """Mean square without the noisiest blocks, and the observations it rests on."""
    where = np.flatnonzero(history)
    if where.size == 0:
        return np.full(z.shape[0], np.nan), np.zeros(z.shape[0])
    edges = np.arange(0, where.size, block)
    squares = np.add.reduceat(z[:, where] ** 2, edges, axis=1)
    counts = np.add.reduceat(used[:, where].astype(float), edges, axis=1)
    mean = np.divide(squares, counts, out=np.full_like(squares, np.nan), where=counts > 0)
    blocks = (counts > 0).sum(axis=1)
    drop = np.where(blocks >= 5, np.round(trimmed * blocks), 0).astype(int)
    order = np.argsort(np.where(np.isnan(mean), -1.0, mean), axis=1)
    rank = np.argsort(order, axis=1)
    keep = (counts > 0) & (rank < (mean.shape[1] - drop)[:, None])
    kept = (counts * keep).sum(axis=1)
    typical = np.divide(counts.sum(axis=1), np.maximum(blocks, 1))
    raw = (squares * keep).sum(axis=1) / np.maximum(kept, 1)
    lift = np.array(
        [_lift(int(b), int(d), round(float(size))) for b, d, size in zip(blocks, drop, typical, strict=True)]
    )
    return np.where(kept > 1, raw * lift * kept / np.maximum(kept - fitted, np.maximum(0.3 * kept, 1.0)), np.nan), kept


@cache
def _lift(blocks: int, drop: int, size: int) -> float:
    """What the mean of the kept blocks must be multiplied by, were the noise normal and independent."""
    if drop == 0 or blocks <= drop or size < 1:
        return 1.0
    position = (np.arange(1, blocks + 1) - 0.375) / (blocks + 0.25)
    expected = chdtri(size, 1.0 - position)
    return float(expected.mean() / expected[: blocks - drop].mean())


def _memory(z: Floats, used: Mask, count: Floats) -> Floats:
    limit = 4.0 * np.sqrt((z**2).sum(axis=1) / np.maximum(count, 1))[:, None]
    clipped = np.clip(z, -limit, limit)
    both = used[:, 1:] & used[:, :-1]
    pairs = np.maximum(both.sum(axis=1), 1)
    square = (clipped**2).sum(axis=1) / np.maximum(count, 1)
    lagged = (clipped[:, 1:] * clipped[:, :-1] * both).sum(axis=1) / pairs
    memory = np.divide(lagged, square, out=np.zeros_like(square), where=square > 0)
    memory = memory + (2.0 + 4.0 * memory) / np.maximum(count, 8.0)
    enough = count >= 20
    if enough.any():
        middle = float(np.median(memory[enough]))
        memory = np.where(enough, 0.5 * (memory + middle), middle)
    return np.clip(memory, LEAST_MEMORY, MOST_MEMORY)


def _steady(variance: Floats, df: Floats, size: Floats) -> tuple[Floats, Floats]:
    """Shrink variances to the family's common value; returns posterior variances and degrees of freedom."""
    good = np.isfinite(variance) & (variance > 0) & (df >= 2)
    if good.sum() < 3:
        return np.where(np.isfinite(variance), variance, 0.0), np.where(np.isfinite(variance), df, 0.0)
    half = df[good] / 2.0
    logs = np.log(variance[good]) - psi(half) + np.log(half)
    fitted = np.full(logs.size, logs.mean())
    slope, middle, lowest, highest = 0.0, 0.0, 0.0, 0.0
    if good.sum() >= 8:
        abscissa = np.log(np.maximum(size[good], 1e-300))
        middle, lowest, highest = float(abscissa.mean()), float(abscissa.min()), float(abscissa.max())
        spread = float(((abscissa - middle) ** 2).sum())
        slope = float(((abscissa - middle) * logs).sum() / spread) if spread > 1e-9 else 0.0
        fitted = logs.mean() + slope * (abscissa - middle)
    excess = float(((logs - fitted) ** 2).sum() / max(logs.size - (2 if slope else 1), 1) - polygamma(1, half).mean())
    prior_df = 2.0 * _inverse_trigamma(excess) if excess > 0 else 1e3
    prior_df = min(prior_df, 1e3)
    prior = np.exp(
        logs.mean()
        + slope * (np.clip(np.log(np.maximum(size, 1e-300)), lowest, highest) - middle)
        + psi(prior_df / 2.0)
        - np.log(prior_df / 2.0)
    )
    own = np.where(np.isfinite(variance), variance, 0.0)
    weight = np.where(np.isfinite(variance), df, 0.0)
    return (prior_df * prior + weight * own) / (prior_df + weight), np.minimum(
        prior_df + weight, np.maximum(weight, 0.5 * df[good].sum())
    )


def _inverse_trigamma(value: float) -> float:
    """The x with trigamma(x) = value, by Newton's method on 1/trigamma (Smyth 2004, appendix)."""
    if value > 1e7:
        return 1.0 / np.sqrt(value)
    if value < 1e-6:
        return 1.0 / value
    x = 0.5 + 1.0 / value
    for _ in range(50):
        trigamma = float(polygamma(1, x))
        step = trigamma * (1.0 - trigamma / value) / float(polygamma(2, x))
        x += step
        if -step / x < 1e-8:
            break
    return float(x)
