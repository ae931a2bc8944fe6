"""All projections and all views, by name."""

from __future__ import annotations

from gemba.events.ports import Recorded
from gemba.store.projections import insights, investigations, questions, sources, uses
from gemba.store.projections.base import Projection, RowChange, Table, View

PROJECTIONS: tuple[Projection, ...] = (
    questions.PROJECTION,
    insights.PROJECTION,
    investigations.PROJECTION,
    sources.PROJECTION,
    uses.PROJECTION,
)
TABLES: dict[str, Table] = {table.name: table for projection in PROJECTIONS for table in projection.tables}
VIEWS: dict[str, View] = {
    view.name: view for view in (*questions.VIEWS, *insights.VIEWS, *investigations.VIEWS, *sources.VIEWS, *uses.VIEWS)
}


def changes(recorded: Recorded) -> tuple[RowChange, ...]:
    """What an event changes, in all projections."""
    return tuple(change for projection in PROJECTIONS for change in projection.apply(recorded))
