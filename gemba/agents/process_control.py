"""Is the process in control? The control chart that fits the metric, judged by what came before the window."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.control_claims import Charted, beyond_claims, chart_of, rule_claims, verdict_claim
from gemba.agents.measurements import Measurements, has_measurements, measurements
from gemba.agents.series import Buckets, Group, buckets, groups, total
from gemba.agents.wording import segment_words
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.insights.types import Findings, Gap, Test
from gemba.questions.types import Capability
from gemba.semantics.model import SemanticModel
from gemba.statistics.control_choice import ChosenChart, counts_chart, subgroups_chart, values_chart

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
AGENT = "process_control"
MOST_CHARTED = 12
MOST_DRAWN = 4
HALF_SEEN = 0.841621  # standard errors beyond the limit at which a point lies outside four times out of five
WHOLE_ENOUGH = 0.9  # of its length, that the data must cover of the last bucket of a metric that adds up


class ProcessControlAgent:
    """Chooses the chart, learns its limits from the past, judges every point of the window."""

    name = AGENT
    description = "The control chart of the metric: limits from the past, signals, run rules."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, Capability)
        charted, notes = [], []
        for make in _parts(brief):
            brief.check_time()
            try:
                charted.append(make.charted())
            except (SampleTooSmallError, UnusableValuesError) as error:
                if not make.segment:
                    reason = "too_little_data" if isinstance(error, SampleTooSmallError) else "unsupported"
                    return Gap(agent=AGENT, reason=reason, message=str(error))
                notes.append(f"{segment_words(make.segment)}: {error}")
            if len(charted) > MOST_CHARTED:
                notes.append(f"only the {MOST_CHARTED} largest groups were charted")
                break
        claims, tests = [], []
        for one in charted:
            beyond = beyond_claims(brief, one)
            by_point = {point: claim.id for point, claim in beyond}
            tests.append(Test(id=f"{AGENT}:{segment_words(one.segment)}", p_value=one.chance()))
            claims += [verdict_claim(brief, one), *(claim for _, claim in beyond), *rule_claims(brief, one)]
            tests += [
                Test(
                    id=f"{AGENT}:{segment_words(one.segment)}:{one.starts[point].isoformat()}",
                    p_value=float(one.chart.p[point]),
                    claim=by_point.get(point),
                )
                for point in one.points
            ]
        whole = charted[0].chart
        return Findings(
            agent=AGENT,
            claims=tuple(claims),
            tests=tuple(tests),
            charts=tuple(chart for one in charted[:MOST_DRAWN] for chart in chart_of(brief, one)),
            detectable=float(np.nanmean(whole.level.se[charted[0].points])) * (3.0 + HALF_SEEN) * charted[0].scale,
            notes=tuple(notes),
        )


class _Part:
    """The whole, or one member, before its chart is made."""

    def __init__(self, brief: Brief, source: Group | Measurements, held: Buckets | None) -> None:
        self.brief = brief
        self.source = source
        self.held = held
        self.segment = source.segment

    def charted(self) -> Charted:
        if isinstance(self.source, Measurements):
            return _of_subgroups(self.source)
        assert self.held is not None
        return _of_buckets(self.brief, self.source, self.held)


def _parts(brief: Brief) -> Iterator[_Part]:
    """The whole first, then the members asked for, most rows first."""
    question = brief.plan.question
    assert isinstance(question, Capability)
    if has_measurements(brief) and brief.model.metrics[question.metric].subgroup is not None:
        for one in measurements(brief) + (measurements(brief, by=question.group_by) if question.group_by else ()):
            yield _Part(brief, one, None)
        return
    held = buckets(brief)
    yield _Part(brief, total(brief, held), held)
    if question.group_by:
        for one in sorted(groups(brief, held, question.group_by), key=lambda one: -one.n):
            yield _Part(brief, one, held)


def _of_subgroups(source: Measurements) -> Charted:
    assert source.subgroup is not None
    made = subgroups_chart(source.values, source.subgroup, source.inside)
    sizes = np.bincount(source.subgroup, minlength=len(source.starts))
    return Charted(source.segment, made, source.starts, "subgroup", int(sizes[source.inside].sum()), 1.0)


def _of_buckets(brief: Brief, group: Group, held: Buckets) -> Charted:
    question = brief.plan.question
    assert isinstance(question, Capability)
    points = len(held.starts) if group.den is not None else _complete(brief, held)
    starts = held.starts[:points]
    num, den = group.num[:points], None if group.den is None else group.den[:points]
    made = _chosen(brief.model, question.metric, num, den, _inside(brief, starts), held.season[:points])
    return Charted(group.segment, made, starts, held.bucket, group.n, brief.model.metrics[question.metric].scale)


def _chosen(
    model: SemanticModel, metric: str, num: Floats, den: Floats | None, window: Mask, season: Ints
) -> ChosenChart:
    """Counts as counts, where they are; else one value a point."""
    whole = bool((num >= 0).all()) and np.array_equal(num, np.floor(num)) and bool(num.any())
    if den is None:
        if whole and model.metrics[metric].kind == "count":
            return counts_chart(num, None, window, items=False, season=season)
        return values_chart(num, window, season=season)
    there = den > 0
    if whole and model.metrics[metric].ratio is not None:
        top, bottom = (model.metrics[part] for part in model.metrics[metric].ratio or ())
        items = np.array_equal(den, np.floor(den)) and bool((num <= den).all()) and top.unit == bottom.unit
        if items or top.kind == "count":
            return counts_chart(np.where(there, num, np.nan), den, window, items=items, season=season)
    rates = np.divide(num, den, out=np.full(num.size, np.nan), where=there)
    return values_chart(rates, window, season=season)


def _inside(brief: Brief, starts: tuple[datetime, ...]) -> Mask:
    """Which buckets begin in the window."""
    question = brief.plan.question
    assert isinstance(question, Capability)
    zone = ZoneInfo(brief.model.timezone)
    start, end = (one.astimezone(zone).replace(tzinfo=None) for one in (question.window.start, question.window.end))
    return np.array([start <= one < end for one in starts], dtype=np.bool_)


def _complete(brief: Brief, held: Buckets) -> int:
    """How many buckets are whole: the last one of a sum is not, where the data ends in it."""
    as_of = brief.evidence.as_of
    if as_of is None:
        return len(held.starts)
    last = as_of.astimezone(ZoneInfo(brief.model.timezone)).replace(tzinfo=None)
    length = timedelta(hours=1) if held.bucket == "hour" else timedelta(days=1)
    return len(held.starts) - int(last < held.starts[-1] + WHOLE_ENOUGH * length)
