"""Which members of which dimensions moved more than their own noise, and otherwise than the rest."""

from __future__ import annotations

import numpy as np

from gemba.agents.base import Brief
from gemba.agents.candidates import Candidate, candidates, comparison
from gemba.agents.dating import date_change, first_seen
from gemba.agents.panel import panel, setting
from gemba.agents.segment_claims import segment_claim
from gemba.errors import SampleTooSmallError
from gemba.evidence.types import TOTAL
from gemba.insights.types import Claim, Findings, Gap, Test
from gemba.statistics.segments import same_rows

AGENT = "segments"
MOST_MEMBERS = 2000
MOST_CLAIMS = 12
LEAST_BUCKETS = 14


class SegmentsAgent:
    """Compares every member of every candidate dimension with its own past and with the rest."""

    name = AGENT
    description = "Which members changed more than their own noise, and otherwise than the rest."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            found = setting(brief)
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        buckets = int(found.timeline.history.sum())
        if buckets < LEAST_BUCKETS:
            message = f"segments need at least {LEAST_BUCKETS} {found.bucket}s of history, got {buckets}"
            return Gap(agent=AGENT, reason="too_little_data", message=message)
        compared = comparison(found, panel(found, TOTAL))
        every: list[Candidate] = []
        notes: list[str] = []
        for grouping in found.groupings:
            brief.check_time()
            members = panel(found, grouping)
            if len(members.members) < 2:
                continue
            if len(members.members) > MOST_MEMBERS:
                notes.append(f"{' and '.join(grouping)}: {len(members.members)} members, too many to compare.")
                continue
            every.extend(candidates(compared, members))
        if not every:
            return Gap(agent=AGENT, reason="too_little_data", message="no segment has enough history to be tested")
        chosen = distinct(every)
        claims: list[Claim] = []
        owner: dict[int, str] = {}
        for candidate in chosen:
            brief.check_time()
            claim = segment_claim(compared, candidate, dates=_dates(candidate))
            claims.append(claim)
            owner[id(candidate)] = claim.id
        tests = tuple(Test(id=f"{AGENT}:{one.label}", p_value=float(one.p), claim=owner.get(id(one))) for one in every)
        return Findings(agent=AGENT, claims=tuple(claims), tests=tests, notes=tuple(notes))


def distinct(every: list[Candidate]) -> list[Candidate]:
    """The best candidates, best first; of segments that are made of the same rows only the best one."""
    ordered = sorted(every, key=lambda one: (-one.score, len(one.panel.grouping), one.label))
    chosen: list[Candidate] = []
    for candidate in ordered:
        if len(chosen) == MOST_CLAIMS or not np.isfinite(candidate.score):
            break
        rows = candidate.panel.rows[candidate.index]
        if not any(same_rows(rows, kept.panel.rows[kept.index]) for kept in chosen):
            chosen.append(candidate)
    return chosen


def _dates(candidate: Candidate) -> dict[str, str]:
    """Start of the change with its interval, as details of a claim; empty where it cannot be dated."""
    found = candidate.compared.found
    if candidate.aspect == "arrival":
        first = first_seen(found, candidate.panel.rows[candidate.index])
        return {"date": first, "date_low": first, "date_high": first}
    num, den, total_num, total_den = candidate.series
    dated = date_change(found, num, den, total_num, total_den, against_rest=candidate.aspect == "level")
    return {} if dated is None else {"date": dated.date, "date_low": dated.low, "date_high": dated.high}
