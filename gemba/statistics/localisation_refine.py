"""The parts of one segment, and the two ways to describe its leaves: with exceptions, or by parts alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Columns, Gains, summed, taken
from gemba.statistics.localisation_lattice import Cuboid

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
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


class Table:
    """Segments of one cuboid over the open leaves: `where` are positions among these, `keys` segment numbers."""

    def __init__(self, place: int, price: float, numbers: Integers, where: Integers, keys: Integers) -> None:
        self.place, self.price, self.numbers, self.where, self.keys = place, price, numbers, where, keys
        self.sums: list[Floats] = []
        self.own = np.empty(0)

    def fill(self, columns: list[Columns], gains: Gains) -> None:
        """Sums for every grain, and scores."""
        size = self.numbers.size
        self.sums = [summed(self.keys, taken(part, self.where), size) for part in columns]
        self.own = gains.best(self.sums, self.price) - self.price

    def drop(self, gone: Flags, columns: list[Columns], gains: Gains) -> None:
        """Take leaves out; only segments that lose one are computed anew."""
        lost = np.flatnonzero(gone[self.where])
        if not lost.size:
            return
        touched, keys = np.unique(self.keys[lost], return_inverse=True)
        at = self.where[lost]
        for sums, part in zip(self.sums, columns, strict=True):
            sums[:, touched] -= summed(keys, taken(part, at), touched.size)
        self.own[touched] = gains.best([sums[:, touched] for sums in self.sums], self.price) - self.price

    def copied(self) -> Table:
        other = Table(self.place, self.price, self.numbers, self.where, self.keys)
        other.sums, other.own = [sums.copy() for sums in self.sums], self.own.copy()
        return other


class Below:
    """Tables of all segments below one segment, over its open leaves `rows`."""

    def __init__(self, cuboids: tuple[Cuboid, ...], gains: Gains, rows: Integers, place: int) -> None:
        self._gains, self._rows = gains, rows
        self._suited = gains.suited(rows)
        self._columns = [gains.columns(rows, grain=grain) for grain in self._suited]
        self._tables: list[Table] = []
        top = set(cuboids[place].attributes)
        position = np.full(int(rows[-1]) + 1, -1)
        position[rows] = np.arange(rows.size)
        for at, cuboid in enumerate(cuboids):
            if not top < set(cuboid.attributes):
                continue
            here, keys = cuboid.of(rows)
            if here.size:
                numbers, keys = np.unique(keys, return_inverse=True)
                table = Table(at, cuboid.price, numbers, position[here], keys)
                table.fill(self._columns, gains)
                self._tables.append(table)

    def with_exceptions(self, price: float) -> Description:
        """The segment less parts whose own effect pays for their name: greedy, the best exception first."""
        tables, left = [table.copied() for table in self._tables], np.ones(self._rows.size, bool)
        whole = self._gains.whole(self._rows, self._suited)
        rest = float(self._gains.best(whole)[0])
        total = rest - price
        chosen: list[Part] = []
        while len(chosen) < MOST_PARTS:
            best: tuple[float, Table, int] | None = None
            for table in tables:
                paying = np.flatnonzero(table.own > 0)
                if not paying.size:
                    continue
                without = [one - sums[:, paying] for one, sums in zip(whole, table.sums, strict=True)]
                better = table.own[paying] + self._gains.best(without) - rest
                top = int(np.argmax(better))
                if better[top] > (best[0] if best else 0.0):
                    best = (float(better[top]), table, int(paying[top]))
            if best is None:
                break
            total += best[0]
            chosen.append(self._take(tables, left, best[1], best[2]))
            whole = self._gains.whole(self._rows[left], self._suited)
            rest = float(self._gains.best(whole)[0])
        return Description(total, tuple(chosen), stands=rest - price > 0)

    def parts_alone(self, enough: float) -> Description:
        """Parts only, the best first, until the total passes `enough`, cannot pass it any more, or no part pays."""
        tables, left = [table.copied() for table in self._tables], np.ones(self._rows.size, bool)
        chosen: list[Part] = []
        total = 0.0
        while left.any() and len(chosen) < MOST_PARTS and total <= enough:
            best = max(tables, key=lambda table: float(table.own.max()), default=None)
            if best is None or best.own.max() <= 0:
                break
            top = int(np.argmax(best.own))
            if chosen and total + (MOST_PARTS - len(chosen)) * best.own[top] <= enough:
                break
            chosen.append(self._take(tables, left, best, top))
            total += chosen[-1][0]
        return Description(total, tuple(chosen), stands=False)

    def _take(self, tables: list[Table], left: Flags, table: Table, top: int) -> Part:
        """Take the leaves of one part out of all tables."""
        part = (float(table.own[top]), table.place, int(table.numbers[top]))
        gone = np.zeros(left.size, bool)
        gone[table.where[table.keys == top]] = True
        gone &= left
        left &= ~gone
        for one in tables:
            one.drop(gone, self._columns, self._gains)
        return part
