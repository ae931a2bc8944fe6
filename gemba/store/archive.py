"""The archive in PostgreSQL. Plain psycopg: looking up a cached answer imports no ORM."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from gemba.agents.base import PastInsight
from gemba.errors import InputError, VersionConflictError
from gemba.events.postgres import PostgresEventStore
from gemba.events.types import Event
from gemba.insights.types import Claim, Insight
from gemba.store import records
from gemba.store.catch_up import catch_up, channel, is_behind
from gemba.store.connections import Connections, Cursor
from gemba.store.leases import Leases
from gemba.store.memory import MemoryArchive
from gemba.store.ports import InvestigationState, Lease, QuestionRecord, RunRecord, Submission
from gemba.store.projections.catalogue import VIEWS
from gemba.store.projections.sql import SCHEMA
from gemba.store.waiting import ChangeListener

__all__ = ["MemoryArchive", "PostgresArchive"]

QUESTION_LIST = ", ".join(records.QUESTION_COLUMNS)


class PostgresArchive:
    """Implements `gemba.store.ports.Archive`. Safe for threads; connections are opened when needed.

    `url` may be the owner's: connections take the role `gemba_app` at once. The schema must be there
    (`gemba.store.migrate`).
    """

    def __init__(self, url: str, tenant: str) -> None:
        if not tenant:
            raise InputError("a tenant must be named")
        self.tenant = tenant
        self._connections = Connections(url, tenant)
        self.events = PostgresEventStore(self._connections)
        self._leases = Leases(self._connections)
        self._listener = ChangeListener(self._connections, channel(tenant))

    def close(self) -> None:
        """Close idle connections. The archive can be used again afterwards."""
        self._listener.close()
        self._connections.close()

    def record(self, stream: str, *events: Event) -> None:
        self.events.append(stream, events)
        catch_up(self._connections, self.events)

    def ask(self, partition_key: str, event: Event) -> bool:
        try:
            self.events.append(f"question/{partition_key}", [event], expected=0)
        except VersionConflictError:
            return False
        catch_up(self._connections, self.events)
        return True

    def question(self, partition_key: str) -> QuestionRecord | None:
        return self._question("partition_key = %s", [partition_key])

    def question_by_key(self, key: str) -> QuestionRecord | None:
        return self._question("key = %s", [key])

    def questions(self, *, state: InvestigationState | None = None, limit: int = 1000) -> tuple[QuestionRecord, ...]:
        condition, arguments = ("state = %s", [state]) if state is not None else ("true", [])
        rows = self._rows(
            f"SELECT {QUESTION_LIST} FROM {SCHEMA}.question WHERE tenant = %s AND {condition}"
            " ORDER BY position DESC LIMIT %s",
            [*arguments, limit],
        )
        return tuple(records.question_record(row) for row in rows)

    def submissions(self, *, limit: int = 100) -> tuple[Submission, ...]:
        rows = self._rows(
            f"SELECT {', '.join(records.SUBMISSION_COLUMNS)} FROM {SCHEMA}.submission"
            " WHERE tenant = %s AND state = 'submitted' ORDER BY position LIMIT %s",
            [limit],
        )
        return tuple(records.submission(row) for row in rows)

    def current(self, key: str) -> Insight | None:
        return self._insight("key = %s AND is_current", [key])

    def answers(self, key: str) -> tuple[str, ...]:
        rows = self._rows(f"SELECT insight_id FROM {SCHEMA}.insight WHERE tenant = %s AND key = %s", [key])
        return tuple(str(row["insight_id"]) for row in rows)

    def insight(self, insight_id: str) -> Insight | None:
        known = self._one_of("insight", "insight_id", insight_id)
        return None if known is None else self._insight("insight_id = %s", [known])

    def insights(
        self, *, current_only: bool = True, model: str | None = None, limit: int = 1000
    ) -> tuple[Insight, ...]:
        conditions = ["true"]
        arguments: list[Any] = []
        if current_only:
            conditions.append("is_current")
        if model is not None:
            conditions.append("model = %s")
            arguments.append(model)
        return self._insights(" AND ".join(conditions), arguments, limit)

    def claim(self, claim_id: str) -> tuple[Insight, Claim] | None:
        known = self._one_of("claim", "claim_id", claim_id)
        if known is None:
            return None
        newest = f"(SELECT insight_id FROM {SCHEMA}.claim WHERE claim_id = %s ORDER BY position DESC LIMIT 1)"
        found = self._insight(f"insight_id = {newest}", [known])
        assert found is not None, "a claim is stored with its insight"
        return found, next(claim for claim in found.claims if claim.id == known)

    def past(self, *, model: str, metric: str, before: datetime, limit: int = 20) -> tuple[PastInsight, ...]:
        rows = self._rows(
            f"SELECT {records.PAST_COLUMNS} FROM {SCHEMA}.insight WHERE tenant = %s AND model = %s AND metric = %s"
            " AND created_at < %s AND status <> 'pending_approval' ORDER BY position DESC LIMIT %s",
            [model, metric, before, limit],
        )
        return tuple(records.past_row(row) for row in rows)

    def run(self, partition_key: str, run_id: str) -> RunRecord | None:
        where = "tenant = %s AND partition_key = %s AND run_id = %s"
        runs = self._rows(
            "SELECT partition_key, run_id, plan, data_version, weighed, insight_id"
            f" FROM {SCHEMA}.investigation WHERE {where}",
            [partition_key, run_id],
        )
        if not runs:
            return None
        steps = self._rows(
            f"SELECT step, outcome, seconds, payload FROM {SCHEMA}.investigation_progress WHERE {where}"
            " ORDER BY position",
            [partition_key, run_id],
        )
        insight_id = runs[0]["insight_id"]
        found = None if insight_id is None else self._insight("insight_id = %s", [insight_id])
        return records.run_record(runs[0], steps, found)

    def run_of(self, insight_id: str) -> RunRecord | None:
        known = self._one_of("insight", "insight_id", insight_id)
        if known is None:
            return None
        rows = self._rows(
            f"SELECT partition_key, run_id FROM {SCHEMA}.insight WHERE tenant = %s AND insight_id = %s", [known]
        )
        return self.run(rows[0]["partition_key"], rows[0]["run_id"])

    def source_versions(self, model: str, source: str) -> dict[str, str]:
        rows = self._rows(
            f"SELECT partition, content_version FROM {SCHEMA}.source_version"
            " WHERE tenant = %s AND model = %s AND source = %s ORDER BY partition",
            [model, source],
        )
        return {row["partition"]: row["content_version"] for row in rows}

    def take_lease(self, key: str, *, holder: str, life: timedelta) -> Lease | None:
        return self._leases.take(key, holder=holder, life=life)

    def renew_lease(self, lease: Lease, *, life: timedelta) -> bool:
        return self._leases.renew(lease, life=life)

    def release_lease(self, lease: Lease) -> None:
        self._leases.release(lease)

    def wait_for_change(self, key: str, *, timeout: timedelta) -> None:
        found = self.question_by_key(key)
        streams = {f"lease/{key}"} if found is None else {f"lease/{key}", f"question/{found.partition_key}"}
        self._listener.wait(streams, timeout=timeout, any_question=found is None)

    def query(self, view: str, *, limit: int = 1000) -> Sequence[Mapping[str, Any]]:
        if view not in VIEWS:
            raise InputError(f"there is no table {view!r}", hint=f"there are {', '.join(VIEWS)}")
        columns = ", ".join(VIEWS[view].columns)
        order = ", ".join(f"{name} DESC NULLS LAST" for name in VIEWS[view].newest_first)
        return self._rows(f"SELECT {columns} FROM gemba.{view} WHERE tenant = %s ORDER BY {order} LIMIT %s", [limit])

    def _question(self, condition: str, arguments: list[Any]) -> QuestionRecord | None:
        rows = self._rows(
            f"SELECT {QUESTION_LIST} FROM {SCHEMA}.question WHERE tenant = %s AND {condition} LIMIT 1", arguments
        )
        return records.question_record(rows[0]) if rows else None

    def _insight(self, condition: str, arguments: list[Any]) -> Insight | None:
        found = self._insights(condition, arguments, 1)
        return found[0] if found else None

    def _insights(self, condition: str, arguments: list[Any], limit: int) -> tuple[Insight, ...]:
        rows = self._rows(
            f"SELECT payload::text, status FROM {SCHEMA}.insight WHERE tenant = %s AND {condition}"
            " ORDER BY position DESC LIMIT %s",
            [*arguments, limit],
        )
        return tuple(records.insight(row["payload"], row["status"]) for row in rows)

    def _one_of(self, table: str, column: str, prefix: str) -> str | None:
        if not prefix:
            return None
        pattern = prefix.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
        rows = self._rows(
            f"SELECT DISTINCT {column} AS id FROM {SCHEMA}.{table}"
            f" WHERE tenant = %s AND {column} LIKE %s ORDER BY 1 LIMIT 20",
            [pattern],
        )
        return records.one_of(prefix, (row["id"] for row in rows), what=table)

    def _rows(self, query: str, arguments: Sequence[Any]) -> list[dict[str, Any]]:
        """Rows of a query whose first parameter is the tenant, after the projections have caught up."""

        def read(cursor: Cursor) -> list[dict[str, Any]] | None:
            if is_behind(cursor, self.tenant):
                return None
            cursor.execute(query, [self.tenant, *arguments])  # type: ignore[arg-type]
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in cursor]

        while (rows := self._connections.repeat(read)) is None:
            catch_up(self._connections, self.events)
        return rows
