"""Which values of a whole series are unusual: each judged by what the others say, incidents told once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.anomalies_baseline import Baseline, baseline
from gemba.statistics.anomalies_shift import SURE, shifts
from gemba.statistics.anomalies_tail import UpperTail
from gemba.statistics.change_point import ChangePoint
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

LEAST_VALUES = 40
"""Known values that a law is learnt from, at least."""
MOST_GRAINS = 1.5
"""Values lie on a grid where so many times the root of their number are distinct, at most."""
LONG_RUN = 3
"""Values in a row that are set aside together teach no tail."""
JOINED = 0.05
"""A neighbour on the same side belongs to an incident where its p-value is at most this."""
BRIDGE = 1
"""Ordinary values in between that do not end an incident."""


@dataclass(frozen=True, slots=True)
class Anomalies:
    """Shape (T,) each, NaN where nothing can be told; in the unit of the series.

    `low`, `high`: where 95 % of values would lie. `p`: two-sided, NaN where missing or not tested.
    `detectable`: a typical value moved by so much would show p <= `limit` four times out of five.
    `shift`: the likeliest shift of level that lasts to the end and begins within the tested values; None where the
    likeliest does not. Where its p-value is at most 0.001, `expected` follows it.
    """

    expected: Floats
    low: Floats
    high: Floats
    p: Floats
    detectable: float
    told: Baseline
    shift: ChangePoint | None


@dataclass(frozen=True, slots=True)
class Incident:
    """Values `first` to `last` (both included), the least usual at `peak`; its p-value is that of the peak."""

    first: int
    last: int
    peak: int


def anomalies(
    values: Floats,
    tested: Mask,
    *,
    seasons: Sequence[Ints] = (),
    span: int = 28,
    sizes: Floats | None = None,
    limit: float = 0.001,
) -> Anomalies:
    """Judge the tested values of a series against what all others let one expect.

    Args:
        values: Equal steps in order of time, shape (T,); NaN where missing.
        tested: Which values are judged, shape (T,). The others only tell what is usual.
        seasons, span, sizes: As in `baseline`.
        limit: As above.

    Returns:
        Null of each value: its deviation from the expectation, in units of the usual deviation there, follows the
        law of the others' deviations. No value is in its own expectation, nor in the law of its tail; values that do
        not fit with the rest are in none. p is twice the smaller of both tails' (`anomalies_tail`). A constant series
        has p = 1 everywhere but where it leaves the constant.

    Raises:
        SampleTooSmallError: Fewer than 40 known values, or none that is tested.
        UnusableValuesError: A value is infinite, or lengths differ.

    Notes:
        Takes O(T log span). The law of the deviations is taken as the same throughout, but for the spreads of seasons,
        level and denominators.
    """
    refuse_infinite("anomalies", values=values)
    if any(one.shape != values.shape for one in (tested, *seasons)) or values.ndim != 1:
        raise UnusableValuesError("anomalies", "values, tested and seasons differ in length")
    known = np.isfinite(values)
    if int(known.sum()) < LEAST_VALUES or not bool((known & tested).any()):
        needed = LEAST_VALUES if int(known.sum()) < LEAST_VALUES else 1
        raise SampleTooSmallError("anomalies", needed=needed, got=int(min(known.sum(), (known & tested).sum())))
    span = max(min(span, values.size // 4), 1)
    calm = baseline(values, seasons, span=span, sizes=sizes, passes=1).calm
    moved = shifts(calm, lasting=max(span // 4, 2))
    sure = [one for one in moved if one.p <= SURE]
    steps = _steps(calm, sure)
    flat = baseline(values - steps, seasons, span=span, sizes=sizes)
    told = replace(flat, expected=flat.expected + steps)
    sample = (values[known] - told.expected[known]) / told.scale[known]
    left_out = _long_runs(told.aside[known], sample)
    if int((~left_out).sum()) < LEAST_VALUES:
        left_out = np.zeros_like(left_out)
    grain = _grain(values[known]) / told.scale[known]
    upper = UpperTail(sample, left_out, grain=grain)
    lower = UpperTail(-sample, left_out, grain=grain)
    p = np.full(values.size, np.nan)
    p[known] = np.minimum(1.0, 2.0 * np.minimum(upper.probabilities(), lower.probabilities()))
    p[~tested] = np.nan
    kept = sample[~left_out]
    ends = np.quantile(kept, (0.025, 0.2, 0.8, 0.975))
    seen = min(upper.value_at(0.5 * limit) - ends[1], lower.value_at(0.5 * limit) + ends[2])
    return Anomalies(
        expected=told.expected,
        low=told.expected + min(float(ends[0]), 0.0) * told.scale,
        high=told.expected + max(float(ends[3]), 0.0) * told.scale,
        p=p,
        detectable=float(seen * np.median(told.scale[known & tested])),
        told=told,
        shift=next((one for one in moved if tested[one.at]), None),
    )


def _steps(calm: Floats, found: Sequence[ChangePoint]) -> Floats:
    """The shifts as steps. Where one may have begun or not, a value has the part of it that it shows."""
    at = np.arange(calm.size)
    total = np.zeros(calm.size)
    for one in found:
        total = total + one.size * (at >= one.at)
    if not found:
        return total
    shown = np.nan_to_num(calm - np.nanmedian(calm - total))
    for one in found:
        before = total - one.size * (at >= one.at)
        held = np.clip(shown, np.minimum(before, before + one.size), np.maximum(before, before + one.size))
        total = np.where((at >= one.low) & (at <= one.high), held, total)
    return total


def incidents(p: Floats, deviation: Floats, chosen: Mask) -> tuple[Incident, ...]:
    """Runs of unusual values on one side, around those `chosen`, in order of time; shape (T,) each."""
    side = np.where(np.nan_to_num(p, nan=1.0) <= JOINED, np.sign(np.nan_to_num(deviation)), 0.0)
    found: list[Incident] = []
    for seed in np.flatnonzero(chosen):
        if found and seed <= found[-1].last:
            continue
        first, last = _reach(side, int(seed), -1), _reach(side, int(seed), 1)
        run = np.arange(first, last + 1)
        run = run[side[run] == side[seed]]
        found.append(Incident(int(run[0]), int(run[-1]), int(run[np.argmin(p[run])])))
    return tuple(found)


def _reach(side: Floats, start: int, step: int) -> int:
    """How far a run on one side goes from `start`, over gaps of `BRIDGE` at most."""
    last = start
    at = start + step
    while 0 <= at < side.size and abs(at - last) <= BRIDGE + 1:
        if side[at] == side[start]:
            last = at
        elif side[at] != 0:
            break
        at += step
    return last


def _long_runs(aside: Mask, z: Floats) -> Mask:
    side = np.where(aside, np.sign(z), 0.0)
    run = np.concatenate([[0], np.cumsum(np.diff(side) != 0)])
    length = np.bincount(run)
    return (side != 0) & (length[run] >= LONG_RUN)


def _grain(values: Floats) -> float:
    """The step of values that lie on a coarse grid, such as counts; 0 for others."""
    distinct = np.unique(values)
    if distinct.size < 2 or distinct.size > MOST_GRAINS * np.sqrt(values.size):
        return 0.0
    return float(np.diff(distinct).min())
