"""What can happen. Events are the single source of truth; every table that people read is a projection of them.

A payload is plain JSON-able data, validated by the class of its type and version. Old versions are lifted by
upcasters (`gemba.events.upcast`) when read; stored events are never changed.

Streams: `question/{partition_key}` for all that concerns one typed question, `source/{model}/{source}` for observed
content versions, `intake/{uuid}` for texts that wait to be read, `feedback/{insight_id}`.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict

from gemba.insights.types import Insight, Outcome
from gemba.planning.types import Plan
from gemba.questions.types import Question


class Event(BaseModel):
    """`VERSION` grows when the payload's meaning or shape changes."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    VERSION: ClassVar[int] = 1


class QuestionSubmitted(Event):
    """A text arrived (from SQL, Dagit, a form) and waits to be read. Starts stream `intake/...`."""

    text: str
    model: str
    as_of: datetime | None = None
    asked_by: str = ""


class QuestionRead(Event):
    """A submitted text was read: what came of it. `partition_key` when it was understood."""

    status: Literal["answered", "clarify", "refused", "failed"]
    text: str
    partition_key: str | None = None
    reason: str | None = None


class QuestionAsked(Event):
    """A typed question exists. First event of its stream. `model_yaml` is the model it is asked of, whole."""

    key: str
    text: str
    question: Question
    model: str
    model_hash: str
    model_yaml: str
    assumptions: tuple[str, ...] = ()
    asked_by: str = ""


class InvestigationStarted(Event):
    run_id: str
    executor: str
    reason: Literal["asked", "fresh", "stale", "backfill"]


class PlanMade(Event):
    run_id: str
    plan: Plan
    seconds: float


class EvidenceGathered(Event):
    """`queries` is a summary; the full SQL is in the evidence manifest under `data_version`."""

    run_id: str
    data_version: str
    queries: int
    rows: int
    seconds: float


class AgentFinished(Event):
    run_id: str
    agent: str
    outcome: Outcome
    seconds: float


class ClaimsWeighed(Event):
    """The claims together, after false-discovery control. `weighed` is `gemba.insights.weigh.Weighed` as data."""

    run_id: str
    weighed: dict[str, Any]
    seconds: float


class ClaimsChecked(Event):
    """`failures`: check name, claim id and reason of every claim or rule that did not pass."""

    run_id: str
    passed: bool
    checks: int
    failures: tuple[dict[str, Any], ...] = ()


class InsightPublished(Event):
    run_id: str
    insight: Insight


class InsightWithheld(Event):
    """Checks failed, or approval is needed (`pending_approval`): nothing new is shown."""

    run_id: str
    reason: str
    pending_approval: bool = False
    insight: Insight | None = None


class InsightApproved(Event):
    """Reserved: approval of an insight that was `pending_approval`."""

    insight_id: str
    by: str
    why: str = ""


class InsightRejected(Event):
    """Reserved."""

    insight_id: str
    by: str
    why: str = ""


class InsightWithdrawn(Event):
    """The data moved on. `moved`: the read-set entries that differ, as `source/partition`."""

    insight_id: str
    reason: str
    moved: tuple[str, ...] = ()


class InvestigationFailed(Event):
    run_id: str
    kind: str
    message: str
    hint: str = ""


class InvestigationRefused(Event):
    """The question was understood, and the data cannot answer it. Cached with its read set like an answer."""

    run_id: str
    reason: str
    missing: str
    text: str
    nearest: tuple[str, ...] = ()


class CacheServed(Event):
    """A published insight was served again."""

    insight_id: str
    outcome: Literal["hit", "joined"]


class SourceObserved(Event):
    """Content versions by partition as observed; `None` as a version: the partition is gone."""

    model: str
    source: str
    versions: dict[str, str | None]
    rows: int | None = None


class FeedbackGiven(Event):
    insight_id: str
    vote: Literal["up", "down"]
    why: str = ""
    by: str = ""


EVENT_TYPES: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        QuestionSubmitted,
        QuestionRead,
        QuestionAsked,
        InvestigationStarted,
        PlanMade,
        EvidenceGathered,
        AgentFinished,
        ClaimsWeighed,
        ClaimsChecked,
        InsightPublished,
        InsightWithheld,
        InsightApproved,
        InsightRejected,
        InsightWithdrawn,
        InvestigationFailed,
        InvestigationRefused,
        CacheServed,
        SourceObserved,
        FeedbackGiven,
    )
}
