"""Several changes: found where planted, dated with a set that covers, none called where none is, bad input refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.change_points import change_points

Floats = NDArray[np.float64]
TIME = np.arange(200)


def noise(rng: np.random.Generator, memory: float = 0.0, n: int = 200) -> Floats:
    """Stationary AR(1) of variance 1."""
    drawn = rng.normal(size=n) * np.sqrt(1 - memory**2)
    drawn[0] = rng.normal()
    return np.asarray(lfilter([1.0], [1.0, -memory], drawn))


def steps(rng: np.random.Generator) -> Floats:
    return 4.0 * ((TIME >= 70) & (TIME < 130)) + noise(rng)


def test_a_rise_and_its_end_are_two_changes_of_level() -> None:
    found = change_points(steps(np.random.default_rng(1))).changes
    assert [one.kinds for one in found] == [("level",), ("level",)]
    assert all(one.low <= place <= one.high for one, place in zip(found, (70, 130), strict=True))
    assert found[0].jump[0] == pytest.approx(4.0, abs=0.7)
    assert found[1].jump[0] == pytest.approx(-4.0, abs=0.7)


def test_a_kink_is_a_change_of_slope() -> None:
    values = 0.2 * np.maximum(TIME - 100, 0) + noise(np.random.default_rng(2))
    (only,) = change_points(values).changes
    assert "slope" in only.kinds
    assert only.slope[0] == pytest.approx(0.2, abs=0.05)
    assert abs(only.at - 100) <= 15


def test_louder_noise_is_a_change_of_spread_alone() -> None:
    values = np.where(TIME >= 100, 5.0, 1.0) * noise(np.random.default_rng(3))
    (only,) = change_points(values).changes
    assert only.kinds == ("spread",)
    assert only.jump == only.slope == (0.0,)
    assert 3.0 < only.spread < 8.0
    assert abs(only.at - 100) <= 10


def test_dimensions_share_their_changes() -> None:
    rng = np.random.default_rng(4)
    values = np.column_stack([steps(rng), 100.0 * steps(rng), noise(rng)])
    found = change_points(values).changes
    assert [abs(one.at - place) <= 2 for one, place in zip(found, (70, 130), strict=True)] == [True, True]
    assert len(found[0].jump) == 3


def test_a_step_in_a_season_is_found_and_the_season_is_not_a_change() -> None:
    values = 5.0 * np.sin(2 * np.pi * TIME / 12) + 4.0 * (TIME >= 120) + noise(np.random.default_rng(5))
    found = change_points(values)
    assert found.period == (12,)
    assert len(found.changes) == 1
    assert abs(found.changes[0].at - 120) <= 3


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: noise(rng),
        lambda rng: noise(rng, 0.9),
        lambda rng: 0.05 * TIME + noise(rng),
        lambda rng: 0.05 * TIME + noise(rng, 0.9),
        lambda rng: 3.0 * np.sin(2 * np.pi * TIME / 12) + noise(rng),
        lambda rng: rng.standard_t(3, size=200),
    ],
    ids=["independent", "AR(0.9)", "trend", "trend with AR(0.9)", "season", "heavy tails"],
)
def test_series_without_a_change_seldom_show_one(make) -> None:
    rng = np.random.default_rng(20)
    assert sum(bool(change_points(make(rng)).changes) for _ in range(20)) <= 3


def test_a_single_outlier_is_no_change() -> None:
    values = noise(np.random.default_rng(6))
    values[90] = 1000.0
    assert not change_points(values).changes


def test_rows_with_a_gap_are_left_out_and_places_stay_rows_of_the_series() -> None:
    values = steps(np.random.default_rng(1))
    values[20:50:2] = np.nan
    found = change_points(values)
    assert found.missing == 15
    assert [abs(one.at - place) <= 1 for one, place in zip(found.changes, (70, 130), strict=True)] == [True, True]


def test_unequal_spacing_counts_in_the_slope() -> None:
    rng = np.random.default_rng(7)
    time = np.cumsum(rng.uniform(0.1, 2.0, 200))
    assert not change_points(3.0 * time + noise(rng), time=time).changes


def test_the_unit_of_time_changes_nothing_but_the_slope() -> None:
    values = 0.2 * np.maximum(TIME - 100, 0) + noise(np.random.default_rng(2), 0.5)
    rows = change_points(values).changes
    hours = change_points(values, time=TIME / 24.0).changes
    assert [one.at for one in rows] == [one.at for one in hours]
    assert hours[0].slope[0] == pytest.approx(24.0 * rows[0].slope[0], rel=1e-6)


def test_a_constant_series_has_no_change() -> None:
    assert not change_points(np.full(50, 3.7)).changes


def test_a_step_without_noise_is_found() -> None:
    assert [one.at for one in change_points(np.repeat([1.0, 2.0], 30)).changes] == [30]


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(SampleTooSmallError, match="20"):
        change_points(np.append(np.arange(19.0), np.nan))


def test_nothing_but_missing_values_is_refused() -> None:
    with pytest.raises(SampleTooSmallError):
        change_points(np.full(50, np.nan))


def test_an_infinite_value_is_refused() -> None:
    with pytest.raises(UnusableValuesError, match="infinite"):
        change_points(np.append(np.arange(30.0), np.inf))


@pytest.mark.parametrize("place", [4.0, 3.0], ids=["stands still", "backwards"])
def test_time_that_does_not_go_forward_is_refused(place: float) -> None:
    time = np.arange(30.0)
    time[5] = place
    with pytest.raises(UnusableValuesError, match="row 5"):
        change_points(np.arange(30.0), time=time)


def test_a_period_below_one_is_refused() -> None:
    with pytest.raises(UnusableValuesError, match="period"):
        change_points(np.arange(30.0), period=0)
