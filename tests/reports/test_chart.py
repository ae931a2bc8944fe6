from __future__ import annotations

import json
import re
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from gemba.insights.types import Chart
from gemba.reports.chart import chart_svg, specification
from tests.reports.charts import LONG, NASTY, control, histogram, pareto, series, times, weibull


def _layers(chart: Chart) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    waiting = [json.loads(specification(chart))]
    while waiting:
        one = waiting.pop(0)
        waiting += one.get("layer", [])
        found += [one] if "mark" in one else []
    return found


def _of(chart: Chart, kind: str) -> list[list[dict[str, Any]]]:
    return [one["data"]["values"] for one in _layers(chart) if one["mark"]["type"] == kind]


def _words(chart: Chart) -> list[str]:
    return [row["words"] for rows in _of(chart, "text") for row in rows]


@pytest.mark.parametrize("name", NASTY)
def test_whatever_the_data_is_a_chart_is_drawn(name: str) -> None:
    svg = chart_svg(NASTY[name])
    assert svg.startswith("<svg")
    assert "NaN" not in svg
    assert len(svg) * 4 / 3 < 60_000, "small enough for an event log, as base64"
    without_names = re.sub(r'xmlns(:\w+)?="[^"]+"', "", svg)
    assert not re.findall(r"(?:https?:)?//[\w.]+", without_names), "nothing from elsewhere"


def test_a_control_chart_marks_the_points_that_break_a_rule_and_names_a_run_once() -> None:
    chart = control([50.0, 54.0, 50.0, 51.0, 51.5, 51.2], signal={1: "W1", 4: "W4", 5: "W4"})
    assert _of(chart, "square") == [[{"at": at, "value": chart.data["value"][at]} for at in (1, 4, 5)]]
    assert sorted(one for one in _words(chart) if one.startswith("W")) == ["W1", "W4"]
    assert "W1 beyond 3 sigma; W4 8 in a row on one side" in json.loads(specification(chart))["title"]["subtitle"]


def test_limits_are_named_with_decimals_that_tell_them_apart() -> None:
    chart = control([50.0, 51.0], marks={"USL": 53.004})
    assert {"UCL = 53.00", "CL = 50.00", "LCL = 47.00", "USL = 53.00"} <= set(_words(chart))
    places = [row["y"] for rows in _of(chart, "text") for row in rows if "=" in row["words"]]
    low, high = json.loads(specification(chart))["layer"][0]["encoding"]["y"]["scale"]["domain"]
    gaps = [abs(a - b) / (high - low) * 240 for i, a in enumerate(places) for b in places[:i]]
    assert min(gaps) > 11.9, "labels a line apart"


def test_limits_that_move_are_steps_in_the_middle_between_points() -> None:
    chart = control([50.0] * 4)
    moved = chart.model_copy(update={"data": {**chart.data, "upper": [53.0, 53.0, 60.0, 60.0]}})
    steps = [(row["at"], row["upper"]) for row in _of(moved, "line")[0]]
    assert steps == [(-0.5, 53.0), (1.5, 60.0), (3.5, 60.0)]


def test_phases_are_divided_where_they_change() -> None:
    chart = control([50.0 + i % 2 for i in range(40)], split=25)
    assert [{"at": 24.5}] in _of(chart, "rule")
    assert {"phase I", "phase II"} <= set(_words(chart))


def test_a_gap_in_a_series_is_a_gap() -> None:
    chart = series(3).model_copy(update={"data": {"time": times(3), "value": [1.0, None, 2.0]}})
    line = next(one for one in _layers(chart) if one["mark"]["type"] == "line")
    assert [row["value"] for row in line["data"]["values"]] == [1.0, None, 2.0]
    assert line["mark"]["invalid"].startswith("break-paths")


def test_many_points_are_thinned_and_no_extreme_or_incident_is_lost() -> None:
    chart = series(5000, signal=[None] * 2500 + ["spike"] + [None] * 2499)
    chart.data["value"][77], chart.data["value"][4000] = 1000.0, -1000.0
    line = _of(chart, "line")[0]
    assert len(line) < 1000
    assert {1000.0, -1000.0} <= {row["value"] for row in line}
    assert [len(rows) for rows in _of(chart, "point")] == [1]
    assert "spike" in _words(chart)


def test_midnight_of_a_place_is_midnight_on_the_axis() -> None:
    chart = series(1).model_copy(update={"data": {"time": ["2026-06-01T00:00:00+02:00"], "value": [1.0]}})
    assert _of(chart, "circle")[0][0]["time"] == 1780272000000.0  # 2026-06-01T00:00:00Z


def test_a_forecast_is_divided_from_the_past() -> None:
    parts = ["history"] * 5 + ["forecast"] * 3
    chart = series(8, expected=[None] * 5 + [100.0] * 3, low=[None] * 5 + [90.0] * 3, high=[None] * 5 + [110.0] * 3, part=parts)  # fmt: skip  # noqa: E501
    assert _of(chart, "rule") == [[{"time": 1772755200000.0}]]  # 2026-03-06
    assert "dashed: forecast; shaded: its interval" in specification(chart)


def test_a_pareto_descends_to_a_line_of_shares_with_the_eighty_per_cent() -> None:
    chart = pareto([10.0, 60.0, 30.0])
    assert [row["value"] for row in _of(chart, "bar")[0]] == [60.0, 30.0, 10.0]
    assert _of(chart, "rule") == [[{"share": 80.0}]]


def test_small_bars_of_a_pareto_are_one_bar() -> None:
    chart = NASTY["pareto of sixty long names"]
    bars = _of(chart, "bar")[0]
    assert len(bars) == 24
    assert sum(row["value"] for row in bars) == sum(range(1, 61))
    assert "37 others" in specification(chart)
    assert f"{LONG} 0" not in specification(chart), "long names are cut"


def test_limits_of_a_histogram_stand_where_they_are() -> None:
    chart = histogram([1, 5, 2, 1], LSL=1.0, target=2.0)
    assert {rows[0]["low"] for rows in _of(chart, "rule")} == {1.0, 2.0}
    bars = next(one for one in _layers(chart) if one["mark"]["type"] == "rect")["data"]["values"]
    shades = [row["shade"] for row in bars]
    assert shades[0] != shades[1] == shades[2] == shades[3], "only the first is beyond the limit"


def test_limits_far_away_leave_the_values_their_room() -> None:
    chart = NASTY["histogram with limits far away"]
    low, high = json.loads(specification(chart))["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert high - low < 4.0
    assert any(word.startswith("← LSL") for word in _words(chart))
    assert any(word.startswith("USL") and word.endswith("→") for word in _words(chart))


def test_a_weibull_is_a_straight_line_on_its_paper() -> None:
    fit = [(row["x"], row["fit"]) for row in _of(weibull(12), "line")[0]]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in pairwise(fit)]
    assert slopes == pytest.approx([2.0] * 11)
    assert len(_of(weibull(12), "point")[0]) == 3, "what did not fail is marked"


def test_a_waterfall_keeps_its_sum_when_small_steps_are_one() -> None:
    bars = _of(NASTY["waterfall of 60 steps"], "bar")[0]
    assert len(bars) < 25
    assert bars[-1]["to"] == pytest.approx(0.0, abs=1e-9)


def test_rare_points_in_the_tail_of_a_probability_plot_are_all_drawn() -> None:
    drawn = _of(weibull(2000), "circle")[0]
    assert len(drawn) < 250
    tail = sorted(row["x"] for row in drawn)[:4]
    values = [value for value, share in zip(*(weibull(2000).data[c] for c in ("value", "share")), strict=True) if share]
    assert tail == pytest.approx(np.log(values[:4]))
