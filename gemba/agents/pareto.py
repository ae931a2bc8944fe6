"""How few members make up most of a metric, and whether the first is really the first."""

from __future__ import annotations

import numpy as np

from gemba.agents.base import Brief
from gemba.agents.panel import segment_of
from gemba.agents.wording import name_of, number, quantity, segment_words, sentence
from gemba.errors import UnusableValuesError
from gemba.evidence.measure import rollup, rows, values
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap, Test
from gemba.insights.wording import during
from gemba.questions.types import Share, Top
from gemba.statistics.pareto import VITAL, Pareto, pareto

AGENT = "pareto"
METHOD = "pareto"
MOST_BARS = 20


class ParetoAgent:
    """Ranks the members of one dimension by what each adds to the whole."""

    name = AGENT
    description = "How few members make up 80 %, and whether the first leads the second by more than chance."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, Top | Share)
        model, metric = brief.model, question.metric
        (dimension,) = question.group_by
        frame = rollup(brief.evidence.cube("series", question.group_by), question.group_by, model=model, metric=metric)
        amounts = values(frame, model=model, metric=metric).fill_null(0.0).to_numpy()
        n = rows(frame, model=model, metric=metric).to_numpy()
        names = [None if name is None else str(name) for name in frame[dimension]]
        counted = model.metrics[metric].kind == "count"
        squares = None if counted else frame[f"{metric}.sumsq"].to_numpy()
        known = [name if name is not None else "unknown" for name in names]
        try:
            found = pareto(known, amounts, counted=counted, squares=squares)
        except UnusableValuesError as error:
            return Gap(agent=AGENT, reason="unsupported", message=str(error))
        if len(known) < 2:
            return Findings(agent=AGENT, notes=("there is only one member: nothing to rank",))
        claims = [_vital(brief, found, int(n.sum()))]
        tests: tuple[Test, ...] = ()
        if found.lead is not None and len(found.tied_first) == 1:
            claims.append(_lead(brief, found, names[known.index(found.names[0])], int(n.sum())))
            tests = (Test(id=f"{AGENT}:lead", p_value=found.lead.p, claim=claims[-1].id),)
        return Findings(agent=AGENT, claims=tuple(claims), tests=tests, charts=(_chart(brief, found),))


def _vital(brief: Brief, found: Pareto, n: int) -> Claim:
    question = brief.plan.question
    assert isinstance(question, Top | Share)
    unit = brief.model.metrics[question.metric].unit
    dimension = name_of(question.group_by[0])
    reached = 100.0 * found.cumulative[found.vital - 1]
    first = ", ".join(found.names[: min(found.vital, 5)]) + (", …" if found.vital > 5 else "")
    total = float(sum(found.amounts))
    return Claim(
        id=claim_id("share", question.metric, (), question=question, agent=AGENT, extra="vital"),
        kind="share",
        metric=question.metric,
        statement=f"{found.vital} of {len(found.names)} members of {dimension} ({first}) made up "
        f"{number(reached)} % of the {quantity(total, unit)} of {name_of(question.metric)} "
        f"{during(question.window, brief.model)}.",
        effect=reached,
        unit="%",
        exact=True,
        n=n,
        method=METHOD,
        agent=AGENT,
        details={"vital": found.vital, "members": len(found.names), "total": total, "rule_pct": 100.0 * VITAL}
        | {f"member_{place}": name for place, name in enumerate(found.names[:5], start=1)},
    )


def _lead(brief: Brief, found: Pareto, first: str | None, n: int) -> Claim:
    question = brief.plan.question
    assert isinstance(question, Top | Share)
    assert found.lead is not None
    segment = segment_of(question.group_by, (first,))
    lead = found.lead
    most = number(lead.high) if np.isfinite(lead.high) else "any number"
    high = lead.high if np.isfinite(lead.high) else float(np.finfo(float).max)
    return Claim(
        id=claim_id("share", question.metric, segment, question=question, agent=AGENT, extra="lead"),
        kind="share",
        metric=question.metric,
        segment=segment,
        statement=f"{sentence(segment_words(segment))} has {number(lead.ratio)} times the "
        f"{name_of(question.metric)} of {name_of(question.group_by[0])} {found.names[1]}, the second (95 % interval "
        f"{number(lead.low)} to {most}).",
        effect=lead.ratio,
        unit="times",
        ci=(lead.low, high),
        p_value=lead.p,
        n=n,
        method=METHOD,
        agent=AGENT,
        details={"second": found.names[1], "interval": lead.method},
    )


def _chart(brief: Brief, found: Pareto) -> Chart:
    question = brief.plan.question
    assert isinstance(question, Top | Share)
    labels, amounts = list(found.names[:MOST_BARS]), list(found.amounts[:MOST_BARS])
    cumulative = [100.0 * share for share in found.cumulative[:MOST_BARS]]
    if len(found.names) > MOST_BARS:
        labels.append(f"{len(found.names) - MOST_BARS} others")
        amounts.append(float(sum(found.amounts[MOST_BARS:])))
        cumulative.append(100.0)
    return Chart(
        title=f"Pareto of {name_of(question.metric)} by {name_of(question.group_by[0])}",
        kind="pareto",
        data={"label": labels, "value": amounts, "cumulative": cumulative},
        unit=brief.model.metrics[question.metric].unit,
    )
