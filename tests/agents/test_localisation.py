"""The search for combinations, from rows to claims."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from gemba.agents.base import Brief
from gemba.agents.registry import built_in
from gemba.agents.run import run_agent
from gemba.evidence.types import Limits
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.types import Claim, Findings, Gap, Outcome
from gemba.insights.weigh import weigh
from gemba.planning.plan import make_plan
from gemba.questions.types import QUESTION, Segment
from gemba.semantics.model import SemanticModel

FIRST, WINDOW, END = datetime(2026, 8, 31), datetime(2026, 11, 9), datetime(2026, 11, 16)  # noqa: DTZ001
DIMENSIONS = ("machine", "product", "shift", "crew")
MODEL = SemanticModel.model_validate(
    {
        "name": "press shop",
        "timezone": "UTC",
        "sources": {"orders": {"files": "orders.parquet", "time": "finished_at"}},
        "dimensions": {name: {"source": "orders", "column": name} for name in DIMENSIONS},
        "metrics": {
            "produced": {"source": "orders", "sum": "quantity", "unit": "pieces"},
            "scrapped": {"source": "orders", "sum": "scrap", "unit": "pieces"},
            "good": {"source": "orders", "sum": "good", "unit": "pieces"},
            "scrap_rate": {"ratio": ["scrapped", "produced"], "unit": "%"},
            "yield": {"ratio": ["good", "produced"], "unit": "%"},
        },
    }
)
WEEK = {"start": "2026-11-09T00:00:00Z", "end": "2026-11-16T00:00:00Z"}
WEEK_BEFORE = {"start": "2026-11-02T00:00:00Z", "end": "2026-11-09T00:00:00Z"}
TRIPLE = {"machine": "M2", "product": "P3", "shift": "late"}


def orders(*, worse: float, whole: float = 1.0, seed: int = 11) -> pl.DataFrame:
    """Six machines, five products, three shifts a day; in the last week the triple scraps `worse` times as much, and
    everything `whole` times."""
    rng = np.random.default_rng(seed)
    days = (END - FIRST).days
    day, machine, product, shift = (
        one.ravel() for one in np.meshgrid(range(days), range(6), range(5), range(3), indexing="ij")
    )
    quantity = rng.poisson(300, day.size)
    rate = 0.02 * np.array([0.7, 1.0, 1.3, 0.9, 1.1, 1.0])[machine] * np.array([1.0, 1.5, 0.8, 1.0, 0.7])[product]
    late = day >= (WINDOW - FIRST).days
    here = late & (machine == 1) & (product == 2) & (shift == 1)
    scrap = rng.binomial(quantity, rate * np.where(here, worse, 1.0) * np.where(late, whole, 1.0))
    return pl.DataFrame(
        {
            "machine": [f"M{one + 1}" for one in machine],
            "product": [f"P{one + 1}" for one in product],
            "shift": [("early", "late", "night")[one] for one in shift],
            "crew": [f"C{one + 1}" for one in rng.integers(0, 4, day.size)],
            "finished_at": [FIRST + timedelta(days=int(one), hours=6) for one in day],
            "quantity": quantity,
            "scrap": scrap,
            "good": quantity - scrap,
        }
    )


def look(frame: pl.DataFrame, metric: str = "scrap_rate") -> tuple[Outcome, tuple[Claim, ...]]:
    """The agent's outcome, and all claims of the investigation by the two agents that search."""
    warehouse = FrameWarehouse({"orders": frame})
    question = QUESTION.validate_python(
        {"kind": "why", "metric": metric, "window": WEEK, "baseline": {"window": WEEK_BEFORE}}
    )
    plan = make_plan(question, MODEL, coverage={"orders": warehouse.coverage(MODEL, "orders")}, plug_ins=())
    evidence = warehouse.gather(MODEL, plan.requests, limits=Limits())
    brief = Brief(model=MODEL, plan=plan, evidence=evidence)
    outcomes = [run_agent(built_in(one.name), brief) for one in plan.agents if one.name in ("segments", "localisation")]
    found = next(one for one in outcomes if one.agent == "localisation")
    return found, weigh(plan, outcomes, model=MODEL).claims


def members(segment: Segment) -> dict[str | None, object]:
    return {one.dimension: one.values[0] for one in segment}


@pytest.mark.parametrize(("metric", "worse"), [("scrap_rate", 4.0), ("scrapped", 12.0), ("yield", 4.0)])
def test_a_combination_of_three_is_named_whole_and_first(metric: str, worse: float) -> None:
    found, claims = look(orders(worse=worse), metric)
    assert isinstance(found, Findings)
    assert members(found.claims[0].segment) == TRIPLE
    assert found.claims[0].kind == "localisation"
    first = claims[0]
    assert (members(first.segment), first.agent, first.significant) == (TRIPLE, "localisation", True)
    assert first.ci is not None
    assert first.ci[0] < first.effect < first.ci[1]
    assert first.p_value is not None
    assert first.p_value >= found.tests[0].p_value


def test_nothing_is_claimed_where_nothing_or_everything_changed() -> None:
    for frame in (orders(worse=1.0), orders(worse=1.0, whole=1.5)):
        found, _ = look(frame)
        assert isinstance(found, Findings)
        assert found.claims == ()
        assert [one.p_value for one in found.tests] == [1.0]


def test_values_below_zero_are_refused() -> None:
    found, _ = look(orders(worse=1.0).with_columns(scrap=pl.col("scrap") - 20))
    assert isinstance(found, Gap)
    assert (found.reason, "below zero" in found.message) == ("too_little_data", True)


def test_a_segment_that_both_searches_find_is_listed_once() -> None:
    frame = orders(worse=1.0).with_columns(
        scrap=pl.when((pl.col("machine") == "M4") & (pl.col("finished_at") >= WINDOW))
        .then(pl.col("scrap") * 3)
        .otherwise(pl.col("scrap"))
    )
    _, claims = look(frame)
    assert [members(one.segment) for one in claims if one.significant] == [{"machine": "M4"}]
