"""One contract for every archive: run against memory and PostgreSQL."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import pytest

from gemba.errors import InputError
from gemba.events import types as ev
from gemba.store.archive import MemoryArchive, PostgresArchive
from gemba.store.ports import Archive
from gemba.store.projections.catalogue import VIEWS
from tests.store.examples import MONDAY, a_claim, an_insight, an_investigation, asked, every_event

KEY = "k" * 64
STREAM = "question/scrap-a"
MINUTE = timedelta(minutes=1)


@pytest.fixture(params=["memory", pytest.param("postgres", marks=pytest.mark.postgres)])
def archive(request: pytest.FixtureRequest, tenant: str) -> Iterator[Archive]:
    if request.param == "memory":
        yield MemoryArchive(tenant)
        return
    postgres = PostgresArchive(request.getfixturevalue("postgres_url"), tenant)
    yield postgres
    postgres.close()


def test_a_question_is_asked_once(archive: Archive) -> None:
    assert archive.ask("scrap-a", asked(KEY))
    assert not archive.ask("scrap-a", asked(KEY))
    found = archive.question("scrap-a")
    assert found is not None
    assert found == archive.question_by_key(KEY)
    assert (found.state, found.attempts, found.run_id) == ("asked", 0, None)
    assert found.question == asked(KEY).question
    assert found.assumptions == ("last week is 9 to 16 November",)
    assert archive.question("other") is None
    assert archive.current(KEY) is None


def test_a_published_insight_is_current_and_comes_back_equal(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY))
    assert archive.current(KEY) == an_insight(KEY)
    found = archive.question("scrap-a")
    assert found is not None
    assert (found.state, found.attempts, found.run_id) == ("published", 1, "run-1")
    assert archive.insight("i_1") == an_insight(KEY)
    assert archive.insight("i_") == an_insight(KEY)
    assert archive.insight("nothing") is None
    assert archive.insight("") is None


def test_a_withdrawn_insight_is_not_current_until_it_is_replaced(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY))
    archive.record(STREAM, ev.InsightWithdrawn(insight_id="i_1", reason="moved", moved=("production/2026-11-09",)))
    assert archive.current(KEY) is None
    withdrawn = archive.insight("i_1")
    assert withdrawn is not None
    assert withdrawn.status == "withdrawn"
    assert [row["insight_id"] for row in archive.query("stale_insight")] == ["i_1"]
    archive.record(STREAM, *an_investigation(KEY, run_id="run-2", insight_id="i_2", version=2))
    assert archive.current(KEY) == an_insight(KEY, "i_2", version=2)
    assert archive.query("stale_insight") == []
    assert [found.id for found in archive.insights()] == ["i_2"]
    assert [found.id for found in archive.insights(current_only=False)] == ["i_2", "i_1"]
    assert archive.insights(model="other") == ()


def test_a_replaced_insight_does_not_come_back_when_its_successor_is_withdrawn(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY))
    archive.record(STREAM, *an_investigation(KEY, run_id="run-2", insight_id="i_2", version=2))
    archive.record(STREAM, ev.InsightWithdrawn(insight_id="i_2", reason="moved"))
    assert archive.current(KEY) is None


def test_an_insight_published_again_after_its_withdrawal_is_current(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY))
    archive.record(STREAM, ev.InsightWithdrawn(insight_id="i_1", reason="moved"))
    archive.record(STREAM, *an_investigation(KEY, run_id="run-2"))  # the data came back: the same answer
    assert archive.current(KEY) == an_insight(KEY)
    assert len(archive.query("claim")) == 2
    run = archive.run_of("i_1")
    assert run is not None
    assert run.run_id == "run-2"


def test_refusals_and_failures_are_told_and_end_with_the_next_run(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    start = ev.InvestigationStarted(run_id="run-1", executor="threads", reason="asked")
    refused = ev.InvestigationRefused(run_id="run-1", reason="too_little_data", missing="14 days", text="too little")
    archive.record(STREAM, start, refused)
    found = archive.question("scrap-a")
    assert found is not None
    assert found.state == "refused"
    assert found.refusal is not None
    assert found.refusal["missing"] == "14 days"
    archive.record(STREAM, start.model_copy(update={"run_id": "run-2"}))
    archive.record(STREAM, ev.InvestigationFailed(run_id="run-2", kind="world", message="gone", hint="start it"))
    found = archive.question("scrap-a")
    assert found is not None
    assert (found.state, found.refusal, found.attempts) == ("failed", None, 2)
    assert found.error is not None
    assert found.error["hint"] == "start it"
    assert [question.partition_key for question in archive.questions(state="failed")] == ["scrap-a"]
    assert archive.questions(state="running") == ()


def test_a_claim_is_found_by_a_prefix_with_its_newest_insight(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY, claims=(a_claim("c_ab1"), a_claim("c_abc"))))
    later = (a_claim("c_ab1", effect=3.0),)
    archive.record(STREAM, *an_investigation(KEY, run_id="run-2", insight_id="i_2", version=2, claims=later))
    found = archive.claim("c_ab1")
    assert found is not None
    assert (found[0].id, found[1].effect) == ("i_2", 3.0)
    found = archive.claim("c_abc")
    assert found is not None
    assert found[0].id == "i_1"
    assert archive.claim("c_x") is None
    assert archive.claim("%") is None
    with pytest.raises(InputError, match="ambiguous"):
        archive.claim("c_ab")


def test_a_run_tells_its_parts_as_far_as_it_got(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    events = an_investigation(KEY)
    archive.record(STREAM, *events[:4])
    run = archive.run("scrap-a", "run-1")
    assert run is not None
    assert run.plan is not None
    assert (run.data_version, run.weighed, run.insight) == ("d1", None, None)
    assert [outcome.agent for outcome in run.outcomes] == ["segments"]
    archive.record(STREAM, *events[4:])
    run = archive.run_of("i_1")
    assert run is not None
    assert [outcome.outcome for outcome in run.outcomes] == ["findings", "gap", "not_planned"]
    assert run.insight == an_insight(KEY)
    assert run.weighed == {"claims": [], "summary": "x"}
    assert run.seconds["evidence"] == 0.4
    assert run.seconds["agent:segments"] == 0.2
    assert archive.run("scrap-a", "other") is None
    assert archive.run_of("other") is None


def test_past_insights_are_those_about_the_metric_and_before(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY))
    archive.record(STREAM, *an_investigation(KEY, run_id="run-2", insight_id="i_2", version=2))
    archive.record(STREAM, ev.InsightWithdrawn(insight_id="i_2", reason="moved"))
    later = MONDAY + timedelta(days=9)
    past = archive.past(model="factory", metric="scrap_rate", before=later)
    assert [(one.insight_id, one.withdrawn) for one in past] == [("i_2", True), ("i_1", False)]
    second = an_insight(KEY, version=2).created_at
    assert [one.insight_id for one in archive.past(model="factory", metric="scrap_rate", before=second)] == ["i_1"]
    assert len(archive.past(model="factory", metric="scrap_rate", before=later, limit=1)) == 1
    assert archive.past(model="factory", metric="output", before=later) == ()


def test_an_insight_that_waits_for_approval_is_not_served(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY))
    waiting = an_insight(KEY, "i_2", version=2)
    withheld = ev.InsightWithheld(run_id="run-2", reason="approval", pending_approval=True, insight=waiting)
    archive.record(STREAM, withheld)
    assert archive.current(KEY) == an_insight(KEY)
    found = archive.insight("i_2")
    assert found is not None
    assert found.status == "pending_approval"
    archive.record(STREAM, ev.InsightApproved(insight_id="i_2", by="bob"))
    current = archive.current(KEY)
    assert current is not None
    assert (current.id, current.status) == ("i_2", "published")


def test_submissions_wait_in_order_until_they_are_read(archive: Archive) -> None:
    for name in ("one", "two", "three"):
        archive.record(f"intake/{name}", ev.QuestionSubmitted(text=name, model="factory", as_of=MONDAY))
    archive.record("intake/two", ev.QuestionRead(status="clarify", text="two", reason="member"))
    waiting = archive.submissions()
    assert [one.text for one in waiting] == ["one", "three"]
    assert waiting[0].as_of == MONDAY
    assert waiting[0].stream == "intake/one"
    states = {row["text"]: row["state"] for row in archive.query("question")}
    assert states == {"one": "submitted", "two": "clarify", "three": "submitted"}


def test_source_versions_are_the_last_observed(archive: Archive) -> None:
    stream = "source/factory/production"
    archive.record(stream, ev.SourceObserved(model="factory", source="production", versions={"a": "1", "b": "1"}))
    archive.record(stream, ev.SourceObserved(model="factory", source="production", versions={"a": "2", "b": None}))
    assert archive.source_versions("factory", "production") == {"a": "2"}
    assert archive.source_versions("factory", "machines") == {}


def test_uses_and_feedback_are_counted(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.record(STREAM, *an_investigation(KEY))
    for outcome in ("hit", "hit", "joined"):
        archive.record(STREAM, ev.CacheServed(insight_id="i_1", outcome=outcome))
    archive.record("feedback/i_1", ev.FeedbackGiven(insight_id="i_1", vote="up", why="right", by="ann"))
    (used,) = archive.query("cache_statistics")
    assert (used["hits"], used["joined"]) == (2, 1)
    (judged,) = archive.query("feedback")
    assert (judged["vote"], judged["why"], judged["given_by"]) == ("up", "right", "ann")


def test_a_lease_is_held_by_one_and_its_fence_grows(archive: Archive) -> None:
    first = archive.take_lease("key", holder="a", life=MINUTE)
    assert first is not None
    assert archive.take_lease("key", holder="b", life=MINUTE) is None
    assert archive.take_lease("key", holder="a", life=MINUTE) is None
    assert archive.take_lease("other", holder="b", life=MINUTE) is not None
    assert archive.renew_lease(first, life=MINUTE)
    archive.release_lease(first)
    assert not archive.renew_lease(first, life=MINUTE)
    second = archive.take_lease("key", holder="b", life=MINUTE)
    assert second is not None
    assert second.fence > first.fence
    archive.release_lease(first)  # too late: it is not the holder's any more
    assert archive.take_lease("key", holder="c", life=MINUTE) is None


def test_a_lease_that_lapsed_goes_to_the_next(archive: Archive) -> None:
    first = archive.take_lease("key", holder="a", life=timedelta(milliseconds=20))
    assert first is not None
    time.sleep(0.03)
    assert archive.renew_lease(first, life=timedelta(milliseconds=20))  # nobody took it in between
    time.sleep(0.03)
    second = archive.take_lease("key", holder="b", life=MINUTE)
    assert second is not None
    assert second.fence > first.fence
    assert not archive.renew_lease(first, life=MINUTE)


def test_many_who_want_a_lease_get_it_one_by_one(archive: Archive) -> None:
    inside, most, got = 0, 0, 0
    lock = threading.Lock()

    def work(name: str) -> None:
        nonlocal inside, most, got
        for _ in range(200):
            lease = archive.take_lease("key", holder=name, life=MINUTE)
            if lease is None:
                time.sleep(0.002)
                continue
            with lock:
                inside += 1
                got += 1
                most = max(most, inside)
            time.sleep(0.001)
            with lock:
                inside -= 1
            archive.release_lease(lease)
            return

    threads = [threading.Thread(target=work, args=(f"t{number}",)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, got) == (1, 8)


def test_waiting_ends_with_a_change_or_with_the_time(archive: Archive) -> None:
    archive.ask("scrap-a", asked(KEY))
    archive.wait_for_change(KEY, timeout=timedelta(seconds=0.01))
    lease = archive.take_lease(KEY, holder="a", life=MINUTE)
    assert lease is not None
    failed = ev.InvestigationFailed(run_id="r", kind="world", message="gone")
    for change in (lambda: archive.record(STREAM, failed), lambda: archive.release_lease(lease)):
        timer = threading.Timer(0.1, change)
        timer.start()
        started = time.monotonic()
        archive.wait_for_change(KEY, timeout=timedelta(seconds=10))
        assert time.monotonic() - started < 5
        timer.join()
    archive.wait_for_change(KEY, timeout=timedelta(seconds=0.01))
    started = time.monotonic()
    archive.wait_for_change(KEY, timeout=timedelta(seconds=0.05))
    assert 0.04 < time.monotonic() - started < 2


def test_tables_are_asked_for_by_name(archive: Archive) -> None:
    assert {view: list(archive.query(view)) for view in VIEWS} == {view: [] for view in VIEWS}
    with pytest.raises(InputError, match="pg_shadow"):
        archive.query("pg_shadow")


def test_what_cannot_be_read_back_is_not_stored(archive: Archive) -> None:
    with pytest.raises(InputError, match="cannot be stored"):
        archive.record(
            STREAM, ev.InsightPublished(run_id="r", insight=an_insight(KEY, claims=(a_claim(effect=float("nan")),)))
        )
    with pytest.raises(InputError, match="NUL"):
        archive.record(STREAM, ev.InvestigationFailed(run_id="r", kind="world", message="a\x00b"))
    assert archive.query("investigation") == []


@pytest.mark.postgres
def test_memory_and_postgres_hold_the_same_rows(postgres_url: str, tenant: str) -> None:
    archives = (MemoryArchive(tenant), PostgresArchive(postgres_url, tenant))
    for archive in archives:
        for stream, events in every_event(KEY).items():
            archive.record(stream, *events)
    unequal = {
        "feedback_id", "asked_at", "changed_at", "published_at", "withdrawn_at", "started_at", "ended_at",
        "observed_at", "given_at", "last_served_at",
    }  # fmt: skip
    for view in VIEWS:
        memory, postgres = (
            sorted(json.dumps(_comparable(row, unequal), sort_keys=True) for row in archive.query(view))
            for archive in archives
        )
        assert memory == postgres, view
        assert memory, view
    archives[1].close()


def _comparable(row: Mapping[str, Any], unequal: set[str]) -> dict[str, Any]:
    plain = {name: value for name, value in row.items() if name not in unequal}
    return {name: value.timestamp() if isinstance(value, datetime) else value for name, value in plain.items()}
