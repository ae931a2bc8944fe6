"""What is unusual about a metric: hours or days that lie far from what all the others let one expect."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.agents.anomaly_claims import incident_claim, series_chart, shift_claim
from gemba.agents.base import Brief
from gemba.agents.odd_series import SPAN, Judged, judged, question_of, seasons, tested
from gemba.agents.series import Buckets, Group, buckets, groups, total
from gemba.agents.wording import segment_words
from gemba.errors import SampleTooSmallError
from gemba.insights.types import Chart, Claim, Findings, Gap, Test
from gemba.statistics.anomalies import Anomalies, anomalies, incidents
from gemba.statistics.multiplicity import benjamini_hochberg

AGENT = "anomaly"
MOST_MEMBERS = 40
MOST_CHARTS = 3

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Looked:
    """One member's series after looking at it."""

    group: Group
    series: Judged
    found: Anomalies


class AnomalyAgent:
    """Tests every bucket of the window, in the whole and in each group, and tells each incident once."""

    name = AGENT
    description = "Hours or days that lie far from what season, level and neighbours let one expect; shifts told apart."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            held = buckets(brief)
            whole = total(brief, held)
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        inside, notes = tested(brief, held)
        by = question_of(brief).group_by
        members = sorted(groups(brief, held, by) if by else (), key=lambda one: -one.n)
        said = [f"{len(members) - MOST_MEMBERS} groups with the fewest rows were not looked at"]
        said = said * (len(members) > MOST_MEMBERS) + list(notes)
        looked: list[Looked] = []
        for group in (whole, *members[:MOST_MEMBERS]):
            brief.check_time()
            try:
                looked.append(_look(group, held, inside, brief, tests=1 + len(members[:MOST_MEMBERS])))
            except SampleTooSmallError as error:
                if group is whole:
                    return Gap(agent=AGENT, reason="too_little_data", message=str(error))
                said.append(f"{segment_words(group.segment)}: {error}")
        return _findings(looked, held, inside, brief, said)


def _look(group: Group, held: Buckets, inside: Mask, brief: Brief, *, tests: int) -> Looked:
    series = judged(group, held, brief)
    found = anomalies(
        series.values,
        inside,
        seasons=seasons(held),
        span=SPAN[held.bucket],
        sizes=series.sizes,
        limit=brief.plan.alpha / max(tests * int(inside.sum()), 1),
    )
    return Looked(group, series, found)


def _findings(looked: list[Looked], held: Buckets, inside: Mask, brief: Brief, notes: list[str]) -> Findings:
    alpha = brief.plan.alpha
    p_values = np.concatenate(
        [one.found.p[inside] for one in looked] + [[shift.p] for one in looked if (shift := one.found.shift)]
    )
    q = np.full(p_values.size, np.nan)
    told = np.isfinite(p_values)
    q[told] = benjamini_hochberg(p_values[told])
    limit = float(p_values[told][q[told] <= alpha].max(initial=-1.0))
    claims: list[Claim] = []
    tests: list[Test] = []
    charts: list[Chart] = []
    for one in looked:
        words = segment_words(one.group.segment)
        deviation = one.series.values - one.found.expected
        runs = incidents(one.found.p, deviation, np.nan_to_num(one.found.p, nan=1.0) <= limit)
        made = {run.peak: incident_claim(brief, held, one.group, one.series, one.found, run) for run in runs}
        for at in np.flatnonzero(np.isfinite(one.found.p)):
            name = held.starts[at].isoformat(timespec="minutes")
            claim = made[int(at)].id if int(at) in made else None
            tests.append(Test(id=f"{AGENT}:{words}:{name}", p_value=float(one.found.p[at]), claim=claim))
        claims += made.values()
        shift = one.found.shift
        if shift is not None:
            shifted = (shift_claim(brief, held, one.group, shift),) if shift.p <= limit else ()
            claims += shifted
            about = shifted[0].id if shifted else None
            tests.append(Test(id=f"{AGENT}:{words}:shift", p_value=shift.p, claim=about))
        if one is looked[0] or runs:
            charts.append(series_chart(brief, held, one.group, one.series, one.found, runs, inside))
    return Findings(
        agent=AGENT,
        claims=tuple(sorted(claims, key=lambda one: (one.kind != "anomaly", one.p_value))),
        tests=tuple(tests),
        charts=tuple(charts[:MOST_CHARTS]),
        detectable=_detectable(looked, brief),
        notes=tuple(notes),
    )


def _detectable(looked: list[Looked], brief: Brief) -> float | None:
    """Of the whole, in the unit shown; None where no deviation would be seen."""
    size = looked[0].found.detectable * abs(brief.model.metrics[question_of(brief).metric].scale)
    return size if np.isfinite(size) else None
