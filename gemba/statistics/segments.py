"""Which segments moved differently from the rest, and how much of the whole change that accounts for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gemba.statistics.arrivals import arrival_tests
from gemba.statistics.shift import LEAST_HISTORY, MOST_DF, Exposure, Shift, Timeline, shift_tests

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEADY = 0.8
"""Share of the history's buckets that a segment must appear in for its share of the whole to be tested."""

VISIBLE = 0.05
"""Level at which a segment's own change must show before its difference from the rest is believed."""


@dataclass(frozen=True, slots=True)
class Localised:
    """What the tests say about the segments of one grouping; every array has shape (S,), NaN where untold.

    `before`, `after`: level of the tested quantity. `effect`: change beyond what the rest did, with interval `low`
    to `high`, in the same unit. `p`: see `localise`. `deviation`: the effect as a multiple of the expected level.
    `explained`: part of the total's change that is due to it, in the total's unit. `share`: the same over the change.
    `score` orders causes; larger is likelier.
    """

    before: Floats
    after: Floats
    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    deviation: Floats
    explained: Floats
    share: Floats
    score: Floats


def localise(
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    weight: Floats,
    change: float,
    timeline: Timeline,
    least: float | Floats,
    ratio: bool = False,
    most_df: float | Floats = MOST_DF,
    exposure: Exposure | None = None,
) -> Localised:
    """Test the level of every segment against its own past and against the rest of the total.

    Args:
        num, den: Segments over time, shape (S, T).
        total_num, total_den: Of the whole, shape (T,).
        weight: What one unit more of a segment's level adds to the total in the window, shape (S,).
        change: Change of the total; only its sign and size against `explained` matter.
        ratio: The metric is a ratio. A segment must then depart from the rest's factor and from its amount: when all
            rates rise by one amount, low rates rise by a larger factor, and are no cause for that.
        timeline, least, most_df, exposure: As in `shift_tests`.

    Returns:
        `p` is that of "changed as the rest did", and counts only where the segment's own level also changed, in the
        same direction, at the 5 % level. Otherwise what stood still while the rest moved would be named as well.
        The second condition can only make the test safer. Elsewhere `p` is the larger of both, at least 0.05.
    """
    test = partial(shift_tests, num, den, total_num, total_den, timeline=timeline, least=least, exposure=exposure)
    own = test(most_df=most_df, against_rest=False)
    rest = test(most_df=most_df, against_rest=True)
    visible = (np.sign(own.effect) == np.sign(rest.effect)) & (own.p <= VISIBLE)
    p = np.where(visible, rest.p, np.maximum(np.maximum(own.p, rest.p), VISIBLE))
    p = np.where(np.isfinite(own.p) & np.isfinite(rest.p), p, np.nan)
    if ratio:
        amount = test(against_rest=True, by_amount=True)
        together = np.sign(amount.effect) == np.sign(rest.effect)
        p = np.where(np.isfinite(amount.p), np.maximum(p, np.where(together, amount.p, 1.0)), p)
    low, high = rest.interval()
    return _localised(own.before, own.before + own.effect, rest, low, high, p, weight, change)


def localise_shares(
    den: Floats, total_den: Floats, *, rate_gap: Floats, change: float, noise: float, timeline: Timeline
) -> Localised:
    """Test every steady segment's share of the whole; a shift of shares moves a ratio without any rate changing.

    Args:
        den, total_den: Denominators, shape (S, T) and (T,).
        rate_gap: The segment's rate minus the rest's before the window, shape (S,): what one unit of share is worth to
            the total.
        noise: Standard error of the total's change. A segment whose share could double, or vanish, without moving the
            total by half of it is not tested: whatever its share does is no cause.
    """
    whole = np.broadcast_to(total_den, den.shape)
    shift = shift_tests(  # plans move shares in rare steps: the noisiest weeks are not incidents, nothing is left out
        den,
        np.where(whole > 0, whole, 0.0),
        total_den,
        total_den,
        timeline=timeline,
        against_rest=False,
        trimmed=0.0,
    )
    low, high = shift.interval()
    matters = np.abs(rate_gap) * shift.before >= 0.5 * noise
    p = np.where(steady(den, timeline.history) & matters, shift.p, np.nan)
    return _localised(shift.before, shift.before + shift.effect, shift, low, high, p, rate_gap, change)


def localise_arrivals(
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    weight: Floats,
    change: float,
    timeline: Timeline,
    chosen: Mask,
    exposure: Exposure | None = None,
) -> Localised:
    """Test members that have no past of their own against others of their kind (`arrival_tests`)."""
    found = arrival_tests(num, den, total_num, total_den, timeline=timeline, chosen=chosen, exposure=exposure)
    explained = found.effect * weight
    share = explained / change if change else np.zeros_like(explained)
    deviation = found.ratio - 1.0
    return Localised(
        before=found.usual,
        after=found.level,
        effect=found.effect,
        low=found.low,
        high=found.high,
        p=found.p,
        deviation=deviation,
        explained=explained,
        share=share,
        score=score(found.p, deviation, share),
    )


def _localised(
    before: Floats, after: Floats, shift: Shift, low: Floats, high: Floats, p: Floats, weight: Floats, change: float
) -> Localised:
    explained = shift.effect * weight
    share = explained / change if change else np.zeros_like(explained)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = shift.effect / np.abs(shift.expected)
    return Localised(before, after, shift.effect, low, high, p, deviation, explained, share, score(p, deviation, share))


def score(p: Floats, deviation: Floats, share: Floats) -> Floats:
    """Order of causes: root of (how strongly the segment deviates × how much of the change that accounts for).

    A superset of the cause accounts for as much but deviates less; a part of it deviates as much but accounts for less.
    For Poisson-like noise the product is the likelihood ratio of "this segment alone changed" (deviance residual).
    The deviation is shrunk by what noise alone would give (James–Stein). Segments that moved against the total
    come out negative, those that nothing can be told of last, at minus infinity.

    References:
        P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed., 1989, section 2.4 (deviance residuals).
        Ripple effect: Z. Li et al., "Generic and robust localization of multi-dimensional root causes" (Squeeze),
        ISSRE 2019.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        z = -ndtri(np.clip(p, 1e-300, 1.0) / 2.0)
        shrink = np.clip(1.0 - 1.0 / z**2, 0.0, 1.0)
        part = np.sign(share) * np.sqrt(deviance(deviation) * np.clip(np.abs(share), 0.0, 1.0)) * shrink
    return np.where(np.isfinite(part), part, -np.inf)


def deviance(deviation: Floats) -> Floats:
    """Root of the Poisson deviance of a level `1 + deviation` against 1: about |deviation| when that is small."""
    ratio = np.maximum(1.0 + deviation, 1e-12)
    return np.sqrt(np.maximum(2.0 * (ratio * np.log(ratio) - deviation), 0.0))


def steady(den: Floats, history: Mask) -> Mask:
    """Segments that were there in most buckets of the history, shape (S,)."""
    active = int(((den > 0).any(axis=0) & history).sum())
    present = ((den > 0) & history).sum(axis=1)
    return (present >= STEADY * active) & (present >= LEAST_HISTORY)


def unknown_past(rows: Floats, timeline: Timeline) -> Mask:
    """Segments present in the window that were too little there before to have a noise of their own, shape (S,)."""
    seen = rows > 0
    before = (seen & timeline.history).sum(axis=1)
    return (seen & timeline.window).any(axis=1) & ((before < LEAST_HISTORY) | ~(seen & timeline.baseline).any(axis=1))


def same_rows(first: Floats, others: Floats, *, tolerance: float = 0.05) -> Mask:
    """Which of the others, (S, T), are made of the same rows as the first, (T,), judged by their counts; shape (S,)."""
    whole = np.maximum(first, others).sum(axis=1)
    return (whole > 0) & (np.abs(first - others).sum(axis=1) <= tolerance * whole)
