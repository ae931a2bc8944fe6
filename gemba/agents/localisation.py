"""Which combinations of members, of any depth and several at a time, explain the change."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl

from gemba.agents.base import Brief
from gemba.agents.candidates import Candidate, Comparison, candidates, comparison
from gemba.agents.dating import dates_of
from gemba.agents.echoes import Cause
from gemba.agents.leaves import Leaves, leaves_of
from gemba.agents.panel import Panel, Setting, cubes, panel, setting
from gemba.agents.second_look import looked_again
from gemba.agents.segment_claims import segment_claim
from gemba.agents.wording import segment_words
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.evidence.measure import rollup
from gemba.evidence.types import TOTAL
from gemba.insights.types import Claim, Findings, Gap, Test
from gemba.statistics.leaf_expectation import factor_of_rest
from gemba.statistics.localisation import Localisation, Segment, localise
from gemba.statistics.localisation_lattice import inside

AGENT = "localisation"
DEEPEST = 3
MOST_CLAIMS = 5
MOST_PEERS = 2_000
SHARE = 0.25
"""Weight of a test, per member of single dimensions, in the false-discovery control: its p-value is corrected for the
search already, and must not pay for it twice."""
STEADY = 0.01
ROUNDS = 3


class LocalisationAgent:
    """Searches all combinations of members at once; each one found is tested against its own past and the rest."""

    name = AGENT
    description = "Which combinations of members changed as one, of any depth, several at a time."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            found = setting(brief)
            leaves = leaves_of(found)
            compared = comparison(found, panel(found, TOTAL, leaves.mix))
            brief.check_time()
            located = located_in(leaves)
        except (SampleTooSmallError, UnusableValuesError) as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        claims: list[Claim] = []
        tests: list[Test] = []
        notes: list[str] = []
        weight = max(1.0, SHARE * sum(map(len, leaves.members)))
        for segment in located.segments:
            brief.check_time()
            members, index = panel_of(found, leaves, segment)
            candidate = tested(compared, members, index)
            if candidate is None:
                notes.append(f"{segment_words(members.segment(index))} stands out, but its noise is not known.")
                continue
            p, named = p_value(segment, candidate), None
            if p <= brief.plan.alpha and len(claims) < MOST_CLAIMS:
                claims.append(_claim(compared, candidate, segment, p))
                named = claims[-1].id
            tests.append(Test(id=f"{AGENT}:{candidate.label}", p_value=p, claim=named, weight=weight))
        if not tests:
            tests.append(Test(id=f"{AGENT}:search", p_value=1.0))
        notes += [f"{leaves.cells[one]} was not searched: it names single rows." for one in located.dropped]
        return Findings(agent=AGENT, claims=tuple(claims), tests=tuple(tests), notes=tuple(notes))


def located_in(leaves: Leaves) -> Localisation:
    """Segments that changed otherwise than the rest; what the rest did is learnt again once they are known.

    Raises as `gemba.statistics.localisation.localise`.
    """
    factor = factor_of_rest(leaves.codes, leaves.actual, leaves.expected)
    for _ in range(ROUNDS):
        located = localise(
            leaves.codes,
            leaves.actual,
            leaves.expected * factor,
            inflation=leaves.inflation,
            counting=leaves.counting,
            earlier=leaves.earlier,
            deepest=DEEPEST,
        )
        rest = np.ones(leaves.actual.size, bool)
        for one in located.segments:
            rest &= ~inside(leaves.codes.T, one.attributes, one.members)
        known, factor = factor, factor_of_rest(leaves.codes, leaves.actual, leaves.expected, rest)
        if abs(factor - known) <= STEADY * known:
            break
    return located


def panel_of(found: Setting, leaves: Leaves, segment: Segment) -> tuple[Panel, int]:
    """The segment over time, added up from the cells, among the others of its kind, and its place among them.

    Alone where there are more than `MOST_PEERS` of these.
    """
    grouping = tuple(leaves.cells[one] for one in segment.attributes)
    member = tuple(leaves.members[at][one] for at, one in zip(segment.attributes, segment.members, strict=True))
    frames: Sequence[pl.DataFrame] = cubes(found, leaves.cells)
    if frames[-1].select(pl.struct(grouping).n_unique()).item() > MOST_PEERS:
        here = [
            pl.col(name).eq_missing(pl.lit(one, dtype=pl.String)) for name, one in zip(grouping, member, strict=True)
        ]
        frames = [frame.filter(here) for frame in frames]
    model, metric = found.model, found.question.metric
    added = [rollup(frame, ["bucket", *grouping], model=model, metric=metric) for frame in frames]
    members = panel(found, grouping, leaves.mix, frames=added)
    return members, members.members.index(member)


def tested(compared: Comparison, members: Panel, index: int) -> Candidate | None:
    """The segment's level against its own past and the rest, or as an arrival; None where neither can be tested."""
    return next((one for one in candidates(compared, members) if one.index == index and one.aspect != "share"), None)


def p_value(segment: Segment, candidate: Candidate) -> float:
    """The larger of two, each good for the whole search.

    Over the leaves: noise alone names any segment with a gain of g nats, names paid, with a chance of at most
    exp(-g) (Markov's inequality, as the prices of all names add up to 1). Over time: the segment against its own past
    and the rest, times the number of segments that could have been named (Bonferroni).
    """
    over_leaves = math.exp(-max(segment.gain, 0.0))
    over_time = min(1.0, candidate.p * math.exp(segment.price))
    return max(over_leaves, over_time)


def _claim(compared: Comparison, candidate: Candidate, segment: Segment, p: float) -> Claim:
    claim = segment_claim(
        compared, Cause(candidate, candidate.score), dates=dates_of(candidate), agent=AGENT, method=AGENT
    )
    details = claim.details | {"gain_nats": segment.gain, "leaves": segment.leaves}
    return looked_again(claim.model_copy(update={"p_value": p, "details": details}), candidate)
