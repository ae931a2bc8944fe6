"""How far apart in time two metrics are held against each other, and in which steps."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Literal

from gemba.questions.types import Window

DAILY_FROM = timedelta(days=56)
"""Windows from eight weeks on are read day by day: enough days to tell the week from the rest. Shorter ones by hour."""

DEFAULT = {"day": "P7D", "hour": "PT24H"}
_DURATION = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(\d+)H)?")


def lag_bucket(length: timedelta) -> Literal["hour", "day"]:
    """The steps in which a window of that length is read."""
    return "day" if length >= DAILY_FROM - timedelta(hours=1) else "hour"  # a clock change may cost an hour


def default_lag(window: Window) -> str:
    """The largest lag where a question says none, as an ISO 8601 duration."""
    return DEFAULT[lag_bucket(window.end - window.start)]


def lag_of(text: str) -> timedelta:
    """Weeks, days and hours of an ISO 8601 duration, for example `P1W`, `P7D`, `PT24H`.

    Raises:
        ValueError: Another form, or no length.
    """
    found = _DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError(f"{text!r} is no duration of weeks, days or hours such as P7D or PT24H")
    weeks, days, hours = (int(part or 0) for part in found.groups())
    return timedelta(weeks=weeks, days=days, hours=hours)


def said_lag(text: str) -> str:
    """A duration in words: `7 days`, `24 hours`, `1 day`."""
    length = lag_of(text)
    hours = round(length.total_seconds() / 3600)
    number, unit = (hours // 24, "day") if hours % 24 == 0 and hours != 24 else (hours, "hour")
    return f"{number} {unit}{'' if number == 1 else 's'}"
