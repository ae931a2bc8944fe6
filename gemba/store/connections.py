"""Connections to our database, bound to a tenant. Plain psycopg: a cached answer pays for no ORM.

Every piece of work is one transaction that begins by naming its tenant; row-level security does the rest. The
tenant ends with the transaction, so a connection given back carries nothing over to the next user.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from gemba.errors import AccessDeniedError, SourceUnavailableError
from gemba.store.connect import libpq_url
from gemba.store.databases import StoreUnsuitableError

APP_ROLE = "gemba_app"
CONNECT_TIMEOUT_S = 10
IDLE_KEPT = 8
RETRY_WAITS_S = (0.0, 0.05, 0.2, 0.5, 1.0, 2.0)  # a restarting server is back within seconds
HINT = "is the server up? see `gemba status`"
SCHEMA_ERRORS = (
    psycopg.errors.InvalidSchemaName,
    psycopg.errors.UndefinedTable,
    psycopg.errors.UndefinedColumn,
    psycopg.errors.UndefinedFunction,
)

T = TypeVar("T")

Cursor = psycopg.Cursor[tuple[Any, ...]]


class Connections:
    """A few idle connections, newest first. Safe for threads, and for processes that fork.

    The login of the URL may own the database or even be a superuser: each connection at once takes the role
    `gemba_app`, which row-level security binds and which cannot change events.
    """

    def __init__(self, url: str, tenant: str) -> None:
        self.tenant = tenant
        self._dsn = libpq_url(url)
        self._begin = sql.SQL("BEGIN; SELECT set_config('gemba.tenant', {}, true)").format(sql.Literal(tenant))
        self._lock = threading.Lock()
        self._idle: list[psycopg.Connection[tuple[Any, ...]]] = []
        self._pid = os.getpid()

    @contextmanager
    def transaction(self) -> Iterator[Cursor]:
        """A cursor in a transaction of this tenant: committed at the end, rolled back on an error.

        Raises:
            SourceUnavailableError: The server does not answer, or the connection broke; then whether it was
                committed is unknown.
            AccessDeniedError: It refuses user or password.
            StoreUnsuitableError: The schema is missing or out of date.
        """
        connection = self._begun()
        try:
            with connection.cursor(row_factory=tuple_row) as cursor:
                yield cursor
            connection.execute("COMMIT")
        except psycopg.OperationalError as error:
            self._roll_back(connection)
            raise SourceUnavailableError("gemba", str(error).strip(), hint=HINT) from error
        except SCHEMA_ERRORS as error:
            self._roll_back(connection)
            raise StoreUnsuitableError(
                f"the database has no Gemba schema, or an old one: {error}", hint="bring it up to date with `gemba up`"
            ) from error
        except BaseException:
            self._roll_back(connection)
            raise
        self._give_back(connection)

    def repeat(self, work: Callable[[Cursor], T]) -> T:
        """Do work that may be done twice in a transaction of its own, again if the connection breaks."""
        broken: SourceUnavailableError | None = None
        for wait_s in RETRY_WAITS_S:
            time.sleep(wait_s)
            try:
                with self.transaction() as cursor:
                    return work(cursor)
            except SourceUnavailableError as error:
                broken = error
        assert broken is not None
        raise broken

    def new(self) -> psycopg.Connection[tuple[Any, ...]]:
        """A connection of one's own, in autocommit mode: for listening. The caller closes it."""
        try:
            connection = psycopg.connect(self._dsn, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S)
            self._take_role(connection)
        except psycopg.OperationalError as error:
            said = str(error).strip()
            if "authentication failed" in said:
                raise AccessDeniedError("gemba", said, hint="check user and password") from error
            raise SourceUnavailableError("gemba", said, hint=HINT) from error
        return connection

    def _take_role(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        row = connection.execute(
            "SELECT 1 FROM pg_roles WHERE rolname = %s AND current_user <> rolname"
            " AND pg_has_role(current_user, oid, 'MEMBER')",
            [APP_ROLE],
        ).fetchone()
        if row is not None:
            connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(APP_ROLE)))

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()

    def _begun(self) -> psycopg.Connection[tuple[Any, ...]]:
        """An idle connection may have died; a new one that fails is an error."""
        while (connection := self._take()) is not None:
            try:
                connection.execute(self._begin)
            except psycopg.OperationalError:
                connection.close()
            else:
                return connection
        connection = self.new()
        try:
            connection.execute(self._begin)
        except psycopg.OperationalError as error:
            connection.close()
            raise SourceUnavailableError("gemba", str(error).strip(), hint=HINT) from error
        return connection

    def _take(self) -> psycopg.Connection[tuple[Any, ...]] | None:
        with self._lock:
            if self._pid != os.getpid():
                # Forked: the sockets belong to the parent too. Dropping them without goodbye leaves its alone.
                self._idle, self._pid = [], os.getpid()
            return self._idle.pop() if self._idle else None

    def _give_back(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        with self._lock:
            if len(self._idle) < IDLE_KEPT and not connection.closed:
                self._idle.append(connection)
                return
        connection.close()

    def _roll_back(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            connection.close()  # broken: the server rolls back by itself
        else:
            self._give_back(connection)
