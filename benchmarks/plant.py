"""Planted factories: is the planted cause named first, and are quiet windows left in peace?

Every question of every seed goes through the engine: plan, evidence, all planned agents, weighing. Beside it a naive
ranker that names the segment with the largest contribution. Methods were developed on seeds below 1000; figures are
reported on others.

    python -m benchmarks.plant [--seeds FIRST-LAST] [--only quiet|planted] [--jobs 2] [--rows FILE] [-o FILE]

One run gives every figure: causes named, quiet windows, realised false discovery (`benchmarks.false_discovery`), and
how often claims of each confidence are right (`benchmarks.calibration`, which also fits it, from `--rows`).
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.stats import beta

from benchmarks.calibration import Judged, judged, keep_rows, reliability
from benchmarks.false_discovery import Investigated, Worlds, discoveries
from benchmarks.machine import RESULTS, heading
from gemba.agents.base import Brief
from gemba.agents.registry import agents
from gemba.agents.run import run_agent
from gemba.evidence.types import Limits
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.types import Claim
from gemba.insights.weigh import Weighed, weigh
from gemba.planning.plan import make_plan
from gemba.plant.model import model_text
from gemba.plant.score import OVERLAP, Matcher
from gemba.plant.simulate import simulate
from gemba.plant.truth import TruthEvent, TruthQuestion
from gemba.questions.types import Segment, Why
from gemba.semantics.load import parse_model
from gemba.semantics.model import SemanticModel

LIMITS = Limits(queries=500)
ALPHA = 0.05


@dataclass(frozen=True, slots=True)
class Asked:
    """One question about a planted cause. Ranks count from 1; 0: not among the claims."""

    seed: int
    kind: str
    effect: float
    metric: str
    rank: int
    significant: bool
    dated: bool
    naive_rank: int
    seconds: float
    first: str


@dataclass(frozen=True, slots=True)
class Quiet:
    """One question about a window without a cause. `called`: statements of claims called significant."""

    seed: int
    metric: str
    called: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """All that one question tells: where the cause stands, and every claim held against the truth."""

    outcome: Asked | Quiet
    claims: tuple[Judged, ...]
    discovered: Investigated


class Factory:
    """The engine over one simulated factory."""

    def __init__(self, seed: int, model: SemanticModel) -> None:
        plant = simulate(seed)
        self.model, self.truth = model, plant.truth
        self.warehouse = FrameWarehouse(plant.tables)
        self.coverage = {
            name: self.warehouse.coverage(model, name) for name, source in model.sources.items() if source.time
        }
        self.agents = agents()
        self.matcher, self.worlds = Matcher(plant, model), Worlds(plant, model)

    def investigate(self, question: Why) -> Weighed:
        """Plan, gather, look and weigh, as an investigation does."""
        plan = make_plan(question, self.model, coverage=self.coverage, plug_ins=(), alpha=ALPHA)
        evidence = self.warehouse.gather(self.model, plan.requests, limits=LIMITS)
        brief = Brief(model=self.model, plan=plan, evidence=evidence)
        outcomes = [run_agent(self.agents[planned.name], brief) for planned in plan.agents]
        return weigh(plan, outcomes, model=self.model)

    def finds(self, claim: Claim, event: TruthEvent, question: Why) -> bool:
        """The contract's rule for segments: equal, or one predicate more or less on at least 80 % the same rows."""
        filters = _members(question.filters)
        named, planted = _members(claim.segment) - filters, _members(event.segment) - filters
        if named == planted:
            return True
        if not (named < planted or planted < named) or abs(len(named) - len(planted)) != 1:
            return False
        return self.matcher.overlap(claim.segment, event, within=question.window) >= OVERLAP


def _members(segment: Segment) -> frozenset:
    return frozenset((one.dimension, str(one.values[0]) if one.values else None) for one in segment)


def ask(factory: Factory, seed: int, asked: TruthQuestion) -> Answered:
    """Investigate one question and hold the answer, and every claim of it, against the truth."""
    question = asked.typed
    assert isinstance(question, Why)
    started = time.perf_counter()
    found = factory.investigate(question)
    seconds = time.perf_counter() - started
    events = [factory.truth.event(name) for name in asked.answers]
    claims = judged(
        found,
        events,
        lambda claim, event: factory.finds(claim, event, question),
        lambda claim: factory.worlds.done(claim, question),
        seed=seed,
    )
    stated = tuple(factory.worlds.stated(found.claims, question))
    largest = max((event.effect for event in events), default=0.0)
    return Answered(_outcome(factory, seed, asked, found, seconds), tuple(claims), Investigated(largest, stated))


def _outcome(factory: Factory, seed: int, asked: TruthQuestion, found: Weighed, seconds: float) -> Asked | Quiet:
    question = asked.typed
    assert isinstance(question, Why)
    if not asked.answers:
        return Quiet(seed, question.metric, tuple(one.statement for one in found.claims if one.significant))
    event = factory.truth.event(asked.answers[0])
    rank = next((i for i, one in enumerate(found.claims, 1) if factory.finds(one, event, question)), 0)
    claim = found.claims[rank - 1] if rank else None
    parts = [one for one in found.claims if one.kind == "contribution" and one.segment]
    parts.sort(key=lambda one: -abs(one.effect))
    naive = next((i for i, one in enumerate(parts, 1) if factory.finds(one, event, question)), 0)
    start = event.start.date().isoformat()
    dates = (claim.details.get("date_low"), claim.details.get("date_high")) if claim else (None, None)
    dated = isinstance(dates[0], str) and isinstance(dates[1], str) and dates[0] <= start <= dates[1]
    return Asked(
        seed=seed,
        kind=event.kind,
        effect=event.effect,
        metric=question.metric,
        rank=rank,
        significant=bool(claim and claim.significant),
        dated=dated,
        naive_rank=naive,
        seconds=seconds,
        first=found.claims[0].statement if found.claims else "",
    )


def table(asked: list[Asked], quiet: list[Quiet]) -> str:
    """The results as Markdown."""
    lines = [
        "| effect in noise | kind | n | first | first, significant | first three | start dated | naive | naive three |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for title, chosen in _groups(asked):
        shares = (
            [one.rank == 1 for one in chosen],
            [one.rank == 1 and one.significant for one in chosen],
            [1 <= one.rank <= 3 for one in chosen],
            [one.dated for one in chosen],
            [one.naive_rank == 1 for one in chosen],
            [1 <= one.naive_rank <= 3 for one in chosen],
        )
        cells = " | ".join(f"{100 * float(np.mean(share)):.0f} %" for share in shares)
        lines.append(f"| {title[0]} | {title[1]} | {len(chosen)} | {cells} |")
    if quiet:
        called = sum(bool(one.called) for one in quiet)
        bound = float(beta.ppf(0.99, called + 1, len(quiet) - called)) if called < len(quiet) else 1.0
        lines.append(
            f"\nQuiet windows: {len(quiet)}; something called significant in {called} "
            f"({100 * called / len(quiet):.1f} %; one-sided 99 % upper bound {100 * bound:.1f} %)."
        )
    if asked:
        seconds = np.array([one.seconds for one in asked])
        lines.append(f"Seconds an investigation: median {np.median(seconds):.2f}, largest {seconds.max():.2f}.")
    return "\n".join(lines)


def _groups(asked: list[Asked]) -> Iterable[tuple[tuple[str, str], list[Asked]]]:
    kinds = sorted({one.kind for one in asked})
    ladder = [(f"{size:g}", [one for one in asked if one.effect == size]) for size in sorted({a.effect for a in asked})]
    ladder.append(("≥ 3", [one for one in asked if one.effect >= 3]))
    for title, chosen in ladder:
        for kind in kinds:
            part = [one for one in chosen if one.kind == kind]
            if part:
                yield (title, kind), part
        if chosen:
            yield (f"**{title}**", "**all**"), chosen


def study(seed: int, only: str | None) -> list[Answered]:
    """Every question of one factory."""
    factory = Factory(seed, parse_model(model_text(), name="factory"))
    chosen = [one for one in factory.truth.questions if only is None or bool(one.answers) == (only == "planted")]
    return [ask(factory, seed, question) for question in chosen]


def report(answered: list[Answered]) -> str:
    """Every table of the study, as Markdown."""
    asked = [one.outcome for one in answered if isinstance(one.outcome, Asked)]
    quiet = [one.outcome for one in answered if isinstance(one.outcome, Quiet)]
    false = discoveries([one.discovered for one in answered], alpha=ALPHA)
    curve = reliability([claim for one in answered for claim in one.claims])
    return (
        f"{table(asked, quiet)}\n\n## Realised false discovery\n\n{false}\n\n## Calibration of confidence\n\n{curve}\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", default="1000-1199", help="first-last, both included")
    parser.add_argument("--only", choices=("quiet", "planted"), help="ask only about windows of this sort")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--rows", type=Path, help="keep every judged claim there, as JSON lines")
    parser.add_argument("-o", type=Path, default=RESULTS / "plant.md", help="where the tables go, after every seed")
    options = parser.parse_args()
    first, _, last = options.seeds.partition("-")
    seeds = range(int(first), int(last or first) + 1)
    answered: list[Answered] = []
    options.o.parent.mkdir(parents=True, exist_ok=True)
    head = heading("Planted factories")
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        pending = {pool.submit(study, seed, options.only): seed for seed in seeds}
        for done, future in enumerate(as_completed(pending), start=1):
            answered += future.result()
            print(f"{done} of {len(seeds)} factories, {len(answered)} questions", file=sys.stderr)
            made = f"Seeds {options.seeds}, {done} of {len(seeds)} factories."
            options.o.write_text(f"{head}\n{made}\n\n{report(answered)}", encoding="utf-8")
    print(options.o.read_text(encoding="utf-8"))
    if options.rows:
        keep_rows([claim for one in answered for claim in one.claims], options.rows)


if __name__ == "__main__":
    main()
