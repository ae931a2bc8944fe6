"""Incidents and shifts as claims, and the chart that shows them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.odd_series import Judged, question_of
from gemba.agents.series import Buckets, Group
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words
from gemba.evidence.measure import additive_column
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim
from gemba.statistics.anomalies import Anomalies, Incident
from gemba.statistics.change_point import ChangePoint

AGENT = "anomaly"
METHOD = "anomalies"
CHART_BEFORE = 2.0
"""The chart shows so many times the window's length before it."""

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


def incident_claim(brief: Brief, held: Buckets, group: Group, series: Judged, found: Anomalies, run: Incident) -> Claim:
    """One incident: the mean deviation over its buckets, with the interval that ordinary buckets would have."""
    model, metric = brief.model, question_of(brief).metric
    scale, unit = model.metrics[metric].scale, model.metrics[metric].unit
    rows = np.arange(run.first, run.last + 1)
    rows = rows[np.isfinite(series.values[rows])]
    observed, expected = (float(one[rows].mean()) * scale for one in (series.values, found.expected))
    low, high = sorted(float(one[rows].mean()) * scale for one in (found.low, found.high))
    effect = observed - expected
    first, last, peak = (_named(held, at) for at in (run.first, run.last, run.peak))
    where = (
        f" on {first}"
        if run.first == run.last
        else f" from {first} to {last}, on average over {rows.size} {held.bucket}s"
    )
    side = "above" if effect > 0 else "below"
    end = "; it lasts to the end of the data" if run.last == len(held.starts) - 1 and rows.size > 1 else ""
    statement = (
        f"{_subject(brief, group)} was {quantity(observed, unit)}{where}: {number(abs(effect))} "
        f"{difference_unit(model, metric)} {side} the expected {quantity(expected, unit)} "
        f"(95 % of such {held.bucket}s lie between {number(low)} and {number(high)}){end}."
    ).replace("  ", " ")
    return Claim(
        id=claim_id("anomaly", metric, group.segment, question=question_of(brief), agent=AGENT, extra=peak),
        kind="anomaly",
        metric=metric,
        segment=group.segment,
        statement=statement,
        effect=effect,
        unit=difference_unit(model, metric),
        ci=(observed - high, observed - low),
        p_value=float(found.p[run.peak]),
        n=int(np.isfinite(series.values).sum()),
        method=METHOD,
        agent=AGENT,
        details={
            "date": peak,
            "date_low": first,
            "date_high": last,
            "buckets": int(rows.size),
            "bucket": held.bucket,
            "observed": observed,
            "expected": expected,
            "expected_low": low,
            "expected_high": high,
            "memory": found.told.memory,
        },
    )


def shift_claim(brief: Brief, held: Buckets, group: Group, shift: ChangePoint) -> Claim:
    """A change of level that lasts: no incident, and told once."""
    from scipy.special import stdtrit

    model, metric = brief.model, question_of(brief).metric
    scale, unit = model.metrics[metric].scale, difference_unit(model, metric)
    effect = shift.size * scale
    half = float(stdtrit(25.0, 0.975)) * abs(shift.se * scale)
    date, low, high = (_named(held, at) for at in (shift.at, shift.low, shift.high))
    per = f" per {held.bucket}" if additive_column(model, metric) else ""
    return Claim(
        id=claim_id("change_point", metric, group.segment, question=question_of(brief), agent=AGENT),
        kind="change_point",
        metric=metric,
        segment=group.segment,
        statement=f"{_subject(brief, group)} moved to another level by {quantity(effect, unit, signed=True)}{per} "
        f"from {date} on (the start lies between {low} and {high}); 95 % interval of the size "
        f"{number(effect - half)} to {number(effect + half)}. What follows is held against the new level.",
        effect=effect,
        unit=unit + per,
        ci=(effect - half, effect + half),
        p_value=shift.p,
        n=shift.tried,
        method="change_point",
        agent=AGENT,
        details={"date": date, "date_low": low, "date_high": high, "shape": "step", "positions_tried": shift.tried},
    )


def series_chart(
    brief: Brief,
    held: Buckets,
    group: Group,
    series: Judged,
    found: Anomalies,
    runs: tuple[Incident, ...],
    inside: Mask,
) -> Chart:
    """The window and some time before it: values, what was expected, its 95 % band, incidents marked."""
    scale = brief.model.metrics[question_of(brief).metric].scale
    window = np.flatnonzero(inside)
    start = max(int(window[0] - CHART_BEFORE * window.size), 0)
    shown = np.arange(start, int(window[-1]) + 1)
    marks: dict[int, str] = {
        at: "above" if series.values[at] > found.expected[at] else "below"
        for run in runs
        for at in range(run.first, run.last + 1)
    }
    lows, highs = np.minimum(found.low * scale, found.high * scale), np.maximum(found.low * scale, found.high * scale)
    if float(np.nanmin(series.values)) >= 0.0:  # what was never below 0 is not drawn as if it could be
        lows = np.maximum(lows, 0.0)

    def column(values: Floats) -> list[float | None]:
        return [float(values[at]) if np.isfinite(values[at]) else None for at in shown]

    return Chart(
        title=f"{_subject(brief, group)} by {held.bucket}, with what was expected",
        kind="series",
        data={
            "time": [held.starts[at].isoformat() for at in shown],
            "value": column(series.values * scale),
            "expected": column(found.expected * scale),
            "low": column(lows),
            "high": column(highs),
            "part": ["window" if inside[at] else "history" for at in shown],
            "signal": [marks.get(int(at)) for at in shown],
        },
        unit=brief.model.metrics[question_of(brief).metric].unit,
    )


def _named(held: Buckets, at: int) -> str:
    start = held.starts[at]
    return start.isoformat(timespec="minutes") if held.bucket == "hour" else start.date().isoformat()


def _subject(brief: Brief, group: Group) -> str:
    question = question_of(brief)
    conditions = (*(one for one in question.filters if one.dimension is not None), *group.segment)
    name = name_of(question.metric).capitalize()
    return f"{name} of {segment_words(conditions)}" if conditions else name
