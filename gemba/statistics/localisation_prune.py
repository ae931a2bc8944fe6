"""Which of the chosen segments are still needed once all are known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.localisation_gain import Gains
from gemba.statistics.localisation_noise import Deviations

Integers = NDArray[np.int64]


def prune(rows: list[Integers], costs: list[float], found: Deviations) -> list[int]:
    """Drop segments whose leaves the others describe nearly as well, the most dispensable first.

    Every leaf belongs to the chosen segment, of those that hold it, under whose fitted effect and spread it is most
    likely.

    Args:
        rows: Leaves of every segment, rising.
        costs: Nats that each name costs.

    Returns:
        Places of the segments kept, in the order given.
    """
    if not rows:
        return []
    held = np.zeros(found.values.size, bool)
    for one in rows:
        held[one] = True
    union = np.flatnonzero(held)
    rows, found = [np.searchsorted(union, one) for one in rows], found.of(union)
    gains = Gains(found)
    kept = list(range(len(rows)))
    owner = np.full(union.size, -1)
    for place in reversed(kept):
        owner[rows[place]] = place
    owner = _assign(kept, rows, owner, found)
    total = _total(kept, costs, owner, gains)
    while len(kept) > 1:
        trials = []
        for place in kept:
            rest = [one for one in kept if one != place]
            moved = _assign(rest, rows, np.where(owner == place, -1, owner), found)
            trials.append((_total(rest, costs, moved, gains), place, moved))
        best, place, moved = max(trials, key=lambda trial: trial[0])
        if best <= total:
            break
        total, owner = best, moved
        kept.remove(place)
    return kept


def _assign(kept: list[int], rows: list[Integers], owner: Integers, found: Deviations) -> Integers:
    """Owners of all leaves by likelihood, under effects and spreads fitted to the owners given."""
    best = np.full(owner.size, -np.inf)
    assigned = np.full(owner.size, -1)
    variance = found.variance
    for place in kept:
        own = rows[place][owner[rows[place]] == place]
        if not own.size:
            continue
        weight = 1.0 / variance[own]
        centre = float((weight * found.values[own]).sum() / (weight.sum() + 1.0))
        misfit = float((weight * (found.values[own] - centre) ** 2).sum())
        spread = max(1.0, (1.0 + misfit) / (1.0 + own.size))
        here = rows[place]
        likelihood = -0.5 * ((found.values[here] - centre) ** 2 / variance[here] / spread + np.log(spread))
        better = likelihood > best[here]
        best[here[better]] = likelihood[better]
        assigned[here[better]] = place
    return assigned


def _total(kept: list[int], costs: list[float], owner: Integers, gains: Gains) -> float:
    """Gain of the whole set, names paid."""
    total = 0.0
    for place in kept:
        own = np.flatnonzero(owner == place)
        total -= costs[place]
        if own.size:
            total += float(gains.best(gains.whole(own))[0])
    return total
