"""Logins for people who read the tables with SQL."""

from __future__ import annotations

import hashlib
import re

import psycopg
from psycopg import sql

from gemba.errors import InputError
from gemba.store.connect import Server, libpq_url

ANALYST_ROLE = "gemba_analyst"


def analyst_url(server: Server, tenant: str) -> str:
    """URL, as `psql` reads it, of a login that reads the views of one tenant; made if need be.

    For a first look on the machine that runs the server: the owner's own login would see nothing, because its
    sessions have no tenant. The password follows from the owner's, so that it need not be kept.
    """
    login = "analyst_" + re.sub(r"[^a-z0-9]+", "_", tenant.lower())[:40]
    password = hashlib.sha256(f"{server.password} {login} {tenant}".encode()).hexdigest()[:32]
    add_analyst(server.url(), login, tenant=tenant, password=password)
    return server.url_as(login, password, driver="")


def add_analyst(url: str, login: str, *, tenant: str, password: str) -> None:
    """Create a login that reads the analysts' views of one tenant, may ask questions and give feedback.

    The tenant is bound to the login: nothing that the session sets changes it. A login that is there already gets
    the new password and tenant.

    Args:
        url: Of the database's owner, who may create roles.

    Raises:
        InputError: The login exists and is not an analyst's.
    """
    with psycopg.connect(libpq_url(url), connect_timeout=10) as connection:
        known = connection.execute(
            "SELECT pg_has_role(oid, %s, 'MEMBER') AND NOT rolsuper FROM pg_roles WHERE rolname = %s",
            [ANALYST_ROLE, login],
        ).fetchone()
        if known is not None and not known[0]:
            raise InputError(f"the login {login!r} exists and is no analyst's", hint="choose another name")
        verb = "CREATE" if known is None else "ALTER"
        connection.execute(
            sql.SQL(verb + " ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(login), sql.Literal(password))
        )
        connection.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(ANALYST_ROLE), sql.Identifier(login)))
        connection.execute(sql.SQL("ALTER ROLE {} SET search_path = gemba").format(sql.Identifier(login)))
        connection.execute(
            "INSERT INTO gemba.analyst (login, tenant) VALUES (%s, %s)"
            " ON CONFLICT (login) DO UPDATE SET tenant = excluded.tenant",
            [login, tenant],
        )
