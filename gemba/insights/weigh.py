"""Put what all agents found together: one false-discovery control, confidence, order, words.

The outcome depends on the outcomes' content only, not on the order in which the agents finished.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from pydantic import BaseModel, ConfigDict

from gemba.agents.wording import waterfall_title
from gemba.insights.confidence import confidence_of
from gemba.insights.rank import CAUSES, is_invalidating, ranked, without_repeats
from gemba.insights.types import Chart, Claim, Findings, Gap, Outcome
from gemba.insights.wording import summarise
from gemba.planning.types import Plan
from gemba.semantics.model import SemanticModel
from gemba.statistics.multiplicity import benjamini_hochberg


class Weighed(BaseModel):
    """Everything an insight says, before it is checked.

    `claims` are in order of `rank`. `headline` are the ids of the claims that `summary` is made of. `looked` are the
    agents that returned findings; empty with gaps means that the investigation failed as a whole. `detectable` is the
    smallest change that would have been seen, in the metric's unit (percentage points for "%").
    `data_doubtful`: a fault in the data coincides with the window.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    summary: str
    headline: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    gaps: tuple[Gap, ...] = ()
    charts: tuple[Chart, ...] = ()
    detectable: float | None = None
    notes: tuple[str, ...] = ()
    tests_run: int = 0
    alpha: float = 0.05
    looked: tuple[str, ...] = ()
    data_doubtful: bool = False

    @property
    def failed(self) -> bool:
        """Whether no planned agent could look."""
        return not self.looked and bool(self.gaps)

    @property
    def stands_out(self) -> bool:
        """Whether any claim is significant and not too small to matter."""
        return any(claim.significant and claim.material is not False for claim in self.claims)


def weigh(plan: Plan, outcomes: Sequence[Outcome], *, model: SemanticModel) -> Weighed:
    """Weigh the outcomes of an investigation.

    Args:
        plan: The plan; its `alpha` is the false-discovery rate over all tests of all agents.
        outcomes: One an agent, in any order; `NotPlanned` is left out. A planned agent without one becomes a gap.
        model: For units and `matters`.
    """
    by_agent = {outcome.agent: outcome for outcome in outcomes}
    places = {planned.name: place for place, planned in enumerate(plan.agents)}
    present = sorted(
        (one for one in by_agent.values() if one.outcome != "not_planned"),
        key=lambda one: (places.get(one.agent, len(places)), one.agent),
    )
    findings = [one for one in present if isinstance(one, Findings)]
    missing = (
        Gap(agent=planned.name, reason="error", message="the agent gave no outcome")
        for planned in plan.agents
        if planned.name not in by_agent or by_agent[planned.name].outcome == "not_planned"
    )
    gaps = (*(one for one in present if isinstance(one, Gap)), *missing)
    claims, tests_run, unsound = _tested(findings, alpha=plan.alpha)
    claims = [claim.model_copy(update={"material": _material(claim, model)}) for claim in claims]
    doubtful = any(is_invalidating(claim) for claim in claims)
    kept, repeats = without_repeats(ranked(claims, plan.question))
    ordered = tuple(
        claim.model_copy(update={"confidence": confidence_of(claim, kept, doubtful_data=doubtful)}) for claim in kept
    )
    detectable = _detectable(findings)
    notes = [*plan.notes, *(f"{one.agent}: {note}" for one in findings for note in one.notes), *unsound, *repeats]
    if not plan.agents:
        notes.append("The plan chose no agent: nothing was looked at.")
    summary, headline = summarise(plan, ordered, gaps=gaps, detectable=detectable, model=model, looked=bool(findings))
    return Weighed(
        summary=summary,
        headline=headline,
        claims=ordered,
        gaps=gaps,
        charts=_charts(findings, ordered, metric=getattr(plan.question, "metric", "")),
        detectable=detectable,
        notes=tuple(dict.fromkeys(notes)),
        tests_run=tests_run,
        alpha=plan.alpha,
        looked=tuple(one.agent for one in findings),
        data_doubtful=doubtful,
    )


def _tested(findings: Sequence[Findings], *, alpha: float) -> tuple[list[Claim], int, list[str]]:
    """Claims with q-values over every test that was run, the number of tests, and what is unsound about them.

    A claim's q-value is that of its test; of several, the largest. A p-value that no test accounts for is counted as
    a test of its own, so that no agent can keep its tests out of the family.
    """
    claims = [claim for one in findings for claim in one.claims]
    pairs = [(test.claim, test.p_value, test.weight) for one in findings for test in one.tests]
    accounted = {claim for claim, _, _ in pairs}
    pairs += [
        (claim.id, claim.p_value, 1.0) for claim in claims if claim.p_value is not None and claim.id not in accounted
    ]
    sound = [(claim, p, weight) for claim, p, weight in pairs if math.isfinite(p) and 0.0 <= p <= 1.0]
    unsound = len(pairs) - len(sound)
    q_values = benjamini_hochberg(
        np.array([p for _, p, _ in sound], dtype=np.float64), np.array([weight for _, _, weight in sound])
    )
    q_of: dict[str, float] = {}
    for (claim, _, _), q in zip(sound, q_values, strict=True):
        if claim is not None:
            q_of[claim] = max(float(q), q_of.get(claim, 0.0))
    weighed = []
    for claim in claims:
        q = q_of.get(claim.id) if claim.p_value is not None and not claim.exact else None
        weighed.append(claim.model_copy(update={"q_value": q, "significant": None if q is None else q <= alpha}))
    return weighed, len(sound), [f"{unsound} tests without a p-value were left out."] * (unsound > 0)


def _material(claim: Claim, model: SemanticModel) -> bool | None:
    """Whether the effect is at least the metric's `matters`. None where that is unset or measures something else.

    `matters` is in the metric's unit, in percentage points for "%"; effects are already shown in it. Values (not
    changes), shares, and changes per day or hour are not comparable with it.
    """
    metric = model.metrics.get(claim.metric)
    if metric is None or metric.matters is None:
        return None
    change = claim.kind in (*CAUSES, "change_point", "contribution") or (
        claim.kind in ANSWERS_OF_CHANGE and claim.p_value is not None
    )
    if not change or claim.unit != ("pp" if metric.unit == "%" else metric.unit):
        return None
    return abs(claim.effect) >= metric.matters


ANSWERS_OF_CHANGE = ("level", "trend")


def _charts(findings: Sequence[Findings], claims: Sequence[Claim], *, metric: str) -> tuple[Chart, ...]:
    """All charts, but of the splits of the change only one: by the dimension of the first cause that stands out.

    Without such a cause, or without its chart, the first that the agent gives.
    """
    charts = [chart for one in findings for chart in one.charts]
    splits = [chart for chart in charts if chart.kind == "waterfall"]
    named = [
        predicate.dimension
        for claim in claims
        if claim.kind in CAUSES and claim.significant and claim.material is not False
        for predicate in claim.segment
        if predicate.dimension
    ]
    chosen = splits[:1]
    for dimension in named:
        title = waterfall_title(metric, dimension)
        fitting = [chart for chart in splits if chart.title == title or chart.title.startswith(f"{title},")]
        if fitting:
            chosen = fitting[:1]
            break
    kept = [chart for chart in charts if chart.kind != "waterfall"]
    return (*chosen, *kept)


def _detectable(findings: Sequence[Findings]) -> float | None:
    """What the test of the whole would have seen; without one, the largest of what the agents name."""
    named = {one.agent: one.detectable for one in findings if one.detectable is not None}
    return named.get("level", max(named.values(), default=None))
