"""Where does a series change, how often and how? A whole series cut into stretches of one level, line and spread."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.change_points_cost import Shape
from gemba.statistics.change_points_joint import joint, rows_left
from gemba.statistics.change_points_search import (
    LEAST_STRETCH,
    ROUNDING,
    Segmentation,
    around,
    blur,
    segment,
    shortest,
    supported,
)
from gemba.statistics.change_points_season import drawn_in, season_period, without_season
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Kind = Literal["level", "slope", "spread"]

LEAST_OBSERVATIONS = 20
SHAPES: tuple[Shape, ...] = ("level", "line")
CALM = 0.1


@dataclass(frozen=True, slots=True)
class Change:
    """One change. Indices are rows of the series given.

    `at`: first row of the new stretch. `low`, `high`: set of its position, both included. `kinds`: what changed.
    `jump`: new line less the old one at `at`; `slope`: change of the rise per unit of time; one each per dimension, in
    the unit of the series, 0 where the model has none. `spread`: standard deviation of the noise after, over before.
    """

    at: int
    low: int
    high: int
    kinds: tuple[Kind, ...]
    jump: tuple[float, ...]
    slope: tuple[float, ...]
    spread: float


@dataclass(frozen=True, slots=True)
class ChangePoints:
    """All changes, in order, and what the series was taken for.

    `shape`: stretches of one level each, or of one line each. `memory`: autocorrelation of the noise over one median
    gap of time, per dimension. `period`: rows of the season removed, per dimension, 1 for none. `missing`: rows left
    out.
    """

    changes: tuple[Change, ...]
    shape: Shape
    memory: tuple[float, ...]
    period: tuple[int, ...]
    missing: int


def change_points(
    series: Floats, *, time: Floats | None = None, period: int | None = None, level: float = 0.95
) -> ChangePoints:
    """Cut a series into stretches; the number of changes is chosen together with trend, memory and season.

    Args:
        series: Shape (T,) or (T, D), any units. Rows with a NaN are left out, and the gap counted.
        time: Increasing, shape (T,), in any unit; the row number if None. Where unequally spaced, no season is sought.
        period: Rows of one season; 1 for none; sought in the series if None.
        level: Mass of each position's set.

    Returns:
        Season removed, outliers drawn in to four robust deviations of their neighbours. Each stretch is a level, or a
        line, plus AR(1) noise that runs on across the changes. For every number of changes the best of all cuts (on 400
        places at first, in longer series; for the search the noise starts anew) is described: -2 log likelihood, log n
        per parameter of a stretch of n values, 2 log T per place. Memory and shape are chosen by the same length, so
        that a trend, or wandering noise, is no change. A change must shorten the description by 6 against its absence,
        and all of them against no change at all: strong evidence.
        Changes of spread are changes of level of the log squared noise. Dimensions share their changes. The set of a
        position holds the shortest run with posterior mass `level`, the neighbours' places and the memory given, under
        equal prior odds and normal noise that starts anew. A constant series has no change.

    Raises:
        SampleTooSmallError: Fewer than 20 complete rows.
        UnusableValuesError: A value is infinite; time stands still, goes backwards or is unknown; period below 1.

    References:
        R. A. Davis, T. C. M. Lee and G. A. Rodriguez-Yam, J. Am. Statist. Assoc. 101, 2006 (description length, AR
        noise); X. Shi, C. Gallagher, R. Lund and R. Killick, Comput. Statist. Data Anal. 170, 2022 (memory and changes
        chosen together); R. E. Kass and A. E. Raftery, J. Am. Statist. Assoc. 90, 1995 (strong evidence); I. E. Auger
        and C. E. Lawrence, Bull. Math. Biol. 51, 1989 (search); A. F. M. Smith, Biometrika 62, 1975 (position); S.
        Chakar, E. Lebarbier, C. Levy-Leduc and S. Robin, Bernoulli 23, 2017 (noise that runs on). Ours: the places on a
        grid first, the model error, spread from log squares.
    """
    table, clock, rows = _complete(series, time, period)
    columns, sums, memories, periods, found = [], [], [], [], []
    for values in table.T:
        scaled, length = _prepared(values, _period(values, clock, period))
        columns.append(float(values.std()))
        periods.append(length)
        found.append(shortest(clock, scaled, shapes=SHAPES))
        sums.extend(found[-1].sums)
        memories.extend(found[-1].memories)
    best = found[0]
    if len(found) > 1:
        both = [segment(tuple(sums), tuple(memories), shape) for shape in SHAPES]
        best = supported(min(both, key=lambda one: one.length), min(both, key=lambda one: one.plain))
    changes = _described(best, columns, level)
    changes = _with_spread(changes, best, clock, level)
    gap = 1.0 if time is None else _gap(time)
    return ChangePoints(
        tuple(
            replace(
                one,
                at=int(rows[one.at]),
                low=int(rows[one.low]),
                high=int(rows[one.high]),
                slope=tuple(slope / gap for slope in one.slope),
            )
            for one in changes
        ),
        best.shape,
        tuple(memories),
        tuple(periods),
        series.shape[0] - rows.size,
    )


def _complete(series: Floats, time: Floats | None, period: int | None) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Complete rows, shape (n, D), their time in median gaps from the middle, and their numbers."""
    refuse_infinite("change_points", series=series)
    if period is not None and period < 1:
        raise UnusableValuesError("change_points", f"a period of {period} rows; at least 1 needed")
    table = series.reshape(series.shape[0], -1)
    clock = np.arange(table.shape[0], dtype=float) if time is None else np.asarray(time, dtype=float)
    if clock.shape != (table.shape[0],) or not bool(np.isfinite(clock).all()):
        raise UnusableValuesError("change_points", "time is not one known number per row")
    if bool((np.diff(clock) <= 0).any()):
        at = int(np.argmax(np.diff(clock) <= 0)) + 1
        raise UnusableValuesError("change_points", f"time stands still or goes backwards at row {at}")
    rows = np.flatnonzero(np.isfinite(table).all(axis=1))
    if rows.size < LEAST_OBSERVATIONS:
        raise SampleTooSmallError("change_points", needed=LEAST_OBSERVATIONS, got=int(rows.size))
    known = clock[rows]
    return table[rows], (known - known.mean()) / _gap(clock), rows


def _gap(clock: Floats) -> float:
    return float(np.median(np.diff(clock)))


def _period(values: Floats, clock: Floats, period: int | None) -> int:
    if period is not None:
        return period if 2 * period < values.size else 1
    gaps = np.diff(clock)
    even = bool(np.ptp(gaps) <= 1e-6 * gaps.mean())
    return season_period(values) if even else 1


def _prepared(values: Floats, period: int) -> tuple[Floats, int]:
    """Without season and outliers, of median 0 and in units of its standard deviation; zeros if constant."""
    calm = drawn_in(without_season(values, period))
    spread = float(values.std())
    if spread <= 1e-12 * float(np.abs(values).max()):
        return np.zeros_like(values), 1
    return (calm - np.median(calm)) / spread, period


def _described(found: Segmentation, scales: list[float], level: float) -> list[Change]:
    bounds = [0, *found.edges, found.sums[0].time.size]
    total = bounds[-1] * len(found.sums)
    variance = found.left / total + blur(found.sums)
    fits = [joint(sums, found.edges, found.shape) for sums in found.sums]
    changes: list[Change] = []
    for place, (before, at, after) in enumerate(zip(bounds, bounds[1:], bounds[2:], strict=False)):
        low, high = _position(found, before, at, after, variance, level)
        jumps, slopes = [], []
        strength = np.zeros(2)
        for fit, sums, scale in zip(fits, found.sums, scales, strict=True):
            (jump, jump_variance), (slope, slope_variance) = fit.change(place, float(sums.time[at]))
            jumps.append(jump * scale)
            slopes.append(slope * scale)
            strength[0] += jump**2 / max(variance * jump_variance, 1e-300)
            strength[1] += slope**2 / max(variance * slope_variance, 1e-300)
        names: tuple[Kind, ...] = ("level", "slope")
        least = len(scales) * np.log(bounds[-1])
        kinds: tuple[Kind, ...] = tuple(name for name, one in zip(names, strength, strict=True) if one > least)
        kinds = kinds or (names[int(np.argmax(strength))],)
        changes.append(Change(at, low, high, kinds, tuple(jumps), tuple(slopes), 1.0))
    return changes


def _position(found: Segmentation, before: int, at: int, after: int, variance: float, level: float) -> tuple[int, int]:
    """The shortest run of places with the mass asked for, the neighbouring places and the variance given."""
    places, left = around(found.sums, before, after, found.shape)
    logs = -0.5 * left / variance + 0.5 * sum(one.logs[places] for one in found.sums)
    mass = np.exp(logs - logs.max())
    low, high = _narrowest(mass / mass.sum(), level)
    return min(int(places[low]), at), max(int(places[high]), at)


def _narrowest(mass: Floats, level: float) -> tuple[int, int]:
    """The shortest run of positions that holds `level` of the mass."""
    cumulated = np.concatenate([[0.0], np.cumsum(mass)])
    ends = np.searchsorted(cumulated, cumulated[:-1] + level - 1e-12)
    widths = np.where(ends <= mass.size, ends - np.arange(mass.size), mass.size + 1)
    low = int(np.argmin(widths))
    return low, min(low + int(widths[low]), mass.size) - 1


def _with_spread(changes: list[Change], found: Segmentation, clock: Floats, level: float) -> list[Change]:
    """Changes of spread added: to a change whose set of places they meet, or as their own."""
    noise = _noise(found)
    typical = float(np.median(noise))
    if typical <= ROUNDING:
        return changes
    logs = np.log(noise + CALM**2 * typical)
    if logs.std() <= 0:
        return changes
    cut = shortest(clock, (logs - logs.mean()) / logs.std(), shapes=("level",))
    bounds = [0, *cut.edges, clock.size]
    merged = list(changes)
    none = (0.0,) * len(found.sums)
    for one, before, after in zip(_described(cut, [1.0], level), bounds, bounds[2:], strict=False):
        ratio = float(np.sqrt(noise[one.at : after].mean() / max(noise[before : one.at].mean(), ROUNDING)))
        near = [
            place
            for place, other in enumerate(merged)
            if other.low - LEAST_STRETCH < one.at < other.high + LEAST_STRETCH or one.low <= other.at <= one.high
        ]
        if near:
            other = merged[near[0]]
            merged[near[0]] = replace(other, kinds=(*(k for k in other.kinds if k != "spread"), "spread"), spread=ratio)
        else:
            merged.append(replace(one, kinds=("spread",), jump=none, slope=none, spread=ratio))
    return sorted(merged, key=lambda one: one.at)


def _noise(found: Segmentation) -> Floats:
    """Squared innovations, the mean over dimensions, shape (n,)."""
    every = [rows_left(one, found.edges, joint(one, found.edges, found.shape)) for one in found.sums]
    return np.mean(np.square(every), axis=0)
