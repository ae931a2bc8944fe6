"""OEE losses, Pareto and reliability, from question to claims that may be published."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from gemba.agents.base import Brief
from gemba.agents.lives import lives_of
from gemba.agents.registry import agents
from gemba.agents.run import run_agent
from gemba.evidence.types import Limits
from gemba.evidence.warehouse import SourceWarehouse
from gemba.insights.review import review
from gemba.insights.types import Claim, Findings, Gap
from gemba.insights.weigh import Weighed, weigh
from gemba.planning.plan import make_plan
from gemba.questions.types import QUESTION
from gemba.semantics.model import SemanticModel

START = datetime(2026, 1, 5)  # noqa: DTZ001
DAYS = 90
WINDOW = {"start": "2026-01-05T00:00:00+00:00", "end": "2026-04-05T00:00:00+00:00"}


def _world(folder: Path, *, ideal: float = 800.0, shape: float = 1.0, faster: bool = False) -> SemanticModel:
    """Three machines that are planned 1,000 minutes a day and run 900. Stops come about every 1,500 minutes."""
    rng = np.random.default_rng(5)
    runtime = [
        {"day": START + timedelta(days=day), "machine": f"M{m}", "planned": 1000.0, "ran": 900.0, "ideal": ideal}
        for day in range(DAYS)
        for m in (1, 2, 3)
    ]
    stops = []
    for m in (1, 2, 3):
        age = 0.0
        while True:
            age += 1500.0 * rng.weibull(shape)
            share = age / (900.0 * DAYS)
            if share >= 1.0:
                break
            late = share**0.4 if faster and m == 1 else share  # crowd towards the end
            reason = str(rng.choice(["jam", "tool", "sensor"], p=[0.7, 0.2, 0.1]))
            at = START + timedelta(days=DAYS * late)
            stops.append(
                {"at": at, "machine": f"M{m}", "reason": reason, "minutes": float(rng.exponential(30.0)) + 0.1}
            )
    pl.DataFrame(runtime).write_parquet(folder / "runtime.parquet")
    pl.DataFrame(stops).write_parquet(folder / "stops.parquet")
    return SemanticModel.model_validate(
        {
            "name": "shop",
            "sources": {
                "runtime": {
                    "files": str(folder / "runtime.parquet"),
                    "time": "day",
                    "joins": [{"to": "machines", "by": {"machine": "id"}}],
                },
                "stops": {
                    "files": str(folder / "stops.parquet"),
                    "time": "at",
                    "joins": [{"to": "machines", "by": {"machine": "id"}}],
                },
                "machines": {"files": str(_machines(folder)), "key": ["id"]},
            },
            "dimensions": {
                "machine": {"source": "machines", "column": "id"},
                "reason": {"source": "stops", "column": "reason"},
            },
            "metrics": {
                "planned": {"source": "runtime", "sum": "planned", "unit": "min"},
                "ran": {"source": "runtime", "sum": "ran", "unit": "min"},
                "ideal": {"source": "runtime", "sum": "ideal", "unit": "min"},
                "availability": {"ratio": ["ran", "planned"], "unit": "%"},
                "performance": {"ratio": ["ideal", "ran"], "unit": "%"},
                "oee": {"product": ["availability", "performance"], "unit": "%"},
                "stop_minutes": {"source": "stops", "sum": "minutes", "unit": "min"},
                "length": {"source": "stops", "mean": "minutes", "unit": "min"},
                "stops": {
                    "source": "stops",
                    "count": "rows",
                    "unit": "stops",
                    "failures": {"of": "machine", "running": "ran", "repair": "length"},
                },
                "mtbf": {"ratio": ["ran", "stops"], "unit": "min"},
            },
        }
    )


def _machines(folder: Path) -> Path:
    pl.DataFrame({"id": ["M1", "M2", "M3"]}).write_parquet(folder / "machines.parquet")
    return folder / "machines.parquet"


def _look(model: SemanticModel, kind: str, metric: str, **fields: Any) -> tuple[dict[str, Any], Weighed]:
    question = QUESTION.validate_python({"kind": kind, "metric": metric, "window": WINDOW, **fields})
    warehouse = SourceWarehouse()
    coverage = {name: warehouse.coverage(model, name) for name in ("runtime", "stops")}
    plan = make_plan(question, model, coverage=coverage, plug_ins=())
    brief = Brief(model=model, plan=plan, evidence=warehouse.gather(model, plan.requests, limits=Limits()))
    outcomes = {name: run_agent(agent, brief) for name, agent in agents().items()}
    weighed = weigh(plan, list(outcomes.values()), model=model)
    assert review(weighed, plan).may_publish, review(weighed, plan).reasons
    return outcomes, weighed


def _by_aspect(weighed: Weighed, aspect: str) -> list[Claim]:
    return [claim for claim in weighed.claims if claim.details.get("aspect") == aspect]


def test_losses_add_up_to_what_is_missing_and_come_largest_first(tmp_path: Path) -> None:
    outcomes, weighed = _look(_world(tmp_path), "level", "oee")
    losses = outcomes["losses"].claims
    assert [claim.details["factor"] for claim in losses] == ["performance", "availability"]
    assert sum(claim.effect for claim in losses) == pytest.approx(100.0 - 80.0)
    assert "largest loss" in weighed.summary


def test_a_performance_above_one_has_no_loss(tmp_path: Path) -> None:
    outcomes, _ = _look(_world(tmp_path, ideal=950.0), "level", "oee")
    assert isinstance(outcomes["losses"], Gap)
    assert "ideal cycle time" in outcomes["losses"].message


def test_losses_are_not_planned_for_a_metric_that_is_no_product(tmp_path: Path) -> None:
    outcomes, _ = _look(_world(tmp_path), "level", "availability")
    assert outcomes["losses"].outcome == "not_planned"


def test_the_vital_few_are_counted_and_the_first_is_held_against_the_second(tmp_path: Path) -> None:
    outcomes, weighed = _look(_world(tmp_path), "top", "stops", group_by=["reason"])
    vital, lead = outcomes["pareto"].claims
    assert vital.details["member_1"] == "jam"
    assert vital.exact
    assert lead.segment[0].values == ("jam",)
    assert next(claim for claim in weighed.claims if claim.id == lead.id).significant
    assert outcomes["pareto"].charts[0].data["cumulative"][-1] == pytest.approx(100.0)


def test_the_lowest_are_no_pareto(tmp_path: Path) -> None:
    outcomes, _ = _look(_world(tmp_path), "top", "stops", group_by=["reason"], direction="low")
    assert outcomes["pareto"].outcome == "not_planned"


def test_time_between_failures_is_running_time_over_failures_with_its_interval(tmp_path: Path) -> None:
    outcomes, weighed = _look(_world(tmp_path), "level", "mtbf")
    (between,) = _by_aspect(weighed, "between failures")
    failures = between.details["failures"]
    assert isinstance(failures, int)
    assert between.effect == pytest.approx(3 * 900.0 * DAYS / failures)
    assert between.ci is not None
    assert between.ci[0] < 1500.0 < between.ci[1]
    (repair,) = _by_aspect(weighed, "to repair")
    assert repair.ci is not None
    assert repair.ci[0] < 30.0 < repair.ci[1]
    assert isinstance(outcomes["reliability"], Findings)
    assert outcomes["reliability"].charts[0].kind == "probability"


def test_wear_out_shows_as_a_shape_above_one_and_chance_does_not(tmp_path: Path) -> None:
    _, worn = _look(_world(tmp_path, shape=3.0), "level", "stops")
    (shape,) = _by_aspect(worn, "shape")
    assert shape.ci is not None
    assert shape.ci[0] > 1.0
    assert "wear-out" in shape.statement
    _, chance = _look(_world(tmp_path, shape=1.0), "level", "stops")
    (shape,) = _by_aspect(chance, "shape")
    assert "chance" in shape.statement


def test_a_machine_whose_failures_come_faster_is_named_and_every_machine_counts_as_a_test(tmp_path: Path) -> None:
    outcomes, weighed = _look(_world(tmp_path, faster=True), "level", "stops", group_by=["machine"])
    assert len(outcomes["reliability"].tests) == 3
    found = [claim for claim in _by_aspect(weighed, "trend") if claim.significant]
    assert [claim.segment[0].values for claim in found] == [("M1",)]
    assert "faster" in found[0].statement


def test_failures_by_reason_are_no_lives(tmp_path: Path) -> None:
    outcomes, _ = _look(_world(tmp_path), "level", "stops", group_by=["reason"])
    assert outcomes["reliability"].outcome == "not_planned"


def test_failures_are_placed_on_the_running_time() -> None:
    day = START
    edges = [day, day + timedelta(days=1), day + timedelta(days=2)]
    one = lives_of("M1", [day + timedelta(hours=36), day + timedelta(hours=12)], edges, np.array([100.0, 300.0]))
    assert one.times == pytest.approx([50.0, 250.0])
    assert one.running == 400.0
    times, ended = one.gaps()
    assert times == pytest.approx([200.0, 150.0])
    assert list(ended) == [True, False]


def test_a_member_without_a_failure_adds_no_life() -> None:
    one = lives_of("M1", [], [START, START + timedelta(days=1)], np.array([100.0]))
    times, ended = one.gaps()
    assert times.size == ended.size == 0
