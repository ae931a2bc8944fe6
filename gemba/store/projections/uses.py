"""How insights are used: served from the cache, and judged by people."""

from __future__ import annotations

from gemba.events import types as ev
from gemba.events.ports import Recorded
from gemba.store.projections.base import (
    Change,
    Column,
    Part,
    Projection,
    Put,
    PutNew,
    RowChange,
    Table,
    View,
    same,
    subject,
)

CACHE = Table(
    name="cache_statistics",
    comment="One insight a row.",
    key=("insight_id",),
    columns={
        "insight_id": Column("text", "The insight."),
        "partition_key": Column("text", "Readable name of its question."),
        "model": Column("text", "Name of the semantic model."),
        "published_at": Column("timestamptz", "When it was first published: the one miss that paid for it."),
        "hits": Column("bigint", "Times it was served from the cache."),
        "joined": Column("bigint", "Times it was given to somebody who waited for another's investigation."),
        "last_served_at": Column("timestamptz", "When it was last served."),
    },
)

FEEDBACK = Table(
    name="feedback",
    comment="One judgement a row.",
    key=("feedback_id",),
    columns={
        "feedback_id": Column("uuid", "Identity of the judgement."),
        "insight_id": Column("text", "The insight judged."),
        "vote": Column("text", "up or down."),
        "why": Column("text", "The reason given."),
        "given_by": Column("text", "Who gave it."),
        "given_at": Column("timestamptz", "When."),
    },
    indexes=("insight_id",),
)

VIEWS = (
    View(
        "cache_statistics",
        "How often answers were served again.",
        (Part("cache_statistics", same(*CACHE.columns)),),
        ("published_at", "insight_id"),
    ),
    View(
        "feedback",
        "What people think of answers. INSERT (insight_id, vote [, why]) gives feedback.",
        (Part("feedback", same("insight_id", "vote", "why", "given_by", "given_at", "feedback_id")),),
        ("given_at", "feedback_id"),
    ),
)


def apply(recorded: Recorded) -> tuple[RowChange, ...]:
    event, at = recorded.event, recorded.recorded_at
    match event:
        case ev.InsightPublished():
            row = {
                "insight_id": event.insight.id,
                "partition_key": subject(recorded),
                "model": event.insight.model,
                "published_at": at,
                "hits": 0,
                "joined": 0,
            }
            return (PutNew("cache_statistics", row),)
        case ev.CacheServed():
            counted = {"hit": "hits", "joined": "joined"}[event.outcome]
            served = {"last_served_at": at}
            return (Change("cache_statistics", {"insight_id": event.insight_id}, set=served, add={counted: 1}),)
        case ev.FeedbackGiven():
            row = {
                "feedback_id": recorded.event_id,
                "insight_id": event.insight_id,
                "vote": event.vote,
                "why": event.why,
                "given_by": event.by,
                "given_at": at,
            }
            return (Put("feedback", row),)
        case _:
            return ()


PROJECTION = Projection("uses", version=1, tables=(CACHE, FEEDBACK), apply=apply)
