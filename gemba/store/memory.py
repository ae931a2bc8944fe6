"""The archive in memory: for tests, and for use without a server. Folds the same events by the same projections."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from gemba.agents.base import PastInsight
from gemba.errors import InputError, VersionConflictError
from gemba.events.memory import MemoryEventStore
from gemba.events.types import Event
from gemba.insights.types import Claim, Insight
from gemba.store import records
from gemba.store.ports import InvestigationState, Lease, QuestionRecord, RunRecord, Submission
from gemba.store.projections.base import Row
from gemba.store.projections.catalogue import VIEWS, changes
from gemba.store.projections.rows import MemoryTables


class MemoryArchive:
    """Implements `gemba.store.ports.Archive` for one process. Safe for threads."""

    def __init__(self, tenant: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.tenant = tenant
        self.events = MemoryEventStore(tenant, clock=clock)
        self._clock = clock
        self._tables = MemoryTables()
        self._position = 0
        self._leases: dict[str, Lease] = {}
        self._fences: dict[str, int] = {}
        self._changed = threading.Condition(threading.RLock())

    def record(self, stream: str, *events: Event) -> None:
        with self._changed:
            self.events.append(stream, events)
            self._catch_up()

    def ask(self, partition_key: str, event: Event) -> bool:
        with self._changed:
            try:
                self.events.append(f"question/{partition_key}", [event], expected=0)
            except VersionConflictError:
                return False
            self._catch_up()
            return True

    def question(self, partition_key: str) -> QuestionRecord | None:
        return self._question({"partition_key": partition_key})

    def question_by_key(self, key: str) -> QuestionRecord | None:
        return self._question({"key": key})

    def questions(self, *, state: InvestigationState | None = None, limit: int = 1000) -> tuple[QuestionRecord, ...]:
        where = {} if state is None else {"state": state}
        found = self._newest(self._rows("question", where))[:limit]
        return tuple(records.question_record(row) for row in found)

    def submissions(self, *, limit: int = 100) -> tuple[Submission, ...]:
        found = sorted(self._rows("submission", {"state": "submitted"}), key=lambda row: row["position"])
        return tuple(records.submission(row) for row in found[:limit])

    def current(self, key: str) -> Insight | None:
        return self._insight({"key": key, "is_current": True})

    def answers(self, key: str) -> tuple[str, ...]:
        return tuple(str(row["insight_id"]) for row in self._rows("insight", {"key": key}))

    def insight(self, insight_id: str) -> Insight | None:
        known = self._one_of("insight", "insight_id", insight_id)
        return None if known is None else self._insight({"insight_id": known})

    def insights(
        self, *, current_only: bool = True, model: str | None = None, limit: int = 1000
    ) -> tuple[Insight, ...]:
        where = ({"is_current": True} if current_only else {}) | ({} if model is None else {"model": model})
        return tuple(self._published(row) for row in self._newest(self._rows("insight", where))[:limit])

    def claim(self, claim_id: str) -> tuple[Insight, Claim] | None:
        known = self._one_of("claim", "claim_id", claim_id)
        if known is None:
            return None
        newest = self._newest(self._rows("claim", {"claim_id": known}))[0]
        found = self._insight({"insight_id": newest["insight_id"]})
        assert found is not None, "a claim is stored with its insight"
        return found, next(claim for claim in found.claims if claim.id == known)

    def past(self, *, model: str, metric: str, before: datetime, limit: int = 20) -> tuple[PastInsight, ...]:
        rows = self._newest(self._rows("insight", {"model": model, "metric": metric}))
        found = [row for row in rows if row["created_at"] < before and row["status"] != "pending_approval"]
        return tuple(records.past_insight(self._published(row)) for row in found[:limit])

    def run(self, partition_key: str, run_id: str) -> RunRecord | None:
        where = {"partition_key": partition_key, "run_id": run_id}
        runs = self._rows("investigation", where)
        if not runs:
            return None
        steps = sorted(self._rows("investigation_progress", where), key=lambda row: row["position"])
        insight_id = runs[0]["insight_id"]
        found = None if insight_id is None else self._insight({"insight_id": insight_id})
        return records.run_record(runs[0], steps, found)

    def run_of(self, insight_id: str) -> RunRecord | None:
        known = self._one_of("insight", "insight_id", insight_id)
        if known is None:
            return None
        row = self._rows("insight", {"insight_id": known})[0]
        return self.run(row["partition_key"], row["run_id"])

    def source_versions(self, model: str, source: str) -> dict[str, str]:
        rows = self._rows("source_version", {"model": model, "source": source})
        return {row["partition"]: row["content_version"] for row in sorted(rows, key=lambda row: row["partition"])}

    def take_lease(self, key: str, *, holder: str, life: timedelta) -> Lease | None:
        with self._changed:
            now = self._clock()
            held = self._leases.get(key)
            if held is not None and held.expires_at > now:
                return None
            fence = self._fences.get(key, 0) + 1
            self._fences[key] = fence
            self._leases[key] = Lease(key=key, holder=holder, fence=fence, expires_at=now + life)
            return self._leases[key]

    def renew_lease(self, lease: Lease, *, life: timedelta) -> bool:
        with self._changed:
            held = self._leases.get(lease.key)
            if held is None or held.fence != lease.fence:
                return False
            self._leases[lease.key] = Lease(lease.key, lease.holder, lease.fence, self._clock() + life)
            return True

    def release_lease(self, lease: Lease) -> None:
        with self._changed:
            held = self._leases.get(lease.key)
            if held is not None and held.fence == lease.fence:
                del self._leases[lease.key]
                self._changed.notify_all()

    def wait_for_change(self, key: str, *, timeout: timedelta) -> None:
        with self._changed:
            before = self._standing(key)
            self._changed.wait_for(lambda: self._standing(key) != before, timeout.total_seconds())

    def query(self, view: str, *, limit: int = 1000) -> Sequence[Mapping[str, Any]]:
        if view not in VIEWS:
            raise InputError(f"there is no table {view!r}", hint=f"there are {', '.join(VIEWS)}")
        with self._changed:
            return self._tables.view(view, limit=limit)

    def _catch_up(self) -> None:
        for recorded in self.events.since(self._position, limit=self.events.last_position()):
            self._tables.apply(changes(recorded))
            self._position = recorded.position
        self._changed.notify_all()

    def _standing(self, key: str) -> tuple[int, Lease | None]:
        """What changes when something happens to a question: length of its stream, and its lease."""
        rows = self._rows("question", {"key": key})
        length = len(self.events.stream(f"question/{rows[0]['partition_key']}")) if rows else 0
        return length, self._leases.get(key)

    def _rows(self, table: str, where: Row) -> list[Row]:
        with self._changed:
            return [dict(row) for row in self._tables.where(table, where)]

    def _newest(self, rows: Iterable[Row]) -> list[Row]:
        return sorted(rows, key=lambda row: row["position"], reverse=True)

    def _question(self, where: Row) -> QuestionRecord | None:
        rows = self._rows("question", where)
        return records.question_record(rows[0]) if rows else None

    def _insight(self, where: Row) -> Insight | None:
        rows = self._newest(self._rows("insight", where))
        return self._published(rows[0]) if rows else None

    def _published(self, row: Row) -> Insight:
        return records.insight(row["payload"], row["status"])

    def _one_of(self, table: str, column: str, prefix: str) -> str | None:
        if not prefix:
            return None
        ids = (row[column] for row in self._rows(table, {}) if row[column].startswith(prefix))
        return records.one_of(prefix, ids, what=table)
