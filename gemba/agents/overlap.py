"""The rows that two candidates share, and candidates tested again without the rows or the excess of another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gemba.agents.candidates import Candidate, candidates
from gemba.agents.panel import Panel

Floats = NDArray[np.float64]
Parts = tuple[Floats, Floats, Floats, Floats]

LEAST_LEFT = 0.02
"""Share of its rows in the window that a segment must keep to be tested without another's."""


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Knows the rows that candidates share, from the panels at hand: combinations of dimensions and nested ones."""

    panels: Sequence[Panel]

    def shared(self, one: Candidate, other: Candidate) -> Parts | None:
        """Numerator, denominator, rows and squares of the rows in both, shape (T,) each; None where no panel tells."""
        mine, theirs = _members(one), _members(other)
        nothing = np.zeros_like(one.panel.num[0])
        if any(theirs.get(name, value) != value for name, value in mine.items()):
            return nothing, nothing, nothing, nothing
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

    def p_without(self, one: Candidate, other: Candidate) -> float:
        """The p-value of `one` once `other` is accounted for; 1 where nothing is left to test.

        With the shared rows known, they are taken out of the segment, and those of `other` out of the whole. Otherwise
        the excess of `other` in the window is: as much of it as rows and size allow to lie in `one`. That favours
        `other`, so what remains significant does not rest on it.
        """
        shared = self.shared(one, other)
        if shared is None:
            return _p(_less_excess(one, other))
        window = one.compared.found.timeline.window
        own = float(one.panel.rows[one.index][window].sum())
        if own - float(shared[2][window].sum()) < LEAST_LEFT * own:
            return 1.0
        whole = _less(one.compared.whole, 0, _parts(other.panel, np.array([other.index])), one.compared.additive)
        return _p((whole, _less(one.panel, one.index, shared, one.compared.additive), one))


def _p(case: tuple[Panel, Panel, Candidate]) -> float:
    """The p-value of the candidate's aspect with another whole and panel."""
    whole, panel, candidate = case
    index = candidate.index
    if candidate.aspect != "arrival":  # an arrival is held against its peers, so it needs all of them
        row = slice(index, index + 1)
        panel = Panel(
            panel.grouping,
            panel.members[row],
            panel.num[row],
            panel.den[row],
            panel.rows[row],
            panel.squares[row],
        )
        index = 0
    compared = replace(candidate.compared, whole=whole)
    again = [one for one in candidates(compared, panel) if one.index == index and one.aspect == candidate.aspect]
    if not again:
        return 1.0
    moved_back = again[0].tests.effect[index] * candidate.tests.effect[candidate.index] < 0
    return 1.0 if moved_back else again[0].p


def _less(panel: Panel, index: int, parts: Parts, additive: bool) -> Panel:
    """The panel with the parts taken out of one member. The denominator of a metric that adds up is time: it stays."""
    arrays = [panel.num.copy(), panel.den.copy(), panel.rows.copy(), panel.squares.copy()]
    for place, (array, part) in enumerate(zip(arrays, parts, strict=True)):
        if not (additive and place == 1):
            left = array[index] - part
            array[index] = np.where(np.abs(left) < 1e-9 * np.abs(array[index]), 0.0, left)
    return Panel(panel.grouping, panel.members, *arrays)


def _less_excess(one: Candidate, other: Candidate) -> tuple[Panel, Panel, Candidate]:
    """Whole and panel of `one` where the excess of `other` is taken out of the window."""
    compared = one.compared
    window = compared.found.timeline.window
    share = one.aspect == "share"
    mine, theirs = _excess(one, share), _excess(other, share)
    rows_one, rows_other = (each.panel.rows[each.index][window] for each in (one, other))
    common = float(np.minimum(rows_one, rows_other).sum())
    bound = min(1.0, common / float(rows_other.sum())) if rows_other.sum() > 0 else 0.0
    part = float(np.clip(mine / theirs, 0.0, bound)) if theirs else 0.0
    whole, panel = compared.whole, one.panel
    if share:
        den = panel.den.copy()
        den[one.index] -= part * _spread(theirs, den[one.index], window)
        return whole, replace(panel, den=den), one
    num, total = panel.num.copy(), whole.num.copy()
    num[one.index] -= part * _spread(theirs, num[one.index], window)
    total[0] -= _spread(theirs, other.panel.num[other.index], window)
    return replace(whole, num=total), replace(panel, num=num), one


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
    return tuple(part[chosen].sum(axis=0) for part in (panel.num, panel.den, panel.rows, panel.squares))  # type: ignore[return-value]
