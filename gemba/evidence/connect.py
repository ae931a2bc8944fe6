"""Connections to databases: opened read-only, and errors turned into ours without a secret in them."""

from __future__ import annotations

import os
import re
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.engine import URL, Engine, make_url

from gemba.errors import AccessDeniedError, GembaError, InputError, LimitReachedError, SourceUnavailableError
from gemba.evidence.sqlite import Functions
from gemba.evidence.transient import TransientError
from gemba.semantics.connection import expand

_DRIVERS = {"postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg", "mysql": "mysql+pymysql",
            "mariadb": "mariadb+pymysql"}  # fmt: skip
CONNECT_TIMEOUT_S = 5


def url_of(connection: str) -> URL:
    """The URL with our driver where none is named.

    Raises:
        InputError: It is no URL.
    """
    try:
        url = make_url(expand(connection))
    except exc.ArgumentError as error:
        raise InputError(
            "a connection of the model is no database URL", hint="For example postgresql+psycopg://user@host/database."
        ) from error
    return url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))


def open_engine(url: URL, *, connections: int) -> Engine:
    """An engine whose connections can only read.

    Raises:
        InputError: The dialect or its driver is not installed, or a SQLite file does not exist.
    """
    dialect = url.get_backend_name()
    arguments: dict[str, Any] = {}
    if dialect == "sqlite":
        return _open_sqlite(url)
    if dialect == "postgresql":
        arguments = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "gemba", "options": "-c timezone=UTC"}
    elif dialect in ("mysql", "mariadb"):
        arguments = {"connect_timeout": CONNECT_TIMEOUT_S, "init_command": "SET time_zone = '+00:00'"}
    try:
        return sa.create_engine(
            url, connect_args=arguments, pool_size=connections, max_overflow=0, pool_pre_ping=True, hide_parameters=True
        )
    except (exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise InputError(
            f"no driver for databases of the kind {url.drivername!r} is installed",
            hint="Built in are PostgreSQL, MySQL, MariaDB and SQLite; DuckDB tables can be exported to Parquet files.",
        ) from error


def _open_sqlite(url: URL) -> Engine:
    path = url.database or ""
    if not os.path.isfile(path):  # noqa: PTH113  a connection would create it
        raise InputError(f"SQLite file {path} does not exist", hint="Check the path of the connection in the model.")
    engine = sa.create_engine(
        "sqlite://", creator=lambda: _connect_sqlite(path), poolclass=sa.pool.NullPool, hide_parameters=True
    )
    event.listen(engine, "connect", _install)
    return engine


def _connect_sqlite(path: str) -> Any:
    import sqlite3
    from pathlib import Path

    return sqlite3.connect(f"{Path(path).resolve().as_uri()}?mode=ro", uri=True, timeout=5, check_same_thread=False)


def _install(connection: Any, record: Any) -> None:
    functions = Functions()
    functions.install(connection)
    record.info["functions"] = functions


def translated(error: exc.SQLAlchemyError, *, source: str, url: URL, timeout_s: float) -> GembaError | TransientError:
    """What a driver's error means for us. Passwords are cut out of the text."""
    origin = getattr(error, "orig", None)
    text = _clean(str(origin or error), url)
    state = getattr(origin, "sqlstate", None) or ""
    code = origin.args[0] if origin is not None and origin.args and isinstance(origin.args[0], int) else 0
    where = url.render_as_string(hide_password=True)
    if _denied(state, code, text):
        return AccessDeniedError(
            source, f"{where} refuses access: {text}", hint="Check the user, the password and its right to SELECT."
        )
    if state == "57014" or code in (3024, 1969) or "interrupted" in text:
        return LimitReachedError("time of a statement", timeout_s, timeout_s, unit="s")
    if state in ("42P01", "42703", "3F000") or code in (1146, 1054) or re.search(r"no such (table|column)", text):
        return InputError(f"source {source!r}: {text}", hint="Check table and column in the model.")
    if "file is not a database" in text or "disk image is malformed" in text:
        return InputError(f"source {source!r}: {where}: {text}", hint="The file is no sound SQLite database.")
    if isinstance(error, exc.TimeoutError):
        return TransientError(source, "no connection of the pool became free")
    if isinstance(error, exc.DataError | exc.ProgrammingError | exc.NotSupportedError):
        return InputError(
            f"source {source!r}: the data does not fit the model: {text}",
            hint="Check the time column, its time_format, and that metrics name numeric columns.",
        )
    if isinstance(error, exc.OperationalError | exc.InterfaceError | exc.InternalError):
        return TransientError(source, f"{where} does not answer or dropped the connection: {text}")
    return SourceUnavailableError(source, f"{where}: {text}")


def _denied(state: str, code: int, text: str) -> bool:
    return (
        state in ("28P01", "28000", "42501")
        or code in (1044, 1045, 1142, 1143)
        or "password authentication failed" in text
        or "no password supplied" in text
        or "no pg_hba.conf entry" in text
    )


def _clean(text: str, url: URL) -> str:
    line = " ".join(part.strip() for part in text.splitlines()[:3] if part.strip())
    if url.password:
        line = line.replace(str(url.password), "***")
    return re.sub(r"(://[^:/@\s]+:)[^@\s]+@", r"\1***@", line)[:400]
