"""Event store in PostgreSQL: table `gemba.event`, written by the function `gemba.append_events`.

Order without gaps: identity values are drawn in one order and committed in another, so a reader that goes by
`position > last` would miss what commits late. A writer therefore holds a shared advisory lock from before it
draws positions until it commits, and a reader takes that lock exclusively, for the instant in which it reads the
highest position (`gemba.event_horizon`): below it nothing can appear any more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from uuid import UUID, uuid4

from gemba.errors import VersionConflictError
from gemba.events.ports import Recorded
from gemba.events.types import CacheServed, Event
from gemba.events.upcast import UPCASTERS, Upcaster, decode, encode
from gemba.store.connections import Connections, Cursor

COLUMNS = "position, stream, version, event_id, tenant, recorded_at, type, type_version, payload::text"


class PostgresEventStore:
    """Bound to one tenant by the connections' row-level security. Safe for threads."""

    def __init__(self, connections: Connections, *, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS) -> None:
        self.tenant = connections.tenant
        self._connections = connections
        self._upcasters = upcasters

    def append(
        self, stream: str, events: Sequence[Event], *, expected: int | None = None, ids: Sequence[UUID] | None = None
    ) -> int:
        """As the port says. Repeats itself under the same ids when the connection breaks: a commit whose
        confirmation was lost is found and not doubled."""
        ids = tuple(uuid4() for _ in events) if ids is None else tuple(ids)
        assert len(ids) == len(events), "one id an event"
        encoded = [encode(event) for event in events]
        # Losing the count of a cached answer in a power cut does no harm; waiting for the disk on each does.
        light = bool(events) and all(isinstance(event, CacheServed) for event in events)
        arguments = (
            stream,
            expected,
            list(ids),
            [item.type for item in encoded],
            [item.type_version for item in encoded],
            [item.payload for item in encoded],
        )

        def append(cursor: Cursor) -> tuple[bool, int]:
            if light:
                cursor.execute("SET LOCAL synchronous_commit = off")
            cursor.execute(
                "SELECT appended, stream_version FROM gemba.append_events"
                "(%s, %s::bigint, %s::uuid[], %s::text[], %s::int[], %s::text[])",
                arguments,
            )
            row = cursor.fetchone()
            assert row is not None
            return row[0], row[1]

        row = self._connections.repeat(append)
        if not row[0]:
            assert expected is not None
            raise VersionConflictError(stream, expected, row[1])
        return row[1]

    def stream(self, stream: str, *, after: int = 0) -> tuple[Recorded, ...]:
        def read(cursor: Cursor) -> tuple[Recorded, ...]:
            cursor.execute(
                f"SELECT {COLUMNS} FROM gemba.event WHERE tenant = %s AND stream = %s AND version > %s"
                " ORDER BY version",
                (self.tenant, stream, after),
            )
            return tuple(self._recorded(row) for row in cursor)

        return self._connections.repeat(read)

    def since(self, position: int, *, limit: int = 1000) -> Iterator[Recorded]:
        horizon = self.last_position()
        return iter(self._connections.repeat(lambda cursor: self.between(cursor, position, horizon, limit=limit)))

    def last_position(self) -> int:
        """Highest position below which nothing can appear any more. Waits for writers under way: milliseconds."""

        def read(cursor: Cursor) -> int:
            cursor.execute("SELECT gemba.event_horizon()")
            row = cursor.fetchone()
            assert row is not None
            return row[0]

        return self._connections.repeat(read)

    def between(self, cursor: Cursor, position: int, horizon: int, *, limit: int) -> tuple[Recorded, ...]:
        """Events above `position` up to `horizon`, read in a transaction under way."""
        cursor.execute(
            f"SELECT {COLUMNS} FROM gemba.event WHERE tenant = %s AND position > %s AND position <= %s"
            " ORDER BY position LIMIT %s",
            (self.tenant, position, horizon, limit),
        )
        return tuple(self._recorded(row) for row in cursor)

    def _recorded(self, row: tuple) -> Recorded:
        position, stream, version, event_id, tenant, recorded_at, name, type_version, payload = row
        event = decode(name, type_version, payload, upcasters=self._upcasters)
        return Recorded(position, stream, version, event_id, tenant, recorded_at, event)
