"""`gemba bench nab`: anomaly scores of published series."""

from __future__ import annotations

import csv
from pathlib import Path

from interfaces.cli.output import print_json, say


def nab(path: Path, output: Path, *, as_json: bool) -> int:
    """Write a file a series, `timestamp,anomaly_score`; microseconds a point go to standard error, a series a line."""
    from gemba.bench.anomalies import scored_series

    points, alarms, spent_us, names = 0, 0, 0.0, []
    for one in scored_series(path):
        target = output / one.name
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("w", encoding="utf-8", newline="") as lines:
            rows = csv.writer(lines, lineterminator="\n")
            rows.writerow(("timestamp", "anomaly_score"))
            rows.writerows((time, f"{score:.6f}") for time, score in zip(one.timestamps, one.scores, strict=True))
        names.append(one.name)
        points += len(one.scores)
        alarms += one.alarms
        spent_us += one.cpu_us * len(one.scores)
        say(f"{len(names)}: {one.name}: {len(one.scores)} points, {one.alarms} alarms, {one.cpu_us:.1f} µs a point")
    say(f"{len(names)} series, {points} points, {alarms} alarms, {spent_us / points:.1f} µs a point: {output}")
    if as_json:
        facts = {"series": len(names), "points": points, "alarms": alarms, "cpu_us_a_point": spent_us / points}
        print_json({"output": str(output), **facts})
    return 0
