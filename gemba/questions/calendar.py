"""Calendar periods in a model's time zone: days, weeks, months, quarters, years, fiscal years.

All arithmetic is on dates; instants are made from local midnights, so a day of a clock change has 23 or 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from gemba.questions.types import Window
from gemba.semantics.model import SemanticModel

Unit = Literal["hour", "day", "week", "month", "quarter", "year", "fiscal year", "fiscal quarter"]
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS_IN = {"month": 1, "quarter": 3, "year": 12, "fiscal year": 12, "fiscal quarter": 3}


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, half-open. `unit` and `count` say which calendar periods it is made of, if it is.

    `to_date`: the stretch is still running; `end` closes the day of `as_of`. `named`: not said relative to now.
    `notes` are the assumptions made in reading it.
    """

    start: datetime
    end: datetime
    unit: Unit | None = None
    count: int = 1
    to_date: bool = False
    named: bool = False
    notes: tuple[str, ...] = ()

    @property
    def window(self) -> Window:
        return Window(start=self.start, end=self.end)


@dataclass(frozen=True, slots=True)
class Calendar:
    """How time is cut. `as_of` is the instant from which relative words are read, in `zone`.

    `first` is the first instant of the data, for stretches that have no beginning of their own.
    """

    zone: ZoneInfo
    as_of: datetime
    week_starts: int = 0
    fiscal_month: int = 1
    first: datetime | None = None

    @classmethod
    def of(cls, model: SemanticModel, as_of: datetime, *, first: datetime | None = None) -> Calendar:
        zone = ZoneInfo(model.timezone)
        return cls(
            zone=zone,
            as_of=as_of.astimezone(zone),
            week_starts=WEEKDAYS.index(model.week_starts),
            fiscal_month=model.fiscal_year_starts,
            first=first.astimezone(zone) if first else None,
        )

    @property
    def today(self) -> date:
        return self.as_of.date()

    def midnight(self, day: date) -> datetime:
        """First instant of a local day."""
        return datetime(day.year, day.month, day.day, tzinfo=self.zone)

    def start_of(self, unit: Unit, day: date) -> date:
        """First day of the period that holds `day`."""
        if unit in ("day", "hour"):
            return day
        if unit == "week":
            return day - timedelta(days=(day.weekday() - self.week_starts) % 7)
        if unit == "month":
            return day.replace(day=1)
        first_month = self.fiscal_month if unit in ("fiscal year", "fiscal quarter") else 1
        length = _MONTHS_IN[unit]
        back = (day.month - first_month) % length
        return add_months(day.replace(day=1), -back)

    def add(self, unit: Unit, day: date, count: int) -> date:
        """`day` moved by whole periods; the last days of a month stay in it."""
        if unit == "day":
            return day + timedelta(days=count)
        if unit == "week":
            return day + timedelta(weeks=count)
        return add_months(day, count * _MONTHS_IN[unit])

    def periods(
        self, unit: Unit, first: date, count: int = 1, *, named: bool = False, notes: tuple[str, ...] = ()
    ) -> Span:
        """`count` whole periods from the one that begins at `first`."""
        end = self.add(unit, first, count)
        return Span(self.midnight(first), self.midnight(end), unit, count, named=named, notes=notes)

    def complete(self, unit: Unit, count: int = 1) -> Span:
        """The last `count` complete periods before `as_of`."""
        current = self.start_of(unit, self.today)
        return self.periods(unit, self.add(unit, current, -count), count)

    def end_after(self, start: datetime) -> datetime:
        """Where a stretch that is still running ends: the midnight that closes the day of `as_of`, which is `as_of`
        itself at midnight, unless nothing would be left."""
        if self._is_midnight(self.as_of) and self.as_of > start:
            return self.as_of
        return self.midnight(self.today + timedelta(days=1))

    def running(self, unit: Unit) -> Span:
        """The period that holds `as_of`, up to the end of that day."""
        start = self.midnight(self.start_of(unit, self.today))
        end = self.end_after(start)
        last = (end.date() - timedelta(days=1)).isoformat()
        notes = () if unit == "day" else (f"this {unit} is read up to {last}, its last day so far",)
        return Span(start, end, unit, to_date=True, notes=notes)

    def hours(self, count: int) -> Span:
        """The last `count` complete hours before `as_of`."""
        end = self.as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        start = end - timedelta(hours=count)
        return Span(start.astimezone(self.zone), end.astimezone(self.zone), "hour", count)

    def whole_days(self, span: Span) -> Span:
        """A running stretch cut to its complete days, for comparing; today so far is cut to whole hours."""
        if not span.to_date:
            return span
        today = self.midnight(self.today)
        if span.start < today:
            end = today
            note = f"the running day {self.today.isoformat()} is left out, so that like is compared with like"
        else:
            end = self.as_of.replace(minute=0, second=0, microsecond=0)
            note = f"today is read up to {end:%H:%M}, and so is the day before"
        if end <= span.start:
            return span
        kept = tuple(item for item in span.notes if "so far" not in item)
        notes = (*kept, note) if end != span.end else kept
        return Span(span.start, end, span.unit, span.count, True, span.named, notes)

    def before(self, span: Span) -> Span:
        """The stretch of the same length just before: whole periods before whole periods, the same part of the
        period before for one that is still running."""
        first = span.start.astimezone(self.zone).date()
        if span.unit == "hour" or not self._is_midnight(span.start):
            return self._moved(span, span.end.astimezone(UTC) - span.start.astimezone(UTC))
        if span.unit is not None:
            start = self.add(span.unit, first, -span.count)
            if not span.to_date:
                return Span(self.midnight(start), span.start, span.unit, span.count)
            end_day = span.end.astimezone(self.zone).date()
            clock = span.end.astimezone(self.zone).time()
            end = self.midnight(start + (end_day - first)).replace(hour=clock.hour, minute=clock.minute)
            return Span(self.midnight(start), min(end, span.start), None)
        if not self._is_midnight(span.end):
            return self._moved(span, span.end.astimezone(UTC) - span.start.astimezone(UTC))
        days = span.end.astimezone(self.zone).date() - first
        return Span(self.midnight(first - days), span.start, "day", days.days)

    def year_before(self, span: Span) -> Span:
        """The same stretch one year earlier: week N for a week, the same dates otherwise."""
        first, end = (side.astimezone(self.zone) for side in (span.start, span.end))
        if span.unit == "week":
            start = self.iso_week_start(*_week_before(first.date(), self.week_starts))
            if not span.to_date:
                return self.periods("week", start, span.count)
            return Span(self.midnight(start), self.midnight(start + (end.date() - first.date())), None)
        moved = [self._clock(add_months(side.date(), -12), side) for side in (first, end)]
        if span.unit is not None and span.unit not in ("hour", "day") and not span.to_date:
            return self.periods(span.unit, moved[0].date(), span.count)
        return Span(moved[0], moved[1], span.unit, span.count)

    def iso_week_start(self, year: int, week: int) -> date:
        """First day of a numbered week. ISO 8601 numbers it; the model says on which day it starts.

        Raises:
            ValueError: The year has no such week.
        """
        thursday = date.fromisocalendar(year, week, 4)
        return self.start_of("week", thursday)

    def _is_midnight(self, instant: datetime) -> bool:
        local = instant.astimezone(self.zone)
        return local == self.midnight(local.date())

    def _clock(self, day: date, like: datetime) -> datetime:
        return self.midnight(day).replace(hour=like.hour, minute=like.minute, second=like.second)

    def _moved(self, span: Span, by: timedelta) -> Span:
        start, end = (side.astimezone(UTC) - by for side in (span.start, span.end))
        return Span(start.astimezone(self.zone), end.astimezone(self.zone), span.unit, span.count)


def add_months(day: date, count: int) -> date:
    """`day` moved by months; where the month is shorter, its last day. Raises ValueError outside years 1–9999."""
    months = day.year * 12 + day.month - 1 + count
    year, month = divmod(months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, min(day.day, last))
        except ValueError:
            if last == 28:
                raise
    raise AssertionError("every month has 28 days")


def _week_before(first: date, week_starts: int) -> tuple[int, int]:
    """ISO year and number of the same week a year earlier; week 53 becomes 52 where the year has no 53."""
    thursday = first + timedelta(days=(3 - week_starts) % 7)
    year, week, _ = thursday.isocalendar()
    longest = date(year - 1, 12, 28).isocalendar().week
    return year - 1, min(week, longest)
