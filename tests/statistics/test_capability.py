"""Capability equals what SAS and NIST print, its intervals hold, and what cannot be said is not said."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pytest

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.capability import Index, Specification, capability, proportion
from gemba.statistics.capability_quantiles import HIGH, LOW, quantile_capability
from gemba.statistics.normality import anderson_darling
from tests.statistics.published_processes import CANS, PLATES, RINGS


def _three(index: Index | None) -> tuple[float, float, float]:
    assert index is not None
    return index.value, index.low, index.high


def _sample(n: int, mean: float, deviation: float) -> np.ndarray:
    """Normal values with exactly this mean and deviation, for examples that print no more."""
    z = np.random.default_rng(n).normal(size=n)
    return mean + deviation * (z - z.mean()) / z.std(ddof=1)


def test_indices_and_intervals_equal_the_drink_can_example() -> None:
    """SAS/QC User's Guide, "Computing Capability Indices": value and 95 % limits, six decimals."""
    found = capability(CANS, Specification(11.95, 12.05, 12.0))
    assert _three(found.pp) == pytest.approx((0.354967, 0.305565, 0.404288), abs=6e-7)
    assert _three(found.ppl) == pytest.approx((0.420991, 0.332644, 0.508117), abs=6e-7)
    assert _three(found.ppu) == pytest.approx((0.288943, 0.211699, 0.365112), abs=1e-6)
    assert _three(found.ppk) == pytest.approx((0.288943, 0.212210, 0.365677), abs=6e-7)
    assert _three(found.cpm) == pytest.approx((0.348203, 0.301472, 0.398228), abs=6e-7)
    assert found.seen_outside.value == pytest.approx(0.07 + 0.16)
    assert not found.normality.rejected
    assert found.memory == 0.0


def test_indices_equal_the_plate_example_and_normality_is_rejected() -> None:
    """SAS/QC User's Guide, example 5.11: normality is rejected, so that these indices mislead."""
    found = capability(PLATES, Specification(0.3, 0.8))
    assert _three(found.pp) == pytest.approx((0.237112, 0.190279, 0.283853), abs=6e-7)
    assert _three(found.ppl) == pytest.approx((0.316422, 0.203760, 0.426833), abs=1e-6)
    assert _three(found.ppu) == pytest.approx((0.157803, 0.059572, 0.254586), abs=1e-6)
    assert _three(found.ppk) == pytest.approx((0.157803, 0.060270, 0.255336), abs=6e-7)
    assert found.normality.rejected


def test_indices_equal_the_nist_example() -> None:
    """6.1.6: mean 16, deviation 2, limits 8 and 20: Cp 1.0, Cpk 0.6667, Cpu 0.6667, Cpl 1.3333."""
    found = capability(_sample(100, 16, 2), Specification(8, 20))
    assert found.pp is not None
    assert found.ppl is not None
    assert (found.pp.value, found.ppk.value) == pytest.approx((1.0, 0.6667), abs=5e-5)
    assert found.ppl.value == pytest.approx(1.3333, abs=5e-5)


def test_one_sided_indices_equal_the_aiag_vda_example() -> None:
    """SPC Manual, figure 7-6: mean 0.166, deviation 0.0457 and 0.250, 0.0292 under 0.40: 1.71 both."""
    for mean, deviation in ((0.166, 0.0457), (0.250, 0.0292)):
        found = capability(_sample(100, mean, deviation), Specification(None, 0.40))
        assert found.ppk.value == pytest.approx(1.71, abs=5e-3)
        assert found.pp is found.cp is found.cpm is found.ppl is None
        assert found.ppk == found.ppu


def test_variation_within_subgroups_is_that_of_the_control_chart() -> None:
    """Piston rings within 74 ± 0.05: Cp 1.70, Cpk 1.66 from ranges (qcc); pooled deviations differ a little."""
    found = capability(RINGS[:125], Specification(73.95, 74.05), subgroup=np.repeat(np.arange(25), 5))
    assert found.cp is not None
    assert (found.cp.value, found.cpk.value) == pytest.approx((1.70, 1.66), abs=0.03)


def test_anderson_darling_is_scipys() -> None:
    from scipy import stats

    for values in (CANS, PLATES):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # newer versions ask how the p-value is to be made; it is not used
            expected = stats.anderson(values, "norm").statistic
        assert anderson_darling(values).statistic == pytest.approx(expected)


def test_normality_is_rejected_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    assert 0.03 < np.mean([anderson_darling(rng.normal(size=40)).rejected for _ in range(1000)]) < 0.07
    assert np.mean([anderson_darling(rng.exponential(size=40)).rejected for _ in range(200)]) > 0.95


def test_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(4)
    specification, held = Specification(-4.0, 3.0, 0.0), []
    from scipy.special import ndtr

    outside = float(ndtr(-4.0) + ndtr(-3.0))
    for _ in range(300):
        found = capability(rng.normal(size=40), specification)
        truths = (found.pp, 7 / 6), (found.cp, 7 / 6), (found.ppk, 1.0), (found.cpk, 1.0), (found.outside, outside)
        held.append([i is not None and i.low <= truth <= i.high for i, truth in truths])
    covered = np.mean(held, axis=0)
    assert (covered > 0.92).all()
    assert (covered[:4] < 0.985).all()


def test_memory_widens_the_intervals() -> None:
    from scipy.signal import lfilter

    rng, held, wide = np.random.default_rng(5), [], []
    for _ in range(100):
        values = np.sqrt(1 - 0.6**2) * lfilter([1.0], [1.0, -0.6], rng.normal(size=250))[100:]
        found = capability(values, Specification(-4.0, 4.0))
        assert found.pp is not None
        held.append(found.pp.low <= 4 / 3 <= found.pp.high)
        wide.append(found.memory > 0)
    assert np.mean(wide) > 0.98
    assert np.mean(held) > 0.88


def test_quantile_indices_cover_the_truth_whatever_the_distribution() -> None:
    rng = np.random.default_rng(6)
    draws: dict[str, Callable[[int], np.ndarray]] = {
        "lognormal": lambda n: np.exp(rng.normal(0, 0.4, n)),
        "Weibull": lambda n: 3.3 * rng.weibull(1.7, n),
        "gamma": lambda n: rng.gamma(2.0, 1.0, n),
    }
    held, named = [], []
    for name, draw in draws.items():
        _, middle, high = np.quantile(draw(200_000), [LOW, 0.5, HIGH])
        upper = middle + 1.2 * (high - middle)
        for _ in range(12):
            try:
                found = quantile_capability(draw(100), Specification(None, upper), rng=rng)
            except SampleTooSmallError:  # at 5 % each, the fits are refused now and then
                continue
            held.append(found.ppk.low <= 1.2 <= found.ppk.high)
            named.append(name in found.distributions)
    assert len(held) >= 30
    assert np.mean(held) >= 0.85
    assert np.mean(named) >= 0.8


def test_quantile_indices_of_a_lognormal_are_those_of_its_logarithms() -> None:
    found = quantile_capability(PLATES, Specification(0.3, 0.8), rng=np.random.default_rng(0))
    assert found.distributions[0] == "lognormal"
    mean, deviation = np.log(PLATES).mean(), np.log(PLATES).std(ddof=1)
    low, middle, high = np.exp(mean + deviation * np.array([-3.0, 0.0, 3.0]))
    assert (found.low, found.middle, found.high) == pytest.approx((low, middle, high))
    assert _three(found.pp)[0] == pytest.approx(0.5 / (high - low))
    assert found.ppk == found.ppu
    assert found.outside.low < 0.3 < found.outside.high


def test_normal_values_have_about_the_same_indices_by_quantiles() -> None:
    values = _sample(400, 10, 1)
    found = quantile_capability(values, Specification(6, 14), rng=np.random.default_rng(0))
    assert found.ppk.low < 4 / 3 < found.ppk.high


def test_quantiles_of_what_nothing_fits_need_many_values() -> None:
    rng = np.random.default_rng(7)
    two = np.concatenate([rng.normal(0, 1, 1500), rng.normal(9, 1, 1500)])
    with pytest.raises(SampleTooSmallError, match="no distribution fits"):
        quantile_capability(two[1300:1700], Specification(-5, 15), rng=rng)
    found = quantile_capability(two, Specification(-5, 15), rng=rng)
    assert found.distributions == ("values",)
    assert found.ppk.low < found.ppk.value < found.ppk.high
    assert found.outside == found.seen_outside
    assert found.outside.high > 0.001


@pytest.mark.parametrize(
    ("lower", "upper", "target", "said"),
    [
        (None, None, None, "neither"),
        (2.0, 1.0, None, "not below"),
        (1.0, 1.0, None, "not below"),
        (1.0, np.inf, None, "leave it out"),
        (np.nan, 1.0, None, "leave it out"),
        (0.0, 1.0, 2.0, "target"),
    ],
)
def test_specifications_that_are_none_are_refused(
    lower: float | None, upper: float | None, target: float | None, said: str
) -> None:
    with pytest.raises(UnusableValuesError, match=said):
        Specification(lower, upper, target)


def test_values_without_number_or_variation_are_refused() -> None:
    specification = Specification(0.0, 1.0)
    with pytest.raises(SampleTooSmallError):
        capability(np.array([0.5]), specification)
    with pytest.raises(UnusableValuesError, match="equal"):
        capability(np.full(30, 0.1), specification)
    with pytest.raises(UnusableValuesError, match="infinite or missing"):
        capability(np.array([*np.linspace(0, 1, 20), np.nan]), specification)
    with pytest.raises(UnusableValuesError, match="within subgroups"):
        capability(np.repeat(np.arange(10.0), 2), specification, subgroup=np.repeat(np.arange(10), 2))
    with pytest.raises(UnusableValuesError, match="leave subgroups out"):
        capability(np.linspace(0, 1, 20), specification, subgroup=np.arange(20))
    with pytest.raises(SampleTooSmallError):
        quantile_capability(np.linspace(0, 1, 20), specification, rng=np.random.default_rng(0))
    with pytest.raises(UnusableValuesError, match="equal"):
        quantile_capability(np.full(50, 2.0), specification, rng=np.random.default_rng(0))


def test_proportions_have_exact_intervals() -> None:
    """0 of 10 and 5 of 10: 0 to 0.3085 and 0.1871 to 0.8129 (Clopper and Pearson, table)."""
    assert _three(proportion(0, 10)) == pytest.approx((0, 0, 0.3085), abs=5e-5)
    assert _three(proportion(5, 10)) == pytest.approx((0.5, 0.1871, 0.8129), abs=5e-5)
    assert proportion(10, 10).high == 1.0
