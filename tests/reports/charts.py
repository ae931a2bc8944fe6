"""Charts as agents make them, and as they should not be but may."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np

from gemba.insights.types import Chart

LONG = "a name that is much longer than any room a chart could have for it"


def times(n: int, *, hours: float = 24.0) -> list[str]:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    return [(start + timedelta(hours=hours * i)).isoformat() for i in range(n)]


def control(values: list[float | None], *, signal: dict[int, str] | None = None, split: int = 0, **more: Any) -> Chart:
    n = len(values)
    data: dict[str, list[Any]] = {
        "time": times(n),
        "value": values,
        "centre": [50.0] * n,
        "lower": [47.0] * n,
        "upper": [53.0] * n,
        "signal": [(signal or {}).get(i) for i in range(n)],
    }
    if split:
        data["phase"] = ["I"] * split + ["II"] * (n - split)
    return Chart(**{"title": "Weight", "kind": "control", "unit": "g", "data": data, **more})


def series(n: int, *, seed: int = 1, **columns: list[Any]) -> Chart:
    values = np.random.default_rng(seed).normal(100.0, 5.0, n).tolist()
    return Chart(
        title="Energy", kind="series", unit="kWh", data={"time": times(n), "value": values, **columns}
    )  # fmt: skip


def pareto(amounts: list[float], *, labels: list[str] | None = None) -> Chart:
    total, reached = sum(amounts) or 1.0, np.cumsum(amounts)
    return Chart(
        title="Downtime",
        kind="pareto",
        unit="min",
        data={
            "label": labels or [f"reason {i}" for i in range(len(amounts))],
            "value": amounts,
            "cumulative": (100.0 * reached / total).tolist(),
        },
    )


def histogram(counts: list[int], *, low: float = 0.0, width: float = 1.0, **marks: float) -> Chart:
    edges = [low + width * i for i in range(len(counts) + 1)]
    return Chart(
        title="Diameter",
        kind="histogram",
        unit="mm",
        data={"low": edges[:-1], "high": edges[1:], "count": counts, "curve": [one + 0.5 for one in counts]},
        marks=marks,
    )


def weibull(n: int, *, shape: float = 2.0, scale: float = 900.0) -> Chart:
    share = [(i + 0.7) / (n + 0.4) for i in range(n)]
    return Chart(
        title="Life",
        kind="probability",
        unit="h",
        scale="weibull",
        data={
            "value": [scale * (-math.log(1.0 - one)) ** (1.0 / shape) for one in share],
            "share": [None if i % 4 == 3 else one for i, one in enumerate(share)],
            "fit": share,
            "low": [one * 0.8 for one in share],
            "high": [min(one * 1.2, 1.0) for one in share],
            "censored": [i % 4 == 3 for i in range(n)],
        },
        marks={"B10": 290.0},
    )


def _empty(kind: str, *columns: str) -> Chart:
    return Chart.model_validate({"title": "", "kind": kind, "data": {name: [] for name in columns}})


_LIMITS = ("value", "centre", "lower", "upper")
NASTY: dict[str, Chart] = {
    "control of 5,000 points, half of them signals": control(
        np.random.default_rng(2).normal(50, 1, 5000).tolist(), signal=dict.fromkeys(range(0, 5000, 2), "W1, W4")
    ),
    "control of one point": control([51.0]),
    "control of equal values": control([50.0] * 9).model_copy(
        update={"data": {"label": [LONG] * 9, **{name: [50.0] * 9 for name in _LIMITS}}}
    ),
    "control of gaps": control([None, 51.0, None, None], signal={0: "W1", 1: "W1"}, split=2),
    "control without values": control([None, None]),
    "control without limits": control([50.0, 51.0]).model_copy(
        update={"data": {"label": ["a", "b"], **{name: [1.0, None] for name in _LIMITS}}}
    ),
    "control of nothing": _empty("control", "time", *_LIMITS),
    "control of huge negative values": control([-1e18, -2e18, -1.5e18]),
    "series of 5,000 points": series(5000),
    "series of one point": series(1),
    "series of gaps": series(4).model_copy(
        update={"data": {"time": times(4), "value": [None, 1.0, None, 2.0], "signal": ["x", LONG, None, LONG]}}
    ),
    "series without values": series(2).model_copy(
        update={"data": {name: [None, None] for name in ("value", "low", "high", "expected")} | {"time": times(2)}}
    ),
    "series of nothing": _empty("series", "time", "value"),
    "series of zeros": series(3).model_copy(update={"data": {"time": times(3), "value": [0.0] * 3}}),
    "series of two zones": series(2).model_copy(
        update={"data": {"time": ["2026-03-29T00:00:00+01:00", "2026-03-30T00:00:00+02:00"], "value": [1.0, 2.0]}}
    ),
    "points of nothing": _empty("points", "time", "value"),
    "points of one": Chart(title="", kind="points", data={"time": times(1), "value": [-3.0]}, marks={LONG: 9.0}),
    "pareto of sixty long names": pareto([60.0 - i for i in range(60)], labels=[f"{LONG} {i}" for i in range(60)]),
    "pareto of zeros": pareto([0.0, 0.0]),
    "pareto of one": pareto([3.0]),
    "pareto of nothing": _empty("pareto", "label", "value", "cumulative"),
    "histogram with limits far away": histogram([1, 5, 2], LSL=-1e6, USL=1e9, target=1.0),
    "histogram with marks together": histogram([1, 5, 2], LSL=1.0, USL=1.001, target=1.0005, mean=1.0002),
    "histogram of one bin": histogram([7]),
    "histogram of 200 empty bins": histogram([0] * 200, low=-500.0),
    "histogram of nothing": _empty("histogram", "low", "high", "count"),
    "probability of 5,000": weibull(5000),
    "probability of one": Chart(title="", kind="probability", data={"value": [5.0], "share": [0.5]}),
    "probability of zero and shares 0 and 1": Chart(
        title="",
        kind="probability",
        scale="lognormal",
        data={"value": [0.0, None, 3.0, 3.0], "share": [0.5, 0.1, 0, 1]},
    ),
    "probability of nothing": _empty("probability", "value", "share"),
    "bars of 200 long names": Chart(
        title=LONG * 3, kind="bars", data={"label": [f"{LONG} {i}" for i in range(200)], "value": [*[1.0] * 199, None]}
    ),
    "bars of nothing": _empty("bars", "label", "value"),
    "waterfall of 60 steps": Chart(
        title="",
        kind="waterfall",
        unit="%",
        data={
            "label": ["before", *[f"part {i}" for i in range(60)], "after"],
            "value": [3.0, *[0.1, -0.2] * 30, 0.0],
            "role": ["start", *["change"] * 60, "end"],
        },
    ),
    "waterfall of nothing": _empty("waterfall", "label", "value", "role"),
}
