"""Which segments moved differently from the rest, and how much of the whole change that accounts for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from gemba.statistics.shift import LEAST_HISTORY, Shift, Timeline, shift_tests

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

STEADY = 0.8
"""Share of the history's buckets that a segment must appear in for its share of the whole to be tested."""


@dataclass(frozen=True, slots=True)
class Localised:
    """Tests of the segments of one grouping, one entry a segment, shape (S,).

    `own`: did its level change. `rest`: did it change otherwise than the rest. `p` is the larger of both p-values
    (intersection–union: a claim needs both). `explained`: part of the total's change, in the total's unit, that is
    due to the segment's departure from what the rest did. `score` orders causes; larger is more likely.
    """

    own: Shift
    rest: Shift
    p: Floats
    explained: Floats
    share: Floats
    score: Floats


def localise(
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    timeline: Timeline,
    counts: bool,
    additive: bool,
) -> Localised:
    """Test every segment of a grouping against its own past and against the rest of the total.

    Args:
        num, den: Segments over time, shape (S, T).
        total_num, total_den: Of the whole, shape (T,).
        additive: The metric adds up over segments (then `den` is 1); otherwise it is a ratio, and a segment's
            weight in the total is its share of the denominators in the window.
        timeline, counts: As in `shift_tests`.

    References:
        R. L. Berger, "Multiparameter hypothesis testing and acceptance sampling", Technometrics 24, 1982.
    """
    own = shift_tests(num, den, total_num, total_den, timeline=timeline, counts=counts, against_rest=False)
    rest = shift_tests(num, den, total_num, total_den, timeline=timeline, counts=counts, against_rest=True)
    same_side = np.sign(own.effect) == np.sign(rest.effect)
    p = np.where(same_side, np.maximum(own.p, rest.p), 1.0)
    p = np.where(np.isfinite(own.p) & np.isfinite(rest.p), p, np.nan)
    weight = window_weight(den, total_den, timeline.window, additive=additive)
    explained = rest.effect * weight
    change = total_change(total_num, total_den, timeline, additive=additive)
    share = explained / change if change != 0 else np.zeros_like(explained)
    return Localised(own=own, rest=rest, p=p, explained=explained, share=share, score=score(p, share))


def score(p: Floats, share: Floats) -> Floats:
    """Order of causes: strength of the evidence times the root of the part of the change it accounts for.

    A diluted superset of the cause has a weaker p-value, a refinement a smaller part. Segments that moved against the
    total get a negative score.
    """
    with np.errstate(invalid="ignore"):
        z = -ndtri(np.clip(p, 1e-300, 1.0) / 2.0)
        part = np.sign(share) * np.sqrt(np.clip(np.abs(share), 0.0, 1.0))
    return np.where(np.isfinite(z) & np.isfinite(part), np.maximum(z, 0.0) * part, -np.inf)


def window_weight(den: Floats, total_den: Floats, window: Mask, *, additive: bool) -> Floats:
    """What a change of a segment's level by one unit does to the total's value in the window."""
    own = np.where(window, den, 0.0).sum(axis=1)
    if additive:
        return own
    whole = float(total_den[window].sum())
    return own / whole if whole > 0 else np.zeros_like(own)


def total_change(total_num: Floats, total_den: Floats, timeline: Timeline, *, additive: bool) -> float:
    """Window minus baseline, in the total's unit; for additive metrics at the window's length."""
    w, b = timeline.window, timeline.baseline
    after_den, before_den = float(total_den[w].sum()), float(total_den[b].sum())
    if after_den <= 0 or before_den <= 0:
        return float("nan")
    change = float(total_num[w].sum()) / after_den - float(total_num[b].sum()) / before_den
    return change * after_den if additive else change


def steady(den: Floats, history: Mask) -> Mask:
    """Segments that were there in most buckets of the history, shape (S,)."""
    active = int(((den > 0).any(axis=0) & history).sum())
    present = ((den > 0) & history).sum(axis=1)
    return (present >= STEADY * active) & (present >= LEAST_HISTORY)


def same_rows(first: Floats, second: Floats, *, tolerance: float = 0.02) -> bool:
    """Whether two segments are made of the same rows, judged by their row counts per bucket, shape (T,)."""
    whole = float(np.maximum(first, second).sum())
    return whole > 0 and float(np.abs(first - second).sum()) <= tolerance * whole
