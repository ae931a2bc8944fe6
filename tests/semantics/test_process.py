"""What a model may say of a process."""

from __future__ import annotations

from typing import Any

import pytest

from gemba.semantics.model import SemanticModel
from gemba.semantics.rules import problems


def _model(**metric: Any) -> SemanticModel:
    return SemanticModel.model_validate(
        {
            "name": "shop",
            "sources": {"gauge": {"files": "gauge.csv", "time": "at"}, "runs": {"files": "runs.csv", "time": "at"}},
            "dimensions": {"sample": {"source": "gauge", "column": "sample"}},
            "metrics": {
                "width": {"source": "gauge", "mean": "width_mm", "unit": "mm"},
                "minutes": {"source": "runs", "sum": "minutes", "unit": "min"},
                "tested": {"source": "gauge", **metric},
            },
        }
    )


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ({"mean": "width_mm", "limits": {"lower": 2, "upper": 1}}, "not below"),
        ({"mean": "width_mm", "limits": {}}, "neither"),
        ({"sum": "width_mm", "limits": {"upper": 1}}, "single measurements"),
        ({"mean": "a * b", "limits": {"upper": 1}}, "single measurements"),
        ({"mean": "width_mm", "subgroup": "sampel"}, "'sampel' is not in the model"),
        ({"mean": "width_mm", "failures": {"of": "sample"}}, "counted"),
        ({"count": "rows", "failures": {"of": "sample", "running": "width"}}, "is a mean"),
        ({"count": "rows", "failures": {"of": "sample", "repair": "minutes"}}, "is a sum"),
    ],
)
def test_what_makes_no_sense_is_named(metric: dict[str, Any], said: str) -> None:
    assert any(said in problem.what for problem in problems(_model(**metric)))


def test_sound_limits_subgroups_and_failures_pass() -> None:
    assert not problems(_model(mean="width_mm", limits={"lower": 1, "upper": 2, "target": 1.4}, subgroup="sample"))
    assert not problems(_model(count="rows", failures={"of": "sample", "running": "minutes", "repair": "width"}))
