"""Whether two metrics go together beside season, trend and their own past, and which of them leads."""

from __future__ import annotations

from gemba.agents.base import Brief
from gemba.agents.pair import later, pair
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words, sentence
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap, Test
from gemba.insights.wording import during
from gemba.planning.association import steps_of
from gemba.planning.requests import row_filters
from gemba.questions.lags import default_lag
from gemba.questions.types import Association as Question
from gemba.statistics.association import Association, association

AGENT = "association"
METHOD = "association"
UNIT = "correlation"
MOST_LAGS = 7
"""Lags drawn to either side of the strongest."""

SMALL_P = 0.0001


class AssociationAgent:
    """Tests all lags of two metrics at once; both lose season, trend and memory first."""

    name = AGENT
    description = "Whether two metrics go together beside season, trend and memory, at which lag, and which leads."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, Question)
        bucket = brief.plan.cubes[0].bucket
        try:
            both = pair(brief)
            most = steps_of(question.max_lag or default_lag(question.window), bucket)
            found = association(both.first, both.second, max_lag=most, season=both.phase)
        except SampleTooSmallError as error:
            needed = f"{error}: {bucket}s in which both metrics have a value"
            return Gap(agent=AGENT, reason="too_little_data", message=needed)
        except UnusableValuesError as error:
            return Gap(agent=AGENT, reason="unsupported", message=str(error))
        claim = _claim(brief, question, found, bucket)
        return Findings(
            agent=AGENT,
            claims=(claim,),
            tests=(Test(id=f"{AGENT}:lags", p_value=found.p, claim=claim.id),),
            charts=(_chart(question, found, bucket),),
            detectable=found.detectable,
            notes=_notes(question, found, bucket),
        )


def _claim(brief: Brief, question: Question, found: Association, bucket: str) -> Claim:
    led, follows = question.metric, question.other_metric
    if found.lag < 0:
        led, follows = follows, led
    low, high = found.interval
    unit = difference_unit(brief.model, follows)
    return Claim(
        id=claim_id("association", question.metric, (), question=question, agent=AGENT),
        kind="association",
        metric=question.metric,
        statement=_statement(brief, question, found, bucket, led, follows),
        effect=found.correlation,
        unit=UNIT,
        ci=(low, high),
        p_value=found.p,
        n=found.n,
        method=METHOD,
        agent=AGENT,
        details={
            "other_metric": question.other_metric,
            "leads": led if found.lag else None,
            "lag": found.lag,
            "lag_low": found.low_lag,
            "lag_high": found.high_lag,
            "bucket": bucket,
            "lags_tested": int(found.lags.size),
            "largest_lag": int(found.lags[-1]),
            "slope": found.slope,
            "slope_low": found.slope_interval[0],
            "slope_high": found.slope_interval[1],
            "slope_unit": f"{unit} per {brief.model.metrics[led].unit or 'unit'}".strip(),
            "per": 1,
            "own_lags": found.orders[0],
            "own_lags_other": found.orders[1],
            "phases": found.phases,
            "small_p": SMALL_P,
            "detectable": found.detectable,
        },
    )


def _statement(brief: Brief, question: Question, found: Association, bucket: str, led: str, follows: str) -> str:
    one, other = name_of(question.metric), name_of(question.other_metric)
    low, high = found.interval
    p = f"p below {number(SMALL_P)}" if found.p < SMALL_P else f"p = {number(found.p)}"
    proof = (
        f"correlation {number(found.correlation)}, 95 % interval {number(low)} to {number(high)}, {number(found.n)} "
        f"{bucket}s, {p} over {found.lags.size} lags"
    )
    conditions = row_filters(question.filters)
    where = f" of {segment_words(conditions)}" if conditions else ""
    when = during(question.window, brief.model)
    if found.p > brief.plan.alpha:
        return (
            f"{one.capitalize()} and {other}{where} are not shown to be associated {when}: the strongest lag is "
            f"{_place(found, bucket, led)} ({proof})."
        )
    lead = name_of(led)
    after = f"{later(bucket, found.lag)} later" if found.lag else f"in {later(bucket, 0)}"
    moves = "higher" if found.correlation > 0 else "lower"
    return (
        f"{one.capitalize()} and {other}{where} are associated {when}: where {lead} is higher than its season, "
        f"trend and past foretell, {name_of(follows)} is {moves} {after} ({proof})."
        f"{_per_unit(brief, found, led, follows)}"
    )


def _place(found: Association, bucket: str, led: str) -> str:
    return f"{name_of(led)} {later(bucket, found.lag)} ahead" if found.lag else later(bucket, 0)


def _per_unit(brief: Brief, found: Association, led: str, follows: str) -> str:
    """The slope in words, where its interval has the sign of the correlation."""
    low, high = found.slope_interval
    if not low * high > 0 or low * found.correlation < 0:
        return ""
    unit = difference_unit(brief.model, follows)
    step = quantity(1, difference_unit(brief.model, led))
    return (
        f" {step} more of {name_of(led)} goes with {quantity(found.slope, unit, signed=True)} of {name_of(follows)} "
        f"({number(low)} to {number(high)})."
    )


def _chart(question: Question, found: Association, bucket: str) -> Chart:
    """Correlations by lag, and the band in which all lie by chance."""
    near = abs(found.lags - found.lag) <= MOST_LAGS
    names = [
        f"{name_of(question.metric if lag > 0 else question.other_metric)} {later(bucket, int(lag))} ahead"
        if lag
        else later(bucket, 0)
        for lag in found.lags[near]
    ]
    one, other = sentence(name_of(question.metric)), name_of(question.other_metric)
    return Chart(
        title=f"{one} and {other}: correlation by lag (lines: where 95 % of strongest lags lie by chance)",
        kind="bars",
        data={
            "label": names,
            "value": [float(one) for one in found.correlations[near]],
            "low": [-float(one) for one in found.band[near]],
            "high": [float(one) for one in found.band[near]],
        },
    )


def _notes(question: Question, found: Association, bucket: str) -> tuple[str, ...]:
    season = "weekday" if bucket == "day" else "hour of the week" if found.phases == 168 else "hour and weekend"
    one, other = name_of(question.metric), name_of(question.other_metric)
    taken = f"season ({season}), trend and {found.orders[0]} and {found.orders[1]} own lags of {one} and {other}"
    return (f"{taken} were taken out: what they share of these is no association",)
