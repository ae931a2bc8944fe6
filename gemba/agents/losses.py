"""What a product of shares, such as OEE, loses to each of its factors."""

from __future__ import annotations

from gemba.agents.base import Brief
from gemba.agents.wording import name_of, number, quantity, segment_words, sentence
from gemba.evidence.measure import rollup, values
from gemba.evidence.types import TOTAL
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap
from gemba.insights.wording import during
from gemba.questions.types import Level

AGENT = "losses"
METHOD = "oee"
OVER = 1.0 + 1e-9  # a share above this is no share
MINUTES = {"min": 1.0, "h": 60.0, "s": 1.0 / 60.0}


class LossesAgent:
    """Splits 100 % into what is left and what each factor loses, in the order of the factors. Exact."""

    name = AGENT
    description = "What a product of shares, such as OEE, loses to each factor, the largest first."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, Level)
        model, metric = brief.model, question.metric
        whole = rollup(brief.evidence.cube("series", TOTAL), (), model=model, metric=metric)
        factors: list[tuple[str, float]] = []
        for name in model.metrics[metric].product or ():
            found = values(whole, model=model, metric=name)
            if found.is_empty() or found[0] is None:
                return Gap(agent=AGENT, reason="too_little_data", message=f"{name_of(name)} has no value in the window")
            factors.append((name, float(found[0])))
        over = [name for name, share in factors if not 0.0 <= share <= OVER]
        if over:
            shown = ", ".join(f"{name_of(name)} {100.0 * share:.1f} %" for name, share in factors if name in over)
            message = (
                f"{shown}: a share beyond 0 to 100 % has no loss. Of performance this says that the ideal cycle time "
                "is longer than the machine needs"
            )
            return Gap(agent=AGENT, reason="unsupported", message=message)
        lost, left = [], 1.0
        for name, share in factors:
            lost.append((name, share, left * (1.0 - share)))
            left *= share
        rows = int(max((whole[column][0] or 0.0) for column in whole.columns if column.endswith(".n")))
        ordered = sorted(lost, key=lambda one: -one[2])
        claims = tuple(_claim(brief, one, place, left, rows) for place, one in enumerate(ordered, start=1))
        return Findings(agent=AGENT, claims=claims, charts=(_chart(brief, lost, left),))


def _claim(brief: Brief, loss: tuple[str, float, float], place: int, left: float, rows: int) -> Claim:
    question = brief.plan.question
    assert isinstance(question, Level)
    name, share, lost = loss
    conditions = tuple(one for one in question.filters if one.dimension is not None)
    of = f" of {segment_words(conditions)}" if conditions else ""
    points, factor = 100.0 * lost, 100.0 * share
    when = during(question.window, brief.model)
    place_words = "the largest loss" if place == 1 else f"loss number {place}"
    return Claim(
        id=claim_id("loss", question.metric, (), question=question, agent=AGENT, extra=name),
        kind="loss",
        metric=question.metric,
        statement=f"{sentence(name_of(name))}{of} was {number(factor)} % {when} and takes "
        f"{quantity(points, 'pp')} off {name_of(question.metric)}, {place_words}; {number(100.0 * left)} % is left.",
        effect=points,
        unit="pp",
        exact=True,
        n=rows,
        method=METHOD,
        agent=AGENT,
        details={"factor": name, "share_pct": factor, "left_pct": 100.0 * left, "position": place},
    )


def _chart(brief: Brief, lost: list[tuple[str, float, float]], left: float) -> Chart:
    question = brief.plan.question
    assert isinstance(question, Level)
    return Chart(
        title=f"Losses of {name_of(question.metric)}",
        kind="waterfall",
        data={
            "label": ["all planned", *(name_of(name) for name, _, _ in lost), name_of(question.metric)],
            "value": [100.0, *(-100.0 * part for _, _, part in lost), 100.0 * left],
            "role": ["start", *("change" for _ in lost), "end"],
        },
        unit="%",
    )
