"""Single periods as people name them: `last week`, `Q3 2025`, `12 May`, `week 32`, `FY25`, `2018-03`.

Each reading is a function of the calendar, so that words are read before it is known where the data ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from gemba.questions.calendar import WEEKDAYS, Calendar, Span, Unit
from gemba.questions.tokens import Token

At = Callable[[Calendar], Span]


class NoSuchTimeError(ValueError):
    """A time that does not exist, such as week 53 of 2025 or 30 February."""


@dataclass(frozen=True, slots=True)
class Period:
    """A period at tokens [start, end). `year` is the year said, if one was; `in_year` reads it in another.

    `relative`: read from `as_of`. `future`: lies after it by its words (`next week`).
    """

    end: int
    at: At
    relative: bool = False
    future: bool = False
    year: int | None = None
    in_year: Callable[[int], At] | None = None


UNITS: dict[str, Unit] = {
    "hour": "hour", "hours": "hour", "hrs": "hour", "day": "day", "days": "day", "week": "week", "weeks": "week",
    "month": "month", "months": "month", "quarter": "quarter", "quarters": "quarter", "year": "year", "years": "year",
}  # fmt: skip
MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
         "september sep sept", "october oct", "november nov", "december dec"), start=1)
    for name in names.split()
}  # fmt: skip
DAYS = {
    name: number
    for number, names in enumerate(
        ("monday mon mondays", "tuesday tue tues tuesdays", "wednesday wed wednesdays", "thursday thu thurs thursdays",
         "friday fri fridays", "saturday sat saturdays", "sunday sun sundays"))
    for name in names.split() if not name.endswith("days") or name in WEEKDAYS
}  # fmt: skip
COUNTS = {
    word: number
    for number, word in enumerate(
        [
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
        ],
        start=1,
    )
}
ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "1st": 1, "2nd": 2, "3rd": 3, "4th": 4}
PAST = frozenset({"last", "past", "previous", "prior", "preceding", "latest", "trailing", "recent"})
_MOST = {"hour": 20_000, "day": 4000, "week": 600, "month": 240, "quarter": 80, "year": 40}


def word_at(tokens: Sequence[Token], at: int) -> str:
    return tokens[at].norm if at < len(tokens) else ""


def count_at(tokens: Sequence[Token], at: int) -> int | None:
    """A count written in figures or as a word."""
    word = word_at(tokens, at)
    if word in COUNTS:
        return COUNTS[word]
    return int(word) if word.isdigit() and len(word) < 6 else None


def year_at(tokens: Sequence[Token], at: int) -> int | None:
    word = word_at(tokens, at)
    return int(word) if len(word) == 4 and word.isascii() and word.isdigit() and 1900 <= int(word) < 2100 else None


def year_after(tokens: Sequence[Token], at: int) -> tuple[int | None, int]:
    """A year that follows, with `of`, `in` or a comma before it or not, and where it ends."""
    for skip in (0, 1):
        if skip and word_at(tokens, at) not in ("of", "in", ","):
            break
        year = year_at(tokens, at + skip)
        if year is not None:
            return year, at + skip + 1
    return None, at


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
        _month_day,
        _month,
        _dated,
        _weekday,
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
        unit, count = "day", 1
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


def _in_a_year(
    tokens: Sequence[Token], end: int, whole: Callable[[Calendar, int], Span], what: str
) -> Iterator[Period]:
    """A period of every year: in the year said, in `last year` or `this year`, else the latest complete one."""

    def in_year(year: int) -> At:
        def at(cal: Calendar) -> Span:
            try:
                return whole(cal, year)
            except (ValueError, OverflowError) as error:
                raise NoSuchTimeError(f"there is no {what} in {year}") from error

        return at

    def latest(cal: Calendar) -> Span:
        for year in range(cal.today.year + 1, cal.today.year - 9, -1):
            try:
                span = whole(cal, year)
            except (ValueError, OverflowError):
                continue
            if span.end <= cal.as_of:
                note = f"{what} is the most recent complete one, from {span.start.date().isoformat()}"
                return Span(span.start, span.end, span.unit, span.count, named=True, notes=(note,))
        raise NoSuchTimeError(f"there is no complete {what} before {cal.today.isoformat()}")

    year, after = year_after(tokens, end)
    if year is not None:
        yield Period(after, in_year(year), year=year, in_year=in_year)
        return
    skip = end + (word_at(tokens, end) == "of")
    if word_at(tokens, skip + 1) == "year" and word_at(tokens, skip) in ("last", "this"):
        back = 1 if word_at(tokens, skip) == "last" else 0
        yield Period(skip + 2, lambda cal: in_year(cal.today.year - back)(cal), relative=True)
        return
    yield Period(end, latest, relative=True, in_year=in_year)


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
        yield from _in_a_year(
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
        yield from _in_a_year(
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

        yield from _in_a_year(tokens, end, whole, f"week {week}")


def _week_of(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    skip = at + 2 + (word_at(tokens, at + 2) in ("on", "the"))
    for day in (*_month_day(tokens, skip), *_dated(tokens, skip)):

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
    number = _full_year(year)

    def whole(cal: Calendar) -> Span:
        # A fiscal year is named after the calendar year in which it ends.
        first = date(number - (cal.fiscal_month > 1), cal.fiscal_month, 1)
        note = f"FY{number % 100:02d} begins on {first.isoformat()}"
        return cal.periods("fiscal year", first, named=True, notes=(note,) if cal.fiscal_month > 1 else ())

    if 1900 <= number < 2100:
        yield Period(end, whole, year=number)


def _day_number(word: str) -> int | None:
    for ending in ("st", "nd", "rd", "th"):
        word = word.removesuffix(ending)
    return int(word) if word.isascii() and word.isdigit() and 1 <= int(word) <= 31 else None


def _month_day(tokens: Sequence[Token], at: int) -> Iterator[Period]:
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
    yield from _in_a_year(
        tokens, end, lambda cal, year: cal.periods("day", date(year, month_number, day_number), named=True), name
    )


def _month(tokens: Sequence[Token], at: int) -> Iterator[Period]:
    at += word_at(tokens, at) in ("last", "month") and word_at(tokens, at + 1) in MONTHS
    word = word_at(tokens, at)
    if word in MONTHS:
        month = MONTHS[word]
        end = at + 1 + (word_at(tokens, at + 1) == "." and len(word) < 5)
        yield from _in_a_year(
            tokens, end, lambda cal, year: cal.periods("month", date(year, month, 1), named=True), word.capitalize()
        )


def _weekday(tokens: Sequence[Token], at: int) -> Iterator[Period]:
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


def _dated(tokens: Sequence[Token], at: int) -> Iterator[Period]:
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
    year = _full_year(year)
    if sign == "." or first > 12:
        return [(year, second, first)]
    if second > 12 or first == second:
        return [(year, first, second)]
    return [(year, second, first), (year, first, second)]


def _full_year(year: int) -> int:
    """Two figures mean 1970 to 2069."""
    if year >= 100:
        return year
    return year + (1900 if year >= 70 else 2000)


def _whole(unit: Unit, year: int, month: int, day: int) -> At:
    def at(cal: Calendar) -> Span:
        try:
            return cal.periods(unit, date(year, month, day), named=True)
        except (ValueError, OverflowError) as error:
            raise NoSuchTimeError(f"there is no day {year}-{month:02d}-{day:02d}") from error

    return at
