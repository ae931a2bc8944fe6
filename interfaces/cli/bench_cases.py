"""How a benchmark of many cases is told and written: a line a case, one JSON file of answers, times at the end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from gemba.bench.cases import Case
from interfaces.cli.output import print_json, say

Found = TypeVar("Found")


def told(cases: Iterable[Case[Found]], words: Callable[[Case[Found]], str]) -> list[Case[Found]]:
    """Every case in order, each told on standard error as it comes."""
    kept: list[Case[Found]] = []
    for case in cases:
        kept.append(case)
        say(f"{len(kept)}: {case.name}: {words(case)}")
    return kept


def write_lists(
    cases: Iterable[Case[tuple[Any, ...]]],
    output: Path,
    *,
    one: str,
    many: str,
    join: str,
    nothing: str,
    as_json: bool,
) -> int:
    """Write {"case": [found, ...]}; seconds of processor time go to standard error.

    `one` and `many` are what a case is called; `join` stands between what was found, `nothing` where nothing was.
    """

    def words(case: Case[tuple[Any, ...]]) -> str:
        return f"{case.cpu_s:.2f} s: {case.refusal or join.join(map(str, case.found)) or nothing}"

    kept = told(cases, words)
    output.parent.mkdir(parents=True, exist_ok=True)
    found = {case.name: list(case.found) for case in kept}
    output.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    seconds = [case.cpu_s for case in kept]
    mean, slowest = sum(seconds) / len(seconds), max(seconds)
    say(f"{len(kept)} {many}, {mean:.3f} s of processor time a {one}, at most {slowest:.3f} s: {output}")
    if as_json:
        refusals = {case.name: case.refusal for case in kept if case.refusal}
        facts = {many: len(kept), "cpu_s_mean": mean, "cpu_s_max": slowest, "refusals": refusals}
        print_json({"output": str(output), **facts})
    return 0
