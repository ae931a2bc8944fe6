"""Is a change of level seen again in a part of the window held back, and by a test of another family?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, stdtr, stdtrit

from gemba.statistics.noise import estimate_noise
from gemba.statistics.shift import Shift, Timeline, residuals, shift_tests

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_HALF = 2
"""Observed buckets that a half must have."""

LEAST_PAST = 14
"""Observed buckets before the window that the rank test needs."""

PAST_WINDOWS = 6
"""How many times the window's length the rank test looks back: a slow drift further back is no news."""


@dataclass(frozen=True, slots=True)
class Replication:
    """What two further looks at one series say.

    `replicated`: the window's alternate buckets, each half alone against the same baseline, both show the change at
    5 %, one-sided. False: they should have (80 % power for an effect of the size found), and one does not. None: the
    halves are too small to tell.
    `p_rank`: two-sided, of the rank-sum test; NaN with too little past. `same_sign`: it points the same way.
    """

    replicated: bool | None
    p_rank: float
    same_sign: bool


def replicate(
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    timeline: Timeline,
    against_rest: bool,
    adds_up: bool,
    least: float = 0.0,
) -> Replication:
    """Look again at one series, shape (T,).

    Args:
        num, den, total_num, total_den, timeline, least: As in `shift.shift_tests`.
        against_rest: Whether the change is that of the series beyond the rest of the total.
        adds_up: The metric adds up, so that `den` says which buckets are covered and not how much there was.

    Notes:
        Halves are alternate buckets, not first and last: a cause that begins in mid-window is in both. The error of a
        half is that of the whole scaled by the weights, which is too large where noise has a memory: errs to None.
        The rank test compares the window's relative deviations with those of the buckets before it, up to six times
        the window's length; its variance is inflated for AR(1) noise by (1 + phi) / (1 - phi).

    References:
        F. Wilcoxon, "Individual comparisons by ranking methods", Biometrics Bulletin 1, 80-83, 1945. Inflation:
        G. V. Bayley and J. M. Hammersley, J. R. Statist. Soc. Suppl. 8, 184-197, 1946.
    """
    pair = (num[None], den[None])
    if against_rest:
        pair = (np.stack([num, total_num - num]), np.stack([den, total_den if adds_up else total_den - den]))
    shift = shift_tests(*pair, total_num, total_den, timeline=timeline, least=least, against_rest=against_rest)
    residual, _, weight = residuals(*pair, total_num, total_den, timeline=timeline, against_rest=against_rest)
    noise = estimate_noise(residual, weight, history=timeline.history, block=timeline.block, least=least)
    p_rank, same = _rank_sum(residual[0], weight[0], timeline, float(noise.memory[0]))
    return Replication(_halves(residual[0], weight[0], shift, timeline), p_rank, same)


def _halves(residual: Floats, weight: Floats, shift: Shift, timeline: Timeline) -> bool | None:
    """Whether both halves of the window show the change; None where they cannot be expected to."""
    t, df = float(shift.t[0]), float(shift.df[0])
    inside = np.flatnonzero(timeline.window & (weight > 0))
    if not np.isfinite(t) or t == 0 or inside.size < 2 * LEAST_HALF:
        return None
    before = timeline.baseline & (weight > 0)
    base = float(weight[before].sum())
    whole = float(weight[inside].sum())
    if base <= 0:
        return None
    earlier = float(residual[before].sum()) / base
    effect = float(residual[inside].sum()) / whole - earlier
    error = abs(effect / t)
    limit, power = float(stdtrit(df, 0.95)), float(stdtrit(df, 0.8))
    seen = []
    for half in (inside[::2], inside[1::2]):
        mass = float(weight[half].sum())
        scaled = error * np.sqrt((1 / mass + 1 / base) / (1 / whole + 1 / base))
        if not scaled > 0:
            return None
        here = (float(residual[half].sum()) / mass - earlier) * np.sign(effect)
        expected = abs(effect) / scaled
        shown = float(stdtr(df, -here / scaled)) <= 0.05
        seen.append(True if shown else False if expected >= limit + power else None)
    if all(seen):
        return True
    return False if False in seen else None


def _rank_sum(residual: Floats, weight: Floats, timeline: Timeline, memory: float) -> tuple[float, bool]:
    """Two-sided p of the rank-sum test of window against past, and whether it agrees in sign with the difference."""
    known = weight > 0
    inside = np.flatnonzero(timeline.window & known)
    past = np.flatnonzero(timeline.history & known & ~timeline.window)
    past = past[-PAST_WINDOWS * max(inside.size, LEAST_PAST // PAST_WINDOWS + 1) :]
    if inside.size < LEAST_HALF or past.size < LEAST_PAST:
        return float("nan"), False
    deviation = np.divide(residual, weight, out=np.zeros_like(residual), where=known)
    m, n = inside.size, past.size
    joined = np.concatenate([deviation[inside], deviation[past]])
    order = np.argsort(joined, kind="stable")
    _, place, count = np.unique(joined[order], return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2.0
    ranks = np.empty_like(joined)
    ranks[order] = middle[place]
    ties = float((count**3 - count).sum()) / ((m + n) * (m + n - 1))
    variance = m * n / 12.0 * ((m + n + 1) - ties) * (1.0 + memory) / (1.0 - memory)
    if variance <= 0:
        return 1.0, False
    z = (float(ranks[:m].sum()) - m * (m + n + 1) / 2.0) / np.sqrt(variance)
    difference = float(residual[inside].sum() / weight[inside].sum())
    return float(2.0 * ndtr(-abs(z))), bool(z * difference > 0)
