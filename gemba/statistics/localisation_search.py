"""The set of segments with the shortest description: greedy, each choice refined, the set pruned at the end.

A segment's *score* is its gain less the price of its name, in nats (Rissanen's two-part code). The search stops when no
score is positive.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Gains
from gemba.statistics.localisation_lattice import Choice, Codes, Cuboid
from gemba.statistics.localisation_ledger import Ledger
from gemba.statistics.localisation_refine import Below

Floats = NDArray[np.float64]


def search(
    codes: Codes, cuboids: tuple[Cuboid, ...], gains: Gains, surplus: Floats, *, most: int
) -> tuple[Choice, ...]:
    """Segments that shorten the description, in the order found, at most `most`. None when nothing pays.

    Args:
        codes: Members of every leaf, shape (k, n).
        surplus: Nats a cause could gain on every leaf at the most, shape (n,).
    """
    ledger = Ledger(codes, cuboids, [gains.columns(slice(None))], surplus, gains.plain)
    chosen: list[Choice] = []
    while len(chosen) < most:
        choice = ledger.best()
        if choice is None:
            break
        choice = _refined(ledger, cuboids, gains, surplus, choice)
        rows = ledger.rows_of(choice)
        if not rows.size:
            break
        chosen.append(choice)
        ledger.explain(rows)
    return tuple(chosen)


def _refined(ledger: Ledger, cuboids: tuple[Cuboid, ...], gains: Gains, surplus: Floats, choice: Choice) -> Choice:
    """Go down from a segment to a part of it for as long as parts describe its leaves better.

    Two descriptions compete: the segment with exceptions (parts with an effect of their own, such as those that another
    cause covers), and parts alone. Where the parts win, or nothing is left of the segment beside its exceptions,
    the best part takes its place.
    """
    prices = {cuboid.attributes: cuboid.price for cuboid in cuboids}
    while len(choice.attributes) < ledger.codes.shape[0]:
        rows = ledger.rows_of(choice)
        if rows.size < 2:
            break
        below = Below(ledger.codes, cuboids, gains, surplus, rows, choice)
        if not below.any:
            break
        whole = below.with_exceptions(prices[choice.attributes])
        parts = below.parts_alone(whole.total)
        if not parts.chosen or (whole.stands and parts.total <= whole.total):
            break
        choice = max(parts.chosen, key=lambda part: part.score)
    return choice
