"""Content versions of sources as last observed."""

from __future__ import annotations

from gemba.events import types as ev
from gemba.events.ports import Recorded
from gemba.store.projections.base import Column, Part, Projection, Put, Remove, RowChange, Table, View, same

SOURCE_VERSION = Table(
    name="source_version",
    comment="One partition of one source a row.",
    key=("model", "source", "partition"),
    columns={
        "model": Column("text", "Name of the semantic model."),
        "source": Column("text", "Source of the model."),
        "partition": Column("text", "The partition, by its first instant; all: the whole source."),
        "content_version": Column("text", "Version of its content when last observed."),
        "observed_at": Column("timestamptz", "When that version was first seen, or seen again."),
    },
)

VIEWS = (
    View(
        "source_version",
        "Content versions of sources as last observed.",
        (Part("source_version", same(*SOURCE_VERSION.columns)),),
        ("observed_at", "model", "source", "partition"),
    ),
)


def apply(recorded: Recorded) -> tuple[RowChange, ...]:
    event = recorded.event
    if not isinstance(event, ev.SourceObserved):
        return ()
    return tuple(_partition(recorded, event, name, version) for name, version in event.versions.items())


def _partition(recorded: Recorded, event: ev.SourceObserved, name: str, version: str | None) -> RowChange:
    key = {"model": event.model, "source": event.source, "partition": name}
    if version is None:
        return Remove("source_version", key)
    return Put("source_version", {**key, "content_version": version, "observed_at": recorded.recorded_at})


PROJECTION = Projection("sources", version=1, tables=(SOURCE_VERSION,), apply=apply)
