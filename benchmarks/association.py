"""Associations called where there is none, those found, coverage of the intervals, and time.

    python -m benchmarks.association [PAIRS A KIND] [SEED]

Without a seed a fresh one is drawn. Writes benchmarks/results/association.md.
"""

from __future__ import annotations

import itertools
import secrets
import sys
from collections.abc import Callable
from dataclasses import dataclass
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtri
from scipy.stats import beta, pearsonr, rankdata

from benchmarks.machine import heading, write
from gemba.statistics.association import association

Floats = NDArray[np.float64]
Chance = np.random.Generator

LENGTH = 200
MAX_LAG = 7
WEEKDAY = np.arange(100_000) % 7
SEASON = WEEKDAY[:LENGTH]
WEEK = np.array([3.0, 2.0, 2.5, 2.0, 3.5, -5.0, -8.0])


def ar(chance: Chance, memory: float, n: int = LENGTH) -> Floats:
    """Stationary AR(1) of variance 1."""
    drawn = chance.normal(size=n) * np.sqrt(1 - memory**2)
    drawn[0] = chance.normal()
    return np.asarray(lfilter([1.0], [1.0, -memory], drawn))


def shifted(chance: Chance) -> Floats:
    """AR(0.5) and one step of four standard deviations, somewhere in the middle."""
    return ar(chance, 0.5) + 4.0 * (np.arange(LENGTH) >= chance.integers(40, 160))


def week(chance: Chance, n: int = LENGTH) -> Floats:
    return WEEK[WEEKDAY[:n]] + ar(chance, 0.5, n)


def holed(values: Floats, chance: Chance) -> Floats:
    return np.where(chance.random(values.size) < 0.2, np.nan, values)


def both(make: Callable[[Chance], Floats]) -> Callable[[Chance], tuple[Floats, Floats]]:
    return lambda chance: (make(chance), make(chance))


TREND = 0.05 * np.arange(LENGTH)
GROWTH = 1.0 + np.arange(LENGTH) / LENGTH
NULLS: dict[str, Callable[[Chance], tuple[Floats, Floats]]] = {
    "white": both(lambda chance: chance.normal(size=LENGTH)),
    "white, 60 rows": both(lambda chance: chance.normal(size=60)),
    "AR(0.9)": both(lambda chance: ar(chance, 0.9)),
    "AR(0.9), 90 rows": both(lambda chance: ar(chance, 0.9, 90)),
    "AR(0.9) and white": lambda chance: (ar(chance, 0.9), chance.normal(size=LENGTH)),
    "trend and AR(0.9)": both(lambda chance: TREND + ar(chance, 0.9)),
    "bent trend and AR(0.5)": both(lambda chance: 0.0003 * np.arange(LENGTH) ** 2 + ar(chance, 0.5)),
    "random walk": both(lambda chance: np.cumsum(chance.normal(size=LENGTH))),
    "AR(2), cycles of 10": both(
        lambda chance: np.asarray(lfilter([1.0], [1.0, -1.46, 0.81], chance.normal(size=LENGTH)))
    ),
    "shared week": both(week),
    "shared week, 91 rows": both(lambda chance: week(chance, 91)),
    "shared week that grows": both(lambda chance: GROWTH * WEEK[SEASON] + ar(chance, 0.5)),
    "shared spread by weekday": both(lambda chance: ar(chance, 0.5) * np.where(SEASON < 5, 3.0, 0.3)),
    "t with 3 df": both(lambda chance: chance.standard_t(3, size=LENGTH)),
    "t with 1 df": both(lambda chance: chance.standard_t(1, size=LENGTH)),
    "outliers in AR(0.9)": both(lambda chance: ar(chance, 0.9) + 10.0 * (chance.random(LENGTH) < 0.02)),
    "level shifts": both(shifted),
    "counts of mean 3": both(lambda chance: chance.poisson(3.0, LENGTH).astype(float)),
    "counts of mean 0.2": both(lambda chance: chance.poisson(0.2, LENGTH).astype(float)),
    "counts of an AR(0.9) rate": both(lambda chance: chance.poisson(np.exp(1.0 + ar(chance, 0.9))).astype(float)),
    "AR(0.9), 20 % missing in one": lambda chance: (holed(ar(chance, 0.9), chance), ar(chance, 0.9)),
    "shared week, 20 % missing in both": lambda chance: (holed(week(chance), chance), holed(week(chance), chance)),
}


@dataclass(frozen=True)
class Planted:
    """Innovations with normal or t(3) tails, filtered by an AR(1), with or without a shared week."""

    memory: float = 0.0
    week: bool = False
    heavy: bool = False

    def drawn(self, chance: Chance, lag: int, strength: float, n: int) -> tuple[Floats, Floats]:
        """Innovations of two series; the first is `lag` rows ahead of the second."""
        draw = (lambda: chance.standard_t(3, size=n)) if self.heavy else (lambda: chance.normal(size=n))
        first, noise = draw(), draw()
        return first, strength * np.roll(first, lag) + np.sqrt(1 - strength**2) * noise

    def pair(self, chance: Chance, lag: int, strength: float) -> tuple[Floats, Floats]:
        made = self.drawn(chance, lag, strength, LENGTH + 100)
        first, second = (np.asarray(lfilter([1.0], [1.0, -self.memory], one))[-LENGTH:] for one in made)
        shared = WEEK[SEASON] if self.week else 0.0
        return first + shared, second + shared

    def truth(self, strength: float) -> float:
        """Correlation of the normal scores, from a million pairs."""
        pair = self.drawn(np.random.default_rng(0), 0, strength, 1_000_000)
        first, second = (ndtri(rankdata(one) / (one.size + 1.0)) for one in pair)
        return float(np.corrcoef(first, second)[0, 1])


PLANTED = {
    "white": Planted(),
    "AR(0.9)": Planted(memory=0.9),
    "AR(0.5), shared week": Planted(memory=0.5, week=True),
    "AR(0.5), t with 3 df": Planted(memory=0.5, heavy=True),
}


def most(events: int, of: int) -> float:
    """Upper 97.5 % bound of a share."""
    return float(beta.ppf(0.975, events + 1, max(of - events, 1)))


def nulls(many: int, chance: Chance) -> list[str]:
    rows = [
        "| nothing shared but | called associated, % | at most (95 %) | own lags, mean | plain correlation, % |",
        "|---|---|---|---|---|",
    ]
    for name, make in NULLS.items():
        alarms, plain, orders = 0, 0, 0
        for _ in range(many):
            first, second = make(chance)
            found = association(first, second, max_lag=MAX_LAG, season=WEEKDAY[: first.size])
            alarms += found.p <= 0.05
            orders += sum(found.orders)
            known = np.isfinite(first) & np.isfinite(second)
            plain += float(np.asarray(pearsonr(first[known], second[known]))[1]) <= 0.05
        shares = [alarms / many, most(alarms, many), orders / 200 / many, plain / many]
        rows.append(f"| {name} | " + " | ".join(f"{100 * one:.1f}" for one in shares) + " |")
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def power(many: int, chance: Chance) -> list[str]:
    rows = [
        "| series | lag | planted | found, % | right lag | lag in its set | correlation in it | slope in it |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (name, kind), lag, strength in itertools.product(PLANTED.items(), (0, 3, -5), (0.2, 0.3, 0.5, 0.8)):
        truth = kind.truth(strength)
        found = [association(*kind.pair(chance, lag, strength), max_lag=MAX_LAG, season=SEASON) for _ in range(many)]
        called = [one for one in found if one.p <= 0.05]
        of_truth = [
            (
                one.lag == lag,
                one.low_lag <= lag <= one.high_lag,
                one.interval[0] <= (truth if one.lag == lag else 0.0) <= one.interval[1],
                one.slope_interval[0] <= (strength if one.lag == lag else 0.0) <= one.slope_interval[1],
            )
            for one in called
        ]
        shares = [len(called) / many, *np.mean(of_truth, axis=0)]
        rows.append(f"| {name} | {lag} | {strength} | " + " | ".join(f"{100 * one:.1f}" for one in shares) + " |")
        print(rows[-1], file=sys.stderr, flush=True)
    return rows


def times(chance: Chance) -> list[str]:
    rows = ["| rows | lags | seconds of processor time | with 20 % missing in one |", "|---|---|---|---|"]
    for n in (1_000, 10_000, 100_000):
        first, second = ar(chance, 0.9, n), ar(chance, 0.9, n)
        seconds = []
        for other in (second, holed(second, chance)):
            began = process_time()
            association(first, other, max_lag=24, season=WEEKDAY[:n])
            seconds.append(process_time() - began)
        rows.append(f"| {n:,} | 49 | {seconds[0]:.2f} | {seconds[1]:.2f} |")
    return rows


def main() -> None:
    many = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else secrets.randbelow(2**32)
    chance = np.random.default_rng(seed)
    text = [
        heading("Association"),
        f"Seed {seed}. {LENGTH} rows unless said, lags -{MAX_LAG} to {MAX_LAG}, phases: the day of the week.",
        f"{many} pairs a kind of null, {many // 2} a row of planted ones, called at p <= 0.05. Shares after `found`",
        "are of those found; `in it`: in its interval. Plain correlation: Pearson's at lag 0, series as they are.\n",
        *nulls(many, chance),
        "",
        *power(many // 2, chance),
        "",
        *times(chance),
    ]
    print(write("association", "\n".join(text) + "\n"))


if __name__ == "__main__":
    main()
