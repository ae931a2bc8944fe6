"""Recompute a claim from what was kept, and from the source while that still holds the same content."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gemba.errors import InputError, WorldError
from gemba.evidence.types import Evidence, Limits, Warehouse
from gemba.freshness import moved_entries
from gemba.insights.types import Claim, Insight
from gemba.investigation import brief, past_insights
from gemba.planning.types import Plan
from gemba.semantics.model import SemanticModel
from gemba.store.ports import Archive

if TYPE_CHECKING:
    from gemba.evidence.store import EvidenceStore

State = Literal["equal", "different", "evidence gone", "source moved on", "source unreadable"]


@dataclass(frozen=True, slots=True)
class Recomputed:
    """`difference`: largest relative difference over all numbers of the claim; None if nothing was compared."""

    state: State
    difference: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Verification:
    """Both verdicts on a claim. `source` is None where it was not asked for."""

    claim: Claim
    insight: Insight
    evidence: Recomputed
    source: Recomputed | None
    code_changed: bool

    @property
    def exit_code(self) -> int:
        """0 equal, 1 different, 4 evidence past its retention (the contract)."""
        states = {self.evidence.state, self.source.state if self.source else "equal"}
        if "different" in states:
            return 1
        return 4 if self.evidence.state == "evidence gone" else 0


def verify(
    claim_id: str, *, archive: Archive, evidence: EvidenceStore, warehouse: Warehouse | None, current_code: str
) -> Verification:
    """Recompute a claim by running its plan's agents again and weighing everything together.

    Args:
        claim_id: A claim's id or a unique prefix.
        warehouse: None leaves the source alone.
        current_code: `gemba.code_version.code_version()`, to say when the code has changed since.

    Raises:
        InputError: There is no such claim, or its run was not recorded.
        WorldError: The archive cannot be read.
    """
    found = archive.claim(claim_id)
    if found is None:
        raise InputError(f"there is no claim {claim_id!r}", hint="`gemba insights list`, then `gemba insights show ID`")
    insight, claim = found
    verified = verify_insight(
        insight, archive=archive, evidence=evidence, warehouse=warehouse, current_code=current_code
    )
    return next(one for one in verified if one.claim.id == claim.id)


def verify_insight(
    insight: Insight, *, archive: Archive, evidence: EvidenceStore, warehouse: Warehouse | None, current_code: str
) -> tuple[Verification, ...]:
    """Recompute every claim of an insight, in the order of its claims. Arguments and errors as `verify`."""
    run = archive.run_of(insight.id)
    if run is None or run.plan is None:
        raise InputError(f"the run behind insight {insight.id} was not recorded")
    record = archive.question(run.partition_key)
    assert record is not None, "a run has a question"
    again = _Recomputation(SemanticModel.model_validate_json(record.model_yaml), run.plan, archive)
    kept = again.from_evidence(insight, evidence)
    source = again.from_source(insight, warehouse) if warehouse is not None else None
    return tuple(
        Verification(
            claim,
            insight,
            evidence=kept.verdict(claim),
            source=source.verdict(claim) if source is not None else None,
            code_changed=insight.code_version != current_code,
        )
        for claim in insight.claims
    )


@dataclass(frozen=True, slots=True)
class _Again:
    """What came of doing it again: claims by id, or why it could not be done."""

    claims: dict[str, Claim] | None
    state: State = "equal"
    reason: str = ""

    def verdict(self, claim: Claim) -> Recomputed:
        if self.claims is None:
            return Recomputed(self.state, reason=self.reason)
        if claim.id not in self.claims:
            return Recomputed("different", difference=math.inf, reason="the claim is not made any more")
        from gemba.insights.verify import compare_claims

        found = compare_claims(claim, self.claims[claim.id])
        state: State = "equal" if found.is_equal else "different"
        return Recomputed(state, found.difference, ", ".join(found.differing))


@dataclass(frozen=True, slots=True)
class _Recomputation:
    model: SemanticModel
    plan: Plan
    archive: Archive

    def from_evidence(self, insight: Insight, store: EvidenceStore) -> _Again:
        if not store.has(insight.data_version):
            return _Again(None, "evidence gone", f"data version {insight.data_version[:12]} is past its retention")
        return self._weighed(store.load(insight.data_version))

    def from_source(self, insight: Insight, warehouse: Warehouse) -> _Again:
        requests = self.plan.requests
        try:
            moved = moved_entries(insight.read_set, warehouse.versions(self.model, insight.read_set))
            if moved:
                return _Again(None, "source moved on", ", ".join(moved[:3]))
            return self._weighed(warehouse.gather(self.model, requests, limits=Limits()))
        except WorldError as error:
            return _Again(None, "source unreadable", str(error))

    def _weighed(self, evidence: Evidence) -> _Again:
        from gemba.agents.registry import agents
        from gemba.agents.run import run_agent
        from gemba.insights.weigh import weigh

        deadline = time.monotonic() + Limits().deadline_s
        past = past_insights(self.plan, self.archive)
        context = brief(self.plan, evidence, model=self.model, past=past, deadline=deadline)
        outcomes = tuple(run_agent(agent, context) for agent in agents().values())
        return _Again({one.id: one for one in weigh(self.plan, outcomes, model=self.model).claims})
