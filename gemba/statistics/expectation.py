"""What a series would be without a change: a level and a repeating pattern, from its history."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Expectation:
    """`mean`: expected numerator, shape (S, T). `weight`: what its variance is proportional to, shape (S, T)."""

    mean: Floats
    weight: Floats
    pattern: Floats


def expect(
    num: Floats, den: Floats, total_num: Floats, total_den: Floats, *, season: NDArray[np.int64], history: Mask
) -> Expectation:
    """Expected numerators given the denominators: level of the series times a seasonal pattern.

    Args:
        num, den: Numerators and denominators of S series in T buckets, shape (S, T). `den` is 0 where the series
            has nothing to say in a bucket (then `num` is ignored).
        total_num, total_den: The same of the whole, shape (T,). Its pattern is what sparse series borrow.
        season: Season of every bucket (weekday, say) as 0..K-1, shape (T,).
        history: Buckets that may be learnt from, shape (T,). The window may not be among them.

    Returns:
        Level times pattern, multiplicative where no history value is negative, else additive. A series follows
        the pattern of the whole, and its own as far as it stands out from noise (positive-part James–Stein).
        A series without history gets a mean of NaN.

    Raises:
        UnusableValuesError: An amount is infinite.

    References:
        W. James and C. Stein, "Estimation with quadratic loss", 4th Berkeley Symp., 1961.
    """
    refuse_infinite("expect", num=num, den=den, total_num=total_num, total_den=total_den)
    used = (den > 0) & history
    seasons = int(season.max()) + 1 if season.size else 1
    onehot = np.eye(seasons)[season]
    n_h, d_h = np.where(used, num, 0.0), np.where(used, den, 0.0)
    d_sum = d_h.sum(axis=1, keepdims=True)
    level = np.divide(n_h.sum(axis=1, keepdims=True), d_sum, out=np.full_like(d_sum, np.nan), where=d_sum > 0)
    multiplicative = bool((n_h >= 0).all() and (np.where(history, total_num, 0.0) >= 0).all())
    whole = history & (total_den > 0)
    t_level = total_num[whole].sum() / max(total_den[whole].sum(), 1e-300)
    t_den = np.where(whole, total_den, 0.0) @ onehot
    t_rate = np.divide(np.where(whole, total_num, 0.0) @ onehot, t_den, out=np.full(seasons, t_level), where=t_den > 0)
    own_den = d_h @ onehot
    own_rate = np.divide(n_h @ onehot, own_den, out=np.repeat(level, seasons, axis=1), where=own_den > 0)
    if multiplicative:
        whole_pattern = t_rate / t_level if t_level > 0 else np.ones(seasons)
        base = level * whole_pattern
    else:
        base = level + (t_rate - t_level)
    # Keep the level: the pattern of the whole is re-centred on each series' own buckets.
    mass = (base * own_den).sum(axis=1, keepdims=True)
    if multiplicative:
        base = base * np.divide(n_h.sum(axis=1, keepdims=True), mass, out=np.ones_like(mass), where=mass > 0)
    else:
        base = base + np.divide(n_h.sum(axis=1, keepdims=True) - mass, d_sum, out=np.zeros_like(mass), where=d_sum > 0)
    pattern = base + _shrinkage(n_h, d_h, used, base, own_rate, own_den, season) * (own_rate - base)
    mean = np.where(den > 0, den * pattern[:, season], 0.0)
    if multiplicative:
        floor = (
            0.02 * np.where(used, mean, 0.0).sum(axis=1, keepdims=True) / np.maximum(used.sum(axis=1, keepdims=True), 1)
        )
        weight = np.where(den > 0, np.maximum(mean, floor), 0.0)
    else:
        weight = np.where(den > 0, den, 0.0)
    return Expectation(mean=mean, weight=weight, pattern=pattern)


def _shrinkage(
    num: Floats, den: Floats, used: Mask, base: Floats, own_rate: Floats, own_den: Floats, season: NDArray[np.int64]
) -> Floats:
    """How much of its own pattern each series keeps, in [0, 1], shape (S, 1)."""
    seasons = own_rate.shape[1]
    if seasons == 1:
        return np.zeros((num.shape[0], 1))
    residual = np.where(used, num - den * own_rate[:, season], 0.0)
    count = used.sum(axis=1, keepdims=True)
    scale = np.where(used, residual**2 / np.where(den > 0, den, 1.0), 0.0).sum(axis=1, keepdims=True)
    noise = scale / np.maximum(count - seasons, 1)
    signal = (own_den * (own_rate - base) ** 2).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        keep = 1.0 - (seasons - 1) * noise / signal
    return np.where(np.isfinite(keep) & (count > 3 * seasons), np.clip(keep, 0.0, 1.0), 0.0)
