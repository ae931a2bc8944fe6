"""What was said about the metric before: causes that come back, answers that contradict, answers withdrawn."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from gemba.agents.base import Brief, PastInsight
from gemba.agents.wording import name_of, segment_words
from gemba.insights.ids import canonical_segment, claim_id
from gemba.insights.rank import CAUSES
from gemba.insights.types import Claim, Findings, Gap
from gemba.questions.key import canonical

AGENT = "history"
METHOD = "history"
MOST_REPEATED = 5


class HistoryAgent:
    """Looks through earlier insights about the metric. Counts only; it tests nothing."""

    name = AGENT
    description = "What earlier answers said about this metric: repeated causes, contradictions, withdrawn answers."

    def analyse(self, brief: Brief) -> Findings | Gap:
        metric = getattr(brief.plan.question, "metric", None)
        past = [one for one in brief.past if metric is not None and getattr(one.question, "metric", None) == metric]
        if not past:
            return Findings(agent=AGENT, notes=("nothing was said about the metric before",))
        standing = [one for one in past if not one.withdrawn]
        claims = [*_repeated(brief, standing), *_contradicting(brief, standing), *_withdrawn(brief, past)]
        return Findings(agent=AGENT, claims=tuple(claims), notes=(f"{len(past)} earlier answers were read",))


def _repeated(brief: Brief, past: Sequence[PastInsight]) -> list[Claim]:
    """Segments that were a significant cause in several insights about different questions."""
    found: dict[str, dict[str, tuple[PastInsight, Claim]]] = defaultdict(dict)
    for insight in past:
        asked = str(canonical(insight.question))
        for claim in insight.claims:
            if claim.kind in CAUSES and claim.segment and claim.significant and claim.material is not False:
                found[canonical_segment(claim.segment)].setdefault(asked, (insight, claim))
    often = sorted((item for item in found.items() if len(item[1]) > 1), key=lambda item: (-len(item[1]), item[0]))
    claims = []
    for _, cases in often[:MOST_REPEATED]:
        newest, claim = max(cases.values(), key=lambda case: case[0].created_at)
        up = sum(one.effect > 0 for _, one in cases.values())
        words = segment_words(claim.segment)
        statement = (
            f"{words[:1].upper()}{words[1:]} was associated with a change of {name_of(claim.metric)} in {len(cases)} "
            f"earlier answers ({up} up, {len(cases) - up} down), last on {newest.created_at:%Y-%m-%d}."
        )
        details: dict[str, float | int | str | bool | None] = {
            "up": up,
            "down": len(cases) - up,
            "last": f"{newest.created_at:%Y-%m-%d}",
            "last_insight": newest.insight_id,
        }
        claims.append(_claim(brief, "repeated", statement, len(cases), claim, details))
    return claims


def _contradicting(brief: Brief, past: Sequence[PastInsight]) -> list[Claim]:
    """Standing answers to this very question whose first cause differs from, or turns round, a newer one's."""
    mine = str(canonical(brief.plan.question))
    first: list[tuple[PastInsight, Claim]] = []
    for insight in sorted(past, key=lambda one: (one.created_at, one.insight_id), reverse=True):
        causes = [one for one in insight.claims if one.kind in CAUSES and one.significant]
        if causes and str(canonical(insight.question)) == mine:
            first.append((insight, min(causes, key=lambda one: one.rank or len(causes) + 1)))
    claims = []
    for (newer, now), (older, then) in pairwise(first):
        same = canonical_segment(now.segment) == canonical_segment(then.segment)
        if same and now.effect * then.effect > 0:
            continue
        difference = "the opposite direction" if same else f"{segment_words(then.segment)} first"
        statement = (
            f"Earlier answers to this question differ: on {newer.created_at:%Y-%m-%d} {segment_words(now.segment)} "
            f"came first, on {older.created_at:%Y-%m-%d} {difference}."
        )
        details: dict[str, float | int | str | bool | None] = {
            "newer": newer.insight_id,
            "older": older.insight_id,
            "older_segment": segment_words(then.segment),
        }
        claims.append(_claim(brief, f"contradiction:{older.insight_id}", statement, 2, now, details))
    return claims


def _withdrawn(brief: Brief, past: Sequence[PastInsight]) -> list[Claim]:
    gone = [one for one in past if one.withdrawn]
    if not gone:
        return []
    newest = max(gone, key=lambda one: (one.created_at, one.insight_id))
    metric = getattr(brief.plan.question, "metric", "")
    statement = (
        f"{len(gone)} of {len(past)} earlier answers about {name_of(metric)} were withdrawn, the newest of them from "
        f"{newest.created_at:%Y-%m-%d}."
    )
    details: dict[str, float | int | str | bool | None] = {"earlier": len(past), "newest": newest.insight_id}
    return [_claim(brief, "withdrawn", statement, len(gone), None, details)]


def _claim(
    brief: Brief,
    extra: str,
    statement: str,
    count: int,
    about: Claim | None,
    details: dict[str, float | int | str | bool | None],
) -> Claim:
    question = brief.plan.question
    metric = getattr(question, "metric", "")
    segment = about.segment if about is not None else ()
    return Claim(
        id=claim_id("history", metric, segment, question=question, agent=AGENT, extra=extra),
        kind="history",
        metric=metric,
        segment=segment,
        statement=statement,
        effect=float(count),
        unit="answers",
        exact=True,
        n=count,
        method=METHOD,
        agent=AGENT,
        details=details,
    )
