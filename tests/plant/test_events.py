"""Planted causes have the size, place and time that the truth states."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import numpy as np
import polars as pl
import pytest

from gemba.errors import InputError
from gemba.plant.noise import noise
from gemba.plant.simulate import Plant, simulate
from gemba.plant.truth import LADDER, TruthEvent
from tests.plant.conftest import SEEDS, daily_value, plant_of


def planted(plant: Plant) -> list[TruthEvent]:
    return [event for event in plant.truth.events if event.kind != "none"]


@pytest.mark.parametrize("seed", SEEDS)
def test_an_effect_has_its_stated_size_against_the_event_free_twin(seed: int) -> None:
    plant, twin = plant_of(seed), plant_of(seed, 0.0)
    assert planted(plant)
    for event in planted(plant):
        with_event = daily_value(plant, event.metric, event.scope)
        without = daily_value(twin, event.metric, event.scope)
        days = with_event.join(without, on="day").filter(
            (pl.col("day") >= event.start.date()) & (pl.col("day") < event.end.date())
        )
        shift = float((days["value"] - days["value_right"]).mean())  # type: ignore[arg-type]
        assert shift == pytest.approx(event.shift, rel=0.12, abs=0.05 * event.noise), event
        assert abs(event.shift) == pytest.approx(event.effect * event.noise)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_noise_is_the_residual_about_the_weekday_of_the_event_free_twin(seed: int) -> None:
    for event in planted(plant_of(seed)):
        values = daily_value(plant_of(seed, 0.0), event.metric, event.scope)
        weekdays = values["day"].dt.weekday().to_numpy().astype(np.int64) - 1
        measured = noise(values["value"].to_numpy(), weekdays)
        assert event.noise == pytest.approx(measured, rel=0.1)


@pytest.mark.parametrize("seed", SEEDS[:4])
def test_orders_outside_every_window_are_those_of_the_twin(seed: int) -> None:
    plant = plant_of(seed)
    outside = pl.lit(value=True)
    for event in planted(plant):
        margin = timedelta(hours=8)  # a machine that stands makes fewer pieces in the whole of its shift
        start, end = event.start.astimezone(plant.cut.tzinfo), event.end.astimezone(plant.cut.tzinfo)
        outside &= ~pl.col("finished_at").is_between(start - margin, end + margin)
    columns = ["order_id", "machine_id", "product_id", "lot_id", "quantity", "scrap", "cycle_s"]
    ours, theirs = (p.tables["production"].filter(outside).select(columns) for p in (plant, plant_of(seed, 0.0)))
    assert ours.height > 20_000
    assert ours.equals(theirs)


def test_a_scrap_event_touches_no_order_outside_its_segment() -> None:
    for seed in SEEDS:
        for event in planted(plant_of(seed)):
            if event.kind != "lot":
                continue
            pair = plant_of(seed).tables["production"].join(plant_of(seed, 0.0).tables["production"], on="order_id")
            changed = pair.filter(
                (pl.col("scrap") != pl.col("scrap_right"))
                & (pl.col("finished_at") >= event.start.astimezone(plant_of(seed).cut.tzinfo))
                & (pl.col("finished_at") < event.end.astimezone(plant_of(seed).cut.tzinfo))
            )
            assert changed["lot_id"].unique().to_list() == [event.segment[0].values[0]]
            assert changed["machine_id"].n_unique() >= 2


def test_sizes_come_from_the_ladder_and_causes_keep_two_weeks_apart() -> None:
    for seed in SEEDS:
        events = planted(plant_of(seed))
        assert {event.effect for event in events} <= set(LADDER)
        for earlier, later in pairwise(events):
            assert later.start - earlier.end >= timedelta(days=10)


def test_last_week_of_every_plant_has_a_cause() -> None:
    for seed in SEEDS:
        plant = plant_of(seed)
        assert planted(plant)[-1].end >= plant.cut - timedelta(days=6)


def test_a_tool_wears_gradually() -> None:
    ratios = []
    for seed in SEEDS:
        for event in planted(plant_of(seed)):
            if event.kind != "tool_wear":
                continue
            both = daily_value(plant_of(seed), event.metric, event.scope).join(
                daily_value(plant_of(seed, 0.0), event.metric, event.scope), on="day"
            )
            window = both.filter((pl.col("day") >= event.start.date()) & (pl.col("day") < event.end.date()))
            shift = (window["value"] - window["value_right"]).to_numpy()
            half = len(shift) // 2
            ratios.append(shift[-half:].mean() > 1.5 * shift[:half].mean())
    assert ratios
    assert all(ratios)


def test_one_size_for_all_can_be_asked_for() -> None:
    assert {event.effect for event in planted(plant_of(3, 2.0))} <= {1.0, 2.0}
    assert 2.0 in {event.effect for event in planted(plant_of(3, 2.0))}
    assert planted(plant_of(3, 0.0)) == []


@pytest.mark.parametrize(
    "wrong", [{"seed": -1}, {"seed": 1, "days": 0}, {"seed": 1, "scale": 0.0}, {"seed": 1, "effect": -1.0}]
)
def test_a_plant_that_cannot_be_is_refused(wrong: dict) -> None:
    with pytest.raises(InputError):
        simulate(**wrong)
