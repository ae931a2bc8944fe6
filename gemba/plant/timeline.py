"""When causes happen, and which: drawn by the seed, chapter by chapter of 150 days.

A chapter opens with five quiet weeks. Then come up to three causes at least two weeks apart and one that is
still going on, or has just ended, at the chapter's end, so that "last week" has something to tell.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from gemba.plant.calendar import SHIFTS, Calendar
from gemba.plant.events import Design, OutOfReachError, plant
from gemba.plant.layout import LINES, MACHINE_IDS, MACHINE_LINE, PRODUCT_IDS, Layout
from gemba.plant.lots import Lots
from gemba.plant.noise import daily, noise
from gemba.plant.process import REASONS, Shop
from gemba.plant.streams import stream
from gemba.plant.truth import LADDER

CHAPTER = 150
ANCHORS = (36, 70, 104)
LAST_ANCHOR = 140
TRIES = 12
KINDS = ("lot", "tool_wear", "mix_shift", "crew", "calendar", "downtime")
KIND_SHARE = (0.22, 0.22, 0.14, 0.14, 0.08, 0.20)


@dataclass(frozen=True, slots=True)
class Slot:
    """Room for one cause. It begins between `earliest` and `latest` (a lot, a little around) and ends in
    `ends_after`–`end`, days with the last excluded."""

    earliest: int
    latest: int
    ends_after: int
    end: int


class Noise:
    """Noise of metric and scope on the factory without events, over its first 150 days; each computed once."""

    def __init__(self, normal: Shop, plan: Calendar) -> None:
        self._normal, self._plan = normal, plan
        self._known: dict[tuple[str, tuple[tuple[str, str], ...]], tuple[float, float]] = {}

    def of(self, metric: str, scope: dict[str, str]) -> tuple[float, float]:
        """Mean and noise of the daily value, in the metric's unit."""
        key = (metric, tuple(sorted(scope.items())))
        if key not in self._known:
            reference = slice(1, CHAPTER + 1)  # day 0 is the one before the data begins
            values = daily(self._normal, self._plan, metric, scope)[reference]
            self._known[key] = (float(np.nanmean(values)), noise(values, self._plan.weekdays[reference]))
        return self._known[key]


def plant_all(
    seed: int, shop: Shop, plan: Calendar, rates: Layout, supply: Lots, levels: Noise, *, days: int, size: float | None
) -> list[Design]:
    """Plant the causes of every chapter that begins before `days` into `shop`, in order of time.

    Args:
        size: Size of every effect instead of one drawn from the ladder; 0 plants nothing.
    """
    planted: list[Design] = []
    if size == 0:
        return planted
    for chapter in range(-(-days // CHAPTER)):
        rng = stream(seed, "timeline", chapter)
        skipped = int(rng.integers(0, 3)) if rng.random() < 0.6 else -1
        for number, slot in enumerate(_slots(rng, 1 + chapter * CHAPTER)):
            if number == skipped:
                continue
            wanted = size or float(rng.choice(LADDER))
            slot_rng = stream(seed, "slot", chapter, number)
            design = _plant_one(slot_rng, wanted, slot, shop, plan, rates, supply, levels)
            if design is not None:
                planted.append(design)
    return planted


def _slots(rng: np.random.Generator, begin: int) -> Iterator[Slot]:
    for anchor in ANCHORS:
        first = begin + anchor + int(rng.integers(0, 4))
        yield Slot(first, first + 4, first + 3, begin + anchor + 20)
    first = begin + LAST_ANCHOR
    yield Slot(first, first + 4, first + 4, begin + CHAPTER)


def _plant_one(
    rng: np.random.Generator,
    wanted: float,
    slot: Slot,
    shop: Shop,
    plan: Calendar,
    rates: Layout,
    supply: Lots,
    levels: Noise,
) -> Design | None:
    """Draw causes until one reaches the size; after some tries settle for the next smaller size of the ladder."""
    sizes = [wanted, *(rung for rung in reversed(LADDER) if rung < wanted)]
    for size in sizes:
        for _ in range(TRIES):
            design = _draw(rng, size, slot, plan, rates, supply)
            if design is None:
                continue
            try:
                _, deviation = levels.of(design.metric, dict(design.scope))
                plant(design, size * deviation, shop, plan, rates, supply, rng)
            except OutOfReachError:
                continue
            return design
    return None


def _draw(
    rng: np.random.Generator, size: float, slot: Slot, plan: Calendar, rates: Layout, supply: Lots
) -> Design | None:
    """One cause within the slot, or None where the calendar or the lots do not allow it."""
    kind = str(rng.choice(KINDS, p=KIND_SHARE))
    first = int(rng.integers(slot.earliest, slot.latest + 1))
    last = min(first + int(rng.integers(3, 15)), slot.end)
    line = int(rng.integers(0, LINES))
    machine = int(rng.integers(0, len(MACHINE_IDS)))
    of_line = {"line": str(line + 1)}
    of_machine_line = {"line": str(MACHINE_LINE[machine] + 1)}
    segment: dict[str, str] = {}
    scope: dict[str, str] = {}
    metric = "scrap_rate"
    if kind == "lot":
        ready = (
            (supply.first_day >= slot.earliest - 2)
            & (supply.first_day <= slot.latest + 1)
            & (supply.last_day < slot.end)
        )
        candidates = np.flatnonzero(ready)
        if len(candidates) == 0:
            return None
        lot = int(rng.choice(candidates))
        first, last = int(supply.first_day[lot]), int(supply.last_day[lot]) + 1
        segment = {"lot": supply.ids[lot]}
    elif kind == "tool_wear":
        metric = str(rng.choice(["scrap_rate", "cycle_time"], p=[0.7, 0.3]))
        segment = {"machine": MACHINE_IDS[machine]}
        scope = of_machine_line if rng.random() < 0.6 else {}
    elif kind == "mix_shift":
        segment = {"product": PRODUCT_IDS[int(rates.worst[line])]}
        scope = of_line if rng.random() < 0.6 else {}
    elif kind == "crew":
        metric = str(rng.choice(["scrap_rate", "cycle_time"], p=[0.7, 0.3]))
        segment = {"shift": SHIFTS[int(rng.integers(0, 3))]}
        how = rng.random()
        scope = of_line if how < 0.35 else {}
        if how > 0.8:
            segment |= of_line
    elif kind == "calendar":
        metric = str(rng.choice(["scrap_rate", "cycle_time"], p=[0.7, 0.3]))
    else:
        metric = str(rng.choice(["downtime_minutes", "availability"], p=[0.7, 0.3]))
        how = rng.random()
        if how < 0.5:
            segment = {"machine": MACHINE_IDS[machine]}
            scope = of_machine_line if rng.random() < 0.6 else {}
        elif how < 0.75 or metric == "availability":
            segment = of_line
        else:
            segment = {"stop_reason": REASONS[int(rng.integers(0, len(REASONS)))]}
    open_days = np.flatnonzero(plan.works[first:last].any(axis=1))
    if len(open_days) < 2 or last < slot.ends_after:
        return None
    return Design(kind, metric, segment, scope, first + int(open_days[0]), last, size)
