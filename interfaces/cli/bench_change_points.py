"""`gemba bench tcpd`: change points of published series."""

from __future__ import annotations

import json
from pathlib import Path

from interfaces.cli.output import print_json, say


def tcpd(path: Path, output: Path, *, as_json: bool) -> int:
    """Write {"series": [row, ...]}; seconds of processor time go to standard error, a series a line."""
    from gemba.bench.turing_changes import predictions

    found: dict[str, list[int]] = {}
    seconds: list[float] = []
    refusals: dict[str, str] = {}
    for one in predictions(path):
        found[one.series] = list(one.places)
        seconds.append(one.cpu_s)
        if one.refusal:
            refusals[one.series] = one.refusal
        told = one.refusal or ", ".join(str(place) for place in one.places) or "no change"
        say(f"{len(found)}: {one.series}: {one.cpu_s:.2f} s: {told}")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    mean, slowest = sum(seconds) / len(seconds), max(seconds)
    say(f"{len(found)} series, {mean:.3f} s of processor time a series, at most {slowest:.3f} s: {output}")
    if as_json:
        facts = {"series": len(found), "cpu_s_mean": mean, "cpu_s_max": slowest, "refusals": refusals}
        print_json({"output": str(output), **facts})
    return 0
