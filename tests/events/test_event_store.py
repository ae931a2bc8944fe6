"""One contract for every event store: run against memory and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest

from benchmarks.events import writers_under_kills
from gemba.errors import SourceUnavailableError, VersionConflictError
from gemba.events import types as ev
from gemba.events.memory import MemoryEventStore
from gemba.events.ports import EventStore
from gemba.events.postgres import PostgresEventStore
from gemba.store.connections import Connections
from tests.fakes.events import FailingEventStore
from tests.store.examples import every_event


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tenant: str) -> Iterator[EventStore]:
    if request.param == "memory":
        yield MemoryEventStore(tenant)
        return
    connections = Connections(request.getfixturevalue("postgres_url"), tenant)
    yield PostgresEventStore(connections)
    connections.close()


def vote(number: int = 1) -> ev.FeedbackGiven:
    return ev.FeedbackGiven(insight_id=f"i_{number}", vote="up", why='ü "quoted" \\ text')


def test_events_come_back_equal_and_in_order(store: EventStore) -> None:
    streams = every_event("k")
    for stream, events in streams.items():
        assert store.append(stream, events) == len(events)
    for stream, events in streams.items():
        found = store.stream(stream)
        assert [one.event for one in found] == list(events)
        assert [one.version for one in found] == list(range(1, len(events) + 1))
        assert store.stream(stream, after=1) == found[1:]
    everything = list(store.since(0))
    assert [one.event for one in everything] == [event for events in streams.values() for event in events]
    positions = [one.position for one in everything]
    assert positions == sorted(set(positions))
    assert store.last_position() == positions[-1]
    assert {type(one.event).__name__ for one in everything} == set(ev.EVENT_TYPES), "the examples show every type"


def test_reading_goes_on_where_it_ended(store: EventStore) -> None:
    store.append("feedback/a", [vote(number) for number in range(7)])
    seen, position = [], 0
    while batch := list(store.since(position, limit=3)):
        assert len(batch) <= 3
        seen += batch
        position = batch[-1].position
    assert [one.version for one in seen] == [1, 2, 3, 4, 5, 6, 7]
    assert list(store.since(store.last_position())) == []


def test_an_empty_store_has_nothing(store: EventStore) -> None:
    assert store.last_position() == 0
    assert store.stream("feedback/none") == ()
    assert store.append("feedback/none", []) == 0


def test_an_append_at_another_version_is_a_conflict_and_stores_nothing(store: EventStore) -> None:
    assert store.append("feedback/a", [vote()], expected=0) == 1
    with pytest.raises(VersionConflictError) as caught:
        store.append("feedback/a", [vote(), vote()], expected=0)
    assert (caught.value.expected, caught.value.actual) == (0, 1)
    assert len(store.stream("feedback/a")) == 1
    assert store.append("feedback/a", [vote(), vote()], expected=1) == 3


def test_an_id_is_stored_once_for_ever(store: EventStore) -> None:
    ids = [uuid4(), uuid4()]
    assert store.append("feedback/a", [vote(1), vote(2)], ids=ids) == 2
    assert store.append("feedback/a", [vote(1), vote(2)], ids=ids) == 2
    assert store.append("feedback/a", [vote(1), vote(2)], expected=0, ids=ids) == 2, "a retry is no conflict"
    assert store.append("feedback/a", [vote(3), vote(2)], ids=[uuid4(), ids[1]]) == 2, "all or nothing"
    assert [one.event_id for one in store.stream("feedback/a")] == ids


def test_of_many_who_expect_the_same_version_one_wins(store: EventStore) -> None:
    def attempt(_: int) -> bool:
        try:
            store.append("feedback/a", [vote()], expected=0)
        except VersionConflictError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(attempt, range(8))) == 1
    assert len(store.stream("feedback/a")) == 1


def test_writers_of_one_stream_queue_up(store: EventStore) -> None:
    with ThreadPoolExecutor(8) as threads:
        versions = list(threads.map(lambda number: store.append("feedback/a", [vote(number)]), range(40)))
    assert sorted(versions) == list(range(1, 41))


def test_a_retry_after_a_lost_confirmation_doubles_nothing(store: EventStore) -> None:
    failing = FailingEventStore(store, fail_on=1, when="after")
    ids = [uuid4()]
    with pytest.raises(SourceUnavailableError):
        failing.append("feedback/a", [vote()], ids=ids)
    assert failing.append("feedback/a", [vote()], ids=ids) == 1
    assert len(list(failing.since(0))) == failing.last_position() - store.last_position() + 1 == 1
    failing = FailingEventStore(store, fail_on=1)
    with pytest.raises(SourceUnavailableError):
        failing.append("feedback/b", [vote()])
    assert failing.stream("feedback/b") == ()


@pytest.mark.postgres
@pytest.mark.slow
def test_killed_connections_lose_double_and_disorder_nothing(postgres_url: str, tenant: str) -> None:
    report = writers_under_kills(postgres_url, tenant, writers=8, appends=1000)
    assert report.is_clean, report
    assert report.read == 8000
    assert report.kills > 20


@pytest.mark.postgres
@pytest.mark.timeout(60)
def test_a_reader_misses_nothing_that_commits_late(postgres_url: str, tenant: str) -> None:
    """Without the horizon, a reader that saw a later position would skip the transaction still open."""
    connections = Connections(postgres_url, tenant)
    store = PostgresEventStore(connections)
    store.append("feedback/first", [vote()])
    seen = store.last_position()
    with connections.new() as slow:
        slow.execute("BEGIN")
        slow.execute("SELECT set_config('gemba.tenant', %s, true)", [tenant])
        slow.execute(
            "SELECT gemba.append_events('feedback/slow', NULL, ARRAY[gen_random_uuid()], ARRAY['FeedbackGiven'],"
            ' ARRAY[1], ARRAY[\'{"insight_id": "i", "vote": "up"}\'])'
        )
        store.append("feedback/fast", [vote()])
        with ThreadPoolExecutor(1) as threads:
            reading = threads.submit(lambda: [one.stream for one in store.since(seen)])
            with pytest.raises(TimeoutError):
                reading.result(timeout=0.2)
            slow.execute("COMMIT")
            assert reading.result(timeout=10) == ["feedback/slow", "feedback/fast"]
    connections.close()
