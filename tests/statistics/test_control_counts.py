"""Charts of counts: published limits, unequal sizes, overdispersion, and sizes of nought."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_counts import attribute_chart, overdispersion
from tests.statistics.published_processes import CIRCUIT, ORANGE_JUICE, WAFER_DEFECTS

FIFTY = np.full(30, 50.0)


def test_c_chart_equals_the_nist_wafer_example() -> None:
    """6.3.3.1: 16, limits 28 and 4; wafer 24 with 31 defects is beyond."""
    level = attribute_chart(WAFER_DEFECTS, kind="c").level
    assert (level.centre[0], level.upper[0], level.lower[0]) == pytest.approx((16, 28, 4))
    assert list(level.beyond + 1) == [24]


def test_c_chart_equals_the_circuit_example() -> None:
    level = attribute_chart(CIRCUIT, kind="c").level
    assert (level.centre[0], level.lower[0], level.upper[0]) == pytest.approx((19.84615, 6.481447, 33.21086), abs=5e-6)
    assert list(level.beyond + 1) == [6, 20]


def test_p_chart_equals_the_orange_juice_example() -> None:
    level = attribute_chart(ORANGE_JUICE, FIFTY, kind="p").level
    lines = (level.centre[0], level.lower[0], level.upper[0])
    assert lines == pytest.approx((0.2313333, 0.05242755, 0.4102391), abs=5e-8)
    assert list(level.beyond + 1) == [15, 23]


def test_np_chart_equals_the_lots_of_200_wafers() -> None:
    """qcc on 50 lots (course example): centre 7.14, upper limit 15.01184, lower 0."""
    counts = [8, 7, 11, 3, 6, 11, 4, 4, 5, 8, 8, 6, 7, 6, 10, 7, 9, 5, 6, 8, 8, 10, 4, 11, 4, 11, 6, 6, 9, 5]
    counts += [4, 7, 5, 7, 8, 5, 10, 9, 7, 9, 4, 9, 4, 7, 11, 8, 10, 8, 7, 5]
    level = attribute_chart(np.array(counts, float), np.full(50, 200.0), kind="np").level
    assert (level.centre[0], level.upper[0], level.lower[0]) == pytest.approx((7.14, 15.01184, 0), abs=5e-6)


def test_u_chart_of_unequal_sizes_equals_the_aveva_example() -> None:
    """AVEVA MES documentation, "u Chart": limits by size 15, 9 and 20."""
    counts = np.array([3, 8, 10, 6, 2, 11, 9, 5, 20], float)
    sizes = np.array([15, 9, 15, 15, 15, 20, 15, 15, 15], float)
    level = attribute_chart(counts, sizes, kind="u").level
    assert level.centre == pytest.approx(np.full(9, 0.552239), abs=5e-7)
    assert level.upper[[0, 1, 5]] == pytest.approx([1.127863, 1.295367, 1.050744], abs=1e-6)
    assert level.lower[[0, 1, 5]] == pytest.approx([0, 0, 0.053734], abs=1e-6)
    assert list(level.beyond) == [8]


def test_overdispersion_is_the_chi_square_of_wetherill_and_brown() -> None:
    binomial = [12, 11, 18, 11, 10, 16, 9, 11, 14, 15, 11, 9, 10, 13, 12, 8, 12, 13, 10, 12, 13, 16, 12, 18, 16, 10]
    poisson = [11, 8, 13, 11, 13, 17, 25, 23, 11, 16, 9, 15, 10, 16, 12, 8, 9, 15, 4, 12, 12, 12, 15, 17, 14, 17]
    x, y = np.array([*binomial, 16, 10, 12, 14], float), np.array([*poisson, 12, 12, 7, 16], float)
    tested = overdispersion(x, FIFTY, kind="p")
    assert tested.statistic == pytest.approx(29 * x.var(ddof=1) / (x.mean() * (1 - x.mean() / 50)))
    assert tested.p > 0.5
    assert overdispersion(y, kind="c").ratio == pytest.approx(y.var(ddof=1) / y.mean())


def test_laney_limits_hold_where_the_rate_itself_varies() -> None:
    rng = np.random.default_rng(2)
    sizes = rng.integers(20_000, 60_000, 400).astype(float)
    counts = rng.binomial(sizes.astype(int), np.clip(rng.normal(0.05, 0.004, 400), 0, 1)).astype(float)
    plain = attribute_chart(counts, sizes, kind="p")
    laney = attribute_chart(counts, sizes, kind="p", laney=True)
    assert plain.level.beyond.size > 40
    assert laney.level.beyond.size <= 4
    assert laney.reference.sigma > 2
    assert laney.level.se == pytest.approx(plain.level.se * laney.reference.sigma)
    again = attribute_chart(counts[:3], sizes[:3], kind="p", laney=True, reference=laney.reference)
    assert again.level.upper == pytest.approx(laney.level.upper[:3])


def test_nothing_inspected_is_a_gap() -> None:
    sizes = FIFTY.copy()
    sizes[4] = 0
    counts = ORANGE_JUICE.copy()
    with pytest.raises(UnusableValuesError, match="nothing inspected"):
        attribute_chart(counts, sizes, kind="p")
    counts[4] = 0
    charts = attribute_chart(counts, sizes, kind="p")
    assert list(charts.level.missing) == [4]
    assert charts.reference.points == 29


@pytest.mark.parametrize(
    ("change", "said"),
    [(-1.0, "negative"), (60.0, "exceed"), (2.5, "whole"), (np.inf, "infinite")],
)
def test_impossible_counts_are_refused(change: float, said: str) -> None:
    counts = ORANGE_JUICE.copy()
    counts[3] = change
    with pytest.raises(UnusableValuesError, match=said):
        attribute_chart(counts, FIFTY, kind="p")


def test_counts_without_variation_or_number_are_refused() -> None:
    with pytest.raises(UnusableValuesError, match="no nonconformity"):
        attribute_chart(np.zeros(30), FIFTY, kind="p")
    with pytest.raises(UnusableValuesError, match="every item"):
        attribute_chart(FIFTY, FIFTY, kind="np")
    with pytest.raises(SampleTooSmallError):
        attribute_chart(np.array([3.0]), kind="c")
    with pytest.raises(UnusableValuesError, match="sizes"):
        attribute_chart(ORANGE_JUICE, kind="u")
    with pytest.raises(UnusableValuesError, match="Laney"):
        attribute_chart(CIRCUIT, kind="c", laney=True)
    with pytest.raises(UnusableValuesError, match="p chart"):
        attribute_chart(CIRCUIT, kind="c", reference=attribute_chart(ORANGE_JUICE, FIFTY, kind="p").reference)
