"""What the metric will be over the days asked about, as far as it can be told from its own past."""

from __future__ import annotations

from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from gemba.agents.base import Brief
from gemba.agents.panel import cube_request
from gemba.agents.regular import Regular, last_day, regular
from gemba.agents.wording import name_of, number, quantity, segment_words, sentence
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.evidence.measure import additive_column
from gemba.evidence.types import TOTAL
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap
from gemba.insights.wording import during
from gemba.questions import types as questions
from gemba.statistics.calendar_days import Mask, holidays_among, hours_of_day
from gemba.statistics.forecast import Forecast, forecast
from gemba.statistics.forecast_days import DayGrid

AGENT = "forecast"
METHOD = "forecast"
PAST = "past"
SHOWN_DAYS = 28
SHOWN_HOURLY_DAYS = 7


class ForecastAgent:
    """Forecasts the days asked about, with an interval, where it does better than repeating the week before."""

    name = AGENT
    description = "The days asked about, forecast with an interval; held against repeating the week before."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, questions.Forecast)
        try:
            return _findings(brief, question)
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        except UnusableValuesError as error:
            return Gap(agent=AGENT, reason="unsupported", message=str(error))


def _findings(brief: Brief, question: questions.Forecast) -> Findings | Gap:
    request = cube_request(brief, PAST)
    frame = brief.evidence.cube(PAST, TOTAL)
    if not frame.height:
        raise SampleTooSmallError("the past", needed=1, got=0)
    zone = ZoneInfo(brief.model.timezone)
    last, cut = last_day(brief, frame, metric=question.metric, end=request.span.end)
    first = min(start.date() for start in frame["bucket"].to_list())
    past = regular(brief, frame, metric=question.metric, bucket=request.bucket, first=first, last=last)
    brief.check_time()
    begins = question.ahead(zone).start.date()
    skip = (begins - last).days - 1
    days = np.arange(past.days[0], past.days[-1] + skip + question.days + 1)
    holiday, notes = _holidays(brief, days)
    found = forecast(
        DayGrid(past.days, past.values, 0),
        ahead=question.days,
        skip=skip,
        holiday=holiday,
        adds_up=additive_column(brief.model, question.metric) is not None,
    )
    if cut:
        notes.append(f"the day after {last.isoformat()} is not over in the data; it is not learnt from")
    if past.missing:
        notes.append(f"{past.missing} of {past.values.size} {request.bucket}s of the past are missing")
    if not found.beats_naive:
        return Gap(agent=AGENT, reason="unsupported", message=_refusal(brief, question, found, request.bucket))
    coming = days[-question.days :]
    names = [str(day) for day in coming[holiday[-question.days :]]]
    if names:
        notes.append(f"public holidays among the days forecast: {', '.join(names)}")
    claim = _claim(brief, question, found, past, bucket=request.bucket, skip=skip)
    chart = _chart(brief, question, found, past, bucket=request.bucket, begins=begins)
    return Findings(agent=AGENT, claims=(claim,), charts=(chart,), notes=tuple(notes))


def _holidays(brief: Brief, days: np.ndarray) -> tuple[Mask, list[str]]:
    """Holidays of the model's country; none, with a note, where they are not known."""
    try:
        return holidays_among(days, brief.model.country), []
    except UnusableValuesError as error:
        return np.zeros(days.size, dtype=bool), [error.reason]


def _refusal(brief: Brief, question: questions.Forecast, found: Forecast, bucket: str) -> str:
    metric = brief.model.metrics[question.metric]
    mine, naive = found.error * metric.scale, found.naive_error * metric.scale
    return (
        f"no forecast of {name_of(question.metric)} is better than repeating the week before: over {found.origins} "
        f"days of the past it missed by {quantity(mine, metric.unit)} per {bucket} on average, the same weekday a week "
        f"before by {quantity(naive, metric.unit)}"
    )


def _claim(
    brief: Brief, question: questions.Forecast, found: Forecast, past: Regular, *, bucket: str, skip: int
) -> Claim:
    metric = brief.model.metrics[question.metric]
    scale, unit = metric.scale, metric.unit
    zone = ZoneInfo(brief.model.timezone)
    adds_up = additive_column(brief.model, question.metric) is not None
    whole = scale * _hours_ahead(question, past, zone).mean() if adds_up else scale
    effect, low, high = found.total * whole, found.total_low * whole, found.total_high * whole
    mine, naive = found.error * scale, found.naive_error * scale
    when = during(question.ahead(zone), brief.model)
    conditions = tuple(one for one in question.filters if one.dimension is not None)
    subject = sentence(name_of(question.metric)) + (f" of {segment_words(conditions)}" if conditions else "")
    what = "is forecast to be" if adds_up else f"by {bucket} is forecast to average"
    percent = 100.0 * found.level
    held = ""
    if np.isfinite(found.coverage):
        held = f" Of the values that came, {number(100 * found.coverage)} % lay within intervals made in advance."
    model, weight = next(iter(found.weights.items()))
    return Claim(
        id=claim_id("forecast", question.metric, (), question=question, agent=AGENT),
        kind="forecast",
        metric=question.metric,
        statement=f"{subject} {what} {quantity(effect, unit)} {when} ({number(percent)} % interval {number(low)} to "
        f"{number(high)}). In {found.origins} forecasts of the past the mean error was {quantity(mine, unit)} per "
        f"{bucket}, against {quantity(naive, unit)} for repeating the week before.{held}",
        effect=effect,
        unit=unit,
        ci=(low, high),
        ci_level=found.level,
        n=past.rows,
        method=METHOD,
        agent=AGENT,
        details={
            "backtest_error": mine,
            "naive_error": naive,
            "total_error": _number(found.total_error * scale),
            "naive_total_error": _number(found.naive_total_error * scale),
            "coverage_pct": _number(100.0 * found.coverage),
            "total_coverage_pct": _number(100.0 * found.total_coverage),
            "origins": found.origins,
            "model": model,
            "model_weight_pct": 100.0 * weight,
            "days_learnt_from": past.values.shape[0],
            "days_between": skip,
            "bucket": bucket,
        },
    )


def _hours_ahead(question: questions.Forecast, past: Regular, zone: ZoneInfo) -> np.ndarray:
    """How many hours bear the name of each slot of the days forecast, shape (days, slots); 1 for whole days."""
    begins = np.datetime64(question.ahead(zone).start.date(), "D")
    slots = past.values.shape[1]
    days = np.arange(begins, begins + question.days)
    return hours_of_day(days, zone) if slots > 1 else np.ones((days.size, 1))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None


def _chart(
    brief: Brief, question: questions.Forecast, found: Forecast, past: Regular, *, bucket: str, begins: date
) -> Chart:
    """The path with its band, after the latest part of the past."""
    metric = brief.model.metrics[question.metric]
    zone = ZoneInfo(brief.model.timezone)
    slots = past.values.shape[1]
    adds_up = additive_column(brief.model, question.metric) is not None
    days = np.arange(np.datetime64(begins, "D"), np.datetime64(begins + timedelta(days=question.days), "D"))
    hours = _hours_ahead(question, past, zone)
    times = hours if adds_up else np.where(hours > 0, 1.0, 0.0)
    ahead = Regular(days, found.value, hours, 0)
    shown = (SHOWN_HOURLY_DAYS if slots > 1 else SHOWN_DAYS) * slots
    before = (past.values * past.hours if adds_up else past.values).ravel()[-shown:]
    there = times.ravel() > 0

    def column(path: np.ndarray) -> list[float | None]:
        return [float(one) * metric.scale for one in (path * times).ravel()[there]]

    behind = [None if np.isnan(one) else float(one) * metric.scale for one in before]
    nothing: list[float | None] = [None] * len(behind)
    coming = column(found.value)
    name = sentence(name_of(question.metric))
    return Chart(
        title=f"{name} by {bucket}, forecast with {number(100 * found.level)} % intervals",
        kind="series",
        data={
            "time": [str(one) for one in (*past.starts[-shown:], *ahead.starts[there])],
            "value": behind + coming,
            "low": nothing + column(found.low),
            "high": nothing + column(found.high),
            "part": ["history"] * len(behind) + ["forecast"] * len(coming),
        },
        unit=metric.unit,
    )
