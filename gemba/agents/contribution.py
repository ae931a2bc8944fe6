"""What the change is made of: arithmetic that sums exactly to it."""

from __future__ import annotations

from gemba.agents.base import Brief
from gemba.agents.breakdown import Breakdown, Part, breakdown, factors, rates_and_mix, sides
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words, sentence, waterfall_title
from gemba.errors import RefusedError, SampleTooSmallError
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap
from gemba.questions.types import Compare, Why

AGENT = "contribution"
METHOD = "contribution"
MOST_CLAIMS = 12
MOST_PARTS_DRAWN = 8


class ContributionAgent:
    """Splits the change by segment: rates, mix, volume, factors."""

    name = AGENT
    description = "What the change is made of: parts that add up to it exactly."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, Why | Compare)
        try:
            two = sides(brief)
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        notes: list[str] = []
        found: list[Breakdown] = []
        for grouping in two.groupings:
            if len(grouping) > 1:
                continue
            brief.check_time()
            try:
                found.append(breakdown(two, grouping))
            except (RefusedError, SampleTooSmallError) as error:
                notes.append(f"{' and '.join(map(name_of, grouping))}: {error}")
        claims = [_factor_claim(brief, question, part, two.change) for part in factors(two)]
        drawn = _most_unequal(found)
        if drawn is not None:
            claims += [_mix_claim(brief, question, drawn, part, two.change) for part in rates_and_mix(drawn)]
        ranked = sorted(
            ((whole, part) for whole in found if len(whole.grouping) == 1 for part in whole.parts),
            key=lambda pair: -abs(pair[1].value),
        )
        claims += [
            _claim(brief, question, whole, part, two.change) for whole, part in ranked[: MOST_CLAIMS - len(claims)]
        ]
        return Findings(
            agent=AGENT, claims=tuple(claims), charts=tuple(_charts(brief, question, found)), notes=tuple(notes)
        )


def _claim(brief: Brief, question: Why | Compare, whole: Breakdown, part: Part, change: float) -> Claim:
    metric = question.metric
    scale, unit = brief.model.metrics[metric].scale, difference_unit(brief.model, metric)
    value, total = part.value * scale, change * scale
    percent = 100.0 * part.value / change if change else 0.0
    words = segment_words(part.segment) if part.segment else part.label
    statement = (
        f"{words[:1].upper()}{words[1:]} arithmetically explains {quantity(value, unit, signed=True)} of the change of "
        f"{quantity(total, unit, signed=True)} in {name_of(metric)} ({number(percent)} %)"
    )
    details: dict[str, float | int | str | bool | None] = {"whole_change": total, "explained_pct": percent}
    if part.effects:
        details |= {name: amount * scale for name, amount in part.effects.items()}
        listed = ", ".join(
            f"{name} {quantity(amount * scale, unit, signed=True)}" for name, amount in part.effects.items()
        )
        statement += f": {listed}"
    return Claim(
        id=claim_id("contribution", metric, part.segment, question=question, agent=AGENT, extra=part.label),
        kind="contribution",
        metric=metric,
        segment=part.segment,
        statement=statement + ".",
        effect=value,
        unit=unit,
        exact=True,
        n=part.n,
        method=METHOD,
        agent=AGENT,
        details=details | {"parts": len(whole.parts), "way": whole.way},
    )


def _factor_claim(brief: Brief, question: Why | Compare, part: Part, change: float) -> Claim:
    metric = question.metric
    scale, unit = brief.model.metrics[metric].scale, difference_unit(brief.model, metric)
    value, total = part.value * scale, change * scale
    percent = 100.0 * part.value / change if change else 0.0
    statement = (
        f"{sentence(name_of(part.label))} arithmetically explains {quantity(value, unit, signed=True)} of the "
        f"change of {quantity(total, unit, signed=True)} in {name_of(metric)} ({number(percent)} %), averaged over "
        "all orders of replacing the factors (Shapley)."
    )
    return Claim(
        id=claim_id("contribution", metric, (), question=question, agent=AGENT, extra=f"factor:{part.label}"),
        kind="contribution",
        metric=metric,
        statement=statement,
        effect=value,
        unit=unit,
        exact=True,
        n=part.n,
        method=METHOD,
        agent=AGENT,
        details={"whole_change": total, "explained_pct": percent, "factor": part.label, "way": "shapley"},
    )


def _mix_claim(brief: Brief, question: Why | Compare, whole: Breakdown, part: Part, change: float) -> Claim:
    metric = question.metric
    scale, unit = brief.model.metrics[metric].scale, difference_unit(brief.model, metric)
    value, total = part.value * scale, change * scale
    percent = 100.0 * part.value / change if change else 0.0
    dimension = whole.grouping[0]
    statement = (
        f"{quantity(value, unit, signed=True)} of the change of {quantity(total, unit, signed=True)} in "
        f"{name_of(metric)} is arithmetically explained by the {part.label} ({number(percent)} %)."
    )
    return Claim(
        id=claim_id("contribution", metric, (), question=question, agent=AGENT, extra=f"{part.label}:{dimension}"),
        kind="contribution",
        metric=metric,
        statement=statement,
        effect=value,
        unit=unit,
        exact=True,
        n=part.n,
        method=METHOD,
        agent=AGENT,
        details={
            "whole_change": total,
            "explained_pct": percent,
            "factor": part.label,
            "dimension": dimension,
            "way": whole.way,
        },
    )


def _most_unequal(found: list[Breakdown]) -> Breakdown | None:
    """The single dimension with the largest part; of equal ones that with fewer parts."""
    single = [whole for whole in found if len(whole.grouping) == 1 and len(whole.parts) > 1]
    return max(
        single, key=lambda one: max(abs(part.value) for part in one.parts) - 1e-12 * len(one.parts), default=None
    )


def _charts(brief: Brief, question: Why | Compare, found: list[Breakdown]) -> list[Chart]:
    """A waterfall a dimension, the most unequal first. Which of them is shown is decided when all is weighed."""
    first = _most_unequal(found)
    if first is None:
        return []
    others = [whole for whole in found if len(whole.grouping) == 1 and len(whole.parts) > 1 and whole is not first]
    return [_waterfall(brief, question, whole) for whole in (first, *others)]


def _waterfall(brief: Brief, question: Why | Compare, whole: Breakdown) -> Chart:
    metric = question.metric
    scale, unit = brief.model.metrics[metric].scale, brief.model.metrics[metric].unit
    parts = sorted(whole.parts, key=lambda part: -abs(part.value))
    drawn, rest = parts[:MOST_PARTS_DRAWN], parts[MOST_PARTS_DRAWN:]
    labels = [part.label for part in drawn]
    amounts = [part.value * scale for part in drawn]
    if rest:
        labels.append(f"{len(rest)} others")
        amounts.append(sum(part.value for part in rest) * scale)
    changes = (
        "" if difference_unit(brief.model, metric) == unit else f", changes in {difference_unit(brief.model, metric)}"
    )
    return Chart(
        title=f"{waterfall_title(metric, whole.grouping[0])}{changes}",
        kind="waterfall",
        data={
            "label": ["before", *labels, "after"],
            "value": [whole.before * scale, *amounts, whole.after * scale],
            "role": ["start", *["change"] * len(labels), "end"],
        },
        unit=unit,
    )
