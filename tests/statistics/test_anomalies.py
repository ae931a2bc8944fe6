"""A whole series: quiet ones stay quiet, the tested value is in no baseline, incidents and shifts are told apart."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.anomalies import WINDOW, WORLDS, called, judge
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.anomalies import anomalies, incidents
from gemba.statistics.anomalies_tail import UpperTail

DAYS = 300


@pytest.mark.parametrize("kind", WORLDS)
def test_quiet_series_are_seldom_called_unusual(kind: str) -> None:
    rng = np.random.default_rng(21)
    wrong = sum(bool(called(judge(WORLDS[kind](rng, DAYS))).any()) for _ in range(12))
    assert wrong <= 3


@pytest.mark.parametrize("kind", [kind for kind in WORLDS if kind not in ("heavy-tailed, t(3)", "counts, Poisson(3)")])
@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_day_ten_deviations_off_is_called_and_its_size_told(kind: str, side: float) -> None:
    series = WORLDS[kind](np.random.default_rng(22), DAYS)
    series[-12] += 10.0 * side
    found = judge(series)
    assert np.flatnonzero(called(found)[:DAYS]).tolist() == [DAYS - 12]
    assert abs(series[-12] - found.expected[-12] - 10.0 * side) < 4.0


def test_the_tested_value_is_not_in_its_own_expectation() -> None:
    series = WORLDS["week and month's end"](np.random.default_rng(23), DAYS)
    series[-12] += 20.0
    before = judge(series).expected[-12]
    series[-12] += 1000.0
    assert judge(series).expected[-12] == pytest.approx(before, abs=1e-9)


def test_adding_and_scaling_change_no_p_value() -> None:
    series = WORLDS["AR(0.9)"](np.random.default_rng(24), DAYS)
    moved = judge(-3.0 * series + 1000.0)
    assert np.nanmax(np.abs(moved.p - judge(series).p)) < 1e-3


def test_days_in_a_row_are_one_incident() -> None:
    series = WORLDS["independent"](np.random.default_rng(25), DAYS)
    series[-20:-16] -= 7.0
    found = judge(series)
    (run,) = incidents(found.p, series - found.expected, called(found)[:DAYS])
    assert DAYS - 21 <= run.first <= DAYS - 20  # a neighbour may look like a part of it
    assert DAYS - 17 <= run.last <= DAYS - 16


def test_a_shift_that_stays_is_followed_and_dated() -> None:
    series = WORLDS["independent"](np.random.default_rng(26), DAYS)
    series[-20:] += 6.0
    found = judge(series)
    assert found.shift is not None
    assert found.shift.p < 1e-6
    assert found.shift.low <= DAYS - 20 <= found.shift.high
    assert not called(found)[:DAYS].any()


def test_probabilities_of_a_tail_are_as_often_reached_as_they_say() -> None:
    rng = np.random.default_rng(27)
    none = np.zeros(400, dtype=bool)
    for draw in (rng.normal, lambda size: rng.standard_t(3, size), lambda size: rng.poisson(3.0, size).astype(float)):
        p = np.concatenate([UpperTail(draw(size=400), none, grain=0.0).probabilities() for _ in range(40)])
        assert 0.5e-2 < np.mean(p <= 1e-2) < 1.6e-2 or np.mean(p <= 1e-2) < 1e-2
        assert np.mean(p <= 1e-3) < 2.5e-3


def test_one_incident_does_not_hide_another() -> None:
    sample = np.random.default_rng(28).normal(size=200)
    sample[[10, 60, 110]] = (14.0, 15.0, 40.0)
    assert (UpperTail(sample, np.zeros(200, dtype=bool)).probabilities()[[10, 60, 110]] < 2e-3).all()


def test_missing_values_are_not_judged_and_constant_series_are_quiet() -> None:
    series = WORLDS["independent"](np.random.default_rng(29), DAYS)
    series[-10:-5] = np.nan
    assert np.isnan(judge(series).p[-10:-5]).all()
    assert not called(judge(np.full(DAYS, 7.0))).any()
    jump = np.full(DAYS, 7.0)
    jump[-12] = 8.0
    assert np.nanargmin(judge(jump).p) == DAYS - 12
    assert judge(jump).p[DAYS - 12] < 0.05


def test_too_few_values_infinite_ones_and_unequal_lengths_are_refused() -> None:
    tested = np.arange(DAYS) >= DAYS - WINDOW
    with pytest.raises(SampleTooSmallError):
        anomalies(np.full(DAYS, np.nan), tested)
    with pytest.raises(SampleTooSmallError):
        anomalies(np.zeros(1), np.ones(1, dtype=bool))
    with pytest.raises(UnusableValuesError):
        anomalies(np.where(tested, np.inf, 0.0), tested)
    with pytest.raises(UnusableValuesError):
        anomalies(np.zeros(DAYS), tested[1:])
