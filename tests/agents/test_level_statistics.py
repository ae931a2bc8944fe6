from __future__ import annotations

import numpy as np
import pytest

from gemba.errors import SampleTooSmallError
from gemba.statistics.daily_faults import absent_days, share_change, volume_change
from gemba.statistics.level import mean_estimate, ratio_scores, slope_estimate, usual_mean


def ar1(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    values = rng.normal(size=n + 50)
    for at in range(1, values.size):
        values[at] += phi * values[at - 1]
    return values[50:]


@pytest.mark.parametrize("phi", [0.0, 0.4])
def test_the_mean_lies_in_its_interval_as_often_as_said(phi: float) -> None:
    rng = np.random.default_rng(5)
    inside = 0
    for _ in range(600):
        estimate = mean_estimate(ar1(rng, 60, phi))
        inside += abs(estimate.value) <= estimate.half_width()
    assert 0.91 <= inside / 600 <= 0.985


def test_no_slope_is_called_one_as_rarely_as_said() -> None:
    rng = np.random.default_rng(6)
    false = sum(slope_estimate(ar1(rng, 70, 0.3), np.arange(70.0)).p <= 0.05 for _ in range(600))
    assert false / 600 <= 0.08


def test_weekdays_are_no_sampling_error_once_seen_three_times() -> None:
    season = np.arange(28) % 7
    values = np.where(season >= 5, 10.0, 100.0) + np.random.default_rng(1).normal(size=28)
    assert mean_estimate(values, season=season).half_width() < 2
    assert mean_estimate(values).half_width() > 5


def test_shifting_a_series_shifts_its_mean_and_leaves_its_interval() -> None:
    values = np.random.default_rng(2).normal(size=30)
    one, other = mean_estimate(values), mean_estimate(values + 7)
    assert other.value == pytest.approx(one.value + 7)
    assert other.se == pytest.approx(one.se)


def test_a_ratio_is_the_mean_of_its_scores() -> None:
    num, den = np.array([1.0, 4.0, 2.0]), np.array([10.0, 20.0, 0.0])
    ratio, scores = ratio_scores(num, den)
    assert ratio == pytest.approx(7 / 30)
    assert scores.mean() == pytest.approx(ratio)


def test_three_values_have_no_interval() -> None:
    with pytest.raises(SampleTooSmallError):
        mean_estimate(np.ones(3))


def test_faults_are_found_and_sound_days_are_left_alone() -> None:
    rng = np.random.default_rng(3)
    weekday = np.arange(98) % 7
    window = np.arange(98) >= 91
    rows = np.where(weekday == 6, 0.0, rng.poisson(1000, 98))
    fault, where, expected = absent_days(rows, weekday, window)
    assert (fault.effect, fault.p, expected, where.size) == (0.0, 1.0, 6, 0)
    volume = volume_change(rows, weekday, window)
    assert volume is not None
    assert volume.p > 0.01
    broken = rows.copy()
    broken[92] = 0
    assert absent_days(broken, weekday, window)[0].p < 0.05
    fewer = volume_change(np.where(window, rows * 0.7, rows), weekday, window)
    assert fewer is not None
    assert fewer.p < 0.001
    assert fewer.effect == pytest.approx(-30, abs=3)
    nulls = rng.binomial(rows.astype(int), 0.02).astype(float)
    sound = share_change(nulls, rows, window)
    assert sound is not None
    assert sound.p > 0.01
    jump = share_change(np.where(window, rows * 0.1, nulls), rows, window)
    assert jump is not None
    assert jump.p < 0.001
    assert jump.effect == pytest.approx(8, abs=0.5)


@pytest.mark.parametrize("phi", [0.0, 0.4])
def test_the_next_week_lies_in_the_usual_range_as_often_as_said(phi: float) -> None:
    rng = np.random.default_rng(8)
    season = np.arange(98) % 7
    inside = 0
    for _ in range(400):
        values = ar1(rng, 98, phi) + 5.0 * (season >= 5)
        usual = usual_mean(values[:91], season=season[:91], coming=season[91:])
        assert usual is not None
        inside += abs(float(values[91:].mean()) - usual.value) <= usual.half_width()
    assert 0.91 <= inside / 400 <= 0.985


def test_too_short_a_past_tells_nothing_usual() -> None:
    season = np.arange(13) % 7
    assert usual_mean(np.ones(13), season=season, coming=season[:7]) is None
