"""Which days a question about the future means."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from gemba.questions.describe import said_window
from gemba.questions.time import TimePhrase
from gemba.questions.types import Window
from gemba.questions.when import Clock, read_time

DEFAULT_DAYS = 7
LEARNT_DAYS = 91
"""Days named in the question as those that are learnt from. The plan may read further back."""


class NoForecastError(Exception):
    """A time that no forecast is made of. The message says why."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """`window` ends where the days to forecast begin; `duration` is how long they go on (ISO 8601, whole days)."""

    window: Window
    duration: str
    notes: tuple[str, ...]


def horizon_of(times: list[TimePhrase], clock: Clock) -> Horizon:
    """The days asked about, by default the seven after the data; words are read from the last day with data.

    Raises:
        NoForecastError: Data covers the time already, it is shorter than a day, or nothing is known of the past.
        gemba.questions.period.NoSuchTimeError: The time does not exist.
    """
    if clock.first is None or clock.last is None:
        raise NoForecastError("no data to learn a forecast from")
    calendar = clock.calendar
    if clock.note:
        # The data's end stands for now: read from its last day, of which midnight is the end, not from the day after.
        calendar = replace(calendar, as_of=clock.last - timedelta(seconds=1))
    if times:
        span = read_time(times[0], replace(clock, calendar=calendar))
        notes = [*span.notes, clock.note] if times[0].relative and clock.note else list(span.notes)
    else:
        first = clock.last.astimezone(calendar.zone).date()
        span = calendar.periods("day", first, DEFAULT_DAYS)
        notes = [f"no time was said: the {DEFAULT_DAYS} days after the data", clock.note]
    start, end = (one.astimezone(calendar.zone) for one in (span.start, span.end))
    if span.unit == "hour" or any(one != calendar.midnight(one.date()) for one in (start, end)):
        raise NoForecastError("a forecast of parts of a day; forecasts are made of whole days")
    said = said_window(Window(start=start, end=end), calendar.zone)
    if end <= clock.last:
        raise NoForecastError(f"a forecast {said}, which the data covers already; ask what it was")
    if start < clock.last:
        start = clock.last.astimezone(calendar.zone)
        notes.append(f"only the days after the data are forecast, of {said} those from {start.date().isoformat()} on")
    days = (end.date() - start.date()).days
    notes.append(f"forecast {said_window(Window(start=start, end=end), calendar.zone)}")
    last = min(clock.last.astimezone(calendar.zone), start).date()
    learnt = max(clock.first, calendar.midnight(last - timedelta(days=LEARNT_DAYS)))
    window = Window(start=learnt, end=start)
    return Horizon(window, f"P{days}D", tuple(dict.fromkeys(note for note in notes if note)))
