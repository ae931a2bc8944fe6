"""Projections are pure, complete and documented."""

from __future__ import annotations

from pathlib import Path

from gemba.events.memory import MemoryEventStore
from gemba.events.ports import Recorded
from gemba.store.document import tables_page
from gemba.store.projections.base import Change, Put, PutNew
from gemba.store.projections.catalogue import PROJECTIONS, TABLES, VIEWS, changes
from gemba.store.projections.rows import MemoryTables
from tests.store.examples import every_event

CONTRACT = {
    "insight_current", "insight_history", "claim", "evidence", "investigation", "investigation_progress",
    "source_version", "stale_insight", "question", "cache_statistics", "feedback",
}  # fmt: skip


def _recorded() -> list[Recorded]:
    store = MemoryEventStore("default")
    for stream, events in every_event("k").items():
        store.append(stream, events)
    return list(store.since(0))


def test_the_views_are_those_of_the_contract() -> None:
    assert set(VIEWS) == CONTRACT


def test_the_page_about_tables_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "tables.md"
    assert page.read_text() == tables_page(), "run: python -m gemba.store.document > docs/tables.md"


def test_equal_events_give_equal_changes_to_known_columns() -> None:
    for recorded in _recorded():
        first = changes(recorded)
        assert first == changes(recorded)
        for change in first:
            columns = set(TABLES[change.table].columns)
            if isinstance(change, Put | PutNew):
                assert set(change.row) <= columns, change.table
                assert set(TABLES[change.table].key) <= set(change.row), change.table
            else:
                assert set(change.where) <= columns, change.table
            if isinstance(change, Change):
                assert set(change.set) | set(change.add) <= columns, change.table


def test_every_event_type_changes_something() -> None:
    idle = {type(one.event).__name__ for one in _recorded() if not changes(one)}
    assert idle == set()


def test_a_table_belongs_to_one_projection() -> None:
    names = [table.name for projection in PROJECTIONS for table in projection.tables]
    assert len(names) == len(set(names))


def test_replaying_twice_gives_the_same_rows() -> None:
    recorded = _recorded()
    tables = (MemoryTables(), MemoryTables())
    for one in recorded:
        for table in tables:
            table.apply(changes(one))
    for name in TABLES:
        rows = list(tables[0].rows(name))
        assert rows == list(tables[1].rows(name))
        assert rows, name
