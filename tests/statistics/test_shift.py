"""Tests of a change of level hold their level under quiet series of every kind, and see what is there."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from gemba.statistics.arrivals import arrival_tests
from gemba.statistics.segments import localise
from gemba.statistics.shift import shift_tests
from tests.statistics.nulls import family, timeline

FAMILIES = 60
KINDS = ["independent", "autoregressive", "seasonal", "heavy", "common", "counts", "sparse"]


def _p_values(kind: str, *, against_rest: bool) -> np.ndarray:
    rng = np.random.default_rng([20261121, KINDS.index(kind), against_rest])
    found = []
    for _ in range(FAMILIES):
        num, den, counts = family(kind, rng)
        shift = shift_tests(
            num, den, num.sum(axis=0), den.sum(axis=0), timeline=timeline(), counts=counts, against_rest=against_rest
        )
        found.append(shift.p)
    return np.concatenate(found)


@pytest.mark.parametrize("kind", KINDS)
def test_the_difference_from_the_rest_is_called_no_more_often_than_stated(kind: str) -> None:
    p = _p_values(kind, against_rest=True)
    assert np.isfinite(p).all()
    for alpha in (0.05, 0.01):
        assert (p < alpha).sum() <= binom.ppf(0.999, p.size, alpha)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "common"])
def test_a_change_of_its_own_is_called_no_more_often_than_stated(kind: str) -> None:
    # Members of one family of kind "common" rise and fall together: their tests are no independent trials.
    p = _p_values(kind, against_rest=False)
    for alpha in (0.05, 0.01):
        assert (p < alpha).sum() <= binom.ppf(0.999, p.size, alpha)


def test_the_interval_covers_a_planted_effect() -> None:
    rng = np.random.default_rng(5)
    hits = []
    for _ in range(FAMILIES):
        num, den, _ = family("independent", rng)
        at = timeline()
        usual = num[0].sum() / den[0].sum()
        num[0, at.window] += 0.02 * den[0, at.window]
        shift = shift_tests(num, den, num.sum(axis=0), den.sum(axis=0), timeline=at, counts=False, against_rest=False)
        low, high = shift.interval()
        hits.append(low[0] <= 0.02 <= high[0])
        assert shift.before[0] == pytest.approx(usual, rel=0.3)
    assert np.mean(hits) >= 0.87


def test_an_earlier_incident_does_not_hide_the_next() -> None:
    rng = np.random.default_rng(9)
    num, den, _ = family("independent", rng)
    at = timeline()
    quiet = shift_tests(num, den, num.sum(axis=0), den.sum(axis=0), timeline=at, counts=False, against_rest=False)
    num[3, 30:37] *= 2.5
    shaken = shift_tests(num, den, num.sum(axis=0), den.sum(axis=0), timeline=at, counts=False, against_rest=False)
    assert shaken.se[3] < 1.7 * quiet.se[3]


def test_the_segment_that_moved_alone_comes_first() -> None:
    rng = np.random.default_rng(11)
    num, den, _ = family("common", rng)
    at = timeline()
    num[4, at.window] *= 1.5
    total_num, total_den = num.sum(axis=0), den.sum(axis=0)
    weight = den[:, at.window].sum(axis=1) / total_den[at.window].sum()
    change = total_num[at.window].sum() / total_den[at.window].sum()
    change -= total_num[at.baseline].sum() / total_den[at.baseline].sum()
    found = localise(num, den, total_num, total_den, weight=weight, change=change, timeline=at, least=0.0, ratio=True)
    assert int(np.argmax(found.score)) == 4
    assert found.p[4] < 1e-4


def test_when_all_rates_rise_alike_no_segment_is_named() -> None:
    rng = np.random.default_rng(12)
    num, den, _ = family("independent", rng)
    at = timeline()
    num[:, at.window] *= 1.5
    found = localise(
        num, den, num.sum(axis=0), den.sum(axis=0), weight=np.ones(12), change=1.0, timeline=at, least=0.0, ratio=True
    )
    assert (found.p > 0.001).all()


def test_a_series_without_history_is_not_tested() -> None:
    num, den, _ = family("independent", np.random.default_rng(1))
    at = timeline()
    num[0, ~at.window] = den[0, ~at.window] = 0
    shift = shift_tests(num, den, num.sum(axis=0), den.sum(axis=0), timeline=at, counts=False, against_rest=False)
    assert np.isnan(shift.p[0])
    assert np.isfinite(shift.p[1:]).all()


def test_a_constant_series_gives_no_number() -> None:
    num, den = np.full((3, 105), 5.0), np.full((3, 105), 100.0)
    shift = shift_tests(
        num, den, num.sum(axis=0), den.sum(axis=0), timeline=timeline(), counts=False, against_rest=False
    )
    assert not (shift.p < 1).any()


def test_an_arrival_with_hardly_a_row_is_not_called_for_having_none() -> None:
    rng = np.random.default_rng(31)
    at = timeline(days=70, window=7)
    num, den = np.zeros((12, 70)), np.zeros((12, 70))
    for lot in range(11):
        inside = slice(6 * lot, 6 * lot + 6)
        den[lot, inside] = 4000.0
        num[lot, inside] = rng.poisson(100.0, num[lot, inside].size)
    den[11, 66] = 20.0  # half a piece of scrap would be usual
    found = arrival_tests(
        num, den, num.sum(axis=0) + 4000.0, den.sum(axis=0) + 160_000.0, timeline=at, chosen=np.arange(12) == 11
    )
    assert found.p[11] > 0.2
