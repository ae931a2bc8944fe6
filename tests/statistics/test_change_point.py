"""A change is dated where it is, and a trend is not one."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.errors import SampleTooSmallError
from gemba.statistics.change_point import change_point

DAYS = 105
CANDIDATES = np.arange(DAYS) >= DAYS - 21


def _noise(rng: np.random.Generator, phi: float = 0.0) -> np.ndarray:
    noise = rng.normal(0, 1, DAYS)
    for t in range(1, DAYS):
        noise[t] = phi * noise[t - 1] + np.sqrt(1 - phi**2) * noise[t]
    return noise


@pytest.mark.parametrize(("phi", "slope"), [(0.0, 0.0), (0.0, 0.05), (0.5, 0.0)])
def test_quiet_series_with_drift_or_memory_raise_few_alarms(phi: float, slope: float) -> None:
    rng = np.random.default_rng(3)
    alarms = [
        change_point(_noise(rng, phi) + slope * np.arange(DAYS), np.ones(DAYS), candidates=CANDIDATES, memory=phi).p
        < 0.05
        for _ in range(150)
    ]
    assert np.mean(alarms) <= 0.10


def test_the_interval_covers_the_start_of_a_step() -> None:
    rng = np.random.default_rng(4)
    hits, found = 0, 0
    for _ in range(60):
        series = _noise(rng)
        series[96:] += 3
        change = change_point(series, np.ones(DAYS), candidates=CANDIDATES, memory=0.0)
        found += change.p < 0.01
        hits += change.low <= 96 <= change.high
    assert found == 60
    assert hits >= 53


def test_a_short_series_is_refused() -> None:
    with pytest.raises(SampleTooSmallError):
        change_point(np.zeros(12), np.ones(12), candidates=np.ones(12, dtype=bool), memory=0.0)


def test_a_constant_series_has_no_change() -> None:
    assert change_point(np.zeros(DAYS), np.ones(DAYS), candidates=CANDIDATES, memory=0.0).p == 1.0
