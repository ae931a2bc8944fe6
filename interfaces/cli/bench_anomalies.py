"""`gemba bench nab`: anomaly scores of published series."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from interfaces.cli.bench_cases import told
from interfaces.cli.output import print_json, say

if TYPE_CHECKING:
    from gemba.bench.anomalies import Scored
    from gemba.bench.cases import Case


def nab(path: Path, output: Path, *, as_json: bool) -> int:
    """Write a file a series, `timestamp,anomaly_score`; microseconds a point go to standard error, a series a line."""
    from gemba.bench.anomalies import scored_series

    def written(case: Case[Scored]) -> str:
        _write(output / case.name, case.found)
        size, alarms = len(case.found.scores), case.found.alarms
        return f"{size} points, {alarms} alarms, {1e6 * case.cpu_s / size:.1f} µs a point"

    kept = told(scored_series(path), written)
    points, alarms = (sum(of) for of in ((len(one.found.scores) for one in kept), (one.found.alarms for one in kept)))
    cpu_us = 1e6 * sum(one.cpu_s for one in kept) / points
    say(f"{len(kept)} series, {points} points, {alarms} alarms, {cpu_us:.1f} µs a point: {output}")
    if as_json:
        facts = {"series": len(kept), "points": points, "alarms": alarms, "cpu_us_a_point": cpu_us}
        print_json({"output": str(output), **facts})
    return 0


def _write(target: Path, found: Scored) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w", encoding="utf-8", newline="") as lines:
        rows = csv.writer(lines, lineterminator="\n")
        rows.writerow(("timestamp", "anomaly_score"))
        rows.writerows((time, f"{score:.6f}") for time, score in zip(found.timestamps, found.scores, strict=True))
