"""Indirect standardisation: what the mix of a segment lets one expect."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.statistics.standardise import main_effects


def _cells(rng: np.random.Generator, *, days: int = 60):
    """Cells of 3 products by 4 machines by day; the products' rates differ fivefold."""
    product, machine, day = (index.ravel() for index in np.indices((3, 4, days)))
    den = rng.integers(50, 400, product.size).astype(float)
    rate = np.array([0.01, 0.02, 0.05])[product] * np.array([0.7, 1.0, 1.2, 1.5])[machine]
    return product, machine, day, den, rate


def test_main_effects_recover_the_rates_of_every_combination() -> None:
    rng = np.random.default_rng(11)
    product, machine, day, den, rate = _cells(rng)
    num = rng.poisson(den * rate).astype(float)
    learn = day < 50
    expected = main_effects(num, den, [product, machine], bucket=day, learn=learn)
    assert expected / den == pytest.approx(rate, rel=0.1)
    assert expected[learn].sum() == pytest.approx(num[learn].sum(), rel=0.01)


def test_a_change_of_mix_alone_is_expected() -> None:
    rng = np.random.default_rng(12)
    product, machine, day, den, rate = _cells(rng)
    den = np.where((day >= 50) & (product == 2), 5.0 * den, den)
    num = rng.poisson(den * rate).astype(float)
    expected = main_effects(num, den, [product, machine], bucket=day, learn=day < 50)
    late = day >= 50
    crude = den * (num[~late].sum() / den[~late].sum())
    assert num[late].sum() > 1.3 * crude[late].sum()
    assert num[late].sum() == pytest.approx(expected[late].sum(), rel=0.1)


def test_members_that_differ_by_noise_alone_are_drawn_together() -> None:
    rng = np.random.default_rng(13)
    member, day = (index.ravel() for index in np.indices((40, 30)))
    den = np.full(member.size, 20.0)
    num = rng.poisson(0.1 * den).astype(float)
    expected = main_effects(num, den, [member], bucket=day, learn=np.ones(member.size, dtype=bool))
    own = np.bincount(member, num) / np.bincount(member, den)
    assert np.std(expected / den) < 0.5 * np.std(own)


def test_what_came_and_went_keeps_the_rate_of_all() -> None:
    day = np.arange(60)
    lot = day // 5
    num = np.where(lot == 3, 20.0, 10.0)
    expected = main_effects(num, np.full(60, 100.0), [lot], bucket=day, learn=day < 55)
    assert np.ptp(expected) == 0.0


def test_nothing_learnt_leaves_the_denominators() -> None:
    den = np.array([3.0, 5.0])
    zero = np.zeros(2, dtype=np.int64)
    for num, learn in ((np.zeros(2), np.ones(2, dtype=bool)), (np.ones(2), np.zeros(2, dtype=bool))):
        assert main_effects(num, den, [zero], bucket=zero, learn=learn).tolist() == [3.0, 5.0]
