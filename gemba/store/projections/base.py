"""What a projection is made of: tables, changes to their rows, and the views that analysts read.

A projection is a pure function from an event to changes. Changes are data, so that the same projection fills
tables in PostgreSQL (`gemba.store.projections.sql`) and in memory (`gemba.store.projections.rows`).
The tenant is left out here: whoever applies the changes adds it to every row and every condition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gemba.events.ports import Recorded

ColumnType = Literal["text", "bigint", "double precision", "boolean", "timestamptz", "jsonb", "uuid"]
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`comment` goes into the database: meaning, and unit where it has one."""

    type: ColumnType
    comment: str


@dataclass(frozen=True, slots=True)
class Table:
    """`indexes`: lists of columns, perhaps with a condition after ` WHERE `."""

    name: str
    comment: str
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table as they appear in a view: those equal in `where`, with `columns` (view -> table column)."""

    table: str
    columns: Mapping[str, str]
    where: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class View:
    """A table of the contract. Several parts are united; a column that a part lacks is null there.

    `newest_first` names the columns by which `Archive.query` orders, descending, nulls last.
    """

    name: str
    comment: str
    parts: tuple[Part, ...]
    newest_first: tuple[str, ...]

    @property
    def columns(self) -> dict[str, tuple[str, str]]:
        """Column -> the table and column that first give it, in the order of the parts."""
        found: dict[str, tuple[str, str]] = {}
        for part in self.parts:
            for column, source in part.columns.items():
                found.setdefault(column, (part.table, source))
        return found


@dataclass(frozen=True, slots=True)
class Put:
    """Insert a row, or replace the row of the same key. Columns left out become null."""

    table: str
    row: Row


@dataclass(frozen=True, slots=True)
class PutNew:
    """Insert a row unless its key is there."""

    table: str
    row: Row


@dataclass(frozen=True, slots=True)
class Change:
    """Set columns, and add numbers to columns, in all rows equal in `where`."""

    table: str
    where: Row
    set: Row = field(default_factory=dict)
    add: Row = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete all rows equal in `where`."""

    table: str
    where: Row


RowChange = Put | PutNew | Change | Remove
Apply = Callable[[Recorded], tuple[RowChange, ...]]


@dataclass(frozen=True, slots=True)
class Projection:
    """A family of tables. `version` grows when `apply` gives other rows for old events: then all are rebuilt."""

    name: str
    version: int
    tables: tuple[Table, ...]
    apply: Apply


def same(*names: str) -> dict[str, str]:
    """Columns that a view calls by the table's names."""
    return {name: name for name in names}


def subject(recorded: Recorded) -> str:
    """What the stream is about: its name after the first slash."""
    return recorded.stream.partition("/")[2]
