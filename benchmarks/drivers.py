"""Drivers of an outcome: false ones, true ones, the coverage of thresholds and effects, and the time it takes.

Seeds are fresh at every run and printed; `--seed` repeats one.

    python -m benchmarks.drivers nulls|planted|coverage|speed [--runs N] [--rows N] [--seed N] [--only TEXT]
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections import Counter

import numpy as np
from scipy.stats import binom

from benchmarks.driver_worlds import NULLS, PLANTED, Table, World, columns, shop_floor
from benchmarks.machine import heading, write
from gemba.statistics.drivers import DriverReport, find_drivers

ALPHA = 0.05


def search(table: Table, seed: int) -> DriverReport:
    return find_drivers(table.outcome, table.numeric, table.categorical, rng=np.random.default_rng(seed), alpha=ALPHA)


def draw(world: World, seed: list[int], rows: int) -> Table:
    return world.make(np.random.default_rng(seed), rows)


def named(found: DriverReport) -> set[str]:
    by = {one.by for one in found.drivers if one.by is not None}
    return {name for one in found.drivers for name in one.columns} | by


def nulls(runs: int, rows: int, seed: int, only: str) -> list[str]:
    """How often anything is named where nothing is, and how often the smallest corrected p-value is below 5 %."""
    bound = binom.ppf(0.999, runs, ALPHA) / runs
    lines = [
        f"{runs} tables a kind, {rows} rows, 8 numeric and 2 categorical columns, alpha = {ALPHA}.",
        f"Bound (one-sided 99.9 % binomial of {ALPHA:.0%}): {bound:.1%}.\n",
        "| kind | a driver named | smallest p ≤ 0.05 | held |",
        "|---|---|---|---|",
    ]
    for place, (name, world) in enumerate(NULLS.items()):
        if only not in name:
            continue
        false = small = 0
        for run in range(runs):
            found = search(draw(world, [seed, place, run], rows), run)
            false += bool(found.rules)
            small += found.smallest_p <= ALPHA
        held = "yes" if max(false, small) / runs <= bound else "no"
        lines.append(f"| {name} | {false / runs:.1%} | {small / runs:.1%} | {held} |")
        say(lines[-1])
    return lines


def planted(runs: int, rows: int, seed: int, only: str) -> list[str]:
    """How often all planted columns are named, and others with them."""
    lines = [
        f"{runs} tables a kind, {rows} rows.\n",
        "| planted | all named | others named | each in the top k | replicated | s a table |",
        "|---|---|---|---|---|---|",
    ]
    for place, (name, world) in enumerate(PLANTED.items()):
        if only not in name:
            continue
        all_found = others = top = replicated = drivers = 0
        wrong: Counter[str] = Counter()
        began = time.process_time()
        for run in range(runs):
            found = search(draw(world, [seed, place, run], rows), run)
            got = named(found)
            all_found += world.columns <= got
            wrong.update(got - world.columns)
            others += bool(got - world.columns)
            first = [part for one in found.columns for part in one.split(" - ")][: len(world.columns)]
            top += set(first) == world.columns
            drivers += len(found.drivers)
            replicated += sum(bool(one.replicated) for one in found.drivers)
        seconds = (time.process_time() - began) / runs
        lines.append(
            f"| {name} | {all_found / runs:.0%} | {others / runs:.1%} | {top / runs:.0%} "
            f"| {replicated / max(drivers, 1):.0%} | {seconds:.2f} |"
        )
        say(lines[-1] + f" {dict(wrong)}")
    return lines


def coverage(runs: int, rows: int, seed: int, only: str) -> list[str]:
    """How often a 95 % interval holds the planted threshold, and the planted effect."""
    lines = [
        f"{runs} tables a kind, {rows} rows; 95 % intervals of what was found.\n",
        "| planted | threshold | intervals | covered | median error | effect covered |",
        "|---|---|---|---|---|---|",
    ]
    for place, (name, world) in enumerate(PLANTED.items()):
        if world.thresholds is None or world.effect is None or only not in name:
            continue
        held: dict[tuple[str, float], list[bool]] = {}
        errors: dict[tuple[str, float], list[float]] = {}
        effects: list[bool] = []
        for run in range(runs):
            found = search(draw(world, [seed, place, run], rows), run)
            if named(found) != world.columns:
                continue
            effect = found.rules[0].effect
            effects.append(effect.low <= world.effect <= effect.high)
            for one in found.rules[0].drivers:
                bounds = sorted((bound.threshold for bound in one.bounds), key=lambda bound: bound.at)
                for bound, truth in zip(bounds, world.thresholds.get(one.name, ()), strict=False):
                    held.setdefault((one.name, truth), []).append(bound.low <= truth <= bound.high)
                    errors.setdefault((one.name, truth), []).append(abs(bound.at - truth))
        for (feature, truth), hits in held.items():
            error = np.median(errors[feature, truth])
            lines.append(
                f"| {name} | {feature} at {truth:g} | {len(hits)} | {np.mean(hits):.1%} | {error:.3g} "
                f"| {np.mean(effects):.1%} |"
            )
            say(lines[-1])
    return lines


def speed(runs: int, rows: int, seed: int, only: str) -> list[str]:
    """Processor seconds by rows: for a rare rule of two columns, and for many categories."""
    lines = [
        (
            "Rare: a rule of two columns that holds for 7 % of the rows; 10 columns, 32 features are built of them."
            " Many categories: 7 numbers and 10 categories of 3 to 800 members, five things act.\n"
        ),
        "| table | rows | s |",
        "|---|---|---|",
    ]
    tables = {
        "rare": (_rare, (rows, 4 * rows, 16 * rows, 64 * rows)),
        "number, many categories": (lambda rng, n: shop_floor(rng, n, yes_no=False), (rows, 4 * rows, 10 * rows)),
        "5 %, many categories": (lambda rng, n: shop_floor(rng, n, yes_no=True), (rows, 4 * rows, 10 * rows)),
    }
    for name, (make, sizes) in tables.items():
        for size in sizes if only in name else ():
            taken = []
            for run in range(runs):
                table = make(np.random.default_rng([seed, run]), size)
                began = time.process_time()
                search(table, run)
                taken.append(time.process_time() - began)
            lines.append(f"| {name} | {size:,} | {np.median(taken):.2f} |")
            say(lines[-1])
    return lines


def _rare(rng: np.random.Generator, n: int) -> Table:
    numeric, categorical = columns(rng, n, "plain")
    inside = (numeric["x0"] > 0.8) & (numeric["x1"] < -0.3)
    return Table(numeric, categorical, (rng.random(n) < np.where(inside, 0.5, 0.01)).astype(float))


def say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


STUDIES = {"nulls": (nulls, 1000, 1000), "planted": (planted, 100, 4000), "coverage": (coverage, 1000, 4000)}
STUDIES["speed"] = (speed, 3, 10_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("study", choices=sorted(STUDIES))
    parser.add_argument("--runs", type=int)
    parser.add_argument("--rows", type=int)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--only", default="", help="kinds whose name holds this")
    parser.add_argument("-o", "--output", help="name of the result")
    options = parser.parse_args()
    study, runs, rows = STUDIES[options.study]
    seed = secrets.randbelow(2**31) if options.seed is None else options.seed
    say(f"seed {seed}")
    lines = study(options.runs or runs, options.rows or rows, seed, options.only)
    text = "\n".join([heading(f"Drivers: {options.study}"), f"Seed {seed}.\n", *lines, ""])
    say(str(write(options.output or f"drivers-{options.study}", text)))


if __name__ == "__main__":
    main()
