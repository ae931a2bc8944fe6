"""One investigation on a million rows in PostgreSQL, through Dagster: how long, and how the time divides.

    python -m benchmarks.investigation [--scale 12] [--repeat 5] [--home FOLDER] [-o FILE]

Fills an embedded PostgreSQL with a simulated factory, then asks in a process of its own: once cold (the process has
imported nothing and the caches of PostgreSQL hold what loading left), then other weeks in the same process. A `home`
that is given is kept and used again.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil

from benchmarks.machine import RESULTS, heading
from gemba.plant.model import model_text
from gemba.plant.simulate import simulate
from gemba.plant.write import write_database
from gemba.store.connect import DATABASE_URL_VARIABLE
from gemba.store.databases import ensure_database
from gemba.store.server import EmbeddedServer

SEED = 7
QUESTIONS = ("Why did scrap rise on line 3 last week?", "Why did scrap rise last week?")
KINDS = ("queries", "agents", "weighing", "checks", "charts")
WORK = ("queries", "agents", "weighing", "checks")
SAMPLE_S = 0.2


@dataclass(slots=True)
class Stopwatch:
    """Intervals of work by kind, from any thread, in seconds on `time.perf_counter`'s scale."""

    spans: list[tuple[str, float, float]] = field(default_factory=list)

    def timed(self, kind: str, work: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(work)
        def run(*arguments: Any, **options: Any) -> Any:
            began = time.perf_counter()
            try:
                return work(*arguments, **options)
            finally:
                self.spans.append((kind, began, time.perf_counter()))

        return run

    def total(self, *kinds: str) -> float:
        """Seconds in which at least one of the kinds was at work."""
        covered, until = 0.0, 0.0
        for _, start, end in sorted((one for one in self.spans if one[0] in kinds), key=lambda one: one[1]):
            covered += max(0.0, end - max(start, until))
            until = max(until, end)
        return covered

    def count(self, kind: str) -> int:
        return sum(one[0] == kind for one in self.spans)

    def sum(self, kind: str) -> float:
        """Seconds of all of a kind, however they overlap."""
        return sum(end - start for name, start, end in self.spans if name == kind)


def fill(home: Path, scale: float) -> tuple[str, str]:
    """A server with the plant in it; returns the plant's URL and how many rows it has."""
    server = EmbeddedServer(home).start()
    ensure_database(server, "plant")
    url, note = server.url("plant"), home / "plant.txt"
    if not note.exists() or not note.read_text().startswith(f"{SEED} {scale:g} "):
        plant = simulate(SEED, scale=scale)
        write_database(plant, url)
        note.write_text(f"{SEED} {scale:g} {plant.tables['production'].height}")
    return url, note.read_text().split()[-1]


def child(repeat: int) -> None:
    """Ask, and print one JSON line an investigation. Everything is imported inside the first one's time."""
    began = time.perf_counter()
    from interfaces.workspace import open_workspace

    workspace = open_workspace()
    model = workspace.model(str(workspace.settings.home / "factory.yaml"))
    workspace.register(model)
    asker = workspace.asker(model)
    last = asker.vocabulary(False).coverage["production"].last
    assert last is not None
    as_of = last.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=last.weekday())
    watch = _watched()
    first = True
    for text in QUESTIONS:
        for week in range(repeat + first):
            watch.spans.clear()
            resolved = asker.resolve(text, as_of=as_of - timedelta(weeks=week))
            if not first:
                watch.spans.clear()
                began = time.perf_counter()
            answer = asker.answer(resolved.question, text=f"{text} (week -{week})", fresh=True)  # type: ignore[union-attr]
            wall = time.perf_counter() - began
            row = {"text": text, "cold": first, "status": answer.status, "wall": wall, "n": watch.count("queries")}
            row |= {kind: watch.total(kind) for kind in KINDS}
            row |= {"query_sum": watch.sum("queries"), "agent_sum": watch.sum("agents")}
            row["rest"] = wall - watch.total(*WORK)
            row["load"] = os.getloadavg()[0]
            print(json.dumps(row), flush=True)
            first = False


def _watched() -> Stopwatch:
    """Times the work itself; whatever else passes is orchestration."""
    import gemba.agents.run
    import gemba.evidence.database
    import gemba.insights.weigh
    import gemba.reports.chart
    import resources.expectations

    watch = Stopwatch()
    places: list[tuple[str, Any, str]] = [
        ("queries", gemba.evidence.database.DatabaseSession, "execute"),
        ("agents", gemba.agents.run, "run_agent"),
        ("weighing", gemba.insights.weigh, "weigh"),
        ("checks", resources.expectations.Expectations, "validate"),
        ("charts", gemba.reports.chart, "chart_png"),
        ("charts", gemba.reports.chart, "chart_svg"),
    ]
    for kind, owner, name in places:
        setattr(owner, name, watch.timed(kind, getattr(owner, name)))
    return watch


@contextmanager
def _memory(process: int, server: int) -> Iterator[dict[str, float]]:
    """Largest proportional set size, in MiB, of a process and what it started, and of the server."""
    peak = {"process": 0.0, "server": 0.0}
    done = threading.Event()

    def sample() -> None:
        while not done.wait(SAMPLE_S):
            for name, pid in (("process", process), ("server", server)):
                peak[name] = max(peak[name], _mebibytes(pid))

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield peak
    finally:
        done.set()
        thread.join()


def _mebibytes(pid: int) -> float:
    try:
        root = psutil.Process(pid)
        family = [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return 0.0
    total = 0
    for one in family:
        try:
            total += one.memory_full_info().pss
        except psutil.Error:
            continue
    return total / 2**20


def measure(home: Path, url: str, repeat: int) -> tuple[list[dict[str, Any]], dict[str, float]]:
    (home / "factory.yaml").write_text(model_text(), encoding="utf-8")
    environment = {**os.environ, "GEMBA_HOME": str(home), "FACTORY_URL": url}
    command = [sys.executable, "-m", "benchmarks.investigation", "--child", "--repeat", str(repeat)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        with _memory(process.pid, _postmaster(home)) as peak:
            rows = [json.loads(line) for line in process.stdout if line.startswith("{")]
    if process.returncode:
        raise SystemExit(process.returncode)
    return rows, peak


def _postmaster(home: Path) -> int:
    from gemba.store.connect import read_record

    record = read_record(home)
    assert record is not None
    return int((record.data / "postmaster.pid").read_text().split()[0])


def table(rows: list[dict[str, Any]], peak: dict[str, float]) -> str:
    """The results as Markdown: each cold run, and the median of the warm ones."""
    lines = [
        "| question | | wall s | queries s (n; sum) | agents s (sum) | weigh s | checks s | rest s | charts s | load |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for text in QUESTIONS:
        for cold in (True, False):
            chosen = [row for row in rows if row["text"] == text and row["cold"] is cold]
            if not chosen:
                continue
            middle = {
                name: statistics.median(row[name] for row in chosen)
                for name in (*KINDS, "wall", "n", "query_sum", "agent_sum", "rest", "load")
            }
            lines.append(
                f"| {text} | {'cold' if cold else f'warm, median of {len(chosen)}'} | {middle['wall']:.2f} |"
                f" {middle['queries']:.2f} ({middle['n']:.0f}; {middle['query_sum']:.2f}) |"
                f" {middle['agents']:.2f} ({middle['agent_sum']:.2f}) | {middle['weighing']:.2f} |"
                f" {middle['checks']:.2f} | **{middle['rest']:.2f}** | {middle['charts']:.2f} | {middle['load']:.1f} |"
            )
    wrong = sorted({row["status"] for row in rows} - {"answered"})
    lines.append(
        "\nSeconds in which at least one query, agent … was at work; in brackets the sum where they overlap."
        " The rest is orchestration: the wall less all of these; charts are a part of it. Load: average of the last"
        " minute, ours included."
        f"\n\nPeak memory: {peak['process']:.0f} MiB in the asking process and its helper,"
        f" {peak['server']:.0f} MiB in PostgreSQL."
    )
    if wrong:
        lines.append(f"\nNot all were answered: {', '.join(wrong)}.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=12, help="12 gives a million orders")
    parser.add_argument("--repeat", type=int, default=5, help="warm investigations of each question")
    parser.add_argument("--home", type=Path, help="kept and used again; a temporary one if not given")
    parser.add_argument("-o", type=Path, default=RESULTS / "investigation.md", help="where the table goes")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.repeat)
        return
    os.environ.pop(DATABASE_URL_VARIABLE, None)
    home = options.home or Path(tempfile.mkdtemp(prefix="gemba-bench-"))
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o755)
    try:
        url, rows = fill(home, options.scale)
        found, peak = measure(home, url, options.repeat)
    finally:
        EmbeddedServer(home).stop()
        if options.home is None:
            shutil.rmtree(home)
    text = f"{heading('An investigation in PostgreSQL')}\n{int(rows):,} orders.\n\n{table(found, peak)}\n"
    print(text)
    options.o.parent.mkdir(parents=True, exist_ok=True)
    options.o.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
