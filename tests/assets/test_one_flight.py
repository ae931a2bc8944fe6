"""One investigation of a question at a time, whoever starts it."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import dagster as dg
import pytest

from gemba import flight
from gemba.errors import SourceUnavailableError
from gemba.flight import Flights, is_free, kept
from gemba.store.archive import MemoryArchive
from tests.assets.world import World
from tests.fakes.warehouse import FaultyWarehouse

LIFE = timedelta(seconds=30)


def run(world: World, instance: dg.DagsterInstance, partition: str) -> dg.ExecuteInProcessResult:
    """As a worker of Dagster's runs it: nobody holds the lease around it."""
    instance.add_dynamic_partitions("questions", [partition])
    job = world.definitions().resolve_job_def("investigation")
    return job.execute_in_process(partition_key=partition, instance=instance, raise_on_error=False)


def key_of(world: World, partition: str) -> str:
    record = world.archive.question(partition)
    assert record is not None
    return record.key


def test_a_run_ends_cleanly_where_somebody_else_investigates(world: World, instance: dg.DagsterInstance) -> None:
    partition = world.ask()
    key = key_of(world, partition)
    lease = world.archive.take_lease(key, holder="somebody else", life=LIFE)
    assert lease is not None
    result = run(world, instance, partition)
    assert result.success
    assert not result.get_asset_materialization_events()
    (observation,) = result.get_asset_observation_events()
    assert "already being investigated" in str(observation.asset_observation_data.asset_observation.metadata)
    assert world.archive.question(partition).state == "asked"  # type: ignore[union-attr]
    assert world.archive.renew_lease(lease, life=LIFE), "the other's lease is untouched"


def test_a_run_holds_the_lease_until_its_end(world: World, instance: dg.DagsterInstance) -> None:
    partition = world.ask()
    key = key_of(world, partition)
    free: list[bool] = []
    ordinary = world.archive.record

    def watched(stream: str, *events: object) -> None:
        free.append(is_free(world.archive, key, asker="tests"))
        ordinary(stream, *events)  # type: ignore[arg-type]

    world.archive.record = watched  # type: ignore[method-assign]
    assert run(world, instance, partition).success
    assert free
    assert not any(free)
    assert is_free(world.archive, key, asker="tests")


def test_a_run_that_fails_gives_the_lease_back(world: World, instance: dg.DagsterInstance) -> None:
    partition = world.ask()
    errors = [SourceUnavailableError("production", "down")] * 10
    world.warehouse = FaultyWarehouse(world.warehouse, {"gather": errors})
    assert not run(world, instance, partition).success
    assert is_free(world.archive, key_of(world, partition), asker="tests")


def test_a_lease_is_renewed_while_it_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(flight, "LEASE_LIFE", timedelta(seconds=0.15))
    archive = MemoryArchive("tests")
    lease = archive.take_lease("k", holder="one", life=flight.LEASE_LIFE)
    assert lease is not None
    with kept(archive, lease):
        time.sleep(0.4)
        assert not is_free(archive, "k", asker="two")
    assert is_free(archive, "k", asker="two")


def test_a_lease_held_here_is_not_asked_for_twice() -> None:
    archive = MemoryArchive("tests")
    flights = Flights(archive)
    assert flights.hold("k", holder="run/1")
    assert flights.hold("k", holder="run/1")
    assert not Flights(archive).hold("k", holder="run/2")
    flights.close()
    assert is_free(archive, "k", asker="two")
