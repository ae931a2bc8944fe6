from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import get_args

import pytest

from gemba.errors import RefusedError
from gemba.evidence.types import TOTAL, Coverage
from gemba.planning.plan import make_plan
from gemba.planning.strategies import SUPPORTED
from gemba.questions.types import QUESTION, Question
from tests.planning.models import COVERAGE, LINE_3, MODEL, WEEK, WEEK_BEFORE, ask

EVERY_KIND: dict[str, dict[str, object]] = {
    "level": {},
    "trend": {},
    "top": {"group_by": ["line"]},
    "share": {"metric": "produced", "group_by": ["line"]},
    "why": {},
    "compare": {},
    "distribution": {},
    "anomaly": {},
    "capability": {},
    "quality": {},
    "forecast": {"horizon": "P7D"},
    "association": {
        "other_metric": "cycle_time",
        "window": {"start": "2026-08-17T00:00:00+02:00", "end": "2026-11-16T00:00:00+01:00"},
    },
    "drivers": {"metric": None, "outcome": "scrap_rate"},
    "changes": {"metric": None},
    "compound": {"metric": None, "window": None, "parts": []},
}


def planned(question: Question, **options: object):
    return make_plan(question, MODEL, **{"coverage": COVERAGE, "plug_ins": (), **options})  # type: ignore[arg-type]


def test_every_kind_of_the_union_is_planned_or_refused_as_unsupported() -> None:
    kinds = {one.model_fields["kind"].default for one in get_args(get_args(Question)[0])}
    assert kinds == set(EVERY_KIND)
    for kind, fields in EVERY_KIND.items():
        data = {"kind": kind, "metric": "scrap_rate", "window": WEEK, **fields}
        if kind in ("why", "compare"):
            data["baseline"] = {"window": WEEK_BEFORE}
        question = QUESTION.validate_python({name: value for name, value in data.items() if value is not None})
        if kind in SUPPORTED:
            assert planned(question).agents
        else:
            with pytest.raises(RefusedError) as refused:
                planned(question)
            assert refused.value.reason == "unsupported"
            assert all(works in str(refused.value) for works in SUPPORTED)


def test_a_trend_is_cut_into_the_buckets_that_were_asked_for() -> None:
    series, _ = planned(ask("trend", bucket="hour")).cubes
    assert series.bucket == "hour"
    series, _ = planned(ask("trend")).cubes
    assert series.bucket == "day"


def test_a_slope_is_told_from_days_whatever_the_trend_is_shown_in() -> None:
    window = {"start": "2026-09-07T00:00:00+02:00", "end": "2026-11-16T00:00:00+01:00"}
    _, told = planned(ask("trend", bucket="week", window=window)).cubes
    assert (told.name, told.bucket) == ("trend", "day")
    _, told = planned(ask("trend")).cubes
    assert told.bucket == "hour"  # of one week


def test_a_forecast_reads_the_past_up_to_its_window_and_nothing_after() -> None:
    (past,) = planned(ask("forecast", horizon="P7D")).cubes
    assert past.bucket == "day"
    assert past.span.end.isoformat() == WEEK["end"]
    assert past.span.start.isoformat() < WEEK_BEFORE["start"]
    (past,) = planned(ask("forecast", horizon="P1D")).cubes
    assert past.bucket == "hour"


def test_a_why_looks_back_thirteen_weeks_by_day_and_searches_what_can_be_acted_on() -> None:
    plan = planned(ask("why"), cardinality={"machine": 6, "shift": 2, "line": 3})
    (history,) = plan.cubes
    assert (history.name, history.bucket, history.span.start.isoformat()) == (
        "history",
        "day",
        "2026-08-03T00:00:00+02:00",
    )
    assert history.groupings[0] == TOTAL
    assert {"line", "machine", "shift"} == {one[0] for one in history.groupings if len(one) == 1}
    assert ("machine", "shift") in history.groupings
    assert {one.name for one in plan.agents} == {
        "level", "contribution", "segments", "localisation", "change_point", "data_quality", "history"
    }  # fmt: skip
    assert (plan.complexity, plan.strategy) == (4, "why.search")


def test_combinations_are_searched_only_where_the_leaves_are_few() -> None:
    large = {name: replace(held, rows=2_000_000) for name, held in COVERAGE.items()}
    few = planned(ask("why"), coverage=large, cardinality={"machine": 6, "shift": 2, "line": 3})
    assert few.plans("localisation")
    assert ("line", "machine", "shift") in {tuple(sorted(one)) for one in few.cubes[0].groupings}
    many = planned(ask("why"), coverage=large, cardinality={"machine": 900, "shift": 4, "line": 3})
    assert not many.plans("localisation")
    assert not planned(ask("why", "cycle_p90")).plans("localisation")


def test_a_dimension_fixed_by_the_filters_is_no_candidate() -> None:
    assert ("line",) not in planned(ask("why", filters=[LINE_3])).cubes[0].groupings


def test_a_dimension_with_too_many_members_is_left_out_with_a_note() -> None:
    plan = planned(ask("why"), cardinality={"machine": 5000})
    assert ("machine",) not in plan.cubes[0].groupings
    assert any("machine" in note for note in plan.notes)


def test_the_rest_is_the_negated_filter() -> None:
    plan = planned(ask("compare", filters=[LINE_3], baseline={"rest": True}))
    other = next(cube for cube in plan.cubes if cube.name == "baseline")
    assert [(one.op, one.values) for one in other.filters] == [("not_in", ("3",))]


def test_the_rest_of_two_conditions_is_refused() -> None:
    filters = [LINE_3, {"dimension": "shift", "values": ["late"]}]
    with pytest.raises(RefusedError, match="exactly one condition"):
        planned(ask("compare", filters=filters, baseline={"rest": True}))


def test_leaves_that_do_not_roll_up_are_read_whole_and_quantiles_by_value() -> None:
    plan = planned(ask("why", "cycle_p90"))
    assert [(cube.name, cube.bucket) for cube in plan.cubes] == [
        ("history", "day"),
        ("window", "whole"),
        ("baseline", "whole"),
    ]
    assert {"window_values:total", "baseline_values:machine"} <= {one.name for one in plan.values}


@pytest.mark.parametrize(
    ("window", "says"),
    [
        ({"start": "2025-01-06T00:00:00+01:00", "end": "2025-01-13T00:00:00+01:00"}, "2026-06-01 to 2026-11-20"),
        ({"start": "2027-01-04T00:00:00+01:00", "end": "2027-01-11T00:00:00+01:00"}, "2026-06-01 to 2026-11-20"),
    ],
)
def test_a_window_outside_the_data_is_refused_with_what_the_data_covers(window: dict[str, str], says: str) -> None:
    with pytest.raises(RefusedError, match=says) as refused:
        planned(ask("level", window=window))
    assert refused.value.reason == "outside_data"


def test_a_window_that_reaches_past_the_data_is_kept_with_a_note() -> None:
    window = {"start": "2026-11-16T00:00:00+01:00", "end": "2026-11-23T00:00:00+01:00"}
    plan = planned(ask("level", window=window))
    assert plan.cubes[0].span == plan.question.window  # type: ignore[union-attr]
    assert any("the data ends on 2026-11-20" in note for note in plan.notes)


def test_a_whole_window_has_no_note_about_coverage() -> None:
    assert not any("covered" in note for note in planned(ask("why")).notes)


def test_an_empty_source_is_too_little_data() -> None:
    with pytest.raises(RefusedError) as refused:
        make_plan(ask("why"), MODEL, coverage={"production": Coverage(None, None, 0)}, plug_ins=())
    assert refused.value.reason == "too_little_data"


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("level", {"metric": "profit"}, "not_in_model"),
        ("level", {"filters": [{"dimension": "customer", "values": ["x"]}]}, "not_in_model"),
        ("top", {}, "unsupported"),
        ("share", {"group_by": ["line"]}, "unsupported"),
        ("why", {"filters": [{"metric": "scrap_rate", "op": "gt", "values": [5]}]}, "unsupported"),
    ],
)
def test_a_form_that_cannot_be_answered_is_refused(kind: str, fields: dict[str, object], reason: str) -> None:
    with pytest.raises(RefusedError) as refused:
        planned(ask(kind, **fields))  # type: ignore[arg-type]
    assert refused.value.reason == reason


def test_the_history_starts_with_the_first_whole_day_of_the_data() -> None:
    coverage = {"production": Coverage(datetime(2026, 10, 20, 9, tzinfo=UTC), datetime(2026, 11, 20, tzinfo=UTC), 9)}
    plan = make_plan(ask("why"), MODEL, coverage=coverage, plug_ins=())
    assert plan.cubes[0].span.start.isoformat() == "2026-10-21T00:00:00+02:00"


def test_a_plug_in_is_planned_for_the_kinds_it_names() -> None:
    class Weather:
        name, description, kinds = "weather", "Holds the metric against the weather.", ("why",)

    assert planned(ask("why")).plans("weather") is False
    plan = make_plan(ask("why"), MODEL, coverage=COVERAGE, plug_ins=(Weather(),))  # type: ignore[arg-type]
    assert plan.plans("weather")
    assert not make_plan(ask("level"), MODEL, coverage=COVERAGE, plug_ins=(Weather(),)).plans("weather")  # type: ignore[arg-type]


def test_pairs_of_dimensions_that_determine_each_other_are_a_chain_and_no_pair() -> None:
    plan = planned(ask("why"))
    (history,) = plan.cubes
    pairs = [set(one) for one in history.groupings if len(one) == 2]
    assert ("machine", "line") in history.groupings
    assert pairs.count({"machine", "line"}) == 1
    assert {"line", "shift"} in pairs


def test_a_dimension_that_a_filter_determines_is_not_searched() -> None:
    plan = planned(ask("why", filters=[{"dimension": "machine", "values": ["M3"]}]))
    assert {name for grouping in plan.cubes[0].groupings for name in grouping} == {"shift"}


def test_a_level_looks_at_the_weeks_before_to_know_what_is_usual() -> None:
    series, history = planned(ask("level")).cubes
    assert (series.name, history.name) == ("series", "history")
    assert history.span.end == series.span.start
    assert [one.name for one in planned(ask("level", "operators")).cubes] == ["series", "window"]
