"""An event store that fails on purpose."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal
from uuid import UUID

from gemba.errors import SourceUnavailableError
from gemba.events.ports import EventStore, Recorded
from gemba.events.types import Event


class FailingEventStore:
    """Passes everything on to a store, but fails on the nth append (from 1), and on `times` appends from there.

    `when` "before": nothing is stored. "after": it is stored and the confirmation is lost, as when a connection
    breaks after the commit.
    """

    def __init__(
        self, inner: EventStore, *, fail_on: int, times: int = 1, when: Literal["before", "after"] = "before"
    ) -> None:
        self.tenant = inner.tenant
        self.appends = 0
        self._inner = inner
        self._failing = range(fail_on, fail_on + times)
        self._when = when

    def append(
        self, stream: str, events: Sequence[Event], *, expected: int | None = None, ids: Sequence[UUID] | None = None
    ) -> int:
        self.appends += 1
        if self.appends not in self._failing:
            return self._inner.append(stream, events, expected=expected, ids=ids)
        if self._when == "after":
            self._inner.append(stream, events, expected=expected, ids=ids)
        raise SourceUnavailableError("gemba", f"append {self.appends} fails on purpose")

    def stream(self, stream: str, *, after: int = 0) -> tuple[Recorded, ...]:
        return self._inner.stream(stream, after=after)

    def since(self, position: int, *, limit: int = 1000) -> Iterator[Recorded]:
        return self._inner.since(position, limit=limit)

    def last_position(self) -> int:
        return self._inner.last_position()
