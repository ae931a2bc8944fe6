from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from gemba.insights.types import Chart


def test_a_chart_holds_no_number_that_json_cannot_say() -> None:
    chart = Chart(
        title="t",
        kind="histogram",
        data={"low": [0.0, float("nan")], "high": [1.0, float("inf")], "count": [1, 2]},
        marks={"USL": float("inf"), "LSL": 1.0},
    )
    assert chart.data["low"] == [0.0, None]
    assert chart.data["high"] == [1.0, None]
    assert chart.marks == {"LSL": 1.0}
    again = Chart.model_validate(json.loads(json.dumps(chart.model_dump(mode="json"), allow_nan=False)))
    assert again == chart


def test_columns_of_a_chart_have_one_length() -> None:
    with pytest.raises(ValidationError, match="unequal length"):
        Chart(title="t", kind="series", data={"time": ["2024-01-01"], "value": []})


def test_a_chart_kept_before_there_were_marks_can_be_read() -> None:
    assert Chart.model_validate({"title": "t", "kind": "bars", "data": {}}).marks == {}
