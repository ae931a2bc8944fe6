"""An insight with a claim of every sort, and names that try to be HTML and markup."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gemba.insights.types import Chart, Claim, Gap, Insight
from gemba.questions.types import Predicate, question_from

NASTY = "<script>alert(1)</script> [bold]&"
QUESTION = question_from(
    {
        "kind": "why",
        "metric": "burnt_rate",
        "direction": "up",
        "window": {"start": "2024-04-01T00:00:00+02:00", "end": "2024-04-08T00:00:00+02:00"},
        "baseline": {"window": {"start": "2024-03-25T00:00:00+01:00", "end": "2024-04-01T00:00:00+02:00"}},
    }
)


def claim(number: int, **changes: Any) -> Claim:
    given: dict[str, Any] = {
        "id": f"c_{number}",
        "kind": "segment",
        "metric": "burnt_rate",
        "segment": (Predicate(dimension="oven", op="in", values=(NASTY,)),),
        "statement": f"Burnt rate of oven {NASTY} went from 3.1 % to 9 %.",
        "effect": 5.73,
        "unit": "pp",
        "ci": (5.0, 6.4),
        "p_value": 1e-9,
        "q_value": 1e-8,
        "significant": True,
        "n": 12345,
        "method": "segments",
        "confidence": 0.95,
        "rank": number,
        "agent": "segments",
        "details": {"before": 3.1, "after": 9.0},
    }
    return Claim(**{**given, **changes})


CLAIMS = (
    claim(1),
    claim(2, kind="change_point", segment=(), details={"date": "2024-04-01"}, statement="It moved.", effect=2.0),
    claim(3, kind="contribution", exact=True, ci=None, p_value=None, q_value=None, significant=None, confidence=None,
          effect=1.95, statement="Part.", details={"explained_pct": 95.9}),
    claim(4, significant=False, p_value=0.7, q_value=1.0, effect=-0.1, ci=(-0.5, 0.3), statement="Nothing here."),
)  # fmt: skip
CHARTS = (
    Chart(
        title="Change by oven",
        kind="waterfall",
        unit="%",
        data={"label": ["before", NASTY, "after"], "value": [3.0, 2.0, 5.0], "role": ["start", "change", "end"]},
    ),
    Chart(
        title="Rate by day",
        kind="series",
        unit="%",
        data={
            "time": ["2024-03-31", "2024-04-01", "2024-04-02"],
            "value": [3.0, None, 5.0],
            "part": ["baseline", "window", "window"],
        },
    ),
    Chart(title="Top", kind="bars", unit="loaves", data={"label": ["a", "b"], "value": [2.0, 1.0]}),
    Chart(
        title="Control",
        kind="control",
        data={
            "label": ["1", "2", NASTY],
            "value": [1.0, None, 9.0],
            "centre": [2.0, 2.0, 2.0],
            "lower": [0.0, 0.0, -1.0],
            "upper": [4.0, 4.0, 5.0],
            "signal": [None, None, "W1"],
            "phase": ["I", "I", "II"],
        },
    ),
    Chart(
        title="Losses",
        kind="pareto",
        unit="min",
        data={"label": [NASTY, "jam"], "value": [9.0, 1.0], "cumulative": [90.0, 100.0]},
    ),
    Chart(
        title="Widths",
        kind="histogram",
        unit="mm",
        data={"low": [1.0, 2.0], "high": [2.0, 3.0], "count": [4, 6], "curve": [4.5, 5.5]},
        marks={"LSL": 0.5, "USL": 2.5, "target": 1.5},
    ),
    Chart(
        title="Lives",
        kind="probability",
        unit="h",
        scale="weibull",
        data={
            "value": [10.0, 20.0, 30.0],
            "share": [0.2, None, 0.7],
            "fit": [0.21, 0.5, 0.69],
            "low": [0.1, 0.3, 0.5],
            "high": [0.4, 0.7, 0.9],
            "censored": [False, True, False],
        },
    ),
    Chart(title="Points", kind="points", data={"time": ["2024-04-01"], "value": [1.0], "label": ["x"]}),
)


def insight(**changes: Any) -> Insight:
    given: dict[str, Any] = {
        "id": "i_1",
        "key": "k",
        "summary": f"Burnt rate rose with oven {NASTY}.",
        "confidence": 0.95,
        "claims": CLAIMS,
        "detectable": 0.5,
        "data_version": "d" * 64,
        "read_set": (),
        "valid_until": None,
        "created_at": datetime(2024, 4, 8, 8, tzinfo=UTC),
        "strategy": "why@1",
        "question": QUESTION,
        "model": "bakery",
        "assumptions": ("read from 2024-04-07, where the data ends",),
        "gaps": (Gap(agent="history", reason="error", message=f"broke on {NASTY}"),),
        "charts": CHARTS,
        "tests_run": 18,
        "status": "partial",
    }
    return Insight(**{**given, **changes})
