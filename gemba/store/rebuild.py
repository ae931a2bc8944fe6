"""Rebuilds all projections from events."""

from __future__ import annotations

import psycopg

from gemba.events.postgres import PostgresEventStore
from gemba.store.catch_up import rebuild_tenant
from gemba.store.connect import libpq_url
from gemba.store.connections import Connections


def rebuild(url: str, tenant: str | None = None) -> dict[str, int]:
    """Make the projections of one tenant, or of all, again from nothing; one transaction a tenant.

    Returns:
        Events applied, by tenant.
    """
    done = {}
    for name in (tenant,) if tenant is not None else tenants(url):
        connections = Connections(url, name)
        try:
            done[name] = rebuild_tenant(connections, PostgresEventStore(connections))
        finally:
            connections.close()
    return done


def tenants(url: str) -> tuple[str, ...]:
    """All tenants that have events. Only the owner of the database sees them."""
    with psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=10) as connection:
        return tuple(row[0] for row in connection.execute("SELECT tenant FROM gemba.tenant ORDER BY tenant"))
