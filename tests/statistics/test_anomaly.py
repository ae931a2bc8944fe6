"""The streaming detector: alarms as rarely as stated, sees what is planted, keeps no more than it says."""

from __future__ import annotations

import pickle
from math import nan

import numpy as np
import pytest

from benchmarks.anomaly import WORLDS, alarms
from gemba.errors import UnusableValuesError
from gemba.statistics.anomaly import FALSE_ALARM_RATE, QUIET, WARM_UP, AnomalyStream


@pytest.mark.parametrize("kind", WORLDS)
def test_false_alarms_are_not_much_more_frequent_than_stated(kind: str) -> None:
    rng = np.random.default_rng(11)
    points, runs = 3000, 4
    count = sum(len(alarms(WORLDS[kind](rng, points))) for _ in range(runs))
    expected = FALSE_ALARM_RATE * runs * (points - WARM_UP)
    assert count <= 2.0 * expected + 3.0 * expected**0.5


@pytest.mark.parametrize("kind", ["independent", "AR(0.9)", "seasonal, a day", "trending"])
def test_a_spike_of_twelve_deviations_is_seen_at_once(kind: str) -> None:
    series = WORLDS[kind](np.random.default_rng(5), 2000)
    series[1500] += 12.0
    assert 1500 in alarms(series)


def test_a_steady_trend_is_no_alarm_when_a_week_comes_round() -> None:
    week = 7 * 288
    for seed in range(3):
        found = alarms(WORLDS["trending"](np.random.default_rng(seed), week + 400))
        assert not [place for place in found if week <= place]


def test_a_small_spike_on_remembering_noise_is_seen_against_its_neighbours() -> None:
    seen = 0
    for seed in range(6):
        series = WORLDS["AR(0.9)"](np.random.default_rng(seed), 1600)
        series[1500] += 4.0
        seen += 1500 in alarms(series)
    assert seen >= 5


def test_a_lasting_shift_is_one_alarm_and_becomes_the_usual() -> None:
    series = WORLDS["independent"](np.random.default_rng(6), 4000)
    series[2000:] += 8.0
    found = alarms(series)
    assert 2000 in found
    assert sum(2000 < place < 2000 + QUIET for place in found) <= 2
    assert sum(place > 3000 for place in found) <= 6


def test_a_flat_line_is_seen() -> None:
    series = WORLDS["independent"](np.random.default_rng(7), 2000)
    series[1500:] = series[1499]
    assert any(1500 <= place < 1600 for place in alarms(series))


def test_a_day_turned_upside_down_is_seen() -> None:
    series = WORLDS["seasonal, a day"](np.random.default_rng(8), 288 * 10)
    series[288 * 8 : 288 * 9] -= 2.0 * 3.0 * np.sin(2.0 * np.pi * np.arange(288) / 288.0)
    assert any(288 * 8 <= place < 288 * 9 for place in alarms(series))


def test_the_state_does_not_grow() -> None:
    stream = AnomalyStream()
    rng = np.random.default_rng(9)
    sizes = []
    for i, value in enumerate(rng.normal(size=12_000).tolist()):
        stream.score(300.0 * i, value)
        if i in (6_000, 11_999):
            sizes.append(len(pickle.dumps(stream)))
    assert abs(sizes[1] - sizes[0]) < 200


def test_a_score_depends_on_nothing_that_comes_later() -> None:
    series = WORLDS["AR(0.9)"](np.random.default_rng(10), 600).tolist()
    whole, part = AnomalyStream(), AnomalyStream()
    scores = [whole.score(60.0 * i, value) for i, value in enumerate(series)]
    assert scores[:400] == [part.score(60.0 * i, value) for i, value in enumerate(series[:400])]


def test_unit_and_zero_of_the_values_do_not_matter() -> None:
    series = WORLDS["independent"](np.random.default_rng(12), 1500)
    series[1200] += 12.0
    assert alarms(series) == alarms(1024.0 * series)


def test_time_going_back_is_refused() -> None:
    stream = AnomalyStream()
    stream.score(10.0, 1.0)
    with pytest.raises(UnusableValuesError, match="goes back"):
        stream.score(9.0, 1.0)


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinite_values_are_refused(value: float) -> None:
    with pytest.raises(UnusableValuesError, match="infinite"):
        AnomalyStream().score(0.0, value)


def test_a_time_that_is_no_number_is_refused() -> None:
    with pytest.raises(UnusableValuesError, match="time"):
        AnomalyStream().score(nan, 1.0)


def test_missing_values_score_nothing_and_teach_nothing() -> None:
    series = WORLDS["independent"](np.random.default_rng(13), 1000).tolist()
    holes, full = AnomalyStream(), AnomalyStream()
    for i, value in enumerate(series):
        assert holes.score(2.0 * i, value) == full.score(2.0 * i, value)
        assert holes.score(2.0 * i + 1.0, None) == 0.0
        assert holes.score(2.0 * i + 1.0, nan) == 0.0


def test_duplicates_gaps_and_unequal_steps_are_no_anomaly() -> None:
    rng = np.random.default_rng(14)
    stream, time_s, count = AnomalyStream(), 0.0, 0
    for value in rng.normal(size=3000).tolist():
        time_s += float(rng.choice([0.0, 60.0, 300.0, 50_000.0], p=[0.05, 0.45, 0.49, 0.01]))
        count += stream.score(time_s, value) >= 0.5
    assert count <= 4.0 * FALSE_ALARM_RATE * 3000


@pytest.mark.parametrize("points", [1, 2, 1000])
def test_a_constant_stream_is_quiet(points: int) -> None:
    stream = AnomalyStream()
    assert max(stream.score(float(i), 7.0) for i in range(points)) < 0.5


def test_a_change_in_a_constant_stream_is_seen() -> None:
    stream = AnomalyStream()
    for i in range(1000):
        stream.score(float(i), 7.0)
    assert stream.score(1000.0, 7.1) >= 0.5


def test_days_of_23_and_25_hours_are_no_anomaly() -> None:
    """Seconds of the wall clock: an hour missing in March; in October an hour held still."""
    rng = np.random.default_rng(15)
    stream, found = AnomalyStream(), []
    clock = 0.0
    for i in range(24 * 60):
        if i == 24 * 50:
            clock += 3600.0
        hour = clock % 86_400.0 / 3600.0
        found.append(stream.score(clock, float(rng.normal() + 5.0 * np.sin(hour * np.pi / 12.0))) >= 0.5)
        clock += 0.0 if i == 24 * 55 else 3600.0
    assert not any(found[24 * 50 : 24 * 50 + 3])
    assert not any(found[24 * 55 : 24 * 55 + 3])
