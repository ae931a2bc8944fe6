"""Levels, ranks, shares and trends of one window."""

from __future__ import annotations

import operator
from dataclasses import dataclass

from gemba.agents.base import Brief
from gemba.agents.panel import cube_request
from gemba.agents.series import Buckets, Group, buckets, groups, total
from gemba.agents.usual import usual_range
from gemba.agents.wording import name_of, number, quantity, segment_words, sentence
from gemba.errors import SampleTooSmallError
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings
from gemba.insights.wording import during
from gemba.questions.types import Level, Predicate, Segment, Share, Top, Trend
from gemba.statistics.level import LEAST, mean_estimate, ratio_scores

AGENT = "level"
METHOD = "level"
DEFAULT_LIMIT = 5
MOST_GROUPS = 12
COMPARED = {"gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le}
Series = Level | Trend | Top | Share


@dataclass(frozen=True, slots=True)
class Valued:
    """A group with its value as shown, and the half width of its 95 % interval; None without one."""

    group: Group
    value: float
    half: float | None

    @property
    def ci(self) -> tuple[float, float] | None:
        return None if self.half is None else (self.value - self.half, self.value + self.half)


def level_findings(brief: Brief) -> Findings:
    """The value of the whole window, and of the groups where the question names dimensions (`level`, `top`).

    Raises:
        SampleTooSmallError: The window holds no value.
    """
    question, held = _question(brief), buckets(brief)
    brief.check_time()
    whole = total(brief, held)
    claims: list[Claim] = []
    charts: tuple[Chart, ...] = ()
    notes = list(_notes(held))
    if question.group_by:
        members = groups(brief, held, question.group_by)
        chosen, left = _ordered([_valued(one, held, brief, whole) for one in members], brief)
        claims = [_ranked_claim(brief, one, place, chosen) for place, one in enumerate(chosen, start=1)]
        charts = (_bars(brief, chosen),)
        notes += [f"{left} further groups are not listed"] * (left > 0)
        if not chosen:
            notes.append("no group meets the condition")
    if question.kind == "level":
        claims.insert(0, _whole_claim(brief, whole, usual_range(brief, held)))
        charts = (*charts, *_series_chart(brief, whole, held))
    return Findings(agent=AGENT, claims=tuple(claims), charts=charts, notes=tuple(notes))


def share_findings(brief: Brief) -> Findings:
    """What part of the whole the groups, or the filtered rows, make up, in per cent.

    Raises:
        SampleTooSmallError: The whole is 0 or has no rows.
    """
    question, held = _question(brief), buckets(brief)
    whole = total(brief, held, cube="series" if question.group_by else "all")
    if whole.value == 0:
        raise SampleTooSmallError("a share of a whole that is not 0", needed=1, got=0)
    parts = groups(brief, held, question.group_by) if question.group_by else (total(brief, held),)
    valued = [_share(part, whole, held) for part in parts]
    chosen, left = _ordered(valued, brief)
    claims = tuple(_share_claim(brief, one, whole, place) for place, one in enumerate(chosen, start=1))
    notes = [*_notes(held), *[f"{left} further groups are not listed"] * (left > 0)]
    if float(whole.num.min()) < 0:
        notes.append("the metric takes negative values: shares can be below 0 % or above 100 %")
    return Findings(agent=AGENT, claims=claims, charts=(_bars(brief, chosen, unit="%"),), notes=tuple(notes))


def trend_findings(brief: Brief) -> Findings:
    """The value of the window, and its course; the slope is the trend agent's.

    Raises:
        SampleTooSmallError: The window holds no value.
    """
    held = buckets(brief)
    whole = total(brief, held)
    return Findings(
        agent=AGENT,
        claims=(_whole_claim(brief, whole, None),),
        charts=_series_chart(brief, whole, held) if held.bucket != cube_request(brief, "trend").bucket else (),
        notes=_notes(held),
    )


def _question(brief: Brief) -> Series:
    question = brief.plan.question
    assert isinstance(question, Series)
    return question


def _scale(brief: Brief) -> float:
    return brief.model.metrics[_question(brief).metric].scale


def _valued(group: Group, held: Buckets, brief: Brief, whole: Group) -> Valued:
    """A group's value with the interval that its buckets' variation gives, for comparison with other groups.

    Of a metric that adds up: the variation of its part of the whole, so that what all groups share (the weekday, a
    holiday) does not blur their order.
    """
    scale = _scale(brief)
    times = 1.0
    if not group.sampled:
        return Valued(group, group.value * scale, None)
    if group.den is None:
        if whole.value == 0 or float(whole.num.min()) < 0:
            series, times = group.num, float(group.num.size)
        else:
            series, times = ratio_scores(group.num, whole.num)[1], abs(whole.value)
    elif group.den.sum() > 0:
        _, series = ratio_scores(group.num, group.den)
    else:
        return Valued(group, group.value * scale, None)
    if series.size < LEAST:
        return Valued(group, group.value * scale, None)
    half = mean_estimate(series, season=held.season).half_width() * times
    return Valued(group, group.value * scale, half * scale)


def _share(part: Group, whole: Group, held: Buckets) -> Valued:
    share, scores = ratio_scores(part.num, whole.num)
    half = None if scores.size < LEAST else 100.0 * mean_estimate(scores, season=held.season).half_width()
    return Valued(part, 100.0 * share, half)


def _ordered(found: list[Valued], brief: Brief) -> tuple[list[Valued], int]:
    """Groups that meet the conditions on the metric, in the order asked for; the number left out by the limit."""
    question = _question(brief)
    conditions = [one for one in question.filters if one.metric is not None]
    kept = [one for one in found if all(_meets(one.value, condition) for condition in conditions)]
    sign = 1.0 if getattr(question, "direction", None) == "low" else -1.0
    kept.sort(key=lambda one: (sign * one.value, segment_words(one.group.segment)))
    limit = getattr(question, "limit", None) or (DEFAULT_LIMIT if question.kind == "top" else MOST_GROUPS)
    return kept[:limit], max(len(kept) - limit, 0)


def _meets(value: float, condition: Predicate) -> bool:
    numbers = [float(one) for one in condition.values]
    match condition.op:
        case "between":
            return numbers[0] <= value <= numbers[1]
        case "in":
            return value in numbers
        case "not_in":
            return value not in numbers
        case "is_null":
            return False
        case _:
            return bool(COMPARED[condition.op](value, numbers[0]))


def _claim(brief: Brief, kind: str, segment: Segment, extra: str = "", **fields: object) -> Claim:
    question = _question(brief)
    data: dict[str, object] = {
        "id": claim_id(kind, question.metric, segment, question=question, agent=AGENT, extra=extra),
        "kind": kind,
        "metric": question.metric,
        "segment": segment,
        "method": METHOD,
        "agent": AGENT,
        **fields,
    }
    return Claim.model_validate(data)


def _subject(brief: Brief, segment: Segment) -> str:
    question = _question(brief)
    conditions = (*(one for one in question.filters if one.dimension is not None), *segment)
    name = sentence(name_of(question.metric))
    return f"{name} of {segment_words(conditions)}" if conditions else name


def _within(valued: Valued) -> str:
    ci = valued.ci
    return "" if ci is None else f" (95 % interval {number(ci[0])} to {number(ci[1])})"


def _whole_claim(brief: Brief, whole: Group, usual: tuple[float, float] | None) -> Claim:
    """The value of the window: a fact about the data, without an interval. `usual`, unscaled, says how it compares."""
    question, scale = _question(brief), _scale(brief)
    unit = brief.model.metrics[question.metric].unit
    value = whole.value * scale
    compared, details = "", {}
    if usual is not None:
        low, high = sorted(end * scale for end in usual)
        place = "above" if value > high else "below" if value < low else "within"
        compared = (
            f"; {place} the usual {number(low)} to {quantity(high, unit)} (where 95 % of such periods lie, by what "
            "came before)"
        )
        details = {"usual_low": low, "usual_high": high, "usual": place}
    return _claim(
        brief,
        "level",
        (),
        statement=f"{_subject(brief, ())} was {quantity(value, unit)} {during(question.window, brief.model)}"
        f"{compared}.",
        effect=value,
        unit=unit,
        exact=True,
        n=whole.n,
        details=details,
    )


def _ranked_claim(brief: Brief, valued: Valued, place: int, chosen: list[Valued]) -> Claim:
    """One group's value; says which neighbour below it cannot be told apart from it."""
    question = _question(brief)
    unit = brief.model.metrics[question.metric].unit
    below = chosen[place] if place < len(chosen) else None
    tied = below is not None and _overlap(valued, below)
    words = segment_words(below.group.segment) if below is not None else ""
    after = f" It cannot be told apart from {words}: the intervals overlap." if tied else ""
    return _claim(
        brief,
        "level",
        valued.group.segment,
        statement=f"{place}. {_subject(brief, valued.group.segment)} was {quantity(valued.value, unit)} "
        f"{during(question.window, brief.model)}{_within(valued)}.{after}",
        effect=valued.value,
        unit=unit,
        ci=valued.ci,
        exact=valued.ci is None,
        n=valued.group.n,
        details={"position": place, "not_told_apart_from": words if tied else None},
    )


def _overlap(one: Valued, other: Valued) -> bool:
    if one.ci is None or other.ci is None:
        return one.value == other.value
    return one.ci[0] <= other.ci[1] and other.ci[0] <= one.ci[1]


def _share_claim(brief: Brief, valued: Valued, whole: Group, place: int) -> Claim:
    question = _question(brief)
    unit = brief.model.metrics[question.metric].unit
    scale = _scale(brief)
    conditions = tuple(one for one in question.filters if one.dimension is not None)
    of = segment_words(valued.group.segment or conditions)
    within = f" of {segment_words(conditions)}" if valued.group.segment and conditions else ""
    part, all_of_it = valued.group.value * scale, whole.value * scale
    return _claim(
        brief,
        "share",
        valued.group.segment or conditions,
        statement=f"{of[:1].upper()}{of[1:]} made up {quantity(valued.value, '%')} of {name_of(question.metric)}"
        f"{within} {during(question.window, brief.model)}{_within(valued)}: {quantity(part, unit)} of "
        f"{quantity(all_of_it, unit)}.",
        effect=valued.value,
        unit="%",
        ci=valued.ci,
        exact=valued.ci is None,
        n=valued.group.n,
        details={"part": part, "whole": all_of_it, "position": place},
    )


def _notes(held: Buckets) -> tuple[str, ...]:
    if not held.missing:
        return ()
    return (f"the data ends before the window: {held.missing} of its {held.bucket}s are not there yet",)


def _bars(brief: Brief, chosen: list[Valued], unit: str | None = None) -> Chart:
    question = _question(brief)
    return Chart(
        title=f"{sentence(name_of(question.metric))} by {' and '.join(map(name_of, question.group_by)) or 'part'}",
        kind="bars",
        data={
            "label": [segment_words(one.group.segment) for one in chosen],
            "value": [one.value for one in chosen],
            "low": [one.ci[0] if one.ci else None for one in chosen],
            "high": [one.ci[1] if one.ci else None for one in chosen],
        },
        unit=unit or brief.model.metrics[question.metric].unit,
    )


def _series_chart(brief: Brief, group: Group, held: Buckets) -> tuple[Chart, ...]:
    question, scale = _question(brief), _scale(brief)
    if group.den is None:
        values: list[float | None] = [float(one) * scale for one in group.num]
    else:
        pairs = zip(group.num, group.den, strict=True)
        values = [float(top / bottom) * scale if bottom > 0 else None for top, bottom in pairs]
    return (
        Chart(
            title=f"{sentence(name_of(question.metric))} by {held.bucket}",
            kind="series",
            data={"time": [one.isoformat() for one in held.starts], "value": values},
            unit=brief.model.metrics[question.metric].unit,
        ),
    )
