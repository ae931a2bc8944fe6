"""Simulated panels in which nothing changed, or in which exactly one known change was planted.

A panel has members by days: fifteen weeks, the last of which is the window and the one before it the baseline.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.shift import Timeline

Floats = NDArray[np.float64]

MEMBERS = 8
DAYS = 105
WEEK = 7
LEVEL = 200.0
SPREAD = 0.1  # standard deviation of a day over its level
MEMORY = 0.9
WEEKEND = 0.6
LOSS = 0.05  # rate of the counts


@dataclass(frozen=True, slots=True)
class World:
    """Amounts `num` over `den`, shape (S, T); `den` is 1 where the amounts add up. `truth` is what is expected of
    member 0 per unit of `den` in the window, before anything is planted."""

    num: Floats
    den: Floats
    counts: bool
    truth: float

    def planted(self, shift: float) -> World:
        """The same panel with the amounts of member 0 in the window raised by `shift` of their expectation."""
        num = self.num.copy()
        window = timeline().window
        num[0, window] += shift * self.truth * self.den[0, window]
        return World(num, self.den, self.counts, self.truth)


def timeline() -> Timeline:
    at = np.arange(DAYS)
    window = at >= DAYS - WEEK
    baseline = (at >= DAYS - 2 * WEEK) & ~window
    return Timeline(window=window, baseline=baseline, history=~window, season=at % WEEK, block=WEEK)


def _amounts(noise: NDArray[np.floating], pattern: NDArray[np.floating] | float = 1.0) -> World:
    level = LEVEL * np.broadcast_to(pattern, noise.shape)
    num = np.maximum(level * (1.0 + SPREAD * noise), 0.0).astype(np.float64)
    return World(num, np.ones_like(num), counts=False, truth=float(level[0, -WEEK:].mean()))


def independent(rng: np.random.Generator) -> World:
    return _amounts(rng.standard_normal((MEMBERS, DAYS)))


def remembering(rng: np.random.Generator) -> World:
    """AR(1) with coefficient 0.9, stationary from the first day."""
    steps = rng.standard_normal((MEMBERS, DAYS)) * np.sqrt(1 - MEMORY**2)
    noise = np.empty_like(steps)
    noise[:, 0] = rng.standard_normal(MEMBERS)
    for day in range(1, DAYS):
        noise[:, day] = MEMORY * noise[:, day - 1] + steps[:, day]
    return _amounts(noise)


def seasonal(rng: np.random.Generator) -> World:
    """A weekly pattern, another one a member, and independent days."""
    pattern = np.where(np.arange(DAYS) % WEEK >= 5, WEEKEND, 1.0)[None, :]
    own = 1.0 + 0.1 * rng.standard_normal((MEMBERS, WEEK))
    return _amounts(rng.standard_normal((MEMBERS, DAYS)), pattern * own[:, np.arange(DAYS) % WEEK])


def heavy_tailed(rng: np.random.Generator) -> World:
    """Student's t with three degrees of freedom, scaled to the same variance."""
    return _amounts(rng.standard_t(3, (MEMBERS, DAYS)) / np.sqrt(3.0))


def unbalanced(rng: np.random.Generator) -> World:
    """Counts over very unequal numbers of cases: from a few to ten thousand a day; member 0 is any of them."""
    size = 10.0 ** rng.uniform(0.8, 4.0, (MEMBERS, 1))
    den = rng.poisson(size, (MEMBERS, DAYS)).astype(np.float64)
    num = rng.binomial(den.astype(np.int64), LOSS).astype(np.float64)
    return World(num, den, counts=True, truth=LOSS)


def trending(rng: np.random.Generator) -> World:
    """A steady drift of 0.2 % of the level a day beneath independent days."""
    drift = 1.0 + 0.002 * np.arange(DAYS)
    return _amounts(rng.standard_normal((MEMBERS, DAYS)), drift)


WORLDS: dict[str, Callable[[np.random.Generator], World]] = {
    "independent": independent,
    "AR(0.9)": remembering,
    "seasonal": seasonal,
    "heavy-tailed": heavy_tailed,
    "unbalanced": unbalanced,
    "trending": trending,
}
