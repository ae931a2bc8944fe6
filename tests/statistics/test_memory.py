"""Errors of means and slopes allow for memory, no more and no less; what could be seen is seen as often as said."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gemba.statistics.level import mean_estimate, slope_estimate, usual_mean


def remembering(rng: np.random.Generator, n: int, memory: float) -> NDArray[np.float64]:
    noise = np.empty(n)
    noise[0] = rng.normal()
    for at in range(1, n):
        noise[at] = memory * noise[at - 1] + np.sqrt(1 - memory**2) * rng.normal()
    return noise


@pytest.mark.parametrize("memory", [0.0, 0.6, 0.9])
def test_intervals_cover_whatever_the_memory(memory: float) -> None:
    rng, season = np.random.default_rng(20), np.arange(105) % 7
    mean, usual = [], []
    for _ in range(250):
        values = remembering(rng, 105, memory)
        found = mean_estimate(values[:98], season=season[:98])
        mean.append(abs(found.value) <= found.half_width())
        ahead = usual_mean(values[:98], season=season[:98], coming=season[98:])
        assert ahead is not None
        usual.append(abs(ahead.value - values[98:].mean()) <= ahead.half_width())
    assert 0.91 <= np.mean(mean) <= 0.99
    assert 0.91 <= np.mean(usual) <= 0.99


def test_a_week_scatters_no_more_than_a_day_however_long_the_memory() -> None:
    values = remembering(np.random.default_rng(21), 98, 0.9)
    season = np.arange(105) % 7
    found = usual_mean(values, season=season[:98], coming=season[98:])
    assert found is not None
    assert found.se < 2.0


def test_four_in_five_slopes_of_the_detectable_size_are_found() -> None:
    rng, at = np.random.default_rng(22), np.arange(56.0)
    usual = np.median([slope_estimate(rng.normal(size=56), at).detectable() for _ in range(200)])
    found = [slope_estimate(rng.normal(size=56) + usual * at, at).p <= 0.05 for _ in range(800)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.05)
