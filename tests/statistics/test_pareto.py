"""Contributions are ranked, ties are named, and a lead that chance could make is not called one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.pareto import pareto


def test_shares_are_ranked_and_cumulated() -> None:
    """The defects by code of qcc's `pareto.chart`: 80, 27, 66, 94, 33; the shares by hand."""
    names = ["price code", "schedule date", "supplier code", "contact num.", "part num."]
    found = pareto(names, np.array([80, 27, 66, 94, 33.0]), counted=True)
    assert found.names == ("contact num.", "price code", "supplier code", "part num.", "schedule date")
    assert found.cumulative == pytest.approx([0.31333, 0.58, 0.8, 0.91, 1.0], abs=5e-6)
    assert found.vital == 3
    assert found.tied_first == ("contact num.",)
    assert found.lead is not None
    assert found.lead.p == pytest.approx(stats.binomtest(94, 174).pvalue)
    assert found.lead.low < 1 < found.lead.high


def test_the_ratio_has_the_interval_of_clopper_and_pearson() -> None:
    lead = pareto(["a", "b"], np.array([30.0, 10.0]), counted=True).lead
    assert lead is not None
    exact = stats.binomtest(30, 40).proportion_ci()
    assert (lead.low, lead.high) == pytest.approx((exact.low / (1 - exact.low), exact.high / (1 - exact.high)))
    assert lead.p == pytest.approx(stats.binomtest(30, 40).pvalue)


def test_equal_categories_lead_no_more_often_than_stated() -> None:
    rng = np.random.default_rng(1)
    names = list("abcdefgh")
    leads = [pareto(names, rng.poisson(40, 8).astype(float), counted=True).lead for _ in range(600)]
    assert np.mean([lead is not None and lead.p < 0.05 for lead in leads]) <= 0.05


def test_amounts_are_compared_by_the_scatter_of_their_events() -> None:
    rng = np.random.default_rng(2)
    held = []
    for _ in range(400):
        events = [rng.exponential(1.0, rng.poisson(80)), rng.exponential(1.0, rng.poisson(50))]
        amounts = np.array([e.sum() for e in events])
        lead = pareto(["a", "b"], amounts, squares=np.array([(e**2).sum() for e in events])).lead
        assert lead is not None
        if amounts[0] > amounts[1]:
            held.append(lead.low <= 1.6 <= lead.high)
    assert np.mean(held) > 0.92


def test_a_second_that_may_be_nothing_leaves_the_ratio_open() -> None:
    lead = pareto(["a", "b"], np.array([10.0, 1.0]), squares=np.array([10.0, 1.0])).lead
    assert lead is not None
    assert lead.high == np.inf
    assert lead.low > 1


def test_ties_and_single_categories_are_stated() -> None:
    tied = pareto(["a", "b", "c"], np.array([5.0, 9.0, 9.0]), counted=True)
    assert tied.tied_first == ("b", "c")
    assert tied.lead is not None
    assert (tied.lead.ratio, tied.lead.p) == (1.0, 1.0)
    assert pareto(["a", "b"], np.array([5.0, 0.0]), counted=True).lead is None
    assert pareto(["a", "b"], np.array([5.0, 1.0])).lead is None


@pytest.mark.parametrize(
    ("amounts", "said"),
    [
        ([1.0, -1.0], "negative"),
        ([0.0, 0.0], "all amounts are 0"),
        ([1.0, np.nan], "missing"),
        ([1.0, np.inf], "infinite"),
        ([1.5, 1.0], "whole"),
        ([1.0], "names for"),
    ],
)
def test_impossible_amounts_are_refused(amounts: list[float], said: str) -> None:
    with pytest.raises(UnusableValuesError, match=said):
        pareto(["a", "b"], np.array(amounts), counted=True)


def test_no_or_repeated_names_are_refused() -> None:
    with pytest.raises(SampleTooSmallError):
        pareto([], np.zeros(0))
    with pytest.raises(UnusableValuesError, match="repeat"):
        pareto(["a", "a"], np.ones(2))
