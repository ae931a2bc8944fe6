"""`gemba bench rca`: root causes of published cases."""

from __future__ import annotations

import json
from pathlib import Path

from interfaces.cli.output import print_json, say


def rca(path: Path, output: Path, *, as_json: bool) -> int:
    """Write {"case": ["a=a1&b=b2", ...]}; seconds of processor time go to standard error, a case a line."""
    from gemba.bench.root_causes import predictions

    found: dict[str, list[str]] = {}
    seconds: list[float] = []
    refusals: dict[str, str] = {}
    for one in predictions(path):
        found[one.case] = list(one.segments)
        seconds.append(one.cpu_s)
        if one.refusal:
            refusals[one.case] = one.refusal
        say(f"{len(found)}: {one.case}: {one.cpu_s:.2f} s: {one.refusal or '; '.join(one.segments) or 'nothing'}")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    mean, slowest = sum(seconds) / len(seconds), max(seconds)
    say(f"{len(found)} cases, {mean:.3f} s of processor time a case, at most {slowest:.3f} s: {output}")
    if as_json:
        facts = {"cases": len(found), "cpu_s_mean": mean, "cpu_s_max": slowest, "refusals": refusals}
        print_json({"output": str(output), **facts})
    return 0
