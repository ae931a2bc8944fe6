"""Brings the projections of one tenant up to its events, and rebuilds them from nothing."""

from __future__ import annotations

import hashlib
from collections import Counter

from gemba.events.postgres import PostgresEventStore
from gemba.store.connections import Connections, Cursor
from gemba.store.projections.catalogue import TABLES, changes
from gemba.store.projections.sql import SCHEMA, execute

BATCH = 1000


def channel(tenant: str) -> str:
    """The NOTIFY channel of a tenant. Payload: the stream that changed, or `lease/KEY`."""
    return "gemba_" + hashlib.md5(tenant.encode(), usedforsecurity=False).hexdigest()


def is_behind(cursor: Cursor, tenant: str) -> bool:
    """Whether events are committed that the projections have not taken in. About 0.1 ms."""
    cursor.execute(
        "SELECT coalesce((SELECT max(position) FROM gemba.event WHERE tenant = %s), 0)"
        f" > coalesce((SELECT position FROM {SCHEMA}.checkpoint WHERE tenant = %s), 0)",
        (tenant, tenant),
    )
    row = cursor.fetchone()
    return row is not None and row[0]


def catch_up(connections: Connections, events: PostgresEventStore) -> int:
    """Apply new events in order, in one transaction; whoever comes second finds nothing left to do.

    Returns:
        How many events were applied.
    """
    horizon = events.last_position()

    def apply(cursor: Cursor) -> int:
        # A power cut may lose these rows together with the checkpoint: the next call makes them again.
        cursor.execute("SET LOCAL synchronous_commit = off")
        position = lock_checkpoint(cursor, connections.tenant)
        return _apply(cursor, events, position, horizon, notify=True)

    return connections.repeat(apply)


def rebuild_tenant(connections: Connections, events: PostgresEventStore) -> int:
    """Delete all rows of the tenant and make them again from its events, in one transaction.

    Readers see the old rows until it ends. Returns how many events were applied.
    """
    horizon = events.last_position()
    with connections.transaction() as cursor:
        lock_checkpoint(cursor, connections.tenant)
        for table in TABLES:
            cursor.execute(f"DELETE FROM {SCHEMA}.{table} WHERE tenant = %s", [connections.tenant])  # type: ignore[arg-type]
        return _apply(cursor, events, 0, horizon, notify=False)


def fill(cursor: Cursor, events: PostgresEventStore, position: int, horizon: int, *, schema: str) -> Counter[str]:
    """Apply the events above `position` up to `horizon` to the tables in `schema`; how many of each stream."""
    streams: Counter[str] = Counter()
    # Plans made while the tables were empty would scan them whole for ever after; every condition has an index.
    cursor.execute("SET LOCAL enable_seqscan = off")
    while position < horizon:
        batch = events.between(cursor, position, horizon, limit=BATCH)
        if not batch:
            break
        with cursor.connection.pipeline():
            for recorded in batch:
                execute(cursor, events.tenant, changes(recorded), schema=schema)
        streams.update(recorded.stream for recorded in batch)
        position = batch[-1].position
    return streams


def _apply(cursor: Cursor, events: PostgresEventStore, position: int, horizon: int, *, notify: bool) -> int:
    if horizon <= position and notify:
        return 0
    streams = fill(cursor, events, position, horizon, schema=SCHEMA)
    cursor.execute(f"UPDATE {SCHEMA}.checkpoint SET position = %s WHERE tenant = %s", (horizon, events.tenant))
    if notify and streams:
        # Here and not in the append: NOTIFY makes commits wait for each other, and this one needs no disk.
        cursor.execute(
            "SELECT pg_notify(%s, stream) FROM unnest(%s::text[]) AS stream", (channel(events.tenant), list(streams))
        )
    return streams.total()


def lock_checkpoint(cursor: Cursor, tenant: str) -> int:
    query = f"SELECT position FROM {SCHEMA}.checkpoint WHERE tenant = %s FOR UPDATE"
    cursor.execute(query, [tenant])
    row = cursor.fetchone()
    if row is None:
        cursor.execute(f"INSERT INTO {SCHEMA}.checkpoint VALUES (%s, 0) ON CONFLICT DO NOTHING", [tenant])
        cursor.execute(query, [tenant])
        row = cursor.fetchone()
    assert row is not None
    return row[0]
