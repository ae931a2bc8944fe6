"""Which of the segments that stand out are causes of their own, and which only shadows of another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gemba.agents.candidates import Candidate, weights
from gemba.agents.overlap import Left, Overlaps
from gemba.agents.wording import segment_words
from gemba.statistics.multiplicity import benjamini_hochberg

VANISHED = 0.01
"""A segment whose p-value without another's rows is above this has nothing of its own beyond that other."""

NESTED = 0.98
"""Share of its rows that a segment must have inside another to be a part of it."""

NEARLY_ALL = 0.8
"""Share of the parent's excess that a member must account for to stand for it."""

RIVAL = 0.7
"""Share of the accepted one's score that a rival must reach: the score is the root of a likelihood ratio."""

CLEARLY = 1.5
"""How many times as large a part's likelihood statistic must be for one more predicate."""

MOST_RIVALS = 2
MOST_NAMED = 6


@dataclass(frozen=True, slots=True)
class Cause:
    """A candidate that is listed. `rival_of`: neither can be told apart from the other. `echoes`: its shadows.

    `p_given`: p-value once the cause listed before it is accounted for; None for the first.
    """

    candidate: Candidate
    score: float
    rival_of: Candidate | None = None
    p_given: float | None = None
    stands_out: bool = True
    echoes: tuple[Candidate, ...] = ()


def causes(chosen: list[Candidate], every: list[Candidate], overlaps: Overlaps, *, alpha: float) -> list[Cause]:
    """The distinct ones of the chosen candidates, best first, then those that do not stand out.

    The best that stands out is accepted, unless one of its members accounts for nearly all of its excess and the other
    members show none: then that member. The others are tested again without its rows. One that has nothing of its
    own left is an echo; or a rival, if the accepted one has nothing of its own without it either, and neither is
    a part of the other. What remains is treated alike. Only which claims are made is decided here: every test still
    counts for the false-discovery rate.
    """
    if any(one.compared.form is None for one in chosen):  # parts of products and quantiles do not add up
        return [Cause(one, one.score) for one in chosen]
    outstanding = _standing_out(every, alpha)
    waiting = [(one, Left(one.p, one.score, 0.0)) for one in chosen if id(one) in outstanding]
    found: list[Cause] = []
    accepted: list[Candidate] = []
    above = float("inf")
    while waiting:
        waiting.sort(key=lambda pair: -pair[1].score)
        first, left = waiting.pop(0)
        best = min(first.score, above)
        echoes: list[Candidate] = []
        member = next((pair for pair in waiting if _stands_for(pair[0], first, overlaps)), None)
        if member is not None:
            waiting.remove(member)
            echoes.append(first)
            first, left = member
        p_given = left.p if accepted else None
        accepted.append(first)
        rivals: list[Candidate] = []
        remaining: list[tuple[Candidate, Left]] = []
        for one, _ in waiting:
            now = overlaps.without(one, accepted)
            if now.p <= VANISHED:
                remaining.append((one, now))
            elif len(rivals) < MOST_RIVALS and one.score >= RIVAL * first.score and _is_rival(one, first, overlaps):
                rivals.append(one)
            else:
                echoes.append(one)
        found.append(Cause(first, best, p_given=p_given, echoes=tuple(echoes)))
        found += [Cause(one, min(one.score, best), rival_of=first) for one in rivals]
        waiting, above = remaining, best
    return found + [Cause(one, one.score, stands_out=False) for one in chosen if id(one) not in outstanding]


def echo_note(cause: Cause) -> str:
    """One line that names where the cause is seen as well; empty without echoes."""
    if not cause.echoes:
        return ""
    names = [segment_words(one.segment) for one in cause.echoes]
    names = list(dict.fromkeys(names))
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (
        f"{segment_words(cause.candidate.segment)} is also seen through {', '.join(names[:MOST_NAMED])}{more}: "
        "once it is accounted for, nothing stands out there."
    )


def _standing_out(every: list[Candidate], alpha: float) -> set[int]:
    """Ids of the candidates that stand out among all tests of the search."""
    p = np.array([one.p for one in every])
    found = benjamini_hochberg(p, weights(every)) <= alpha
    return {id(one) for one, out in zip(every, found, strict=True) if out}


def _stands_for(member: Candidate, parent: Candidate, overlaps: Overlaps) -> bool:
    """Whether a part of the parent is the better name for the whole of its departure.

    A part with one more predicate must be clearly likelier as well: its score is the root of a likelihood ratio.
    """
    deeper = len(member.panel.grouping) - len(parent.panel.grouping)
    if deeper not in (0, 1) or (deeper == 0 and len(member.panel.grouping) != 1):
        return False
    if deeper and not (
        set(parent.segment) < set(member.segment) and _likelihood(member) >= CLEARLY * _likelihood(parent)
    ):
        return False
    inside, back = overlaps.share_inside(member, parent), overlaps.share_inside(parent, member)
    if inside is None or back is None or inside < NESTED or back >= NESTED:
        return False
    part, all_of_it = (float(one.tests.explained[one.index]) for one in (member, parent))
    return (
        part * all_of_it > 0
        and abs(part) >= NEARLY_ALL * abs(all_of_it)
        and (overlaps.without(parent, [member]).p > VANISHED)
    )


def _likelihood(candidate: Candidate) -> float:
    return float(candidate.tests.score[candidate.index]) ** 2


def _is_rival(one: Candidate, first: Candidate, overlaps: Overlaps) -> bool:
    """Whether the accepted segment would vanish too if this one were accepted, and neither is a part of the other."""
    for inner, outer in ((one, first), (first, one)):
        inside = overlaps.share_inside(inner, outer)
        if inside is not None and inside >= NESTED:
            return False
    return overlaps.without(first, [one]).p > VANISHED
