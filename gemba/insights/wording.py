"""One to three plain sentences made of claims, and of nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from gemba.agents.wording import difference_unit, number, quantity, segment_words
from gemba.insights.rank import ANSWERING, ANSWERS, CAUSES, is_invalidating
from gemba.insights.types import Claim, Gap
from gemba.planning.held import shown
from gemba.planning.types import Plan
from gemba.questions.types import Compare, Drivers, Question, Why, Window
from gemba.semantics.model import SemanticModel

MOST_RULES = 3  # that a summary tells
MOST_TOLD = 2  # claims, where a question is answered by several
SEARCHED: Mapping[str, tuple[str, str]] = {
    "anomaly": ("Nothing unusual stands out", "deviation"),
    "association": ("No association stands out", "correlation"),
}
"""What is said where a search found nothing, and what `detectable` is the size of."""
WOULD_BE_SEEN = "would have been seen four times out of five"
NO_ANSWER = "The data gives no answer: see the gaps."


def summarise(
    plan: Plan,
    claims: Sequence[Claim],
    *,
    gaps: Sequence[Gap],
    detectable: float | None,
    model: SemanticModel,
    looked: bool,
) -> tuple[str, tuple[str, ...]]:
    """The summary, and the ids of the claims it is made of.

    Every number in it is one of those claims' numbers, rounded, or `detectable`. Causes are "associated with" the
    change; only decompositions "arithmetically explain".
    """
    if not plan.agents:
        return "Nothing was looked at: the plan chose no analysis.", ()
    if not looked:
        reasons = "; ".join(f"{gap.agent}: {gap.message}" for gap in gaps)
        return f"Nothing could be analysed. {reasons}", ()
    if isinstance(plan.question, Why | Compare):
        return _of_change(plan, claims, gaps=gaps, detectable=detectable, model=model)
    if isinstance(plan.question, Drivers):
        return _of_drivers(plan.question, claims)
    used = [claim for claim in claims if is_invalidating(claim)][:1]
    answering = ANSWERING.get(plan.question.kind)
    if answering is None:  # values, asked for whether or not they stand out
        told = [claim for claim in claims if claim.kind in ANSWERS]
    else:
        told = [claim for claim in claims if claim.kind in answering and claim.significant is not False]
        first = [next(one for one in told if one.kind == kind) for kind in dict.fromkeys(one.kind for one in told)]
        told = first + [one for one in told if one not in first]
    used += told[:MOST_TOLD]
    sentences = [claim.statement for claim in used]
    if not told and plan.question.kind in SEARCHED and not gaps:
        sentences.append(_not_found(plan.question, detectable, model))
    if not sentences:
        return NO_ANSWER, ()
    return " ".join(sentences), tuple(claim.id for claim in used)


def _not_found(question: Question, detectable: float | None, model: SemanticModel) -> str:
    nothing, what = SEARCHED[question.kind]
    if detectable is None:
        return f"{nothing}."
    metric = getattr(question, "metric", "")
    unit = difference_unit(model, metric) if what != "correlation" else ""
    return f"{nothing}: a {what} of {quantity(detectable, unit)} {WOULD_BE_SEEN}."


def _of_drivers(question: Drivers, claims: Sequence[Claim]) -> tuple[str, tuple[str, ...]]:
    """The first rules that stand out, or that none does."""
    used = [one for one in claims if is_invalidating(one)][:1]
    told = [one for one in claims if one.kind == "driver" and one.significant]
    found = [one for one in told if one.material is not False][:MOST_RULES]
    sentences = [f"Doubtful data: {one.statement}" for one in used] + [one.statement for one in found]
    if not found:
        name, small = question.outcome.replace("_", " "), " by an amount that matters" if told else ""
        sentences.append(f"No column stands out as associated with {name}{small}.")
    used += [*found[1:], *found[:1]]  # the first last: the insight takes its confidence from there
    return " ".join(sentences), tuple(one.id for one in used)


def _of_change(
    plan: Plan, claims: Sequence[Claim], *, gaps: Sequence[Gap], detectable: float | None, model: SemanticModel
) -> tuple[str, tuple[str, ...]]:
    question = plan.question
    assert isinstance(question, Why | Compare)
    sentences: list[str] = []
    used: list[Claim] = []
    for claim in [one for one in claims if is_invalidating(one)][:1]:
        sentences.append(f"Doubtful data: {claim.statement}")
        used.append(claim)
    for claim in [one for one in claims if one.kind == "level"][:1]:
        sentences.append(f"{_other_way(question, claim)}{claim.statement}")
        used.append(claim)
    found = [one for one in claims if one.significant and one.material is not False]
    causes = [one for one in found if one.kind in CAUSES]
    causes = causes[:1] + [one for one in causes[1:] if _is_distinct(one)][:1]
    dated = [one for one in found if one.kind == "change_point"][:1]
    if causes:
        sentences.append(_cause(causes[0]))
        sentences += [_second(one) for one in causes[1:]]
    elif dated:
        sentences.append(dated[0].statement)
    elif not used and gaps:
        sentences.append(NO_ANSWER)
    else:
        sentences.append(_nothing(plan, used, detectable=detectable, model=model))
    used += [*causes[1:], *causes[:1]] or dated  # the main cause last: the insight takes its confidence from there
    return " ".join(sentences), tuple(claim.id for claim in used)


def _other_way(question: Why | Compare, level: Claim) -> str:
    """Says so where the metric moved against the direction that was asked about."""
    if question.direction is None or level.effect == 0 or (level.effect > 0) == (question.direction == "up"):
        return ""
    return "It did not rise. " if question.direction == "up" else "It did not fall. "


def _cause(claim: Claim) -> str:
    if not claim.segment:
        return claim.statement
    effect = quantity(claim.effect, claim.unit, signed=True)
    within = f" (95 % interval {number(claim.ci[0])} to {number(claim.ci[1])})" if claim.ci is not None else ""
    explained = claim.details.get("explained_pct")
    share = (
        f", which arithmetically explains {number(float(explained))} % of the change"
        if isinstance(explained, int | float) and not isinstance(explained, bool)
        else ""
    )
    return f"The change is associated with {segment_words(claim.segment)}: {effect} against the rest{within}{share}."


def _is_distinct(claim: Claim) -> bool:
    """Whether the claim still stands out once the cause before it is accounted for, and adds to the change."""
    given, explained = claim.details.get("p_given"), claim.details.get("explained_pct")
    return (
        bool(claim.segment)
        and isinstance(given, int | float)
        and isinstance(explained, int | float)
        and explained > 0
        and claim.details.get("rival_of") is None
    )


def _second(claim: Claim) -> str:
    effect = quantity(claim.effect, claim.unit, signed=True)
    return f"Apart from that, {segment_words(claim.segment)} stands out: {effect} against the rest."


def _nothing(plan: Plan, used: Sequence[Claim], *, detectable: float | None, model: SemanticModel) -> str:
    question = plan.question
    assert isinstance(question, Why | Compare)
    if any(claim.kind == "level" and claim.significant for claim in used):
        return "No single segment and no date stands out as associated with it."
    if detectable is None:
        return "Nothing stands out."
    unit = difference_unit(model, question.metric)
    return f"Nothing stands out: a change of {quantity(detectable, unit)} {WOULD_BE_SEEN}."


def dated(window: Window, model: SemanticModel) -> str:
    """The window in absolute dates of the model's zone."""
    return shown(window, ZoneInfo(model.timezone))


def during(window: Window, model: SemanticModel) -> str:
    """`on 2026-11-09`, or `from 2026-11-09 to 2026-11-15`, both days included."""
    said = dated(window, model)
    return f"from {said}" if " to " in said else f"on {said}"
