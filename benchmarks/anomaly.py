"""How often does the streaming detector alarm where nothing happened, and how often does it see what did?

Seeds are fresh in every run and printed.

    python -m benchmarks.anomaly [--runs 40] [--points 5000] [--seed N] [-o FILE]
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from benchmarks.machine import RESULTS, heading
from gemba.statistics.anomaly import FALSE_ALARM_RATE, WARM_UP, AnomalyStream

Floats = NDArray[np.float64]

STEP_S = 300
SIZES = (6.0, 10.0)
"""Planted spikes, in standard deviations of the noise."""


def independent(rng: np.random.Generator, points: int) -> Floats:
    return rng.normal(size=points)


def remembering(rng: np.random.Generator, points: int) -> Floats:
    """AR(1), coefficient 0.9, standard deviation 1."""
    noise = rng.normal(size=points) * np.sqrt(1.0 - 0.81)
    series = np.empty(points)
    series[0] = rng.normal()
    for i in range(1, points):
        series[i] = 0.9 * series[i - 1] + noise[i]
    return series


def trending(rng: np.random.Generator, points: int) -> Floats:
    """One standard deviation of the noise up in 100 points."""
    return rng.normal(size=points) + np.arange(points) / 100.0


def seasonal(rng: np.random.Generator, points: int) -> Floats:
    """A day of three standard deviations up and down."""
    return rng.normal(size=points) + 3.0 * np.sin(2.0 * np.pi * np.arange(points) * STEP_S / 86_400.0)


def heavy_tailed(rng: np.random.Generator, points: int) -> Floats:
    """Student's t, 3 degrees of freedom, scaled to standard deviation 1."""
    return rng.standard_t(3, size=points) / np.sqrt(3.0)


def skewed(rng: np.random.Generator, points: int) -> Floats:
    return rng.lognormal(0.0, 0.5, size=points)


WORLDS: dict[str, Callable[[np.random.Generator, int], Floats]] = {
    "independent": independent,
    "AR(0.9)": remembering,
    "trending": trending,
    "seasonal, a day": seasonal,
    "heavy-tailed, t(3)": heavy_tailed,
    "skewed, lognormal": skewed,
}


def alarms(series: Floats) -> list[int]:
    """Places of the alarms of one series of equal steps."""
    stream = AnomalyStream()
    return [i for i, value in enumerate(series.tolist()) if stream.score(float(i * STEP_S), value) >= 0.5]


def row(kind: str, runs: int, points: int, rng: np.random.Generator) -> str:
    """One line of the table: false alarms a point with their error over runs, and spikes seen."""
    seen = dict.fromkeys(SIZES, 0)
    began = process_time()
    counts = [len(alarms(WORLDS[kind](rng, points))) for _ in range(runs)]
    spent_us = 1e6 * (process_time() - began) / (runs * points)
    for size in SIZES:
        for _ in range(runs):
            series = WORLDS[kind](rng, 2000)
            series[1500] += size
            seen[size] += any(1500 <= place < 1510 for place in alarms(series))
    judged = points - WARM_UP
    rate, error = np.mean(counts) / judged, np.std(counts) / np.sqrt(runs) / judged
    cells = [kind, f"{1000 * rate:.2f} ± {1000 * error:.2f}", f"{rate / FALSE_ALARM_RATE:.2f}"]
    return "| " + " | ".join([*cells, *(f"{seen[size] / runs:.0%}" for size in SIZES), f"{spent_us:.0f}"]) + " |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=40)
    parser.add_argument("--points", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "anomaly.md")
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    stated = f"stated: {1000 * FALSE_ALARM_RATE:g} false alarms in 1,000 points at a score of 0.5"
    lines = [
        heading("Anomalies in a stream: false alarms and spikes seen"),
        f"Seed {options.seed}. {options.runs} series of {options.points} points a kind; {stated}.\n",
        "A spike is one point moved by so many standard deviations.\n",
        "| kind | false alarms in 1,000 | over stated | spike of 6 seen | spike of 10 seen | µs a point |",
        "|---|---|---|---|---|---|",
    ]
    for kind in WORLDS:
        lines.append(row(kind, options.runs, options.points, rng))
        print(lines[-1], flush=True)
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
