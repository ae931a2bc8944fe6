"""Recompute a claim from what was kept, and from the source while that still holds the same content."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from gemba.errors import InputError
from gemba.evidence.types import Evidence, Limits, Warehouse
from gemba.freshness import moved_entries
from gemba.insights.types import Claim, Insight
from gemba.investigation import brief
from gemba.planning.types import Plan
from gemba.semantics.model import SemanticModel
from gemba.store.ports import Archive, RunRecord

if TYPE_CHECKING:
    from gemba.evidence.store import EvidenceStore

TOLERANCE = 1e-9
"""Largest relative difference that counts as equal."""

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
    claim_id: str,
    *,
    archive: Archive,
    evidence: EvidenceStore,
    warehouse: Warehouse | None,
    current_code: str,
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
    from gemba.errors import WorldError

    found = archive.claim(claim_id)
    if found is None:
        raise InputError(f"there is no claim {claim_id!r}", hint="`gemba insights list`, then `gemba insights show ID`")
    insight, claim = found
    run = archive.run_of(insight.id)
    if run is None or run.plan is None:
        raise InputError(f"the run behind insight {insight.id} was not recorded")
    model = _model(run, archive)
    kept = _from_evidence(claim, run.plan, insight, model, archive, evidence)
    source: Recomputed | None = None
    if warehouse is not None:
        try:
            source = _from_source(claim, run.plan, insight, model, archive, warehouse)
        except WorldError as error:
            source = Recomputed("source unreadable", reason=str(error))
    return Verification(claim, insight, kept, source, code_changed=insight.code_version != current_code)


def _model(run: RunRecord, archive: Archive) -> SemanticModel:
    record = archive.question(run.partition_key)
    assert record is not None, "a run has a question"
    return SemanticModel.model_validate_json(record.model_yaml)


def _from_evidence(
    claim: Claim, plan: Plan, insight: Insight, model: SemanticModel, archive: Archive, store: EvidenceStore
) -> Recomputed:
    if not store.has(insight.data_version):
        return Recomputed("evidence gone", reason=f"data version {insight.data_version[:12]} is past its retention")
    return _compare(claim, plan, store.load(insight.data_version), model, archive)


def _from_source(
    claim: Claim, plan: Plan, insight: Insight, model: SemanticModel, archive: Archive, warehouse: Warehouse
) -> Recomputed:
    moved = moved_entries(insight.read_set, warehouse.versions(model, insight.read_set))
    if moved:
        return Recomputed("source moved on", reason=", ".join(moved[:3]))
    requests = (*plan.cubes, *plan.values, *plan.quality)
    return _compare(claim, plan, warehouse.gather(model, requests, limits=Limits()), model, archive)


def _compare(claim: Claim, plan: Plan, evidence: Evidence, model: SemanticModel, archive: Archive) -> Recomputed:
    from gemba.agents.registry import agents
    from gemba.agents.run import run_agent
    from gemba.insights.weigh import weigh

    known = agents()
    deadline = time.monotonic() + Limits().deadline_s
    context = brief(plan, evidence, model=model, archive=archive, deadline=deadline)
    outcomes = tuple(run_agent(agent, context) for agent in known.values())
    again = {one.id: one for one in weigh(plan, outcomes, model=model).claims}
    if claim.id not in again:
        return Recomputed("different", difference=math.inf, reason="the claim is not made any more")
    difference = largest_difference(claim, again[claim.id])
    return Recomputed("equal" if difference <= TOLERANCE else "different", difference=difference)


def largest_difference(stored: Claim, recomputed: Claim) -> float:
    """Largest relative difference over effect, interval, p, q, n, confidence and every number in `details`.

    Infinite where one claim has a number, a verdict or a segment that the other lacks.
    """
    exact = ("kind", "metric", "segment", "unit", "significant", "material", "exact", "n", "replicated", "method")
    if any(getattr(stored, name) != getattr(recomputed, name) for name in exact):
        return math.inf
    if set(stored.details) != set(recomputed.details):
        return math.inf
    pairs: list[tuple[object, object]] = [
        (stored.effect, recomputed.effect),
        (stored.p_value, recomputed.p_value),
        (stored.q_value, recomputed.q_value),
        (stored.confidence, recomputed.confidence),
        *((value, recomputed.details[name]) for name, value in stored.details.items()),
    ]
    if (stored.ci is None) != (recomputed.ci is None):
        return math.inf
    pairs.extend(zip(stored.ci or (), recomputed.ci or (), strict=True))
    return max(_relative(left, right) for left, right in pairs)


def _relative(left: object, right: object) -> float:
    if left == right:
        return 0.0
    if isinstance(left, bool | str) or isinstance(right, bool | str) or left is None or right is None:
        return math.inf
    a, b = float(left), float(right)  # type: ignore[arg-type]
    if math.isnan(a) and math.isnan(b):
        return 0.0
    return abs(a - b) / max(abs(a), abs(b))
