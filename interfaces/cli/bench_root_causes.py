"""`gemba bench rca`: root causes of published cases."""

from __future__ import annotations

from pathlib import Path

from interfaces.cli.bench_cases import write_lists


def rca(path: Path, output: Path, *, as_json: bool) -> int:
    """Write {"case": ["a=a1&b=b2", ...]}."""
    from gemba.bench.root_causes import predictions

    cases = predictions(path)
    return write_lists(cases, output, one="case", many="cases", join="; ", nothing="nothing", as_json=as_json)
