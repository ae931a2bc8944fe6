"""Projections in PostgreSQL: definitions of tables and views, and changes as statements.

Names come from the definitions in this package, never from outside, and are quoted nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from psycopg.types.json import Jsonb

from gemba.store.connections import Cursor
from gemba.store.projections.base import Change, Part, Put, PutNew, RowChange, Table, View
from gemba.store.projections.catalogue import TABLES

SCHEMA = "gemba_projection"
SHADOW = "pg_temp"


def create_table(table: Table) -> tuple[str, ...]:
    """Statements that make a table with its comments, indexes and row-level security."""
    name = f"{SCHEMA}.{table.name}"
    columns = ",\n    ".join(f"{column} {spec.type}" for column, spec in table.columns.items())
    key = ", ".join(("tenant", *table.key))
    statements = [
        f"CREATE TABLE {name} (\n    tenant text NOT NULL,\n    {columns},\n    PRIMARY KEY ({key})\n)",
        f"COMMENT ON TABLE {name} IS {literal(table.comment + ' Made from gemba.event; never written by hand.')}",
        f"COMMENT ON COLUMN {name}.tenant IS 'Whose row it is.'",
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        f"CREATE POLICY own_tenant ON {name} USING (tenant = (SELECT gemba.session_tenant()))",
    ]
    for column, spec in table.columns.items():
        statements.append(f"COMMENT ON COLUMN {name}.{column} IS {literal(spec.comment)}")
    for index in table.indexes:
        columns, where, condition = index.partition(" WHERE ")
        # The tenant last: beginning with it, every index would look fit for every condition while the table is empty.
        statements.append(f"CREATE INDEX ON {name} ({columns}, tenant){where}{condition}")
    return tuple(statements)


def create_view(view: View) -> tuple[str, ...]:
    """Statements that make a view for analysts: with the rights of who reads it, commented like its table."""
    selects = " UNION ALL ".join(_select(part, view) for part in view.parts)
    name = f"gemba.{view.name}"
    statements = [
        f"CREATE VIEW {name} WITH (security_invoker = true) AS {selects}",
        f"COMMENT ON VIEW {name} IS {literal(view.comment)}",
        f"COMMENT ON COLUMN {name}.tenant IS 'Whose row it is.'",
    ]
    for column, (table, source) in view.columns.items():
        comment = TABLES[table].columns[source].comment
        statements.append(f"COMMENT ON COLUMN {name}.{column} IS {literal(comment)}")
    return tuple(statements)


def _select(part: Part, view: View) -> str:
    shown = ["tenant"]
    for column, (table, source) in view.columns.items():
        given = part.columns.get(column) or f"NULL::{TABLES[table].columns[source].type}"
        shown.append(f"{given} AS {column}")
    conditions = " AND ".join(f"{name} = {literal(value)}" for name, value in part.where.items())
    return f"SELECT {', '.join(shown)} FROM {SCHEMA}.{part.table}" + (f" WHERE {conditions}" if conditions else "")


def literal(value: Any) -> str:
    """A text or boolean of the definitions as SQL."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "'" + str(value).replace("'", "''") + "'"


def execute(cursor: Cursor, tenant: str, changes: Iterable[RowChange], *, schema: str = SCHEMA) -> None:
    """Apply changes in order, in the transaction under way. Statements repeat, so the driver prepares them."""
    for change in changes:
        text, names = _statement(change, schema)
        cursor.execute(text.encode(), _arguments(change, tenant, names))


def _arguments(change: RowChange, tenant: str, names: tuple[tuple[str, str], ...]) -> list[Any]:
    columns = TABLES[change.table].columns
    values: list[Any] = []
    for part, name in names:
        if name == "tenant":
            values.append(tenant)
            continue
        value = getattr(change, part).get(name)
        values.append(Jsonb(value) if columns[name].type == "jsonb" and value is not None else value)
    return values


def _statement(change: RowChange, schema: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    if isinstance(change, Put | PutNew):
        return _insert(change.table, schema, isinstance(change, Put))
    if isinstance(change, Change):
        return _update(change.table, schema, tuple(change.where), tuple(change.set), tuple(change.add))
    return _delete(change.table, schema, tuple(change.where))


@cache
def _insert(table: str, schema: str, replace: bool) -> tuple[str, tuple[tuple[str, str], ...]]:
    names = ("tenant", *TABLES[table].columns)
    key = ("tenant", *TABLES[table].key)
    places = ", ".join(["%s"] * len(names))
    others = [name for name in names if name not in key]
    action = (
        "UPDATE SET " + ", ".join(f"{name} = excluded.{name}" for name in others) if replace and others else "NOTHING"
    )
    text = (
        f"INSERT INTO {schema}.{table} ({', '.join(names)}) VALUES ({places})"
        f" ON CONFLICT ({', '.join(key)}) DO {action}"
    )
    return text, tuple(("row", name) for name in names)


@cache
def _update(
    table: str, schema: str, where: tuple[str, ...], set_: tuple[str, ...], add: tuple[str, ...]
) -> tuple[str, tuple[tuple[str, str], ...]]:
    changes = [f"{name} = %s" for name in set_] + [f"{name} = {name} + %s" for name in add]
    text = f"UPDATE {schema}.{table} SET {', '.join(changes)} WHERE {_conditions(where)}"
    parts = [("set", name) for name in set_] + [("add", name) for name in add]
    return text, (*parts, ("where", "tenant"), *(("where", name) for name in where))


@cache
def _delete(table: str, schema: str, where: tuple[str, ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    text = f"DELETE FROM {schema}.{table} WHERE {_conditions(where)}"
    return text, (("where", "tenant"), *(("where", name) for name in where))


def _conditions(where: tuple[str, ...]) -> str:
    return " AND ".join(f"{name} = %s" for name in ("tenant", *where))
