"""A small model and questions for the tests of planning and of agents."""

from __future__ import annotations

from datetime import UTC, datetime

from gemba.evidence.types import Coverage
from gemba.questions.types import QUESTION, Question
from gemba.semantics.model import SemanticModel

MODEL = SemanticModel.model_validate(
    {
        "name": "factory",
        "timezone": "Europe/Berlin",
        "sources": {
            "production": {
                "files": "production.parquet",
                "key": ["order_id"],
                "time": "finished_at",
                "joins": [{"to": "machines", "by": {"machine_id": "id"}}],
            },
            "machines": {"files": "machines.parquet", "key": ["id"]},
        },
        "dimensions": {
            "line": {"source": "machines", "column": "line"},
            "machine": {"source": "machines", "column": "id"},
            "shift": {"source": "production", "column": "shift"},
            "order": {"source": "production", "column": "order_id"},
            "operator": {"source": "production", "column": "operator", "personal": True},
            "speed": {"source": "production", "column": "speed_rpm", "numeric": True},
            "weekday": {"source": "production", "derived": "weekday"},
        },
        "metrics": {
            "produced": {"source": "production", "sum": "quantity", "unit": "pieces"},
            "scrapped": {"source": "production", "sum": "scrap", "unit": "pieces", "better": "lower"},
            "scrap_rate": {"ratio": ["scrapped", "produced"], "unit": "%", "better": "lower", "matters": 0.5},
            "orders": {"source": "production", "count": "rows"},
            "operators": {"source": "production", "count_distinct": "operator"},
            "cycle_p90": {"source": "production", "quantile": {"column": "cycle_s", "q": 0.9}, "unit": "s"},
            "cycle_time": {"source": "production", "mean": "cycle_s", "unit": "s"},
        },
    }
)
COVERAGE = {
    "production": Coverage(datetime(2026, 6, 1, 4, tzinfo=UTC), datetime(2026, 11, 20, 21, 30, tzinfo=UTC), 100_000)
}
WEEK = {"start": "2026-11-09T00:00:00+01:00", "end": "2026-11-16T00:00:00+01:00"}
WEEK_BEFORE = {"start": "2026-11-02T00:00:00+01:00", "end": "2026-11-09T00:00:00+01:00"}
LINE_3 = {"dimension": "line", "values": ["3"]}


def ask(kind: str, metric: str = "scrap_rate", **fields: object) -> Question:
    """A typed question about the week of 9 November 2026."""
    data: dict[str, object] = {"kind": kind, "metric": metric, "window": WEEK, **fields}
    if kind in ("why", "compare"):
        data.setdefault("baseline", {"window": WEEK_BEFORE})
    return QUESTION.validate_python(data)
