"""Projections in memory: tables as dictionaries of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from gemba.store.projections.base import Change, Put, PutNew, Remove, Row, RowChange
from gemba.store.projections.catalogue import TABLES, VIEWS


class MemoryTables:
    """The same rows that PostgreSQL would hold for one tenant."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[tuple[Any, ...], Row]] = {name: {} for name in TABLES}

    def apply(self, changes: Iterable[RowChange]) -> None:
        for change in changes:
            rows = self._tables[change.table]
            match change:
                case Put():
                    rows[self._key(change)] = self._whole(change)
                case PutNew():
                    rows.setdefault(self._key(change), self._whole(change))
                case Change():
                    for row in self.where(change.table, change.where):
                        row.update(change.set)
                        for name, number in change.add.items():
                            row[name] += number
                case Remove():
                    for row in list(self.where(change.table, change.where)):
                        del rows[tuple(row[name] for name in TABLES[change.table].key)]

    def rows(self, table: str) -> Iterator[Row]:
        return iter(self._tables[table].values())

    def where(self, table: str, where: Row) -> Iterator[Row]:
        key = TABLES[table].key
        if set(key) == set(where):
            row = self._tables[table].get(tuple(where[name] for name in key))
            return iter(() if row is None else (row,))
        return (row for row in self.rows(table) if all(row[name] == value for name, value in where.items()))

    def view(self, name: str, *, limit: int) -> list[Row]:
        """Rows of a view, ordered as the archive orders them: newest first, nulls last."""
        view = VIEWS[name]
        found = []
        for part in view.parts:
            for row in self.where(part.table, dict(part.where)):
                shown = {column: row[source] for column, source in part.columns.items()}
                found.append({column: shown.get(column) for column in view.columns})
        for column in reversed(view.newest_first):
            found.sort(key=lambda row, column=column: (row[column] is not None, row[column]), reverse=True)
        return found[:limit]

    def _key(self, change: Put | PutNew) -> tuple[Any, ...]:
        return tuple(change.row[name] for name in TABLES[change.table].key)

    def _whole(self, change: Put | PutNew) -> Row:
        return {name: change.row.get(name) for name in TABLES[change.table].columns}
