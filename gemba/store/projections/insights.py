"""Insights, their claims and what they read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gemba.events import types as ev
from gemba.events.ports import Recorded
from gemba.insights.types import Insight
from gemba.store.projections.base import (
    Change,
    Column,
    Part,
    Projection,
    Put,
    Remove,
    Row,
    RowChange,
    Table,
    View,
    same,
    subject,
)

_INSIGHT_COLUMNS = {
    "insight_id": Column("text", "Identity of the answer: question, data version, strategy and code version."),
    "key": Column("text", "Key of the question."),
    "partition_key": Column("text", "Readable name of the question; its partition in Dagit."),
    "run_id": Column("text", "The run that made it."),
    "model": Column("text", "Name of the semantic model."),
    "kind": Column("text", "Kind of the question."),
    "metric": Column("text", "Metric of the question; null if it is about several."),
    "question": Column("jsonb", "The typed question."),
    "summary": Column("text", "The answer in words."),
    "confidence": Column("double precision", "From 0 to 1; see docs/methods."),
    "status": Column("text", "published, partial, pending_approval or withdrawn."),
    "claims": Column("bigint", "Number of claims."),
    "significant_claims": Column("bigint", "Claims called significant after false-discovery control."),
    "gaps": Column("bigint", "Agents that should have looked and could not."),
    "detectable": Column("double precision", "Smallest effect that would have been seen, in the metric's unit."),
    "tests_run": Column("bigint", "Hypothesis tests counted for the q-values."),
    "alpha": Column("double precision", "False-discovery rate allowed."),
    "data_version": Column("text", "Hash of what was read; the evidence is kept under it."),
    "strategy": Column("text", "How it was investigated."),
    "version": Column("bigint", "Answers to this question so far."),
    "code_version": Column("text", "Version of Gemba."),
    "created_at": Column("timestamptz", "When it was found."),
    "published_at": Column("timestamptz", "When it was published."),
    "valid_until": Column("timestamptz", "When it must be looked at again even if no data changed; null: never."),
    "withdrawn_at": Column("timestamptz", "When it was withdrawn."),
    "withdrawn_reason": Column("text", "Why."),
    "moved": Column("jsonb", "What it had read and has changed since, as source/partition."),
}

INSIGHT = Table(
    name="insight",
    comment="One answer a row, current and past.",
    key=("insight_id",),
    columns={
        **_INSIGHT_COLUMNS,
        "is_current": Column("boolean", "Whether it is the answer served now."),
        "awaits_refresh": Column("boolean", "Withdrawn while current, and not answered anew since."),
        "position": Column("bigint", "Order of publishing."),
        "payload": Column("jsonb", "The whole insight as published."),
    },
    indexes=("key WHERE is_current", "model, metric, position", "partition_key", "position"),
)

_CLAIM_COLUMNS = {
    "insight_id": Column("text", "The insight it belongs to."),
    "claim_id": Column("text", "Identity of the claim; the same finding about the same question has the same id."),
    "rank": Column("bigint", "Place in the insight, 1 first."),
    "kind": Column("text", "contribution, segment, change_point, quality, history, level, share, ..."),
    "metric": Column("text", "Metric it is about."),
    "segment": Column("jsonb", "Rows it is about: a list of predicates."),
    "statement": Column("text", "The claim in words."),
    "effect": Column("double precision", "Size, in unit."),
    "unit": Column("text", "Unit of effect and interval."),
    "ci_low": Column("double precision", "Lower end of the confidence interval, in unit."),
    "ci_high": Column("double precision", "Upper end of the confidence interval, in unit."),
    "ci_level": Column("double precision", "Coverage of the interval, for example 0.95."),
    "p_value": Column("double precision", "Null for an arithmetic identity."),
    "q_value": Column("double precision", "p-value after false-discovery control over all tests of the investigation."),
    "significant": Column("boolean", "q_value within the allowed rate."),
    "material": Column("boolean", "Effect at least what the model says matters."),
    "exact": Column("boolean", "An arithmetic identity, not an estimate."),
    "n": Column("bigint", "Observations it rests on."),
    "method": Column("text", "Page under docs/methods."),
    "confidence": Column("double precision", "From 0 to 1."),
    "replicated": Column("boolean", "Found again in a part of the data held out."),
    "agent": Column("text", "The analysis that found it."),
    "details": Column("jsonb", "Further numbers by name."),
}

CLAIM = Table(
    name="claim",
    comment="One claim of one insight a row.",
    key=("insight_id", "claim_id"),
    columns={
        **_CLAIM_COLUMNS,
        "partition_key": Column("text", "Readable name of the question."),
        "model": Column("text", "Name of the semantic model."),
        "is_current": Column("boolean", "Whether its insight is the answer served now."),
        "position": Column("bigint", "Order of publishing."),
    },
    indexes=("claim_id text_pattern_ops", "partition_key"),
)

EVIDENCE = Table(
    name="evidence",
    comment="What an insight read: one partition of one source a row.",
    key=("insight_id", "source", "partition"),
    columns={
        "insight_id": Column("text", "The insight."),
        "source": Column("text", "Source of the semantic model."),
        "partition": Column("text", "Partition of the source, by its first instant; all: the whole source."),
        "content_version": Column("text", "Version of the partition's content when it was read."),
        "data_version": Column("text", "Hash over all that was read; files of the evidence are kept under it."),
        "partition_key": Column("text", "Readable name of the question."),
        "model": Column("text", "Name of the semantic model."),
        "is_current": Column("boolean", "Whether its insight is the answer served now."),
        "read_at": Column("timestamptz", "When the insight was found."),
    },
    indexes=("model, source, partition", "partition_key"),
)

_CLAIM_VIEW = ("model", "partition_key", "is_current", *_CLAIM_COLUMNS)
VIEWS = (
    View(
        "insight_current",
        "Answers served now.",
        (Part("insight", same(*_INSIGHT_COLUMNS), {"is_current": True}),),
        ("published_at", "insight_id"),
    ),
    View(
        "insight_history",
        "All answers ever given, withdrawn and replaced ones too.",
        (Part("insight", same(*_INSIGHT_COLUMNS, "is_current")),),
        ("published_at", "insight_id"),
    ),
    View(
        "stale_insight",
        "Answers withdrawn because their data moved on, and not given anew yet.",
        (Part("insight", same(*_INSIGHT_COLUMNS), {"awaits_refresh": True}),),
        ("withdrawn_at", "insight_id"),
    ),
    View("claim", "Claims of all answers.", (Part("claim", same(*_CLAIM_VIEW)),), ("insight_id", "claim_id")),
    View(
        "evidence",
        "What answers read: source, partition and content version.",
        (Part("evidence", same(*EVIDENCE.columns)),),
        ("read_at", "insight_id", "source", "partition"),
    ),
)


def apply(recorded: Recorded) -> tuple[RowChange, ...]:
    event, at = recorded.event, recorded.recorded_at
    match event:
        case ev.InsightPublished():
            current = event.insight.status in ("published", "partial")
            replaced = _replaced(subject(recorded)) if current else ()
            return (*replaced, *_rows(recorded, event.insight, event.run_id, current=current))
        case ev.InsightWithheld() if event.insight is not None and event.pending_approval:
            waiting = event.insight.model_copy(update={"status": "pending_approval"})
            return _rows(recorded, waiting, event.run_id, current=False)
        case ev.InsightApproved():
            where = {"insight_id": event.insight_id}
            return (
                *_replaced(subject(recorded)),
                Change("insight", where, set={"status": "published", "is_current": True, "published_at": at}),
                Change("claim", where, set={"is_current": True}),
                Change("evidence", where, set={"is_current": True}),
            )
        case ev.InsightRejected():
            return _withdrawn(event.insight_id, at, event.why or "rejected", ())
        case ev.InsightWithdrawn():
            was_current = {"insight_id": event.insight_id, "is_current": True}
            return (
                Change("insight", was_current, set={"awaits_refresh": True}),
                *_withdrawn(event.insight_id, at, event.reason, event.moved),
            )
        case _:
            return ()


def _replaced(partition_key: str) -> tuple[RowChange, ...]:
    waiting = {"partition_key": partition_key, "awaits_refresh": True}
    current = {"partition_key": partition_key, "is_current": True}
    return (
        Change("insight", waiting, set={"awaits_refresh": False}),
        *(Change(table, current, set={"is_current": False}) for table in ("insight", "claim", "evidence")),
    )


def _withdrawn(insight_id: str, at: datetime, reason: str, moved: tuple[str, ...]) -> tuple[RowChange, ...]:
    where = {"insight_id": insight_id}
    gone = {"is_current": False}
    said = {"status": "withdrawn", "withdrawn_at": at, "withdrawn_reason": reason, "moved": list(moved)}
    return (
        Change("insight", where, set={**gone, **said}),
        Change("claim", where, set=gone),
        Change("evidence", where, set=gone),
    )


def _rows(recorded: Recorded, insight: Insight, run_id: str, *, current: bool) -> tuple[RowChange, ...]:
    payload = insight.model_dump(mode="json")
    mine = {"insight_id": insight.id}
    row: Row = {
        "insight_id": insight.id,
        "key": insight.key,
        "partition_key": subject(recorded),
        "run_id": run_id,
        "model": insight.model,
        "kind": insight.question.kind,
        "metric": getattr(insight.question, "metric", None),
        "question": payload["question"],
        "summary": insight.summary,
        "confidence": insight.confidence,
        "status": insight.status,
        "claims": len(insight.claims),
        "significant_claims": sum(claim.significant is True for claim in insight.claims),
        "gaps": len(insight.gaps),
        "detectable": insight.detectable,
        "tests_run": insight.tests_run,
        "alpha": insight.alpha,
        "data_version": insight.data_version,
        "strategy": insight.strategy,
        "version": insight.version,
        "code_version": insight.code_version,
        "created_at": insight.created_at,
        "published_at": recorded.recorded_at,
        "valid_until": insight.valid_until,
        "is_current": current,
        "awaits_refresh": False,
        "position": recorded.position,
        "payload": payload,
    }
    common = {"model": insight.model, "partition_key": subject(recorded), "is_current": current}
    claims = [{**_claim(data), **mine, **common} for data in payload["claims"]]
    reads = [
        {
            **mine,
            **common,
            "source": entry.source,
            "partition": entry.partition,
            "content_version": entry.version,
            "data_version": insight.data_version,
            "read_at": insight.created_at,
        }
        for entry in insight.read_set
    ]
    return (
        Remove("claim", mine),
        Remove("evidence", mine),
        Put("insight", row),
        *(Put("claim", {**claim, "position": recorded.position}) for claim in claims),
        *(Put("evidence", read) for read in reads),
    )


def _claim(data: dict[str, Any]) -> Row:
    low, high = data["ci"] or (None, None)
    plain = {name: data[name] for name in _CLAIM_COLUMNS if name in data}
    return {**plain, "claim_id": data["id"], "ci_low": low, "ci_high": high}


PROJECTION = Projection("insights", version=1, tables=(INSIGHT, CLAIM, EVIDENCE), apply=apply)
