"""The rows that two candidates share, and candidates tested again without the rows or the excess of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gemba.agents.candidates import Candidate, Comparison, candidates, comparison
from gemba.agents.panel import Panel

Floats = NDArray[np.float64]
Parts = tuple[Floats, Floats, Floats, Floats, Floats]

PARTS = ("num", "den", "rows", "squares", "exposure")
LEAST_LEFT = 0.02
"""Share of its rows in the window that a segment must keep to be tested without another's."""


@dataclass(frozen=True, slots=True)
class Left:
    """A candidate tested again. `explained`: its excess in numerators (denominators for shares) of the window."""

    p: float
    score: float
    explained: float


NOTHING = Left(1.0, -np.inf, 0.0)
STILL_THERE = 0.01
ROUNDS = 3
"""How often more of an unknown overlap is tried, while the segment is still there."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Knows the rows that candidates share, from the panels at hand: combinations of dimensions and nested ones."""

    panels: Sequence[Panel]

    def shared(self, one: Candidate, other: Candidate) -> Parts | None:
        """Numerator, denominator, rows and squares of the rows in both, shape (T,) each; None where no panel tells."""
        mine, theirs = _members(one), _members(other)
        nothing = np.zeros_like(one.panel.num[0])
        if any(theirs.get(name, value) != value for name, value in mine.items()):
            return nothing, nothing, nothing, nothing, nothing
        wanted = mine | theirs
        for candidate, members in ((one, mine), (other, theirs)):
            if members == wanted:
                return _parts(candidate.panel, np.array([candidate.index]))
        for panel in self.panels:
            if wanted.keys() <= set(panel.grouping):
                places = [(panel.grouping.index(name), value) for name, value in wanted.items()]
                inside = [i for i, member in enumerate(panel.members) if all(member[at] == v for at, v in places)]
                return _parts(panel, np.array(inside, dtype=np.int64))
        return None

    def share_inside(self, one: Candidate, other: Candidate) -> float | None:
        """Share of the rows of `one` in the window that are rows of `other` too; None where unknown."""
        shared = self.shared(one, other)
        if shared is None:
            return None
        window = one.compared.found.timeline.window
        own = float(one.panel.rows[one.index][window].sum())
        return float(shared[2][window].sum()) / own if own > 0 else 0.0

    def without(self, one: Candidate, others: Sequence[Candidate]) -> Left:
        """What is left of `one` once the `others` are accounted for.

        Where the shared rows are known, they are taken out of the segment, and those of the other out of the whole.
        Otherwise the excess of the other in the window is: as much of it as rows and size allow to lie in `one`. That
        favours the other, so what remains significant does not rest on it.
        """
        compared = one.compared
        window, additive = compared.found.timeline.window, compared.additive
        whole, panel = compared.whole, one.panel
        own = float(panel.rows[one.index][window].sum())
        unknown = []
        for other in others:
            shared = self.shared(one, other)
            if shared is None:
                unknown.append(other)
                continue
            whole = _less(whole, 0, _parts(other.panel, np.array([other.index])), additive)
            panel = _less(panel, one.index, shared, additive)
        if float(panel.rows[one.index][window].sum()) < LEAST_LEFT * own:
            return NOTHING
        for other in unknown:
            whole = _less_excess_of_whole(whole, other, share=one.aspect == "share")
        left = _test(whole, panel, one)
        for other in unknown:
            taken, most = 0.0, _most_inside(one, other)
            for _ in range(ROUNDS):
                if left.p > STILL_THERE:
                    break
                more = float(np.clip(left.explained, min(most - taken, 0.0), max(most - taken, 0.0)))
                if more == 0.0:
                    break
                taken += more
                panel = _less_amount(panel, one, more)
                left = _test(whole, panel, one)
        return left


def left_of_whole(compared: Comparison, other: Candidate) -> float:
    """p-value of "the total did not change" without the rows of a segment."""
    rest = _less(compared.whole, 0, _parts(other.panel, np.array([other.index])), compared.additive)
    return float(comparison(compared.found, rest).own.p[0])


def _test(whole: Panel, panel: Panel, candidate: Candidate) -> Left:
    """The candidate's aspect with another whole and panel."""
    index = candidate.index
    if candidate.aspect != "arrival":  # an arrival is held against its peers, so it needs all of them
        panel, index = _with_rest(panel, index, whole, candidate.compared.additive), 0
    compared = replace(candidate.compared, whole=whole)
    again = [one for one in candidates(compared, panel) if one.index == index and one.aspect == candidate.aspect]
    if not again:
        return NOTHING
    if again[0].tests.effect[index] * candidate.tests.effect[candidate.index] < 0:
        return NOTHING
    return Left(again[0].p, again[0].score, _excess(again[0], candidate.aspect == "share"))


def _most_inside(one: Candidate, other: Candidate) -> float:
    """The largest part of the excess of `other` that can lie in rows of `one`; signed."""
    window = one.compared.found.timeline.window
    rows_one, rows_other = (each.panel.rows[each.index][window] for each in (one, other))
    total = float(rows_other.sum())
    bound = min(1.0, float(np.minimum(rows_one, rows_other).sum()) / total) if total > 0 else 0.0
    return bound * _excess(other, one.aspect == "share")


def _less_excess_of_whole(whole: Panel, other: Candidate, *, share: bool) -> Panel:
    if share:
        return whole
    window = other.compared.found.timeline.window
    num = whole.num.copy()
    num[0] -= _spread(_excess(other, False), other.panel.num[other.index], window)
    return replace(whole, num=num)


def _less_amount(panel: Panel, one: Candidate, amount: float) -> Panel:
    """The panel with an amount of the window taken out of one member, in proportion to what is there."""
    window = one.compared.found.timeline.window
    name = "den" if one.aspect == "share" else "num"
    array = getattr(panel, name).copy()
    array[one.index] -= _spread(amount, array[one.index], window)
    return replace(panel, **{name: array})


def _with_rest(panel: Panel, index: int, whole: Panel, additive: bool) -> Panel:
    """One member and all others together: what a level is held against is learnt from the panel's members."""
    row = slice(index, index + 1)
    rest = [getattr(whole, name) - getattr(panel, name)[row] for name in PARTS]
    if additive:
        rest[1] = rest[4] = whole.den
    both = [
        np.concatenate([getattr(panel, name)[row], np.maximum(other, 0.0) if name != "num" else other])
        for name, other in zip(PARTS, rest, strict=True)
    ]
    return Panel(panel.grouping, (panel.members[index], panel.members[index]), *both)


def _less(panel: Panel, index: int, parts: Parts, additive: bool) -> Panel:
    """The panel with the parts taken out of one member. The denominator of a metric that adds up is time: it stays."""
    arrays = [getattr(panel, name).copy() for name in PARTS]
    for place, (array, part) in enumerate(zip(arrays, parts, strict=True)):
        if not (additive and place in (1, 4)):
            left = array[index] - part
            array[index] = np.where(np.abs(left) < 1e-9 * np.abs(array[index]), 0.0, left)
    return Panel(panel.grouping, panel.members, *arrays)


def _excess(candidate: Candidate, share: bool) -> float:
    """What the candidate brought in the window beyond expectation: numerators, or denominators for shares."""
    compared = candidate.compared
    window = compared.found.timeline.window
    whole = 1.0 if compared.additive else float(compared.whole.den[0][window].sum())
    if compared.form is None and not compared.additive:
        whole = float(window.sum())
    if share:
        return float(candidate.tests.effect[candidate.index]) * whole if candidate.aspect == "share" else 0.0
    return float(candidate.tests.explained[candidate.index]) * whole


def _spread(amount: float, along: Floats, window: NDArray[np.bool_]) -> Floats:
    """The amount laid over the window's buckets in proportion to a series, evenly where that is not possible."""
    weight = np.where(window, np.maximum(along, 0.0), 0.0)
    total = float(weight.sum())
    return amount * (weight / total if total > 0 else window / max(float(window.sum()), 1.0))


def _members(candidate: Candidate) -> dict[str, str | None]:
    return dict(zip(candidate.panel.grouping, candidate.panel.members[candidate.index], strict=True))


def _parts(panel: Panel, chosen: NDArray[np.int64]) -> Parts:
    return tuple(part[chosen].sum(axis=0) for part in (getattr(panel, name) for name in PARTS))  # type: ignore[return-value]
