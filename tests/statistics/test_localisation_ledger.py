"""The ledger finds the best segment there is, although it reads few of them."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gemba.statistics import localisation_ledger
from gemba.statistics.localisation_gain import Gains, surplus, whole
from gemba.statistics.localisation_lattice import inside, lattice
from gemba.statistics.localisation_ledger import Ledger
from gemba.statistics.localisation_noise import deviations

MEMBERS = (5, 6, 8, 7)
LEAVES = 800
SEGMENTS = (((3,), (4,)), ((0, 2), (1, 3)), ((1, 2, 3), (2, 5, 7)), ((0, 1, 2, 3), (4, 4, 4, 4)))


def a_ledger(seed: int) -> tuple[Ledger, Gains, NDArray[np.int32], dict[tuple[int, ...], float]]:
    """Leaves with changes of every depth in some of them."""
    rng = np.random.default_rng(seed)
    codes = np.stack([rng.integers(0, count, LEAVES, dtype=np.int32) for count in MEMBERS])
    expected = rng.lognormal(3.0, 1.0, LEAVES)
    actual = expected * np.exp(rng.normal(0.0, 0.1, LEAVES))
    for attributes, members in SEGMENTS[seed % 4 :]:
        actual[inside(codes, attributes, members)] *= 0.3
    found = deviations(actual, expected, inflation=np.ones(LEAVES), quiet=None, counting=0.0)
    cuboids, gains = lattice(codes, MEMBERS), Gains(found)
    ledger = Ledger(codes, cuboids, [gains.columns(slice(None))], surplus(found), gains.plain)
    return ledger, gains, codes, {one.attributes: one.price for one in cuboids}


def best_by_hand(
    gains: Gains, codes: NDArray[np.int32], prices: dict[tuple[int, ...], float], left: NDArray[np.bool_]
) -> float:
    """The highest score over all segments, each summed up from its leaves."""
    scores = [0.0]
    for attributes, price in prices.items():
        for members in np.unique(codes[list(attributes)][:, left], axis=1).T:
            rows = np.flatnonzero(inside(codes, attributes, tuple(members)) & left)
            scores.append(float(gains.of(whole(gains.columns(rows)))[0]) - price)
    return max(scores)


@pytest.mark.parametrize("seed", range(4))
def test_no_segment_scores_higher_than_the_one_found(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(localisation_ledger, "TABLE_CELLS", 40)  # so that most cuboids have no table
    ledger, gains, codes, prices = a_ledger(seed)
    assert len(ledger.large) >= 5
    for _ in range(3):
        best = ledger.best()
        assert (best.score if best else 0.0) == pytest.approx(best_by_hand(gains, codes, prices, ledger.open))
        if best is None:
            break
        ledger.explain(ledger.rows_of(best))
