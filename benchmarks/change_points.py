"""Changes called where there is none, changes found and their sets of dates, and time.

    python -m benchmarks.change_points [SERIES A KIND] [SEED] > benchmarks/results/change_points.md

Without a seed a fresh one is drawn and printed.
"""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.stats import beta

from benchmarks.machine import heading
from gemba.statistics.change_points import change_points

Floats = NDArray[np.float64]
Chance = np.random.Generator

LENGTH = 200


def ar(chance: Chance, memory: float, n: int = LENGTH) -> Floats:
    """Stationary AR(1) of variance 1."""
    drawn = chance.normal(size=n) * np.sqrt(1 - memory**2)
    drawn[0] = chance.normal()
    return np.asarray(lfilter([1.0], [1.0, -memory], drawn))


def season(n: int = LENGTH) -> Floats:
    return 3.0 * np.sin(2 * np.pi * np.arange(n) / 12)


NULLS: dict[str, Callable[[Chance], Floats]] = {
    "independent": lambda chance: chance.normal(size=LENGTH),
    "AR(0.5)": lambda chance: ar(chance, 0.5),
    "AR(0.9)": lambda chance: ar(chance, 0.9),
    "season of 12, independent": lambda chance: season() + chance.normal(size=LENGTH),
    "season of 12, AR(0.5)": lambda chance: season() + ar(chance, 0.5),
    "trend, independent": lambda chance: 0.05 * np.arange(LENGTH) + chance.normal(size=LENGTH),
    "trend, AR(0.9)": lambda chance: 0.05 * np.arange(LENGTH) + ar(chance, 0.9),
    "t with 3 df": lambda chance: chance.standard_t(3, size=LENGTH),
    "independent, 50 values": lambda chance: chance.normal(size=50),
    "random walk": lambda chance: np.cumsum(chance.normal(size=LENGTH)),
}

TIME = np.arange(LENGTH)
PLANTED: dict[str, tuple[tuple[int, ...], Callable[[Chance], Floats]]] = {
    "step of 2 at 120": ((120,), lambda chance: 2.0 * (TIME >= 120) + chance.normal(size=LENGTH)),
    "step of 3 at 120, AR(0.5)": ((120,), lambda chance: 3.0 * (TIME >= 120) + ar(chance, 0.5)),
    "step of 4 at 120, AR(0.9)": ((120,), lambda chance: 4.0 * (TIME >= 120) + ar(chance, 0.9)),
    "steps at 70 and 130, up and back": (
        (70, 130),
        lambda chance: 2.0 * ((TIME >= 70) & (TIME < 130)) + chance.normal(size=LENGTH),
    ),
    "kink of 0.1 a row at 100": ((100,), lambda chance: 0.1 * np.maximum(TIME - 100, 0) + chance.normal(size=LENGTH)),
    "spread times 3 at 100": ((100,), lambda chance: np.where(TIME >= 100, 3.0, 1.0) * chance.normal(size=LENGTH)),
}


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(2**32)
    chance = np.random.default_rng(seed)
    print(heading("Change points"))
    print(f"Seed {seed}. {many} series a kind of null, {many // 5} a kind of planted, of {LENGTH} rows unless said.\n")
    print("| no change in | any called, % | at most (95 %) | level or slope | spread | season seen |")
    print("|---|---|---|---|---|---|")
    for name, make in NULLS.items():
        found = [change_points(make(chance)) for _ in range(many)]
        alarms = sum(bool(one.changes) for one in found)
        lasting = sum(any(set(c.kinds) != {"spread"} for c in one.changes) for one in found)
        spread = sum(any("spread" in c.kinds for c in one.changes) for one in found)
        seasons = sum(one.period != (1,) for one in found)
        most = float(beta.ppf(0.975, alarms + 1, max(many - alarms, 1)))
        parts = [f"{100 * share:.1f}" for share in (alarms / many, most, lasting / many, spread / many, seasons / many)]
        print(f"| {name} | " + " | ".join(parts) + " |", flush=True)
    print("\n| planted | right number, % | found within 5 rows | set holds the place, of these | rows in set, median |")
    print("|---|---|---|---|---|")
    many //= 5
    for name, (places, make) in PLANTED.items():
        found = [change_points(make(chance)).changes for _ in range(many)]
        right = sum(len(one) == len(places) for one in found)
        near = [[c for c in one if abs(c.at - place) <= 5] for one in found for place in places]
        matched = [
            next((c for c in one if c.low <= place <= c.high), min(one, key=lambda c: abs(c.at - place)))
            for one in found
            if len(one) == len(places)
            for place in places
        ]
        truth = [place for one in found if len(one) == len(places) for place in places]
        held = sum(c.low <= place <= c.high for c, place in zip(matched, truth, strict=True))
        width = float(np.median([c.high - c.low + 1 for c in matched])) if matched else float("nan")
        hit = sum(bool(one) for one in near) / len(near)
        share = held / max(len(matched), 1)
        print(f"| {name} | {100 * right / many:.1f} | {100 * hit:.1f} | {100 * share:.1f} | {width:.0f} |", flush=True)
    print("\n| rows | changes planted | found | seconds of processor time |\n|---|---|---|---|")
    for n in (1_000, 10_000, 100_000):
        values = ar(chance, 0.5, n) + np.repeat([0.0, 3.0, 1.0, 5.0], -(-n // 4))[:n]
        began = process_time()
        found_n = len(change_points(values).changes)
        print(f"| {n} | 3 | {found_n} | {process_time() - began:.2f} |", flush=True)


if __name__ == "__main__":
    main()
