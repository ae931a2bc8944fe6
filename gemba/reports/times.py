"""Instants on a time axis: as people read them, and as places."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime


def clock(time: str) -> datetime:
    """The clock on the wall at an ISO time, as if it were UTC: a day is drawn from midnight to midnight of its place.

    An hour that summer time repeats is drawn twice at the same place.
    """
    return datetime.fromisoformat(time).replace(tzinfo=UTC)


def milliseconds(time: str) -> float:
    """`clock` since 1970, which is the same place in every zone that a chart is drawn in."""
    return clock(time).timestamp() * 1000.0


def stamps(times: Sequence[str]) -> list[str]:
    """Short names of instants: dates where all are midnights, times of day where all are of one day, else both."""
    read = [clock(time) for time in times]
    if all(one.hour == one.minute == one.second == 0 for one in read):
        return [f"{one:%Y-%m-%d}" for one in read]
    if len({one.date() for one in read}) == 1 and len(read) > 1:
        seconds = any(one.second for one in read)
        return [f"{one:%H:%M:%S}" if seconds else f"{one:%H:%M}" for one in read]
    return [f"{one:%Y-%m-%d %H:%M}" for one in read]
