"""What an agent is: one analysis, with evidence in and claims out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from gemba.evidence.types import Evidence
from gemba.insights.types import Claim, Findings, Gap
from gemba.planning.types import Plan
from gemba.questions.types import Question
from gemba.semantics.model import SemanticModel


@dataclass(frozen=True, slots=True)
class PastInsight:
    """An earlier answer about the same metric, for the history agent, with the claims it called significant."""

    insight_id: str
    question: Question
    summary: str
    created_at: datetime
    claims: tuple[Claim, ...]
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class Brief:
    """All that an agent may know. Deterministic: equal briefs give equal findings.

    `check_time` raises `LimitReachedError` when the deadline has passed; long loops call it.
    """

    model: SemanticModel
    plan: Plan
    evidence: Evidence
    past: tuple[PastInsight, ...] = ()
    check_time: Callable[[], None] = field(default=lambda: None)


class Agent(Protocol):
    """Registered under the entry-point group `gemba.agents`. `name` is an identifier and stable.

    `description` is shown in Dagit. An agent returns a `Gap` for data it cannot use and raises nothing it can
    foresee; whatever it raises all the same becomes a `Gap` in `gemba.agents.run`.
    """

    name: str
    description: str

    def analyse(self, brief: Brief) -> Findings | Gap: ...
