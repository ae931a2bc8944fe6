"""The lattice of segments: every combination of members of every subset of the attributes.

A *cuboid* is a subset of the attributes; its *segments* are the combinations of members seen in the data; a *leaf* is
one row, a combination of members of all attributes. (Words of Sun et al., "HotSpot", IEEE Access 6, 2018.)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Codes = NDArray[np.int32]

DENSE_CELLS_PER_ROW = 2
DEVIATING = 2.0
SCATTER = np.uint64(11400714819323198485)  # 2^64 over the golden ratio: Knuth's multiplicative hashing


@dataclass(frozen=True, slots=True)
class Cuboid:
    """`attributes` in rising order. `rows` (r,) are the leaves that take part, `keys` (r,) their segment's number,
    below `size`. `segments` is how many combinations of members the data hold: what a name is chosen from."""

    attributes: tuple[int, ...]
    rows: NDArray[np.int32] | None
    keys: NDArray[np.int32]
    size: int
    segments: int

    def of(self, rows: Integers) -> tuple[Integers, Integers]:
        """The rows among `rows` (rising) that take part, and their segments' numbers."""
        if self.rows is None:
            return rows, self.keys[rows].astype(np.int64)
        at = np.searchsorted(self.rows, rows)
        at[at == self.rows.size] = 0
        here = self.rows[at] == rows if self.rows.size else np.zeros(rows.size, bool)
        return rows[here], self.keys[at[here]].astype(np.int64)


def lattice(codes: Codes, members: tuple[int, ...], deviation: Floats) -> tuple[Cuboid, ...]:
    """All cuboids, coarse ones first.

    Args:
        codes: Members of every leaf, shape (n, k), from 0.
        members: How many members each attribute has, length k.
        deviation: Deviation of every leaf in units of its noise, shape (n,). In cuboids with more possible segments
            than rows by a factor of `DENSE_CELLS_PER_ROW`, only segments with a leaf beyond `DEVIATING` take part:
            the others hold a handful of leaves, none of them remarkable.

    Notes:
        Holds 4 bytes a leaf and cuboid, 8 for the leaves that take part in sparse ones.
    """
    attributes = range(len(members))
    loud = np.flatnonzero(np.abs(deviation) >= DEVIATING)
    subsets = (chosen for count in attributes for chosen in combinations(attributes, count + 1))
    return tuple(_cuboid(codes, members, chosen, loud) for chosen in subsets)


def inside(codes: Codes, attributes: tuple[int, ...], members: tuple[int, ...]) -> NDArray[np.bool_]:
    """Which leaves belong to a segment, shape (n,)."""
    here = np.ones(codes.shape[0], bool)
    for attribute, member in zip(attributes, members, strict=True):
        here &= codes[:, attribute] == member
    return here


def mixed_radix(codes: Codes, members: tuple[int, ...], attributes: tuple[int, ...]) -> Integers:
    """One number a combination of members, shape (n,). Unique while the product of the counts fits 63 bits; beyond
    that the numbers are ranked on the way, which keeps them unique."""
    keys = np.zeros(codes.shape[0], np.int64)
    cells = 1
    for attribute in attributes:
        if cells * members[attribute] >= 2**62:
            keys = np.unique(keys, return_inverse=True)[1].astype(np.int64)
            cells = int(keys.max(initial=0)) + 1
        keys = keys * members[attribute] + codes[:, attribute]
        cells *= members[attribute]
    return keys


def _cuboid(codes: Codes, members: tuple[int, ...], chosen: tuple[int, ...], loud: Integers) -> Cuboid:
    keys = mixed_radix(codes, members, chosen)
    cells = 1
    for attribute in chosen:
        cells *= members[attribute]
    rows = codes.shape[0]
    if cells <= DENSE_CELLS_PER_ROW * rows:
        seen = np.zeros(cells, bool)
        seen[keys] = True
        return Cuboid(chosen, None, keys.astype(np.int32), cells, int(seen.sum()))
    bits = int(rows).bit_length() + 2
    slots = ((keys.astype(np.uint64) * SCATTER) >> np.uint64(64 - bits)).astype(np.int64)
    marks = np.zeros(1 << bits, bool)
    marks[slots] = True
    segments = int(marks.sum())  # a few per cent below their number: two segments may share a slot
    marks[:] = False
    marks[slots[loud]] = True
    taking = np.flatnonzero(marks[slots])
    kept, numbers = np.unique(keys[taking], return_inverse=True)
    number = int(kept.size)
    return Cuboid(chosen, taking.astype(np.int32), numbers.astype(np.int32), number, max(segments, number))
