"""Time phrases to exact windows. Days are written first..last, both included; instants with their offsets."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemba.questions.calendar import Calendar, Span
from gemba.questions.describe import said_window
from gemba.questions.period import NoSuchTimeError
from gemba.questions.time import time_phrases
from gemba.questions.tokens import tokens_of

BERLIN = ZoneInfo("Europe/Berlin")


def calendar(as_of: str, **settings) -> Calendar:
    instant = datetime.fromisoformat(as_of).replace(tzinfo=BERLIN)
    first = datetime(2010, 1, 1, tzinfo=BERLIN)
    return Calendar(zone=BERLIN, as_of=instant, first=first, **settings)


def spans(phrase: str, cal: Calendar, *, beside: Span | None = None) -> list[Span]:
    """All readings that take the whole phrase and exist."""
    tokens = tokens_of(phrase)
    found: list[Span] = []
    for reading in time_phrases(tokens, 0):
        if reading.end != len(tokens):
            continue
        try:
            if beside is not None and reading.beside is not None:
                span = reading.beside(cal, beside)
            elif reading.at is not None:
                span = reading.at(cal)
            else:
                continue
        except NoSuchTimeError:
            continue
        if span.window not in [other.window for other in found]:
            found.append(span)
    return found


def days(span: Span) -> str:
    return said_window(span.window, BERLIN).removeprefix("from ").removeprefix("on ").replace(" to ", "..")


NOW = "2026-11-18T10:00"  # a Wednesday, week 47
CASES = """
today | 2026-11-18
yesterday | 2026-11-17
the day before yesterday | 2026-11-16
last week | 2026-11-09..2026-11-15
the last week | 2026-11-09..2026-11-15
previous week | 2026-11-09..2026-11-15
past week | 2026-11-09..2026-11-15
this week | 2026-11-16..2026-11-18
the current week | 2026-11-16..2026-11-18
this month | 2026-11-01..2026-11-18
this month to date | 2026-11-01..2026-11-18
this month so far | 2026-11-01..2026-11-18
this quarter | 2026-10-01..2026-11-18
this year | 2026-01-01..2026-11-18
last month | 2026-10-01..2026-10-31
previous month | 2026-10-01..2026-10-31
last calendar month | 2026-10-01..2026-10-31
last full month | 2026-10-01..2026-10-31
last quarter | 2026-07-01..2026-09-30
last year | 2025-01-01..2025-12-31
month to date | 2026-11-01..2026-11-18
mtd | 2026-11-01..2026-11-18
week to date | 2026-11-16..2026-11-18
wtd | 2026-11-16..2026-11-18
quarter to date | 2026-10-01..2026-11-18
qtd | 2026-10-01..2026-11-18
year to date | 2026-01-01..2026-11-18
ytd | 2026-01-01..2026-11-18
last 7 days | 2026-11-11..2026-11-17
past 7 days | 2026-11-11..2026-11-17
the past seven days | 2026-11-11..2026-11-17
last 30 days | 2026-10-19..2026-11-17
previous 2 days | 2026-11-16..2026-11-17
last 1 day | 2026-11-17
last 2 weeks | 2026-11-02..2026-11-15
past 4 weeks | 2026-10-19..2026-11-15
last 3 months | 2026-08-01..2026-10-31
last twelve months | 2025-11-01..2026-10-31
last 2 quarters | 2026-04-01..2026-09-30
last 2 years | 2024-01-01..2025-12-31
trailing 12 months | 2025-11-01..2026-10-31
last 24 hours | 2026-11-17 10:00..2026-11-18 10:00
past 2 hours | 2026-11-18 08:00..2026-11-18 10:00
the last hour | 2026-11-18 09:00..2026-11-18 10:00
2 weeks ago | 2026-11-02..2026-11-08
a week ago | 2026-11-09..2026-11-15
3 days ago | 2026-11-15
one month ago | 2026-10-01..2026-10-31
Q3 | 2026-07-01..2026-09-30
Q4 | 2025-10-01..2025-12-31
Q3 2025 | 2025-07-01..2025-09-30
Q3 of 2025 | 2025-07-01..2025-09-30
2025-Q3 | 2025-07-01..2025-09-30
third quarter of 2025 | 2025-07-01..2025-09-30
the first quarter | 2026-01-01..2026-03-31
quarter 2 2024 | 2024-04-01..2024-06-30
Q1 last year | 2025-01-01..2025-03-31
H1 2025 | 2025-01-01..2025-06-30
second half of 2025 | 2025-07-01..2025-12-31
week 32 | 2026-08-03..2026-08-09
week 32 of 2025 | 2025-08-04..2025-08-10
week 32 2025 | 2025-08-04..2025-08-10
calendar week 1 2026 | 2025-12-29..2026-01-04
cw 45 | 2026-11-02..2026-11-08
CW45 | 2026-11-02..2026-11-08
KW 45 | 2026-11-02..2026-11-08
week 1 of 2025 | 2024-12-30..2025-01-05
week 53 of 2020 | 2020-12-28..2021-01-03
week 53 | 2020-12-28..2021-01-03
2020-W53 | 2020-12-28..2021-01-03
week 47 | 2025-11-17..2025-11-23
the week of 12 May 2026 | 2026-05-11..2026-05-17
week starting 11 May 2026 | 2026-05-11..2026-05-17
2018-03 | 2018-03-01..2018-03-31
March 2018 | 2018-03-01..2018-03-31
march, 2018 | 2018-03-01..2018-03-31
March | 2026-03-01..2026-03-31
last March | 2026-03-01..2026-03-31
March last year | 2025-03-01..2025-03-31
November | 2025-11-01..2025-11-30
December | 2025-12-01..2025-12-31
October | 2026-10-01..2026-10-31
Sept 2025 | 2025-09-01..2025-09-30
Feb 2024 | 2024-02-01..2024-02-29
February 2100 |
February 2023 | 2023-02-01..2023-02-28
12 May | 2026-05-12
12 May 2018 | 2018-05-12
12th of May 2018 | 2018-05-12
the 12th of May | 2026-05-12
May 12 2018 | 2018-05-12
May 12th, 2018 | 2018-05-12
1st December | 2025-12-01
29 February | 2024-02-29
29 February 2024 | 2024-02-29
29 February 2023 |
31 April 2020 |
12.05.2018 | 2018-05-12
2018-05-12 | 2018-05-12
2018/05/12 |
25/12/2018 | 2018-12-25
12/25/2018 | 2018-12-25
04/04/2018 | 2018-04-04
03/04/2018 | 2018-04-03 ; 2018-03-04
12.05.18 | 2018-05-12
2018 | 2018-01-01..2018-12-31
year 2018 | 2018-01-01..2018-12-31
FY25 | 2025-01-01..2025-12-31
FY 2025 | 2025-01-01..2025-12-31
fiscal year 2025 | 2025-01-01..2025-12-31
FY97 | 1997-01-01..1997-12-31
this fiscal year | 2026-01-01..2026-11-18
Monday | 2026-11-16
last Tuesday | 2026-11-17
Wednesday | 2026-11-11
Sunday | 2026-11-15
Fri | 2026-11-13
since Monday | 2026-11-16..2026-11-18
since 1 November | 2026-11-01..2026-11-18
since 2026-11-01 | 2026-11-01..2026-11-18
since last week | 2026-11-09..2026-11-18
since March | 2026-03-01..2026-11-18
since 2025 | 2025-01-01..2026-11-18
after 10 November 2026 | 2026-11-11..2026-11-18
before 2011 | 2010-01-01..2010-12-31
until March 2010 | 2010-01-01..2010-03-31
up to 5 January 2010 | 2010-01-01..2010-01-05
before 5 January 2010 | 2010-01-01..2010-01-04
between 3 and 9 May 2018 | 2018-05-03..2018-05-09
from 3 to 9 May 2018 | 2018-05-03..2018-05-09
between 1 May and 15 May | 2026-05-01..2026-05-15
from 2018-05-01 to 2018-05-15 | 2018-05-01..2018-05-15
2018-05-01 to 2018-05-15 | 2018-05-01..2018-05-15
from 2018-05-01 until 2018-05-15 | 2018-05-01..2018-05-15
from March to May | 2026-03-01..2026-05-31
March to May 2018 | 2018-03-01..2018-05-31
between January 2018 and March 2018 | 2018-01-01..2018-03-31
from November to February | 2025-11-01..2026-02-28
from week 10 to week 12 | 2026-03-02..2026-03-22
between week 10 and week 12 of 2025 | 2025-03-03..2025-03-23
Q1 to Q2 2025 | 2025-01-01..2025-06-30
from Monday to yesterday | 2026-11-16..2026-11-17
from 28 December 2017 to 3 January 2018 | 2017-12-28..2018-01-03
2016 to 2018 | 2016-01-01..2018-12-31
from May 2018 to March 2018 |
2018-05-15 to 2018-05-01 |
last winter |
the other day |
week 54 |
week 0 |
32 May |
last few days |
last 0 days |
0 days ago |
"""


@pytest.mark.parametrize(
    ("phrase", "expected"),
    [tuple(part.strip() for part in line.split("|")) for line in CASES.strip().splitlines()],
)
def test_a_phrase_means_exactly_these_days(phrase: str, expected: str) -> None:
    got = sorted(days(span) for span in spans(phrase, calendar(NOW)))
    assert got == sorted(part.strip() for part in expected.split(";") if part.strip())


@pytest.mark.parametrize(
    ("as_of", "phrase", "expected"),
    [
        ("2026-01-01T00:00", "yesterday", "2025-12-31"),
        ("2026-01-01T00:00", "last week", "2025-12-22..2025-12-28"),
        ("2026-01-01T12:00", "last month", "2025-12-01..2025-12-31"),
        ("2026-01-01T12:00", "last quarter", "2025-10-01..2025-12-31"),
        ("2026-01-01T12:00", "last year", "2025-01-01..2025-12-31"),
        ("2026-01-01T12:00", "year to date", "2026-01-01"),
        ("2024-03-01T08:00", "yesterday", "2024-02-29"),
        ("2023-03-01T08:00", "yesterday", "2023-02-28"),
        ("2024-03-31T08:00", "last month", "2024-02-01..2024-02-29"),
        ("2026-11-16T00:00", "last week", "2026-11-09..2026-11-15"),
        ("2026-11-15T23:59", "last week", "2026-11-02..2026-11-08"),
        ("2026-11-16T00:00", "this week", "2026-11-16"),
        ("2021-01-04T09:00", "last week", "2020-12-28..2021-01-03"),
        ("2021-01-04T09:00", "week 53", "2020-12-28..2021-01-03"),
        ("2026-11-16T09:00", "Monday", "2026-11-09"),
        ("2026-12-01T00:00", "November", "2026-11-01..2026-11-30"),
        ("2026-11-30T23:59", "November", "2025-11-01..2025-11-30"),
    ],
)
def test_edges_of_years_months_and_weeks(as_of: str, phrase: str, expected: str) -> None:
    assert [days(span) for span in spans(phrase, calendar(as_of))] == [expected]


@pytest.mark.parametrize(
    ("window", "phrase", "expected"),
    [
        ("last week", "the week before", "2026-11-02..2026-11-08"),
        ("last week", "previous week", "2026-11-02..2026-11-08"),
        ("last week", "the previous period", "2026-11-02..2026-11-08"),
        ("last week", "a week earlier", "2026-11-02..2026-11-08"),
        ("last week", "the same week last year", "2025-11-10..2025-11-16"),
        ("last week", "same period last year", "2025-11-10..2025-11-16"),
        ("week 53 of 2020", "same week last year", "2019-12-23..2019-12-29"),
        ("yesterday", "the day before", "2026-11-16"),
        ("yesterday", "the week before", "2026-11-09..2026-11-15"),
        ("last month", "the month before", "2026-09-01..2026-09-30"),
        ("March 2018", "the month before", "2018-02-01..2018-02-28"),
        ("March 2018", "a year earlier", "2017-03-01..2017-03-31"),
        ("February 2024", "same month last year", "2023-02-01..2023-02-28"),
        ("Q1 2026", "the quarter before", "2025-10-01..2025-12-31"),
        ("Q1 2026", "the same quarter last year", "2025-01-01..2025-03-31"),
        ("29 February 2024", "a year earlier", "2023-02-28"),
        ("last month", "Q2", "2026-04-01..2026-06-30"),
        ("2018", "the year before", "2017-01-01..2017-12-31"),
    ],
)
def test_a_time_beside_a_window(window: str, phrase: str, expected: str) -> None:
    cal = calendar(NOW)
    (span,) = spans(window, cal)
    assert [days(other) for other in spans(phrase, cal, beside=span)] == [expected]


def test_last_year_beside_a_week_has_two_readings() -> None:
    cal = calendar(NOW)
    (week,) = spans("last week", cal)
    got = {days(span) for span in spans("last year", cal, beside=week)}
    assert got == {"2025-11-10..2025-11-16", "2025-01-01..2025-12-31"}


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ("last week", "2026-11-02..2026-11-08"),
        ("last month", "2026-09-01..2026-09-30"),
        ("March 2018", "2018-02-01..2018-02-28"),
        ("Q1 2026", "2025-10-01..2025-12-31"),
        ("2018", "2017-01-01..2017-12-31"),
        ("yesterday", "2026-11-16"),
        ("last 7 days", "2026-11-04..2026-11-10"),
        ("last 3 months", "2026-05-01..2026-07-31"),
        ("from 2018-05-01 to 2018-05-10", "2018-04-21..2018-04-30"),
        ("March to May 2018", "2017-12-01..2018-02-28"),
        ("last 24 hours", "2026-11-16 10:00..2026-11-17 10:00"),
    ],
)
def test_the_stretch_before_is_aligned(window: str, expected: str) -> None:
    cal = calendar(NOW)
    (span,) = spans(window, cal)
    assert days(cal.before(span)) == expected


@pytest.mark.parametrize(
    ("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-24", 24), ("2025-03-30", 23)]
)
def test_days_of_a_clock_change_have_their_real_length(day: str, hours: int) -> None:
    (span,) = spans(day, calendar(NOW))
    assert span.end.astimezone(UTC) - span.start.astimezone(UTC) == timedelta(hours=hours)


def test_hours_are_counted_through_a_clock_change() -> None:
    (span,) = spans("last 24 hours", calendar("2026-10-25T12:00"))
    assert span.end.astimezone(UTC) - span.start.astimezone(UTC) == timedelta(hours=24)
    assert days(span) == "2026-10-24 13:00..2026-10-25 12:00"


def test_weeks_and_fiscal_years_follow_the_model() -> None:
    sunday = calendar(NOW, week_starts=6, fiscal_month=10)
    assert [days(span) for span in spans("last week", sunday)] == ["2026-11-08..2026-11-14"]
    assert [days(span) for span in spans("FY26", sunday)] == ["2025-10-01..2026-09-30"]
    assert [days(span) for span in spans("last fiscal year", sunday)] == ["2025-10-01..2026-09-30"]
    assert [days(span) for span in spans("this fiscal year", sunday)] == ["2026-10-01..2026-11-18"]


def test_what_was_not_said_is_noted() -> None:
    cal = calendar(NOW)
    assert "most recent" in spans("March", cal)[0].notes[0]
    assert "most recent" in spans("Monday", cal)[0].notes[0]
    assert spans("March 2018", cal)[0].notes == ()


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 -- hypothesis wants naive bounds
    st.sampled_from(["day", "week", "month", "quarter", "year"]),
)
def test_complete_periods_end_before_as_of_and_touch_the_ones_before(at: datetime, unit) -> None:
    cal = Calendar(zone=BERLIN, as_of=at.replace(tzinfo=BERLIN))
    span = cal.complete(unit)
    assert span.start < span.end <= cal.as_of
    assert cal.before(span).end == span.start
    running = cal.running(unit)
    assert running.start == span.end
    assert running.start <= cal.as_of <= running.end
