"""Checks on sources: what a quiet source passes, and what each fault fails."""

from __future__ import annotations

from datetime import timedelta

import dagster as dg
import polars as pl
import pytest

from gemba.evidence.health import days_behind, health
from gemba.evidence.warehouse import FrameWarehouse
from resources.expectations import Expectations
from tests.assets.world import MODEL, World, busy, production

Verdicts = dict[str, dg.AssetCheckEvaluation]


def verdicts(world: World, frame: pl.DataFrame) -> Verdicts:
    world.warehouse = FrameWarehouse({"production": frame})
    world.expectations = Expectations()
    result = world.definitions().resolve_job_def("observe_sources").execute_in_process()
    assert result.success, "a check on a source warns and fails nothing"
    return {one.check_name: one for one in result.get_asset_check_evaluations()}


def failed(found: Verdicts) -> set[str]:
    assert all(one.severity == dg.AssetCheckSeverity.WARN for one in found.values())
    return {name for name, one in found.items() if not one.passed}


def test_a_quiet_source_passes_every_check(world: World) -> None:
    found = verdicts(world, busy())
    assert set(found) == {"key_is_unique", "volume_is_usual", "metric_columns_are_filled", "keeps_pace"}
    assert failed(found) == set()


def test_a_repeated_key_fails_and_says_on_which_day(world: World) -> None:
    frame = busy()
    found = verdicts(world, frame.vstack(frame.sort("at").tail(2)))
    assert failed(found) == {"key_is_unique"}
    metadata = found["key_is_unique"].metadata
    assert metadata["rows that repeat a key"].value == 2
    assert "2026-11-15: 2" in str(metadata["on these days"].value)


def test_half_a_day_missing_fails_the_volume(world: World) -> None:
    frame = busy()
    day = frame["at"].dt.date().max() - timedelta(days=1)  # type: ignore[operator]
    of_day = pl.col("at").dt.date() == day
    found = verdicts(world, pl.concat([frame.filter(~of_day), frame.filter(of_day).head(20)]))
    assert failed(found) == {"volume_is_usual"}


def test_missing_values_beyond_the_usual_fail(world: World) -> None:
    frame = busy()
    late = pl.col("at").dt.date() > frame["at"].dt.date().max() - timedelta(days=3)  # type: ignore[operator]
    emptied = frame.with_columns(pl.when(late).then(None).otherwise(pl.col("scrap")).alias("scrap"))
    assert failed(verdicts(world, emptied)) == {"metric_columns_are_filled"}


def test_a_source_that_lags_is_behind_the_newest_of_all() -> None:
    partitions = {"a": ["2026-11-10", "2026-11-15"], "b": ["2026-11-09"], "c": ["all"]}
    assert days_behind("a", partitions) == 0
    assert days_behind("b", partitions) == 6
    assert days_behind("c", partitions) is None


def test_days_with_too_few_rows_are_not_judged_by_volume() -> None:
    found = health(MODEL, "production", FrameWarehouse({"production": production()}))
    assert found is not None
    assert found.rows_pct_of_usual is None
    assert found.empty_pct == pytest.approx({"quantity": 0, "scrap": 0})
