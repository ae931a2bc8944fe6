"""Textbook change-point methods to compare with, at their defaults, on standardised series of one dimension.

    python -m benchmarks.change_points_baselines FOLDER METHOD > PREDICTIONS.json

METHOD: binseg, pelt (change of mean, variance 1, penalty 3 log n; binseg at most 5 changes: Scott and Knott 1974;
Killick, Fearnhead and Eckley 2012; Zhang and Siegmund 2007) or bocpd (hazard 1/100, normal-inverse-gamma prior of mean
0 and all else 1: Adams and MacKay 2007; most probable cut).
"""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from gemba.bench.turing_changes import ANSWERS, read_series

Floats = NDArray[np.float64]

MOST = 5
HAZARD = 0.01


def left(values: Floats) -> NDArray[np.float64]:
    """Squares left by the mean in [a, b): entry a, b; infinite if empty."""
    n = values.size
    sums = np.concatenate(([0.0], np.cumsum(values)))
    both = np.concatenate(([0.0], np.cumsum(values**2)))
    size = np.arange(n + 1)[None, :] - np.arange(n + 1)[:, None]
    found = both[None, :] - both[:, None] - (sums[None, :] - sums[:, None]) ** 2 / np.maximum(size, 1)
    return np.where(size > 0, found, np.inf)


def binseg(values: Floats) -> list[int]:
    """Best split of any stretch first, while it saves more than the penalty; at most 5."""
    cost, penalty = left(values), 3 * np.log(values.size)
    bounds = [0, values.size]
    for _ in range(MOST):
        options = []
        for a, b in itertools.pairwise(bounds):
            if b - a >= 2:
                places = np.arange(a + 1, b)
                saved = cost[a, b] - cost[a, places] - cost[places, b]
                options.append((float(saved.max()), int(places[np.argmax(saved)])))
        saved, place = max(options)
        if saved <= penalty:
            break
        bounds = sorted([*bounds, place])
    return bounds[1:-1]


def pelt(values: Floats) -> list[int]:
    """The cheapest cut of all; pruning changes the time only and is left out."""
    cost, penalty, n = left(values), 3 * np.log(values.size), values.size
    reached, origin = np.full(n + 1, -penalty), np.zeros(n + 1, int)
    for end in range(1, n + 1):
        totals = reached[:end] + cost[:end, end] + penalty
        origin[end], reached[end] = int(np.argmin(totals)), totals.min()
    return traced(origin, n)


def bocpd(values: Floats) -> list[int]:
    """The most probable cut under a constant hazard, each stretch normal of unknown mean and variance."""
    n = values.size
    k, a, b, mean = np.ones(1), np.ones(1), np.ones(1), np.zeros(1)
    score, origin = np.zeros(1), np.zeros(n + 1, int)
    starts = np.zeros(1, int)
    for t, value in enumerate(values):
        scale = b * (k + 1) / (a * k)
        log = gammaln(a + 0.5) - gammaln(a) - 0.5 * np.log(2 * np.pi * a * scale)
        score = score + log - (a + 0.5) * np.log1p((value - mean) ** 2 / (2 * a * scale))
        b = b + k * (value - mean) ** 2 / (2 * (k + 1))
        mean, k, a = (k * mean + value) / (k + 1), k + 1, a + 0.5
        best = int(np.argmax(score))
        origin[t + 1] = starts[best]
        fresh = score[best] + np.log(HAZARD)
        score = np.append(score + np.log1p(-HAZARD), fresh)
        starts = np.append(starts, t + 1)
        k, a, b, mean = np.append(k, 1.0), np.append(a, 1.0), np.append(b, 1.0), np.append(mean, 0.0)
    return traced(origin, n)


def traced(origin: NDArray[np.int64], end: int) -> list[int]:
    places: list[int] = []
    while origin[end] > 0:
        end = int(origin[end])
        places.append(end)
    return places[::-1]


METHODS = {"binseg": binseg, "pelt": pelt, "bocpd": bocpd}


def main() -> None:
    folder, method = Path(sys.argv[1]), METHODS[sys.argv[2]]
    found = {}
    for path in sorted(folder.glob("*.json")):
        if path.name not in ANSWERS:
            values, _ = read_series(path)
            rows = np.flatnonzero(np.isfinite(values).all(axis=1))
            column = values[rows, 0]
            found[path.stem] = [int(rows[at]) for at in method((column - column.mean()) / column.std())]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
