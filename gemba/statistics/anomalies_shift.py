"""Shifts of level that last: what follows one is held against the new level, and is no incident."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.change_point import ChangePoint, change_point
from gemba.statistics.change_points_season import drawn_in

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MOST_ROWS = 800
"""Longer series are looked at in blocks of equal length, by their means."""
LEAST_ROWS = 40
MOST_SHIFTS = 3
SURE = 0.001
"""A shift is taken out of the series where its p-value is at most this."""


def shifts(calm: Floats, *, lasting: int) -> tuple[ChangePoint, ...]:
    """Shifts of level that last to the end, the likeliest first; the next one after taking out those before.

    Args:
        calm: A series without its seasons, shape (T,), NaN where missing.
        lasting: Values that must follow a shift, and come before it.

    Returns:
        As `change_point`: steps on a line with first-order memory, p by Bonferroni over all places; rows are those of
        the series. Values far from their neighbours are drawn in first. The last one is the first that is not `SURE`:
        all before it are. Empty where fewer than 40 values are known.
    """
    block = -(-calm.size // MOST_ROWS)
    known = np.isfinite(calm)
    smooth = calm.copy()
    if int(known.sum()) < max(LEAST_ROWS, 2 * lasting + 2):
        return ()
    smooth[known] = drawn_in(calm[known])
    found: list[ChangePoint] = []
    at = np.arange(calm.size)
    for _ in range(MOST_SHIFTS):
        series, weight = _blocks(smooth, block)
        places = _places(weight, max(lasting // block, 2))
        if not places.any():
            break
        one = change_point(series, weight, candidates=places, memory=_memory(series, weight, places), ramps=False)
        high = min((one.high + 1) * block - 1, calm.size - 1)
        found.append(replace(one, at=one.at * block, low=one.low * block, high=high))
        if one.p > SURE:
            break
        smooth = smooth - one.size * (at >= found[-1].at)
    return tuple(found)


def _places(weight: Floats, least: int) -> Mask:
    """Where a shift may begin: `least` known rows before it, and as many from it on."""
    known = np.flatnonzero(weight > 0)
    places = np.zeros(weight.size, dtype=bool)
    if known.size >= 2 * least + 1:
        places[known[least] : known[-least] + 1] = True
    return places


def _blocks(values: Floats, block: int) -> tuple[Floats, Floats]:
    """Means of blocks and how many values are known in each; zero where none is."""
    padded = np.concatenate([values, np.full(-values.size % block, np.nan)]).reshape(-1, block)
    fine = np.isfinite(padded)
    count = fine.sum(axis=1).astype(np.float64)
    means = np.where(fine, padded, 0.0).sum(axis=1) / np.maximum(count, 1.0)
    return np.where(count > 0, means, np.nan), count


def _memory(series: Floats, weight: Floats, places: Mask) -> float:
    """Lag-one memory about a line and the likeliest step, with the bias of a short series taken back."""
    rows = np.flatnonzero(weight > 0)
    near = np.diff(rows) == 1
    if near.sum() < LEAST_ROWS // 2:
        return 0.0
    memory = 0.0
    for _ in range(2):
        at = change_point(series, weight, candidates=places, memory=memory, ramps=False).at
        design = np.column_stack([np.ones(rows.size), rows / series.size, rows >= at])
        left = series[rows] - design @ np.linalg.lstsq(design, series[rows], rcond=None)[0]
        power = float((left**2).mean())
        if power <= 0:
            return 0.0
        seen = float((left[1:] * left[:-1])[near].mean()) / power
        memory = min(max(seen + (2.0 + 4.0 * seen) / rows.size, 0.0), 0.98)
    return memory
