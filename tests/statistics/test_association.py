"""Two series that share only season, trend or memory are not associated; planted leads are found, with their error."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.association import Association, association

Floats = NDArray[np.float64]
ROWS = 200
WEEKDAY = np.arange(ROWS) % 7
WEEK = np.array([3.0, 2.0, 2.5, 2.0, 3.5, -5.0, -8.0])
LAG = 7


def ar(rng: np.random.Generator, memory: float, n: int = ROWS) -> Floats:
    drawn = rng.normal(size=n) * np.sqrt(1 - memory**2)
    drawn[0] = rng.normal()
    return np.asarray(lfilter([1.0], [1.0, -memory], drawn))


def leading(rng: np.random.Generator, lag: int, *, strength: float = 0.6, memory: float = 0.8) -> tuple[Floats, Floats]:
    """The innovations of the second follow those of the first after `lag` rows."""
    first, noise = rng.normal(size=(2, ROWS + 50))
    second = strength * np.roll(first, lag) + np.sqrt(1 - strength**2) * noise
    series = [np.asarray(lfilter([1.0], [1.0, -memory], one))[50:] for one in (first, second)]
    return series[0] + WEEK[WEEKDAY], 5.0 * (series[1] + WEEK[WEEKDAY])


def test(first: Floats, second: Floats) -> Association:
    return association(first, second, max_lag=LAG, season=WEEKDAY[: first.size])


test.__test__ = False  # type: ignore[attr-defined]


@pytest.mark.parametrize("kind", ["AR(0.9)", "random walk", "trend", "week", "growing week", "t with 3 df", "shift"])
def test_series_that_share_no_news_are_seldom_called_associated(kind: str) -> None:
    rng = np.random.default_rng(11)

    def one() -> Floats:
        noise = ar(rng, 0.5)
        made = {
            "AR(0.9)": lambda: ar(rng, 0.9),
            "random walk": lambda: np.cumsum(rng.normal(size=ROWS)),
            "trend": lambda: 0.05 * np.arange(ROWS) + ar(rng, 0.9),
            "week": lambda: WEEK[WEEKDAY] + noise,
            "growing week": lambda: WEEK[WEEKDAY] * (1.0 + np.arange(ROWS) / ROWS) + noise,
            "t with 3 df": lambda: rng.standard_t(3, ROWS),
            "shift": lambda: noise + 4.0 * (np.arange(ROWS) >= rng.integers(40, 160)),
        }
        return np.asarray(made[kind]())

    called = sum(test(one(), one()).p <= 0.05 for _ in range(60))
    assert called <= 8  # 60 at 5 %: more in 1 of 1,000


def test_raw_correlation_would_have_called_most_of_these_associated() -> None:
    rng = np.random.default_rng(3)
    pairs = [(np.cumsum(rng.normal(size=ROWS)), np.cumsum(rng.normal(size=ROWS))) for _ in range(40)]
    plain = [abs(float(np.corrcoef(*pair)[0, 1])) > 1.96 / np.sqrt(ROWS) for pair in pairs]
    assert sum(plain) > 25
    assert sum(test(*pair).p <= 0.05 for pair in pairs) <= 6


@pytest.mark.parametrize("lag", [0, 3, -5])
def test_a_planted_lead_is_found_with_lag_strength_and_slope(lag: int) -> None:
    found = test(*leading(np.random.default_rng(5), lag))
    assert found.p < 1e-6
    assert found.lag == lag
    assert found.low_lag <= lag <= found.high_lag
    assert found.interval[0] < 0.6 < found.interval[1]
    slope = 5.0 * 0.6 if lag >= 0 else 0.6 / 5.0
    assert found.slope_interval[0] < slope < found.slope_interval[1]
    assert abs(found.correlations[found.lags == lag][0]) > found.band[found.lags == lag][0]


def test_swapping_the_series_turns_the_lag_around() -> None:
    first, second = leading(np.random.default_rng(6), 2)
    one, other = test(first, second), test(second, first)
    assert (one.lag, one.correlation, one.p) == (-other.lag, pytest.approx(other.correlation), pytest.approx(other.p))


def test_units_and_direction_change_sign_and_slope_only() -> None:
    first, second = leading(np.random.default_rng(7), 1)
    one, turned = test(first, second), test(100.0 + 10.0 * first, -second)
    assert turned.correlation == pytest.approx(-one.correlation)
    assert turned.interval == pytest.approx((-one.interval[1], -one.interval[0]))
    assert turned.slope == pytest.approx(-one.slope / 10.0)


def test_intervals_cover_and_the_detectable_correlation_is_detected() -> None:
    rng = np.random.default_rng(8)
    found = [test(*leading(rng, 2, strength=0.5)) for _ in range(60)]
    assert sum(one.interval[0] <= 0.5 <= one.interval[1] for one in found) >= 54
    least = found[0].detectable
    seen = sum(test(*leading(rng, 2, strength=least)).p <= 0.05 for _ in range(60))
    assert 0.6 <= seen / 60 <= 0.95


def test_an_outlier_neither_makes_nor_hides_an_association() -> None:
    rng = np.random.default_rng(9)
    first, second = ar(rng, 0.5), ar(rng, 0.5)
    first[50] += 100.0
    second[50] += 100.0
    assert test(first, second).p > 0.05
    related = leading(rng, 1)
    related[0][80] -= 1000.0
    assert test(*related).p < 1e-4


def test_a_season_is_sought_where_none_is_given() -> None:
    rng = np.random.default_rng(10)
    first, second = (10.0 * np.sin(2 * np.pi * np.arange(ROWS) / 12) + ar(rng, 0.3) for _ in range(2))
    found = association(first, second, max_lag=LAG)
    assert found.phases == 12
    assert found.p > 0.05


def test_missing_values_and_gaps_of_the_clock_are_the_same() -> None:
    first, second = leading(np.random.default_rng(12), 3)
    kept = np.random.default_rng(0).random(ROWS) > 0.2
    kept[[0, -1]] = True
    holes = test(np.where(kept, first, np.nan), np.where(kept, second, np.nan))
    clock = np.arange(ROWS, dtype=float)[kept]
    gaps = association(first[kept], second[kept], max_lag=LAG, time=clock, season=WEEKDAY[kept])
    assert holes.p < 0.001
    assert (holes.lag, holes.p, holes.n) == (3, pytest.approx(gaps.p), gaps.n)


def test_one_series_with_a_fifth_missing_still_shows_its_lead() -> None:
    first, second = leading(np.random.default_rng(13), 3)
    second[np.random.default_rng(1).random(ROWS) < 0.2] = np.nan
    found = test(first, second)
    assert found.lag == 3
    assert found.n < ROWS - 20


def test_days_of_23_and_25_hours_are_days() -> None:
    rng = np.random.default_rng(14)
    first, second = leading(rng, 1)
    zone = ZoneInfo("Europe/Berlin")
    days = [datetime(2026, 3, 1, tzinfo=zone) + timedelta(days=day) for day in range(ROWS)]
    clock = np.array([one.astimezone(UTC).timestamp() for one in days])
    assert set(np.diff(clock) / 3600) == {23.0, 24.0}
    assert association(first, second, max_lag=LAG, time=clock, season=WEEKDAY).p == test(first, second).p


def test_hours_of_a_clock_change_keep_their_place() -> None:
    rng = np.random.default_rng(15)
    zone = ZoneInfo("Europe/Berlin")
    start = datetime(2026, 10, 20, tzinfo=UTC)
    hours = np.array([(start + timedelta(hours=hour)).astimezone(zone).hour for hour in range(500)])
    clock = np.asarray(start.timestamp() + 3600.0 * np.arange(500), dtype=np.float64)
    day = 5.0 * np.sin(2 * np.pi * hours / 24)
    news = rng.normal(size=500)
    first, second = day + news, day + 0.5 * np.roll(news, 2) + rng.normal(size=500)
    found = association(first, second, max_lag=24, time=clock, season=hours)
    assert (found.lag, found.p < 0.001) == (2, True)
    assert association(day + ar(rng, 0.5, 500), day + ar(rng, 0.5, 500), max_lag=24, time=clock, season=hours).p > 0.05


GOOD = np.random.default_rng(0).normal(size=ROWS)
CLOCK: Floats = np.arange(ROWS, dtype=np.float64)


@pytest.mark.parametrize(
    ("first", "second", "time", "error"),
    [
        pytest.param(GOOD[:1], GOOD[:1], None, SampleTooSmallError, id="one point"),
        pytest.param(GOOD[:0], GOOD[:0], None, SampleTooSmallError, id="no point"),
        pytest.param(GOOD, np.full(ROWS, np.nan), None, SampleTooSmallError, id="all missing"),
        pytest.param(
            np.where(CLOCK % 2, GOOD, np.nan),
            np.where(CLOCK % 2, np.nan, GOOD),
            None,
            SampleTooSmallError,
            id="never both",
        ),
        pytest.param(GOOD, np.full(ROWS, 5.0), None, UnusableValuesError, id="constant"),
        pytest.param(GOOD, 0.1 * CLOCK, None, UnusableValuesError, id="a line and nothing else"),
        pytest.param(GOOD, WEEK[WEEKDAY], None, UnusableValuesError, id="a season and nothing else"),
        pytest.param(GOOD, np.where(CLOCK == 9, np.inf, GOOD), None, UnusableValuesError, id="infinite"),
        pytest.param(GOOD, GOOD[:-1], None, UnusableValuesError, id="of different length"),
        pytest.param(GOOD, GOOD, CLOCK // 2, UnusableValuesError, id="duplicates"),
        pytest.param(GOOD, GOOD, CLOCK[::-1], UnusableValuesError, id="time backwards"),
        pytest.param(GOOD, GOOD, np.where(CLOCK == 3, np.nan, CLOCK), UnusableValuesError, id="time unknown"),
        pytest.param(GOOD, GOOD, CLOCK * np.sqrt(CLOCK), UnusableValuesError, id="unequal spacing"),
        pytest.param(GOOD, GOOD, CLOCK + 1e4 * (CLOCK > 150), UnusableValuesError, id="a gap longer than the data"),
    ],
)
def test_data_that_cannot_tell_are_refused(
    first: Floats, second: Floats, time: Floats | None, error: type[Exception]
) -> None:
    with pytest.raises(error):
        association(first, second, max_lag=LAG, time=time, season=WEEKDAY[: first.size])


def test_a_series_with_itself_is_wholly_associated() -> None:
    found = test(GOOD, GOOD)
    assert (found.lag, found.p < 1e-12, found.correlation > 0.999) == (0, True, True)
    assert np.isfinite([*found.interval, found.slope, *found.slope_interval]).all()


def test_a_negative_largest_lag_is_refused() -> None:
    with pytest.raises(UnusableValuesError, match="largest lag"):
        association(GOOD, GOOD, max_lag=-1)
