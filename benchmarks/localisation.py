"""Localisation on fresh cases, on quiet ones, and its growth with the data.

    .venv/bin/python -m benchmarks.localisation cases --count 60
    .venv/bin/python -m benchmarks.localisation nulls --count 1000
    .venv/bin/python -m benchmarks.localisation growth --most 1e7

Cases are made in the manner described by Kalander ("RiskLoc", arXiv:2205.10004, 2022): leaves with Weibull values,
forecasts with noise of 0-25 %, one to three anomalies of one to three segments each in a cuboid drawn by depth,
severity 0.2-1, a deviation of up to 0.1 within an anomaly. Seeds are drawn anew and printed; `--seed` repeats a run.
"""

from __future__ import annotations

import argparse
import math
import secrets
import subprocess
import sys
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from gemba.errors import UnusableValuesError
from gemba.statistics.localisation import held_out, localise
from gemba.statistics.localisation_rate import localise_rate

RESULTS = Path(__file__).parent / "results"
MEMBERS = (10, 12, 10, 8, 5)
LARGE = (10, 20, 50, 100, 300, 1000)
SMALL = (6, 5, 4, 3)
WINDOWS = 10
SPREAD = 0.1
NOMINAL = 0.05
KINDS = (
    "independent",
    "AR(0.9)",
    "seasonal",
    "heavy tails",
    "unbalanced",
    "counts",
    "a shock to all",
    "shocks by member",
    "drifts by member",
)

Name = frozenset[tuple[int, int]]


def grid(members: tuple[int, ...]) -> NDArray[np.int32]:
    """Every combination of members once."""
    axes = np.meshgrid(*[np.arange(count) for count in members], indexing="ij")
    return np.stack([axis.ravel() for axis in axes], axis=1).astype(np.int32)


def where(codes: NDArray[np.int32], name: Name) -> NDArray[np.bool_]:
    here = np.ones(codes.shape[0], bool)
    for attribute, member in name:
        here &= codes[:, attribute] == member
    return here


def case(rng: np.random.Generator) -> tuple[NDArray, NDArray, NDArray, set[Name]]:
    """Codes, actual, expected values and the planted segments."""
    codes = grid(MEMBERS)
    n = codes.shape[0]
    actual = 100.0 * rng.weibull(rng.uniform(0.5, 1.0), n) * (rng.random(n) > rng.uniform(0.0, 0.25))
    noise, down = rng.uniform(0.0, 0.25), rng.random() < 0.5
    expected = np.maximum(actual * rng.normal(1.0, noise, n), 0.0)
    planted: set[Name] = set()
    for _ in range(rng.integers(1, 4)):
        depth = int(rng.integers(1, len(MEMBERS) + 1))
        cuboid = rng.choice(len(MEMBERS), depth, replace=False)
        severity, deviation = rng.uniform(0.2, 1.0), rng.uniform(0.0, 0.1)
        for _ in range(rng.integers(1, 4)):
            name = frozenset((int(one), int(rng.integers(MEMBERS[one]))) for one in cuboid)
            if any(name <= other or other <= name for other in planted):
                continue
            here = where(codes, name)
            kept = np.clip(1.0 - rng.normal(severity, deviation, int(here.sum())), 0.0, 1.0)
            if down:
                actual[here] = expected[here] * kept
            else:
                expected[here] = actual[here] * kept
            planted.add(name)
    return codes, actual, expected, planted


def cases(count: int, seed: int) -> str:
    """F1 of exact segments on fresh cases."""
    right = wrong = missed = 0
    seconds: list[float] = []
    deep: dict[int, list[int]] = {}
    for number in range(count):
        codes, actual, expected, planted = case(np.random.default_rng([seed, number]))
        began = process_time()
        found = localise(codes, actual, expected)
        seconds.append(process_time() - began)
        named = {frozenset(zip(one.attributes, one.members, strict=True)) for one in found.segments}
        right, wrong, missed = right + len(named & planted), wrong + len(named - planted), missed + len(planted - named)
        for name in planted:
            tally = deep.setdefault(len(name), [0, 0])
            tally[0] += name in named
            tally[1] += 1
        sys.stderr.write(f"{number + 1}: {len(named & planted)} of {len(planted)}, {len(named - planted)} wrong\n")
    score = 2 * right / (2 * right + wrong + missed)
    lines = ["| depth | planted | found |", "|---|---|---|"]
    lines += [f"| {depth} | {tally[1]} | {tally[0]} |" for depth, tally in sorted(deep.items())]
    return (
        f"{count} cases, seed {seed}: {right} right, {wrong} wrong, {missed} missed, F1 {score:.3f}; "
        f"{np.mean(seconds):.2f} s of processor time a case, at most {max(seconds):.2f} s.\n\n" + "\n".join(lines)
    )


def factors(kind: str, rng: np.random.Generator, codes: NDArray[np.int32]) -> NDArray[np.float64]:
    """What multiplies every leaf's usual value in every window, shape (n, WINDOWS + 1), the last now. No cause."""
    shape = (codes.shape[0], WINDOWS + 1)
    own = rng.normal(0.0, SPREAD, shape)
    if kind == "AR(0.9)":
        return np.exp(wandering(rng, shape))
    if kind == "seasonal":
        phase = rng.uniform(0.0, 2.0 * np.pi, (shape[0], 1))
        return np.exp(own / 2.0 + SPREAD * np.sin(2.0 * np.pi * np.arange(shape[1]) / 7.0 + phase))
    if kind == "heavy tails":
        return np.exp(SPREAD * rng.standard_t(3, shape))
    if kind == "a shock to all":
        return np.exp(own + rng.normal(0.0, SPREAD, shape[1]))
    if kind == "shocks by member":
        return np.exp(own + rng.normal(0.0, SPREAD, (SMALL[0], shape[1]))[codes[:, 0]])
    if kind == "drifts by member":
        return np.exp(own + wandering(rng, (SMALL[0], shape[1]))[codes[:, 0]])
    return np.exp(own)


def wandering(rng: np.random.Generator, shape: tuple[int, int]) -> NDArray[np.float64]:
    """Stationary AR(0.9) series, one a row."""
    out = rng.normal(0.0, SPREAD, shape)
    for step in range(1, shape[1]):
        out[:, step] = 0.9 * out[:, step - 1] + np.sqrt(1.0 - 0.81) * out[:, step]
    return out


def named_in(kind: str, how: str, rng: np.random.Generator) -> bool:
    """Whether a world without any cause gets a name."""
    codes = grid(SMALL)
    if kind == "unbalanced":
        codes = codes[rng.random(codes.shape[0]) < (codes[:, 0] + 1) / SMALL[0]]
    moved = factors(kind, rng, codes)
    size = rng.lognormal(5.0, 2.0 if kind == "unbalanced" else 1.0, moved.shape[0])[:, None]
    if how == "rates":
        exposure = rng.poisson(
            np.full(moved.shape, 10.0) if kind == "counts" else np.broadcast_to(20.0 * size, moved.shape)
        )
        chance = np.minimum(rng.beta(2.0, 30.0, moved.shape[0])[:, None] * (1.0 if kind == "counts" else moved), 1.0)
        events, exposure = rng.binomial(exposure, chance).astype(np.float64), exposure.astype(np.float64)
        try:
            return bool(localise_rate(codes, events[:, -1], exposure[:, -1], events[:, :-1], exposure[:, :-1]).segments)
        except UnusableValuesError:
            return False
    values: NDArray[np.float64] = size * moved
    if kind == "counts":
        values = rng.poisson(np.broadcast_to(size / 20.0, moved.shape)).astype(np.float64)
    counting = 1.0 if kind == "counts" else 0.0
    inflation = np.full(values.shape[0], 1.0 + 1.0 / WINDOWS)
    earlier = held_out(values[:, :-1]) if how == "amounts, windows" else []
    now, usual = values[:, -1], values[:, :-1].mean(axis=1)
    return bool(localise(codes, now, usual, inflation=inflation, counting=counting, earlier=earlier).segments)


def nulls(count: int, seed: int) -> str:
    """How often something is named although nothing happened."""
    from scipy.stats import binom

    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], check=True, capture_output=True, text=True).stdout
    bound = int(binom.ppf(0.999, count, NOMINAL))
    lines = ["| noise | amounts | amounts, earlier windows given | rates |", "|---|---|---|---|"]
    for place, kind in enumerate(KINDS):
        named = []
        for way, how in enumerate(("amounts", "amounts, windows", "rates")):
            began = process_time()
            worlds = (np.random.default_rng([seed, place, way, number]) for number in range(count))
            named.append(sum(named_in(kind, how, world) for world in worlds))
            sys.stderr.write(f"{kind}, {how}: {named[-1]} of {count}, {process_time() - began:.0f} s\n")
        shown = [f"{one / count:.1%}" + ("" if one <= bound else " (above)") for one in named]
        lines.append(f"| {kind} | {' | '.join(shown)} |")
    return (
        f"Share of {count:,} worlds a kind and way in which anything is named. Nominal {NOMINAL:.0%}; "
        f"one-sided 99.9 % binomial bound {bound / count:.1%}. Worlds: {math.prod(SMALL)} leaves of "
        f"{' x '.join(map(str, SMALL))} members, {WINDOWS} earlier windows whose mean is the expectation. "
        f"`python -m benchmarks.localisation nulls --count {count} --seed {seed}`, commit {commit.strip()}.\n\n"
    ) + "\n".join(lines)


def one_size(rows: int) -> None:
    """Localise once; prints rows, processor seconds, peak memory above the input in MB, segments found."""
    import resource

    rng = np.random.default_rng(1)
    codes = np.stack([rng.integers(0, count, rows, dtype=np.int32) for count in LARGE], axis=1)
    expected = rng.lognormal(3.0, 1.0, rows)
    actual = expected * np.exp(rng.normal(0.0, 0.1, rows))
    for name, factor in ((frozenset({(0, 3)}), 0.7), (frozenset({(1, 4), (0, 7)}), 1.6)):
        actual[where(codes, name)] *= factor
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = process_time()
    found = localise(codes, actual, expected)
    spent = process_time() - began
    memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    sys.stdout.write(f"{rows} {spent:.2f} {memory:.0f} {len(found.segments)}\n")


def growth(most: float) -> str:
    """Processor time and memory from 10^4 rows on; a process a size. Plots beside the table."""
    import altair as alt
    import polars as pl

    table = []
    for rows in (10**power for power in range(4, 8) if 10**power <= most):
        command = [sys.executable, "-m", "benchmarks.localisation", "one-size", "--most", str(rows)]
        told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
        table.append({"rows": rows, "cpu_s": float(told[1]), "memory_mb": float(told[2]), "segments": int(told[3])})
        sys.stderr.write(" ".join(told) + "\n")
    chart = alt.Chart(pl.DataFrame(table)).mark_line(point=True)
    chart = chart.encode(
        alt.X("rows", scale=alt.Scale(type="log")),
        alt.Y("cpu_s", title="processor time (s)", scale=alt.Scale(type="log")),
    )
    chart.save(RESULTS / "localisation_growth.svg")
    lines = [
        "| rows | processor time (s) | memory above the input (MB) | segments named (2 planted) |",
        "|---|---|---|---|",
    ]
    lines += [f"| {one['rows']:,} | {one['cpu_s']:.2f} | {one['memory_mb']:.0f} | {one['segments']} |" for one in table]
    return f"{len(LARGE)} dimensions of {', '.join(map(str, LARGE))} members.\n\n" + "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("cases", "nulls", "growth", "one-size"))
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6))
    parser.add_argument("--most", type=float, default=1e6)
    given = parser.parse_args()
    if given.what == "one-size":
        one_size(int(given.most))
        return
    made = {"cases": lambda: cases(given.count, given.seed), "nulls": lambda: nulls(given.count, given.seed)}
    text = made[given.what]() if given.what in made else growth(given.most)
    (RESULTS / f"localisation_{given.what}.md").write_text(f"# Localisation: {given.what}\n\n{text}\n")
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
