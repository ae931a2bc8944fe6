"""Time zones as arithmetic: what to add to a naive time of one zone to get that of another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

EPSILON = timedelta(microseconds=1)
"""A stamp that closes an interval is moved back by this much, into the interval it closes."""


def local(instant: datetime, zone: str) -> datetime:
    """Naive time of an instant in a zone."""
    return instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def read(naive: datetime, zone: str) -> datetime:
    """The instant of a naive time; the earlier one where clocks were put back."""
    return naive.replace(tzinfo=ZoneInfo(zone))


@dataclass(frozen=True, slots=True)
class Shift:
    """From `start` on (naive, of the first zone) `seconds` are to be added."""

    start: datetime
    seconds: int


@lru_cache(maxsize=256)
def shifts(first: str, second: str, start: datetime, end: datetime) -> tuple[Shift, ...]:
    """How naive times of `first` between `start` and `end` become naive times of `second`, oldest first.

    Steps are found to the second by bisection between days, so two changes within one day count as one.
    """
    found = [Shift(start, _seconds(start, first, second))]
    day = start
    while day < end:
        following = day + timedelta(days=1)
        if _seconds(following, first, second) != found[-1].seconds:
            change = _change(day, following, first, second)
            found.append(Shift(change, _seconds(change, first, second)))
        day = following
    return tuple(found)


def _change(low: datetime, high: datetime, first: str, second: str) -> datetime:
    before = _seconds(low, first, second)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if _seconds(middle, first, second) == before:
            low = middle
        else:
            high = middle
    return high


def _seconds(naive: datetime, first: str, second: str) -> int:
    instant = naive.replace(tzinfo=ZoneInfo(first)).astimezone(UTC)
    return int((local(instant, second) - naive).total_seconds())
