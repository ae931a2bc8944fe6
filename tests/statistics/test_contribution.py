"""The parts of a change add up to it, whatever the numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemba.errors import SampleTooSmallError
from gemba.statistics import contribution

AMOUNT = st.floats(-1e9, 1e9, allow_nan=False).map(lambda x: round(x, 3))
POSITIVE = st.floats(1e-3, 1e6)
SIZE = 5


def _close(parts: float, change: float, level: float) -> bool:
    return math.isclose(parts, change, rel_tol=1e-9, abs_tol=1e-12 * max(level, 1.0))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(POSITIVE, POSITIVE, POSITIVE, POSITIVE), min_size=1, max_size=30))
def test_rate_and_mix_add_up_to_the_change_of_a_ratio(rows: list[tuple[float, float, float, float]]) -> None:
    num0, den0, num1, den1 = np.array(rows).T
    split = contribution.rate_mix(num0, den0, num1, den1)
    parts = contribution.settle(split.rate + split.mix, split.change)
    assert _close(math.fsum(parts), split.change, abs(num1.sum() / den1.sum()))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(POSITIVE, POSITIVE), min_size=1, max_size=6))
def test_factors_add_up_to_the_change_of_a_product(rows: list[tuple[float, float]]) -> None:
    before, after = zip(*rows, strict=True)
    parts = contribution.product(before, after)
    size = max(math.prod(after), math.prod(before), *(abs(part) for part in parts))  # large parts may cancel
    assert _close(math.fsum(parts), math.prod(after) - math.prod(before), size)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(AMOUNT, AMOUNT), min_size=1, max_size=20))
def test_replacing_members_one_by_one_adds_up_to_the_change_of_a_maximum(rows: list[tuple[float, float]]) -> None:
    before, after = ([row[i] for row in rows] for i in (0, 1))
    parts, remainder = contribution.replacement(before, after, max)
    assert _close(math.fsum([*parts, remainder]), max(after) - max(before), 1e9)


def test_a_segment_that_appears_is_mix_and_not_rate() -> None:
    split = contribution.rate_mix(
        np.array([5.0, 0.0]), np.array([100.0, 0.0]), np.array([5.0, 20.0]), np.array([100.0, 100.0])
    )
    assert split.rate[1] == 0
    assert split.mix[1] == pytest.approx(0.5 * (0.2 - 0.05))
    assert math.fsum(split.rate + split.mix) == pytest.approx(split.change)


def test_rates_that_stay_give_no_rate_effect() -> None:
    den0, den1, rates = np.array([50.0, 50.0]), np.array([20.0, 80.0]), np.array([0.1, 0.3])
    split = contribution.rate_mix(den0 * rates, den0, den1 * rates, den1)
    assert split.rate == pytest.approx([0, 0])
    assert math.fsum(split.mix) == pytest.approx(0.06)


def test_swapping_the_sides_turns_the_signs_of_a_product_s_parts() -> None:
    there, back = contribution.product((2, 3, 5), (4, 1, 6)), contribution.product((4, 1, 6), (2, 3, 5))
    assert there == pytest.approx([-part for part in back])


def test_overlap_makes_a_distinct_count_exact() -> None:
    own, overlap = contribution.overlapping(np.array([3.0, 4.0]), np.array([6.0, 4.0]), 5.0, 7.0)
    assert own.tolist() == [3, 0]
    assert own.sum() + overlap == 2


def test_a_denominator_of_zero_is_refused() -> None:
    nothing = np.zeros(2)
    with pytest.raises(SampleTooSmallError):
        contribution.rate_mix(nothing, nothing, np.ones(2), np.ones(2))


@pytest.mark.parametrize("q", [0.05, 0.5, 0.95])
def test_a_quantile_of_counted_values_is_that_of_the_sample(q: float) -> None:
    values, counts = np.array([4.0, 1.0, 2.5]), np.array([3.0, 2.0, 6.0])
    sample = np.repeat(values, counts.astype(int))
    assert contribution.weighted_quantile(values, counts, q) == pytest.approx(np.quantile(sample, q))
