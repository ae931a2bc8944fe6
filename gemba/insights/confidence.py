"""How far to trust one claim, in [0, 1]. The formula and its reasons: `docs/methods/confidence.md`."""

from __future__ import annotations

from collections.abc import Sequence

from gemba.insights.ids import canonical_segment
from gemba.insights.types import Claim

ALONE = 0.95  # no other method looked at the same segment
AGREED = 1.0
CONTRADICTED = 0.6  # another method finds the opposite in the same segment
REPLICATION: dict[bool | None, float] = {True: 1.0, None: 1.0, False: 0.6}
ESTIMATES = ("level", "trend", "share")
DOUBTFUL_DATA = 0.5  # faults in the data coincide with the window


def confidence_of(claim: Claim, others: Sequence[Claim], *, doubtful_data: bool) -> float | None:
    """`(1 - q) × reliability × replication × agreement`, halved where the data itself is in doubt.

    Args:
        claim: Weighed already: `q_value` and `significant` are set.
        others: All claims of the investigation, weighed alike.
        doubtful_data: A fault in the data coincides with the window.

    Returns:
        None for an arithmetic identity: given the data there is nothing uncertain about it, and a 1 would read as
        certainty about the cause. For an estimate without a test, or a level, trend or share that is not significant
        (it says "between these bounds", which needs no effect to be true): the interval's level × (1 - 1/n).
    """
    if claim.exact:
        return None
    if claim.q_value is not None and (claim.significant or claim.kind not in ESTIMATES):
        trust = (1.0 - claim.q_value) * _reliability(claim) * REPLICATION[claim.replicated] * _agreement(claim, others)
    elif claim.ci is not None:
        trust = claim.ci_level * (1.0 - 1.0 / max(claim.n, 1))
    else:
        return None
    if doubtful_data and claim.kind != "quality":
        trust *= DOUBTFUL_DATA
    return min(max(trust, 0.0), 1.0)


def _reliability(claim: Claim) -> float:
    """Share of the estimate's mean square that is not sampling noise: `effect² / (effect² + se²)`.

    The standard error is read off the interval as a normal one, which errs towards less trust for few degrees of
    freedom. 1 without an interval: the test alone speaks.
    """
    if claim.ci is None:
        return 1.0
    error = (claim.ci[1] - claim.ci[0]) / 2.0 / 1.959963984540054
    square = claim.effect**2
    return square / (square + error**2) if square + error**2 > 0 else 0.0


def _agreement(claim: Claim, others: Sequence[Claim]) -> float:
    """Whether a significant claim of another agent about the same segment points the same way."""
    segment = canonical_segment(claim.segment)
    signs = {
        other.effect * claim.effect > 0
        for other in others
        if other.agent != claim.agent
        and other.significant
        and other.metric == claim.metric
        and other.kind not in ("quality", "history")
        and canonical_segment(other.segment) == segment
    }
    if False in signs:
        return CONTRADICTED
    return AGREED if True in signs else ALONE
