"""Tables for analysts and observed sources, as assets."""

from __future__ import annotations

import dagster as dg

from assets.sources import moved_partitions, whole_version
from gemba.errors import SourceUnavailableError
from gemba.evidence.warehouse import FrameWarehouse
from gemba.store.reconcile import Difference
from tests.assets.world import World, production
from tests.fakes.warehouse import FaultyWarehouse


def observe(world: World) -> dg.ExecuteInProcessResult:
    return world.definitions().resolve_job_def("observe_sources").execute_in_process(raise_on_error=False)


def test_moved_partitions_are_new_changed_and_gone_ones() -> None:
    assert moved_partitions({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"}) == {
        "b": "2",
        "d": "1",
        "c": None,
    }


def test_the_version_of_a_whole_source_does_not_depend_on_the_order_of_partitions() -> None:
    assert whole_version({"a": "1", "b": "2"}) == whole_version({"b": "2", "a": "1"}) != whole_version({"a": "1"})


def test_observing_records_versions_by_partition_and_then_only_what_moved(world: World) -> None:
    assert observe(world).success
    first = world.archive.source_versions("factory", "production")
    assert len(first) == 70
    frame = production()
    world.warehouse = FrameWarehouse({"production": frame.slice(0, frame.height - 6)})  # the last day is gone
    assert observe(world).success
    events = [one.event for one in world.archive.events.stream("source/factory/production")]
    assert len(events[-1].versions) == 1
    assert len(world.archive.source_versions("factory", "production")) == 69


def test_a_source_that_cannot_be_read_is_not_recorded_as_empty(world: World) -> None:
    observe(world)
    before = world.archive.source_versions("factory", "production")
    world.warehouse = FaultyWarehouse(world.warehouse, {"partitions": [SourceUnavailableError("production", "down")]})
    assert not observe(world).success
    assert world.archive.source_versions("factory", "production") == before


def check_of(world: World) -> bool:
    result = world.definitions().resolve_job_def("tables").execute_in_process()
    assert result.success
    (evaluation,) = result.get_asset_check_evaluations()
    return evaluation.passed


def test_the_hourly_job_proves_the_tables(world: World) -> None:
    assert check_of(world)
    world.differences = (Difference("claim", 1, 0, ("c_1",)),)
    assert not check_of(world)
