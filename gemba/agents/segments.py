"""Which members of which dimensions moved more than their own noise, and otherwise than the rest."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.candidates import Candidate, Comparison, candidates, comparison, strength_of_whole, weights
from gemba.agents.dating import dates_of
from gemba.agents.echoes import VANISHED, Cause, causes, echo_note
from gemba.agents.mix import cells_of, mix_of
from gemba.agents.overlap import Overlaps, left_of_whole
from gemba.agents.panel import Panel, panel, setting
from gemba.agents.second_look import looked_again
from gemba.agents.segment_claims import segment_claim, whole_claim
from gemba.errors import SampleTooSmallError
from gemba.evidence.types import TOTAL
from gemba.insights.types import Claim, Findings, Gap, Test
from gemba.statistics.segments import same_rows

AGENT = "segments"
MOST_MEMBERS = 2000
MOST_CLAIMS = 8
MOST_COMPARED = 24
MOST_PREDICATES = 2
LEAST_BUCKETS = 14
CONVINCING = 0.002
WHOLE = 0.05
"""Share of the false-discovery budget for the first thing to ask: whether the whole moved."""


class SegmentsAgent:
    """Compares every member of every candidate dimension with its own past and with the rest."""

    name = AGENT
    description = "Which members changed more than their own noise, and otherwise than the rest."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            found = setting(brief)
            mix = mix_of(found)
            compared = comparison(found, panel(found, TOTAL, mix))
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        buckets = int(found.timeline.history.sum())
        if buckets < LEAST_BUCKETS:
            message = f"segments need at least {LEAST_BUCKETS} {found.bucket}s of history, got {buckets}"
            return Gap(agent=AGENT, reason="too_little_data", message=message)
        every: list[Candidate] = []
        notes: list[str] = []
        panels: list[Panel] = []
        for grouping in found.groupings:
            brief.check_time()
            if grouping == cells_of(found):
                continue
            members = panel(found, grouping, mix)
            if len(members.members) > MOST_MEMBERS:
                notes.append(f"{' and '.join(grouping)}: {len(members.members)} members, too many to compare.")
            elif len(members.members) > 1:
                panels.append(members)
        known: set[tuple[str, bytes]] = {("level", _fingerprint(compared.whole, 0))}
        for members in sorted(panels, key=lambda one: (len(one.grouping), -len(one.members))):
            if len(members.grouping) > MOST_PREDICATES:
                continue  # nested dimensions together: there to tell which members share rows
            brief.check_time()
            for candidate in candidates(compared, members):
                mark = (candidate.aspect, _fingerprint(members, candidate.index))
                if mark not in known:
                    known.add(mark)
                    every.append(candidate)
        if not every:
            return Gap(agent=AGENT, reason="too_little_data", message="no segment has enough history to be tested")
        brief.check_time()
        chosen = causes(distinct(every), every, Overlaps(panels), alpha=brief.plan.alpha)
        claims: list[Claim] = []
        owner: dict[int, str] = {}
        whole = whole_claim(compared)
        if whole is not None and _stands_alone(compared, chosen):
            claims.append(whole)
        for cause in chosen[:MOST_CLAIMS]:
            brief.check_time()
            claim = looked_again(segment_claim(compared, cause, dates=dates_of(cause.candidate)), cause.candidate)
            claims.append(claim)
            owner[id(cause.candidate)] = claim.id
        notes += [note for cause in chosen if (note := echo_note(cause))]
        tests = tuple(
            Test(id=f"{AGENT}:{one.label}", p_value=float(one.p), claim=owner.get(id(one)), weight=float(weight))
            for one, weight in zip(every, weights(every), strict=True)
        )
        if np.isfinite(compared.own.p[0]):
            owned = claims[0].id if claims and claims[0] is whole else None
            first = max(1.0, WHOLE * len(every))
            tests = (Test(id=f"{AGENT}:whole", p_value=float(compared.own.p[0]), claim=owned, weight=first), *tests)
        return Findings(agent=AGENT, claims=tuple(claims), tests=tests, notes=tuple(notes))


def _stands_alone(compared: Comparison, chosen: list[Cause]) -> bool:
    """Whether "the whole moved" is a better account than any segment, and is not a segment's doing alone."""
    if any(strength_of_whole(compared) < one.score for one in chosen):
        return False
    listed = [one.candidate for one in chosen if one.stands_out and one.candidate.aspect != "share"]
    return not listed or left_of_whole(compared, listed[0]) <= VANISHED


def distinct(every: list[Candidate]) -> list[Candidate]:
    """The best candidates, best first; of segments that are the same rows in the window only one.

    Which one: fewer predicates first; then the dimension with clearly more members, which says more precisely where
    (a lot rather than its supplier), unless its own evidence is too thin; then the dimension without unknown members;
    then the clearly smaller p-value.
    """
    ordered = sorted(every, key=lambda one: (-one.score, len(one.panel.grouping), one.label))
    groups: list[list[Candidate]] = []
    firsts = np.empty((MOST_COMPARED, int(every[0].compared.found.timeline.window.sum())))
    for candidate in ordered:
        if not np.isfinite(candidate.score):
            break
        rows = _window_rows(candidate)
        same = np.flatnonzero(same_rows(rows, firsts[: len(groups)]))
        if same.size:
            groups[same[0]].append(candidate)
        elif len(groups) < MOST_COMPARED:
            firsts[len(groups)] = rows
            groups.append([candidate])
    return [min(group, key=_plainness) for group in groups]


def _fingerprint(members: Panel, index: int) -> bytes:
    """Equal for segments made of the same rows: machine 7, and hall 1 with machine 7, are one test, not two."""
    return members.num[index].tobytes() + members.rows[index].tobytes()


def _plainness(candidate: Candidate) -> tuple[float, ...]:
    members = len(candidate.panel.members)
    return (
        candidate.p > CONVINCING,
        len(candidate.panel.grouping),
        -round(math.log2(members)),
        any(None in member for member in candidate.panel.members),
        -round(-math.log10(max(candidate.p, 1e-300)) / 2),
        -members,
    )


def _window_rows(candidate: Candidate) -> NDArray[np.float64]:
    return candidate.panel.rows[candidate.index][candidate.compared.found.timeline.window]
