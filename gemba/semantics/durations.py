"""Durations as people write them in a model: `10 min`, `4 h`, `1 day`."""

from __future__ import annotations

import re
from datetime import timedelta

from gemba.errors import InputError

_DURATION = re.compile(r"\s*(?P<count>\d+(?:\.\d+)?)\s*(?P<unit>[a-z]+)\s*", re.IGNORECASE)
_SECONDS = {
    "s": 1, "sec": 1, "second": 1, "seconds": 1,
    "min": 60, "minute": 60, "minutes": 60,
    "h": 3600, "hour": 3600, "hours": 3600,
    "d": 86400, "day": 86400, "days": 86400,
    "week": 604800, "weeks": 604800,
}  # fmt: skip


def parse_life(text: str) -> timedelta:
    """Read a positive duration: a number and one of s, min, h, day, week.

    Raises:
        InputError: It is not that, is zero, or is longer than a timedelta holds.
    """
    match = _DURATION.fullmatch(text)
    seconds = _SECONDS.get(match["unit"].lower()) if match else None
    hint = 'Write a number and a unit (s, min, h, day, week), for example "10 min".'
    if match is None or seconds is None:
        raise InputError(f"{text!r} is no duration", hint=hint)
    try:
        life = timedelta(seconds=float(match["count"]) * seconds)
    except OverflowError as error:
        raise InputError(f"{text!r} is longer than can be counted", hint=hint) from error
    if life <= timedelta(0):
        raise InputError(f"{text!r} is not longer than nothing", hint=hint)
    return life
