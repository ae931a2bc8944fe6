"""The parts of one segment, and the two ways to describe its leaves: with exceptions, or by parts alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Gains, fitted, taken, whole
from gemba.statistics.localisation_lattice import Choice, Codes, Cuboid
from gemba.statistics.localisation_ledger import Ledger

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_PARTS = 20


@dataclass(frozen=True, slots=True)
class Description:
    """`total` is the gain of the whole description in nats, names paid. `stands`: what is left of the segment beside
    its exceptions still pays for its name."""

    total: float
    chosen: tuple[Choice, ...]
    stands: bool


class Below:
    """All segments below one segment, over its open leaves `rows`.

    Args:
        codes: Members of all leaves, shape (k, n).
        cuboids: Of all leaves.
        rows: Leaves of `segment`, rising.
        surplus: Nats a cause could gain on every leaf at the most, shape (n,).
    """

    def __init__(
        self,
        codes: Codes,
        cuboids: tuple[Cuboid, ...],
        gains: Gains,
        surplus: Floats,
        rows: Integers,
        segment: Choice,
    ) -> None:
        self._gains, self._segment = gains, segment
        self._others = [one for one in range(codes.shape[0]) if one not in segment.attributes]
        self._codes = np.stack([codes[one][rows] for one in self._others])
        self._cuboids = tuple(self._local(one) for one in cuboids if set(one.attributes) > set(segment.attributes))
        self._columns = [gains.columns(rows, grain=grain) for grain in gains.suited(rows)]
        self._surplus = surplus[rows]

    @property
    def any(self) -> bool:
        """Whether there is a segment below at all."""
        return bool(self._cuboids)

    def with_exceptions(self, price: float) -> Description:
        """The segment less parts whose own effect pays for their name: greedy, the best exception first."""
        ledger = self._ledger()
        chosen: list[Choice] = []
        rest, gained = self._left(ledger)
        total = gained - price
        while len(chosen) < MOST_PARTS:
            best = self._best_exception(ledger, rest, gained)
            if best is None:
                break
            better, part = best
            total += better
            chosen.append(self._named(part))
            ledger.explain(ledger.rows_of(part))
            rest, gained = self._left(ledger)
        return Description(total, tuple(chosen), stands=gained - price > 0)

    def parts_alone(self, enough: float) -> Description:
        """Parts only, the best first, until the total passes `enough`, cannot pass it any more, or no part pays."""
        ledger = self._ledger()
        chosen: list[Choice] = []
        total = 0.0
        while ledger.open.any() and len(chosen) < MOST_PARTS and total <= enough:
            part = ledger.best()
            if part is None or (chosen and total + (MOST_PARTS - len(chosen)) * part.score <= enough):
                break
            chosen.append(self._named(part))
            total += part.score
            ledger.explain(ledger.rows_of(part))
        return Description(total, tuple(chosen), stands=False)

    def _best_exception(self, ledger: Ledger, rest: list[Floats], gained: float) -> tuple[float, Choice] | None:
        """The part that is worth most as an exception, and by how much it shortens the description."""
        best: tuple[float, int, Callable[[int], Choice]] | None = None
        for own, sums, name in (ledger.paying(), *ledger.beyond(self._unlike(ledger, rest))):
            if not own.size:
                continue
            without = [one - part for one, part in zip(rest, sums, strict=True)]
            better = own + self._gains.best(without) - gained
            top = int(np.argmax(better))
            if better[top] > (best[0] if best else 0.0):
                best = float(better[top]), top, name
        return (best[0], best[2](best[1])) if best else None

    def _unlike(self, ledger: Ledger, rest: list[Floats]) -> Floats:
        """Nats by which an effect of its own could describe each open leaf better than that of the rest, shape (n,)."""
        grain = int(np.argmax([float(self._gains.of(one)[0]) for one in rest]))
        centre, spread = fitted(rest[grain])
        weight, first, second, _null = self._columns[grain]
        squares = (second - 2.0 * centre * first + centre * centre * weight) / spread
        unlike = 0.5 * (squares + np.log(spread * self._columns[0][0] / weight))
        return np.where(ledger.open, unlike, 0.0)

    def _left(self, ledger: Ledger) -> tuple[list[Floats], float]:
        """Sums by grain over the open leaves, and their gain as one segment."""
        rest = [whole(taken(one, ledger.open)) for one in self._columns]
        return rest, float(self._gains.best(rest)[0])

    def _ledger(self) -> Ledger:
        return Ledger(self._codes, self._cuboids, self._columns, self._surplus, self._gains.best)

    def _local(self, cuboid: Cuboid) -> Cuboid:
        """A cuboid in terms of the attributes that the segment leaves free, at its full price."""
        free = [at for at, one in enumerate(cuboid.attributes) if one not in self._segment.attributes]
        places = tuple(self._others.index(cuboid.attributes[at]) for at in free)
        return Cuboid(places, tuple(cuboid.shape[at] for at in free), cuboid.segments, cuboid.price)

    def _named(self, part: Choice) -> Choice:
        """A part by the attributes of all leaves."""
        pairs = dict(zip(self._segment.attributes, self._segment.members, strict=True))
        pairs |= {self._others[one]: member for one, member in zip(part.attributes, part.members, strict=True)}
        attributes = tuple(sorted(pairs))
        return Choice(attributes, tuple(pairs[one] for one in attributes), part.score)
