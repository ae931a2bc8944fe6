"""`gemba bench tcpd`: change points of published series."""

from __future__ import annotations

from pathlib import Path

from interfaces.cli.bench_cases import write_lists


def tcpd(path: Path, output: Path, *, as_json: bool) -> int:
    """Write {"series": [row, ...]}."""
    from gemba.bench.turing_changes import predictions

    cases = predictions(path)
    return write_lists(cases, output, one="series", many="series", join=", ", nothing="no change", as_json=as_json)
