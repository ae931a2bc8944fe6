"""Which members of which dimensions moved more than their own noise, and otherwise than the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gemba.agents.base import Brief
from gemba.agents.panel import Panel, Setting, panel, setting
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import additive_column, ratio_form
from gemba.evidence.types import TOTAL
from gemba.insights.ids import claim_id
from gemba.insights.types import Claim, Findings, Gap, Test
from gemba.statistics.segments import Localised, localise, same_rows, total_change

AGENT = "segments"
METHOD = "segments"
MOST_MEMBERS = 2000
MOST_CLAIMS = 12


@dataclass(frozen=True, slots=True)
class _Candidate:
    panel: Panel
    index: int
    tests: Localised
    test_id: str

    @property
    def score(self) -> float:
        return float(self.tests.score[self.index])


class SegmentsAgent:
    """Compares every member of every candidate dimension with its own past and with the rest."""

    name = AGENT
    description = "Which members changed more than their own noise, and otherwise than the rest."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            found = setting(brief)
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        whole = panel(found, TOTAL)
        if int(found.timeline.history.sum()) < 14:
            return Gap(
                agent=AGENT,
                reason="too_little_data",
                message=f"segments need at least 14 buckets of history, got {int(found.timeline.history.sum())}",
            )
        candidates: list[_Candidate] = []
        notes: list[str] = []
        for grouping in found.groupings:
            brief.check_time()
            members = panel(found, grouping)
            if len(members.members) < 2:
                continue
            if len(members.members) > MOST_MEMBERS:
                notes.append(f"{' and '.join(grouping)}: {len(members.members)} members, too many to compare")
                continue
            candidates.extend(_tested(found, whole, members))
        claims, tests = _claims(found, whole, candidates)
        return Findings(agent=AGENT, claims=claims, tests=tests, notes=tuple(notes))


def _tested(found: Setting, whole: Panel, members: Panel) -> list[_Candidate]:
    metric = found.question.metric
    form = ratio_form(found.model, metric)
    tests = localise(
        members.num,
        members.den,
        whole.num[0],
        whole.den[0],
        timeline=found.timeline,
        counts=form is not None and form.floor,
        additive=additive_column(found.model, metric) is not None,
    )
    label = "×".join(members.grouping)
    return [
        _Candidate(members, index, tests, f"{label}={'×'.join(str(m) for m in members.members[index])}")
        for index in np.flatnonzero(np.isfinite(tests.p))
    ]


def _claims(found: Setting, whole: Panel, candidates: list[_Candidate]) -> tuple[tuple[Claim, ...], tuple[Test, ...]]:
    """Claims of the best distinct candidates, and every test with the claim that came of it."""
    ordered = sorted(candidates, key=lambda one: (-one.score, len(one.panel.grouping), one.test_id))
    claims: list[Claim] = []
    chosen: list[_Candidate] = []
    owner: dict[str, str] = {}
    for candidate in ordered:
        if len(claims) >= MOST_CLAIMS or not np.isfinite(candidate.score):
            break
        if any(same_rows(candidate.panel.rows[candidate.index], kept.panel.rows[kept.index]) for kept in chosen):
            continue
        claim = _claim(found, whole, candidate)
        chosen.append(candidate)
        claims.append(claim)
        owner[candidate.test_id] = claim.id
    tests = tuple(
        Test(id=f"{AGENT}:{one.test_id}", p_value=float(one.tests.p[one.index]), claim=owner.get(one.test_id))
        for one in candidates
    )
    return tuple(claims), tests


def _claim(found: Setting, whole: Panel, candidate: _Candidate) -> Claim:
    model, question = found.model, found.question
    metric = question.metric
    scale, unit = model.metrics[metric].scale, difference_unit(model, metric)
    shown = model.metrics[metric].unit
    i, tests, timeline = candidate.index, candidate.tests, found.timeline
    additive = additive_column(model, metric) is not None
    length = float(timeline.window.sum()) if additive else 1.0
    factor = scale * length
    segment = candidate.panel.segment(i)
    low, high = tests.rest.interval()
    effect = float(tests.rest.effect[i]) * factor
    ci = (float(low[i]) * factor, float(high[i]) * factor)
    before = float(tests.own.before[i]) * factor
    after = before + float(tests.own.effect[i]) * factor
    change = total_change(whole.num[0], whole.den[0], timeline, additive=additive) * scale
    explained_pct = 100.0 * float(tests.share[i])
    kind = "segment" if len(segment) == 1 else "localisation"
    statement = (
        f"{name_of(metric).capitalize()} of {segment_words(segment)} went from {quantity(before, shown)} to "
        f"{quantity(after, shown)}: {quantity(effect, unit, signed=True)} against what the rest did "
        f"(95 % interval {number(ci[0])} to {number(ci[1])}). "
        f"This arithmetically explains {number(explained_pct)} % of the whole change of "
        f"{quantity(change, unit, signed=True)}."
    )
    both = timeline.window | timeline.baseline
    return Claim(
        id=claim_id(kind, metric, segment, question=question, agent=AGENT),
        kind=kind,
        metric=metric,
        segment=segment,
        statement=statement,
        effect=effect,
        unit=unit,
        ci=ci,
        p_value=float(tests.p[i]),
        n=int(candidate.panel.rows[i][both].sum()),
        method=METHOD,
        agent=AGENT,
        details={
            "before": before,
            "after": after,
            "own_change": after - before,
            "whole_change": change,
            "explained": float(tests.explained[i]) * scale,
            "explained_pct": explained_pct,
            "score": candidate.score,
        },
    )
