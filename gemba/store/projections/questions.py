"""Typed questions and where they stand, and texts that wait to be read."""

from __future__ import annotations

from gemba.events import types as ev
from gemba.events.ports import Recorded
from gemba.questions.types import QUESTION
from gemba.store.projections.base import Change, Column, Part, Projection, Put, PutNew, RowChange, Table, View, subject

QUESTION_TABLE = Table(
    name="question",
    comment="One typed question a row.",
    key=("partition_key",),
    columns={
        "partition_key": Column("text", "Readable name of the question; its partition in Dagit."),
        "key": Column("text", "Identity of the question: SHA-256 of its typed form, model, tenant and permissions."),
        "text": Column("text", "The question as it was first put."),
        "kind": Column("text", "why, compare, trend, level, top, ..."),
        "metric": Column("text", "Metric it is about; null for questions about several."),
        "question": Column("jsonb", "The typed question."),
        "model": Column("text", "Name of the semantic model."),
        "model_hash": Column("text", "Hash of the model's content."),
        "model_yaml": Column("text", "The model it was asked of, whole."),
        "assumptions": Column("jsonb", "What was not said and had to be decided."),
        "asked_by": Column("text", "Who asked first."),
        "asked_at": Column("timestamptz", "When it was first asked."),
        "state": Column("text", "asked, running, published, partial, withheld, refused or failed."),
        "reason": Column("text", "Why there is no answer: of the refusal, the failure, or what was not understood."),
        "run_id": Column("text", "The newest run."),
        "attempts": Column("bigint", "Runs started so far."),
        "refusal": Column("jsonb", "Why the data cannot answer it, if so."),
        "error": Column("jsonb", "What went wrong in the newest run, if it failed."),
        "changed_at": Column("timestamptz", "When the state last changed."),
        "position": Column("bigint", "Order in which questions were asked."),
    },
    indexes=("key", "state"),
)

SUBMISSION = Table(
    name="submission",
    comment="Texts handed in to be read, for example by an INSERT into the view question.",
    key=("stream",),
    columns={
        "stream": Column("text", "Stream of its events, intake/UUID."),
        "text": Column("text", "The text."),
        "model": Column("text", "Model it is asked of: a name or a path."),
        "as_of": Column("timestamptz", "Instant that relative words are read from; null: now."),
        "asked_by": Column("text", "Who handed it in."),
        "asked_at": Column("timestamptz", "When."),
        "state": Column("text", "submitted, answered (became a question), clarify, refused or failed."),
        "reason": Column("text", "Why it was not understood."),
        "partition_key": Column("text", "The question it became."),
        "position": Column("bigint", "Order in which texts arrived."),
    },
    indexes=("state, position",),
)

VIEW = View(
    name="question",
    comment="Questions and where they stand. INSERT (text, model [, as_of]) asks one.",
    parts=(
        Part(
            table="question",
            columns={
                "text": "text",
                "model": "model",
                "state": "state",
                "reason": "reason",
                "partition_key": "partition_key",
                "key": "key",
                "kind": "kind",
                "metric": "metric",
                "question": "question",
                "assumptions": "assumptions",
                "asked_by": "asked_by",
                "asked_at": "asked_at",
                "changed_at": "changed_at",
                "run_id": "run_id",
                "attempts": "attempts",
                "refusal": "refusal",
                "error": "error",
            },
        ),
        *(
            Part(
                table="submission",
                columns={
                    "text": "text",
                    "model": "model",
                    "state": "state",
                    "reason": "reason",
                    "asked_by": "asked_by",
                    "asked_at": "asked_at",
                    "changed_at": "asked_at",
                    "as_of": "as_of",
                },
                where={"state": state},
            )
            for state in ("submitted", "clarify", "refused", "failed")
        ),
    ),
    newest_first=("asked_at", "partition_key"),
)


_NO_REASON = {"reason": None, "refusal": None, "error": None}


def apply(recorded: Recorded) -> tuple[RowChange, ...]:
    event, at = recorded.event, recorded.recorded_at
    match event:
        case ev.QuestionSubmitted():
            row = {
                "stream": recorded.stream,
                "text": event.text,
                "model": event.model,
                "as_of": event.as_of,
                "asked_by": event.asked_by,
                "asked_at": at,
                "state": "submitted",
                "position": recorded.position,
            }
            return (Put("submission", row),)
        case ev.QuestionRead():
            read = {"state": event.status, "reason": event.reason, "partition_key": event.partition_key}
            return (Change("submission", {"stream": recorded.stream}, set=read),)
        case ev.QuestionAsked():
            return (PutNew("question", _asked(recorded, event)),)
        case ev.InvestigationStarted():
            set_ = {"state": "running", "run_id": event.run_id, **_NO_REASON, "changed_at": at}
            return (Change("question", {"partition_key": subject(recorded)}, set=set_, add={"attempts": 1}),)
        case ev.InsightPublished():
            state = "partial" if event.insight.status == "partial" else "published"
            return (_state(recorded, state, **_NO_REASON),)
        case ev.InsightWithheld():
            return (_state(recorded, "withheld", reason=event.reason),)
        case ev.InsightApproved():
            return (_state(recorded, "published", **_NO_REASON),)
        case ev.InvestigationRefused():
            refusal = {
                "reason": event.reason,
                "missing": event.missing,
                "text": event.text,
                "nearest": list(event.nearest),
                "run_id": event.run_id,
            }
            return (_state(recorded, "refused", reason=event.reason, refusal=refusal),)
        case ev.InvestigationFailed():
            error = {"kind": event.kind, "message": event.message, "hint": event.hint, "run_id": event.run_id}
            return (_state(recorded, "failed", reason=event.kind, error=error),)
        case _:
            return ()


def _asked(recorded: Recorded, event: ev.QuestionAsked) -> dict:
    return {
        "partition_key": subject(recorded),
        "key": event.key,
        "text": event.text,
        "kind": event.question.kind,
        "metric": getattr(event.question, "metric", None),
        "question": QUESTION.dump_python(event.question, mode="json"),
        "model": event.model,
        "model_hash": event.model_hash,
        "model_yaml": event.model_yaml,
        "assumptions": list(event.assumptions),
        "asked_by": event.asked_by,
        "asked_at": recorded.recorded_at,
        "state": "asked",
        "attempts": 0,
        "changed_at": recorded.recorded_at,
        "position": recorded.position,
    }


def _state(recorded: Recorded, state: str, **more: object) -> Change:
    set_ = {"state": state, "changed_at": recorded.recorded_at, **more}
    return Change("question", {"partition_key": subject(recorded)}, set=set_)


PROJECTION = Projection("questions", version=1, tables=(QUESTION_TABLE, SUBMISSION), apply=apply)
VIEWS = (VIEW,)
