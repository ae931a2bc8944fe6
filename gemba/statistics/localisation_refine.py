"""The parts of one segment, and the two ways to describe its leaves: with exceptions, or by parts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Gains
from gemba.statistics.localisation_lattice import Cuboid

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_PARTS = 20

Part = tuple[float, int, int]  # score in nats, place of the cuboid, number of the segment


@dataclass(frozen=True, slots=True)
class Description:
    """`total` is the gain of the whole description in nats, names paid. `stands`: what is left of the segment beside
    its exceptions still pays for its name."""

    total: float
    chosen: tuple[Part, ...]
    stands: bool


class Below:
    """Tables of all segments below one segment, over its open leaves `rows`."""

    def __init__(
        self, cuboids: tuple[Cuboid, ...], costs: list[float], gains: Gains, rows: Integers, place: int
    ) -> None:
        self._gains, self._rows, self._costs = gains, rows, costs
        self._places: list[int] = []
        self._members: list[tuple[Integers, Integers]] = []
        self._numbers: list[Integers] = []
        self._sums: list[list[Floats]] = []
        top = set(cuboids[place].attributes)
        position = np.full(int(rows[-1]) + 1, -1)
        position[rows] = np.arange(rows.size)
        for at, cuboid in enumerate(cuboids):
            if not top < set(cuboid.attributes):
                continue
            here, keys = cuboid.of(rows)
            numbers, keys = np.unique(keys, return_inverse=True)
            if not numbers.size:
                continue
            self._places.append(at)
            self._members.append((position[here], keys))
            self._numbers.append(numbers)
            self._sums.append(gains.stacked(keys, here, numbers.size))
        self._whole = gains.whole(rows)

    def with_exceptions(self, cost: float) -> Description:
        """The segment less parts whose own effect pays for their name: greedy, the best exception first."""
        gains = self._gains
        tables, whole = self._copy(), self._whole
        rest = float(gains.best(whole)[0])
        total = rest - cost
        left = np.ones(self._rows.size, bool)
        chosen: list[Part] = []
        while len(chosen) < MOST_PARTS:
            best: tuple[float, float, int, int] | None = None
            for table, at in enumerate(self._places):
                own = gains.best(tables[table]) - self._costs[at]
                after = gains.best([one - part for one, part in zip(whole, tables[table], strict=True)])
                better = np.where((own > 0) & np.isfinite(after), own + after - rest, -np.inf)
                top = int(np.argmax(better))
                if better[top] > (best[0] if best else 0.0):
                    best = (float(better[top]), float(own[top]), table, top)
            if best is None:
                break
            total += best[0]
            chosen.append((best[1], self._places[best[2]], int(self._numbers[best[2]][best[3]])))
            self._take(tables, left, best[2], best[3])
            whole = gains.whole(self._rows[left])
            rest = float(gains.best(whole)[0])
        return Description(total, tuple(chosen), stands=rest - cost > 0)

    def parts_alone(self, enough: float) -> Description:
        """Parts only, the best first, until the total passes `enough` or no part pays."""
        tables = self._copy()
        left = np.ones(self._rows.size, bool)
        chosen: list[Part] = []
        total = 0.0
        while left.any() and len(chosen) < MOST_PARTS and total <= enough:
            best: tuple[float, int, int] | None = None
            for table, at in enumerate(self._places):
                own = self._gains.best(tables[table]) - self._costs[at]
                top = int(np.argmax(own))
                if own[top] > (best[0] if best else 0.0):
                    best = (float(own[top]), table, top)
            if best is None:
                break
            total += best[0]
            chosen.append((best[0], self._places[best[1]], int(self._numbers[best[1]][best[2]])))
            self._take(tables, left, best[1], best[2])
        return Description(total, tuple(chosen), stands=False)

    def _copy(self) -> list[list[Floats]]:
        return [[one.copy() for one in stack] for stack in self._sums]

    def _take(self, tables: list[list[Floats]], left: NDArray[np.bool_], table: int, top: int) -> None:
        """Take the leaves of one part out of all tables."""
        where, keys = self._members[table]
        taken = np.zeros(left.size, bool)
        taken[where[keys == top]] = True
        taken &= left
        left &= ~taken
        for stack, (position, numbers) in zip(tables, self._members, strict=True):
            gone = taken[position]
            touched, keys = np.unique(numbers[gone], return_inverse=True)
            rows = self._rows[position[gone]]
            for grain, sums in enumerate(stack):
                sums[:, touched] -= self._gains.sums(keys, rows, touched.size, grain=grain)
