"""Investigations: every run, and each of its steps as it ends."""

from __future__ import annotations

from typing import Any

from gemba.events import types as ev
from gemba.events.ports import Recorded
from gemba.store.projections.base import (
    Change,
    Column,
    Part,
    Projection,
    Put,
    Row,
    RowChange,
    Table,
    View,
    same,
    subject,
)

_RUN_COLUMNS = {
    "partition_key": Column("text", "Readable name of the question."),
    "run_id": Column("text", "The run."),
    "state": Column("text", "running, published, partial, withheld, refused or failed."),
    "reason": Column("text", "Why it was started: asked, fresh, stale or backfill."),
    "executor": Column("text", "What ran it."),
    "started_at": Column("timestamptz", "When it started."),
    "ended_at": Column("timestamptz", "When it ended."),
    "strategy": Column("text", "How it was investigated."),
    "complexity": Column("bigint", "1 simple, 2 analytical, 3 computational, 4 investigative."),
    "data_version": Column("text", "Hash of what was read."),
    "queries": Column("bigint", "Queries run against the sources."),
    "rows_read": Column("bigint", "Rows that they returned."),
    "checks": Column("bigint", "Checks made on the claims."),
    "checks_passed": Column("boolean", "Whether all of them passed."),
    "insight_id": Column("text", "The insight that came of it."),
    "error_kind": Column("text", "Kind of the error, or reason of the refusal."),
    "message": Column("text", "What went wrong, or why it was refused or withheld."),
    "hint": Column("text", "What to do about it."),
}

INVESTIGATION = Table(
    name="investigation",
    comment="One run of an investigation a row.",
    key=("partition_key", "run_id"),
    columns={
        **_RUN_COLUMNS,
        "plan": Column("jsonb", "The plan, whole."),
        "weighed": Column("jsonb", "The claims together after false-discovery control, whole."),
        "position": Column("bigint", "Order of starting."),
    },
    indexes=("run_id",),
)

_STEP_COLUMNS = {
    "partition_key": Column("text", "Readable name of the question."),
    "run_id": Column("text", "The run."),
    "step": Column("text", "plan, evidence, agent:NAME, weigh, check or publish."),
    "outcome": Column("text", "done, findings, not_planned, gap, passed, failed, published, withheld or refused."),
    "seconds": Column("double precision", "How long it took, in seconds; null where not measured."),
    "ended_at": Column("timestamptz", "When it ended."),
    "message": Column("text", "What it says: counts, the reason of a gap, failed checks."),
}

STEP = Table(
    name="investigation_progress",
    comment="One step of a run a row, as it ends.",
    key=("partition_key", "run_id", "step"),
    columns={
        **_STEP_COLUMNS,
        "position": Column("bigint", "Order of ending."),
        "payload": Column("jsonb", "What the step gave, whole, for agents and checks."),
    },
)

VIEWS = (
    View(
        "investigation",
        "Runs of investigations.",
        (Part("investigation", same(*_RUN_COLUMNS)),),
        ("started_at", "run_id"),
    ),
    View(
        "investigation_progress",
        "Steps of runs, as they end: follow a run here.",
        (Part("investigation_progress", same(*_STEP_COLUMNS)),),
        ("ended_at", "run_id", "step"),
    ),
)


def apply(recorded: Recorded) -> tuple[RowChange, ...]:
    event, at = recorded.event, recorded.recorded_at
    match event:
        case ev.InvestigationStarted():
            row = {
                "partition_key": subject(recorded),
                "run_id": event.run_id,
                "state": "running",
                "reason": event.reason,
                "executor": event.executor,
                "started_at": at,
                "position": recorded.position,
            }
            return (Put("investigation", row),)
        case ev.PlanMade():
            set_ = {
                "plan": event.plan.model_dump(mode="json"),
                "strategy": event.plan.strategy,
                "complexity": event.plan.complexity,
            }
            said = f"{len(event.plan.agents)} agents, {len(event.plan.cubes)} cubes"
            return (
                _run(recorded, event.run_id, set_),
                _step(recorded, event.run_id, "plan", "done", event.seconds, said),
            )
        case ev.EvidenceGathered():
            set_ = {"data_version": event.data_version, "queries": event.queries, "rows_read": event.rows}
            said = f"{event.queries} queries, {event.rows} rows"
            step = _step(recorded, event.run_id, "evidence", "done", event.seconds, said)
            return (_run(recorded, event.run_id, set_), step)
        case ev.AgentFinished():
            return (_agent_step(recorded, event),)
        case ev.ClaimsWeighed():
            step = _step(recorded, event.run_id, "weigh", "done", event.seconds, "")
            return (_run(recorded, event.run_id, {"weighed": event.weighed}), step)
        case ev.ClaimsChecked():
            said = f"{event.checks} checks, {len(event.failures)} failed"
            outcome = "passed" if event.passed else "failed"
            payload = list(event.failures)
            step = _step(recorded, event.run_id, "check", outcome, None, said, payload)
            return (_run(recorded, event.run_id, {"checks": event.checks, "checks_passed": event.passed}), step)
        case ev.InsightPublished():
            state = "partial" if event.insight.status == "partial" else "published"
            set_ = {"state": state, "ended_at": at, "insight_id": event.insight.id}
            step = _step(recorded, event.run_id, "publish", "published", None, event.insight.id)
            return (_run(recorded, event.run_id, set_), step)
        case ev.InsightWithheld():
            set_ = {"state": "withheld", "ended_at": at, "message": event.reason}
            step = _step(recorded, event.run_id, "publish", "withheld", None, event.reason)
            return (_run(recorded, event.run_id, set_), step)
        case ev.InvestigationRefused():
            set_ = {"state": "refused", "ended_at": at, "error_kind": event.reason, "message": event.text}
            step = _step(recorded, event.run_id, "publish", "refused", None, event.text)
            return (_run(recorded, event.run_id, set_), step)
        case ev.InvestigationFailed():
            set_ = {
                "state": "failed",
                "ended_at": at,
                "error_kind": event.kind,
                "message": event.message,
                "hint": event.hint,
            }
            return (_run(recorded, event.run_id, set_),)
        case _:
            return ()


def _run(recorded: Recorded, run_id: str, set_: Row) -> Change:
    return Change("investigation", {"partition_key": subject(recorded), "run_id": run_id}, set=set_)


def _step(
    recorded: Recorded,
    run_id: str,
    step: str,
    outcome: str,
    seconds: float | None,
    message: str,
    payload: Any = None,
) -> Put:
    row = {
        "partition_key": subject(recorded),
        "run_id": run_id,
        "step": step,
        "outcome": outcome,
        "seconds": seconds,
        "ended_at": recorded.recorded_at,
        "message": message,
        "position": recorded.position,
        "payload": payload,
    }
    return Put("investigation_progress", row)


def _agent_step(recorded: Recorded, event: ev.AgentFinished) -> Put:
    outcome = event.outcome
    match outcome.outcome:
        case "findings":
            said = f"{len(outcome.claims)} claims, {len(outcome.tests)} tests"
        case "gap":
            said = f"{outcome.reason}: {outcome.message}"
        case _:
            said = ""
    payload = outcome.model_dump(mode="json")
    return _step(recorded, event.run_id, f"agent:{event.agent}", outcome.outcome, event.seconds, said, payload)


PROJECTION = Projection("investigations", version=1, tables=(INVESTIGATION, STEP), apply=apply)
