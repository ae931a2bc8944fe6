"""Brings a database to the present schema: migrations for what must be kept, fresh projections for the rest."""

from __future__ import annotations

from pathlib import Path

import psycopg

from gemba.errors import AccessDeniedError, SourceUnavailableError
from gemba.store.connect import libpq_url
from gemba.store.install import fingerprint, install, installed
from gemba.store.rebuild import rebuild

HEAD = "0001"
LOCK = 1196245315
LOCK_TIMEOUT = "60s"


def migrate(url: str) -> None:
    """Create or upgrade the schema. Cheap when there is nothing to do; processes that call it at once queue.

    Args:
        url: Of the login that owns the database (or a superuser), in SQLAlchemy's or libpq's form.

    Raises:
        SourceUnavailableError: The server does not answer, or somebody holds a lock for longer than a minute.
        AccessDeniedError: The login is refused, or may not create a schema.
    """
    try:
        with psycopg.connect(libpq_url(url), autocommit=True, connect_timeout=10) as connection:
            if _is_current(connection):
                return
            connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            connection.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # ends with the connection
            if _is_current(connection):
                return
            _upgrade(url)
            with connection.transaction():
                install(connection)
        rebuild(url)
    except psycopg.errors.InsufficientPrivilege as error:
        raise AccessDeniedError("gemba", str(error).strip(), hint="migrate with the database's owner") from error
    except psycopg.OperationalError as error:
        if "authentication failed" in str(error):
            raise AccessDeniedError("gemba", str(error).strip(), hint="check user and password") from error
        raise SourceUnavailableError("gemba", str(error).strip(), hint="is the server up?") from error


def _is_current(connection: psycopg.Connection) -> bool:
    row = connection.execute("SELECT to_regclass('gemba.schema_version') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return False
    row = connection.execute("SELECT version_num FROM gemba.schema_version").fetchone()
    with connection.cursor() as cursor:
        return row == (HEAD,) and installed(cursor) == fingerprint()


def _upgrade(url: str) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import DBAPIError

    engine = create_engine("postgresql+psycopg://" + libpq_url(url).partition("://")[2])
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    try:
        with engine.begin() as connection:
            connection.execute(text(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'"))
            connection.execute(text("CREATE SCHEMA IF NOT EXISTS gemba"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except DBAPIError as error:
        raise error.orig or error from error
    finally:
        engine.dispose()
