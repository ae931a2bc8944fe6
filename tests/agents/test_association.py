"""Whether two metrics go together travels from words to claims that can be recomputed; shared season is no answer."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

import gemba
from gemba.agents.base import Brief
from gemba.agents.pair import pair
from gemba.agents.registry import agents
from gemba.agents.run import run_agent
from gemba.errors import RefusedError
from gemba.evidence.types import Coverage, Evidence, Limits
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.review import review
from gemba.insights.types import Outcome
from gemba.insights.verify import compare_claims
from gemba.insights.weigh import Weighed, weigh
from gemba.planning.plan import make_plan
from gemba.planning.types import Plan
from gemba.questions.types import Association, Predicate, Window
from gemba.reports.chart import chart_svg
from gemba.semantics.load import parse_model
from gemba.semantics.model import SemanticModel

ZONE = ZoneInfo("Europe/Berlin")
TEXT = """
gemba: 1
name: mill
timezone: Europe/Berlin
sources:
  orders: {files: orders.parquet, key: [id], time: made_at, partition: day}
  stops: {files: stops.parquet, time: at, partition: day}
dimensions:
  line: {source: orders, column: line}
  heat: {source: orders, column: heat_c, numeric: true, unit: °C}
metrics:
  produced: {source: orders, sum: pieces, unit: pieces}
  scrapped: {source: orders, sum: scrap, unit: pieces}
  scrap_rate: {ratio: [scrapped, produced], unit: "%", better: lower, matters: 0.5}
  temperature: {source: orders, mean: heat_c, unit: °C}
  hot_orders: {source: orders, count: rows, where: [{dimension: heat, op: gt, values: [80]}]}
  downtime: {source: stops, sum: minutes, unit: min}
  stops: {source: stops, count: rows}
"""
MODEL: SemanticModel = parse_model(TEXT, name="mill")
DAYS = 98
FIRST = datetime(2026, 2, 2, tzinfo=ZONE)


def tables(*, strength: float = 1.0, seed: int = 3, days: int = DAYS) -> dict[str, pl.DataFrame]:
    """Scrap follows downtime by two days; both have a week. Temperature goes its own way, with the same week."""
    rng = np.random.default_rng(seed)
    week = np.where(np.arange(days) % 7 < 5, 1.0, 0.3)
    surprise = rng.normal(size=days)
    minutes = np.maximum(60.0 * week + 15.0 * surprise, 1.0).round(1)
    rate = 0.05 * week + 0.01 * (strength * np.roll(surprise, 2) + 0.4 * rng.normal(size=days)) + 0.03
    heat = 75.0 + 10.0 * week + np.cumsum(rng.normal(size=days))
    orders = [
        (
            f"{day}-{number}",
            f"{1 + number % 2}",
            FIRST.replace(tzinfo=None) + timedelta(days=day, hours=6 + number),
            int(1000 * week[day]),
            int(rng.binomial(int(1000 * week[day]), min(max(rate[day], 0.0), 1.0))),
            float(heat[day] + rng.normal()),
        )
        for day in range(days)
        for number in range(6)
    ]
    stops = [(FIRST.replace(tzinfo=None) + timedelta(days=day, hours=9), float(minutes[day])) for day in range(days)]
    names = ["id", "line", "made_at", "pieces", "scrap", "heat_c"]
    return {
        "orders": pl.DataFrame(orders, schema=names, orient="row"),
        "stops": pl.DataFrame(stops, schema=["at", "minutes"], orient="row"),
    }


def question(metric: str, other: str, *, days: int = DAYS, **more: object) -> Association:
    window = Window(start=FIRST, end=(FIRST + timedelta(days=days)).replace(tzinfo=ZONE))
    return Association(metric=metric, other_metric=other, window=window, **more)  # type: ignore[arg-type]


def look(asked: Association, frames: dict[str, pl.DataFrame]) -> tuple[Plan, Evidence, Weighed, dict[str, Outcome]]:
    warehouse = FrameWarehouse(frames)
    coverage = {name: warehouse.coverage(MODEL, name) for name in MODEL.sources}
    plan = make_plan(asked, MODEL, coverage=coverage, plug_ins=())
    evidence = warehouse.gather(MODEL, plan.requests, limits=Limits())
    brief = Brief(model=MODEL, plan=plan, evidence=evidence)
    found = {name: run_agent(agent, brief) for name, agent in agents().items()}
    return plan, evidence, weigh(plan, tuple(found.values()), model=MODEL), found


def test_the_leading_metric_its_lead_and_its_slope_are_told() -> None:
    plan, _, weighed, _ = look(question("scrap_rate", "downtime"), tables())
    (claim,) = (one for one in weighed.claims if one.kind == "association")
    assert claim.significant
    assert (claim.details["leads"], claim.details["lag"], claim.details["bucket"]) == ("downtime", -2, "day")
    assert "downtime is higher than its season, trend and past foretell, scrap rate is higher 2 days later" in (
        claim.statement
    )
    assert "1 min more of downtime goes with +0.0" in claim.statement
    assert claim.ci is not None
    assert 0.3 < claim.ci[0] < claim.effect < claim.ci[1] < 1.0
    assert claim.statement in weighed.summary
    assert review(weighed, plan).reasons == ()
    assert any("up to 7 days" in note for note in weighed.notes)


def test_metrics_that_share_only_the_week_are_not_associated() -> None:
    plan, _, weighed, _ = look(question("downtime", "temperature"), tables())
    (claim,) = (one for one in weighed.claims if one.kind == "association")
    assert not claim.significant
    assert "not shown to be associated" in claim.statement
    assert "No association stands out: a correlation of 0." in weighed.summary
    assert weighed.detectable == pytest.approx(0.42, abs=0.05)
    assert review(weighed, plan).reasons == ()
    assert any("weekday" in note for note in weighed.notes)


def test_the_claims_of_equal_evidence_are_equal() -> None:
    plan, evidence, weighed, _ = look(question("scrap_rate", "downtime"), tables())
    brief = Brief(model=MODEL, plan=plan, evidence=evidence)
    again = weigh(plan, tuple(run_agent(agent, brief) for agent in agents().values()), model=MODEL)
    assert all(compare_claims(one, other).is_equal for one, other in zip(weighed.claims, again.claims, strict=True))


def test_the_chart_shows_the_lags_with_the_band_of_chance() -> None:
    _, _, weighed, _ = look(question("scrap_rate", "downtime"), tables())
    (chart,) = (one for one in weighed.charts if one.kind == "bars")
    at = chart.data["label"].index("downtime 2 days ahead")
    assert chart.data["value"][at] == max(chart.data["value"])
    assert chart.data["high"][at] < chart.data["value"][at]
    assert "2 days ahead" in chart_svg(chart)


@pytest.mark.parametrize(
    ("metric", "other", "shared"),
    [
        ("scrap_rate", "scrapped", "scrap"),
        ("scrap_rate", "produced", "pieces"),
        ("temperature", "hot_orders", "heat c"),
        ("downtime", "downtime", "itself"),
    ],
)
def test_what_goes_together_by_arithmetic_is_refused(metric: str, other: str, shared: str) -> None:
    with pytest.raises(RefusedError, match=shared) as refused:
        look(question(metric, other), tables())
    assert refused.value.reason == "unsupported"


def test_sums_over_the_same_rows_are_told_to_have_the_rows_in_common() -> None:
    _, _, weighed, _ = look(question("downtime", "stops"), tables())
    assert any("add up over the rows of stops" in note for note in weighed.notes)


@pytest.mark.parametrize(("days", "lag"), [(10, None), (60, "P20D")])
def test_too_short_a_window_is_refused_with_what_is_needed(days: int, lag: str | None) -> None:
    with pytest.raises(RefusedError, match="longer time") as refused:
        look(question("scrap_rate", "downtime", days=days, max_lag=lag), tables())
    assert refused.value.reason == "too_little_data"


def test_a_filter_counts_for_both_and_must_reach_both() -> None:
    line = Predicate(dimension="line", values=("1",))
    _, _, weighed, _ = look(question("scrap_rate", "temperature", filters=(line,)), tables())
    assert "of line 1" in next(one for one in weighed.claims if one.kind == "association").statement
    with pytest.raises(RefusedError) as refused:
        look(question("scrap_rate", "downtime", filters=(line,)), tables())
    assert refused.value.reason == "not_in_model"


def test_a_metric_that_stands_still_is_a_gap() -> None:
    frames = tables()
    frames["stops"] = frames["stops"].with_columns(pl.lit(30.0).alias("minutes"))
    _, _, weighed, found = look(question("scrap_rate", "downtime"), frames)
    assert found["association"].outcome == "gap"
    assert "constant" in weighed.gaps[0].message
    assert not [one for one in weighed.claims if one.kind == "association"]


def test_days_without_data_are_missing_and_days_without_a_stop_are_zero() -> None:
    frames = tables()
    gone = (pl.col("made_at").dt.ordinal_day() % 9 == 0, pl.col("at").dt.ordinal_day() % 10 == 0)
    frames["orders"], frames["stops"] = frames["orders"].filter(~gone[0]), frames["stops"].filter(~gone[1])
    plan, evidence, _, found = look(question("scrap_rate", "downtime"), frames)
    both = pair(Brief(model=MODEL, plan=plan, evidence=evidence))
    assert int(np.isnan(both.first).sum()) == 11
    assert int((both.second == 0).sum()) >= 8
    assert found["association"].outcome == "findings"


def test_hours_that_a_clock_change_skips_or_repeats_are_missing() -> None:
    start = datetime(2026, 10, 12)  # noqa: DTZ001  (local stamps, as files hold them)
    rng = np.random.default_rng(0)
    hours = [start + timedelta(hours=hour) for hour in range(24 * 28)]
    orders = {"id": [str(hour) for hour in hours], "line": "1", "made_at": hours, "pieces": 10, "scrap": 1}
    frames = {
        "orders": pl.DataFrame(orders).with_columns(pl.Series("heat_c", rng.normal(size=len(hours)))),
        "stops": pl.DataFrame({"at": hours, "minutes": rng.gamma(2.0, size=len(hours))}),
    }
    window = Window(start=start.replace(tzinfo=ZONE), end=(start + timedelta(days=28)).replace(tzinfo=ZONE))
    asked = Association(metric="temperature", other_metric="downtime", window=window)
    plan, evidence, weighed, _ = look(asked, frames)
    both = pair(Brief(model=MODEL, plan=plan, evidence=evidence))
    assert both.held.bucket == "hour"
    missing = [both.held.starts[at] for at in np.flatnonzero(np.isnan(both.second))]
    assert missing == [datetime(2026, 10, 25, 2)]  # noqa: DTZ001
    assert np.unique(both.phase).size == 168
    claim = next(one for one in weighed.claims if one.kind == "association")
    assert not claim.significant
    assert claim.details["largest_lag"] == 24


def test_too_few_days_with_both_are_a_gap() -> None:
    frames = tables()
    frames["orders"] = frames["orders"].filter(pl.col("made_at").dt.ordinal_day() % 3 == 0)
    _, _, weighed, found = look(question("scrap_rate", "downtime"), frames)
    assert found["association"].outcome == "gap"
    assert "both metrics have a value" in weighed.gaps[0].message


def test_a_source_without_rows_in_the_window_is_refused() -> None:
    late = Coverage(datetime(2027, 1, 1, tzinfo=ZONE), datetime(2027, 2, 1, tzinfo=ZONE), 10)
    held = Coverage(FIRST, FIRST + timedelta(days=DAYS), 10)
    with pytest.raises(RefusedError) as refused:
        make_plan(question("scrap_rate", "downtime"), MODEL, coverage={"orders": held, "stops": late}, plug_ins=())
    assert refused.value.reason == "outside_data"


def test_steel_energy_and_power_factor_are_answered_end_to_end() -> None:
    model = Path(__file__).parents[2] / "examples" / "steel" / "model.yaml"
    answer = gemba.ask("Is energy related to leading power factor in June?", str(model))
    assert answer.status == "answered"
    assert answer.insight is not None
    assert "are associated from 2018-06-01 to 2018-06-30" in answer.text
    assert answer.insight.claims[0].kind == "association"
    assert answer.insight.claims[0].significant
    refused = gemba.ask("does carbon intensity follow energy?", str(model))
    assert (refused.status, refused.reason) == ("refused", "unsupported")
    assert "arithmetic" in refused.text
