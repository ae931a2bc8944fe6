"""Event store in memory: for tests, and for use without a server. Lost with the process."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from gemba.errors import VersionConflictError
from gemba.events.ports import Recorded
from gemba.events.types import Event
from gemba.events.upcast import decode, encode


class MemoryEventStore:
    """Keeps what the Postgres store would give back: events go through their stored form. Safe for threads."""

    def __init__(self, tenant: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.tenant = tenant
        self._clock = clock
        self._lock = threading.Lock()
        self._events: list[Recorded] = []
        self._streams: dict[str, list[Recorded]] = {}
        self._ids: set[UUID] = set()

    def append(
        self, stream: str, events: Sequence[Event], *, expected: int | None = None, ids: Sequence[UUID] | None = None
    ) -> int:
        encoded = [encode(event) for event in events]
        ids = tuple(uuid4() for _ in events) if ids is None else tuple(ids)
        assert len(ids) == len(encoded), "one id an event"
        with self._lock:
            known = self._streams.get(stream, [])
            if self._ids.intersection(ids):
                return len(known)
            if expected is not None and expected != len(known):
                raise VersionConflictError(stream, expected, len(known))
            now = self._clock()
            for event_id, item in zip(ids, encoded, strict=True):
                recorded = Recorded(
                    position=len(self._events) + 1,
                    stream=stream,
                    version=len(known) + 1,
                    event_id=event_id,
                    tenant=self.tenant,
                    recorded_at=now,
                    event=decode(item.type, item.type_version, item.payload),
                )
                known = self._streams.setdefault(stream, [])
                known.append(recorded)
                self._events.append(recorded)
                self._ids.add(event_id)
            return len(known)

    def stream(self, stream: str, *, after: int = 0) -> tuple[Recorded, ...]:
        with self._lock:
            return tuple(self._streams.get(stream, [])[after:])

    def since(self, position: int, *, limit: int = 1000) -> Iterator[Recorded]:
        with self._lock:
            found = self._events[position : position + limit]
        return iter(found)

    def last_position(self) -> int:
        with self._lock:
            return len(self._events)
