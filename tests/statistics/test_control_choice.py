"""The chart that fits a series, and how often it alarms where nothing happened."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_choice import counts_chart, subgroups_chart, values_chart
from gemba.statistics.multiplicity import benjamini_hochberg

N, WINDOW = 98, 7
INSIDE = np.arange(N) >= N - WINDOW
WEEKDAY = np.arange(N) % 7


def _ar(rng: np.random.Generator, memory: float) -> np.ndarray:
    noise, values = rng.normal(size=N + 100), np.zeros(N + 100)
    for t in range(1, N + 100):
        values[t] = memory * values[t - 1] + noise[t]
    return values[100:]


KINDS = {
    "normal": lambda rng: rng.normal(size=N),
    "heavy tails": lambda rng: rng.standard_t(3, size=N),
    "skew": lambda rng: np.exp(0.5 * rng.normal(size=N)),
    "memory": lambda rng: _ar(rng, 0.5),
    "strong memory": lambda rng: _ar(rng, 0.9),
    "week": lambda rng: np.array([0, 1, 1, 1, 1, -2, -3.0])[WEEKDAY] + rng.normal(size=N),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_process_in_control_is_seldom_called_out_of_it(kind: str) -> None:
    rng, alarms, runs = np.random.default_rng(11), 0, 150
    for _ in range(runs):
        try:
            chart = values_chart(KINDS[kind](rng), INSIDE, season=WEEKDAY)
        except UnusableValuesError:  # it wanders: refused
            continue
        alarms += bool((benjamini_hochberg(chart.p[INSIDE][~np.isnan(chart.p[INSIDE])]) <= 0.05).any())
    assert alarms <= 17  # 5 % of 150, and three standard errors


def test_counts_that_scatter_as_chance_does_get_binomial_limits_and_others_laney_s() -> None:
    rng = np.random.default_rng(3)
    sizes = np.full(N, 4000.0)
    plain = counts_chart(rng.binomial(4000, 0.03, size=N).astype(float), sizes, INSIDE, items=True)
    rates = rng.gamma(50, 0.03 / 50, size=N)
    wide = counts_chart(rng.binomial(4000, rates).astype(float), sizes, INSIDE, items=True)
    assert plain.name == "p"
    assert wide.name == "p'"
    assert wide.level.se[0] > 1.3 * plain.level.se[0]


def test_the_season_is_taken_out_and_memory_left_to_residuals() -> None:
    rng = np.random.default_rng(4)
    week = values_chart(KINDS["week"](rng), INSIDE, season=WEEKDAY)
    assert np.ptp(week.shift) > 3.0
    assert values_chart(_ar(rng, 0.7), INSIDE).name == "residuals"
    assert values_chart(rng.normal(size=N), INSIDE).name == "I-MR"


def test_a_far_point_is_beyond_its_limits_and_unlikely() -> None:
    values = np.random.default_rng(5).normal(size=N)
    values[-3] += 8.0
    chart = values_chart(values, INSIDE)
    assert N - 3 in chart.level.beyond
    assert chart.p[-3] < 1e-4


def test_limits_come_from_before_the_window_alone() -> None:
    values = np.random.default_rng(6).normal(size=N)
    changed = np.where(INSIDE, values + 50.0, values)
    assert values_chart(values, INSIDE).reference == values_chart(changed, INSIDE).reference


def test_a_short_past_makes_trial_limits_of_the_window_and_nothing_at_all_is_refused() -> None:
    values = np.random.default_rng(7).normal(size=12)
    chart = values_chart(values, np.arange(12) >= 4)
    assert chart.on_trial
    with pytest.raises(SampleTooSmallError):
        values_chart(values[:5], np.arange(5) >= 2)


def test_subgroups_whose_means_vary_by_more_than_within_are_charted_by_their_means() -> None:
    rng = np.random.default_rng(8)
    number = np.repeat(np.arange(40), 5)
    within = rng.normal(size=200)
    window = np.arange(40) >= 35
    assert subgroups_chart(within, number, window).name == "X-R"
    batches = subgroups_chart(within + np.repeat(rng.normal(size=40) * 2.0, 5), number, window)
    assert batches.name == "I-MR of means"
    assert subgroups_chart(rng.normal(size=800), np.repeat(np.arange(40), 20), window).name == "X-S"


def test_a_weekday_without_work_does_not_keep_the_season_in() -> None:
    rng = np.random.default_rng(9)
    values = np.where(WEEKDAY == 6, np.nan, 3.0 * (WEEKDAY == 5) + rng.normal(size=N))
    chart = values_chart(values, INSIDE, season=WEEKDAY)
    assert np.ptp(chart.shift) > 2.0
    assert (chart.shift[WEEKDAY == 6] == 0.0).all()
