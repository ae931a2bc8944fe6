"""Leases: one investigation of a question at a time. A row each, taken and given back in single statements."""

from __future__ import annotations

from datetime import timedelta

from gemba.store.catch_up import channel
from gemba.store.connections import Connections
from gemba.store.ports import Lease


class Leases:
    """The database's clock decides; clocks of holders do not matter."""

    def __init__(self, connections: Connections) -> None:
        self._connections = connections

    def take(self, key: str, *, holder: str, life: timedelta) -> Lease | None:
        with self._connections.transaction() as cursor:
            cursor.execute(
                "INSERT INTO gemba.lease AS l (tenant, key, holder, fence, expires_at)"
                " VALUES (%s, %s, %s, 1, clock_timestamp() + %s)"
                " ON CONFLICT (tenant, key) DO UPDATE"
                " SET holder = excluded.holder, fence = l.fence + 1, expires_at = excluded.expires_at"
                " WHERE l.holder IS NULL OR l.expires_at <= clock_timestamp()"
                " RETURNING fence, expires_at",
                (self._connections.tenant, key, holder, life),
            )
            row = cursor.fetchone()
        return None if row is None else Lease(key=key, holder=holder, fence=row[0], expires_at=row[1])

    def renew(self, lease: Lease, *, life: timedelta) -> bool:
        """False once somebody else holds it or it was released. A lapsed one that nobody took is renewed."""
        with self._connections.transaction() as cursor:
            cursor.execute(
                "UPDATE gemba.lease SET expires_at = clock_timestamp() + %s"
                " WHERE tenant = %s AND key = %s AND fence = %s AND holder = %s",
                (life, self._connections.tenant, lease.key, lease.fence, lease.holder),
            )
            return cursor.rowcount == 1

    def release(self, lease: Lease) -> None:
        """Nothing happens if somebody else holds it by now."""
        tenant = self._connections.tenant
        with self._connections.transaction() as cursor:
            cursor.execute(
                "UPDATE gemba.lease SET holder = NULL WHERE tenant = %s AND key = %s AND fence = %s AND holder = %s",
                (tenant, lease.key, lease.fence, lease.holder),
            )
            if cursor.rowcount == 1:
                cursor.execute("SELECT pg_notify(%s, %s)", (channel(tenant), f"lease/{lease.key}"))
