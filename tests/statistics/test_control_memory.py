"""Memory is noticed, and limits that allow for it alarm as rarely as they should."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_memory import lag_one, memory_chart, plain_false_alarms


def _series(rng: np.random.Generator, phi: float, n: int) -> np.ndarray:
    from scipy.signal import lfilter

    noise = rng.normal(size=n + 100)
    return 50 + lfilter([1.0], [1.0, -phi], noise)[100:]


@pytest.mark.parametrize("phi", [-0.5, 0.4, 0.8])
def test_allowance_for_memory_restores_the_false_alarm_rate(phi: float) -> None:
    rng = np.random.default_rng(7)
    plain, residual, wide = [], [], []
    for _ in range(40):
        values = _series(rng, phi, 500)
        plain.append(memory_chart(values, way="shewhart").charts.level.beyond.size)
        chosen = memory_chart(values)
        assert chosen.way == "residuals"
        residual.append(chosen.charts.level.beyond.size)
        wide.append(memory_chart(values, way="widened").charts.level.beyond.size)
    n = 40 * 500
    assert sum(plain) / n == pytest.approx(plain_false_alarms(phi), rel=0.2, abs=5e-4)
    assert 0.0015 < sum(residual) / n < 0.0045
    assert sum(wide) / n < 0.0055


def test_without_memory_the_chart_is_a_plain_one() -> None:
    rng = np.random.default_rng(8)
    ways = [memory_chart(rng.normal(size=200)).way for _ in range(100)]
    assert ways.count("shewhart") >= 88
    assert plain_false_alarms(0.0) == pytest.approx(0.0027, abs=5e-6)


def test_memory_is_estimated_without_bias() -> None:
    rng = np.random.default_rng(9)
    assert np.mean([lag_one(_series(rng, 0.5, 60)).value for _ in range(300)]) == pytest.approx(0.5, abs=0.03)


@pytest.mark.parametrize("way", ["residuals", "widened", "shewhart"])
def test_a_shift_is_seen_by_frozen_limits(way: str) -> None:
    rng = np.random.default_rng(10)
    first = memory_chart(_series(rng, 0.5, 300), way=way)  # type: ignore[arg-type]
    values = _series(rng, 0.5, 40)
    values[20:] += 8
    second = memory_chart(values, reference=first.charts.reference)
    assert second.way == way
    assert second.charts.level.upper[0] == first.charts.level.upper[0]
    assert 20 in second.charts.level.beyond


def test_gaps_leave_residuals_out() -> None:
    values = _series(np.random.default_rng(12), 0.6, 200)
    values[50] = np.nan
    chart = memory_chart(values, way="residuals").charts.level
    assert list(chart.missing) == [0, 50, 51]


def test_a_wandering_process_has_no_limits() -> None:
    walk = np.cumsum(np.random.default_rng(13).normal(size=3000))
    with pytest.raises(UnusableValuesError, match="wanders"):
        memory_chart(walk)


def test_too_few_constant_or_infinite_values_are_refused() -> None:
    with pytest.raises(SampleTooSmallError):
        memory_chart(np.arange(10.0))
    with pytest.raises(UnusableValuesError, match="do not vary"):
        memory_chart(np.full(50, 3.3))
    with pytest.raises(UnusableValuesError, match="infinite"):
        memory_chart(np.array([*np.arange(30.0), np.inf]))
