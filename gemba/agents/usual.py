"""What a window such as the question's usually brings, from the time before it."""

from __future__ import annotations

import numpy as np

from gemba.agents.base import Brief
from gemba.agents.series import Buckets, buckets, total
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import ratio_form
from gemba.statistics.level import ratio_scores, usual_mean


def usual_range(brief: Brief, held: Buckets) -> tuple[float, float] | None:
    """The range in which 95 % of windows like this one lie, unscaled, weekdays (hours) allowed for.

    None where the plan asked for nothing before the window, where too little is known of it, or for metrics that are
    neither sums nor ratios of sums.
    """
    metric = getattr(brief.plan.question, "metric", "")
    form = ratio_form(brief.model, metric)
    if form is None or not any(cube.name == "history" for cube in brief.plan.cubes):
        return None
    try:
        past = buckets(brief, "history")
        before = total(brief, past, cube="history")
    except SampleTooSmallError:
        return None
    present = np.flatnonzero(before.num if before.den is None else before.den)
    if present.size == 0:
        return None
    seen = slice(int(present[0]), None)
    times = float(held.season.size) if before.den is None else 1.0
    series = before.num if before.den is None else ratio_scores(before.num, before.den)[1]
    usual = usual_mean(series[seen], season=past.season[seen], coming=held.season)
    if usual is None:
        return None
    half = usual.half_width()
    low, high = (usual.value - half) * times, (usual.value + half) * times
    return (max(low, 0.0), high) if float(before.num.min()) >= 0 else (low, high)
