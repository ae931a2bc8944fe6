"""The time grammar: phrases of a question, to half-open windows.

A phrase is a period (`gemba.questions.periods`), a stretch between two of them, a stretch with one open side, or
a period told from the question's own window (`the week before`, `the same week last year`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from gemba.questions.calendar import Calendar, Span
from gemba.questions.period import (
    COUNTS,
    DAYS,
    MONTHS,
    ORDINALS,
    PAST,
    UNITS,
    At,
    NoSuchTimeError,
    Period,
    count_at,
    word_at,
)
from gemba.questions.periods import periods_at
from gemba.questions.tokens import Token

__all__ = ["NoSuchTimeError", "TimePhrase", "time_phrases"]


@dataclass(frozen=True, slots=True)
class TimePhrase:
    """A time at tokens [start, end).

    `at` reads it alone; None for one that needs a window. `beside` reads it as a baseline of a window; None if it
    is the same there. `pair`: `from X to Y` of two named periods, which a question about change reads as two
    windows. `relative`: depends on `as_of`. `future`: lies after it.
    """

    end: int
    at: At | None
    beside: Callable[[Calendar, Span], Span] | None = None
    pair: tuple[At, At] | None = None
    year: int | None = None
    in_year: Callable[[int], At] | None = None
    between: bool = False
    relative: bool = False
    future: bool = False


def time_phrases(tokens: Sequence[Token], start: int) -> list[TimePhrase]:
    """Every reading of a time that begins at a token."""
    if start < len(tokens) and not _may_begin(tokens[start]):
        return []
    found = list(_beside(tokens, start))
    found.extend(_stretches(tokens, start))
    found.extend(_open(tokens, start))
    found.extend(_alone(tokens, start, period) for period in periods_at(tokens, start))
    return found


_FIRST_WORDS = """
    the a an today yesterday tomorrow tonight weekend mtd ytd qtd wtd this current next coming upcoming following
    fiscal financial calendar full complete whole iso week cw kw wk fy year from between since after until till before
    to through up same period"""
_OPENERS = frozenset(_FIRST_WORDS.split()) | {*MONTHS, *DAYS, *UNITS, *PAST, *ORDINALS, *COUNTS}


def _may_begin(token: Token) -> bool:
    """Whether a time can begin so. Most words of a question cannot, and are not looked at further."""
    return token.norm in _OPENERS or any(char.isdigit() for char in token.norm)


def _alone(tokens: Sequence[Token], start: int, period: Period) -> TimePhrase:
    word = word_at(tokens, start + (word_at(tokens, start) == "the"))
    beside = None
    if word in PAST - {"last", "past"}:
        beside = _before
    return TimePhrase(
        period.end,
        period.at,
        beside,
        year=period.year,
        in_year=period.in_year if period.year is None else None,
        relative=period.relative,
        future=period.future,
    )


def _before(cal: Calendar, window: Span) -> Span:
    return cal.before(window)


def _year_before(cal: Calendar, window: Span) -> Span:
    return cal.year_before(window)


def _beside(tokens: Sequence[Token], start: int) -> Iterator[TimePhrase]:
    at = start + (word_at(tokens, start) == "the")
    words = [word_at(tokens, at + step) for step in range(5)]
    if words[0] in UNITS and words[1] in ("before", "earlier", "prior") and words[2] != "last":
        unit = UNITS[words[0]]
        yield TimePhrase(at + 2, None, lambda cal, window: _unit_before(cal, window, unit))
    if words[0] in ("a", "one") and words[1] in UNITS and words[2] in ("before", "earlier", "prior", "ago"):
        unit = UNITS[words[1]]
        shift = _year_before if unit == "year" else lambda cal, window: _unit_before(cal, window, unit)
        yield TimePhrase(at + 3, None, shift)
    if words[0] == "period" and words[1] == "before":
        yield TimePhrase(at + 2, None, _before)
    if words[0] in PAST and words[1] == "period":
        yield TimePhrase(at + 2, None, _before)
    if words[0] == "same" and words[1] in ("period", "time", *UNITS, *MONTHS):
        here = at + 2
        here += word_at(tokens, here) in ("of", "in")
        here += word_at(tokens, here) == "the"
        if word_at(tokens, here) in ("last", "previous", "prior") and word_at(tokens, here + 1) == "year":
            yield TimePhrase(here + 2, None, _year_before)
        elif word_at(tokens, here) == "a" and word_at(tokens, here + 1) == "year":
            yield TimePhrase(here + 3, None, _year_before)
        elif word_at(tokens, here) == "year" and word_at(tokens, here + 1) in ("before", "earlier"):
            yield TimePhrase(here + 2, None, _year_before)
    if words[:2] == ["last", "year"]:
        # beside a shorter window people mean the same stretch of last year; the other reading stays possible
        yield TimePhrase(at + 2, None, _shorter_year_before)


def _shorter_year_before(cal: Calendar, window: Span) -> Span:
    if (window.end - window.start).days > 300:
        raise NoSuchTimeError("last year is the year itself here")
    return cal.year_before(window)


def _unit_before(cal: Calendar, window: Span, unit: str) -> Span:
    """`the week before` a week is that before it; `the day before` a week is one day."""
    if window.unit == unit or (unit == "day" and window.unit == "day"):
        return cal.before(window) if window.count == 1 else cal.before(replace(window))
    if unit == "hour":
        raise NoSuchTimeError("the hour before needs a window of an hour")
    first = cal.start_of(unit, window.start.astimezone(cal.zone).date())  # type: ignore[arg-type]
    return cal.periods(unit, cal.add(unit, first, -1))  # type: ignore[arg-type]


_TO = ("to", "until", "till", "through", "thru", "-", "and")


def _stretches(tokens: Sequence[Token], start: int) -> Iterator[TimePhrase]:
    opener = word_at(tokens, start)
    at = start + (opener in ("from", "between"))
    for left in periods_at(tokens, at):
        middle = word_at(tokens, left.end)
        allowed = ("and",) if opener == "between" else _TO[:-1]
        if middle not in allowed or left.future:
            continue
        for right in periods_at(tokens, left.end + 1):
            if not right.future:
                yield _stretch(left, right, between=opener == "between")
    yield from _days_of_month(tokens, at, opener)


def _days_of_month(tokens: Sequence[Token], at: int, opener: str) -> Iterator[TimePhrase]:
    """`from 3 to 9 May 2018`: the first day borrows month and year."""
    day = count_at(tokens, at)
    if day is None or not 1 <= day <= 31 or at + 2 >= len(tokens):
        return
    if word_at(tokens, at + 1) not in (("and",) if opener == "between" else _TO[:-1]):
        return
    for right in periods_at(tokens, at + 2):
        if not any(token.norm in MONTHS for token in tokens[at + 2 : right.end]):
            continue

        def whole(cal: Calendar, right: Period = right) -> Span:
            last = right.at(cal)
            try:
                first = last.start.date().replace(day=day)
            except ValueError as error:
                raise NoSuchTimeError(f"there is no day {day} in that month") from error
            if last.unit != "day" or first >= last.start.date():
                raise NoSuchTimeError("a stretch of days ends after it begins")
            return Span(cal.midnight(first), last.end, None, named=True, notes=last.notes)

        yield TimePhrase(right.end, whole, relative=right.relative)


def _stretch(left: Period, right: Period, *, between: bool) -> TimePhrase:
    left_at, right_at = left.at, right.at
    if left.year is None and right.year is not None and left.in_year is not None:
        left_at = left.in_year(right.year)
    elif right.year is None and left.year is not None and right.in_year is not None:
        right_at = right.in_year(left.year)

    def whole(cal: Calendar) -> Span:
        first, last = left_at(cal), right_at(cal)
        notes = tuple(dict.fromkeys((*first.notes, *last.notes)))
        if last.end <= first.start and left.year is None and right.year is None and left.in_year:
            # "from November to February": the latest such stretch
            first = left.in_year(last.start.year - 1)(cal)
        elif last.start < first.start and left.year is None and right.year is None and left.in_year:
            first = left.in_year(last.start.year - 1)(cal)
        if last.start < first.start or last.end <= first.start:
            raise NoSuchTimeError("a stretch of time ends after it begins")
        if first.unit == last.unit and first.unit not in (None, "day", "hour") and not last.to_date:
            count = _count(cal, first, last)
            return Span(first.start, last.end, first.unit, count, named=True, notes=notes)
        return Span(first.start, last.end, None, to_date=last.to_date, named=True, notes=notes)

    return TimePhrase(
        right.end,
        whole,
        pair=(left_at, right_at),
        between=between,
        relative=left.relative or right.relative,
    )


def _count(cal: Calendar, first: Span, last: Span) -> int:
    count, day = 0, first.start.date()
    while day < last.end.date() and count < 5000:
        assert first.unit is not None
        day = cal.add(first.unit, day, 1)
        count += 1
    return count


def _open(tokens: Sequence[Token], start: int) -> Iterator[TimePhrase]:
    word = word_at(tokens, start)
    if word in ("since", "after"):
        at = start + 1
        begins = at + (word_at(tokens, at) == "the")
        if (
            word == "since"
            and word_at(tokens, begins) in ("beginning", "start")
            and word_at(tokens, begins + 1) == "of"
        ):
            at = begins + 2
        for period in periods_at(tokens, at):
            yield TimePhrase(period.end, _from(period, after=word == "after"), relative=True)
    elif word in ("until", "till", "before", "to", "through"):
        at = start + 1
        for period in periods_at(tokens, at):
            if word == "to":
                continue
            yield TimePhrase(period.end, _up_to(period, before=word == "before"), relative=period.relative)
    elif word == "up" and word_at(tokens, start + 1) in ("to", "until"):
        for period in periods_at(tokens, start + 2):
            yield TimePhrase(period.end, _up_to(period, before=False), relative=period.relative)


def _from(period: Period, *, after: bool) -> At:
    def at(cal: Calendar) -> Span:
        begin = period.at(cal)
        start = begin.end if after else begin.start
        end = cal.end_after(start)
        if start >= end:
            raise NoSuchTimeError(f"nothing lies between {start.date().isoformat()} and {cal.today.isoformat()}")
        note = f"up to {(end.date() - timedelta(days=1)).isoformat()}, the last day so far"
        return Span(start, end, None, to_date=True, named=True, notes=(*begin.notes, note))

    return at


def _up_to(period: Period, *, before: bool) -> At:
    def at(cal: Calendar) -> Span:
        limit = period.at(cal)
        end = limit.start if before else limit.end
        if cal.first is None:
            raise NoSuchTimeError("it is not known where the data begins")
        start = cal.midnight(cal.first.date())
        if start >= end:
            raise NoSuchTimeError(f"the data begins on {start.date().isoformat()}, after that")
        note = f"from {start.date().isoformat()}, where the data begins"
        if not before:
            note += f", up to and including {(end.astimezone(cal.zone)).date().isoformat()} 00:00"
        return Span(start, end, None, named=True, notes=(*limit.notes, note))

    return at
