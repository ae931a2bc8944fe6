"""Port of the archive: what Gemba knows about questions and their answers.

Writing is appending events; reading is reading projections that have caught up with them. A write is visible to
the next read through the same archive, whatever process made it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from gemba.agents.base import PastInsight
from gemba.events.types import Event
from gemba.insights.types import Claim, Insight, Outcome
from gemba.planning.types import Plan
from gemba.questions.types import Question

InvestigationState = Literal["asked", "running", "published", "partial", "withheld", "refused", "failed"]


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """One typed question and where its investigation stands."""

    partition_key: str
    key: str
    text: str
    question: Question
    model: str
    model_hash: str
    model_yaml: str
    assumptions: tuple[str, ...]
    asked_at: datetime
    state: InvestigationState
    run_id: str | None
    attempts: int
    refusal: Mapping[str, Any] | None = None
    error: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Submission:
    """A text that waits to be read."""

    stream: str
    text: str
    model: str
    as_of: datetime | None
    asked_by: str


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to investigate a question alone. `fence` grows with every holder."""

    key: str
    holder: str
    fence: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RunRecord:
    """The parts of one investigation as recorded so far, for explaining and verifying."""

    partition_key: str
    run_id: str
    plan: Plan | None
    data_version: str | None
    outcomes: tuple[Outcome, ...]
    weighed: Mapping[str, Any] | None
    insight: Insight | None
    seconds: Mapping[str, float]


class Archive(Protocol):
    """Bound to one tenant."""

    tenant: str

    def record(self, stream: str, *events: Event) -> None:
        """Append to a stream whatever its version."""
        ...

    def ask(self, partition_key: str, event: Event) -> bool:
        """Append `QuestionAsked` unless the question exists; True if it is new."""
        ...

    def question(self, partition_key: str) -> QuestionRecord | None: ...

    def question_by_key(self, key: str) -> QuestionRecord | None: ...

    def questions(
        self, *, state: InvestigationState | None = None, limit: int = 1000
    ) -> tuple[QuestionRecord, ...]: ...

    def submissions(self, *, limit: int = 100) -> tuple[Submission, ...]:
        """Texts submitted and not yet read, oldest first."""
        ...

    def current(self, key: str) -> Insight | None:
        """The newest published insight of a question key that was not withdrawn."""
        ...

    def answers(self, key: str) -> tuple[str, ...]:
        """Ids of all insights that a question key has had."""
        ...

    def insight(self, insight_id: str) -> Insight | None:
        """Any insight, withdrawn ones with that status. A unique prefix of the id suffices."""
        ...

    def insights(
        self, *, current_only: bool = True, model: str | None = None, limit: int = 1000
    ) -> tuple[Insight, ...]:
        """Newest first."""
        ...

    def claim(self, claim_id: str) -> tuple[Insight, Claim] | None:
        """A claim by id or unique prefix, with its newest insight."""
        ...

    def past(self, *, model: str, metric: str, before: datetime, limit: int = 20) -> tuple[PastInsight, ...]:
        """Earlier insights about the metric, newest first."""
        ...

    def run(self, partition_key: str, run_id: str) -> RunRecord | None: ...

    def run_of(self, insight_id: str) -> RunRecord | None: ...

    def source_versions(self, model: str, source: str) -> dict[str, str]:
        """Content versions by partition as last observed."""
        ...

    def take_lease(self, key: str, *, holder: str, life: timedelta) -> Lease | None:
        """None while somebody else holds a live one."""
        ...

    def renew_lease(self, lease: Lease, *, life: timedelta) -> bool: ...

    def release_lease(self, lease: Lease) -> None: ...

    def wait_for_change(self, key: str, *, timeout: timedelta) -> None:
        """Return when something was recorded about the question, or after the timeout."""
        ...

    def query(self, view: str, *, limit: int = 1000) -> Sequence[Mapping[str, Any]]:
        """Rows of one of the contract's analyst tables, by name."""
        ...
