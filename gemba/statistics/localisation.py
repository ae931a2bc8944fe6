"""Which combinations of members explain a change: several at a time, of mixed depth, none when nothing stands out.

Every cause is a segment whose leaves share one relative change (the ripple effect of HotSpot and Squeeze). A set of
causes is worth its names when it makes the data shorter to describe: its gain in likelihood over noise alone must
exceed the cost of naming the segments among all combinations (minimum description length). That is also the stop.

References:
    Y. Sun et al., "HotSpot: Anomaly Localization for Additive KPIs with Multi-Dimensional Attributes", IEEE Access 6,
    2018; Z. Li et al., "Generic and Robust Localization of Multi-dimensional Root Causes" (Squeeze), ISSRE 2019;
    M. Kalander, "RiskLoc: Localization of Multi-dimensional Root Causes by Weighted Risk", arXiv:2205.10004, 2022;
    J. Rissanen, "Modeling by shortest data description", Automatica 14, 1978. None of their search procedures or scores
    is used: effects and noise are estimated, and the description length decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.localisation_gain import Gains, surplus
from gemba.statistics.localisation_lattice import Choice, Codes, Cuboid, inside, lattice, numbered
from gemba.statistics.localisation_noise import Deviations, Flags, Floats, Noise, deviations, spread_out
from gemba.statistics.localisation_prune import prune
from gemba.statistics.localisation_search import search
from gemba.statistics.localisation_shared import placebo, unusual

METHOD = "localisation"
LEAST_LEAVES = 8
LEAST_QUIET = 20
MOST_SEGMENTS = 20
LEAST_WINDOWS = 3
ROUNDS = 3
FIRST_LEAVES = 50_000
LEAST_WEIGHT = 1e-300

Window = tuple[Floats, Floats, Floats]  # actual, expected, inflation


@dataclass(frozen=True, slots=True)
class Segment:
    """A combination of members that changed as one.

    `attributes` are columns of the codes in rising order, `members` a code of each. `change` is in the values' unit;
    `relative` is the change over the expected value, None where that is not positive. `gain` is in nats, its name paid.
    `price` is what its name costs, in nats: the log of how many could have been named. `leaves` is how many
    combinations of all attributes it holds.
    """

    attributes: tuple[int, ...]
    members: tuple[int, ...]
    actual: float
    expected: float
    leaves: int
    gain: float
    price: float

    @property
    def change(self) -> float:
        return self.actual - self.expected

    @property
    def relative(self) -> float | None:
        return self.change / self.expected if self.expected > 0 else None


@dataclass(frozen=True, slots=True)
class Localisation:
    """`segments` in the order of their gain, empty when nothing stands out. `dropped` are the attributes left out, as
    nearly every leaf has a member of its own there; `combinations` is how many segments were searched."""

    segments: tuple[Segment, ...]
    dropped: tuple[int, ...]
    combinations: int
    noise: Noise


def localise(
    codes: Codes,
    actual: Floats,
    expected: Floats,
    *,
    inflation: Floats | None = None,
    counting: float = 0.0,
    most: int = MOST_SEGMENTS,
    deepest: int | None = None,
    earlier: Sequence[Window] = (),
) -> Localisation:
    """Find the segments that explain how `actual` departs from `expected`.

    Args:
        codes: Members of every row, shape (n, k), from 0. Rows with equal members are added up.
        actual, expected: What was seen and what was to be expected, shape (n,), same unit. Negative
            values are taken as they are; a leaf's size is the mean of the absolute values.
        inflation: Variance of the counting noise over that of a count with a known mean, shape (n,): above 1 where the
            expectation rests on few events itself.
        counting: 1 if the values count events, so that their noise is at least Poisson's; 0 for amounts.
        most: Segments returned at most.
        deepest: Attributes that a segment names at most; None: any number.
        earlier: Windows in which nothing is known to have happened: actual and expected values and inflation of each,
            shape (n,). They show how far the leaves of a segment stray together. Without any, leaves are taken to stray
            on their own, and a bad day of a whole member is named as a change.

    Raises:
        UnusableValuesError: For NaN or infinite values, constants (no leaf departs), one segment (no attribute has two
            members), expectations that are all 0.
        SampleTooSmallError: If fewer than 8 leaves have a value.

    Notes:
        An attribute with a member for nearly every leaf cannot be shared by a segment's leaves: it is dropped and named
        in `dropped`. No segment names an attribute beside one that determines it. Leaves with neither an actual nor an
        expected value say nothing and are left out. The noise is fitted anew to the leaves of no cause after each
        round; of more than 100,000 leaves the first round, which only serves to fit the noise, looks at 50,000.
    """
    _refuse_unusable(codes, actual, expected)
    if any(not np.isfinite(row).all() for one in earlier for row in one):
        raise UnusableValuesError(METHOD, "values of earlier windows must be finite")
    weights = np.ones(actual.shape) if inflation is None else inflation
    leaves, values = _used(codes, np.stack([actual, expected, weights, *(row for one in earlier for row in one)]))
    kept, dropped = _attributes(leaves)
    leaves, values = _merged(leaves[kept], values)
    now, before, widening = values[:3]
    if now.size < LEAST_LEAVES:
        raise SampleTooSmallError(METHOD, needed=LEAST_LEAVES, got=int(now.size))
    members = tuple(int(count) + 1 for count in leaves.max(axis=1))
    cuboids = lattice(leaves, members, deepest=deepest)
    chosen: tuple[Choice, ...] = ()
    if now.size > 2 * FIRST_LEAVES:
        chosen = _of_a_sample(leaves, members, values[:3], counting, most, deepest)
    quiet = _outside(leaves, chosen) if chosen else None
    found = deviations(now, before, inflation=widening, quiet=quiet, counting=counting)
    for _ in range(ROUNDS):
        previous = chosen
        chosen = _causes(leaves, cuboids, found, most)
        if earlier:
            chosen = _beyond_earlier(chosen, leaves, cuboids, values, found)
        if [(one.attributes, one.members) for one in chosen] == [(one.attributes, one.members) for one in previous]:
            break
        quiet = _outside(leaves, chosen)
        if int(quiet.sum()) < LEAST_QUIET:
            break
        known = found.noise
        found = deviations(now, before, inflation=widening, quiet=quiet, counting=counting)
        if found.noise.close_to(known):
            break
    prices = {cuboid.attributes: cuboid.price for cuboid in cuboids}
    segments = tuple(
        _segment(one, prices[one.attributes], kept, leaves, now, before)
        for one in sorted(chosen, key=lambda one: -one.score)
    )
    return Localisation(segments, dropped, sum(cuboid.segments for cuboid in cuboids), found.noise)


def _of_a_sample(
    leaves: Codes, members: tuple[int, ...], values: Floats, counting: float, most: int, deepest: int | None
) -> tuple[Choice, ...]:
    """Causes among some of the leaves, outside of which the noise is fitted. None where they leave too few others."""
    some = spread_out(leaves.shape[1], FIRST_LEAVES)
    now, before, widening = values[:, some]
    found = deviations(now, before, inflation=widening, quiet=None, counting=counting)
    chosen = _causes(leaves[:, some], lattice(leaves[:, some], members, deepest=deepest), found, most)
    return chosen if int(_outside(leaves, chosen).sum()) >= LEAST_QUIET else ()


def _beyond_earlier(
    chosen: tuple[Choice, ...], leaves: Codes, cuboids: tuple[Cuboid, ...], values: Floats, found: Deviations
) -> tuple[Choice, ...]:
    """Those that strayed further than their like did in the earlier windows, which are rows 3 and on of `values`."""
    windows = [values[at : at + 3] for at in range(3, values.shape[0], 3)]
    placebos = [placebo(now, before, widening, found.noise) for now, before, widening in windows]
    return unusual(chosen, leaves, cuboids, Gains(found), placebos)


def _outside(leaves: Codes, chosen: tuple[Choice, ...]) -> Flags:
    """Leaves of no cause, shape (n,)."""
    quiet = np.ones(leaves.shape[1], bool)
    for one in chosen:
        quiet &= ~inside(leaves, one.attributes, one.members)
    return quiet


def _causes(leaves: Codes, cuboids: tuple[Cuboid, ...], found: Deviations, most: int) -> tuple[Choice, ...]:
    chosen = search(leaves, cuboids, Gains(found), surplus(found), most=most)
    rows = [np.flatnonzero(inside(leaves, one.attributes, one.members)) for one in chosen]
    prices = {cuboid.attributes: cuboid.price for cuboid in cuboids}
    return tuple(chosen[place] for place in prune(rows, [prices[one.attributes] for one in chosen], found))


def held_out(values: Floats) -> list[Window]:
    """Every window against the mean of the others, as `earlier` of `localise` takes them.

    Args:
        values: Amounts by leaf and earlier window, shape (n, t).

    Raises:
        SampleTooSmallError: If there are fewer than 3 windows.
    """
    windows = values.shape[1]
    if windows < LEAST_WINDOWS:
        raise SampleTooSmallError(METHOD, needed=LEAST_WINDOWS, got=windows)
    total, even = values.sum(axis=1), np.ones(values.shape[0])
    return [(values[:, one], (total - values[:, one]) / (windows - 1), even) for one in range(windows)]


def _refuse_unusable(codes: Codes, actual: Floats, expected: Floats) -> None:
    for name, values in (("actual", actual), ("expected", expected)):
        if not np.isfinite(values).all():
            raise UnusableValuesError(
                METHOD, f"{name} values must be finite; {int((~np.isfinite(values)).sum())} are not"
            )
    if actual.size < LEAST_LEAVES:
        raise SampleTooSmallError(METHOD, needed=LEAST_LEAVES, got=int(actual.size))
    if not expected.any():
        raise UnusableValuesError(METHOD, "every expected value is 0: no relative change is defined")
    if np.array_equal(actual, expected):
        raise UnusableValuesError(METHOD, "actual and expected values are equal in every row: nothing departs")
    if codes.shape[1] == 0 or (codes == codes[0]).all():
        raise UnusableValuesError(METHOD, "all rows belong to one segment: there is nothing to compare")


def _used(codes: Codes, values: Floats) -> tuple[Codes, Floats]:
    """Members in shape (k, n), an attribute a row, and values; leaves without any value now left out."""
    leaves = np.ascontiguousarray(codes.T, np.int32)
    used = (values[:2] != 0).any(axis=0)
    return (leaves, values) if used.all() else (leaves[:, used], values[:, used])


def _attributes(leaves: Codes) -> tuple[list[int], tuple[int, ...]]:
    """Attributes that segments may name, and those left out: with one member, or one for more than every second row."""
    kept, dropped = [], []
    for attribute, code in enumerate(leaves):
        count = int(np.count_nonzero(np.bincount(code)))
        if count < 2:
            continue
        (dropped if 2 * count > code.size and count > LEAST_LEAVES else kept).append(attribute)
    if not kept:
        named = "a member for nearly every row" if dropped else "one member"
        raise UnusableValuesError(METHOD, f"every attribute has {named}: no segment can be named")
    return kept, tuple(dropped)


def _merged(leaves: Codes, values: Floats) -> tuple[Codes, Floats]:
    """Rows with equal members added up, behind those with members of their own. Inflations, every third row of values,
    are averaged by expectation."""
    keys = numbered(list(leaves), tuple(int(code.max(initial=0)) + 1 for code in leaves))
    ranked = np.sort(keys)
    twice = ranked[1:][ranked[1:] == ranked[:-1]]
    if not twice.size:
        return leaves, values
    shared = twice[np.minimum(np.searchsorted(twice, keys), twice.size - 1)] == keys
    alone, rows = np.flatnonzero(~shared), np.flatnonzero(shared)
    _kept, first, numbers = np.unique(keys[rows], return_index=True, return_inverse=True)
    added = np.empty((values.shape[0], first.size))
    for place, one in enumerate(values[:, rows]):
        if place % 3 < 2:
            added[place] = np.bincount(numbers, one)
        else:
            weight = np.abs(values[place - 1, rows]) + LEAST_WEIGHT
            added[place] = np.bincount(numbers, weight * one) / np.bincount(numbers, weight)
    return leaves[:, np.concatenate([alone, rows[first]])], np.concatenate([values[:, alone], added], axis=1)


def _segment(choice: Choice, price: float, kept: list[int], leaves: Codes, now: Floats, before: Floats) -> Segment:
    here = inside(leaves, choice.attributes, choice.members)
    return Segment(
        attributes=tuple(kept[one] for one in choice.attributes),
        members=choice.members,
        actual=float(now[here].sum()),
        expected=float(before[here].sum()),
        leaves=int(here.sum()),
        gain=choice.score,
        price=price,
    )
