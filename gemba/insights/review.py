"""The rules that every claim must satisfy before anybody reads it. Pure; the checks of the data platform wrap them."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gemba.insights.grounding import numbers_of, ungrounded, words_of
from gemba.insights.kinds import lacking
from gemba.insights.types import Claim
from gemba.insights.weigh import Weighed
from gemba.planning.types import Plan
from gemba.questions.types import Predicate

if TYPE_CHECKING:
    import pandas as pd

LEAST_N = 1
SUM_TOLERANCE = 1e-9
COLUMNS = (
    *(
        "id",
        "rank",
        "agent",
        "kind",
        "metric",
        "statement",
        "effect",
        "unit",
        "ci_low",
        "ci_high",
        "p_value",
        "q_value",
    ),
    *("alpha", "significant", "material", "exact", "n", "confidence", "method", "ungrounded", "lacking"),
    *("sum_error", "level_error"),
)
FORBIDDEN = re.compile(
    r"\b(caused?|causes|causing|because of|due to|owing to|thanks to|led to|resulted in)\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every reason to hold an insight back, and the claims it is about. None means it may be shown.

    `reasons` and `claims` run in parallel; a claim id is empty where the reason is about the whole.
    """

    reasons: tuple[str, ...]
    claims: tuple[str, ...] = ()

    @property
    def may_publish(self) -> bool:
        return not self.reasons


def review(weighed: Weighed, plan: Plan) -> Verdict:
    """Collect all reasons, not just the first, so that one rerun can mend them all."""
    found = [
        (claim.id, f"{claim.id} ({claim.agent}, {claim.kind}): {reason}")
        for claim in weighed.claims
        for rule in RULES
        for reason in rule(claim, plan)
    ]
    found += [("", reason) for reason in _of_the_whole(weighed, plan)]
    return Verdict(reasons=tuple(reason for _, reason in found), claims=tuple(claim for claim, _ in found))


def claims_frame(weighed: Weighed, plan: Plan | None = None) -> pd.DataFrame:
    """The claims as a table, one row a claim in order of rank; null where a claim has no such number.

    Besides the claim's own columns: `ci_low`, `ci_high`, `alpha`; `ungrounded`, numbers of the statement that nothing
    backs, as text; `lacking`, what the claim lacks of what its kind demands; `sum_error`, for claims of a complete
    decomposition the relative difference between the sum of its parts and the change; `level_error`, for drivers the
    same between the two levels and the effect. With the plan, members that the question filters by may be named in a
    statement.
    """
    import pandas as pd

    errors = dict(_decomposition_errors(weighed.claims))
    rows = [
        {
            "id": claim.id,
            "rank": claim.rank,
            "agent": claim.agent,
            "kind": claim.kind,
            "metric": claim.metric,
            "statement": claim.statement,
            "effect": claim.effect,
            "unit": claim.unit,
            "ci_low": claim.ci[0] if claim.ci else None,
            "ci_high": claim.ci[1] if claim.ci else None,
            "p_value": claim.p_value,
            "q_value": claim.q_value,
            "alpha": weighed.alpha,
            "significant": claim.significant,
            "material": claim.material,
            "exact": claim.exact,
            "n": claim.n,
            "confidence": claim.confidence,
            "method": claim.method,
            "ungrounded": ", ".join(_ungrounded(claim, _filters(plan) if plan else ())),
            "lacking": "; ".join(lacking(claim)),
            "sum_error": errors.get(claim.id),
            "level_error": _level_error(claim),
        }
        for claim in weighed.claims
    ]
    frame = pd.DataFrame(rows, columns=list(COLUMNS))
    numeric = [
        "rank",
        "effect",
        "ci_low",
        "ci_high",
        "p_value",
        "q_value",
        "alpha",
        "n",
        "confidence",
        "sum_error",
        "level_error",
    ]
    return frame.astype(dict.fromkeys(numeric, "float64"))


def _bounds(claim: Claim, _plan: Plan) -> Iterator[str]:
    for name in ("p_value", "q_value", "confidence"):
        value = getattr(claim, name)
        if value is not None and not 0.0 <= value <= 1.0:
            yield f"{name} = {value!r} is not in [0, 1]"
    if not math.isfinite(claim.effect):
        yield f"effect = {claim.effect!r} is not a number"


def _interval(claim: Claim, _plan: Plan) -> Iterator[str]:
    if claim.ci is None:
        return
    low, high = claim.ci
    slack = 1e-9 * max(abs(low), abs(high), abs(claim.effect))
    if not low - slack <= claim.effect <= high + slack:
        yield f"the interval {low:g} to {high:g} does not contain the effect {claim.effect:g}"


def _significance(claim: Claim, plan: Plan) -> Iterator[str]:
    if claim.significant and (claim.q_value is None or claim.q_value > plan.alpha):
        yield f"called significant with q = {claim.q_value}, alpha = {plan.alpha:g}"
    if claim.q_value is not None and claim.p_value is not None and claim.q_value < claim.p_value:
        yield f"q = {claim.q_value:g} is below p = {claim.p_value:g}"


def _exactness(claim: Claim, _plan: Plan) -> Iterator[str]:
    if claim.exact and (claim.p_value is not None or claim.q_value is not None):
        yield "an arithmetic identity with a p- or q-value"


def _of_its_kind(claim: Claim, _plan: Plan) -> Iterator[str]:
    yield from lacking(claim)


def _sample(claim: Claim, _plan: Plan) -> Iterator[str]:
    if claim.n < LEAST_N and not claim.exact:
        yield f"n = {claim.n}, at least {LEAST_N} needed"
    if claim.n < 0:
        yield f"n = {claim.n} is negative"


def _grounded(claim: Claim, plan: Plan) -> Iterator[str]:
    for token in _ungrounded(claim, _filters(plan)):
        yield f"{token} in the statement is no number of the claim: {claim.statement!r}"


def _causal_words(claim: Claim, plan: Plan) -> Iterator[str]:
    for word in _forbidden(claim.statement, words_of(claim, _filters(plan))):
        yield f"says {word!r}; data of this kind shows associations"


def _driver(claim: Claim, _plan: Plan) -> Iterator[str]:
    """A rule of drivers names its conditions, tests each, and its effect is the difference of its two levels."""
    if claim.kind != "driver":
        return
    if not claim.details.get("rule") or claim.ci is None or claim.p_value is None:
        yield "a driver without its rule, an interval or a p-value"
        return
    error = _level_error(claim)
    if error is None or not error <= SUM_TOLERANCE:
        yield "the effect is not the level inside the rule less the level outside"
    tested = [value for name, value in claim.details.items() if re.fullmatch(r"p_\d+", name)]
    if len(tested) != claim.details.get("drivers"):
        yield f"{claim.details.get('drivers')} drivers, {len(tested)} of them tested"
    if any(not isinstance(p, int | float) or p > claim.p_value for p in tested):
        yield f"p = {claim.p_value:g} is below that of one of its conditions"


def _level_error(claim: Claim) -> float | None:
    """How far a driver's effect is from the difference of its levels, relative to the larger level; None elsewhere."""
    inside, outside = claim.details.get("inside"), claim.details.get("outside")
    if claim.kind != "driver" or not isinstance(inside, int | float) or not isinstance(outside, int | float):
        return None
    return _relative(float(inside) - float(outside), claim.effect, scale=max(abs(inside), abs(outside)))


RULES: tuple[Callable[[Claim, Plan], Iterator[str]], ...] = (
    _bounds,
    _interval,
    _significance,
    _exactness,
    _of_its_kind,
    _sample,
    _grounded,
    _causal_words,
    _driver,
)


def _of_the_whole(weighed: Weighed, plan: Plan) -> Iterator[str]:
    ids = [claim.id for claim in weighed.claims]
    if len(set(ids)) != len(ids):
        yield "two claims have the same id"
    if [claim.rank for claim in weighed.claims] != list(range(1, len(ids) + 1)):
        yield "the claims are not in order of rank from 1"
    lost = [claim for claim in weighed.headline if claim not in ids]
    if lost:
        yield f"the summary rests on claims that are not there: {', '.join(lost)}"
    for claim, error in _decomposition_errors(weighed.claims):
        if not error <= SUM_TOLERANCE:
            yield f"{claim}: the parts of its decomposition miss the change by {error:.3g} of it"
    yield from _summary(weighed, plan)


def _summary(weighed: Weighed, plan: Plan) -> Iterator[str]:
    if not weighed.headline and not weighed.looked:
        return  # it quotes the messages of gaps, and reports no finding
    numbers = [value for claim in weighed.claims if claim.id in weighed.headline for value in numbers_of(claim)]
    numbers += [weighed.detectable] if weighed.detectable is not None else []
    words = [word for claim in weighed.claims for word in words_of(claim, _filters(plan))]
    metric = getattr(plan.question, "metric", "")
    words += [metric, metric.replace("_", " "), metric.replace("_", " ").capitalize()]
    for token in ungrounded(weighed.summary, numbers=numbers, words=words):
        yield f"{token} in the summary is no number of its claims: {weighed.summary!r}"
    for word in _forbidden(weighed.summary, words):
        yield f"the summary says {word!r}; data of this kind shows associations"


def _forbidden(text: str, names: list[str] | tuple[str, ...]) -> tuple[str, ...]:
    """Causal words in a text, outside names (a member may be called `due to rework`)."""
    for name in names:
        if name and FORBIDDEN.search(name):
            text = text.replace(name, " ")
    return tuple(match.group(0) for match in FORBIDDEN.finditer(text))


def _ungrounded(claim: Claim, filters: tuple[Predicate, ...]) -> tuple[str, ...]:
    return ungrounded(claim.statement, numbers=numbers_of(claim), words=words_of(claim, filters))


def _filters(plan: Plan) -> tuple[Predicate, ...]:
    question = plan.question
    baseline = getattr(question, "baseline", None)
    segment = getattr(baseline, "segment", None) or ()
    return (*getattr(question, "filters", ()), *segment)


def _decomposition_errors(claims: tuple[Claim, ...]) -> Iterator[tuple[str, float]]:
    """For the first claim of each complete decomposition: how far its parts are from the change, relative.

    A decomposition is complete here when as many parts are claims as `details["parts"]` says there are. Within every
    single claim, the effects it is split into (`..._effect`) must add up to its own effect as well.
    """
    groups: dict[tuple[str, str, tuple[str, ...]], list[Claim]] = defaultdict(list)
    for claim in claims:
        if claim.kind != "contribution" or "whole_change" not in claim.details:
            continue
        dimensions = tuple(one.dimension or "" for one in claim.segment)
        way = str(claim.details.get("way", "")) + ("/factor" if "factor" in claim.details else "")
        groups[claim.agent, way, dimensions].append(claim)
        inner = [
            float(value)
            for name, value in claim.details.items()
            if name.endswith("_effect") and isinstance(value, int | float)
        ]
        if inner:
            yield claim.id, _relative(math.fsum(inner), claim.effect, scale=max(map(abs, inner)))
    for (_, way, _), parts in groups.items():
        if way.endswith("/factor") or parts[0].details.get("parts") == len(parts):
            whole = float(parts[0].details["whole_change"] or 0.0)
            effects = [part.effect for part in parts]
            yield parts[0].id, _relative(math.fsum(effects), whole, scale=max(map(abs, effects)))


def _relative(got: float, wanted: float, *, scale: float) -> float:
    """Difference in units of the larger of the wanted number and the largest summand."""
    size = max(abs(wanted), scale)
    return abs(got - wanted) / size if size else 0.0
