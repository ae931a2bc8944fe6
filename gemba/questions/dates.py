"""Days, months, weekdays and years as they are written: `12 May`, `03/04/2018`, `March 2018`, `Monday`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from gemba.questions.calendar import WEEKDAYS, Calendar, Span, Unit
from gemba.questions.period import (
    DAYS,
    MONTHS,
    At,
    NoSuchTimeError,
    Period,
    full_year,
    in_a_year,
    word_at,
    year_at,
)
from gemba.questions.tokens import Token


def _day_number(word: str) -> int | None:
    for ending in ("st", "nd", "rd", "th"):
        word = word.removesuffix(ending)
    return int(word) if word.isascii() and word.isdigit() and 1 <= int(word) <= 31 else None


def month_days(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    at += word_at(tokens, at) in DAYS and word_at(tokens, at + 1) == ","
    first, second = word_at(tokens, at), word_at(tokens, at + 1)
    day = _day_number(first)
    if day is not None:
        of = at + 1 + (second == "of")
        month, end = MONTHS.get(word_at(tokens, of)), of + 1
    else:
        month, day, end = MONTHS.get(first), _day_number(second), at + 2
    if month is None or day is None:
        return
    month_number, day_number = month, day
    name = f"{day_number} {next(name for name, number in MONTHS.items() if number == month_number).capitalize()}"
    yield from in_a_year(
        tokens, end, lambda cal, year: cal.periods("day", date(year, month_number, day_number), named=True), name
    )


def months(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    at += word_at(tokens, at) in ("last", "month") and word_at(tokens, at + 1) in MONTHS
    word = word_at(tokens, at)
    if word in MONTHS:
        month = MONTHS[word]
        end = at + 1 + (word_at(tokens, at + 1) == "." and len(word) < 5)
        yield from in_a_year(
            tokens, end, lambda cal, year: cal.periods("month", date(year, month, 1), named=True), word.capitalize()
        )


def weekdays(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    at += word_at(tokens, at) == "last" and word_at(tokens, at + 1) in DAYS
    word = word_at(tokens, at)
    if word not in DAYS:
        return
    number = DAYS[word]

    def latest(cal: Calendar) -> Span:
        back = (cal.today.weekday() - number) % 7 or 7
        day = cal.today - timedelta(days=back)
        note = f"{WEEKDAYS[number].capitalize()} is the most recent complete one, {day.isoformat()}"
        return cal.periods("day", day, notes=(note,))

    yield Period(at + 1, latest, relative=True)


def dates(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    """Dates in figures, and years. `03/04/2018` has two readings unless they are the same day."""
    at += word_at(tokens, at) == "year" and year_at(tokens, at + 1) is not None
    if at >= len(tokens):
        return
    token = tokens[at]
    if token.kind == "number" and (year := year_at(tokens, at)) is not None:
        yield Period(at + 1, _whole("year", year, 1, 1), year=year)
        return
    if token.kind != "date":
        return
    text = token.norm
    if "w" in text:
        year, week = (int(part) for part in text.split("-w"))

        def weekly(cal: Calendar) -> Span:
            try:
                return cal.periods("week", cal.iso_week_start(year, week), named=True)
            except ValueError as error:
                raise NoSuchTimeError(f"there is no week {week} in {year}") from error

        yield Period(at + 1, weekly, year=year)
    elif "q" in text:
        year, quarter = (int(part) for part in text.split("-q"))
        yield Period(at + 1, _whole("quarter", year, 3 * quarter - 2, 1), year=year)
    elif ":" not in text:
        for year, month, day in _figures(text):
            yield Period(at + 1, _whole("day" if day else "month", year, month, day or 1), year=year)


def _figures(text: str) -> list[tuple[int, int, int]]:
    """(year, month, day) readings of a date in figures; day 0 for a month."""
    for sign in "./-":
        parts = text.split(sign)
        if len(parts) > 1:
            break
    else:
        return []
    numbers = [int(part) for part in parts]
    if len(parts[0]) == 4:
        return [(numbers[0], numbers[1], numbers[2] if len(numbers) == 3 else 0)]
    first, second, year = numbers
    year = full_year(year)
    if sign == "." or first > 12:
        return [(year, second, first)]
    if second > 12 or first == second:
        return [(year, first, second)]
    return [(year, second, first), (year, first, second)]


def _whole(unit: Unit, year: int, month: int, day: int) -> At:
    def at(cal: Calendar) -> Span:
        try:
            return cal.periods(unit, date(year, month, day), named=True)
        except (ValueError, OverflowError) as error:
            raise NoSuchTimeError(f"there is no day {year}-{month:02d}-{day:02d}") from error

    return at
