"""A forecast of the small factory, and of one whose past cannot be beaten; trends with what the calendar adds."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import gemba
from gemba.insights.types import Findings, Gap
from gemba.insights.weigh import weigh
from gemba.questions.types import QUESTION
from gemba.semantics.model import SemanticModel
from tests.agents.world import factory, look
from tests.planning.models import ask

STEEL = Path(__file__).parents[2] / "examples" / "steel" / "model.yaml"


def metered(folder: Path, values: np.ndarray, *, hours: bool = False, zone: str = "Europe/Berlin") -> SemanticModel:
    """One row a day (or hour of UTC) from 1 January 2026, an hour or a day without a value left out."""
    first = datetime(2026, 1, 1)  # noqa: DTZ001  (local stamps, as files hold them)
    step = timedelta(hours=1) if hours else timedelta(days=1)
    rows = [(first + at * step, float(one)) for at, one in enumerate(values) if np.isfinite(one)]
    pl.DataFrame(rows, schema=["at", "amount"], orient="row").write_parquet(folder / "meter.parquet")
    return SemanticModel.model_validate(
        {
            "name": "meter",
            "timezone": zone,
            "sources": {
                "production": {
                    "files": str(folder / "meter.parquet"),
                    "time": "at",
                    "timezone": "UTC" if hours else None,
                }
            },
            "metrics": {"amount": {"source": "production", "sum": "amount", "unit": "kWh"}},
        }
    )


def forecast_from(end: str, start: str, horizon: str):
    return QUESTION.validate_python(
        {"kind": "forecast", "metric": "amount", "window": {"start": start, "end": end}, "horizon": horizon}
    )


def test_the_week_to_come_is_forecast_with_its_backtest(tmp_path: Path) -> None:
    plan, _, outcomes = look(factory(tmp_path), ask("forecast", "produced", horizon="P7D"))
    found = outcomes["forecast"]
    assert isinstance(found, Findings)
    (claim,) = found.claims
    assert claim.ci is not None
    assert claim.ci[0] < claim.effect < claim.ci[1]
    assert claim.ci_level == 0.9
    assert claim.effect == pytest.approx(2 * 6 * (5 * 400 + 2 * 200), rel=0.05)
    assert 0 < float(claim.details["backtest_error"] or 0) < float(claim.details["naive_error"] or 0)
    (chart,) = found.charts
    assert chart.data["part"].count("forecast") == 7
    assert chart.data["low"][0] is None
    assert all(
        low <= value <= high
        for low, value, high in list(zip(*(chart.data[n] for n in ("low", "value", "high")), strict=True))[-7:]
    )
    assert "2026-11-16 to 2026-11-22" in weigh(plan, tuple(outcomes.values()), model=factory(tmp_path)).summary


def test_a_ratio_is_forecast_as_a_ratio(tmp_path: Path) -> None:
    _, _, outcomes = look(factory(tmp_path), ask("forecast", horizon="P7D"))
    found = outcomes["forecast"]
    assert isinstance(found, Findings | Gap)
    if isinstance(found, Findings):
        assert 2 < found.claims[0].effect < 4  # per cent


def test_a_past_that_last_week_tells_best_gives_no_forecast_but_both_errors(tmp_path: Path) -> None:
    steps = np.random.default_rng(2).standard_normal((26, 7)).cumsum(axis=0).ravel() + 60
    model = metered(tmp_path, steps)
    plan, _, outcomes = look(model, forecast_from("2026-07-02T00:00:00+02:00", "2026-01-01T00:00:00+01:00", "P7D"))
    gap = outcomes["forecast"]
    assert isinstance(gap, Gap)
    assert "repeating the week before" in gap.message
    assert (
        len([word for word in gap.message.split() if word.replace(".", "").isdigit()]) == 3
    )  # both errors, and over how many days
    assert not [one for one in weigh(plan, tuple(outcomes.values()), model=model).claims if one.kind == "forecast"]


@pytest.mark.parametrize("values", [np.full(120, 5.0), np.arange(20.0), np.ones(1)], ids=["constant", "short", "one"])
def test_a_series_that_teaches_nothing_is_a_gap(tmp_path: Path, values: np.ndarray) -> None:
    model = metered(tmp_path, values)
    question = forecast_from("2026-05-01T00:00:00+02:00", "2026-01-01T00:00:00+01:00", "P7D")
    _, _, outcomes = look(model, question)
    gap = outcomes["forecast"]
    assert isinstance(gap, Gap)
    assert gap.reason in ("unsupported", "too_little_data")


def test_data_after_the_window_is_not_learnt_from(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    values = 50 + np.tile([3, 2, 2, 1, 0, -9, -9], 22)[:150] + rng.standard_normal(150)
    question = forecast_from("2026-05-01T00:00:00+02:00", "2026-01-01T00:00:00+01:00", "P7D")
    told = []
    for known in (values[:120], np.concatenate([values[:120], values[120:] * 10])):
        _, _, outcomes = look(metered(tmp_path, known), question)
        found = outcomes["forecast"]
        assert isinstance(found, Findings)
        told.append(found.claims[0].effect)
    assert told[0] == told[1]


def test_a_day_of_25_hours_is_forecast_with_all_of_them(tmp_path: Path) -> None:
    """Berlin, 25 October 2026: the hour from two o'clock comes twice."""
    rng = np.random.default_rng(4)
    first, last = datetime(2026, 1, 1), datetime(2026, 10, 24, 22)  # noqa: DTZ001
    count = int((last - first).total_seconds() // 3600)
    values = 100 + rng.normal(0, 2, count)
    values[[2000, 3001, 3002]] = np.nan
    model = metered(tmp_path, values, hours=True)
    question = forecast_from("2026-10-25T00:00:00+02:00", "2026-08-01T00:00:00+02:00", "P1D")
    _, _, outcomes = look(model, question)
    found = outcomes["forecast"]
    assert isinstance(found, Findings)
    assert found.claims[0].effect == pytest.approx(2_500, rel=0.01)
    night = [
        one
        for one in zip(found.charts[0].data["time"], found.charts[0].data["value"], strict=True)
        if one[0].endswith("25T02:00:00")
    ]
    assert night[0][1] == pytest.approx(200, rel=0.05)
    assert any("missing" in note for note in found.notes)


def test_a_trend_says_its_slope_the_week_and_the_holidays() -> None:
    answer = gemba.ask("How did energy develop this year by week?", STEEL)
    assert answer.insight is not None
    told = {str(one.details.get("aspect", "slope")): one for one in answer.insight.claims if one.kind == "trend"}
    assert set(told) == {"slope", "week", "holiday"}
    assert told["slope"].effect < 0
    assert told["week"].details["phase"] == "sunday"
    assert told["holiday"].effect < 0
    assert answer.insight.tests_run >= 3
    assert "fell" in answer.text


def test_energy_of_tomorrow_is_forecast_from_question_to_answer() -> None:
    answer = gemba.ask("How much energy will we use tomorrow?", STEEL)
    assert answer.status == "answered"
    assert answer.insight is not None
    (claim,) = [one for one in answer.insight.claims if one.kind == "forecast"]
    assert claim.ci is not None
    assert "2018-07-01" in claim.statement  # a Sunday
    assert 250 < claim.effect < 1_000
    assert len(answer.insight.charts[0].data["time"]) == 24 * 8


def test_a_trend_that_is_none_is_told_as_none(tmp_path: Path) -> None:
    values = 50 + np.random.default_rng(5).standard_normal(120)
    model = metered(tmp_path, values)
    question = QUESTION.validate_python(
        {
            "kind": "trend",
            "metric": "amount",
            "window": {"start": "2026-01-01T00:00:00+01:00", "end": "2026-05-01T00:00:00+02:00"},
        }
    )
    plan, _, outcomes = look(model, question)
    weighed = weigh(plan, tuple(outcomes.values()), model=model)
    assert "shows no clear trend" in weighed.summary
    assert weighed.detectable


def test_the_latest_days_that_a_forecast_learns_from_are_looked_at_for_faults(tmp_path: Path) -> None:
    gone = ("2026-11-10", "2026-11-11")
    _, _, outcomes = look(factory(tmp_path, skip=gone), ask("forecast", "produced", horizon="P7D"))
    found = outcomes["data_quality"]
    assert isinstance(found, Findings)
    assert not any("not checked" in note for note in found.notes)
    assert any("2026-11-10" in claim.statement for claim in found.claims)
