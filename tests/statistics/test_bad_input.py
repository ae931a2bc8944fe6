"""Data that tell nothing give a stated refusal or no number: never a number made of nothing."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.arrivals import arrival_tests
from gemba.statistics.change_point import change_point
from gemba.statistics.contribution import rate_mix
from gemba.statistics.drivers import find_drivers
from gemba.statistics.expectation import expect
from gemba.statistics.level import mean_estimate, ratio_scores, slope_estimate, usual_mean
from gemba.statistics.multiplicity import benjamini_hochberg, benjamini_yekutieli
from gemba.statistics.noise import estimate_noise, sampling_dispersion
from gemba.statistics.replication import replicate
from gemba.statistics.segments import localise, localise_arrivals, localise_shares
from gemba.statistics.shift import Timeline, shift_tests
from gemba.statistics.standardise import main_effects

Floats = NDArray[np.float64]
REFUSED = (SampleTooSmallError, UnusableValuesError)
DAYS = 98


@dataclasses.dataclass(frozen=True)
class Panel:
    """Numerators and denominators by member and day; `finite`: they hold no infinity. `tells`: a test may have a p."""

    num: Floats
    den: Floats
    finite: bool = True
    tells: bool = True

    @property
    def timeline(self) -> Timeline:
        at = np.arange(self.num.shape[1])
        window = at >= at.size - 7
        baseline = (at >= at.size - 14) & ~window
        return Timeline(window=window, baseline=baseline, history=~window, season=at % 7, block=7)

    @property
    def totals(self) -> tuple[Floats, Floats]:
        return self.num.sum(axis=0), self.den.sum(axis=0)


def noisy(members: int, days: int = DAYS) -> tuple[Floats, Floats]:
    rng = np.random.default_rng(1)
    den = 50.0 + rng.poisson(50.0, (members, days))
    return rng.poisson(0.1 * den).astype(np.float64), den.astype(np.float64)


def too_few() -> Panel:
    return Panel(*noisy(6, 9), tells=False)


def constant() -> Panel:
    return Panel(np.full((6, DAYS), 5.0), np.full((6, DAYS), 50.0), tells=False)


def ties() -> Panel:
    num, den = noisy(6)
    return Panel((num > 10).astype(np.float64), np.full_like(den, 1.0))


def infinite() -> Panel:
    num, den = noisy(6)
    num[2, -10] = np.inf
    return Panel(num, den, finite=False)


def one_segment() -> Panel:
    return Panel(*noisy(1))


def many_segments() -> Panel:
    return Panel(*noisy(10_000, 42))


def a_member_per_row() -> Panel:
    """Each member is seen on one day only."""
    num, den = np.zeros((DAYS, DAYS)), np.zeros((DAYS, DAYS))
    np.fill_diagonal(num, 5.0)
    np.fill_diagonal(den, 50.0)
    return Panel(num, den, tells=False)


def zero_baseline() -> Panel:
    """Nothing was counted, and nothing could have been, before the window."""
    num, den = noisy(6)
    num[:, :-7], den[:, :-7] = 0.0, 0.0
    return Panel(num, den, tells=False)


PANELS = [too_few, constant, ties, infinite, one_segment, many_segments, a_member_per_row, zero_baseline]


def shift(one: Panel, *, against_rest: bool) -> object:
    return shift_tests(one.num, one.den, *one.totals, timeline=one.timeline, against_rest=against_rest)


def segments(one: Panel) -> object:
    weight = np.ones(one.num.shape[0])
    whole = one.totals
    return localise(one.num, one.den, *whole, weight=weight, change=0.0, timeline=one.timeline, least=1.0, ratio=True)


def shares(one: Panel) -> object:
    gap = np.ones(one.num.shape[0])
    return localise_shares(one.den, one.totals[1], rate_gap=gap, change=0.0, noise=0.0, timeline=one.timeline)


def arrivals(one: Panel) -> object:
    everyone = np.ones(one.num.shape[0], dtype=bool)
    return arrival_tests(one.num, one.den, *one.totals, timeline=one.timeline, chosen=everyone)


def arrived(one: Panel) -> object:
    size = one.num.shape[0]
    return localise_arrivals(
        one.num,
        one.den,
        *one.totals,
        weight=np.ones(size),
        change=0.0,
        timeline=one.timeline,
        chosen=np.ones(size, dtype=bool),
    )


def expected(one: Panel) -> object:
    when = one.timeline
    return expect(one.num, one.den, *one.totals, season=when.season, history=when.history)


def noise(one: Panel) -> object:
    return estimate_noise(one.num - 0.1 * one.den, one.den, history=one.timeline.history, block=7)


def rows_noise(one: Panel) -> object:
    when = one.timeline
    return sampling_dispersion(one.num, one.num**2, one.den, season=when.season, history=when.history)


def standardised(one: Panel) -> object:
    members, days = one.num.shape
    member, day = np.repeat(np.arange(members), days), np.tile(np.arange(days), members)
    learn = one.timeline.history[day]
    return main_effects(one.num.ravel(), one.den.ravel(), [member], bucket=day, learn=learn)


def looked_again(one: Panel) -> object:
    return replicate(
        one.num[0], one.den[0], *one.totals, timeline=one.timeline, against_rest=True, adds_up=False, least=1.0
    )


def dated(one: Panel) -> object:
    candidates = np.arange(one.num.shape[1]) >= one.num.shape[1] - 14
    row = min(2, one.num.shape[0] - 1)
    return change_point(one.num[row], one.den[row], candidates=candidates, memory=0.2)


def values_of(one: Panel) -> Floats:
    row = min(2, one.num.shape[0] - 1)
    return one.num[row][one.den[row] > 0]


def mean(one: Panel) -> object:
    return mean_estimate(values_of(one))


def slope(one: Panel) -> object:
    values = values_of(one)
    return slope_estimate(values, np.arange(values.size, dtype=float))


def usual(one: Panel) -> object:
    values = values_of(one)
    return usual_mean(values, season=np.arange(values.size) % 7, coming=np.arange(7))


def scores(one: Panel) -> object:
    return ratio_scores(*one.totals)


def mix(one: Panel) -> object:
    before, after = one.timeline.baseline, one.timeline.window
    return rate_mix(*(part[:, when].sum(axis=1) for when in (before, after) for part in (one.num, one.den)))


METHODS: dict[str, Callable[[Panel], object]] = {
    "own level": lambda one: shift(one, against_rest=False),
    "against the rest": lambda one: shift(one, against_rest=True),
    **{f.__name__: f for f in (segments, shares, arrivals, arrived, expected, noise, rows_noise, standardised)},
    **{f.__name__: f for f in (looked_again, dated, mean, slope, usual, scores, mix)},
}
LOOKS_AT_AMOUNTS = set(METHODS) - {"shares"}


def numbers(found: object, name: str = "") -> Iterator[tuple[str, Floats]]:
    """Every number of a result, by the name of its field."""
    if dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            yield from numbers(getattr(found, field.name), field.name)
    elif isinstance(found, tuple | list):
        for one in found:
            yield from numbers(one, name)
    elif isinstance(found, np.ndarray | float):
        yield name, np.atleast_1d(np.asarray(found, dtype=np.float64))


def tried(method: str, given: Panel) -> tuple[object, str]:
    """The result, or why there is none."""
    try:
        return METHODS[method](given), ""
    except REFUSED as refusal:
        return None, str(refusal)


@pytest.mark.parametrize("method", sorted(METHODS))
@pytest.mark.parametrize("panel", PANELS, ids=lambda one: one.__name__)
def test_what_tells_nothing_is_refused_or_left_without_a_number(panel: Callable[[], Panel], method: str) -> None:
    given = panel()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found, refusal = tried(method, given)
    assert not refusal or any(sign.isdigit() for sign in refusal)  # how many were needed, or were no use
    if refusal:
        return
    assert given.finite or method not in LOOKS_AT_AMOUNTS, "infinite amounts were computed with"
    for name, values in numbers(found):
        last = values == -np.inf if name == "score" else np.zeros_like(values, dtype=bool)  # an order, not an amount
        assert not np.isinf(values[~last]).any(), f"{name} is infinite"
        if name.startswith("p") and name != "pattern":
            told = values[~np.isnan(values)]
            assert ((told >= 0) & (told <= 1)).all()
            assert given.tells or not (told < 0.05).any(), f"{name} finds something in nothing"


@pytest.mark.parametrize("adjust", [benjamini_hochberg, benjamini_yekutieli])
def test_p_values_that_are_none_are_refused(adjust: Callable[[Floats], Floats]) -> None:
    assert adjust(np.empty(0)).size == 0
    assert adjust(np.ones(10_000)).max() == 1.0
    for bad in (np.nan, np.inf, -0.1, 1.1):
        with pytest.raises(ValueError, match="p-values"):
            adjust(np.array([0.5, bad]))


def table(n: int) -> tuple[dict[str, Floats], dict[str, NDArray[np.object_]]]:
    rng = np.random.default_rng(2)
    return {"x": rng.normal(size=n)}, {"kind": rng.choice(["a", "b"], n).astype(object)}


@pytest.mark.parametrize(
    ("column", "outcome"),
    [
        (np.array([f"s{place}" for place in range(600)], dtype=object), np.arange(600.0) % 7),
        (np.array(["one"] * 600, dtype=object), np.arange(600.0) % 7),
        (np.array([None] * 600, dtype=object), np.arange(600.0) % 2),
    ],
    ids=["a member per row", "one member", "no member"],
)
def test_a_column_that_tells_nothing_is_no_driver(column: NDArray[np.object_], outcome: Floats) -> None:
    numeric, categorical = table(600)
    found = find_drivers(outcome, numeric, {**categorical, "odd": column}, rng=np.random.default_rng(0))
    assert [one.column for one in found.excluded] == ["odd"]
    assert not found.rules
