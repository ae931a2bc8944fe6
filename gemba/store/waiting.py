"""Waiting for changes by LISTEN and NOTIFY."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Set
from datetime import timedelta

import psycopg
from psycopg import sql

from gemba.store.connections import Connections

SLICE_S = 0.25  # how long one waiter keeps the others of its process from the shared connection


class ChangeListener:
    """One listening connection a process, opened at the first wait and shared by its threads.

    It stays open between waits, so a change between two waits ends the second one at once; before the first wait
    nothing is heard. Callers look, wait and look again, with timeouts of a second or so.
    """

    def __init__(self, connections: Connections, channel: str) -> None:
        self._connections = connections
        self._channel = channel
        self._lock = threading.Lock()
        self._connection: psycopg.Connection | None = None
        self._pid = os.getpid()
        self._heard: dict[str, int] = {}
        self._count = 0
        self._seen: dict[frozenset[str], int] = {}

    def wait(self, streams: Set[str], *, timeout: timedelta, any_question: bool = False) -> None:
        """Return when one of the streams (or any question, if asked for) was heard of since the last such wait."""
        asked = frozenset(streams)
        deadline = time.monotonic() + timeout.total_seconds()
        with self._lock:
            since = self._seen.setdefault(asked, self._count)
        while True:
            left = deadline - time.monotonic()
            with self._lock:
                self._listen(min(max(left, 0.0), SLICE_S))
                newest = max(
                    (
                        count
                        for stream, count in self._heard.items()
                        if stream in asked or (any_question and stream.startswith("question/"))
                    ),
                    default=0,
                )
                if newest > since or left <= 0:
                    self._seen[asked] = self._count
                    return

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _listen(self, seconds: float) -> None:
        if self._pid != os.getpid():
            self._connection, self._pid = None, os.getpid()  # forked: the socket is the parent's
        if self._connection is None or self._connection.closed:
            self._connection = self._connections.new()
            self._connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(self._channel)))
        try:
            for notice in self._connection.notifies(timeout=seconds, stop_after=1):
                self._count += 1
                self._heard[notice.payload] = self._count
        except psycopg.OperationalError:
            self._connection.close()  # the next turn connects anew
            time.sleep(seconds)
