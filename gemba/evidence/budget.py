"""What a gathering may use, counted while it runs. Safe to share between threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gemba.errors import LimitReachedError
from gemba.evidence.types import Limits

BYTES_PER_VALUE = 100
"""A fetched value while it is a Python object in a row and a number in a frame: 60 to 100 bytes."""


def _resident() -> int:
    import psutil

    return psutil.Process().memory_info().rss


@dataclass(slots=True)
class Budget:
    """Counts queries, seconds and memory against `Limits`.

    `clock` gives seconds and never goes back; `resident` the bytes of memory that this process holds.
    """

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    resident: Callable[[], int] = field(default_factory=lambda: _resident)
    started: float = field(init=False)
    resident_at_start: int = field(init=False)
    queries: int = field(init=False, default=0)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.started = self.clock()
        self.resident_at_start = self.resident()

    def spend_query(self) -> None:
        """Count one query about to run.

        Raises:
            LimitReachedError: It would be one too many, or the deadline has passed.
        """
        self.check_time()
        with self._lock:
            if self.queries >= self.limits.queries:
                raise LimitReachedError("queries", self.limits.queries, self.queries + 1)
            self.queries += 1

    def check_time(self) -> None:
        used = self.clock() - self.started
        if used > self.limits.deadline_s:
            raise LimitReachedError("deadline", self.limits.deadline_s, round(used, 3), unit="s")

    def check_memory(self) -> None:
        """Hold this process to its memory, once the rows of a query are in it.

        Raises:
            LimitReachedError: It has grown by more than the limit since the budget was made.
        """
        grown = self.resident() - self.resident_at_start
        if grown > self.limits.memory_bytes:
            mebibyte = 2**20
            raise LimitReachedError("memory", self.limits.memory_bytes / mebibyte, grown / mebibyte, unit="MiB")

    def rows_that_fit(self, columns: int) -> int:
        """How many rows of so many columns may be fetched at once: of the memory, or of the rows of a query."""
        return min(self.limits.rows_per_query, self.limits.memory_bytes // (BYTES_PER_VALUE * max(1, columns)))

    def check_rows(self, rows: int, allowed: int) -> None:
        if rows > allowed:
            raise LimitReachedError("rows of a query", allowed, rows)

    @property
    def statement_s(self) -> float:
        """Seconds that the next statement may take: the statement's own limit or what is left."""
        left = self.limits.deadline_s - (self.clock() - self.started)
        return max(0.001, min(self.limits.statement_timeout_s, left))
