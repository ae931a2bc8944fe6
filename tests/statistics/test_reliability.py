"""Lives and failures equal the NIST examples, their intervals hold, and too little is said to be too little."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.reliability import failure_trend, inherent_availability, mtbf, mttr
from gemba.statistics.weibull import weibull_fit

NIST_LIVES = np.array([54, 187, 216, 240, 244, 335, 361, 373, 375, 386, *[500] * 10], float)
NIST_FAILED = np.arange(20) < 10
NIST_REPAIRS = np.array([5, 40, 43, 175, 389, 712, 747, 795, 1299, 1478], float)
_BEARINGS = """
17.88 28.92 33.00 41.52 42.12 45.60 48.48 51.84 51.96 54.12 55.56 67.80
68.64 68.64 68.88 84.12 93.12 98.64 105.12 105.84 127.92 128.04 173.40
"""
BEARINGS = np.array(_BEARINGS.split(), dtype=float)


def test_censored_weibull_equals_the_nist_example() -> None:
    """8.4.1.3: shape 1.7208, scale 606.5280, mean 540.737, deviation 323.806, log-likelihood -75.135, AIC 154.27.

    The scale is 606.5276 at the maximum; the last two digits printed are those of a search that stopped before it.
    """
    found = weibull_fit(NIST_LIVES, NIST_FAILED)
    assert found.shape.value == pytest.approx(1.7208, abs=5e-5)
    assert found.scale.value == pytest.approx(606.5280, abs=5e-4)
    assert found.mean == pytest.approx(540.737, abs=5e-4)
    assert found.deviation == pytest.approx(323.806, abs=5e-4)
    assert found.log_likelihood == pytest.approx(-75.135, abs=5e-4)
    assert 2 * 2 - 2 * found.log_likelihood == pytest.approx(154.27, abs=5e-3)
    assert (found.failures, found.survivors) == (10, 10)


def test_weibull_equals_scipys_censored_fit() -> None:
    data = stats.CensoredData.right_censored(NIST_LIVES, ~NIST_FAILED)
    shape, _, scale = stats.weibull_min.fit(data, floc=0)
    found = weibull_fit(NIST_LIVES, NIST_FAILED)
    assert (found.shape.value, found.scale.value) == pytest.approx((shape, scale), rel=1e-6)


def test_weibull_equals_the_ball_bearing_example() -> None:
    """J. Lieblein and M. Zelen, 1956: shape 2.102, scale 81.88 (Lawless; Meeker and Escobar)."""
    found = weibull_fit(BEARINGS, np.ones(23, bool))
    assert found.shape.value == pytest.approx(2.102, abs=5e-4)
    assert found.scale.value == pytest.approx(81.88, abs=5e-3)


def test_weibull_equals_the_five_unit_example() -> None:
    """ReliaSoft, "Contour Plots and Confidence Bounds", example 1: failures at 10 … 50 h: 2.2938 and 33.9428."""
    found = weibull_fit(np.arange(10.0, 60.0, 10.0), np.ones(5, bool), level=0.90)
    assert (found.shape.value, found.scale.value) == pytest.approx((2.2938, 33.9428), abs=1.1e-4)


def test_ends_of_profile_intervals_lie_where_the_likelihood_ratio_is_at_its_quantile() -> None:
    found = weibull_fit(NIST_LIVES, NIST_FAILED)

    def best(shape: np.ndarray, scale: np.ndarray) -> float:
        """Highest log-likelihood of pairs of parameters."""
        z = (NIST_LIVES / scale[:, None]) ** shape[:, None]
        hazard = np.log(shape / scale)[:, None] + (shape - 1)[:, None] * np.log(NIST_LIVES / scale[:, None])
        return float((hazard[:, NIST_FAILED].sum(axis=1) - z.sum(axis=1)).max())

    drop, scales, shapes = stats.chi2(1).ppf(0.95) / 2, np.geomspace(200, 5000, 4000), np.geomspace(0.2, 6.0, 4000)
    for end in (found.shape.low, found.shape.high):
        assert found.log_likelihood - best(np.full(4000, end), scales) == pytest.approx(drop, abs=1e-4)
    for end in (found.scale.low, found.scale.high):
        assert found.log_likelihood - best(shapes, np.full(4000, end)) == pytest.approx(drop, abs=1e-4)
    for end in (found.b10.low, found.b10.high):
        reached = end / (-np.log(0.9)) ** (1 / shapes)
        assert found.log_likelihood - best(shapes, reached) == pytest.approx(drop, abs=1e-4)


def test_weibull_intervals_cover_the_truth_under_censoring() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(40):
        life = 100 * rng.weibull(1.5, 40)
        age = np.minimum(life, rng.uniform(40, 160, 40))
        found = weibull_fit(age, life <= age)
        truth = (found.shape, 1.5), (found.scale, 100.0), (found.b10, 100 * (-np.log(0.9)) ** (1 / 1.5))
        held.append([e.low <= value <= e.high for e, value in truth])
    assert (np.mean(held, axis=0) > 0.86).all()


def test_a_change_of_unit_changes_only_the_unit() -> None:
    hours, seconds = (weibull_fit(NIST_LIVES * unit, NIST_FAILED) for unit in (1.0, 3600.0))
    assert seconds.shape.high == pytest.approx(hours.shape.high)
    assert seconds.b10.low == pytest.approx(3600 * hours.b10.low)


def test_mean_time_between_failures_equals_the_nist_example() -> None:
    """8.4.5.1: two failures in 800 hours, 90 %: 400 hours, 127.0690 to 2251.229."""
    found = mtbf(800, 2, truncation="time", level=0.90)
    assert found.value == 400
    assert (found.low, found.high) == (pytest.approx(127.0690, abs=5e-5), pytest.approx(2251.229, abs=5e-4))


def test_without_failures_only_a_lower_bound_is_known() -> None:
    """8.4.5.1: `T / -ln(alpha)`."""
    found = mtbf(1000, 0, truncation="time", level=0.95)
    assert (found.value, found.high) == (None, np.inf)
    assert found.low == pytest.approx(1000 / -np.log(0.05))
    assert inherent_availability(found, mttr(np.array([1.0, 2.0, 4.0]))) is None


def test_mean_time_intervals_cover_the_truth() -> None:
    rng = np.random.default_rng(2)
    times = [mtbf(1000, int(n), truncation="time") for n in rng.poisson(5, 1000)]
    assert np.mean([t.low <= 200 <= t.high for t in times]) >= 0.94
    ends = [mtbf(float(t), 5, truncation="failure") for t in rng.gamma(5, 200, 1000)]
    assert 0.93 < np.mean([t.low <= 200 <= t.high for t in ends]) < 0.97


@pytest.mark.parametrize(
    ("mean", "lognormal"),
    [(10.0, False), (float(np.exp(2 + 0.18)), True)],
)
def test_repair_time_intervals_cover_the_truth(mean: float, lognormal: bool) -> None:
    rng = np.random.default_rng(3)
    drawn = [np.exp(rng.normal(2, 0.6, 25)) if lognormal else rng.exponential(10, 25) for _ in range(80)]
    found = [mttr(durations) for durations in drawn]
    assert np.mean([t.low <= mean <= t.high for t in found]) >= 0.88
    assert np.mean([t.method.startswith("lognormal") == lognormal for t in found]) > 0.85


def test_availability_is_up_over_all() -> None:
    assert inherent_availability(mtbf(900, 9, truncation="time"), mttr(np.array([5.0, 10.0, 15.0]))) == pytest.approx(
        100 / 110
    )


def test_power_law_shape_equals_the_nist_example() -> None:
    """8.4.5.2: growth 0.516494, so shape 0.483506; MTBF at 1500 hours 310.234."""
    found = failure_trend(NIST_REPAIRS, end=1500)
    assert found.shape == pytest.approx(1 - 0.516494, abs=5e-7)
    assert 1500 / (10 * found.shape) == pytest.approx(310.234, abs=5e-4)
    assert found.mil_hdbk == pytest.approx(2 * 9 / (1 - 0.516494), rel=2e-6)
    assert found.df == 20
    assert found.laplace < 0
    assert found.mil_hdbk_p < 0.05


def test_laplace_equals_the_rocof_example() -> None:
    """`reliability` documentation, ROCOF (after Modarres et al., example 5.11): U = 2.409, rate worsening."""
    between = [104, 131, 1597, 59, 4, 503, 157, 6, 118, 173, 114, 62, 101, 216, 106]
    between += [140, 1, 102, 3, 393, 96, 232, 89, 61, 37, 293, 7, 165, 87, 99]
    found = failure_trend(np.cumsum(between).astype(float))
    assert found.laplace == pytest.approx(2.409, abs=5e-4)
    assert found.laplace_p < 0.05
    assert found.shape * 30 / 28 == pytest.approx(1.588, abs=5e-4)  # printed without correction for bias


def test_trend_tests_err_as_often_as_they_say() -> None:
    rng = np.random.default_rng(4)
    found = [failure_trend(np.sort(rng.uniform(0, 100, 15)), end=100) for _ in range(2000)]
    assert 0.035 < np.mean([t.laplace_p < 0.05 for t in found]) < 0.065
    assert 0.035 < np.mean([t.mil_hdbk_p < 0.05 for t in found]) < 0.065
    assert np.mean([t.shape for t in found]) == pytest.approx(1.0, abs=0.02)


def test_lives_that_tell_nothing_are_refused() -> None:
    with pytest.raises(SampleTooSmallError):
        weibull_fit(NIST_LIVES, np.arange(20) < 2)
    with pytest.raises(UnusableValuesError, match="not above 0"):
        weibull_fit(np.array([0.0, 1.0, 2.0, 3.0]), np.ones(4, bool))
    with pytest.raises(UnusableValuesError, match="shape could be anything"):
        weibull_fit(np.full(5, 7.0), np.ones(5, bool))
    with pytest.raises(UnusableValuesError, match="missing"):
        weibull_fit(np.array([1.0, 2.0, np.nan, 3.0]), np.ones(4, bool))
    with pytest.raises(UnusableValuesError, match="infinite"):
        mttr(np.array([1.0, np.inf, 2.0]))


def test_failures_that_tell_nothing_are_refused() -> None:
    with pytest.raises(UnusableValuesError, match="above 0"):
        mtbf(0, 3, truncation="time")
    with pytest.raises(UnusableValuesError, match="0 failures"):
        mtbf(100, 0, truncation="failure")
    with pytest.raises(SampleTooSmallError):
        failure_trend(np.array([1.0]))
    with pytest.raises(UnusableValuesError, match="in order"):
        failure_trend(np.array([5.0, 4.0, 6.0, 7.0]))
    with pytest.raises(UnusableValuesError, match="before the last"):
        failure_trend(NIST_REPAIRS, end=1000)
    with pytest.raises(UnusableValuesError, match="missing"):
        failure_trend(np.array([1.0, np.nan, 3.0, 4.0]))
