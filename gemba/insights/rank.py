"""The order of claims: by what a person would act on. And which of them say the same thing twice."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from gemba.insights.ids import canonical_segment
from gemba.insights.types import Claim, ClaimKind
from gemba.questions.types import Question

CAUSES = ("localisation", "segment", "driver", "association", "anomaly", "process_control", "loss", "capability")
APART = ("anomaly", "process_control", "capability", "loss", "association")
"""Kinds of which several are told of one segment: dates, indices and lags set them apart."""
ANSWERS = ("level", "trend", "share", "forecast")
ANSWERING: Mapping[str, tuple[ClaimKind, ...]] = {
    "anomaly": ("anomaly", "change_point", "process_control"),
    "association": ("association",),
    "capability": ("capability", "process_control"),
    "drivers": ("driver",),
    "forecast": ("forecast",),
    "level": ("level", "loss"),
    "top": ("level", "share"),
}
"""Which claims answer a question of a kind, the first kind first. Of kinds not named: `ANSWERS`, in the given order."""


NEARLY_ALL = 0.8
"""Share of a cause's part in the change that one of its parts must account for to stand for it."""
CLEARLY = 1.5
"""How many times as large the part's likelihood statistic must be."""
JUST_ABOVE = 1.0 + 1e-9


def is_invalidating(claim: Claim) -> bool:
    """Whether a quality claim says that the data of the window cannot be believed."""
    return claim.kind == "quality" and claim.significant is not False and claim.details.get("invalidates") is True


def ranked(claims: Sequence[Claim], question: Question) -> tuple[Claim, ...]:
    """The claims in order, `rank` from 1. Equal claims stay in the order of the agents; the result is deterministic.

    For `why` and `compare`: faults that invalidate the data; significant, material and specific causes, those in the
    direction of the whole change first; when it began; what the change is made of; the values themselves; the rest.
    For the other kinds the claims that answer come first (`ANSWERING`): those that were tested and did not stand out
    after the others, else in the order in which their agent gives them.
    """
    searching = question.kind in ("why", "compare")
    scores = _scores(claims)
    moved = any(claim.significant and claim.kind in (*CAUSES, "change_point", "level") for claim in claims)
    order = sorted(
        range(len(claims)),
        key=lambda index: (
            *(_search_key(claims[index], scores[index], moved) if searching else _answer_key(claims[index], question)),
            index,
        ),
    )
    return tuple(claims[index].model_copy(update={"rank": place}) for place, index in enumerate(order, start=1))


def _search_key(claim: Claim, score: float, moved: bool) -> tuple[float, ...]:
    stands_out = bool(claim.significant) and claim.material is not False
    if is_invalidating(claim):
        group = 0
    elif claim.kind in CAUSES:
        group = 1 if stands_out else 6 if claim.significant else 8
    elif claim.kind == "change_point":
        group = 2 if stands_out else 7
    elif claim.kind == "contribution":
        group = 3 if moved else 5
    elif claim.kind in ANSWERS:
        group = 4
    else:
        group = 5 if claim.kind == "quality" else 9
    return (group, -score, -abs(_explained(claim)), -len(claim.segment))


def _answer_key(claim: Claim, question: Question) -> tuple[float, ...]:
    if is_invalidating(claim):
        return (0, 0, 0)
    answering = ANSWERING.get(question.kind)
    if answering is None:
        return (1 if claim.kind in ANSWERS else 2 if claim.kind == "quality" else 3, 0, 0)
    if claim.kind in answering:
        return (1, claim.significant is False, answering.index(claim.kind))
    return (2 if claim.kind in (*ANSWERS, "quality") else 3, 0, 0)


def _scores(claims: Sequence[Claim]) -> list[float]:
    """Score of every claim; a part that stands for a coarser cause is raised just above it."""
    own = [_score(claim) for claim in claims]
    raised = list(own)
    for part, claim in enumerate(claims):
        coarser = [own[at] for at, other in enumerate(claims) if _stands_for(claim, other)]
        raised[part] = max([own[part], *(score * JUST_ABOVE for score in coarser)])
    return raised


def _stands_for(part: Claim, whole: Claim) -> bool:
    """Whether a part of a cause accounts for nearly all of it, and is clearly likelier: it says more precisely where.

    `strength` is the root of a likelihood ratio.
    """
    if not (part.kind in CAUSES and whole.kind in CAUSES and part.significant and part.metric == whole.metric):
        return False
    mine, theirs = ({canonical_segment((one,)) for one in claim.segment} for claim in (part, whole))
    if not (theirs and theirs < mine and part.effect * whole.effect > 0):
        return False
    strength, other = (_number(claim, "strength") for claim in (part, whole))
    return abs(_explained(part)) >= NEARLY_ALL * abs(_explained(whole)) and strength**2 >= CLEARLY * other**2 > 0


def _number(claim: Claim, name: str) -> float:
    value = claim.details.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _score(claim: Claim) -> float:
    """The agent's own score of a cause (larger is likelier), else how much of the change the claim explains."""
    score = claim.details.get("score")
    if isinstance(score, int | float) and math.isfinite(score):
        return float(score)
    if claim.kind == "contribution":
        return abs(_explained(claim))
    return 0.0


def _explained(claim: Claim) -> float:
    return _number(claim, "explained_pct")


def without_repeats(claims: Sequence[Claim]) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """Drop causes that repeat one ranked before them, with a note for each.

    A cause repeats another if both have the same segment and direction and one kind; if rows and effect are the same
    (two names for the same rows); or if it refines the other but leaves out under 2 % of its rows and moves the effect
    by under 5 %. Claims of other kinds are kept: their parts belong together. A significant claim that repeats one of
    another agent bears it out: the kept one names that agent as `details.also_found_by`.
    """
    kept: list[Claim] = []
    notes: list[str] = []
    borne_out: dict[str, list[str]] = {}
    for claim in claims:
        first = next((one for one in kept if _repeats(claim, one)), None) if claim.kind in CAUSES else None
        if first is None:
            kept.append(claim)
        elif claim.agent != first.agent and canonical_segment(claim.segment) == canonical_segment(first.segment):
            notes.append(f"{_words(claim)} was found twice, by {first.agent} and by {claim.agent}; it is listed once.")
        else:
            notes.append(f"{_words(claim)} is not listed: it covers the same rows as {_words(first)}.")
        if first is not None and claim.significant and claim.agent != first.agent:
            borne_out.setdefault(first.id, []).append(claim.agent)
    return tuple(
        one.model_copy(update={"rank": place, "details": one.details | _also(borne_out.get(one.id, []))})
        for place, one in enumerate(kept, start=1)
    ), tuple(notes)


def _also(agents: Sequence[str]) -> dict[str, str]:
    return {"also_found_by": ", ".join(dict.fromkeys(agents))} if agents else {}


def _repeats(claim: Claim, kept: Claim) -> bool:
    if claim.id == kept.id:
        return True
    if claim.kind == kept.kind == "anomaly":  # one a time
        return False
    if claim.kind == kept.kind == "driver":  # rules of single rows, which a segment cannot always say
        return claim.details.get("rule") == kept.details.get("rule")
    if claim.kind in APART or kept.kind in APART:
        return False
    if kept.kind not in CAUSES or claim.metric != kept.metric or claim.effect * kept.effect <= 0:
        return False
    if claim.kind == kept.kind and canonical_segment(claim.segment) == canonical_segment(kept.segment):
        return True
    if claim.n == kept.n and math.isclose(claim.effect, kept.effect, rel_tol=1e-9) and claim.unit == kept.unit:
        return True
    mine, theirs = ({canonical_segment((predicate,)) for predicate in one.segment} for one in (claim, kept))
    return (
        (mine < theirs or theirs < mine)
        and min(claim.n, kept.n) >= 0.98 * max(claim.n, kept.n)
        and math.isclose(claim.effect, kept.effect, rel_tol=0.05)
    )


def _words(claim: Claim) -> str:
    members = (
        f"{one.dimension or one.metric} {' or '.join(str(value) for value in one.values) or one.op}"
        for one in claim.segment
    )
    return " and ".join(members) or "the whole"
