"""Control limits are those of the handbooks, frozen limits stay, and nothing is dropped in silence."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_chart import Reference, individuals_chart, subgroup_chart
from gemba.statistics.control_constants import c4, c5, d2, d3
from tests.statistics.published_processes import CONCENTRATION, FLOWRATE, RINGS

SAMPLE = np.repeat(np.arange(25), 5)


def test_constants_equal_the_published_tables() -> None:
    """ASTM E2587, table 1; Montgomery, appendix VI: n = 2 … 10, three decimals (the table rounds on the way)."""
    n = range(2, 11)
    a2 = [1.880, 1.023, 0.729, 0.577, 0.483, 0.419, 0.373, 0.337, 0.308]
    a3 = [2.659, 1.954, 1.628, 1.427, 1.287, 1.182, 1.099, 1.032, 0.975]
    b4 = [3.267, 2.568, 2.266, 2.089, 1.970, 1.882, 1.815, 1.761, 1.716]
    b3 = [0, 0, 0, 0, 0.030, 0.118, 0.185, 0.239, 0.284]
    upper = [3.267, 2.574, 2.282, 2.114, 2.004, 1.924, 1.864, 1.816, 1.777]
    lower = [0, 0, 0, 0, 0, 0.076, 0.136, 0.184, 0.223]
    assert [3 / (d2(k) * k**0.5) for k in n] == pytest.approx(a2, abs=6e-4)
    assert [3 / (c4(k) * k**0.5) for k in n] == pytest.approx(a3, abs=6e-4)
    assert [1 + 3 * c5(k) / c4(k) for k in n] == pytest.approx(b4, abs=6e-4)
    assert [max(1 - 3 * c5(k) / c4(k), 0) for k in n] == pytest.approx(b3, abs=6e-4)
    assert [1 + 3 * d3(k) / d2(k) for k in n] == pytest.approx(upper, abs=6e-4)
    assert [max(1 - 3 * d3(k) / d2(k), 0) for k in n] == pytest.approx(lower, abs=6e-4)
    assert (3 / (d2(25) * 5), 1 + 3 * d3(25) / d2(25), c4(25)) == pytest.approx((0.153, 1.541, 0.9896), abs=6e-4)


def test_constants_equal_their_closed_forms() -> None:
    assert d2(2) == pytest.approx(2 / np.pi**0.5, rel=1e-11)
    assert d2(3) == pytest.approx(3 / np.pi**0.5, rel=1e-9)
    assert d3(2) == pytest.approx((2 - 4 / np.pi) ** 0.5, rel=1e-9)
    assert c4(2) == pytest.approx((2 / np.pi) ** 0.5, rel=1e-12)


def test_individuals_chart_equals_the_nist_flowrate_example() -> None:
    """6.3.2.2 prints 50.81, 1.8778, 55.8041, 45.8159, from d2 rounded to 1.128 (exactly: 1.12838)."""
    charts = individuals_chart(FLOWRATE)
    assert charts.reference.centre == pytest.approx(50.81, abs=5e-5)
    assert charts.spread is not None
    assert charts.spread.centre[0] == pytest.approx(1.8778, abs=5e-5)
    assert charts.level.upper[0] == pytest.approx(55.8041, abs=2e-3)
    assert charts.level.beyond.size == 0
    printed = individuals_chart(FLOWRATE, reference=Reference("I-MR", 50.81, 1.87778 / 1.128, 10)).level
    assert printed.upper[0] == pytest.approx(55.8041, abs=5e-5)
    assert printed.lower[0] == pytest.approx(45.8159, abs=5e-5)


def test_individuals_chart_equals_the_concentration_example() -> None:
    """Montgomery and Runger print 99.1, 2.59, 105.99 and 92.21, the limits from the rounded mean and range."""
    charts = individuals_chart(CONCENTRATION)
    assert charts.spread is not None
    assert charts.reference.centre == pytest.approx(99.1, abs=0.05)
    assert charts.spread.centre[0] == pytest.approx(2.59, abs=5e-3)
    printed = individuals_chart(CONCENTRATION, reference=Reference("I-MR", 99.1, 2.59 / 1.128, 20)).level
    assert (printed.upper[0], printed.lower[0]) == pytest.approx((105.99, 92.21), abs=5e-3)


def test_mean_and_range_charts_equal_the_piston_ring_example() -> None:
    """qcc on the first 25 samples: 74.00118, limits 73.98805 and 74.0143, at two sigma 73.99242 and 74.00993."""
    charts = subgroup_chart(RINGS[:125], SAMPLE, spread="range")
    level, spread = charts.level, charts.spread
    assert spread is not None
    assert level.centre[0] == pytest.approx(74.00118, abs=5e-6)
    assert (level.lower[0], level.upper[0]) == pytest.approx((73.98805, 74.0143), abs=5e-6)
    assert level.centre[0] - 2 * level.se[0] == pytest.approx(73.99242, abs=5e-6)
    assert level.centre[0] + 2 * level.se[0] == pytest.approx(74.00993, abs=5e-6)
    assert (spread.centre[0], spread.upper[0], spread.lower[0]) == pytest.approx((0.02276, 0.04812, 0.0), abs=1e-5)
    assert level.beyond.size == spread.beyond.size == 0
    assert not charts.reference.is_trial


def test_frozen_limits_judge_new_points_and_do_not_move() -> None:
    """Montgomery: of the next 15 samples, numbers 37 to 39 lie above the upper limit."""
    first = subgroup_chart(RINGS[:125], SAMPLE, spread="range")
    second = subgroup_chart(RINGS[125:], np.repeat(np.arange(15), 5), spread="range", reference=first.reference)
    assert list(second.level.beyond + 26) == [37, 38, 39]
    assert second.level.upper[0] == first.level.upper[0]
    assert second.reference is first.reference


def test_mean_and_deviation_limits_equal_the_turbine_example() -> None:
    """SAS/QC User's Guide, "Saving Control Limits" (Turbine, n = 20): lines from mean 3485.41 and sigma 198.996."""
    values = np.random.default_rng(1).normal(3485, 199, 160)
    reference = Reference("X-S", 3485.41, 198.996, 20)
    charts = subgroup_chart(values, np.repeat(np.arange(8), 20), spread="deviation", reference=reference)
    assert charts.spread is not None
    assert (charts.level.lower[0], charts.level.upper[0]) == pytest.approx((3351.92, 3618.90), abs=5.1e-3)
    lines = (charts.spread.lower[0], charts.spread.centre[0], charts.spread.upper[0])
    assert lines == pytest.approx((100.207, 196.396, 292.584), abs=1e-3)


def test_range_limits_equal_the_disk_example() -> None:
    """SAS/QC User's Guide, "Saving Control Limits" (Disks, n = 6): mean 8.00307, sigma 0.048927."""
    values = np.random.default_rng(1).normal(8, 0.05, 60)
    reference = Reference("X-R", 8.00307, 0.048927, 25)
    charts = subgroup_chart(values, np.repeat(np.arange(10), 6), spread="range", reference=reference)
    assert charts.spread is not None
    assert (charts.level.lower[0], charts.level.upper[0]) == pytest.approx((7.94314, 8.06299), abs=1e-5)
    lines = (charts.spread.lower[0], charts.spread.centre[0], charts.spread.upper[0])
    assert lines == pytest.approx((0, 0.124, 0.24847), abs=1e-5)


@pytest.mark.parametrize("spread", ["range", "deviation"])
def test_unequal_subgroups_have_limits_of_their_own_size(spread: str) -> None:
    rng = np.random.default_rng(5)
    sizes = rng.integers(2, 8, 3000)
    subgroup = np.repeat(np.arange(3000), sizes)
    charts = subgroup_chart(rng.normal(10, 2, subgroup.size), subgroup, spread=spread)  # type: ignore[arg-type]
    assert charts.reference.sigma == pytest.approx(2, rel=0.03)
    assert charts.level.upper - charts.level.centre == pytest.approx(3 * charts.reference.sigma / sizes**0.5)
    assert charts.level.beyond.size / 3000 < 0.006


def test_points_beyond_are_reported_and_kept_in_the_estimate_unless_excluded() -> None:
    values = FLOWRATE.copy()
    values[4] = 90.0
    every = individuals_chart(values)
    without = individuals_chart(values, excluded=np.arange(10) == 4)
    assert every.reference.centre == pytest.approx(values.mean())
    assert without.reference.points == 9
    assert list(without.level.beyond) == [4]


def test_gaps_are_not_bridged() -> None:
    values = np.concatenate([FLOWRATE[:5], [np.nan], FLOWRATE[5:] + 100])
    charts = individuals_chart(values)
    assert charts.spread is not None
    assert list(charts.level.missing) == [5]
    assert list(charts.spread.missing) == [0, 5, 6]
    assert charts.reference.sigma < 3


def test_a_subgroup_of_one_has_a_mean_and_no_spread() -> None:
    values = RINGS[:125].copy()
    values[1:5] = np.nan
    charts = subgroup_chart(values, SAMPLE, spread="range")
    assert charts.spread is not None
    assert np.isnan(charts.spread.value[0])
    assert charts.level.se[0] == charts.reference.sigma


def test_what_cannot_be_charted_is_refused() -> None:
    with pytest.raises(SampleTooSmallError):
        individuals_chart(np.array([5.0]))
    with pytest.raises(SampleTooSmallError):
        individuals_chart(np.full(20, np.nan))
    with pytest.raises(UnusableValuesError, match="do not vary"):
        individuals_chart(np.full(20, 0.1))
    with pytest.raises(UnusableValuesError, match="infinite"):
        individuals_chart(np.array([*FLOWRATE, np.inf]))
    with pytest.raises(UnusableValuesError, match="individuals_chart"):
        subgroup_chart(FLOWRATE, np.arange(10), spread="range")
    with pytest.raises(SampleTooSmallError):
        subgroup_chart(FLOWRATE, np.repeat(np.arange(2), 5), spread="range")
    with pytest.raises(UnusableValuesError, match="do not vary"):
        subgroup_chart(np.repeat(np.arange(10.0), 2), np.repeat(np.arange(10), 2), spread="range")
    with pytest.raises(UnusableValuesError, match="X-R chart"):
        individuals_chart(FLOWRATE, reference=Reference("X-R", 1.0, 1.0, 20))
    with pytest.raises(SampleTooSmallError):
        d2(1)
