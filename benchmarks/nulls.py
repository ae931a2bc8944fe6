"""Do tests err as rarely as they say, and do intervals hold what they promise?

Every test is run on panels in which nothing changed, every interval on panels with one planted change. Seeds are
fresh in every run and printed.

    python -m benchmarks.nulls [--runs 1000] [--seed N] [--jobs 2] [-o FILE]
"""

from __future__ import annotations

import argparse
import secrets
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy.stats import beta, binom

from benchmarks.machine import RESULTS, heading
from benchmarks.null_worlds import WORLDS, World, timeline
from gemba.statistics.change_point import change_point
from gemba.statistics.level import mean_estimate, slope_estimate, usual_mean
from gemba.statistics.noise import estimate_noise
from gemba.statistics.segments import localise, localise_shares
from gemba.statistics.shift import Shift, residuals, shift_tests

ALPHA = 0.05
SHIFTS = (0.05, 0.1, 0.2)
"""Planted changes, in parts of the level."""


def _shift(world: World, *, against_rest: bool) -> Shift:
    return shift_tests(
        world.num,
        world.den,
        world.num.sum(axis=0),
        world.den.sum(axis=0) if world.counts else np.ones(world.den.shape[1]),
        timeline=timeline(),
        counts=world.counts,
        against_rest=against_rest,
    )


def own_level(world: World) -> float:
    return float(_shift(world, against_rest=False).p[0])


def against_the_rest(world: World) -> float:
    return float(_shift(world, against_rest=True).p[0])


def segment(world: World) -> float:
    total = world.den.sum(axis=0) if world.counts else np.ones(world.den.shape[1])
    found = localise(
        world.num,
        world.den,
        world.num.sum(axis=0),
        total,
        weight=np.ones(world.num.shape[0]),
        change=1.0,
        timeline=timeline(),
        least=1.0 if world.counts else 0.0,
        ratio=world.counts,
    )
    return float(found.p[0])


def share(world: World) -> float:
    """The share of member 0 in the whole; amounts are the denominators here."""
    amounts = world.den if world.counts else world.num
    gap = np.ones(amounts.shape[0])
    found = localise_shares(amounts, amounts.sum(axis=0), rate_gap=gap, change=1.0, noise=0.0, timeline=timeline())
    return float(found.p[0])


def dated(world: World) -> float:
    """The best of all positions in the last three weeks."""
    when = timeline()
    total = world.den.sum(axis=0) if world.counts else np.ones(world.den.shape[1])
    residual, _, weight = residuals(
        world.num[:1], world.den[:1], world.num.sum(axis=0), total, timeline=when, against_rest=False
    )
    noise = estimate_noise(residual, weight, history=when.history, block=when.block)
    deviation = np.divide(residual[0], weight[0], out=np.zeros_like(residual[0]), where=weight[0] > 0)
    candidates = np.arange(deviation.size) >= deviation.size - 21
    return change_point(deviation, weight[0], candidates=candidates, memory=float(noise.memory[0])).p


TESTS: dict[str, Callable[[World], float]] = {
    "shift, own past": own_level,
    "shift, against the rest": against_the_rest,
    "segments": segment,
    "share of the whole": share,
    "change point": dated,
}


def covers_own(world: World, shift: float) -> bool:
    low, high = _shift(world.planted(shift), against_rest=False).interval()
    return bool(low[0] <= shift * world.truth <= high[0])


def covers_rest(world: World, shift: float) -> bool:
    low, high = _shift(world.planted(shift), against_rest=True).interval()
    return bool(low[0] <= shift * world.truth <= high[0])


def covers_mean(world: World, _: float) -> bool:
    """The mean of the last eight weeks."""
    days = slice(-56, None)
    values = world.num[0, days] / world.den[0, days]
    found = mean_estimate(values, season=timeline().season[days])
    return abs(found.value - world.truth) <= found.half_width()


def covers_usual(world: World, _: float) -> bool:
    """What the mean of the last week would be, from the weeks before."""
    season = timeline().season
    values = world.num[0] / world.den[0]
    found = usual_mean(values[:-7], season=season[:-7], coming=season[-7:])
    assert found is not None
    return abs(found.value - values[-7:].mean()) <= found.half_width()


def covers_slope(world: World, _: float) -> bool:
    """A slope of none, over eight weeks."""
    days = slice(-56, None)
    found = slope_estimate(world.num[0, days] / world.den[0, days], np.arange(56.0), season=timeline().season[days])
    return abs(found.value) <= found.half_width()


INTERVALS: dict[str, Callable[[World, float], bool]] = {
    "shift, own past": covers_own,
    "shift, against the rest": covers_rest,
    "mean": covers_mean,
    "usual mean": covers_usual,
    "slope": covers_slope,
}
NEEDS_LEVEL = ("mean", "usual mean", "slope", "shift, own past", "segments", "share of the whole")
"""What says that a level moved cannot hold where it drifts by construction."""


def applies(method: str, world: str) -> bool:
    return world != "trending" or method not in NEEDS_LEVEL


def study(world: str, seed: int, runs: int) -> tuple[dict[str, tuple[int, int]], dict[str, tuple[int, int]]]:
    """False alarms and covered intervals of every method in one kind of world: (count, of how many)."""
    make, place = WORLDS[world], list(WORLDS).index(world)
    alarms = {name: [0, 0] for name in TESTS if applies(name, world)}
    held = {name: [0, 0] for name in INTERVALS if applies(name, world)}
    for run in range(runs):
        found = make(np.random.default_rng((seed, place, run)))
        for name, tally in alarms.items():
            p = TESTS[name](found)
            if np.isfinite(p):
                tally[0] += p <= ALPHA
                tally[1] += 1
        for name, tally in held.items():
            fine = found.den[0, -56:].min() > 0
            if fine:
                tally[0] += INTERVALS[name](found, SHIFTS[run % len(SHIFTS)])
                tally[1] += 1
    return {k: (v[0], v[1]) for k, v in alarms.items()}, {k: (v[0], v[1]) for k, v in held.items()}


def table(alarms: dict[str, dict[str, tuple[int, int]]], held: dict[str, dict[str, tuple[int, int]]]) -> str:
    """Both tables as Markdown; bold: outside what chance allows."""
    head = " | ".join(WORLDS)
    lines = [f"| false alarms at 5 % | {head} |", "|---|" + "--:|" * len(WORLDS)]
    for name in TESTS:
        cells = []
        for world in WORLDS:
            count, of = alarms[world].get(name, (0, 0))
            over = of and count > binom.ppf(0.999, of, ALPHA)
            cells.append("–" if not of else f"{'**' * bool(over)}{100 * count / of:.1f} %{'**' * bool(over)}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", f"| coverage of 95 % intervals | {head} |", "|---|" + "--:|" * len(WORLDS)]
    for name in INTERVALS:
        cells = []
        for world in WORLDS:
            count, of = held[world].get(name, (0, 0))
            outside = of and not 0.93 <= count / of <= 0.97
            cells.append("–" if not of else f"{'**' * bool(outside)}{100 * count / of:.1f} %{'**' * bool(outside)}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1000, help="panels a kind of world")
    parser.add_argument("--seed", type=int, help="fresh if not given")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("-o", type=Path, default=RESULTS / "nulls.md", help="where the tables go")
    options = parser.parse_args()
    seed = options.seed if options.seed is not None else secrets.randbelow(2**32)
    print(f"seed {seed}", file=sys.stderr)
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        pending = {name: pool.submit(study, name, seed, options.runs) for name in WORLDS}
        found = {name: future.result() for name, future in pending.items()}
    limit = binom.ppf(0.999, options.runs, ALPHA) / options.runs
    exact = beta.ppf([0.0005, 0.9995], [0.95 * options.runs, 0.95 * options.runs], [0.05 * options.runs] * 2)
    text = (
        f"{heading('Nulls and intervals')}\nSeed {seed}, {options.runs} panels a kind; bold: more false alarms than"
        f" {100 * limit:.1f} % (one-sided 99.9 % bound of 5 %), or a coverage outside 93–97 %"
        f" (chance alone: {100 * exact[0]:.1f}–{100 * exact[1]:.1f} %).\n\n"
        f"{table({k: v[0] for k, v in found.items()}, {k: v[1] for k, v in found.items()})}\n"
    )
    print(text)
    options.o.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
