"""What a period is as it stands in a text, and the words and years that periods are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

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


def in_a_year(tokens: Sequence[Token], end: int, whole: Callable[[Calendar, int], Span], what: str) -> Iterator[Period]:
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


def full_year(year: int) -> int:
    """Two figures mean 1970 to 2069."""
    if year >= 100:
        return year
    return year + (1900 if year >= 70 else 2000)
