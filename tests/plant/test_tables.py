"""The tables are whole, deterministic, and those of a longer simulation begin with those of a shorter one."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemba.plant.calendar import calendar, easter, holidays
from gemba.plant.simulate import simulate
from gemba.plant.tables import FACTS, KEYS, REFERENCES
from gemba.semantics.graph import problems
from gemba.semantics.model import SemanticModel
from tests.plant.conftest import plant_of


def test_a_seed_gives_one_plant() -> None:
    once, again, other = simulate(5), simulate(5), simulate(6)
    assert once.truth == again.truth
    for name, frame in once.tables.items():
        assert frame.equals(again.tables[name]), name
    assert not once.tables["production"].equals(other.tables["production"])


@pytest.mark.parametrize(("short", "long"), [(100, 150), (143, 157), (150, 164)])
def test_what_a_shorter_simulation_knows_is_the_beginning_of_a_longer_one(short: int, long: int) -> None:
    shorter, longer = plant_of(4, days=short), plant_of(4, days=long)
    for name, (recorded, _) in FACTS.items():
        known = longer.tables[name].filter(pl.col(recorded) < shorter.cut)
        assert known.height > 0
        assert known.equals(shorter.tables[name]), name
    for name in set(KEYS) - set(FACTS):
        known = longer.tables[name]
        if name == "lots":
            known = known.filter(pl.col("received_at") < shorter.cut)
        assert known.equals(shorter.tables[name]), name
    known_events = [event for event in longer.truth.events if event.kind != "none" and event.start < shorter.cut]
    assert known_events == [event for event in shorter.truth.events if event.kind != "none"]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=5, deadline=None)
def test_keys_are_unique_and_joins_complete(seed: int) -> None:
    tables = simulate(seed, scale=0.3).tables
    for name, key in KEYS.items():
        assert tables[name].select(key).is_unique().all(), name
        assert tables[name].select(key).null_count().sum_horizontal().item() == 0, name
    for name, references in REFERENCES.items():
        for column, target in references.items():
            used = tables[name][column].drop_nulls().unique()
            assert used.is_in(tables[target]["id"].implode()).all(), (name, column)
            assert tables[name][column].null_count() == 0 or column == "operator_id"


def test_rows_are_realistic_in_number_and_range() -> None:
    orders = plant_of(1).tables["production"]
    assert 60_000 < orders.height < 120_000
    assert (orders["scrap"] <= orders["quantity"]).all()
    assert (orders["quantity"] >= 1).all()
    assert (orders["good"] + orders["scrap"] == orders["quantity"]).all()
    rate = orders["scrap"].sum() / orders["quantity"].sum()
    assert 0.02 < rate < 0.06
    assert 0.01 < orders["operator_id"].null_count() / orders.height < 0.03
    runtime = plant_of(1).tables["runtime"]
    assert (runtime["run_minutes"] <= runtime["planned_minutes"]).all()
    assert (runtime["run_minutes"] > 0).all()


def test_some_orders_are_recorded_days_late_and_some_never() -> None:
    orders = plant_of(1).tables["production"]
    late = (orders["recorded_at"] - orders["finished_at"]).dt.total_hours()
    assert 0.005 < (late >= 1).mean() < 0.02
    assert late.max() > 24
    assert orders["order_id"].max() - orders["order_id"].min() + 1 > orders.height * 1.002


def test_scrap_scatters_more_than_chance_alone() -> None:
    orders = plant_of(1, 0.0).tables["production"].filter(pl.col("quantity") >= 20)
    by_machine = orders.group_by("machine_id", "product_id").agg(
        pearson=((pl.col("scrap") - pl.col("quantity") * pl.sum("scrap") / pl.sum("quantity")) ** 2).sum()
        / (pl.sum("scrap") / pl.sum("quantity") * pl.col("quantity")).sum(),
    )
    assert by_machine["pearson"].median() > 1.3  # 1 for Poisson


def test_scale_changes_rows_and_not_pieces() -> None:
    one, three = plant_of(2).tables["production"], simulate(2, scale=3.0).tables["production"]
    assert three.height == pytest.approx(3 * one.height, rel=0.02)
    assert three["quantity"].sum() == pytest.approx(one["quantity"].sum(), rel=0.02)


def test_the_night_of_the_clock_change_has_nine_hours_and_its_day_a_hundred_quarters() -> None:
    plant = plant_of(1)
    runtime = plant.tables["runtime"]
    assert set(runtime["planned_minutes"].unique()) <= {480.0, 540.0}
    local = pl.col("started_at").dt.convert_time_zone("Europe/Berlin").dt.date()
    quarters = plant.tables["energy"].filter((local == date(2026, 10, 25)) & (pl.col("line_id") == 1))
    assert 85 <= quarters.height <= 100
    assert quarters["started_at"].is_unique().all()


def test_nobody_works_on_sundays_and_holidays() -> None:
    week = calendar(date(2026, 5, 11), 7)  # Thursday is Ascension Day
    assert week.works[:, 0].tolist() == [True, True, True, False, True, True, False]
    assert week.works[2].tolist() == [True, True, False]
    assert week.works[5].tolist() == [True, False, False]
    assert easter(2026) == date(2026, 4, 5)
    assert easter(2038) == date(2038, 4, 25)
    assert date(2026, 6, 4) in holidays(2026)


def test_products_run_on_the_lines_of_their_family_or_the_next() -> None:
    plant = plant_of(1)
    orders = plant.tables["production"].join(plant.tables["machines"], left_on="machine_id", right_on="id")
    orders = orders.join(plant.tables["products"], left_on="product_id", right_on="id")
    families = orders.group_by("line_id").agg(pl.col("family").n_unique())["family"]
    assert set(families) == {2}


def test_the_model_fits_the_tables(model: SemanticModel) -> None:
    assert not problems(model)
    tables = plant_of(1).tables
    for name, source in model.sources.items():
        assert source.table == f"plant.{name}"
        assert set(source.key) == set(KEYS[name])
        assert set(source.key) | ({source.time} if source.time else set()) <= set(tables[name].columns)
    for name, dimension in model.dimensions.items():
        assert dimension.derived or dimension.column in tables[dimension.source].columns, name
    for name, metric in model.metrics.items():
        if metric.source and metric.column:
            assert metric.column in tables[metric.source].columns, name
    kinds = {metric.kind for metric in model.metrics.values()}
    assert kinds == {"sum", "count", "count_distinct", "mean", "min", "max", "quantile", "ratio", "product"}
