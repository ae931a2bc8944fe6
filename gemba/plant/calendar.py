"""When the factory works: local days, holidays and shifts as instants.

Instants are microseconds since 1970 in UTC, as int64 arrays. Days are cut at local midnight, so a day has
23, 24 or 25 hours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

ZONE = ZoneInfo("Europe/Berlin")
SHIFTS = ("early", "late", "night")
SHIFT_HOURS = (6, 14, 22)
_MICRO = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(day: date, hour: int = 0) -> int:
    """Microseconds of `hour` o'clock local wall time on `day`. The hours used are never ambiguous."""
    return (datetime.combine(day, time(hour), tzinfo=ZONE).astimezone(UTC) - _EPOCH) // _MICRO


def utc(micros: int) -> datetime:
    """The instant in UTC."""
    return _EPOCH + timedelta(microseconds=int(micros))


def local(micros: int) -> datetime:
    """The instant with the offset of the factory's time zone."""
    return utc(micros).astimezone(ZONE)


def easter(year: int) -> date:
    """Easter Sunday.

    References:
        "Anonymous Gregorian algorithm", as printed by J. Meeus, Astronomical Algorithms, 1991, chapter 8.
    """
    a, (b, c) = year % 19, divmod(year, 100)
    d, e = divmod(b, 4)
    g = (8 * b + 13) // 25
    h = (19 * a + b - d - g + 15) % 30
    i, k = divmod(c, 4)
    m = (a + 11 * h) // 319
    r = (2 * e + 2 * i - k - h + m + 32) % 7
    month = (h - m + r + 90) // 25
    return date(year, month, (h - m + r + month + 19) % 32)


def holidays(year: int) -> frozenset[date]:
    """Public holidays of North Rhine-Westphalia, where the factory stands."""
    fixed = {date(year, *day) for day in ((1, 1), (5, 1), (10, 3), (11, 1), (12, 25), (12, 26))}
    moving = {easter(year) + timedelta(days=offset) for offset in (-2, 1, 39, 50, 60)}
    return frozenset(fixed | moving)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days from `start` and their shifts.

    Attributes:
        start: First local day.
        midnights: Instants of local midnight, shape (days + 1,).
        shift_starts: Shape (days, 3); `shift_ends` likewise. The night shift ends on the next day.
        works: Shape (days, 3); whether the shift is run.
        weekdays: Monday 0, shape (days,).
    """

    start: date
    midnights: NDArray[np.int64]
    shift_starts: NDArray[np.int64]
    shift_ends: NDArray[np.int64]
    works: NDArray[np.bool_]
    weekdays: NDArray[np.int64]

    @property
    def days(self) -> int:
        return len(self.weekdays)

    def day_of(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Index of the local day of each instant; -1 before the first, `days` after the last."""
        return np.searchsorted(self.midnights, instants, side="right") - 1

    def date_of(self, day: int) -> date:
        return self.start + timedelta(days=int(day))

    def index_of(self, day: date) -> int:
        return (day - self.start).days


def calendar(start: date, days: int) -> Calendar:
    """The working calendar: three shifts from Monday early to Friday night, Saturday early, no Sunday.

    Closed on holidays, and the night before a holiday, so that no day has a few stray hours.
    """
    dates = [start + timedelta(days=offset) for offset in range(days + 1)]
    closed = {day for year in {day.year for day in dates} for day in holidays(year)}
    works = np.zeros((days, 3), dtype=bool)
    for index, day in enumerate(dates[:-1]):
        if day in closed or day.weekday() == 6:
            continue
        works[index] = (True, day.weekday() < 5, day.weekday() < 5 and dates[index + 1] not in closed)
    starts = np.array([[instant(day, hour) for hour in SHIFT_HOURS] for day in dates], dtype=np.int64)
    ends = np.column_stack([starts[:-1, 1], starts[:-1, 2], starts[1:, 0]])
    return Calendar(
        start=start,
        midnights=np.array([instant(day) for day in dates], dtype=np.int64),
        shift_starts=starts[:-1],
        shift_ends=ends,
        works=works,
        weekdays=np.array([day.weekday() for day in dates[:-1]], dtype=np.int64),
    )
