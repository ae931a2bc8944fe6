"""How far to trust one claim: the share of claims like it that are right. See `docs/methods/confidence.md`."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

from gemba.insights.ids import canonical_segment
from gemba.insights.types import Claim

CAUSE = "cause"
START = "start"
WEIGHTS: Mapping[str, Mapping[str, float]] = {
    CAUSE: {
        "constant": -6.366,
        "evidence": 1.364,
        "signal": -0.023,
        "leads": 2.410,
        "alone": 1.833,
        "relative": 2.571,
        "replicated": 0.585,
        "not replicated": -5.176,
        "ranks agree": -0.166,
        "found twice": 4.527,
        "rival": -1.717,
        "further predicates": -2.687,
    },
    START: {
        "constant": -2.211,
        "cause dated alike": 2.332,
        "cause dated otherwise": -3.561,
        "level": 1.263,
        "cause": 1.336,
        "width": -0.118,
        "drift": -0.676,
    },
}
"""Weights of two logistic regressions: of segments named as causes, and of dated changes."""

GRADES: Mapping[str, tuple[tuple[float, float], ...]] = {
    CAUSE: ((0, 0.000574), (0.00188, 0.0107), (0.0384, 0.125), (0.609, 0.905), (0.951, 0.997)),
    START: ((0, 0.127), (0.285, 0.891)),
}
"""Where a grade begins on the scale of the regression, and the share of its claims that were right.

Both were fitted on simulated factories (`benchmarks/calibration.py` prints them), and are judged on others.
"""

MOST_EVIDENCE = 8.0
MOST_SIGNAL = 10.0
MOST_OF_LEVEL = 2.0
MOST_OF_CAUSE = 1.3
MOST_DAYS = 21.0
NORMAL_95 = 1.959963984540054
RANKS_AGREE = 0.05

AGREED = 1.0
CONTRADICTED = 0.6  # another agent finds the opposite in the same segment
ESTIMATES = ("level", "trend", "share")
DOUBTFUL_DATA = 0.5  # faults in the data coincide with the window


def confidence_of(claim: Claim, others: Sequence[Claim], *, doubtful_data: bool) -> float | None:
    """The chance that the claim is right, as far as claims about simulated factories tell.

    Args:
        claim: Weighed already: `q_value` and `significant` are set.
        others: The claims that the insight lists, weighed alike; what repeats another is left out already.
        doubtful_data: A fault in the data coincides with the window.

    Returns:
        For a segment named as a cause, and for the date of a change: the share right in the grade that a logistic
        regression on `features_of` puts it in. For a significant level, trend or share: `1 - q`.
        For other tests: `1 - q` times the share of the effect's square that is not sampling noise.
        For an estimate without a test, or a level, trend or share that is not significant (it says "between these
        bounds", which needs no effect to be true): the interval's level × (1 - 1/n).
        None for an arithmetic identity: given the data there is nothing uncertain about it, and a 1 would read as
        certainty about the cause.
    """
    if claim.exact:
        return None
    features = features_of(claim, others)
    if features is not None:
        family = family_of(claim)
        trust = _grade(_logistic(features, WEIGHTS[family]), GRADES[family]) * _agreement(claim, others)
    elif claim.q_value is not None and claim.significant and claim.kind in ESTIMATES:
        trust = (1.0 - claim.q_value) * _agreement(claim, others)
    elif claim.q_value is not None and claim.kind not in ESTIMATES:
        trust = (1.0 - claim.q_value) * _reliability(claim) * _agreement(claim, others)
    elif claim.ci is not None:
        trust = claim.ci_level * (1.0 - 1.0 / max(claim.n, 1))
    else:
        return None
    if doubtful_data and claim.kind != "quality":
        trust *= DOUBTFUL_DATA
    return min(max(trust, 0.0), 1.0)


def family_of(claim: Claim) -> str:
    """Which regression speaks about the claim; empty if none does."""
    if claim.q_value is None:
        return ""
    if claim.kind in ("segment", "localisation") and claim.segment:
        return CAUSE
    return START if claim.kind == "change_point" and _days(claim) is not None else ""


def features_of(claim: Claim, others: Sequence[Claim]) -> dict[str, float] | None:
    """What the regression of the claim's family looks at; None for a claim of no such family.

    The page `docs/methods/confidence.md` says what each means.
    """
    family = family_of(claim)
    if not family:
        return None
    causes = [one for one in others if family_of(one) == CAUSE]
    return _of_start(claim, causes, others) if family == START else _of_cause(claim, causes)


def _of_cause(claim: Claim, causes: Sequence[Claim]) -> dict[str, float]:
    leads = bool(claim.significant) and _standing(claim) >= max(_standing(one) for one in causes)
    best = max((_number(one, "score") for one in causes), default=0.0)
    return {
        "evidence": math.sqrt(_evidence(claim.q_value, MOST_EVIDENCE)),
        "signal": _signal(claim),
        "leads": float(leads),
        "alone": float(bool(claim.significant) and sum(bool(one.significant) for one in causes) == 1),
        "relative": min(max(_number(claim, "score") / best, -1.0), 1.0) if best > 0 else 1.0,
        "replicated": float(claim.replicated is True),
        "not replicated": float(claim.replicated is False),
        "ranks agree": float(claim.details.get("ranks_agree") is True),
        "found twice": float(bool(claim.details.get("also_found_by"))),
        "rival": float(bool(claim.details.get("rival_of"))),
        "further predicates": float(len(claim.segment) - 1),
    }


def _of_start(claim: Claim, causes: Sequence[Claim], others: Sequence[Claim]) -> dict[str, float]:
    found = [one for one in causes if one.significant and _days(one) is not None]
    lead = max(found, key=_standing, default=None)
    level = max((_evidence(one.p_value, MOST_OF_LEVEL) for one in others if one.kind == "level"), default=0.0)
    return {
        "cause dated alike": float(lead is not None and _overlap(claim, lead)),
        "cause dated otherwise": float(lead is not None and not _overlap(claim, lead)),
        "level": level,
        "cause": max((_evidence(one.q_value, MOST_OF_CAUSE) for one in causes), default=0.0),
        "width": min((_days(claim) or 0.0) / MOST_DAYS, 1.0),
        "drift": float(claim.details.get("shape") == "ramp"),
    }


def _standing(claim: Claim) -> tuple[bool, int, float]:
    """By which causes are ordered: significant ones first, then by rank (0: not ranked), then by score."""
    return bool(claim.significant), -(claim.rank or 0), _number(claim, "score")


def _evidence(probability: float | None, most: float) -> float:
    """-log10 of a p- or q-value, at most `most`; 0 where there is none."""
    return 0.0 if probability is None else min(-math.log10(max(probability, 1e-300)), most)


def _overlap(one: Claim, other: Claim) -> bool:
    """Whether the sets of dates of two claims have a day in common."""
    low, high, begin, end = (
        str(claim.details[name])[:10] for claim in (one, other) for name in ("date_low", "date_high")
    )
    return low <= end and begin <= high


def _logistic(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    z = weights["constant"] + sum(weights[name] * value for name, value in features.items())
    return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))


def _grade(value: float, grades: Sequence[tuple[float, float]]) -> float:
    """The share right in the highest grade that begins at or below the value."""
    return max(grade for grade in grades if grade[0] <= value)[1]


def _number(claim: Claim, name: str) -> float:
    """A finite, non-negative-infinite detail; 0 where there is none."""
    value = claim.details.get(name)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else 0.0


def _days(claim: Claim) -> float | None:
    low, high = claim.details.get("date_low"), claim.details.get("date_high")
    if not isinstance(low, str) or not isinstance(high, str):
        return None
    return float((date.fromisoformat(high[:10]) - date.fromisoformat(low[:10])).days)


def _signal(claim: Claim) -> float:
    """|effect| over its standard error, read off the interval as a normal one; the largest without an interval.

    0 where a number of it is none: such a claim is held back by the review, not here.
    """
    if claim.ci is None:
        return MOST_SIGNAL
    error = (claim.ci[1] - claim.ci[0]) / 2.0 / NORMAL_95
    if not math.isfinite(claim.effect) or not math.isfinite(error):
        return 0.0
    return min(abs(claim.effect) / error, MOST_SIGNAL) if error > 0 else MOST_SIGNAL


def _reliability(claim: Claim) -> float:
    """Share of the estimate's mean square that is not sampling noise: `effect² / (effect² + se²)`.

    The standard error is read off the interval as a normal one, which errs towards less trust for few degrees of
    freedom. 1 without an interval: the test alone speaks.
    """
    if claim.ci is None:
        return 1.0
    error = (claim.ci[1] - claim.ci[0]) / 2.0 / NORMAL_95
    square = claim.effect**2
    return square / (square + error**2) if square + error**2 > 0 else 0.0


def _agreement(claim: Claim, others: Sequence[Claim]) -> float:
    """Less where a significant claim of another agent about the same segment points the other way."""
    segment = canonical_segment(claim.segment)
    contradicted = any(
        other.effect * claim.effect < 0
        for other in others
        if other.agent != claim.agent
        and other.significant
        and other.metric == claim.metric
        and other.kind not in ("quality", "history")
        and canonical_segment(other.segment) == segment
    )
    return CONTRADICTED if contradicted else AGREED
