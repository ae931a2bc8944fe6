"""Where the metric is going over the window, and what the calendar adds to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl

from gemba.agents.base import Brief
from gemba.agents.panel import cube_request, segment_of
from gemba.agents.regular import Regular, last_day, regular
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words, sentence
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.evidence.measure import additive_column, rows
from gemba.evidence.types import TOTAL
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap, Test
from gemba.insights.wording import dated
from gemba.questions.calendar import WEEKDAYS
from gemba.questions.types import Segment, Trend
from gemba.statistics.calendar_days import holidays_among
from gemba.statistics.trend_season import Bucket, Season, TrendSeason, trend_season

AGENT = "trend"
METHOD = "trend"
CUBE = "trend"
MOST_GROUPS = 12
SURE = 0.05


@dataclass(frozen=True, slots=True)
class _Looked:
    """The question with what all its series share."""

    brief: Brief
    question: Trend
    bucket: Bucket
    first: date
    last: date

    @property
    def per(self) -> str:
        adds_up = additive_column(self.brief.model, self.question.metric) is not None
        return f" per {self.bucket}" if adds_up else ""

    @property
    def unit(self) -> str:
        return difference_unit(self.brief.model, self.question.metric) + self.per

    @property
    def scale(self) -> float:
        return self.brief.model.metrics[self.question.metric].scale

    def subject(self, segment: Segment) -> str:
        conditions = (*(one for one in self.question.filters if one.dimension is not None), *segment)
        name = name_of(self.question.metric)
        return f"{name} of {segment_words(conditions)}" if conditions else name


class TrendAgent:
    """Tests the slope of the window and of its groups, and the effects of weekday, hour and holiday on the whole."""

    name = AGENT
    description = "The trend with its interval, allowing for season and memory, and what the calendar adds."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            return _findings(brief)
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        except UnusableValuesError as error:
            return Gap(agent=AGENT, reason="unsupported", message=str(error))


def _findings(brief: Brief) -> Findings:
    looked, frame = _looked(brief)
    question = looked.question
    series = regular(brief, frame, metric=question.metric, bucket=looked.bucket, first=looked.first, last=looked.last)
    holiday, notes = _holidays(brief, series)
    whole = _fitted(series, looked, holiday)
    claims, tests = [_slope_claim(looked, (), whole, series)], []
    tests.append(Test(id=f"{AGENT}:slope", p_value=whole.slope.p, claim=claims[0].id))
    for claim, test in (*_season_claims(looked, whole, series), *_holiday_claims(looked, whole, series)):
        tests.append(test)
        if claim is not None:
            claims.append(claim)
    if whole.missing:
        notes.append(f"{whole.missing} {looked.bucket}s are missing")
    for segment, part in _members(brief, looked):
        brief.check_time()
        try:
            found = _fitted(part, looked, holiday)
        except (SampleTooSmallError, UnusableValuesError) as error:
            notes.append(f"{segment_words(segment)}: {error}")
            continue
        claim = _slope_claim(looked, segment, found, part)
        tests.append(Test(id=f"{AGENT}:slope:{segment_words(segment)}", p_value=found.slope.p, claim=claim.id))
        if sum(bool(one.segment) for one in claims) < MOST_GROUPS:
            claims.append(claim)
    return Findings(
        agent=AGENT,
        claims=tuple(claims),
        tests=tuple(tests),
        charts=(_chart(looked, series, whole),),
        detectable=whole.slope.detectable() * _steps(whole) * looked.scale,
        notes=tuple(notes),
    )


def _looked(brief: Brief) -> tuple[_Looked, pl.DataFrame]:
    question = brief.plan.question
    assert isinstance(question, Trend)
    request = cube_request(brief, CUBE)
    frame = brief.evidence.cube(CUBE, TOTAL)
    if not frame.height:
        raise SampleTooSmallError("the window", needed=1, got=0)
    zone = ZoneInfo(brief.model.timezone)
    last, _ = last_day(brief, frame, metric=question.metric, end=request.span.end)
    ends = (question.window.end.astimezone(zone) - timedelta(microseconds=1)).date()
    first = request.span.start.astimezone(zone).date()
    bucket: Bucket = "hour" if request.bucket == "hour" else "day"
    return _Looked(brief, question, bucket, first, max(min(last, ends), first)), frame


def _holidays(brief: Brief, series: Regular) -> tuple[np.ndarray, list[str]]:
    """Holidays of the model's country by bucket; none, with a note, where they are not known."""
    try:
        found = holidays_among(series.days, brief.model.country)
    except UnusableValuesError as error:
        return np.zeros(series.values.size, dtype=bool), [error.reason]
    return np.repeat(found, series.values.shape[1]), []


def _fitted(series: Regular, looked: _Looked, holiday: np.ndarray) -> TrendSeason:
    return trend_season(series.values.ravel(), series.starts, bucket=looked.bucket, holiday=holiday)


def _members(brief: Brief, looked: _Looked) -> list[tuple[Segment, Regular]]:
    """The groups that the question names, those with most rows first."""
    grouping, metric = looked.question.group_by, looked.question.metric
    if not grouping:
        return []
    frame = brief.evidence.cube(CUBE, grouping)
    found = []
    for member, part in frame.partition_by(list(grouping), as_dict=True, maintain_order=True).items():
        if int(rows(part, model=brief.model, metric=metric).sum()):
            series = regular(brief, part, metric=metric, bucket=looked.bucket, first=looked.first, last=looked.last)
            found.append((segment_of(grouping, [None if one is None else str(one) for one in member]), series))
    return sorted(found, key=lambda one: -one[1].rows)


def _steps(found: TrendSeason) -> int:
    return found.line.size - 1


def _slope_claim(looked: _Looked, segment: Segment, found: TrendSeason, series: Regular) -> Claim:
    """The change along the fitted line from the first bucket to the last, with the slope behind it."""
    steps, slope = _steps(found), found.slope
    effect, half = slope.value * steps * looked.scale, slope.half_width() * steps * looked.scale
    moved = "shows no clear trend" if effect - half <= 0 <= effect + half else "rose" if effect > 0 else "fell"
    subject = looked.subject(segment)
    seasons = {f"season_{one.name}_strength": one.strength for one in found.seasons}
    return _claim(
        looked,
        segment,
        statement=f"{subject[:1].upper()}{subject[1:]} {moved} over "
        f"{dated(looked.question.window, looked.brief.model)}: {quantity(effect, looked.unit, signed=True)} "
        f"from the first {looked.bucket} to the last along the fitted line (95 % interval "
        f"{number(effect - half)} to {number(effect + half)}), "
        f"{quantity(slope.value * looked.scale, looked.unit, signed=True)} each {looked.bucket}.",
        effect=effect,
        ci=(effect - half, effect + half),
        p_value=slope.p,
        n=series.rows,
        details={
            "slope": slope.value * looked.scale,
            "buckets": steps + 1,
            "bucket": looked.bucket,
            "memory": found.memory,
            "wanders": found.memory == 1.0,
            **seasons,
        },
    )


def _season_claims(looked: _Looked, found: TrendSeason, series: Regular) -> list[tuple[Claim | None, Test]]:
    """The weekday and the hour furthest from the mean of all, where the season is told from noise."""
    told: list[tuple[Claim | None, Test]] = []
    for season in found.seasons:
        claim = _season_claim(looked, season, series) if season.effects and season.p <= SURE else None
        told.append(
            (claim, Test(id=f"{AGENT}:season:{season.name}", p_value=season.p, claim=claim.id if claim else None))
        )
    return told


def _season_claim(looked: _Looked, season: Season, series: Regular) -> Claim:
    """The interval holds for all phases at once: the furthest is chosen by looking."""
    place = int(np.argmax(np.abs(season.figure)))
    effect = season.effects[place]
    half = effect.half_width(1.0 - 0.05 / len(season.effects)) * looked.scale
    value = effect.value * looked.scale
    weekly = season.name == "week"
    phase = f"On {WEEKDAYS[place].capitalize()}s" if weekly else f"From {place:02d}:00 to {(place + 1) % 24:02d}:00"
    whole = "all weekdays" if weekly else "all hours of the day"
    side = "above" if value > 0 else "below"
    return _claim(
        looked,
        (),
        extra=season.name,
        statement=f"{phase} {looked.subject(())} lies {quantity(abs(value), looked.unit)} {side} the mean of {whole} "
        f"(95 % interval {number(value - half)} to {number(value + half)}), the furthest of all; the season of the "
        f"{season.name} has a strength of {number(season.strength)} on a scale to {number(1.0)}.",
        effect=value,
        ci=(value - half, value + half),
        p_value=season.p,
        n=series.rows,
        details={
            "aspect": season.name,
            "phase": WEEKDAYS[place] if weekly else f"{place:02d}:00",
            "strength": season.strength,
            "strongest_possible": 1.0,
            "highest": int(np.argmax(season.figure)),
            "lowest": int(np.argmin(season.figure)),
        },
    )


def _holiday_claims(looked: _Looked, found: TrendSeason, series: Regular) -> list[tuple[Claim | None, Test]]:
    effect = found.holiday
    if effect is None:
        return []
    test = Test(id=f"{AGENT}:holiday", p_value=effect.p)
    if effect.p > SURE:
        return [(None, test)]
    value, half = effect.value * looked.scale, effect.half_width() * looked.scale
    claim = _claim(
        looked,
        (),
        extra="holiday",
        statement=f"On public holidays from Monday to Friday {looked.subject(())} lies "
        f"{quantity(abs(value), looked.unit)} {'above' if value > 0 else 'below'} what such days bring otherwise "
        f"(95 % interval {number(value - half)} to {number(value + half)}; {found.holidays} holidays).",
        effect=value,
        ci=(value - half, value + half),
        p_value=effect.p,
        n=series.rows,
        details={"aspect": "holiday", "holidays": found.holidays},
    )
    return [(claim, test.model_copy(update={"claim": claim.id}))]


def _claim(looked: _Looked, segment: Segment, *, extra: str = "", **fields: object) -> Claim:
    metric = looked.question.metric
    data: dict[str, object] = {
        "id": claim_id("trend", metric, segment, question=looked.question, agent=AGENT, extra=extra),
        "kind": "trend",
        "metric": metric,
        "segment": segment,
        "unit": looked.unit,
        "method": METHOD,
        "agent": AGENT,
        **fields,
    }
    return Claim.model_validate(data)


def _chart(looked: _Looked, series: Regular, found: TrendSeason) -> Chart:
    adds_up = additive_column(looked.brief.model, looked.question.metric) is not None
    values = (series.values * series.hours if adds_up else series.values).ravel() * looked.scale
    shown = series.hours.ravel() > 0
    return Chart(
        title=f"{sentence(name_of(looked.question.metric))} by {looked.bucket}",
        kind="series",
        data={
            "time": [str(one) for one in series.starts[shown]],
            "value": [None if np.isnan(one) else float(one) for one in values[shown]],
            "expected": [float(one) * looked.scale for one in found.line[shown]],
        },
        unit=looked.brief.model.metrics[looked.question.metric].unit,
    )
