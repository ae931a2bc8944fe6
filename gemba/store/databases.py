"""Roles, databases and the fitness of a server. Connects with psycopg, as an administrator."""

from __future__ import annotations

from pathlib import Path

import psycopg
from psycopg import sql

from gemba.errors import AccessDeniedError, SourceUnavailableError, WorldError
from gemba.store.connect import GEMBA_DATABASE, Server

OLDEST_SERVER = 150000  # PostgreSQL 15: views with security_invoker
CONNECT_TIMEOUT_S = 10


class StoreUnsuitableError(WorldError):
    """The PostgreSQL server cannot hold our data: too old, or an extension is missing."""

    kind = "store_unsuitable"


def connect_to(server: Server, database: str) -> psycopg.Connection:
    """A connection in autocommit mode.

    Raises:
        AccessDeniedError: The server refuses user or password.
        SourceUnavailableError: It does not answer, or the database is not there.
    """
    try:
        return psycopg.connect(server.url(database, driver=""), autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
    except psycopg.OperationalError as error:
        where = f"{server.host}:{server.port}/{database}"
        if "password authentication failed" in str(error):
            raise AccessDeniedError(where, str(error).strip(), hint="check user and password") from error
        raise SourceUnavailableError(where, str(error).strip(), hint="is the server up?") from error


def is_alive(server: Server, *, data: Path | None = None) -> bool:
    """Whether the server answers `SELECT 1` and, if `data` is given, is the one with this data folder."""
    try:
        with psycopg.connect(server.url("postgres", driver=""), autocommit=True, connect_timeout=5) as connection:
            row = connection.execute("SELECT 1, current_setting('data_directory')").fetchone()
    except psycopg.Error:
        return False
    return row is not None and (data is None or Path(row[1]).resolve() == data.resolve())


def ensure_owner(superuser: Server, password: str) -> None:
    """The role that owns our databases: no superuser, so that row-level security holds for it too.

    Only a superuser may add the extension `vector`, so it goes into the template of all databases to come.
    """
    with connect_to(superuser, "postgres") as connection:
        known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [GEMBA_DATABASE]).fetchone()
    if known is None:
        with connect_to(superuser, "template1") as connection:
            connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
            connection.execute(
                sql.SQL("CREATE ROLE {} LOGIN CREATEROLE CREATEDB PASSWORD {}").format(
                    sql.Identifier(GEMBA_DATABASE), sql.Literal(password)
                )
            )


def ensure_database(server: Server, name: str, *, owner: str | None = None) -> None:
    """Create a database if it is not there, for example for a simulated plant."""
    with connect_to(server, "postgres") as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone() is not None:
            return
        command = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
        if owner is not None:
            command += sql.SQL(" OWNER {}").format(sql.Identifier(owner))
        try:
            connection.execute(command)
        except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
            return  # somebody else was faster


def commit_without_waiting(server: Server, name: str) -> None:
    """Let commits in a database return before they are on disk.

    A crash of the server may lose the last moments of what was committed there, never its consistency. For Dagster's
    run log, of which a run writes a hundred events one by one, and which nothing of ours is computed from
    (docs/decisions/0004-dagsters-log-commits-without-waiting.md). Never for our own database.
    """
    with connect_to(server, name) as connection:
        connection.execute(sql.SQL("ALTER DATABASE {} SET synchronous_commit TO off").format(sql.Identifier(name)))


def check_server(server: Server) -> None:
    """Whether an external server is new enough and offers pgvector.

    Raises:
        StoreUnsuitableError: It is not, and what to do.
    """
    with connect_to(server, GEMBA_DATABASE) as connection:
        if connection.info.server_version < OLDEST_SERVER:
            found, needed = connection.info.server_version // 10000, OLDEST_SERVER // 10000
            raise StoreUnsuitableError(f"PostgreSQL {found} at {server.host}: {needed} or newer is needed")
        offered = connection.execute("SELECT 1 FROM pg_available_extensions WHERE name = 'vector'").fetchone()
        if offered is None:
            raise StoreUnsuitableError(
                f"the server at {server.host} does not offer the extension vector", hint="install pgvector there"
            )
