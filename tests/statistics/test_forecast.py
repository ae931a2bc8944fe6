"""Forecasts cover what they say, beat what they must, look at nothing after their origin, and refuse bad series."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from scipy.signal import lfilter

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.calendar_days import holidays_among, hours_of_day, known_countries
from gemba.statistics.forecast import Forecast, forecast
from gemba.statistics.forecast_days import DayGrid, day_grid
from gemba.statistics.forecast_smoothing import CANDIDATES, NAIVE, candidate_paths

START = np.datetime64("2024-01-01", "D")  # a Monday


def days(count: int) -> np.ndarray:
    return START + np.arange(count)


def ahead_of(values: np.ndarray, ahead: int = 1, **options: object) -> Forecast:
    grid = DayGrid(days(values.shape[0]), values.reshape(values.shape[0], -1), 0)
    holiday = np.zeros(values.shape[0] + ahead + int(options.get("skip", 0)), dtype=bool)  # type: ignore[call-overload]
    return forecast(grid, ahead=ahead, holiday=holiday, adds_up=True, **options)  # type: ignore[arg-type]


def series(kind: str, rng: np.random.Generator, count: int) -> np.ndarray:
    noise = rng.standard_normal(count)
    week = np.tile([2.0, 2.0, 1.0, 1.0, 0.0, -3.0, -3.0], count // 7 + 1)[:count]
    match kind:
        case "remembers":
            return np.asarray(lfilter([1.0], [1.0, -0.9], noise)) + 40
        case "weekly":
            return 40 + week + noise
        case "trend":
            return 40 + week + 0.05 * np.arange(count) + noise
        case "uneven":
            return 40 + week + noise * np.where(week < 0, 0.3, 2.0)
        case _:
            return 40 + week + rng.standard_t(3, count)


@pytest.mark.parametrize("kind", ["remembers", "weekly", "trend", "uneven", "heavy"])
def test_intervals_hold_about_as_much_as_said_and_the_naive_is_beaten(kind: str) -> None:
    rng = np.random.default_rng(1)
    held, better = [], []
    for _ in range(6):
        values = series(kind, rng, 170)
        for origin in range(120, 170, 4):
            found = ahead_of(values[:origin])
            held.append(found.low[0, 0] <= values[origin] <= found.high[0, 0])
        better.append(found.beats_naive)
    assert 0.79 <= np.mean(held) <= 0.99  # 0.90 within three standard errors of 78
    assert all(better)


def test_a_series_that_repeats_last_week_is_not_forecast_better_than_by_it() -> None:
    rng = np.random.default_rng(2)
    refused = []
    for _ in range(8):
        steps = rng.standard_normal((30, 7)).cumsum(axis=0).ravel()
        refused.append(not ahead_of(steps + 50).beats_naive)
    assert np.mean(refused) >= 0.8


def test_nothing_after_the_origin_is_looked_at() -> None:
    values = series("weekly", np.random.default_rng(3), 120)
    before = ahead_of(values[:100])
    again = ahead_of(np.concatenate([values[:100], values[100:] + 1e6])[:100])
    assert before.total == again.total
    weekday, holiday = np.arange(121) % 7, np.zeros(121, dtype=bool)
    moved = values.copy()
    moved[100:] += 1e6
    origins = np.array([60, 100])
    one, other = (
        candidate_paths(each[:, None], weekday=weekday, holiday=holiday, origins=origins, ahead=1)
        for each in (values, moved)
    )
    assert np.array_equal(one, other)


def test_the_naive_candidate_is_the_same_weekday_a_week_before() -> None:
    values = np.arange(40.0)[:, None]
    paths = candidate_paths(
        values, weekday=np.arange(54) % 7, holiday=np.zeros(54, dtype=bool), origins=np.array([40]), ahead=14
    )
    naive = paths[[one.name for one in CANDIDATES].index(NAIVE), 0, :, 0]
    assert naive.tolist() == pytest.approx([33, 34, 35, 36, 37, 38, 39] * 2)


def test_a_holiday_is_forecast_as_past_holidays_were() -> None:
    rng = np.random.default_rng(4)
    values = np.where(np.arange(141) % 7 == 6, 10.0, 40.0) + rng.standard_normal(141)
    holiday = np.zeros(141, dtype=bool)
    holiday[[31, 66, 101, 140]] = True  # Thursdays and a Monday
    values[holiday] = 10.0
    grid = DayGrid(days(140), values[:140, None], 0)
    told = forecast(grid, ahead=1, holiday=holiday, adds_up=True)
    untold = forecast(grid, ahead=1, holiday=np.zeros(141, dtype=bool), adds_up=True)
    assert abs(told.total - 10) < 6
    assert untold.total > 30


def test_a_forecast_days_away_passes_over_those_between() -> None:
    values = np.tile([1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 0.0], 20) + np.random.default_rng(5).normal(0, 0.1, 140)
    assert ahead_of(values, skip=2).total == pytest.approx(3.0, abs=0.2)


def test_missing_values_teach_nothing_and_are_not_scored() -> None:
    values = series("weekly", np.random.default_rng(6), 150)
    values[[40, 41, 80]] = np.nan
    values[100:105] = np.nan
    found = ahead_of(values)
    assert np.isfinite(found.total)
    assert found.origins == 150 - 14 - 8  # two weeks are the start


def test_the_mean_of_a_horizon_is_forecast_where_values_do_not_add_up() -> None:
    values = series("weekly", np.random.default_rng(7), 140)
    grid = DayGrid(days(140), values[:, None], 0)
    holiday = np.zeros(147, dtype=bool)
    summed = forecast(grid, ahead=7, holiday=holiday, adds_up=True)
    mean = forecast(grid, ahead=7, holiday=holiday, adds_up=False)
    assert summed.total == pytest.approx(7 * mean.total)
    assert summed.total_low < summed.total < summed.total_high


def test_what_was_never_negative_is_not_forecast_to_be() -> None:
    values = np.random.default_rng(8).exponential(1.0, 140)
    assert float(ahead_of(values).low.min()) >= 0.0


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.full(100, 3.0), UnusableValuesError),
        (np.full(100, np.nan), SampleTooSmallError),
        (np.arange(30.0), SampleTooSmallError),
        (np.ones(1), SampleTooSmallError),
    ],
    ids=["constant", "all missing", "a month", "one point"],
)
def test_a_series_that_teaches_nothing_is_refused(values: np.ndarray, error: type[Exception]) -> None:
    with pytest.raises(error):
        ahead_of(values)


def stamps(*hours: float) -> np.ndarray:
    return np.datetime64("2024-01-01", "s") + (np.array(hours) * 3600).astype("timedelta64[s]")


@pytest.mark.parametrize(
    ("starts", "words"),
    [
        (stamps(0, 1, 1, 2), "comes twice"),
        (stamps(0, 2, 1), "goes backwards"),
        (stamps(0, 1, 1.7), "equally spaced"),
        (stamps(0, 7, 14), "equally spaced"),
    ],
    ids=["duplicate", "backwards", "unequal", "no part of a day"],
)
def test_a_time_that_cannot_be_laid_on_days_is_refused(starts: np.ndarray, words: str) -> None:
    with pytest.raises(UnusableValuesError, match=words):
        day_grid(starts, np.ones(starts.size))


def test_gaps_are_missing_and_an_unfinished_day_is_left_out() -> None:
    grid = day_grid(stamps(*range(24), 30, *range(48, 60)), np.ones(37))
    assert grid.values.shape == (2, 24)
    assert grid.missing == 23
    assert grid.dropped == 12
    with pytest.raises(UnusableValuesError, match="infinite"):
        day_grid(stamps(0, 1), np.array([1.0, np.inf]))
    with pytest.raises(SampleTooSmallError):
        day_grid(stamps(0), np.ones(1))


def test_days_of_a_clock_change_have_an_hour_twice_or_not_at_all() -> None:
    found = hours_of_day(
        np.array(["2024-03-30", "2024-03-31", "2024-10-27"], dtype="datetime64[D]"), ZoneInfo("Europe/Berlin")
    )
    assert found.sum(axis=1).tolist() == [24, 23, 25]
    assert (found[1, 2], found[2, 2]) == (0, 2)


def test_holidays_are_those_of_the_country() -> None:
    some = np.array(["2018-02-15", "2018-02-19", "2018-10-03"], dtype="datetime64[D]")
    assert holidays_among(some, "KR").tolist() == [True, False, True]
    assert holidays_among(some, "DE").tolist() == [False, False, True]
    assert holidays_among(some, None).tolist() == [False, False, False]
    assert {"KR", "DE", "US"} <= known_countries()
    with pytest.raises(UnusableValuesError, match="XX"):
        holidays_among(some, "XX")
