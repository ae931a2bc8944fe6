"""From a question about a process to its control chart and its capability."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from gemba.agents.base import Brief
from gemba.agents.registry import agents
from gemba.agents.run import run_agent
from gemba.evidence.types import Limits
from gemba.evidence.warehouse import SourceWarehouse
from gemba.insights.review import review
from gemba.insights.types import Findings, Gap
from gemba.insights.weigh import Weighed, weigh
from gemba.planning.plan import make_plan
from gemba.questions.types import QUESTION
from gemba.semantics.model import SemanticModel

START = datetime(2026, 1, 5)  # noqa: DTZ001
WINDOW = {"start": "2026-04-06T00:00:00+00:00", "end": "2026-04-20T00:00:00+00:00"}


def _model(folder: Path, values: np.ndarray, per_day: int = 5, **metric: Any) -> SemanticModel:
    """Samples of `per_day` widths a day, and the pieces made and scrapped that day."""
    rng = np.random.default_rng(1)
    rows = [
        {
            "at": START + timedelta(days=int(k // per_day), hours=8 + int(k % per_day)),
            "sample": f"S{k // per_day}",
            "width": float(value),
            "made": 400,
            "scrap": int(rng.binomial(400, 0.03)),
        }
        for k, value in enumerate(values)
    ]
    pl.DataFrame(rows).write_parquet(folder / "gauge.parquet")
    return SemanticModel.model_validate(
        {
            "name": "shop",
            "sources": {"gauge": {"files": str(folder / "gauge.parquet"), "time": "at"}},
            "dimensions": {"sample": {"source": "gauge", "column": "sample"}},
            "metrics": {
                "width": {"source": "gauge", "mean": "width", "unit": "mm", "subgroup": "sample", **metric},
                "made": {"source": "gauge", "sum": "made", "unit": "pieces"},
                "scrapped": {"source": "gauge", "sum": "scrap", "unit": "pieces"},
                "scrap_rate": {"ratio": ["scrapped", "made"], "unit": "%"},
            },
        }
    )


def _look(model: SemanticModel, metric: str = "width", **fields: Any) -> tuple[dict[str, Any], Weighed]:
    question = QUESTION.validate_python({"kind": "capability", "metric": metric, "window": WINDOW, **fields})
    warehouse = SourceWarehouse()
    plan = make_plan(question, model, coverage={"gauge": warehouse.coverage(model, "gauge")}, plug_ins=())
    brief = Brief(model=model, plan=plan, evidence=warehouse.gather(model, plan.requests, limits=Limits()))
    outcomes = {name: run_agent(agent, brief) for name, agent in agents().items()}
    weighed = weigh(plan, list(outcomes.values()), model=model)
    assert review(weighed, plan).may_publish, review(weighed, plan).reasons
    return outcomes, weighed


def _widths(days: int = 105, per_day: int = 5, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).normal(10.0, 0.1, size=days * per_day)


def test_a_shifted_sample_is_beyond_the_limits_learnt_before_it(tmp_path: Path) -> None:
    values = _widths()
    values[5 * 98 : 5 * 99] += 0.4  # the sample of 13 April
    outcomes, weighed = _look(_model(tmp_path, values))
    found = outcomes["process_control"]
    assert isinstance(found, Findings)
    beyond = [claim for claim in weighed.claims if claim.details.get("rule") == "W1"]
    assert [str(claim.details["date"])[:10] for claim in beyond] == ["2026-04-13"]
    assert beyond[0].significant
    assert "not in control" in weighed.summary
    assert found.charts[0].kind == "control"
    assert found.charts[0].data["phase"].count("II") == 14


def test_every_judged_point_counts_as_a_test(tmp_path: Path) -> None:
    outcomes, _ = _look(_model(tmp_path, _widths()))
    assert len(outcomes["process_control"].tests) == 14 + 1


def test_capability_is_stated_with_limits_and_is_absent_without(tmp_path: Path) -> None:
    values = _widths()
    outcomes, weighed = _look(_model(tmp_path, values, limits={"lower": 9.6, "upper": 10.4}))
    indices = {claim.details["index"]: claim for claim in weighed.claims if "index" in claim.details}
    assert set(indices) == {"Cp", "Cpk", "Pp", "Ppk"}
    assert indices["Cp"].ci is not None
    assert indices["Cp"].ci[0] < 4.0 / 3.0 < indices["Cp"].ci[1]
    assert outcomes["capability"].charts[0].marks["USL"] == 10.4
    plain, weighed = _look(_model(tmp_path, values))
    assert plain["capability"].outcome == "not_planned"
    assert any("no specification" in note for note in weighed.notes)


def test_measurements_that_are_not_normal_are_judged_by_quantiles(tmp_path: Path) -> None:
    values = np.exp(np.random.default_rng(3).normal(0.0, 0.5, size=525))
    _, weighed = _look(_model(tmp_path, values, limits={"upper": 6.0}))
    named = [claim for claim in weighed.claims if claim.details.get("index")]
    assert [claim.details["index"] for claim in named] == ["Ppk"]
    assert "lognormal" in named[0].statement


def test_scrapped_of_made_is_a_p_chart(tmp_path: Path) -> None:
    _, weighed = _look(_model(tmp_path, _widths()), metric="scrap_rate")
    verdict = next(claim for claim in weighed.claims if claim.details.get("aspect") == "verdict")
    assert str(verdict.details["chart"]).startswith("p")
    assert verdict.unit == "days"


def test_a_constant_process_and_a_short_one_are_gaps_with_a_reason(tmp_path: Path) -> None:
    constant, _ = _look(_model(tmp_path, np.full(525, 10.0), limits={"upper": 11}))
    assert isinstance(constant["process_control"], Gap)
    assert constant["process_control"].reason == "unsupported"
    assert isinstance(constant["capability"], Gap)


def test_rows_without_a_value_are_told_and_left_out(tmp_path: Path) -> None:
    values = _widths()
    values[-10:-7] = np.nan
    _, weighed = _look(_model(tmp_path, values, limits={"lower": 9.6, "upper": 10.4}))
    assert any("3 rows have no measurement" in note for note in weighed.notes)
    assert all(claim.n in (67, 0) or claim.kind != "capability" for claim in weighed.claims)


@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_time_that_goes_backwards_in_the_file_changes_nothing(tmp_path: Path, direction: float) -> None:
    values = _widths()
    model = _model(tmp_path, values)
    path = tmp_path / "gauge.parquet"
    frame = pl.read_parquet(path)
    (frame if direction > 0 else frame.reverse()).write_parquet(path)
    _, weighed = _look(model)
    verdict = next(claim for claim in weighed.claims if claim.details.get("aspect") == "verdict")
    assert verdict.details["centre"] == pytest.approx(float(values[5 : 5 * 91].mean()))  # the first day is cut
