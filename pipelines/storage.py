"""Dagster's storage in PostgreSQL, made fit for a run that writes a hundred small events in a second.

As it comes, the storage opens a connection for every statement, with the server's password handshake, and asks again
and again whether its own tables and columns are there. Both cost more than the statements themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dagster as dg

STATEMENT_TIMEOUT_MS = 60_000
POOL_RECYCLE_S = 3600
MOST_CONNECTIONS = 20

SCHEMA_QUESTIONS = (
    "has_run_stats_index_cols",
    "has_backfill_id_column",
    "has_table",
    "has_asset_key_col",
    "_has_asset_key_col_on_connection",
)
"""Methods of Dagster 1.13's storages that ask the database about its schema. A name that is gone is passed over."""


def keep_connections(instance: dg.DagsterInstance) -> None:
    """Let the storage use its connections again, and believe what it has seen of its schema.

    No effect on storages other than PostgreSQL, nor when called again. Dagster does the first for its webserver. A
    column or table that is there stays there for as long as the process lives: only a "yes" is remembered.
    """
    storages: tuple[Any, ...] = (instance.run_storage, instance.event_log_storage)
    if any(isinstance(getattr(one, "has_table", None), _Remembered) for one in storages):
        return
    instance.optimize_for_webserver(
        statement_timeout=STATEMENT_TIMEOUT_MS, pool_recycle=POOL_RECYCLE_S, max_overflow=MOST_CONNECTIONS
    )
    for storage in storages:
        if not type(storage).__module__.startswith("dagster_postgres."):
            continue
        for name in SCHEMA_QUESTIONS:
            ask = getattr(storage, name, None)
            if ask is not None:
                setattr(storage, name, _Remembered(ask))


class _Remembered:
    """A question to which "yes" is remembered by its plain arguments. Threads may ask twice; they get the same."""

    def __init__(self, ask: Callable[..., bool]) -> None:
        self._ask = ask
        self._yes: set[tuple[str, ...]] = set()

    def __call__(self, *arguments: Any) -> bool:
        about = tuple(one for one in arguments if isinstance(one, str))
        if about not in self._yes:
            if not self._ask(*arguments):
                return False
            self._yes.add(about)
        return True
