"""Localisation: finds what was planted, names it at its own depth, says nothing when nothing happened, refuses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.localisation import Localisation, localise
from gemba.statistics.localisation_rate import expected_events, localise_rate

MEMBERS = (6, 8, 5, 4)


def leaves(members: tuple[int, ...] = MEMBERS) -> NDArray[np.int32]:
    """Every combination of members once."""
    grid = np.meshgrid(*[np.arange(count) for count in members], indexing="ij")
    return np.stack([one.ravel() for one in grid], axis=1).astype(np.int32)


def quiet(rng: np.random.Generator, codes: NDArray[np.int32], noise: float) -> tuple[NDArray, NDArray]:
    actual = rng.lognormal(4.0, 1.0, codes.shape[0])
    return actual, actual * np.exp(rng.normal(0.0, noise, codes.shape[0]))


def names(found: Localisation) -> set[tuple[tuple[int, int], ...]]:
    return {tuple(zip(one.attributes, one.members, strict=True)) for one in found.segments}


def where(codes: NDArray[np.int32], name: tuple[tuple[int, int], ...]) -> NDArray[np.bool_]:
    here = np.ones(codes.shape[0], bool)
    for attribute, member in name:
        here &= codes[:, attribute] == member
    return here


@pytest.mark.parametrize(
    "planted",
    [
        {((0, 2),)},
        {((1, 3), (2, 1))},
        {((0, 1),), ((1, 5), (3, 2))},
        {((0, 4), (1, 1), (2, 2)), ((1, 6), (3, 0))},
        {((3, 1),), ((0, 0), (2, 3)), ((0, 5), (2, 4))},
    ],
    ids=["one member", "two together", "mixed depth", "three and two deep", "three causes"],
)
@pytest.mark.parametrize("factor", [0.3, 3.0])
def test_planted_segments_are_named_at_their_own_depth(
    planted: set[tuple[tuple[int, int], ...]], factor: float
) -> None:
    rng = np.random.default_rng(7)
    codes = leaves()
    actual, expected = quiet(rng, codes, 0.1)
    for place, name in enumerate(sorted(planted)):
        actual[where(codes, name)] *= factor * (1.0 + 0.1 * place)
    assert names(localise(codes, actual, expected)) == planted


def test_three_of_four_members_are_named_rather_than_all_four() -> None:
    rng = np.random.default_rng(8)
    codes = leaves()
    actual, expected = quiet(rng, codes, 0.1)
    planted = {((0, 1), (3, member)) for member in range(3)}
    for name in planted:
        actual[where(codes, name)] *= 2.0
    assert names(localise(codes, actual, expected)) == planted


def test_nothing_is_named_when_nothing_happened() -> None:
    codes = leaves()
    named = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        actual, expected = quiet(rng, codes, 0.05 + 0.005 * seed)
        named += bool(localise(codes, actual, expected).segments)
    assert named <= 3


def test_heavy_tails_are_noise_and_no_causes() -> None:
    codes = leaves()
    named = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        actual = rng.lognormal(4.0, 1.0, codes.shape[0])
        expected = actual * np.exp(0.1 * rng.standard_t(3, codes.shape[0]))
        named += bool(localise(codes, actual, expected).segments)
    assert named <= 3


def test_a_change_of_unit_changes_no_segment_and_scales_every_change() -> None:
    rng = np.random.default_rng(9)
    codes = leaves()
    actual, expected = quiet(rng, codes, 0.1)
    actual[where(codes, ((0, 2),))] *= 0.5
    plain, scaled = localise(codes, actual, expected), localise(codes, actual * 1e3, expected * 1e3)
    assert names(plain) == names(scaled) == {((0, 2),)}
    assert scaled.segments[0].change == pytest.approx(1e3 * plain.segments[0].change)
    assert scaled.segments[0].relative == pytest.approx(-0.5, abs=0.05)


def test_rows_with_equal_members_are_added_up() -> None:
    rng = np.random.default_rng(10)
    codes = leaves()
    actual, expected = quiet(rng, codes, 0.1)
    actual[where(codes, ((1, 2),))] *= 2.0
    twice = localise(np.concatenate([codes, codes]), np.tile(actual / 2, 2), np.tile(expected / 2, 2))
    assert names(twice) == names(localise(codes, actual, expected)) == {((1, 2),)}


def rates(rng: np.random.Generator, codes: NDArray[np.int32]) -> tuple[NDArray, NDArray, NDArray, NDArray]:
    """Events and exposures now and in eight earlier windows."""
    rate = rng.beta(2.0, 60.0, codes.shape[0])
    exposure = rng.poisson(rng.lognormal(4.0, 1.0, codes.shape[0])[:, None], (codes.shape[0], 9)).astype(float)
    events = rng.binomial(exposure.astype(int), rate[:, None]).astype(float)
    return events[:, -1], exposure[:, -1], events[:, :-1], exposure[:, :-1]


def test_a_segment_whose_rate_rose_is_found_and_its_volume_is_no_cause() -> None:
    rng = np.random.default_rng(11)
    codes = leaves()
    events, exposure, before, exposed = rates(rng, codes)
    planted = ((0, 3), (3, 1))
    here = where(codes, planted)
    events[here] = rng.binomial(exposure[here].astype(int), 0.3)
    busy = where(codes, ((1, 1),))
    events[busy] *= 2
    exposure[busy] *= 2
    assert names(localise_rate(codes, events, exposure, before, exposed)) == {planted}


def test_quiet_rates_name_nothing() -> None:
    codes = leaves()
    named = 0
    for seed in range(30):
        found = localise_rate(codes, *rates(np.random.default_rng(seed), codes))
        named += bool(found.segments)
    assert named <= 2


def test_an_unusual_earlier_window_does_not_set_the_expectation() -> None:
    rng = np.random.default_rng(12)
    codes = leaves()
    _events, exposure, before, exposed = rates(rng, codes)
    before[:, -1] = exposed[:, -1] * 0.5
    usual = expected_events(before, exposed, exposure)
    assert not usual.windows[-1]
    assert usual.expected.sum() / exposure.sum() < 0.06


def unusable() -> dict[str, tuple[NDArray, NDArray, NDArray]]:
    rng = np.random.default_rng(13)
    codes = leaves()
    actual, expected = quiet(rng, codes, 0.1)
    missing, endless = actual.copy(), actual.copy()
    missing[3], endless[3] = np.nan, np.inf
    own = np.arange(codes.shape[0], dtype=np.int32)[:, None]
    return {
        "NaN": (codes, missing, expected),
        "infinite": (codes, endless, expected),
        "constant": (codes, expected, expected),
        "one segment": (np.zeros_like(codes), actual, expected),
        "zero baseline": (codes, actual, np.zeros_like(actual)),
        "a member for every row": (own, actual, expected),
    }


@pytest.mark.parametrize("kind", sorted(unusable()))
def test_unusable_values_are_refused_with_a_reason(kind: str) -> None:
    with pytest.raises(UnusableValuesError, match=r"localisation: .+"):
        localise(*unusable()[kind])


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(SampleTooSmallError, match="at least 8"):
        localise(leaves()[:5], np.arange(5.0), np.ones(5))


def test_rates_without_earlier_events_are_refused() -> None:
    codes = leaves()
    events, exposure, before, exposed = rates(np.random.default_rng(14), codes)
    with pytest.raises(UnusableValuesError, match="no rate is expected"):
        localise_rate(codes, events, exposure, np.zeros_like(before), exposed)


def test_an_attribute_with_a_member_for_every_row_is_left_out_and_named() -> None:
    rng = np.random.default_rng(15)
    codes = leaves()
    actual, expected = quiet(rng, codes, 0.1)
    actual[where(codes, ((0, 2),))] *= 2.0
    serial = np.concatenate([codes, np.arange(codes.shape[0], dtype=np.int32)[:, None]], axis=1)
    found = localise(serial, actual, expected)
    assert found.dropped == (4,)
    assert names(found) == {((0, 2),)}


def test_a_machine_is_not_named_beside_its_line() -> None:
    rng = np.random.default_rng(5)
    machine, product, shift = (one.ravel() for one in np.meshgrid(range(12), range(6), range(3), indexing="ij"))
    codes = np.stack([machine // 3, machine, product, shift], axis=1).astype(np.int32)
    expected = rng.gamma(4.0, 250.0, machine.size)
    actual = expected * rng.normal(1.0, 0.02, machine.size)
    here = (machine == 7) & (product == 2)
    actual[here] *= 1.5
    found = localise(codes, actual, expected)
    assert [(one.attributes, one.members) for one in found.segments] == [((1, 2), (7, 2))]
    assert found.combinations == 4 + 12 + 6 + 3 + (4 + 12) * (6 + 3) + 18 + (4 + 12) * 18
    shallow = localise(codes, actual, expected, deepest=1)
    assert all(len(one.attributes) == 1 for one in shallow.segments)


def shared_shocks(rng: np.random.Generator, windows: int) -> tuple[NDArray, NDArray, NDArray]:
    """Codes, events and exposures of leaves whose rates wander from window to window, all of one member alike."""
    codes = leaves()
    rate = rng.beta(2.0, 30.0, codes.shape[0])[:, None]
    shock = np.exp(rng.normal(0.0, 0.15, (MEMBERS[0], windows)))[codes[:, 0]]
    exposure = rng.poisson(300.0, (codes.shape[0], windows)).astype(float)
    return codes, rng.binomial(exposure.astype(int), np.minimum(rate * shock, 1.0)).astype(float), exposure


def test_a_bad_day_like_others_before_is_no_cause() -> None:
    named = alone = 0
    for seed in range(8):
        codes, events, exposure = shared_shocks(np.random.default_rng(seed), 11)
        found = localise_rate(codes, events[:, -1], exposure[:, -1], events[:, :-1], exposure[:, :-1])
        named += bool(found.segments)
        usual = expected_events(events[:, :-1], exposure[:, :-1], exposure[:, -1])
        alone += bool(localise(codes, events[:, -1], usual.expected, inflation=usual.inflation, counting=1.0).segments)
    assert named <= 1
    assert alone >= 4  # without the earlier windows a bad day is taken for a change


def test_a_change_beyond_all_days_before_is_named_among_shared_shocks() -> None:
    codes, events, exposure = shared_shocks(np.random.default_rng(3), 11)
    here = where(codes, ((0, 2),))
    events[here, -1] = np.minimum(3.0 * events[here, -1], exposure[here, -1])
    found = localise_rate(codes, events[:, -1], exposure[:, -1], events[:, :-1], exposure[:, :-1])
    assert ((0, 2),) in names(found)


def test_earlier_windows_must_be_finite() -> None:
    codes = leaves()
    actual, expected = quiet(np.random.default_rng(1), codes, 0.1)
    bad = np.full(actual.shape, np.nan)
    with pytest.raises(UnusableValuesError):
        localise(codes, actual, expected, earlier=[(bad, expected, np.ones(actual.shape))])
