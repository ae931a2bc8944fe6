"""Segment candidates put into words."""

from __future__ import annotations

import math

import numpy as np

from gemba.agents.candidates import Comparison, strength_of_whole
from gemba.agents.dating import date_change
from gemba.agents.echoes import Cause
from gemba.agents.panel import Panel
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words, sentence
from gemba.evidence.measure import additive_column
from gemba.insights.ids import claim_id
from gemba.insights.types import Claim
from gemba.semantics.model import SemanticModel

AGENT = "segments"
METHOD = "segments"
MOST_PERCENT = 300.0
"""Beyond this, "explains x % of the change" says more about a small change than about the segment."""


def segment_claim(
    compared: Comparison, cause: Cause, *, dates: dict[str, str], agent: str = AGENT, method: str = METHOD
) -> Claim:
    """The claim of one cause; numbers as shown to a person."""
    candidate = cause.candidate
    found = compared.found
    model, question = found.model, found.question
    metric, tests, i = question.metric, candidate.tests, candidate.index
    scale, unit, shown = model.metrics[metric].scale, difference_unit(model, metric), model.metrics[metric].unit
    subject = name_of(metric)
    factor = scale
    if compared.additive:
        factor = scale * float(found.timeline.window.sum())
    if candidate.aspect == "share":
        factor, unit, shown = 100.0, "pp", "%"
        subject = f"share of {name_of(_denominator(model, metric))}"
    before, after, effect = (float(values[i]) * factor for values in (tests.before, tests.after, tests.effect))
    ci = (float(tests.low[i]) * factor, float(tests.high[i]) * factor)
    change, explained = compared.change * scale, float(tests.explained[i]) * scale
    percent = 100.0 * float(tests.share[i])
    segment = candidate.segment
    kind = "segment" if len(segment) == 1 else "localisation"
    who = f"{subject[:1].upper()}{subject[1:]} of {segment_words(segment)}"
    interval = f"95 % interval {number(ci[0])} to {number(ci[1])}"
    if candidate.aspect == "arrival":
        statement = (
            f"{who}, which has no past of its own here, is {quantity(after, shown)} where others of its kind would "
            f"have {quantity(before, shown)}: {quantity(effect, unit, signed=True)} ({interval})."
        )
    elif candidate.aspect == "share":
        statement = (
            f"{who} went from {quantity(before, shown)} to {quantity(after, shown)}: "
            f"{quantity(effect, unit, signed=True)} ({interval})."
        )
    else:
        statement = (
            f"{who} went from {quantity(before, shown)} to {quantity(after, shown)}; against what the rest did"
            f"{_allowing(candidate.panel, i)} this is "
            f"{quantity(effect, unit, signed=True)} ({interval})."
        )
    statement += _part(percent, explained, change, difference_unit(model, metric))
    if dates and dates["date_low"] == dates["date_high"]:
        statement += f" It began on {dates['date']}."
    elif dates:
        statement += f" It began between {dates['date_low']} and {dates['date_high']}."
    if cause.rival_of is not None:
        statement += f" It cannot be told apart from {segment_words(cause.rival_of.segment)}."
    both = found.timeline.window | found.timeline.baseline
    return Claim(
        id=claim_id(kind, metric, segment, question=question, agent=agent, extra=candidate.aspect),
        kind=kind,
        metric=metric,
        segment=segment,
        statement=statement,
        effect=effect,
        unit=unit,
        ci=ci,
        p_value=candidate.p,
        n=int(candidate.panel.rows[i][both].sum()),
        method=method,
        agent=agent,
        details={
            "aspect": candidate.aspect,
            "before": before,
            "after": after,
            "whole_change": change,
            "explained": explained,
            "explained_pct": percent,
            "deviation_pct": 100.0 * float(tests.deviation[i]),
            "score": cause.score,
            "strength": float(tests.score[i]),
            "p_given": cause.p_given,
            "rival_of": segment_words(cause.rival_of.segment) if cause.rival_of is not None else None,
            "echoes": len(cause.echoes),
            **dates,
        },
    )


def whole_claim(compared: Comparison) -> Claim | None:
    """The claim that the whole moved; None where its noise is not known."""
    found, own = compared.found, compared.own
    model, question = found.model, found.question
    metric = question.metric
    if not math.isfinite(float(own.p[0])):
        return None
    scale, unit, shown = model.metrics[metric].scale, difference_unit(model, metric), model.metrics[metric].unit
    factor = scale * (float(found.timeline.window.sum()) if compared.additive else 1.0)
    low, high = own.interval()
    before, effect = float(own.before[0]) * factor, float(own.effect[0]) * factor
    after = float(own.expected[0]) * factor + effect
    ci = (float(low[0]) * factor, float(high[0]) * factor)
    statement = (
        f"{sentence(name_of(metric))} moved as a whole, from {quantity(before, shown)} to "
        f"{quantity(after, shown)}{_allowing(compared.whole, 0) or ':'} {quantity(effect, unit, signed=True)} (95 % "
        f"interval {number(ci[0])} to {number(ci[1])}). No segment accounts for it better."
    )
    dates = {}
    dated = date_change(
        found,
        compared.whole.num[0],
        compared.whole.den[0],
        compared.whole.num[0],
        compared.whole.den[0],
        against_rest=False,
        exposure=(compared.whole.exposure[0], compared.whole.exposure[0]),
    )
    if dated is not None:
        dates = {"date": dated.date, "date_low": dated.low, "date_high": dated.high}
        statement += f" It began between {dated.low} and {dated.high}."
    both = found.timeline.window | found.timeline.baseline
    return Claim(
        id=claim_id("segment", metric, (), question=question, agent=AGENT, extra="whole"),
        kind="segment",
        metric=metric,
        statement=statement,
        effect=effect,
        unit=unit,
        ci=ci,
        p_value=float(own.p[0]),
        n=int(compared.whole.rows[0][both].sum()),
        method=METHOD,
        agent=AGENT,
        details={
            "aspect": "whole",
            "before": before,
            "after": after,
            "whole_change": compared.change * scale,
            "explained_pct": 100.0,
            "deviation_pct": 100.0 * float(own.effect[0] / abs(own.expected[0])) if own.expected[0] else 0.0,
            "score": strength_of_whole(compared),
            **dates,
        },
    )


def _allowing(panel: Panel, index: int) -> str:
    """Says that the mix is allowed for, where it is."""
    same = np.array_equal(panel.exposure[index], panel.den[index])
    return "" if same else ", its mix allowed for,"


def _part(percent: float, explained: float, change: float, unit: str) -> str:
    whole = quantity(change, unit, signed=True)
    if percent < 0:
        return f" It works against the whole change of {whole}, by {quantity(explained, unit, signed=True)}."
    if percent > MOST_PERCENT:
        return (
            f" This is arithmetically {quantity(explained, unit, signed=True)} of the whole, whose change is {whole}."
        )
    return f" This arithmetically explains {number(percent)} % of the whole change of {whole}."


def _denominator(model: SemanticModel, metric: str) -> str:
    definition = model.metrics[metric]
    if definition.ratio is not None and additive_column(model, definition.ratio[1]) is not None:
        return definition.ratio[1]
    return "rows"
