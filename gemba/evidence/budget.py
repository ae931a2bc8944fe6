"""What a gathering may use, counted while it runs. Safe to share between threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from gemba.errors import LimitReachedError
from gemba.evidence.types import Limits


@dataclass(slots=True)
class Budget:
    """Counts queries and seconds against `Limits`. `clock` gives seconds and never goes back."""

    limits: Limits
    clock: Callable[[], float] = time.monotonic
    started: float = field(init=False)
    queries: int = field(init=False, default=0)
    _lock: threading.Lock = field(init=False, default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.started = self.clock()

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

    def check_rows(self, rows: int, allowed: int) -> None:
        if rows > allowed:
            raise LimitReachedError("rows of a query", allowed, rows)

    @property
    def statement_s(self) -> float:
        """Seconds that the next statement may take: the statement's own limit or what is left."""
        left = self.limits.deadline_s - (self.clock() - self.started)
        return max(0.001, min(self.limits.statement_timeout_s, left))
