"""Proves that the projections are what the events say: builds them a second time, beside, and compares."""

from __future__ import annotations

from dataclasses import dataclass

from gemba.events.postgres import PostgresEventStore
from gemba.store.catch_up import catch_up, fill, lock_checkpoint
from gemba.store.connections import Connections, Cursor
from gemba.store.projections.catalogue import TABLES
from gemba.store.projections.sql import SCHEMA, SHADOW
from gemba.store.rebuild import tenants

EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Difference:
    """One table that is not what the events say.

    `missing`: rows that the events give and the table lacks. `unexpected`: rows that it has and they do not give.
    A row with other values counts once in each. `examples`: keys of such rows, as text.
    """

    table: str
    missing: int
    unexpected: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """`events` were replayed into `rows` rows of all tables together."""

    tenant: str
    events: int
    rows: int
    differences: tuple[Difference, ...]

    @property
    def is_equal(self) -> bool:
        return not self.differences


def reconcile(url: str, tenant: str | None = None) -> tuple[Reconciliation, ...]:
    """Compare the projections of one tenant, or of all, with a second build from events. Changes nothing.

    New events can be stored meanwhile; projections wait only for the comparison.
    """
    return tuple(_reconcile(url, name) for name in ((tenant,) if tenant is not None else tenants(url)))


def _reconcile(url: str, tenant: str) -> Reconciliation:
    connections = Connections(url, tenant)
    events = PostgresEventStore(connections)
    try:
        catch_up(connections, events)
        horizon = events.last_position()
        with connections.transaction() as cursor:
            for table in TABLES:
                like = f"(LIKE {SCHEMA}.{table} INCLUDING INDEXES) ON COMMIT DROP"
                cursor.execute(f"CREATE TEMPORARY TABLE {table} {like}".encode())
            replayed = fill(cursor, events, 0, horizon, schema=SHADOW)
            position = lock_checkpoint(cursor, tenant)
            replayed += fill(cursor, events, horizon, position, schema=SHADOW)
            differences = tuple(found for table in TABLES if (found := _compare(cursor, tenant, table)) is not None)
            rows = sum(_count(cursor, f"{SHADOW}.{table}", tenant) for table in TABLES)
        return Reconciliation(tenant, replayed.total(), rows, differences)
    finally:
        connections.close()


def _compare(cursor: Cursor, tenant: str, table: str) -> Difference | None:
    columns = ", ".join(("tenant", *TABLES[table].columns))
    key = ", ".join(f"{name}::text" for name in TABLES[table].key)
    found: dict[str, list[str]] = {}
    for side, (here, there) in {"missing": (SHADOW, SCHEMA), "unexpected": (SCHEMA, SHADOW)}.items():
        cursor.execute(
            f"SELECT concat_ws(' / ', {key}) FROM (SELECT {columns} FROM {here}.{table} WHERE tenant = %s"
            f" EXCEPT ALL SELECT {columns} FROM {there}.{table} WHERE tenant = %s) AS odd ORDER BY 1".encode(),
            (tenant, tenant),
        )
        found[side] = [row[0] for row in cursor]
    if not found["missing"] and not found["unexpected"]:
        return None
    examples = sorted({*found["missing"], *found["unexpected"]})[:EXAMPLES]
    return Difference(table, len(found["missing"]), len(found["unexpected"]), tuple(examples))


def _count(cursor: Cursor, table: str, tenant: str) -> int:
    cursor.execute(f"SELECT count(*) FROM {table} WHERE tenant = %s".encode(), [tenant])
    row = cursor.fetchone()
    assert row is not None
    return row[0]
