"""Slopes are rarely called on noise that remembers or wanders; seasons and holidays are found where they are."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import lfilter

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.trend_season import trend_season

START = np.datetime64("2024-01-01", "s")


def by_day(count: int) -> np.ndarray:
    return START + np.arange(count) * np.timedelta64(1, "D")


def by_hour(count: int) -> np.ndarray:
    return START + np.arange(count) * np.timedelta64(1, "h")


def noise(memory: float, rng: np.random.Generator, count: int) -> np.ndarray:
    steps = rng.standard_normal(count + 100)
    return np.asarray(lfilter([1.0], [1.0, -memory], steps))[100:] if memory < 1 else steps[100:].cumsum()


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9, 1.0])
def test_no_slope_is_called_one_as_rarely_as_said(memory: float) -> None:
    rng = np.random.default_rng(1)
    found = [trend_season(noise(memory, rng, 91), by_day(91), bucket="day") for _ in range(150)]
    assert np.mean([one.slope.p < 0.05 for one in found]) <= 0.12  # of 5 %: 3.9 standard errors above
    assert np.mean([one.seasons[0].p < 0.05 for one in found]) <= 0.12


@pytest.mark.parametrize("memory", [0.0, 0.5, 0.9])
def test_a_slope_lies_in_its_interval(memory: float) -> None:
    rng = np.random.default_rng(2)
    held = []
    for _ in range(150):
        found = trend_season(noise(memory, rng, 120) + 0.1 * np.arange(120), by_day(120), bucket="day").slope
        held.append(abs(found.value - 0.1) <= found.half_width())
    assert np.mean(held) >= 0.88


def test_a_clear_slope_is_seen_through_the_season() -> None:
    rng = np.random.default_rng(3)
    values = np.tile([0, 0, 0, 0, 0, -9, -9], 20) + 0.05 * np.arange(140) + rng.standard_normal(140)
    found = trend_season(values, by_day(140), bucket="day")
    assert found.slope.p < 1e-6
    assert found.slope.value == pytest.approx(0.05, abs=0.01)
    (week,) = found.seasons
    assert week.name == "week"
    assert week.p < 1e-9
    assert week.strength > 0.9
    assert week.figure[6] - week.figure[0] == pytest.approx(-9, abs=0.6)
    assert abs(week.effects[6].value - week.figure[6]) < 1e-9


def test_seasons_of_day_and_week_are_told_apart_in_hours() -> None:
    rng = np.random.default_rng(4)
    hour = np.arange(24 * 28)
    values = 3 * np.sin(2 * np.pi * hour / 24) - 2.0 * (hour // 24 % 7 == 6) + rng.standard_normal(hour.size)
    found = trend_season(values, by_hour(hour.size), bucket="hour")
    assert [one.name for one in found.seasons] == ["day", "week"]
    assert all(one.p < 1e-6 for one in found.seasons)
    assert int(np.argmax(found.seasons[0].figure)) == pytest.approx(6, abs=2)
    assert int(np.argmin(found.seasons[1].figure)) == 6


def test_a_year_is_looked_for_where_there_are_two_and_a_period_where_it_is_given() -> None:
    rng = np.random.default_rng(5)
    day = np.arange(800)
    values = 4 * np.cos(2 * np.pi * day / 365.25) + 2 * np.cos(2 * np.pi * day / 30) + rng.standard_normal(day.size)
    found = trend_season(values, by_day(800), bucket="day", periods=(30.0,))
    assert [one.name for one in found.seasons] == ["week", "year", "30 days"]
    assert found.seasons[0].p > 0.01
    assert max(one.p for one in found.seasons[1:]) < 1e-9


def test_the_effect_of_holidays_is_that_of_working_days() -> None:
    rng = np.random.default_rng(6)
    holiday = np.zeros(140, dtype=bool)
    holiday[[3, 38, 73, 101, 6]] = True  # the last a Sunday
    values = 20 + rng.standard_normal(140) - 8.0 * (holiday & (np.arange(140) % 7 < 5))
    found = trend_season(values, by_day(140), bucket="day", holiday=holiday)
    assert found.holidays == 4
    assert found.holiday is not None
    assert abs(found.holiday.value + 8) <= 3 * found.holiday.se
    assert found.holiday.p < 1e-6


def test_gaps_are_counted_and_the_slope_is_told_all_the_same() -> None:
    values = 0.2 * np.arange(120) + np.random.default_rng(7).standard_normal(120)
    values[50] = np.nan
    kept = np.r_[0:70, 80:120]
    found = trend_season(values[kept], by_day(120)[kept], bucket="day")
    assert found.missing == 11
    assert found.line.size == kept.size
    assert found.slope.value == pytest.approx(0.2, abs=0.02)


def test_an_exact_line_has_no_error() -> None:
    found = trend_season(3.0 * np.arange(60), by_day(60), bucket="day").slope
    assert (found.value, found.p) == (pytest.approx(3.0), 0.0)


@pytest.mark.parametrize(
    ("values", "starts", "error"),
    [
        (np.full(60, 4.0), by_day(60), UnusableValuesError),
        (np.full(60, np.nan), by_day(60), SampleTooSmallError),
        (np.ones(1), by_day(1), SampleTooSmallError),
        (np.arange(20.0), by_day(20), SampleTooSmallError),
        (np.arange(60.0), by_day(60)[::-1], UnusableValuesError),
        (np.arange(60.0), np.r_[by_day(59), by_day(59)[-1]], UnusableValuesError),
        (np.arange(60.0), by_day(60) + (np.arange(60) * 7).astype("timedelta64[s]"), UnusableValuesError),
        (np.where(np.arange(60) == 9, np.inf, 1.0), by_day(60), UnusableValuesError),
    ],
    ids=["constant", "all missing", "one point", "too few", "backwards", "duplicate", "unequal", "infinite"],
)
def test_a_series_without_an_answer_is_refused(values: np.ndarray, starts: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        trend_season(values, starts, bucket="day")
