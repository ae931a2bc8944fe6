"""Intervals from the errors that earlier forecasts made, by lead and kind of day, corrected while they run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.forecast_days import Floats

SCALE_GAIN = 0.06
"""How fast the usual size of an error follows: about the last month of a kind of day."""
STEP = 0.02
"""How far one day's misses move the nominal miss rate (Gibbs and Candès use 0.005 to 0.05)."""
WINDOW = 91
"""Origins whose errors an interval is read from: a quarter."""
LEAST_SCORES = 12
FLOOR = 0.02
"""The least scale of a slot, as a part of the mean scale: a slot that never erred may err."""


@dataclass(frozen=True, slots=True)
class Band:
    """`low`, `high`: per origin, shape (O, H, S), added to the forecast. NaN where too few errors were known.

    `coverage`: share of what was held within, over all origins with both; NaN if none.
    """

    low: Floats
    high: Floats
    coverage: float


def error_band(
    errors: Floats,
    *,
    kind: NDArray[np.int64],
    level: float,
    stride: int = 1,
    since: int = 0,
    reach: int = 1,
    window: int = WINDOW,
) -> Band:
    """Bounds of the error at each origin, by the errors known there.

    Args:
        errors: What came less what was forecast, shape (O, H, S), origins in order; NaN is unknown.
        kind: Kind of the day forecast, small integers, shape (O, H): errors of workdays and Sundays differ in size.
        level: Share to be held.
        stride: Days from one origin to the next. At an origin the error of lead `h` (days, from 0) is known of the
            origins that lie `h + reach` days back and more.
        since: Origins that coverage is counted from.
        reach: Days that a forecast of lead 0 covers. Errors of forecasts that overlap count as one.
        window: Origins whose errors are used.

    Returns:
        The error is divided by its usual size (a running mean by kind, lead and slot, of about a month); of the last
        known errors, slots pooled, the quantiles at half the miss rate and its rest, as split conformal prediction
        takes them; the miss rate is moved by each day's misses (adaptive conformal inference), so that the share held
        comes right in the long run whatever the series does.

    References:
        V. Vovk, A. Gammerman and G. Shafer, "Algorithmic Learning in a Random World", 2005; I. Gibbs and E. Candès,
        NeurIPS 2021 (adaptive); J. Lei et al., J. Am. Statist. Assoc. 113, 2018 (errors divided by their usual size).
    """
    count, ahead, _ = errors.shape
    low, high = np.full_like(errors, np.nan), np.full_like(errors, np.nan)
    held, counted = 0.0, 0.0
    for lead in range(ahead):
        wait = -(-(lead + reach) // stride)
        scores, scale = _scored(errors[:, lead], kind[:, lead], wait)
        miss = 1.0 - level
        for at in range(count):
            if at >= wait:
                miss = _moved(miss, level, errors[at - wait, lead], low[at - wait, lead], high[at - wait, lead])
            known = scores[max(0, at - wait + 1 - window) : max(0, at - wait + 1)]
            known = known[np.isfinite(known).any(axis=1)]
            if known.shape[0] < LEAST_SCORES:
                continue
            lower, upper = _quantiles(known, miss, known.shape[0] * min(stride / reach, 1.0))
            low[at, lead], high[at, lead] = lower * scale[at], upper * scale[at]
        inside = np.isfinite(errors[since:, lead]) & np.isfinite(low[since:, lead])
        within = (errors[since:, lead] >= low[since:, lead]) & (errors[since:, lead] <= high[since:, lead])
        held += float((within & inside).sum())
        counted += float(inside.sum())
    return Band(low, high, held / counted if counted else float("nan"))


def _scored(errors: Floats, kind: NDArray[np.int64], wait: int) -> tuple[Floats, Floats]:
    """Errors over their usual size as known at their origin, and that size, both (O, S)."""
    count, slots = errors.shape
    sizes = np.abs(errors)
    kinds = int(kind.max()) + 1
    usual, times = np.zeros((kinds, slots)), np.zeros((kinds, 1))
    every, total = np.zeros(slots), 0.0
    scale = np.full((count, slots), np.nan)
    for at in range(count):
        if at >= wait and bool(np.isfinite(sizes[at - wait]).any()):
            one, of = np.where(np.isfinite(sizes[at - wait]), sizes[at - wait], usual[kind[at - wait]]), kind[at - wait]
            times[of] += 1.0
            total += 1.0
            usual[of] += max(SCALE_GAIN, 1.0 / float(times[of, 0])) * (one - usual[of])
            every += max(SCALE_GAIN, 1.0 / total) * (one - every)
        if total:
            of = kind[at]
            trust = float(times[of, 0]) / (float(times[of, 0]) + 3.0)
            mixed = trust * usual[of] + (1.0 - trust) * every
            scale[at] = np.maximum(mixed, FLOOR * max(float(mixed.mean()), 1e-300))
    return errors / scale, scale


def _quantiles(scores: Floats, miss: float, days: float) -> tuple[float, float]:
    """The conformal quantiles: of scores worth n days, taken as if one more, the worst, were among them."""
    pooled = np.sort(scores[np.isfinite(scores)])
    share = 0.5 * min(max(miss, 0.0), 1.0)
    part = max(share - (1.0 - share) / days, 0.0)  # (1 - share)(1 + 1/n) from the other end
    place = part * (pooled.size - 1)
    at, rest = int(place), place - int(place)
    after = min(at + 1, pooled.size - 1)
    lower = float(pooled[at] + rest * (pooled[after] - pooled[at]))
    upper = float(pooled[-1 - at] + rest * (pooled[-1 - after] - pooled[-1 - at]))
    return min(lower, 0.0), max(upper, 0.0)


def _moved(miss: float, level: float, errors: Floats, low: Floats, high: Floats) -> float:
    """The miss rate to aim at next: lower after misses."""
    seen = np.isfinite(errors) & np.isfinite(low)
    if not bool(seen.any()):
        return miss
    missed = float(((errors[seen] < low[seen]) | (errors[seen] > high[seen])).mean())
    return min(max(miss + STEP * (1.0 - level - missed), 0.2 * (1.0 - level)), 3.0 * (1.0 - level))
