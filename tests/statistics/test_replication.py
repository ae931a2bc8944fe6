"""A change that is there in both halves of the window replicates; one day's outlier does not."""

from __future__ import annotations

import numpy as np
import pytest

from gemba.statistics.replication import Replication, replicate
from gemba.statistics.shift import Timeline

DAYS = 105
AT = np.arange(DAYS)
WINDOW = AT >= DAYS - 7
TIMELINE = Timeline(window=WINDOW, baseline=(AT >= DAYS - 14) & ~WINDOW, history=~WINDOW, season=AT % 7, block=7)


def looked(amounts: np.ndarray, *, timeline: Timeline = TIMELINE) -> Replication:
    whole = amounts.sum(axis=0)
    ones = np.ones(amounts.shape[1])
    return replicate(amounts[0], ones, whole, ones, timeline=timeline, against_rest=True, adds_up=True)


def world(seed: int) -> np.ndarray:
    return 200 * (1 + 0.1 * np.random.default_rng(seed).standard_normal((6, DAYS)))


def test_a_lasting_change_replicates_and_ranks_agree() -> None:
    found = []
    for seed in range(60):
        amounts = world(seed)
        amounts[0, WINDOW] *= 1.4
        found.append(looked(amounts))
    assert np.mean([one.replicated is True for one in found]) > 0.9
    assert np.mean([one.p_rank < 0.01 and one.same_sign for one in found]) > 0.95


def test_one_wild_day_does_not_replicate() -> None:
    found = []
    for seed in range(60):
        amounts = world(seed)
        amounts[0, -3] *= 4.0
        found.append(looked(amounts))
    assert np.mean([one.replicated is True for one in found]) < 0.1
    assert np.mean([one.replicated is False for one in found]) > 0.8


def test_nothing_replicates_by_chance_more_often_than_the_halves_alone_would() -> None:
    found = [looked(world(seed)) for seed in range(200)]
    assert np.mean([one.replicated is True for one in found]) < 0.05
    assert np.mean([one.p_rank < 0.05 for one in found]) < 0.1


def test_a_window_of_three_buckets_cannot_be_halved() -> None:
    short = AT >= DAYS - 3
    timeline = Timeline(window=short, baseline=(AT >= DAYS - 6) & ~short, history=~short, season=AT % 7, block=7)
    amounts = world(1)
    amounts[0, short] *= 1.5
    assert looked(amounts, timeline=timeline).replicated is None


@pytest.mark.parametrize("days", [10, 16])
def test_too_short_a_past_gives_no_rank_test(days: int) -> None:
    at = np.arange(days)
    window = at >= days - 4
    timeline = Timeline(window=window, baseline=~window, history=~window, season=at % 7, block=7)
    assert np.isnan(looked(world(2)[:, :days], timeline=timeline).p_rank)
