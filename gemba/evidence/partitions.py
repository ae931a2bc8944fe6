"""Partitions of a source: how they are cut in local time and what they are called."""

from __future__ import annotations

from datetime import datetime, timedelta

from gemba.evidence.labels import WEEKDAYS
from gemba.semantics.model import Grain, Weekday

ALL = "all"
EMPTY = "empty"
MOST_PARTITIONS = 100_000


def floor(moment: datetime, grain: Grain, week_starts: Weekday) -> datetime:
    """Start of the partition that a naive local time lies in."""
    if grain == "hour":
        return moment.replace(minute=0, second=0, microsecond=0)
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0)
    if grain == "day":
        return day
    if grain == "month":
        return day.replace(day=1)
    return day - timedelta(days=(day.weekday() - WEEKDAYS.index(week_starts)) % 7)


def following(start: datetime, grain: Grain) -> datetime:
    """Start of the next partition."""
    if grain == "month":
        return (start.replace(day=28) + timedelta(days=4)).replace(day=1)
    return start + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[grain]


def name(start: datetime, grain: Grain) -> str:
    """ISO start: a date, with the hour where partitions are hours."""
    return start.isoformat(timespec="minutes") if grain == "hour" else start.date().isoformat()


def names(start: datetime, end: datetime, grain: Grain, week_starts: Weekday) -> tuple[str, ...]:
    """Every partition that meets the half-open interval, in order, whether it holds rows or not."""
    found: list[str] = []
    at = floor(start, grain, week_starts)
    while at < end and len(found) < MOST_PARTITIONS:
        found.append(name(at, grain))
        at = following(at, grain)
    return tuple(found)


def bounds(starts: list[datetime], grain: Grain) -> tuple[datetime, datetime]:
    """The half-open interval that holds all of the partitions with these starts."""
    return min(starts), following(max(starts), grain)
