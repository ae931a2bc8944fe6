"""The lattice of segments: every combination of members of every subset of the attributes.

A *cuboid* is a subset of the attributes; its *segments* are the combinations of members seen in the data; a *leaf* is
one row, a combination of members of all attributes. (Words of Sun et al., "HotSpot", IEEE Access 6, 2018.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.int32]

DENSE_CELLS_PER_ROW = 2
LOUD = 2.0
PART_OF_PRICE = 0.5
FEW_ROWS = 10_000
SCATTER = np.uint64(11400714819323198485)  # 2^64 over the golden ratio: Knuth's multiplicative hashing


@dataclass(frozen=True, slots=True)
class Cuboid:
    """`attributes` in rising order. `rows` are the leaves that take part, rising (None: all), `keys` their segment's
    number, below `size`. `shape` are the attributes' numbers of members. `price` is what naming one of its segments
    costs, in nats."""

    attributes: tuple[int, ...]
    rows: NDArray[np.int32] | None
    keys: NDArray[np.int32]
    size: int
    shape: tuple[int, ...]
    price: float

    @property
    def dense(self) -> bool:
        """Keys are mixed-radix numbers of the members: a table of `shape` in order of the attributes."""
        return self.rows is None

    def of(self, rows: Integers) -> tuple[Integers, Integers]:
        """The rows among `rows` (rising) that take part, and their segments' numbers."""
        if self.rows is None:
            return rows, self.keys[rows].astype(np.int64)
        if not self.rows.size:
            return rows[:0], rows[:0]
        at = np.searchsorted(self.rows, rows)
        at[at == self.rows.size] = 0
        here = self.rows[at] == rows
        return rows[here], self.keys[at[here]].astype(np.int64)


def lattice(
    codes: Codes, members: tuple[int, ...], surplus: Floats, *, deepest: int | None = None
) -> tuple[Cuboid, ...]:
    """All cuboids, coarse ones first, but those that name an attribute beside another that determines it.

    Args:
        codes: Members of every leaf, shape (n, k), from 0.
        members: How many members each attribute has, length k.
        surplus: Nats by which a cause could describe each leaf better than noise at the most, shape (n,).
        deepest: Attributes in a cuboid at most; None: all.

    Returns:
        In a cuboid with many more possible segments than leaves (`DENSE_CELLS_PER_ROW`), a segment holds a handful of
        leaves. There only segments take part whose loud leaves, those with a surplus above `LOUD`, carry at least
        `PART_OF_PRICE` of the price of a name: the others could pay for it only by leaves of which none is remarkable.

    Notes:
        A name costs the log of the number of cuboids and the log of the number of segments to choose from, in nats.
        Holds 4 bytes a leaf and dense cuboid.
    """
    keys_of: dict[tuple[int, ...], tuple[Integers, int]] = {(): (np.zeros(codes.shape[0], np.int64), 1)}
    loud = np.flatnonzero(surplus > LOUD)
    made: list[Cuboid] = []
    subsets = _subsets(codes, members, len(members) if deepest is None else deepest)
    which = math.log(sum(map(len, subsets)))
    for subset in subsets:
        level: dict[tuple[int, ...], tuple[Integers, int]] = {}
        for chosen in subset:
            keys, cells = extended(*keys_of[chosen[:-1]], codes[:, chosen[-1]], members[chosen[-1]])
            level[chosen] = keys, cells
            if cells <= DENSE_CELLS_PER_ROW * codes.shape[0]:
                made.append(_dense(chosen, keys, tuple(members[one] for one in chosen), which))
            else:
                made.append(_sparse(chosen, keys, tuple(members[one] for one in chosen), which, surplus, loud))
        keys_of = level
    return tuple(made)


def _subsets(codes: Codes, members: tuple[int, ...], deepest: int) -> list[list[tuple[int, ...]]]:
    """The attributes of every cuboid, by their number: a machine beside its line says no more than the machine."""
    implied = {
        frozenset((one, other))
        for one in range(len(members))
        for other in range(len(members))
        if one != other and _determines(codes[:, one], codes[:, other], members[one])
    }
    return [
        [
            chosen
            for chosen in combinations(range(len(members)), count)
            if not any(frozenset(pair) in implied for pair in combinations(chosen, 2))
        ]
        for count in range(1, min(deepest, len(members)) + 1)
    ]


def _determines(one: NDArray[np.int32], other: NDArray[np.int32], members: int) -> bool:
    """Whether every member of the one is seen with a single member of the other."""
    table = np.zeros(members, np.int32)
    for rows in (slice(FEW_ROWS), slice(None)):
        table[one[rows]] = other[rows]
        if (table[one[rows]] != other[rows]).any():
            return False
    return True


def inside(codes: Codes, attributes: tuple[int, ...], members: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which leaves belong to a segment, shape (n,)."""
    here = np.ones(codes.shape[0], bool)
    for attribute, member in zip(attributes, members, strict=True):
        here &= codes[:, attribute] == member
    return here


def extended(keys: Integers, cells: int, code: NDArray[np.int32], members: int) -> tuple[Integers, int]:
    """Keys of combinations with one more attribute, in mixed radix, and how many they could be.

    Where the number would not fit 63 bits, the keys are ranked first, which keeps them unique.
    """
    if cells * members >= 2**62:
        seen, keys = np.unique(keys, return_inverse=True)
        keys, cells = keys.astype(np.int64), int(seen.size)
    return keys * members + code, cells * members


def _dense(chosen: tuple[int, ...], keys: Integers, shape: tuple[int, ...], which: float) -> Cuboid:
    cells = math.prod(shape)
    seen = np.zeros(cells, bool)
    seen[keys] = True
    return Cuboid(chosen, None, keys.astype(np.int32), cells, shape, which + math.log(int(seen.sum())))


def _sparse(
    chosen: tuple[int, ...], keys: Integers, shape: tuple[int, ...], which: float, surplus: Floats, loud: Integers
) -> Cuboid:
    rows = keys.size
    price = which + math.log(rows)
    bits = int(rows).bit_length() + 1
    slots = (keys.astype(np.uint64) * SCATTER >> np.uint64(64 - bits)).view(np.int64)
    carried = np.bincount(slots[loud], surplus[loud], 1 << bits)
    taking = np.flatnonzero((carried >= PART_OF_PRICE * price)[slots])
    kept, numbers = np.unique(keys[taking], return_inverse=True)
    return Cuboid(chosen, taking.astype(np.int32), numbers.astype(np.int32), int(kept.size), shape, price)
