"""A SQLAlchemy engine on our database, bound to a tenant: for data frames and libraries that want one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, create_engine, event, text

from gemba.store.connect import libpq_url
from gemba.store.connections import APP_ROLE


def engine(url: str, tenant: str) -> Engine:
    """Every transaction begins by taking the role `gemba_app` and naming its tenant; both end with it."""
    made = create_engine("postgresql+psycopg://" + libpq_url(url).partition("://")[2], pool_pre_ping=True)

    @event.listens_for(made, "begin")
    def bind(connection: Any) -> None:
        connection.execute(
            text(
                "SELECT set_config('gemba.tenant', :tenant, true), set_config('role', rolname, true) FROM"
                " (SELECT coalesce((SELECT rolname::text FROM pg_roles WHERE rolname = :role"
                " AND pg_has_role(current_user, oid, 'MEMBER')), current_user) AS rolname) AS taken"
            ),
            {"tenant": tenant, "role": APP_ROLE},
        )

    return made
