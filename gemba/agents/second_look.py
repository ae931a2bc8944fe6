"""Headline claims are looked at again: in halves of the window held back, and by a test of another family."""

from __future__ import annotations

import math

from gemba.agents.candidates import Candidate
from gemba.insights.confidence import RANKS_AGREE
from gemba.insights.types import Claim
from gemba.statistics.replication import replicate


def looked_again(claim: Claim, candidate: Candidate) -> Claim:
    """The claim with `replicated`, and with what the rank-sum test says, as `p_rank_sum` and `ranks_agree`.

    Unchanged for a member without a past of its own. No test of the family: a second look makes no claim, it can
    only take trust from one.
    """
    if candidate.aspect == "arrival":
        return claim
    found = candidate.compared.found
    num, den, total_num, total_den = candidate.series
    again = replicate(
        num,
        den,
        total_num,
        total_den,
        timeline=found.timeline,
        against_rest=candidate.aspect == "level",
        adds_up=found.additive,
    )
    told = math.isfinite(again.p_rank)
    details = {
        **claim.details,
        "p_rank_sum": again.p_rank if told else None,
        "ranks_agree": (again.same_sign and again.p_rank <= RANKS_AGREE) if told else None,
    }
    return claim.model_copy(update={"replicated": again.replicated, "details": details})
