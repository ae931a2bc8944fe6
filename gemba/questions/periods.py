"""Single periods as people name them: `last week`, `Q3 2025`, `12 May`, `week 32`, `FY25`, `2018-03`.

Each reading is a function of the calendar, so that words are read before it is known where the data ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, timedelta

from gemba.questions.calendar import Calendar, Span, Unit
from gemba.questions.dates import dates, month_days, months, weekdays
from gemba.questions.period import (
    ORDINALS,
    PAST,
    UNITS,
    At,
    NoSuchTimeError,
    Period,
    count_at,
    full_year,
    in_a_year,
    word_at,
    year_after,
    year_at,
)
from gemba.questions.tokens import Token

_MOST = {"hour": 20_000, "day": 4000, "week": 600, "month": 240, "quarter": 80, "year": 40}


def periods_at(tokens: Sequence[Token], start: int) -> list[Period]:
    """Every reading of a period that begins at a token."""
    at = start + (word_at(tokens, start) == "the")
    found: list[Period] = []
    for reader in (
        _words,
        _running,
        _past,
        _ago,
        _quarter,
        _half,
        _week,
        _fiscal,
        month_days,
        months,
        dates,
        weekdays,
    ):
        found.extend(reader(tokens, at))
    return found


def _fixed(end: int, at: At, *, relative: bool = True, future: bool = False) -> Period:
    return Period(end, at, relative=relative, future=future)


def _words(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    word = word_at(tokens, at)
    if word == "today":
        yield _fixed(at + 1, lambda cal: cal.running("day"))
    elif word == "yesterday":
        yield _fixed(at + 1, lambda cal: cal.complete("day"))
    elif word in ("tomorrow", "tonight"):
        yield _fixed(at + 1, lambda cal: cal.periods("day", cal.today + timedelta(days=1)), future=True)
    elif word == "weekend" and word_at(tokens, at - 1 - (word_at(tokens, at - 1) == "the")) in ("at", "on", "over"):
        yield _fixed(at + 1, _last_weekend)
    elif [word_at(tokens, at + step) for step in range(3)] == ["day", "before", "yesterday"]:
        yield _fixed(at + 3, lambda cal: cal.periods("day", cal.today - timedelta(days=2)))
    elif word in ("mtd", "ytd", "qtd", "wtd"):
        unit: Unit = {"m": "month", "y": "year", "q": "quarter", "w": "week"}[word[0]]  # type: ignore[assignment]
        yield _fixed(at + 1, lambda cal: cal.running(unit))


def _unit_at(tokens: Sequence[Token], at: int) -> tuple[Unit, int] | None:
    word = word_at(tokens, at)
    if word in ("fiscal", "financial") and word_at(tokens, at + 1) in ("year", "quarter", "years", "quarters"):
        unit: Unit = "fiscal year" if word_at(tokens, at + 1).startswith("year") else "fiscal quarter"
        return unit, at + 2
    if word in ("calendar", "full", "complete", "whole") and word_at(tokens, at + 1) in UNITS:
        return UNITS[word_at(tokens, at + 1)], at + 2
    return (UNITS[word], at + 1) if word in UNITS else None


def _running(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    if word_at(tokens, at) in ("this", "current"):
        found = _unit_at(tokens, at + 1)
        if found and found[0] != "hour" and not word_at(tokens, found[1] - 1).endswith("s"):
            unit, end = found
            for words in (("to", "date"), ("so", "far")):
                if (word_at(tokens, end), word_at(tokens, end + 1)) == words:
                    end += 2
            yield _fixed(end, lambda cal: cal.running(unit))
        return
    found = _unit_at(tokens, at)
    if found and (word_at(tokens, found[1]), word_at(tokens, found[1] + 1)) == ("to", "date") and found[0] != "hour":
        unit = found[0]
        yield _fixed(found[1] + 2, lambda cal: cal.running(unit))


def _past(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    word = word_at(tokens, at)
    if word in ("next", "coming", "upcoming", "following"):
        count = count_at(tokens, at + 1)
        found = _unit_at(tokens, at + 1 + (count is not None))
        if found and word != "following":
            unit, number = found[0], 1 if count is None else count
            yield _fixed(found[1], lambda cal: _next(cal, unit, number), future=True)
        return
    if word not in PAST:
        return
    if word_at(tokens, at + 1) == "weekend" and word in ("last", "past", "previous"):
        yield _fixed(at + 2, _last_weekend)
        return
    count = count_at(tokens, at + 1)
    found = _unit_at(tokens, at + 1 + (count is not None))
    if not found or (word in ("latest", "trailing", "recent") and count is None):
        return
    unit, end = found
    number = 1 if count is None else count
    if number < 1 or number > _MOST.get(unit, 40):
        return
    if unit == "hour":
        yield _fixed(end, lambda cal: cal.hours(number))
    elif count is None and not word_at(tokens, end - 1).endswith("s"):
        yield _fixed(end, lambda cal: cal.complete(unit))
    elif count is not None:
        yield _fixed(end, lambda cal: _last_n(cal, unit, number))


def _last_n(cal: Calendar, unit: Unit, count: int) -> Span:
    span = cal.complete(unit, count)
    if count == 1:
        return span
    last = (span.end.date() - timedelta(days=1)).isoformat()
    note = f"the last {count} {unit}s are complete {unit}s, {span.start.date().isoformat()} to {last}"
    return Span(span.start, span.end, unit, count, notes=(note,))


def _last_weekend(cal: Calendar) -> Span:
    """Saturday and Sunday, the last complete ones."""
    saturday = cal.today - timedelta(days=(cal.today.weekday() - 5) % 7 or 7)
    if saturday + timedelta(days=2) > cal.today:
        saturday -= timedelta(days=7)
    span = cal.periods("day", saturday, 2)
    return Span(span.start, span.end, "day", 2, notes=(f"the last weekend is that of {saturday.isoformat()}",))


def _next(cal: Calendar, unit: Unit, count: int) -> Span:
    if unit == "hour":
        start = cal.as_of.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        return Span(start.astimezone(cal.zone), (start + timedelta(hours=count)).astimezone(cal.zone), "hour", count)
    return cal.periods(unit, cal.add(unit, cal.start_of(unit, cal.today), 1), count)


def _ago(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    count = 1 if word_at(tokens, at) in ("a", "an") else count_at(tokens, at)
    if count is None:
        return
    found = _unit_at(tokens, at + 1)
    if found and found[0] != "hour" and word_at(tokens, found[1]) == "ago" and 0 < count <= _MOST.get(found[0], 40):
        unit, number = found[0], count

        def ago(cal: Calendar) -> Span:
            first = cal.add(unit, cal.start_of(unit, cal.today), -number)
            note = f"{number} {unit}{'s' * (number > 1)} ago is read as the whole {unit} from {first.isoformat()}"
            return cal.periods(unit, first, notes=(note,))

        yield _fixed(found[1] + 1, ago)


def _quarter(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    word = word_at(tokens, at)
    number, end = None, at + 1
    if len(word) == 2 and word[0] == "q" and word[1] in "1234":
        number = int(word[1])
    elif word in ORDINALS and word_at(tokens, at + 1) == "quarter":
        number, end = ORDINALS[word], at + 2
    elif word == "quarter" and word_at(tokens, at + 1) in ("1", "2", "3", "4"):
        number, end = int(word_at(tokens, at + 1)), at + 2
    if number is not None:
        month = 3 * number - 2
        yield from in_a_year(
            tokens, end, lambda cal, year: cal.periods("quarter", date(year, month, 1), named=True), f"Q{number}"
        )


def _half(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    word = word_at(tokens, at)
    number, end = None, at + 1
    if word in ("h1", "h2"):
        number = int(word[1])
    elif word in ("first", "second") and word_at(tokens, at + 1) == "half":
        if year_after(tokens, at + 2)[0] is None:
            return
        number, end = ORDINALS[word], at + 2
    if number is not None:
        month = 6 * number - 5
        yield from in_a_year(
            tokens, end, lambda cal, year: cal.periods("quarter", date(year, month, 1), 2, named=True), f"H{number}"
        )


def _week(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    word = word_at(tokens, at)
    at += word in ("calendar", "iso") and word_at(tokens, at + 1) == "week"
    word = word_at(tokens, at)
    number, end = None, at + 2
    if word in ("week", "cw", "kw", "wk") and word_at(tokens, at + 1).isdigit():
        number = int(word_at(tokens, at + 1))
    elif word[:2] in ("cw", "kw", "wk") and word[2:].isdigit() and len(word) < 5:
        number, end = int(word[2:]), at + 1
    if word == "week" and word_at(tokens, at + 1) in ("of", "starting", "from", "beginning", "ending"):
        yield from _week_of(tokens, at)
    if number is not None and 1 <= number <= 53:
        week = number

        def whole(cal: Calendar, year: int) -> Span:
            return cal.periods("week", cal.iso_week_start(year, week), named=True)

        yield from in_a_year(tokens, end, whole, f"week {week}")


def _week_of(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    skip = at + 2 + (word_at(tokens, at + 2) in ("on", "the"))
    for day in (*month_days(tokens, skip), *dates(tokens, skip)):

        def whole(cal: Calendar, day: Period = day) -> Span:
            inner = day.at(cal)
            if inner.unit != "day":
                raise NoSuchTimeError("a week is named by one of its days")
            return cal.periods("week", cal.start_of("week", inner.start.date()), named=True, notes=inner.notes)

        yield Period(day.end, whole, relative=day.relative, year=day.year)


def _fiscal(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    word = word_at(tokens, at)
    year, end = None, at + 1
    if word[:2] == "fy" and word[2:].isdigit() and len(word) in (4, 6):
        year = int(word[2:])
    elif word == "fy" and word_at(tokens, at + 1).isdigit() and len(word_at(tokens, at + 1)) in (2, 4):
        year, end = int(word_at(tokens, at + 1)), at + 2
    elif word in ("fiscal", "financial") and word_at(tokens, at + 1) == "year" and year_at(tokens, at + 2):
        year, end = year_at(tokens, at + 2), at + 3
    if year is None:
        return
    number = full_year(year)

    def whole(cal: Calendar) -> Span:
        # A fiscal year is named after the calendar year in which it ends.
        first = date(number - (cal.fiscal_month > 1), cal.fiscal_month, 1)
        note = f"FY{number % 100:02d} begins on {first.isoformat()}"
        return cal.periods("fiscal year", first, named=True, notes=(note,) if cal.fiscal_month > 1 else ())

    if 1900 <= number < 2100:
        yield Period(end, whole, year=number)
