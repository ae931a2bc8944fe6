"""Sensors decide when: pure decisions on an archive in memory, and the thin shells around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from assets.own_process import OWN_PROCESS_TAG, own_process, this_process
from gemba.errors import SourceUnavailableError
from gemba.events.types import InsightPublished, InvestigationStarted
from gemba.evidence.types import ReadEntry
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.types import Insight
from gemba.intake import submit
from gemba.investigation import question_stream, utc_now
from pipelines.definitions import build_definitions
from sensors.failed_runs import lost_run_sensor
from sensors.freshness import source_freshness_sensor, withdraw_stale
from sensors.intake import question_intake_sensor, waiting
from tests.assets.world import MODEL, World, production, why
from tests.fakes.warehouse import FaultyWarehouse


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance


def tick(sensor: dg.SensorDefinition, world: World, instance: dg.DagsterInstance, *names: str) -> object:
    resources = {name: world.resources[name] for name in names}
    with dg.build_sensor_context(instance=instance, resources=resources, definitions=world.definitions()) as context:
        return sensor(context)


def intake(world: World, instance: dg.DagsterInstance) -> object:
    return tick(question_intake_sensor, world, instance, "archive", "models", "warehouse")


def freshness(world: World, instance: dg.DagsterInstance) -> object:
    return tick(source_freshness_sensor, world, instance, "archive", "warehouse")


def published(world: World, number: int = 9, **changes: object) -> tuple[str, Insight]:
    """A question with a current insight that read one day of its week."""
    partition = world.ask(why(number))
    record = world.archive.question(partition)
    assert record is not None
    day = record.question.window.start.date().isoformat()  # type: ignore[union-attr]
    version = world.warehouse.partitions(MODEL, "production")[day]
    insight = Insight(
        id=f"i_{number}",
        key=record.key,
        summary="So it is.",
        confidence=None,
        claims=(),
        data_version="d1",
        read_set=(ReadEntry(source="production", partition=day, version=version),),
        valid_until=None,
        created_at=utc_now(),
        strategy="why@1",
        question=record.question,
        model=MODEL.name,
    ).model_copy(update=changes)
    stream = question_stream(partition)
    world.archive.record(stream, InvestigationStarted(run_id="r1", executor="tests", reason="asked"))
    world.archive.record(stream, InsightPublished(run_id="r1", insight=insight))
    return partition, insight


def test_a_submitted_text_becomes_a_partition_and_a_run_request(world: World, instance: dg.DagsterInstance) -> None:
    submit(world.archive, "Why did scrap rise last week?", "factory")
    result = intake(world, instance)
    assert isinstance(result, dg.SensorResult)
    (request,) = result.run_requests or []
    assert world.archive.question(request.partition_key) is not None
    assert result.dynamic_partitions_requests[0].partition_keys == [request.partition_key]
    assert world.archive.submissions() == ()


@pytest.mark.parametrize(
    ("text", "model", "state"),
    [
        ("Why did the moon rise last week?", "factory", {"refused", "clarify"}),
        ("Why did scrap rise?", "absent", {"failed"}),
    ],
)
def test_a_text_that_is_no_question_is_read_once_and_starts_nothing(
    world: World, instance: dg.DagsterInstance, text: str, model: str, state: set[str]
) -> None:
    submit(world.archive, text, model)
    assert isinstance(intake(world, instance), dg.SkipReason)
    assert world.archive.submissions() == ()
    states = {row["state"] for row in world.archive.query("question")}
    assert states <= state | {"read"}


def test_a_tick_that_died_after_reading_loses_no_question(world: World, instance: dg.DagsterInstance) -> None:
    submit(world.archive, "Why did scrap rise last week?", "factory")
    first = intake(world, instance)
    assert isinstance(first, dg.SensorResult)
    (record,) = world.archive.questions(state="asked")
    assert waiting([record], just_read=set(), now=record.asked_at + timedelta(minutes=1)) == (record,)
    assert waiting([record], just_read=set(), now=record.asked_at) == (), "it may be about to run where it was asked"


def test_both_roads_to_the_first_run_use_the_same_run_key(world: World, instance: dg.DagsterInstance) -> None:
    submit(world.archive, "Why did scrap rise last week?", "factory")
    submit(world.archive, "why did scrap rise last week", "factory")
    result = intake(world, instance)
    assert isinstance(result, dg.SensorResult)
    assert len(result.run_requests or []) == 1


def test_exactly_the_insights_whose_partition_moved_are_withdrawn(world: World, instance: dg.DagsterInstance) -> None:
    moved_partition, moved = published(world, 9)
    kept_partition, kept = published(world, 5)
    day = moved.read_set[0].partition
    frame = production()
    late = frame.filter(frame["at"].dt.date().cast(str) == day).head(1)
    world.warehouse = FrameWarehouse({"production": frame.vstack(late)})
    result = freshness(world, instance)
    assert isinstance(result, dg.SensorResult)
    assert [request.partition_key for request in result.run_requests or []] == [moved_partition]
    assert world.archive.insight(moved.id).status == "withdrawn"  # type: ignore[union-attr]
    assert world.archive.current(kept.key) == kept
    assert kept_partition != moved_partition


def test_nothing_moved_means_nothing_to_do(world: World, instance: dg.DagsterInstance) -> None:
    published(world)
    assert isinstance(freshness(world, instance), dg.SkipReason)


def test_an_unreadable_source_is_not_evidence_of_change(world: World, instance: dg.DagsterInstance) -> None:
    _, insight = published(world)
    world.warehouse = FaultyWarehouse(world.warehouse, {"versions": [SourceUnavailableError("production", "down")]})
    skipped = freshness(world, instance)
    assert isinstance(skipped, dg.SkipReason)
    assert "factory" in (skipped.skip_message or "")
    assert world.archive.current(insight.key) == insight


def test_a_stale_insight_is_requested_again_under_the_same_key_until_a_run_starts(
    world: World, instance: dg.DagsterInstance
) -> None:
    partition, _ = published(world, valid_until=datetime(2020, 1, 1, tzinfo=UTC))
    first, second = freshness(world, instance), freshness(world, instance)
    assert isinstance(first, dg.SensorResult)
    assert isinstance(second, dg.SensorResult)
    keys = {request.run_key for result in (first, second) for request in result.run_requests or []}
    assert len(keys) == 1, "the second tick repeats the request, and its used key is skipped"
    stream = question_stream(partition)
    world.archive.record(stream, InvestigationStarted(run_id="r2", executor="tests", reason="stale"))
    assert isinstance(freshness(world, instance), dg.SkipReason), "a run works on it"


def test_an_insight_past_its_life_is_withdrawn_and_says_why(world: World) -> None:
    partition, _ = published(world, valid_until=datetime(2020, 1, 1, tzinfo=UTC))
    withdrawn, unreadable = withdraw_stale(world.archive, world.warehouse)
    assert withdrawn[partition].reason == "longest life reached"
    assert not unreadable


def test_what_somebody_investigates_is_not_requested(world: World, instance: dg.DagsterInstance) -> None:
    _, insight = published(world, valid_until=datetime(2020, 1, 1, tzinfo=UTC))
    lease = world.archive.take_lease(insight.key, holder="gemba ask", life=timedelta(seconds=30))
    assert lease is not None
    assert isinstance(freshness(world, instance), dg.SkipReason)
    world.archive.release_lease(lease)
    assert isinstance(freshness(world, instance), dg.SensorResult)


@pytest.mark.parametrize(("pid_lives", "ends"), [(True, "STARTED"), (False, "FAILURE")])
def test_a_run_whose_process_was_killed_ends_as_failed(
    world: World, instance: dg.DagsterInstance, pid_lives: bool, ends: str
) -> None:
    partition = world.ask()
    here = this_process()
    process = here if pid_lives else replace(here, started=here.started - 1000)  # the number belongs to another by now
    run = instance.create_run_for_job(
        world.definitions().resolve_job_def("investigation"),
        status=dg.DagsterRunStatus.STARTED,
        tags={"dagster/partition": partition, OWN_PROCESS_TAG: process.tag},
    )
    started = InvestigationStarted(run_id=run.run_id, executor="tests", reason="asked")
    world.archive.record(question_stream(partition), started)
    tick(lost_run_sensor, world, instance, "archive")
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    assert found.status.value == ends
    assert world.archive.question(partition).state == ("running" if pid_lives else "failed")  # type: ignore[union-attr]


def test_a_re_execution_has_a_worker_although_it_inherits_the_tag() -> None:
    tags = {OWN_PROCESS_TAG: this_process().tag}
    assert own_process(tags) == this_process()
    assert own_process({**tags, "dagster/parent_run_id": "r1"}) is None


def test_every_sensor_runs_by_default(world: World) -> None:
    sensors = build_definitions(world.resources, models=world.models).sensors or []
    assert {one.name for one in sensors} == {
        "question_intake_sensor",
        "source_freshness_sensor",
        "failed_investigation_sensor",
        "lost_run_sensor",
    }
    assert all(one.default_status == dg.DefaultSensorStatus.RUNNING for one in sensors)
