"""Port of the event store. Adapters: Postgres, and memory for tests and for use without a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from gemba.events.types import Event


@dataclass(frozen=True, slots=True)
class Recorded:
    """An event as stored. `position` orders all events of the store, `version` those of a stream from 1."""

    position: int
    stream: str
    version: int
    event_id: UUID
    tenant: str
    recorded_at: datetime
    event: Event


class EventStore(Protocol):
    """Append-only. Bound to one tenant."""

    tenant: str

    def append(
        self, stream: str, events: Sequence[Event], *, expected: int | None = None, ids: Sequence[UUID] | None = None
    ) -> int:
        """Append all or nothing and return the stream's new version.

        Args:
            expected: Version the stream must have now; None appends whatever it is.
            ids: One an event; an id that the store has seen makes the whole append a no-op (idempotent retry).

        Raises:
            VersionConflictError: The stream is not at `expected`.
        """
        ...

    def stream(self, stream: str, *, after: int = 0) -> tuple[Recorded, ...]: ...

    def since(self, position: int, *, limit: int = 1000) -> Iterator[Recorded]:
        """Events above `position` in order, none missed: what commits late never gets a lower position than
        what a reader has already seen."""
        ...

    def last_position(self) -> int: ...
