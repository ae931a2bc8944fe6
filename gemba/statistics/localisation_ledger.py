"""Sums and scores of all segments over the leaves that nothing explains yet.

Cuboids with few cells keep a table, brought up to date as leaves are taken out. Of the others only those segments are
looked at whose leaves' surplus could pay for a name: the surplus is the most that any cause can gain on a leaf, so
nothing is lost. A part holds no more surplus than the whole: fine cuboids start from what coarser ones left over.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Columns, parted
from gemba.statistics.localisation_lattice import Choice, Codes, Cuboid, dropped_axis, finest_parent, inside

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]
Score = Callable[[list[Floats], Floats | float], Floats]

TABLE_CELLS = 4096
LEAVES_PER_CELL = 16
LEAVES_PER_SLOT = 8
SCATTER = np.uint64(11400714819323198485)  # 2^64 over the golden ratio: Knuth's multiplicative hashing


class Ledger:
    """All segments of some leaves.

    Args:
        codes: Members of the leaves, shape (k, n).
        cuboids: Coarse ones first.
        columns: What is summed over leaves, for every grain considered.
        surplus: Nats a cause could gain on every leaf at the most, shape (n,).
        score: Gain of segments from their sums by grain, given a floor below which it need not be exact.
    """

    def __init__(
        self, codes: Codes, cuboids: tuple[Cuboid, ...], columns: list[Columns], surplus: Floats, score: Score
    ) -> None:
        self.codes = codes
        self.open = np.ones(codes.shape[1], bool)
        self._score = score
        self._columns = np.stack([*(one for grain in columns for one in grain), surplus])
        most = max(TABLE_CELLS, codes.shape[1] // LEAVES_PER_CELL)
        self.small = [one for one in cuboids if len(one.attributes) == 1 or one.cells <= most]
        self.large = [one for one in cuboids if len(one.attributes) > 1 and one.cells > most]
        self._starts = np.cumsum([0, *(one.cells for one in self.small)])
        self._prices = np.repeat([one.price for one in self.small], [one.cells for one in self.small])
        self._radix = _radix(self.small, codes.shape[0])
        self._sums = np.concatenate(self._tables(), axis=1)
        self._own = self._scored(slice(None))
        self._hopeful: dict[tuple[int, ...], Integers] = {}
        self._bounds: dict[tuple[int, ...], float] = {}

    def best(self) -> Choice | None:
        """The segment with the highest positive score."""
        top = int(np.argmax(self._own))
        best: Choice | None = self._named(top) if self._own[top] > 0 else None
        self._bounds.update(self._table_bounds())
        for cuboid in self.large:
            floor = best.score if best else 0.0
            found = self._best_of(cuboid, floor)
            best = found or best
        return best

    def explain(self, rows: Integers) -> None:
        """Take open leaves out."""
        self.open[rows] = False
        if 4 * rows.size * len(self.small) < self._own.size:
            self._subtract_few(rows)
        else:
            self._subtract_many(rows)
        self._columns[-1, rows] = 0.0

    def rows_of(self, choice: Choice) -> Integers:
        """Its open leaves."""
        return np.flatnonzero(inside(self.codes, choice.attributes, choice.members) & self.open)

    def paying(self) -> tuple[Floats, list[Floats], Callable[[int], Choice]]:
        """Segments with a table and a positive score: scores, sums by grain, and how to name one by its place."""
        at = np.flatnonzero(self._own > 0)
        return self._own[at], parted(self._sums[:-1, at]), lambda place: self._named(int(at[place]))

    def beyond(self, weights: Floats) -> list[tuple[Floats, list[Floats], Callable[[int], Choice]]]:
        """Segments without a table whose leaves' `weights`, shape (n,), exceed their price, and that score above 0:
        the same three for every cuboid that has some."""
        self._bounds.update(self._table_bounds())
        out = []
        left: dict[tuple[int, ...], Integers] = {}
        for cuboid in self.large:
            if self._screen(cuboid, 0.0) <= cuboid.price:
                continue
            start = _fewest([self._hopeful.get(cuboid.attributes), *(left.get(one) for one in _parents(cuboid))])
            rows, _most = self._loud(cuboid, start, weights)
            left[cuboid.attributes] = rows
            if rows.size:
                first, sums = self._summed(cuboid, rows)
                own = self._score(sums, cuboid.price) - cuboid.price
                at = np.flatnonzero(own > 0)
                names = self._namer(cuboid, first[at], own[at])
                out.append((own[at], [one[:, at] for one in sums], names))
        return [one for one in out if one[0].size]

    def _best_of(self, cuboid: Cuboid, floor: float) -> Choice | None:
        """The best segment of a cuboid without a table, if it scores above `floor`."""
        if self._screen(cuboid, floor) <= cuboid.price + floor:
            return None
        rows = self._hopeful[cuboid.attributes]
        first, sums = self._summed(cuboid, rows)
        own = self._score(sums, cuboid.price + floor) - cuboid.price
        top = int(np.argmax(own))
        return self._namer(cuboid, first, own)(top) if own[top] > floor else None

    def _namer(self, cuboid: Cuboid, first: Integers, own: Floats) -> Callable[[int], Choice]:
        def name(place: int) -> Choice:
            members = self.codes[list(cuboid.attributes), first[place]]
            return Choice(cuboid.attributes, tuple(int(one) for one in members), float(own[place]))

        return name

    def _screen(self, cuboid: Cuboid, floor: float) -> float:
        """An upper bound to the surplus of any segment of a cuboid. Above price and `floor`, its hopeful rows are known
        anew."""
        key = cuboid.attributes
        parents = _parents(cuboid)
        bound = min(self._bounds[one] for one in (key, *parents) if one in self._bounds)
        if bound > cuboid.price + floor:
            start = _fewest([self._hopeful.get(one) for one in (key, *parents)])
            self._hopeful[key], most = self._loud(cuboid, start, self._columns[-1])
            bound = min(bound, most)
        self._bounds[key] = bound
        return bound

    def _loud(self, cuboid: Cuboid, start: Integers | None, weights: Floats) -> tuple[Integers, float]:
        """Open rows among `start` (None: all) in segments whose weights exceed the price, and the largest sum.

        Segments share slots: a sum may be too large, never too small.
        """
        if start is None:
            codes, carried = self.codes, weights
            bits = max(TABLE_CELLS, weights.size // LEAVES_PER_SLOT).bit_length()
        else:
            start = start[self.open[start]]
            if not start.size:
                return start, 0.0
            codes, carried = self.codes[:, start], weights[start]
            bits = (2 * start.size).bit_length()
        scattered = cuboid.keys(codes).view(np.uint64)
        scattered *= SCATTER
        scattered >>= np.uint64(64 - bits)
        slots = scattered.view(np.int64)
        sums = np.bincount(slots, carried, 1 << bits)
        kept = np.flatnonzero((sums > cuboid.price)[slots])
        rows = kept[self.open[kept]] if start is None else start[kept]
        return rows, float(sums.max())

    def _summed(self, cuboid: Cuboid, rows: Integers) -> tuple[Integers, list[Floats]]:
        """A row of every segment of some rows, and the segments' sums by grain."""
        keys = cuboid.keys(self.codes[:, rows])
        _numbers, first, keys = np.unique(keys, return_index=True, return_inverse=True)
        return rows[first], parted(_bincounts(keys, self._columns[:-1, rows], first.size))

    def _tables(self) -> list[Floats]:
        """Count, columns and surplus by segment of small cuboids: rolled up from a finer one where there is one."""
        made: dict[tuple[int, ...], Floats] = {}
        shapes = {one.attributes: one.shape for one in self.small}
        for cuboid in reversed(self.small):
            finer = finest_parent(cuboid.attributes, {one: table.size for one, table in made.items()})
            if finer is None:
                made[cuboid.attributes] = _bincounts(cuboid.keys(self.codes), self._columns, cuboid.cells)
            else:
                table = made[finer].reshape(-1, *shapes[finer])
                table = table.sum(axis=1 + dropped_axis(finer, cuboid.attributes))
                made[cuboid.attributes] = table.reshape(table.shape[0], -1)
        return [made[cuboid.attributes] for cuboid in self.small]

    def _scored(self, at: Integers | slice) -> Floats:
        prices = self._prices[at]
        return self._score(parted(self._sums[:-1, at]), prices) - prices

    def _subtract_few(self, rows: Integers) -> None:
        slots = self._radix @ self.codes[:, rows].astype(np.float64) + self._starts[:-1, None]
        touched, slots = np.unique(slots.astype(np.int64), return_inverse=True)
        gone = np.tile(self._columns[:, rows], len(self.small))
        self._sums[:, touched] -= _bincounts(slots.ravel(), gone, touched.size)
        self._own[touched] = self._scored(touched)

    def _subtract_many(self, rows: Integers) -> None:
        codes, gone = self.codes[:, rows], self._columns[:, rows]
        for cuboid, start in zip(self.small, self._starts[:-1], strict=True):
            self._sums[:, start : start + cuboid.cells] -= _bincounts(cuboid.keys(codes), gone, cuboid.cells)
        self._own = self._scored(slice(None))

    def _table_bounds(self) -> dict[tuple[int, ...], float]:
        most = np.maximum.reduceat(self._sums[-1], self._starts[:-1])
        return {one.attributes: float(bound) for one, bound in zip(self.small, most, strict=True)}

    def _named(self, place: int) -> Choice:
        which = int(np.searchsorted(self._starts, place, side="right")) - 1
        cuboid = self.small[which]
        return Choice(cuboid.attributes, cuboid.members(place - int(self._starts[which])), float(self._own[place]))


def _bincounts(keys: Integers, columns: Floats, size: int) -> Floats:
    """Counts and sums by key, shape (1 + columns, size)."""
    out = np.empty((1 + columns.shape[0], size))
    out[0] = np.bincount(keys, minlength=size)
    for place, column in enumerate(columns, start=1):
        out[place] = np.bincount(keys, column, size)
    return out


def _radix(cuboids: list[Cuboid], attributes: int) -> Floats:
    """Weights of the members in the mixed-radix number of every cuboid, shape (cuboids, attributes)."""
    out = np.zeros((len(cuboids), attributes))
    for place, cuboid in enumerate(cuboids):
        weight = 1
        for attribute, members in zip(reversed(cuboid.attributes), reversed(cuboid.shape), strict=True):
            out[place, attribute] = weight
            weight *= members
    return out


def _parents(cuboid: Cuboid) -> list[tuple[int, ...]]:
    """Cuboids with one attribute less."""
    named = cuboid.attributes
    return [named[:place] + named[place + 1 :] for place in range(len(named))] if len(named) > 1 else []


def _fewest(known: list[Integers | None]) -> Integers | None:
    """The shortest of some lists of rows; None where none is known."""
    return min((one for one in known if one is not None), key=lambda one: one.size, default=None)
