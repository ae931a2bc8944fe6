"""Which windows a question means, and whether the data covers them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from gemba.questions.calendar import Calendar, Span
from gemba.questions.describe import said_window
from gemba.questions.period import NoSuchTimeError
from gemba.questions.time import TimePhrase
from gemba.questions.types import Window
from gemba.questions.vocabulary import Vocabulary
from gemba.semantics.graph import time_source
from gemba.semantics.model import SemanticModel

Default = Literal["week", "weeks", "month", "months"]


class OutsideDataError(Exception):
    """A window that the data does not cover. The message says what it covers."""


@dataclass(frozen=True, slots=True)
class Clock:
    """The calendar of one metric: its data's days, and the instant that relative words are read from.

    `first` and `last` are local midnights around the data; None without data. `note` says where `as_of` comes
    from if nobody said it.
    """

    calendar: Calendar
    first: datetime | None
    last: datetime | None
    note: str = ""


def clock_for(
    model: SemanticModel,
    vocabulary: Vocabulary,
    metrics: tuple[str, ...],
    *,
    as_of: datetime | None,
    now: datetime,
) -> Clock:
    """The days that every source behind the metrics covers, and `as_of`: as given, else the earlier of now and the
    end of the last day with data. Without metrics, every source counts.

    Raises:
        InvalidModelError: A metric's source has no time.
    """
    leaves = dict.fromkeys(leaf for metric in metrics for leaf in model.leaves(metric))
    sources = {time_source(model, leaf) for leaf in leaves} if metrics else set(vocabulary.coverage)
    base = Calendar.of(model, as_of or now)
    spans = [
        (item.first, _after_last_day(item.last, base, closes=_closes(model, source)))
        for source, item in vocabulary.coverage.items()
        if source in sources and item.first is not None and item.last is not None
    ]
    if not spans:
        return Clock(base, None, None)
    first = base.midnight(max(first for first, _ in spans).astimezone(base.zone).date())
    last = min(last for _, last in spans)
    note = ""
    instant = as_of or now
    if as_of is None and last < now:
        instant = last
        note = f"read from {(last - timedelta(days=1)).date().isoformat()}, where the data ends"
    return Clock(Calendar.of(model, instant, first=first), first, last, note)


def _closes(model: SemanticModel, source: str) -> bool:
    """Whether a stamp is the end of its interval, in the source that the time column lives in."""
    column = model.time_column(source)
    return column is not None and column.stamps == "end"


def _after_last_day(last: datetime, calendar: Calendar, *, closes: bool) -> datetime:
    """Midnight after the last day with data. A stamp that closes its interval at midnight belongs to the day before."""
    local = last.astimezone(calendar.zone)
    if closes and local == calendar.midnight(local.date()):
        return local
    return calendar.midnight(local.date() + timedelta(days=1))


def default_span(clock: Clock, which: Default) -> Span:
    """The window of a question that says none."""
    calendar = clock.calendar
    if which == "week":
        span, what = calendar.complete("week"), "the last complete week"
    elif which == "month":
        span, what = calendar.complete("month"), "the last complete month"
    else:
        unit, count = ("month", 12) if which == "months" else ("week", 13)
        span, what = calendar.complete(unit, count), f"the last {count} complete {unit}s"
        if clock.first is not None and span.start < clock.first < span.end:
            span = Span(clock.first, span.end, "day", (span.end.date() - clock.first.date()).days)
    note = f"no time was said: {what}, {said_window(span.window, calendar.zone)}"
    return Span(span.start, span.end, span.unit, span.count, notes=(note,))


def read_time(phrase: TimePhrase, clock: Clock) -> Span:
    """Raises NoSuchTimeError for a time that does not exist or needs a window to be told from."""
    if phrase.at is None:
        raise NoSuchTimeError("it is told from another time, which is not there")
    return phrase.at(clock.calendar)


def note_of(span: Span, clock: Clock, *, relative: bool) -> tuple[str, ...]:
    """The assumptions behind a time; where it was read from, if it is `relative`."""
    return (*span.notes, clock.note) if relative and clock.note else span.notes


def read_beside(phrase: TimePhrase, clock: Clock, window: Span) -> Span:
    """A baseline's time beside the question's window. Raises NoSuchTimeError."""
    if phrase.beside is not None:
        return phrase.beside(clock.calendar, window)
    return read_time(phrase, clock)


def check_covered(window: Window, clock: Clock, *, whole: bool, what: str) -> tuple[str, ...]:
    """Notes on how the data covers a window.

    Raises:
        OutsideDataError: The data holds nothing in it, or with `whole`, not all of its days.
    """
    if clock.first is None or clock.last is None:
        return ()
    zone = clock.calendar.zone
    covers = f"the data covers {said_window(Window(start=clock.first, end=clock.last), zone)}"
    said = said_window(window, zone)
    if window.end <= clock.first or window.start >= clock.last:
        raise OutsideDataError(f"{what} {said} holds no data: {covers}")
    partly = window.start < clock.first or window.end > clock.last
    if partly and whole:
        raise OutsideDataError(f"{what} {said} is only partly covered: {covers}")
    return (f"{covers}; {what} {said} reaches beyond it",) if partly else ()
