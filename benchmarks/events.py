"""Event store: append rates, a rebuild of many events, and writers whose connections are killed.

    python -m benchmarks.events [--out FILE] [--events 100000] [--writers 8] [--appends 1000]

Starts an embedded PostgreSQL of its own in the temporary folder and removes it. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg

from benchmarks.machine import machine
from gemba.events import types as ev
from gemba.events.postgres import PostgresEventStore
from gemba.insights.types import Claim, Findings, Insight
from gemba.questions.types import Level, Window
from gemba.store.archive import PostgresArchive
from gemba.store.connect import DATABASE_URL_VARIABLE, libpq_url
from gemba.store.connections import Connections
from gemba.store.migrate import migrate
from gemba.store.rebuild import rebuild
from gemba.store.reconcile import reconcile
from gemba.store.server import EmbeddedServer


@dataclass(frozen=True, slots=True)
class KillReport:
    """What a reader saw of writers whose connections were terminated at random.

    `lost`, `doubled`, `unexpected` count event ids; `disordered` counts events whose position or version was not
    above the one read before.
    """

    written: int
    read: int
    lost: int
    doubled: int
    unexpected: int
    disordered: int
    kills: int
    seconds: float

    @property
    def is_clean(self) -> bool:
        return self.written == self.read and not (self.lost or self.doubled or self.unexpected or self.disordered)


def writers_under_kills(url: str, tenant: str, *, writers: int, appends: int, seed: int = 1) -> KillReport:
    """Writers append one event at a time to streams that they share, a killer ends connections, a reader follows."""
    written: list[UUID] = []
    read: list[tuple[int, str, int, UUID]] = []
    done = threading.Event()
    kills = 0

    def write(number: int) -> None:
        chance = random.Random(seed * 1000 + number)  # noqa: S311
        connections = Connections(url, tenant)
        store = PostgresEventStore(connections)
        for count in range(appends):
            event_id = uuid4()
            event = ev.FeedbackGiven(insight_id=f"i_{count}", vote="up", by=str(number))
            store.append(f"feedback/{chance.randrange(writers * 2)}", [event], ids=[event_id])
            written.append(event_id)
        connections.close()

    def follow() -> None:
        connections = Connections(url, tenant)
        store = PostgresEventStore(connections)
        position = 0
        while True:
            last_round = done.is_set()
            found = list(store.since(position))
            read.extend((one.position, one.stream, one.version, one.event_id) for one in found)
            if found:
                position = found[-1].position
            elif last_round:
                break
            else:
                time.sleep(0.005)
        connections.close()

    def kill() -> None:
        nonlocal kills
        chance = random.Random(seed)  # noqa: S311
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            while not done.is_set():
                time.sleep(0.1)
                others = connection.execute(
                    "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
                    " AND backend_type = 'client backend'"
                ).fetchall()
                if others:
                    connection.execute("SELECT pg_terminate_backend(%s)", [chance.choice(others)[0]])
                    kills += 1

    started = time.perf_counter()
    with ThreadPoolExecutor(writers + 2) as pool:
        watchers = [pool.submit(follow), pool.submit(kill)]
        try:
            for writer in [pool.submit(write, number) for number in range(writers)]:
                writer.result()
        finally:
            done.set()
        for watcher in watchers:
            watcher.result()
    ids = Counter(row[3] for row in read)
    return KillReport(
        written=len(written),
        read=len(read),
        lost=len(set(written) - set(ids)),
        doubled=sum(count - 1 for count in ids.values()),
        unexpected=len(set(ids) - set(written)),
        disordered=_disordered(read),
        kills=kills,
        seconds=time.perf_counter() - started,
    )


def _disordered(read: list[tuple[int, str, int, UUID]]) -> int:
    position, versions, found = 0, Counter[str](), 0
    for row in read:
        versions[row[1]] += 1
        found += row[0] <= position or row[2] != versions[row[1]]
        position = row[0]
    return found


def many_events(count: int) -> dict[str, list[ev.Event]]:
    """Streams of questions as they happen: 20 events each, with an insight of five claims."""
    window = Window(start=datetime(2026, 11, 9, tzinfo=UTC), end=datetime(2026, 11, 16, tzinfo=UTC))
    streams: dict[str, list[ev.Event]] = {}
    for number in range(max(count // 20, 1)):
        question = Level(metric=f"metric_{number % 50}", window=window)
        claims = tuple(_claim(f"c_{number}_{rank}", rank) for rank in range(1, 6))
        insight = Insight(
            id=f"i_{number}",
            key=f"key-{number}",
            summary="Scrap was 3.2 %.",
            confidence=0.9,
            claims=claims,
            data_version=f"d{number}",
            read_set=(),
            valid_until=None,
            created_at=window.end,
            strategy="level",
            question=question,
            model="factory",
        )
        run = f"run-{number}"
        streams[f"question/q-{number}"] = [
            ev.QuestionAsked(
                key=f"key-{number}", text="?", question=question, model="factory", model_hash="h", model_yaml="gemba: 1"
            ),
            ev.InvestigationStarted(run_id=run, executor="threads", reason="asked"),
            ev.EvidenceGathered(run_id=run, data_version=f"d{number}", queries=3, rows=100, seconds=0.1),
            *(
                ev.AgentFinished(
                    run_id=run, agent=f"agent_{agent}", outcome=Findings(agent=f"agent_{agent}"), seconds=0.1
                )
                for agent in range(6)
            ),
            ev.ClaimsWeighed(run_id=run, weighed={"summary": "x"}, seconds=0.1),
            ev.ClaimsChecked(run_id=run, passed=True, checks=10),
            ev.InsightPublished(run_id=run, insight=insight),
            *(ev.CacheServed(insight_id=f"i_{number}", outcome="hit") for _ in range(7)),
            ev.InsightWithdrawn(insight_id=f"i_{number}", reason="moved", moved=("production/2026-11-09",)),
        ]
    return streams


def _claim(claim_id: str, rank: int) -> Claim:
    return Claim(
        id=claim_id,
        kind="level",
        metric="scrap_rate",
        statement="Scrap was 3.2 %",
        effect=3.2,
        unit="%",
        n=100,
        method="level",
        agent="level",
        rank=rank,
    )


def append_rates(url: str, tenant: str) -> dict[str, float]:
    """Events a second: one by one on one connection, on eight, and in batches of 1,000."""
    event = ev.FeedbackGiven(insight_id="i_1", vote="up")

    def single(appends: int, name: str) -> None:
        connections = Connections(url, tenant)
        store = PostgresEventStore(connections)
        for _ in range(appends):
            store.append(f"feedback/{name}", [event])
        connections.close()

    def eight() -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: single(250, f"eight-{number}"), range(8)))

    def batches() -> None:
        connections = Connections(url, tenant)
        for number in range(10):
            PostgresEventStore(connections).append(f"feedback/batch-{number}", [event] * 1000)
        connections.close()

    archive = PostgresArchive(url, tenant + "-archive")

    def recorded() -> None:
        for _ in range(300):
            archive.record("feedback/recorded", event)

    rates = {
        "one_connection": 300 / _seconds(lambda: single(300, "one")),
        "eight_connections": 2000 / _seconds(eight),
        "batches_of_1000": 10_000 / _seconds(batches),
        "archive_record_with_projection": 300 / _seconds(recorded),
    }
    archive.close()
    return rates


def rebuild_many(url: str, tenant: str, count: int) -> dict[str, Any]:
    """Append, catch up, reconcile and rebuild `count` events; all tables must be the same rows before and after."""
    connections = Connections(url, tenant)
    store = PostgresEventStore(connections)
    streams = many_events(count)
    total = sum(len(events) for events in streams.values())

    def append() -> None:
        for stream, events in streams.items():
            store.append(stream, events)

    archive = PostgresArchive(url, tenant)
    seconds = {"append": _seconds(append), "catch_up": _seconds(lambda: archive.questions(limit=1))}
    before = _fingerprints(connections)
    started = time.perf_counter()
    (found,) = reconcile(url, tenant)
    seconds["reconcile"] = time.perf_counter() - started
    seconds["rebuild"] = _seconds(lambda: rebuild(url, tenant))
    after = _fingerprints(connections)
    lookups = [_seconds(lambda key=f"key-{number}": archive.question_by_key(key)) for number in range(200)]
    archive.close()
    connections.close()
    return {
        "events": total,
        "rows": found.rows,
        "seconds": seconds,
        "reconciled_equal": found.is_equal,
        "rebuilt_equal": before == after,
        "question_by_key_ms_median": statistics.median(lookups) * 1000,
    }


def _fingerprints(connections: Connections) -> dict[str, str]:
    from gemba.store.projections.catalogue import TABLES
    from gemba.store.projections.sql import SCHEMA

    found = {}
    with connections.transaction() as cursor:
        for table in TABLES:
            cursor.execute(
                f"SELECT count(*) || ' ' || coalesce(md5(string_agg(md5(t::text), '' ORDER BY md5(t::text))), '')"
                f" FROM {SCHEMA}.{table} AS t".encode()
            )
            row = cursor.fetchone()
            assert row is not None
            found[table] = row[0]
    return found


def _seconds(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--events", type=int, default=100_000)
    parser.add_argument("--writers", type=int, default=8)
    parser.add_argument("--appends", type=int, default=1000)
    options = parser.parse_args()
    os.environ.pop(DATABASE_URL_VARIABLE, None)
    home = Path(tempfile.mkdtemp(prefix="gemba-bench-"))
    home.chmod(0o755)
    embedded = EmbeddedServer(home)
    try:
        started = time.perf_counter()
        url = embedded.start().url()
        cold_s = time.perf_counter() - started
        migrate_s = _seconds(lambda: migrate(url))
        result = {
            "machine": machine(),
            "cold_start_s": cold_s,
            "migrate_s": migrate_s,
            "appends_per_s": append_rates(url, "rates"),
            "kills": asdict(writers_under_kills(url, "kills", writers=options.writers, appends=options.appends)),
            "rebuild": rebuild_many(url, "rebuild", options.events),
        }
    finally:
        embedded.stop()
        shutil.rmtree(home)
    text = json.dumps(result, indent=2)
    print(text)
    if options.out is not None:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        options.out.write_text(text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
