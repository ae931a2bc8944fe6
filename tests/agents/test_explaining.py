"""The agents that explain a change, on a small workshop held in memory."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from gemba.agents.base import Brief
from gemba.agents.breakdown import breakdown, factors, sides
from gemba.agents.change_point import ChangePointAgent
from gemba.agents.contribution import ContributionAgent
from gemba.agents.segments import SegmentsAgent
from gemba.evidence.types import Limits
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.types import Findings, Gap
from gemba.planning.plan import make_plan
from gemba.questions.types import Baseline, Predicate, Why, Window
from gemba.semantics.load import parse_model

ZONE = ZoneInfo("UTC")
MODEL = parse_model(
    """
gemba: 1
name: workshop
sources:
  orders: {files: orders.parquet, key: [id], time: at, partition: day}
dimensions:
  machine: {source: orders, column: machine}
  shift: {source: orders, column: shift}
  lot: {source: orders, column: lot}
metrics:
  made: {source: orders, sum: quantity, unit: pieces}
  orders: {source: orders, count: rows}
  lots: {source: orders, count_distinct: lot}
  scrap: {source: orders, sum: scrap}
  cycle: {source: orders, mean: cycle, unit: s}
  slowest: {source: orders, max: cycle, unit: s}
  fastest: {source: orders, min: cycle, unit: s}
  typical: {source: orders, quantile: {column: cycle, q: 0.5}, unit: s}
  scrap_rate: {ratio: [scrap, made], unit: "%"}
  per_lot: {ratio: [made, lots]}
  yield_index: {product: [scrap_rate, cycle, made]}
""",
    name="workshop",
)
METRICS = tuple(MODEL.metrics)
END = datetime(2026, 11, 16, tzinfo=ZONE)
WEEK = timedelta(days=7)


def workshop(*, worse: float = 1.0, seed: int = 1, days: int = 105) -> FrameWarehouse:
    """Four machines, two shifts, a lot a week; in the last week machine m3 scraps `worse` times as much."""
    rng = np.random.default_rng(seed)
    n = days * 40
    day = np.repeat(np.arange(days), 40)
    machine = rng.integers(1, 5, n)
    quantity = rng.poisson(300, n) + 1
    rate = 0.03 * np.where((day >= days - 7) & (machine == 3), worse, 1.0)
    starts = END - timedelta(days=days)
    minute = rng.integers(0, 1440, n)
    frame = pl.DataFrame(
        {
            "id": np.arange(n),
            "at": [starts + timedelta(days=int(d), minutes=int(m)) for d, m in zip(day, minute, strict=True)],
            "machine": [f"m{m}" for m in machine],
            "shift": rng.choice(["early", "late"], n),
            "lot": [f"L{d // 7 + (m % 2) * 100}" for d, m in zip(day, machine, strict=True)],
            "quantity": quantity,
            "scrap": rng.binomial(quantity, rate),
            "cycle": rng.normal(30, 3, n),
        }
    )  # fmt: skip
    return FrameWarehouse({"orders": frame})


def why(metric: str, *filters: Predicate) -> Why:
    return Why(
        metric=metric,
        filters=filters,
        window=Window(start=END - WEEK, end=END),
        baseline=Baseline(window=Window(start=END - 2 * WEEK, end=END - WEEK)),
    )


def brief(warehouse: FrameWarehouse, question: Why) -> Brief:
    plan = make_plan(question, MODEL, coverage={"orders": warehouse.coverage(MODEL, "orders")}, plug_ins=())
    evidence = warehouse.gather(MODEL, (*plan.cubes, *plan.values, *plan.quality), limits=Limits(queries=200))
    return Brief(model=MODEL, plan=plan, evidence=evidence)


@pytest.fixture(scope="module")
def shaken() -> FrameWarehouse:
    return workshop(worse=2.0)


@pytest.mark.parametrize("metric", METRICS)
def test_the_parts_add_up_to_the_change_for_every_kind_of_metric(shaken: FrameWarehouse, metric: str) -> None:
    two = sides(brief(shaken, why(metric)))
    for grouping in two.groupings:
        parts = breakdown(two, grouping).parts
        assert math.isclose(math.fsum(one.value for one in parts), two.change, rel_tol=1e-9, abs_tol=1e-15)
        for one in parts:
            if one.effects and one.segment:
                assert math.isclose(sum(one.effects.values()), one.value, rel_tol=1e-6, abs_tol=1e-9)
    split = factors(two)
    if split:
        assert math.isclose(math.fsum(one.value for one in split), two.change, rel_tol=1e-9, abs_tol=1e-15)


@pytest.mark.parametrize("metric", METRICS)
def test_every_agent_answers_for_every_kind_of_metric(shaken: FrameWarehouse, metric: str) -> None:
    given = brief(shaken, why(metric))
    for agent in (ContributionAgent(), SegmentsAgent(), ChangePointAgent()):
        found = agent.analyse(given)
        if metric == "lots" and isinstance(found, Gap):  # one lot a machine, every day: there is no noise to test by
            continue
        assert isinstance(found, Findings)
        assert all(math.isfinite(test.p_value) and 0 <= test.p_value <= 1 for test in found.tests)
        for claim in found.claims:
            assert math.isfinite(claim.effect)
            assert claim.exact == (claim.p_value is None)
            assert claim.ci is None or claim.ci[0] <= claim.effect <= claim.ci[1]


def test_the_machine_that_scraps_more_is_the_first_claim_and_is_dated(shaken: FrameWarehouse) -> None:
    found = SegmentsAgent().analyse(brief(shaken, why("scrap_rate")))
    assert isinstance(found, Findings)
    first = found.claims[0]
    assert [(one.dimension, one.values) for one in first.segment] == [("machine", ("m3",))]
    assert first.p_value is not None
    assert first.p_value < 1e-6
    assert first.unit == "pp"
    assert first.effect == pytest.approx(3.0, abs=0.6)
    assert str(first.details["date_low"]) <= (END - WEEK).date().isoformat() <= str(first.details["date_high"])


def test_quiet_weeks_give_no_small_p_value() -> None:
    found = SegmentsAgent().analyse(brief(workshop(seed=3), why("scrap_rate")))
    assert isinstance(found, Findings)
    assert min(test.p_value for test in found.tests) > 0.05 / len(found.tests)


def test_a_short_history_is_a_gap_and_not_a_number() -> None:
    given = brief(workshop(days=14), why("scrap_rate"))
    for agent in (SegmentsAgent(), ChangePointAgent()):
        found = agent.analyse(given)
        assert isinstance(found, Gap)
        assert found.reason == "too_little_data"


def test_a_metric_that_is_null_throughout_is_a_gap(shaken: FrameWarehouse) -> None:
    frame = shaken.frames["orders"].with_columns(pl.lit(None, dtype=pl.Float64).alias("cycle"))
    given = brief(FrameWarehouse({"orders": frame}), why("cycle"))
    for agent in (ContributionAgent(), SegmentsAgent(), ChangePointAgent()):
        found = agent.analyse(given)
        assert isinstance(found, Gap)
        assert found.reason == "too_little_data"


def test_a_constant_metric_calls_nothing(shaken: FrameWarehouse) -> None:
    frame = shaken.frames["orders"].with_columns(pl.lit(30.0).alias("cycle"))
    given = brief(FrameWarehouse({"orders": frame}), why("cycle"))
    found = SegmentsAgent().analyse(given)
    assert isinstance(found, Gap) or all(test.p_value > 0.05 for test in found.tests)


def test_negative_amounts_are_compared_by_amount(shaken: FrameWarehouse) -> None:
    frame = shaken.frames["orders"].with_columns((pl.col("cycle") - 30.0).alias("cycle"))
    found = SegmentsAgent().analyse(brief(FrameWarehouse({"orders": frame}), why("cycle")))
    assert isinstance(found, Findings)
    assert min(test.p_value for test in found.tests) > 0.05 / len(found.tests)


def test_sides_of_one_window_can_be_compared(shaken: FrameWarehouse) -> None:
    question = Why(
        metric="scrap_rate",
        filters=(Predicate(dimension="machine", values=("m3",)),),
        window=Window(start=END - WEEK, end=END),
        baseline=Baseline(rest=True),
    )
    given = brief(shaken, question)
    two = sides(given)
    assert two.change == pytest.approx(0.03, abs=0.01)
    found = ContributionAgent().analyse(given)
    assert isinstance(found, Findings)
    assert isinstance(SegmentsAgent().analyse(given), Findings | Gap)
