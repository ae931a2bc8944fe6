"""How often is something called unusual in a whole series where nothing happened, and how often is what did seen?

Seeds are fresh in every run and printed.

    python -m benchmarks.anomalies [--runs 1000] [--power-runs 100] [--seed N] [-o FILE]
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.anomaly import remembering
from benchmarks.machine import RESULTS, heading
from gemba.statistics.anomalies import Anomalies, anomalies
from gemba.statistics.multiplicity import benjamini_hochberg

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

ALPHA = 0.05
DAYS, WINDOW = 300, 31
"""Length of a series in days, and of the window at its end that is judged."""
SIZES = (4.0, 6.0, 10.0)
"""Planted spikes and dips of one day, in standard deviations of the noise."""
LOST = 3
"""Days in a row that lose five standard deviations."""
LONG = 100_000


def independent(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(size=n)


def trending(rng: np.random.Generator, n: int) -> Floats:
    return rng.normal(size=n) + np.arange(n) / 50.0


def trending_remembering(rng: np.random.Generator, n: int) -> Floats:
    return remembering(rng, n) + np.arange(n) / 50.0


def seasonal(rng: np.random.Generator, n: int) -> Floats:
    """A week of three standard deviations up and down, and two more on the last two days of a month of 30."""
    day = np.arange(n)
    return rng.normal(size=n) + 3.0 * np.sin(2.0 * np.pi * day / 7.0) + 2.0 * (day % 30 >= 28)


def heavy_tailed(rng: np.random.Generator, n: int) -> Floats:
    return rng.standard_t(3, size=n) / np.sqrt(3.0)


def counts(rng: np.random.Generator, n: int) -> Floats:
    """Poisson, 3 a day; a standard deviation is 1.73."""
    return rng.poisson(3.0, n) / np.sqrt(3.0)


def shifted(rng: np.random.Generator, n: int) -> Floats:
    """Four standard deviations up for good, somewhere in the middle half."""
    at = int(rng.integers(n // 4, 3 * n // 4))
    return rng.normal(size=n) + 4.0 * (np.arange(n) >= at)


def with_past_incidents(rng: np.random.Generator, n: int) -> Floats:
    """Three incidents of eight standard deviations, one to five days long, in the first three quarters."""
    series = rng.normal(size=n)
    for _ in range(3):
        at = int(rng.integers(5, 3 * n // 4))
        series[at : at + int(rng.integers(1, 6))] += rng.choice([-8.0, 8.0])
    return series


WORLDS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "independent": independent,
    "AR(0.9)": remembering,
    "trend": trending,
    "trend and AR(0.9)": trending_remembering,
    "week and month's end": seasonal,
    "heavy-tailed, t(3)": heavy_tailed,
    "counts, Poisson(3)": counts,
    "a shift in the past": shifted,
    "past incidents": with_past_incidents,
}


def judge(series: Floats) -> Anomalies:
    day = np.arange(series.size)
    return anomalies(series, day >= series.size - WINDOW, seasons=(day % 7, day % 30), span=28)


def called(found: Anomalies) -> Mask:
    """Which days are called unusual, with the days and the shift in one family."""
    p = np.append(found.p, found.shift.p if found.shift is not None else np.nan)
    q = np.ones(p.size)
    q[np.isfinite(p)] = benjamini_hochberg(p[np.isfinite(p)])
    return q <= ALPHA


def row(kind: str, runs: int, power_runs: int, rng: np.random.Generator) -> str:
    """One line of the table: series with any false call, days and runs of days that were seen."""
    began = process_time()
    wrong = sum(bool(called(judge(WORLDS[kind](rng, DAYS))).any()) for _ in range(runs))
    spent_ms = 1e3 * (process_time() - began) / runs
    at = DAYS - WINDOW // 2
    seen = dict.fromkeys((*SIZES, "lost"), 0)
    for what in seen:
        for _ in range(power_runs):
            series = WORLDS[kind](rng, DAYS)
            if isinstance(what, str):
                series[at : at + LOST] -= 5.0
            else:
                series[at] += what * rng.choice([-1.0, 1.0])
            seen[what] += bool(called(judge(series))[at : at + (LOST if isinstance(what, str) else 1)].any())
    share = wrong / runs
    error = 1.96 * np.sqrt(max(share * (1 - share), 1e-4) / runs)
    cells = [kind, f"{share:.1%} ± {error:.1%}", *(f"{one / power_runs:.0%}" for one in seen.values())]
    return "| " + " | ".join([*cells, f"{spent_ms:.0f}"]) + " |"


def long_series(rng: np.random.Generator) -> str:
    hour = np.arange(LONG)
    series = rng.normal(size=LONG) + 3.0 * np.sin(2.0 * np.pi * hour / 24.0)
    began = process_time()
    anomalies(series, hour >= LONG - 168, seasons=(hour % 24, hour % 168), span=168)
    return f"\n{LONG:,} hours with a day and a week: {process_time() - began:.2f} s of processor time."


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--power-runs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "anomalies.md")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    lines = [
        heading("Anomalies of a whole series: false calls, and what is seen"),
        (
            f"Seed {options.seed}. {DAYS} days, the last {WINDOW} judged, days and shift in one family, "
            f"q <= {ALPHA:g}. {options.runs} quiet series a kind; {options.power_runs} a planted size, in standard "
            f"deviations of the noise. Lost: {LOST} days in a row lose five.\n"
        ),
        "| kind | series with a false call | 4 seen | 6 seen | 10 seen | lost days seen | ms a series |",
        "|---|---|---|---|---|---|---|",
    ]
    for kind in WORLDS:
        lines.append(row(kind, options.runs, options.power_runs, rng))
        print(lines[-1], flush=True)
        options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")
    lines.append(long_series(rng))
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
