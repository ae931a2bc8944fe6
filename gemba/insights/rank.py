"""The order of claims: by what a person would act on. And which of them say the same thing twice."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gemba.insights.ids import canonical_segment
from gemba.insights.types import Claim
from gemba.questions.types import Question

CAUSES = ("localisation", "segment", "driver", "association", "anomaly", "process_control", "loss", "capability")
ANSWERS = ("level", "trend", "share", "forecast")


def is_invalidating(claim: Claim) -> bool:
    """Whether a quality claim says that the data of the window cannot be believed."""
    return claim.kind == "quality" and claim.significant is not False and claim.details.get("invalidates") is True


def ranked(claims: Sequence[Claim], question: Question) -> tuple[Claim, ...]:
    """The claims in order, `rank` from 1. Equal claims stay in the order of the agents; the result is deterministic.

    For `why` and `compare`: faults that invalidate the data; significant, material and specific causes, those in the
    direction of the whole change first; when it began; what the change is made of; the values themselves; the rest.
    For the other kinds the values asked for come first, in the order in which their agent gives them.
    """
    searching = question.kind in ("why", "compare")
    moved = any(claim.significant and claim.kind in (*CAUSES, "change_point", "level") for claim in claims)
    order = sorted(
        range(len(claims)),
        key=lambda index: (*(_search_key(claims[index], moved) if searching else _answer_key(claims[index])), index),
    )
    return tuple(claims[index].model_copy(update={"rank": place}) for place, index in enumerate(order, start=1))


def _search_key(claim: Claim, moved: bool) -> tuple[float, ...]:
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
    return (group, -_score(claim), -abs(_explained(claim)), -len(claim.segment))


def _answer_key(claim: Claim) -> tuple[float, ...]:
    if is_invalidating(claim):
        return (0,)
    return (1,) if claim.kind in (*ANSWERS, "driver") else (2,) if claim.kind == "quality" else (3,)


def _score(claim: Claim) -> float:
    """The agent's own score of a cause (larger is likelier), else how much of the change the claim explains."""
    score = claim.details.get("score")
    if isinstance(score, int | float) and math.isfinite(score):
        return float(score)
    if claim.kind == "contribution":
        return abs(_explained(claim))
    return 0.0


def _explained(claim: Claim) -> float:
    percent = claim.details.get("explained_pct")
    return float(percent) if isinstance(percent, int | float) and math.isfinite(percent) else 0.0


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
            if claim.significant and claim.agent != first.agent:
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
    if claim.kind == kept.kind == "driver":  # rules of single rows, which a segment cannot always say
        return claim.details.get("rule") == kept.details.get("rule")
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
