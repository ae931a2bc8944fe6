"""The set of segments with the shortest description: greedy, each choice refined, the set pruned at the end.

A segment's *score* is its gain less the price of its name, in nats (Rissanen's two-part code). The search stops when no
score is positive.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Gains, summed, taken
from gemba.statistics.localisation_lattice import Codes, Cuboid, inside
from gemba.statistics.localisation_refine import Below

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """A named segment: attributes in rising order and a member of each, and its score in nats."""

    attributes: tuple[int, ...]
    members: tuple[int, ...]
    score: float

    def holds(self, other: Choice) -> bool:
        """`other` is this segment or a part of it."""
        return set(zip(self.attributes, self.members, strict=True)) <= set(
            zip(other.attributes, other.members, strict=True)
        )


class Ledger:
    """Sums and scores of all segments over the leaves that no chosen segment explains yet."""

    def __init__(self, codes: Codes, cuboids: tuple[Cuboid, ...], gains: Gains) -> None:
        self.codes, self.cuboids, self.gains = codes, cuboids, gains
        self.open = np.ones(codes.shape[0], bool)
        self._sums = _tables(cuboids, gains)
        self._scores = [
            gains.of(sums, cuboid.price) - cuboid.price for sums, cuboid in zip(self._sums, cuboids, strict=True)
        ]

    def best(self) -> Choice | None:
        """The segment with the highest positive score."""
        top = [int(np.argmax(scores)) if scores.size else -1 for scores in self._scores]
        values = [scores[at] if at >= 0 else -np.inf for scores, at in zip(self._scores, top, strict=True)]
        which = int(np.argmax(values))
        if values[which] <= 0:
            return None
        return named(self.codes, self.cuboids[which], top[which], float(values[which]))

    def explain(self, rows: Integers) -> None:
        """Take leaves out."""
        self.open[rows] = False
        for place, cuboid in enumerate(self.cuboids):
            here, keys = cuboid.of(rows)
            if not here.size:
                continue
            if 4 * here.size < cuboid.size:
                touched, keys = np.unique(keys, return_inverse=True)
            else:
                touched = np.arange(cuboid.size)
            self._sums[place][:, touched] -= summed(keys, self.gains.columns(here), touched.size)
            after = self.gains.of(self._sums[place][:, touched], cuboid.price) - cuboid.price
            self._scores[place][touched] = np.where(np.isneginf(self._scores[place][touched]), -np.inf, after)

    def forbid(self, choice: Choice) -> None:
        """A part of a chosen segment is no cause of its own."""
        rows = np.flatnonzero(inside(self.codes, choice.attributes, choice.members))
        for place, cuboid in enumerate(self.cuboids):
            if set(choice.attributes) <= set(cuboid.attributes):
                self._scores[place][cuboid.of(rows)[1]] = -np.inf


def _tables(cuboids: tuple[Cuboid, ...], gains: Gains) -> list[Floats]:
    """Sums of every cuboid: of a dense one by adding up a finer dense one, where there is one."""
    columns = gains.columns(slice(None))
    made: dict[tuple[int, ...], Floats] = {}
    by_attributes = {cuboid.attributes: cuboid for cuboid in cuboids}
    for cuboid in reversed(cuboids):
        finer = [one for one in made if len(one) == len(cuboid.attributes) + 1 and set(cuboid.attributes) < set(one)]
        finer = [by_attributes[one] for one in finer if by_attributes[one].dense]
        if cuboid.dense and finer:
            least = min(finer, key=lambda one: one.size)
            (gone,) = set(least.attributes) - set(cuboid.attributes)
            axis = 1 + least.attributes.index(gone)
            table = made[least.attributes].reshape(5, *least.shape).sum(axis=axis)
            made[cuboid.attributes] = np.ascontiguousarray(table.reshape(5, -1))
        else:
            taking = columns if cuboid.rows is None else taken(columns, cuboid.rows)
            made[cuboid.attributes] = summed(cuboid.keys, taking, cuboid.size)
    return [made[cuboid.attributes] for cuboid in cuboids]


def named(codes: Codes, cuboid: Cuboid, key: int, score: float) -> Choice:
    """The segment with number `key`."""
    first = int(np.argmax(cuboid.keys == key))
    row = first if cuboid.rows is None else int(cuboid.rows[first])
    return Choice(cuboid.attributes, tuple(int(codes[row, one]) for one in cuboid.attributes), score)


def search(codes: Codes, cuboids: tuple[Cuboid, ...], gains: Gains, *, most: int) -> tuple[Choice, ...]:
    """Segments that shorten the description, in the order found, at most `most`. None when nothing pays."""
    ledger = Ledger(codes, cuboids, gains)
    chosen: list[Choice] = []
    while len(chosen) < most:
        choice = ledger.best()
        if choice is None:
            break
        choice = refine(ledger, choice)
        rows = np.flatnonzero(inside(codes, choice.attributes, choice.members) & ledger.open)
        if not rows.size:
            break
        chosen.append(choice)
        ledger.explain(rows)
        ledger.forbid(choice)
    return tuple(chosen)


def refine(ledger: Ledger, choice: Choice) -> Choice:
    """Go down from a segment to a part of it for as long as parts describe its leaves better.

    Two descriptions compete: the segment with exceptions (parts with an effect of their own, such as those that another
    cause covers), and parts alone. Where the parts win, or nothing is left of the segment beside its exceptions,
    the best part takes its place.
    """
    while len(choice.attributes) < ledger.codes.shape[1]:
        rows = np.flatnonzero(inside(ledger.codes, choice.attributes, choice.members) & ledger.open)
        if rows.size < 2:
            break
        place = next(at for at, one in enumerate(ledger.cuboids) if one.attributes == choice.attributes)
        below = Below(ledger.cuboids, ledger.gains, rows, place)
        whole = below.with_exceptions(ledger.cuboids[place].price)
        parts = below.parts_alone(whole.total)
        if not parts.chosen or (whole.stands and parts.total <= whole.total):
            break
        score, at, key = max(parts.chosen)
        choice = named(ledger.codes, ledger.cuboids[at], key, score)
    return choice
