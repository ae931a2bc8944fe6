"""Faults in the data of the window that would explain a change away: absent days, volume, nulls, duplicates."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.wording import name_of, number, quantity
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import additive_column
from gemba.evidence.types import QualityRequest
from gemba.insights.ids import claim_id
from gemba.insights.types import Claim, Findings, Gap, Test
from gemba.questions.types import Window
from gemba.statistics.daily_faults import Fault, absent_days, share_change, volume_change

AGENT = "data_quality"
METHOD = "data_quality"
WORTH_SAYING_P = 0.05  # tests beyond this are counted, and make no claim
LATEST_DAYS = 14
"""Of a forecast's past, which are held against the days before them."""
LEAST_VOLUME_PCT = 5.0
LEAST_SHARE_PP = 0.5
DOUBTFUL_SHARE_PP = 5.0
DOUBTFUL_VOLUME_PCT = 50.0
Details = dict[str, float | int | str | bool | None]
DOUBTFUL_DAYS = {True: 0.1, False: 0.3}  # by whether the metric adds up: a rate survives an absent day


@dataclass(frozen=True, slots=True)
class Days:
    """One source day by day, shape (n,), up to the end of the data."""

    request: QualityRequest
    days: tuple[date, ...]
    rows: NDArray[np.float64]
    bad: dict[str, NDArray[np.float64]]
    window: NDArray[np.bool_]

    @property
    def weekday(self) -> NDArray[np.int64]:
        return np.array([day.weekday() for day in self.days], dtype=np.int64)


class DataQualityAgent:
    """Holds the window's rows against the days before it, source by source."""

    name = AGENT
    description = "Faults in the data of the window: absent days, fewer rows than usual, missing values, duplicates."

    def analyse(self, brief: Brief) -> Findings | Gap:
        claims: list[Claim] = []
        tests: list[Test] = []
        notes: list[str] = []
        too_small: list[str] = []
        for request in brief.plan.quality:
            brief.check_time()
            try:
                _look(brief, _days(brief, request), claims, tests)
            except SampleTooSmallError as error:
                too_small.append(f"{request.source}: {error}")
        searching = brief.plan.question.kind in ("why", "compare")
        if searching and too_small and len(too_small) == len(brief.plan.quality):
            return Gap(agent=AGENT, reason="too_little_data", message="; ".join(too_small))
        # A window over all the data has no days before it; that is no failure of the answer.
        notes += [f"not checked: {one}" for one in too_small]
        return Findings(agent=AGENT, claims=tuple(claims), tests=tuple(tests), notes=tuple(notes))


def _days(brief: Brief, request: QualityRequest) -> Days:
    zone = ZoneInfo(brief.model.timezone)
    frame = brief.evidence.frame(request.name)
    start, end = _dates(request.span, zone)
    as_of = brief.evidence.as_of
    if as_of is not None:
        end = min(end, as_of.astimezone(zone).date() + timedelta(days=1))
    days = tuple(start + timedelta(days=step) for step in range((end - start).days))
    place = {day: index for index, day in enumerate(days)}
    names = ["rows", "duplicates", *(f"{column}.nulls" for column in request.columns)]
    arrays = {name: np.zeros(len(days)) for name in names}
    for row in frame.iter_rows(named=True):
        index = place.get(row["bucket"].date())
        if index is not None:
            for name in names:
                arrays[name][index] = row[name] or 0.0
    first, last = _dates(brief.plan.question.window, zone)  # type: ignore[union-attr]  (every planned kind has one)
    if brief.plan.question.kind == "forecast":  # what is looked at is all past: its latest days tell most of the next
        first, last = max(first, end - timedelta(days=LATEST_DAYS)), end
    inside = np.array([first <= day < last for day in days], dtype=bool)
    if not inside.any():
        raise SampleTooSmallError("a check of the window's days", needed=1, got=0)
    return Days(request, days, arrays.pop("rows"), arrays, inside)


def _metric(brief: Brief) -> str:
    question = brief.plan.question
    return getattr(question, "metric", None) or getattr(question, "outcome", None) or ""


def _dates(window: Window, zone: ZoneInfo) -> tuple[date, date]:
    """First date and the date after the last one that the window touches."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    return start.date(), (end - timedelta(microseconds=1)).date() + timedelta(days=1)


def _look(brief: Brief, days: Days, claims: list[Claim], tests: list[Test]) -> None:
    """All checks of one source. Tests are recorded whether or not a claim comes of them."""
    metric = _metric(brief)
    adds_up = additive_column(brief.model, metric) is not None
    source = name_of(days.request.source)

    absent, where, expected = absent_days(days.rows, days.weekday, days.window)
    share = absent.effect / expected if expected else 0.0
    listed = ", ".join(days.days[index].isoformat() for index in where[:3])
    statement = (
        f"The data of {source} has no rows on {number(absent.effect)} of {expected} days that usually have some "
        f"({listed}{' and later' if where.size > 3 else ''})."
    )
    details: Details = {"expected_days": expected, "first_absent": listed}
    details["invalidates"] = share >= DOUBTFUL_DAYS[adds_up]
    _record(brief, days, "absent_days", absent, "days", statement, details, claims, tests, say=absent.effect > 0)

    volume = volume_change(days.rows, days.weekday, days.window)
    if volume is not None:
        fewer = "fewer" if volume.effect < 0 else "more"
        statement = (
            f"The data of {source} has {number(abs(volume.effect))} % {fewer} rows a day than is usual on these "
            f"weekdays{_within(volume)}."
        )
        details = {"invalidates": not adds_up and abs(volume.effect) >= DOUBTFUL_VOLUME_PCT}
        say = volume.effect <= -LEAST_VOLUME_PCT
        _record(brief, days, "volume", volume, "%", statement, details, claims, tests, say=say)

    for name, bad in days.bad.items():
        found = share_change(bad, days.rows, days.window)
        if found is None:
            continue
        what = "duplicate rows" if name == "duplicates" else f"rows without {name.removesuffix('.nulls')}"
        after = found.usual + found.effect
        statement = (
            f"The data of {source} has {quantity(after, '%')} {what}, against {quantity(found.usual, '%')} before: "
            f"{quantity(found.effect, 'pp', signed=True)}{_within(found)}."
        )
        details = {"share": after, "usual": found.usual, "column": name.removesuffix(".nulls")}
        details["invalidates"] = found.effect >= DOUBTFUL_SHARE_PP
        say = found.effect >= LEAST_SHARE_PP
        _record(brief, days, name, found, "pp", statement, details, claims, tests, say=say)


def _record(
    brief: Brief,
    days: Days,
    check: str,
    fault: Fault,
    unit: str,
    statement: str,
    details: Details,
    claims: list[Claim],
    tests: list[Test],
    *,
    say: bool,
) -> None:
    metric = _metric(brief)
    label = f"{days.request.source}:{check}"
    said = say and fault.p <= WORTH_SAYING_P
    identity = claim_id("quality", metric, (), question=brief.plan.question, agent=AGENT, extra=label)
    tests.append(Test(id=f"{AGENT}:{label}", p_value=fault.p, claim=identity if said else None))
    if not said:
        return
    claims.append(
        Claim(
            id=identity,
            kind="quality",
            metric=metric,
            statement=statement,
            effect=fault.effect,
            unit=unit,
            ci=fault.ci,
            p_value=fault.p,
            n=int(days.window.sum()),
            method=METHOD,
            agent=AGENT,
            details={"source": days.request.source, "check": check, **details},
        )
    )


def _within(fault: Fault) -> str:
    if fault.ci is None:
        return ""
    return f" (95 % interval {number(fault.ci[0])} to {number(fault.ci[1])})"
