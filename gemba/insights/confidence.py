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
        "constant": -8.477,
        "evidence": 0.580,
        "signal": 0.268,
        "strongest": 1.429,
        "relative": 3.189,
        "explained": 0.958,
        "replicated": 0.458,
        "not replicated": -2.387,
        "ranks agree": 0.755,
        "rival": -4.601,
        "further predicates": -3.162,
    },
    START: {"constant": -1.843, "evidence": -0.228, "signal": 0.724, "days": -0.001},
}
"""Weights of two logistic regressions: of segments named as causes, and of dated changes. Fitted on simulated factories
(`python -m benchmarks.plant --seeds 1-40 --fit`), judged on others."""

MOST_EVIDENCE = 8.0
MOST_SIGNAL = 10.0
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
        others: All claims of the investigation, weighed alike.
        doubtful_data: A fault in the data coincides with the window.

    Returns:
        For a segment named as a cause, and for the date of a change: a logistic regression on `features_of`.
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
        trust = _logistic(features, WEIGHTS[family_of(claim)]) * _agreement(claim, others)
    elif claim.q_value is not None and (claim.significant or claim.kind not in ESTIMATES):
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

    `evidence`: -log10 of q. `signal`: effect over its standard error. `strongest`, `relative`: whether the claim has
    the largest score among the causes, and its score over the largest. `explained`: part of the whole change.
    """
    family = family_of(claim)
    if not family:
        return None
    assert claim.q_value is not None
    common = {"evidence": min(-math.log10(max(claim.q_value, 1e-12)), MOST_EVIDENCE), "signal": _signal(claim)}
    if family == START:
        return {**common, "days": min(_days(claim) or 0.0, MOST_DAYS)}
    scores = {one.id: _number(one, "score") for one in others if family_of(one) == CAUSE}
    best, own = max(scores.values(), default=0.0), scores.get(claim.id, 0.0)
    return {
        **common,
        "strongest": float(own >= best),
        "relative": own / best if best > 0 else 1.0,
        "explained": min(abs(_number(claim, "explained_pct")) / 100.0, 1.5),
        "replicated": float(claim.replicated is True),
        "not replicated": float(claim.replicated is False),
        "ranks agree": float(claim.details.get("ranks_agree") is True),
        "rival": float(bool(claim.details.get("rival_of"))),
        "further predicates": float(len(claim.segment) - 1),
    }


def _logistic(features: Mapping[str, float], weights: Mapping[str, float]) -> float:
    z = weights["constant"] + sum(weights[name] * value for name, value in features.items())
    return 1.0 / (1.0 + math.exp(-z)) if z >= 0 else math.exp(z) / (1.0 + math.exp(z))


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
    """|effect| over its standard error, read off the interval as a normal one; the largest without an interval."""
    if claim.ci is None:
        return MOST_SIGNAL
    error = (claim.ci[1] - claim.ci[0]) / 2.0 / NORMAL_95
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
