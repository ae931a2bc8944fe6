"""The lattice of segments: every combination of members of every subset of the attributes.

A *cuboid* is a subset of the attributes; its *segments* are the combinations of members seen in the data; a *leaf* is
one row, a combination of members of all attributes. (Words of Sun et al., "HotSpot", IEEE Access 6, 2018.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Integers32 = NDArray[np.int32]
Codes = Integers32
Flags = NDArray[np.bool_]

CELLS_PER_LEAF = 2
FEW_ROWS = 10_000
MOST_KEYS = 2**62


@dataclass(frozen=True, slots=True)
class Cuboid:
    """`attributes` in rising order, `shape` their numbers of members; there are `segments` to choose from, and naming
    one costs `price`, in nats."""

    attributes: tuple[int, ...]
    shape: tuple[int, ...]
    segments: int
    price: float

    @property
    def cells(self) -> int:
        return math.prod(self.shape)

    def keys(self, codes: Codes) -> Integers:
        """A number for the segment of every leaf of `codes`, shape (k, n); see `numbered`."""
        return numbered([codes[one] for one in self.attributes], self.shape)

    def members(self, key: int) -> tuple[int, ...]:
        """The members of a segment by its number in mixed radix."""
        return tuple(int(one) for one in np.unravel_index(key, self.shape))


@dataclass(frozen=True, slots=True)
class Choice:
    """A named segment: attributes in rising order and a member of each, and its score in nats."""

    attributes: tuple[int, ...]
    members: tuple[int, ...]
    score: float


def lattice(codes: Codes, members: tuple[int, ...], *, deepest: int | None = None) -> tuple[Cuboid, ...]:
    """All cuboids, coarse ones first, but those that name an attribute beside another that determines it.

    Args:
        codes: Members of every leaf, shape (k, n), from 0.
        members: How many members each attribute has, length k.
        deepest: Attributes in a cuboid at most; None: all.

    Notes:
        A name costs the log of the number of cuboids and the log of the number of segments to choose from, in nats:
        those seen, or as many as leaves where there could be more than `CELLS_PER_LEAF` times as many.
    """
    leaves = codes.shape[1]
    seen: dict[tuple[int, ...], Flags] = {}
    made: list[Cuboid] = []
    subsets = _subsets(codes, members, len(members) if deepest is None else deepest)
    which = math.log(len(subsets))
    for chosen in reversed(subsets):
        shape = tuple(members[one] for one in chosen)
        segments = leaves
        if math.prod(shape) <= CELLS_PER_LEAF * leaves:
            seen[chosen] = _seen(chosen, shape, codes, seen)
            segments = int(np.count_nonzero(seen[chosen]))
        made.append(Cuboid(chosen, shape, segments, which + math.log(segments)))
    return tuple(reversed(made))


def _subsets(codes: Codes, members: tuple[int, ...], deepest: int) -> list[tuple[int, ...]]:
    """The attributes of every cuboid: a machine beside its line says no more than the machine."""
    implied = {
        frozenset((one, other))
        for one in range(len(members))
        for other in range(len(members))
        if one != other and _determines(codes[one], codes[other], members[one])
    }
    return [
        chosen
        for count in range(1, min(deepest, len(members)) + 1)
        for chosen in combinations(range(len(members)), count)
        if not any(frozenset(pair) in implied for pair in combinations(chosen, 2))
    ]


def _determines(one: Integers32, other: Integers32, members: int) -> bool:
    """Whether every member of the one is seen with a single member of the other."""
    table = np.zeros(members, np.int32)
    for rows in (slice(FEW_ROWS), slice(None)):
        table[one[rows]] = other[rows]
        if (table[one[rows]] != other[rows]).any():
            return False
    return True


def _seen(
    chosen: tuple[int, ...], shape: tuple[int, ...], codes: Codes, seen: dict[tuple[int, ...], Flags]
) -> NDArray[np.bool_]:
    """Which cells hold a leaf, of the cuboid's shape: from a finer cuboid where one is known."""
    finer = finest_parent(chosen, {one: table.size for one, table in seen.items()})
    if finer is not None:
        return np.asarray(seen[finer].any(axis=dropped_axis(finer, chosen)), bool)
    here = np.zeros(math.prod(shape), bool)
    here[numbered([codes[one] for one in chosen], shape)] = True
    return here.reshape(shape)


def finest_parent(chosen: tuple[int, ...], sizes: dict[tuple[int, ...], int]) -> tuple[int, ...] | None:
    """The smallest cuboid with one attribute more than `chosen` among those with a table."""
    finer = [one for one in sizes if len(one) == len(chosen) + 1 and set(chosen) < set(one)]
    return min(finer, key=sizes.__getitem__, default=None)


def dropped_axis(finer: tuple[int, ...], coarser: tuple[int, ...]) -> int:
    """Place of the attribute that only `finer` has."""
    (gone,) = set(finer) - set(coarser)
    return finer.index(gone)


def inside(codes: Codes, attributes: tuple[int, ...], members: tuple[int, ...]) -> Flags:
    """Which leaves of `codes`, shape (k, n), belong to a segment, shape (n,)."""
    here = codes[attributes[0]] == members[0]
    for attribute, member in zip(attributes[1:], members[1:], strict=True):
        here &= codes[attribute] == member
    return here


def numbered(codes: Sequence[Integers32], members: tuple[int, ...]) -> Integers:
    """A number for every combination of members: in mixed radix where that fits 62 bits, else ranked on the way, which
    keeps them unique.

    Args:
        codes: Members by attribute, each of shape (n,).
        members: How many each attribute has.
    """
    keys, cells = codes[0].astype(np.int64), members[0]
    for code, count in zip(codes[1:], members[1:], strict=True):
        if cells * count >= MOST_KEYS:
            seen, keys = np.unique(keys, return_inverse=True)
            keys, cells = keys.astype(np.int64), int(seen.size)
        keys *= count
        keys += code
        cells *= count
    return keys
