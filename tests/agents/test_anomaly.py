"""A question for what is unusual travels from words to incidents that are told once; quiet series stay quiet."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from gemba.agents.base import Brief
from gemba.agents.registry import agents
from gemba.agents.run import run_agent
from gemba.evidence.types import Limits
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.review import review
from gemba.insights.types import Gap, Outcome
from gemba.insights.weigh import Weighed, weigh
from gemba.planning.plan import make_plan
from gemba.planning.types import Plan
from gemba.questions.types import Anomaly, Window
from gemba.semantics.load import parse_model

ZONE = ZoneInfo("Europe/Berlin")
TEXT = """
gemba: 1
name: mill
timezone: Europe/Berlin
sources:
  meters: {files: meters.parquet, time: at, partition: day}
dimensions:
  hall: {source: meters, column: hall}
metrics:
  energy: {source: meters, sum: kwh, unit: kWh}
  waste: {source: meters, sum: waste, unit: kg}
  waste_rate: {ratio: [waste, energy], unit: "%"}
  heat: {source: meters, mean: heat_c, unit: °C}
"""
MODEL = parse_model(TEXT, name="mill")
FIRST = datetime(2026, 1, 1)  # noqa: DTZ001  (local stamps, as files hold them)
DAYS = 151
Change = Callable[[pl.DataFrame], pl.DataFrame]


def meters(*, days: int = DAYS, hourly: bool = False, seed: int = 3) -> pl.DataFrame:
    """Two halls, a row every six hours (or hour); half as much at weekends."""
    rng = np.random.default_rng(seed)
    step = 1 if hourly else 6
    at = [FIRST + timedelta(hours=step * n) for n in range(days * 24 // step)]
    frames = []
    for hall in ("north", "south"):
        busy = np.array([0.5 if one.weekday() >= 5 else 1.0 for one in at])
        kwh = 100.0 * step * busy * rng.normal(1.0, 0.05, len(at))
        frames.append(
            pl.DataFrame({"at": at, "kwh": kwh, "waste": 0.03 * kwh * rng.normal(1, 0.1, len(at))}).with_columns(
                pl.lit(hall).alias("hall"), heat_c=pl.Series(rng.normal(60, 2, len(at)))
            )
        )
    return pl.concat(frames).sort("at")


def days(first: str, last: str) -> pl.Expr:
    return pl.col("at").dt.strftime("%Y-%m-%d").is_between(pl.lit(first), pl.lit(last))


def scaled(column: str, first: str, last: str, times: float, *, hall: str | None = None) -> Change:
    here = days(first, last) & (pl.lit(True) if hall is None else pl.col("hall") == hall)
    return lambda frame: frame.with_columns(pl.when(here).then(pl.col(column) * times).otherwise(pl.col(column)))


def look(
    frame: pl.DataFrame,
    metric: str = "energy",
    *,
    by: tuple[str, ...] = (),
    window: tuple[str, str] = ("05-01", "06-01"),
) -> tuple[Plan, Weighed, Outcome]:
    start, end = (datetime.fromisoformat(f"2026-{one}").replace(tzinfo=ZONE) for one in window)
    asked = Anomaly(metric=metric, group_by=by, window=Window(start=start, end=end))
    warehouse = FrameWarehouse({"meters": frame})
    plan = make_plan(asked, MODEL, coverage={"meters": warehouse.coverage(MODEL, "meters")}, plug_ins=())
    evidence = warehouse.gather(MODEL, plan.requests, limits=Limits())
    brief = Brief(model=MODEL, plan=plan, evidence=evidence)
    found = {name: run_agent(agent, brief) for name, agent in agents().items() if plan.plans(name)}
    return plan, weigh(plan, tuple(found.values()), model=MODEL), found["anomaly"]


def odd(weighed: Weighed) -> list[tuple[str, str]]:
    """First and last bucket of every incident that stands out."""
    return [
        (str(one.details["date_low"]), str(one.details["date_high"]))
        for one in weighed.claims
        if one.kind == "anomaly" and one.significant
    ]


def test_a_quiet_month_is_told_as_quiet_with_what_would_have_been_seen() -> None:
    plan, weighed, _ = look(meters())
    assert odd(weighed) == []
    assert "Nothing unusual stands out" in weighed.summary
    assert weighed.detectable is not None
    assert 100 < weighed.detectable < 2500
    assert weighed.tests_run >= 31
    assert review(weighed, plan).reasons == ()


def test_a_planted_day_is_one_claim_with_its_distance_from_the_expected() -> None:
    plan, weighed, _ = look(scaled("kwh", "2026-05-13", "2026-05-13", 1.6)(meters()))
    assert odd(weighed) == [("2026-05-13", "2026-05-13")]
    claim = weighed.claims[0]
    assert claim.unit == "kWh"
    assert 2200 < claim.effect < 3500
    assert claim.ci is not None
    assert claim.ci[0] <= claim.effect <= claim.ci[1]
    assert claim.statement in weighed.summary
    assert review(weighed, plan).reasons == ()
    marked = weighed.charts[0].data
    assert [time[:10] for time, signal in zip(marked["time"], marked["signal"], strict=True) if signal] == [
        "2026-05-13"
    ]


def test_days_in_a_row_are_one_incident_and_a_lost_day_is_found() -> None:
    _, weighed, _ = look(scaled("kwh", "2026-05-11", "2026-05-14", 0.6)(meters()))
    assert odd(weighed) == [("2026-05-11", "2026-05-14")]
    _, weighed, _ = look(meters().filter(~days("2026-05-20", "2026-05-20")))
    assert odd(weighed) == [("2026-05-20", "2026-05-20")]
    assert weighed.claims[0].details["observed"] == 0.0


def test_a_lasting_shift_is_a_change_point_and_not_many_incidents() -> None:
    plan, weighed, _ = look(scaled("kwh", "2026-05-10", "2026-06-30", 1.3)(meters()))
    shift = next(one for one in weighed.claims if one.kind == "change_point")
    assert shift.significant
    assert str(shift.details["date_low"]) <= "2026-05-10" <= str(shift.details["date_high"])
    assert len(odd(weighed)) <= 1
    assert review(weighed, plan).reasons == ()


def test_the_hall_in_which_it_happened_is_named() -> None:
    plan, weighed, _ = look(
        scaled("waste", "2026-05-13", "2026-05-13", 2.5, hall="south")(meters()), "waste_rate", by=("hall",)
    )
    segments = {one.segment[0].values for one in weighed.claims if one.kind == "anomaly" and one.segment}
    assert segments == {("south",)}
    assert {one.unit for one in weighed.claims if one.kind == "anomaly"} == {"pp"}
    assert weighed.tests_run >= 3 * 31
    assert review(weighed, plan).reasons == ()


def test_a_past_incident_hides_nothing() -> None:
    frame = scaled("kwh", "2026-03-02", "2026-03-06", 5.0)(meters())
    _, weighed, _ = look(scaled("kwh", "2026-05-13", "2026-05-13", 1.6)(frame))
    assert odd(weighed) == [("2026-05-13", "2026-05-13")]


def test_hours_are_judged_for_a_short_window() -> None:
    frame = meters(hourly=True).with_columns(
        pl.when(pl.col("at") == datetime(2026, 5, 13, 10)).then(400.0).otherwise(pl.col("kwh")).alias("kwh")  # noqa: DTZ001
    )
    _, weighed, _ = look(frame, window=("05-12", "05-15"))
    assert odd(weighed) == [("2026-05-13T10:00", "2026-05-13T10:00")]


def test_days_of_23_and_25_hours_and_the_hours_of_the_change_are_no_incident() -> None:
    local = [FIRST + timedelta(hours=n) for n in range(24 * DAYS)]
    instants = sorted({one.replace(tzinfo=ZONE).timestamp() for one in local})
    rng = np.random.default_rng(8)
    frame = pl.DataFrame(
        {
            "at": [datetime.fromtimestamp(one, ZONE) for one in instants],
            "kwh": rng.normal(100, 0.5, len(instants)),
            "waste": 1.0,
            "heat_c": 60.0,
            "hall": "north",
        }
    )
    _, weighed, _ = look(frame, window=("03-01", "04-01"))
    assert odd(weighed) == []
    _, weighed, _ = look(frame, window=("03-28", "03-31"))
    assert odd(weighed) == []
    _, weighed, _ = look(frame.filter(pl.col("at").dt.strftime("%m-%d %H") != "03-29 05"), window=("03-28", "03-31"))
    assert odd(weighed) == [("2026-03-29T05:00", "2026-03-29T05:00")]


def test_a_last_day_that_is_cut_off_is_not_judged() -> None:
    frame = meters().filter(pl.col("at") <= datetime(2026, 5, 21, 7))  # noqa: DTZ001
    _, weighed, _ = look(frame)
    assert odd(weighed) == []
    assert any("2026-05-21, which is not judged" in note for note in weighed.notes)


def test_gaps_in_a_rate_are_missing_not_zero() -> None:
    frame = meters().filter(~days("2026-05-04", "2026-05-08"))
    _, weighed, _ = look(frame, "heat")
    assert odd(weighed) == []


def test_duplicated_rows_are_seen_as_the_doubled_day_they_make() -> None:
    frame = meters()
    twice = pl.concat([frame, frame.filter(days("2026-05-13", "2026-05-13"))])
    _, weighed, _ = look(twice)
    assert odd(weighed) == [("2026-05-13", "2026-05-13")]


def test_rows_in_any_order_and_at_any_spacing_give_the_same_answer() -> None:
    frame = scaled("kwh", "2026-05-13", "2026-05-13", 1.6)(meters())
    shuffled = frame.sample(fraction=1.0, shuffle=True, seed=1)
    assert odd(look(frame)[1]) == odd(look(shuffled)[1])


@pytest.mark.parametrize("kept", [1, 20])
def test_too_few_days_are_a_gap_that_says_how_many_are_needed(kept: int) -> None:
    _, _, outcome = look(meters(days=kept), window=("01-01", "01-31"))
    assert isinstance(outcome, Gap)
    assert outcome.reason == "too_little_data"
    assert "40" in outcome.message


def test_a_constant_series_is_quiet_and_an_empty_one_a_gap() -> None:
    _, weighed, _ = look(meters().with_columns(kwh=pl.lit(5.0)))
    assert odd(weighed) == []
    _, _, outcome = look(meters().with_columns(heat_c=pl.lit(None, dtype=pl.Float64)), "heat")
    assert isinstance(outcome, Gap)
