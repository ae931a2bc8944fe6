"""Claims and charts of process control."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, ndtr

from gemba.agents.base import Brief
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words, sentence
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim
from gemba.insights.wording import during
from gemba.questions.types import Capability, Segment
from gemba.statistics.control_choice import ChosenChart
from gemba.statistics.control_rules import MEANING, WESTERN_ELECTRIC, Signal, false_alarm_rate, signals

Floats = NDArray[np.float64]
AGENT = "process_control"
METHOD = "process_control"
MOST_BEYOND = 8
ONE_IN_370 = 2.0 * float(ndtr(-3.0))


@dataclass(frozen=True, slots=True)
class Charted:
    """A member's chart with the local start of every point. `per`: day, hour or subgroup; `n`: rows behind it."""

    segment: Segment
    chart: ChosenChart
    starts: tuple[datetime, ...]
    per: str
    n: int
    scale: float

    @property
    def points(self) -> list[int]:
        """Positions that are judged and have a value."""
        return [int(at) for at in np.flatnonzero(self.chart.judged & ~np.isnan(self.chart.p))]

    @property
    def beyond(self) -> list[int]:
        """Judged points outside their limits."""
        outside = {int(at) for at in self.chart.level.beyond}
        return [at for at in self.points if at in outside]

    def runs(self) -> tuple[Signal, ...]:
        """The last completion of each run rule at a judged point; single points beyond the limits are told apart."""
        found = signals(self.chart.level.standardised, WESTERN_ELECTRIC)
        judged = set(self.points)
        last = {one.rule: one for one in found if one.end in judged and one.rule != "W1"}
        return tuple(last[rule] for rule in WESTERN_ELECTRIC if rule in last)

    def chance(self) -> float:
        """Of so many judged points as unlikely as one beyond three sigma, in a process in control."""
        return float(bdtrc(self.far - 1, len(self.points), ONE_IN_370)) if self.far else 1.0

    @property
    def far(self) -> int:
        """Judged points as unlikely as one beyond three sigma is in a normal process."""
        return sum(float(self.chart.p[at]) <= ONE_IN_370 for at in self.points)

    def drawn(self, line: Floats) -> Floats:
        """A line of the chart as shown: the season put back, so that points are what was measured. Limits then differ
        by season. Of residuals as they are."""
        return (line if self.residual else line + self.chart.shift) * self.scale

    def when(self, point: int) -> str:
        return f"{self.starts[point]:%Y-%m-%d}" if self.per == "day" else f"{self.starts[point]:%Y-%m-%d %H:%M}"

    @property
    def residual(self) -> bool:
        """Whether what is drawn is not the metric but what is left of it."""
        return self.chart.name.startswith("residuals")


def verdict_claim(brief: Brief, one: Charted) -> Claim:
    """How many points lie beyond the limits, which these are, from what they were learnt, and what chance would do."""
    question, unit = _question(brief), _unit(brief)
    level, judged, beyond = one.chart.level, one.points, one.beyond
    low, high = (float(np.nanmean(one.drawn(line)[judged])) for line in (level.lower, level.upper))
    wide = ", but the past has more far points than a normal process" if one.far < len(beyond) else ""
    past = int((one.chart.learnt & ~one.chart.judged).sum())
    points = f"{one.per}s" if one.per != "subgroup" else "subgroups"
    basis = f"limits from the {number(past)} {points} before" if past else "trial limits from these same points"
    runs = one.runs()
    p = one.chance()
    if beyond:
        state = "was not in control" if p <= brief.plan.alpha else "was not clearly out of control"
    else:
        state = "shows a pattern" if runs else "was in control"
    count = "none" if not beyond else number(len(beyond))
    lie = "lies" if len(beyond) <= 1 else "lie"
    statement = (
        f"{_subject(brief, one)} {state} {during(question.window, brief.model)}: {count} of its {len(judged)} "
        f"{points} {lie} {_beyond_words(one, low, high, unit)} ({one.chart.name} chart; {basis}); "
        f"chance alone puts {number(ONE_IN_370 * len(judged))} there{wide}."
    )
    return _claim(
        brief,
        one,
        "verdict",
        statement=statement,
        effect=float(len(beyond)),
        unit=points.removesuffix("s") if len(beyond) == 1 else points,
        exact=True,
        details={
            "aspect": "verdict",
            "chance": p,
            "expected": ONE_IN_370 * len(judged),
            "points": len(judged),
            "past": past,
            "lower": low,
            "upper": high,
            "centre": float(np.nanmean(one.drawn(level.centre)[judged])),
            "chart": one.chart.name,
            "chosen": one.chart.reason,
            "in_control": not beyond and not runs,
        },
    )


def _beyond_words(one: Charted, low: float, high: float, unit: str) -> str:
    """`beyond the control limits, 1.2 to 3.4 %`, or how far off what was to be expected."""
    if one.residual:
        return f"{quantity(high, unit)} or more off what the {one.per} before and the usual level let expect"
    around = "on average " if np.ptp(one.drawn(one.chart.level.upper)[one.points]) > 0 else ""
    return f"beyond the control limits, {around}{number(low)} to {quantity(high, unit)}"


def beyond_claims(brief: Brief, one: Charted) -> list[tuple[int, Claim]]:
    """The points beyond the limits, farthest first, at most 8, each with its chance while in control."""
    ordered = sorted(one.beyond, key=lambda at: (float(one.chart.p[at]), at))[:MOST_BEYOND]
    return [(at, _beyond(brief, one, at)) for at in sorted(ordered)]


def _beyond(brief: Brief, one: Charted, at: int) -> Claim:
    level, unit = one.chart.level, _unit(brief)
    value, centre, low, high = (
        float(one.drawn(line)[at]) for line in (level.value, level.centre, level.lower, level.upper)
    )
    above = value > high
    edge = high if above else low
    where = f"{'above the upper' if above else 'below the lower'} control limit"
    if one.residual:
        told = (
            f"lay {quantity(value, difference_unit(brief.model, _question(brief).metric), signed=True)} off what the "
        )
        told += f"{one.per} before and its usual level let expect, {where} of {quantity(edge, unit, signed=True)}"
    else:
        told = f"was {quantity(value, unit)}, {where} of {quantity(edge, unit)}"
    return _claim(
        brief,
        one,
        f"beyond:{one.when(at)}",
        statement=f"{_subject(brief, one)} {told} on {one.when(at)}.",
        effect=value - centre,
        unit=difference_unit(brief.model, _question(brief).metric),
        p_value=float(one.chart.p[at]),
        details={
            "date": one.when(at),
            "value": value,
            "limit": edge,
            "centre": centre,
            "rule": "W1",
        },
    )


def rule_claims(brief: Brief, one: Charted) -> Iterator[Claim]:
    """Run rules that are met: hints. What they say is exact; how seldom chance does so is said beside it."""
    for signal in one.runs():
        rate = 100.0 * false_alarm_rate(signal.rule)
        meaning = MEANING[signal.rule]
        yield _claim(
            brief,
            one,
            signal.rule,
            statement=f"{_subject(brief, one)} met run rule {signal.rule} on {one.when(signal.end)}: {meaning}. "
            f"A process in control completes this at {number(rate)} % of points.",
            effect=float(len(signal.points)),
            unit="points",
            exact=True,
            details={
                "aspect": "run rule",
                "rule": signal.rule,
                "meaning": meaning,
                "date": one.when(signal.end),
                "false_alarm_pct": rate,
            },
        )


def chart_of(brief: Brief, one: Charted) -> tuple[Chart, ...]:
    """The control chart as engineers draw it, and the chart of the spread where there is one."""
    level = one.chart.level
    rules: dict[int, str] = dict.fromkeys(one.beyond, "W1")
    for signal in one.runs():
        rules[signal.end] = ", ".join(filter(None, (rules.get(signal.end), signal.rule)))
    drawn = level.statistic if one.residual or one.per == "subgroup" else f"by {one.per}"
    title = f"{_subject(brief, one)}, {drawn} ({one.chart.name} chart)"

    def column(line: Floats) -> list[float | None]:
        return [None if np.isnan(value) else float(value) for value in one.drawn(line)]

    return (
        Chart(
            title=title,
            kind="control",
            data={
                "time": [start.isoformat() for start in one.starts],
                "value": column(level.value),
                "centre": column(level.centre),
                "lower": column(level.lower),
                "upper": column(level.upper),
                "signal": [rules.get(at) for at in range(len(one.starts))],
                "phase": ["II" if judged else "I" for judged in one.chart.judged],
            },
            unit=_unit(brief),
        ),
    )


def _question(brief: Brief) -> Capability:
    question = brief.plan.question
    assert isinstance(question, Capability)
    return question


def _unit(brief: Brief) -> str:
    return brief.model.metrics[_question(brief).metric].unit


def _subject(brief: Brief, one: Charted) -> str:
    conditions = (*(part for part in _question(brief).filters if part.dimension is not None), *one.segment)
    name = sentence(name_of(_question(brief).metric))
    return f"{name} of {segment_words(conditions)}" if conditions else name


def _claim(brief: Brief, one: Charted, extra: str, **fields: object) -> Claim:
    question = _question(brief)
    data: dict[str, object] = {
        "id": claim_id("process_control", question.metric, one.segment, question=question, agent=AGENT, extra=extra),
        "kind": "process_control",
        "metric": question.metric,
        "segment": one.segment,
        "n": one.n,
        "method": METHOD,
        "agent": AGENT,
        **fields,
    }
    return Claim.model_validate(data)
