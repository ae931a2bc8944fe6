"""What every value of a series should have been, told from the others: trend, level, seasons and memory.

No value is in its own baseline, and values set aside as incidents are in none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

PASSES = 4
ASIDE, ALIKE = 4.0, 2.0
"""Robust deviations from which a value is set aside, and its neighbours on the same side with it."""
CLIP = 3.0
"""Deviations count up to so many robust deviations in seasons and spreads."""
LEAST_SIDE = 5
"""Values that a level on one side is told from, at least."""
APART = 4.0
"""Standard errors by which the levels before and after a value differ where a shift lies between."""
LEAST_SEEN = 3
"""Times that a season's slot must be seen, on average, to have a level of its own."""
PAYS = 0.98
"""A season is kept where it brings the size of the deviations, each by a level without itself, to this part."""
MOST_MEMORY = 0.98
PRIOR_COUNT = 10.0
"""Values that a slot's spread is drawn towards the common one by."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """Shape (T,) each. `expected`: in the unit of the series; NaN where nothing is near enough to tell.

    `scale`: typical size of the deviations from it. `aside`: values that no expectation is learnt from. `memory`:
    lag-one correlation of the deviations from level and season. `seasons`: places of those that were used. `calm`: the
    values less their seasons.
    """

    expected: Floats
    scale: Floats
    aside: Mask
    memory: float
    seasons: tuple[int, ...]
    calm: Floats


def baseline(
    values: Floats, seasons: Sequence[Ints], *, span: int, sizes: Floats | None = None, passes: int = PASSES
) -> Baseline:
    """Expect every value from the others.

    Args:
        values: Equal steps, shape (T,); NaN where missing.
        seasons: Candidates, each a slot number from 0 for every value, shape (T,); used one on top of the other where
            they help.
        span: Values on either side that tell the level; whole cycles of the seasons.
        passes: How often values are set aside and all is told anew, at most.
        sizes: What a rate is a rate of (its denominators), shape (T,): fewer make it vary more.

    Returns:
        A robust line, slots of the seasons, the medians of `span` values before and after (where they differ by more
        than noise, the one nearer the value: a shift is not an incident), and the first-order memory of the nearest
        values on both sides. Values further than four robust deviations, with their neighbours on the same side, are
        set aside, and all is told anew without them.
    """
    known = np.isfinite(values)
    aside = ~known
    at = np.arange(values.size, dtype=np.float64)
    season = np.zeros_like(values)
    used: tuple[int, ...] = ()
    spread = np.ones_like(values)
    memory = 0.0
    for _ in range(passes):
        kept = np.where(aside, np.nan, values)
        slope = _slope(kept - season)
        flat = values - slope * at
        season, used = _season(flat, aside, seasons, span)
        level, variance = _level(np.where(aside, np.nan, flat - season), flat - season, span, memory)
        rough = flat - season - level
        spread = _spread(rough, aside, seasons, used, values - rough, sizes)
        memory = _memory(rough / spread, aside)
        told, share = _neighbours(rough / spread, aside, memory)
        left = rough - told * spread
        wide, narrow = _size(rough / spread, aside), _size(left / spread, aside)
        usual = float(np.median(share[~aside])) if bool((~aside).any()) else 1.0
        grown = np.clip((share - usual) / max(1.0 - usual, 1e-9), -0.5, 1.0)
        between = narrow**2 + (max(wide, narrow) ** 2 - narrow**2) * grown
        scale = spread * np.sqrt(np.maximum(between + variance * narrow**2, 1e-300))
        now = ~known | _set_aside(left / scale, rough / (spread * max(wide, 1e-300)))
        if bool((now == aside).all()):
            break
        aside = now
    expected = values - left
    return Baseline(expected, scale, aside & known, memory, used, values - season)


def _size(z: Floats, aside: Mask) -> float:
    """Robust standard deviation: from the mean size, clipped."""
    kept = np.abs(z[~aside & np.isfinite(z)])
    if kept.size == 0:
        return 1.0
    middle = float(np.median(kept))
    typical = middle if middle > 0 else float(kept.mean())
    if typical == 0:
        return 1e-12
    return 1.2533 * float(np.minimum(kept, CLIP * 1.4826 * typical).mean())


def _slope(values: Floats) -> float:
    """Median rise a step over pairs half the series apart (Theil 1950, fixed distance)."""
    far = values.size // 2
    rises = values[far:] - values[: values.size - far]
    rises = rises[np.isfinite(rises)]
    return float(np.median(rises)) / far if rises.size >= LEAST_SIDE else 0.0


def _season(flat: Floats, aside: Mask, seasons: Sequence[Ints], span: int) -> tuple[Floats, tuple[int, ...]]:
    """Sum of slot levels, each without the value itself, of the seasons that pay."""
    kept = np.where(aside, np.nan, flat)
    rough = flat - _running(kept, 2 * span + 1, centre=True)
    total = np.zeros_like(flat)
    used: list[int] = []
    use = ~aside & np.isfinite(rough)
    if not use.any():
        return total, ()
    for place, slots in enumerate(seasons):
        if use.sum() < LEAST_SEEN * (int(slots.max()) + 1):
            continue
        left = rough - total
        middle = float(np.median(left[use]))
        bound = CLIP * 1.4826 * float(np.median(np.abs(left[use] - middle)))
        found = _slot_levels(left - middle, use, slots, bound)
        before, after = np.abs(left - middle)[use], np.abs(left - middle - found)[use]
        cap = bound if bound > 0 else np.inf
        if float(np.minimum(after, cap).mean()) <= PAYS * float(np.minimum(before, cap).mean()):
            total = total + found + middle
            used.append(place)
    return total, tuple(used)


def _slot_levels(left: Floats, use: Mask, slots: Ints, bound: float) -> Floats:
    """Mean of the other values of each value's slot, about the slot's median and clipped (Huber 1964)."""
    count = int(slots.max()) + 1
    order = np.lexsort((left, slots))
    order = order[use[order]]
    numbers = np.bincount(slots[order], minlength=count)
    first = np.concatenate([[0], np.cumsum(numbers)[:-1]])
    halves = [np.minimum(first + np.maximum(numbers - one, 0) // 2, order.size - 1) for one in (0, 1)]
    middle = np.where(numbers > 0, 0.5 * (left[order][halves[0]] + left[order][halves[1]]), 0.0)
    apart = left - middle[slots]
    limit = bound if bound > 0 else np.inf
    clipped = np.where(use, np.clip(apart, -limit, limit), 0.0)
    sums = np.bincount(slots, clipped, minlength=count)
    own = use.astype(np.float64)
    others = numbers[slots] - own
    return middle[slots] + np.where(others > 0, (sums[slots] - clipped) / np.maximum(others, 1.0), 0.0)


def _running(values: Floats, width: int, *, centre: bool = False) -> Floats:
    import polars as pl

    found = pl.Series(values).fill_nan(None).rolling_median(width, min_samples=LEAST_SIDE, center=centre).to_numpy()
    return np.where(np.isfinite(found), found, np.nanmedian(values) if np.isfinite(values).any() else 0.0)


def _level(kept: Floats, values: Floats, span: int, memory: float) -> tuple[Floats, Floats]:
    """Level from the values before and after, and its variance in units of theirs."""
    n = kept.size
    fine = np.isfinite(kept)
    total = np.concatenate([[0], np.cumsum(fine)])
    here = np.arange(n)
    before_n = (total[here] - total[np.maximum(here - span, 0)]).astype(np.float64)
    after_n = (total[np.minimum(here + 1 + span, n)] - total[np.minimum(here + 1, n)]).astype(np.float64)
    before = np.concatenate([[np.nan], _median(kept, span)[:-1]])
    after = np.concatenate([_median(kept[::-1], span)[::-1][1:], [np.nan]])
    has_before, has_after = before_n >= LEAST_SIDE, after_n >= LEAST_SIDE
    whole = float(np.nanmedian(kept)) if fine.any() else 0.0
    before, after = np.where(has_before, before, whole), np.where(has_after, after, whole)
    weight_before, weight_after = before_n * has_before, after_n * has_after
    sum_n = weight_before + weight_after
    both = np.where(sum_n > 0, (weight_before * before + weight_after * after) / np.maximum(sum_n, 1.0), whole)
    noise = _noise(kept) * np.sqrt(1.57 * (1.0 + memory) / (1.0 - memory))
    limit = APART * noise * np.sqrt(1.0 / np.maximum(before_n, 1.0) + 1.0 / np.maximum(after_n, 1.0))
    apart = has_before & has_after & (np.abs(before - after) > limit)
    nearest = np.clip(values, np.minimum(before, after), np.maximum(before, after))
    nearest = np.where(np.isfinite(nearest), nearest, both)
    return np.where(apart, nearest, both), 1.57 / np.maximum(sum_n, 1.0)


def _median(values: Floats, width: int) -> Floats:
    import polars as pl

    return pl.Series(values).fill_nan(None).rolling_median(width, min_samples=LEAST_SIDE).to_numpy()


def _noise(kept: Floats) -> float:
    """Robust standard deviation about the running level."""
    fine = kept[np.isfinite(kept)]
    if fine.size < 2:
        return 0.0
    apart = np.diff(fine)
    return max(1.4826 * float(np.median(np.abs(apart))) / np.sqrt(2.0), 1e-300)


def _spread(
    rough: Floats, aside: Mask, seasons: Sequence[Ints], used: tuple[int, ...], expected: Floats, sizes: Floats | None
) -> Floats:
    """Relative size of the deviations: by the first season's slot, the expectation, and the size of the denominator."""
    use = ~aside & np.isfinite(rough)
    common = _size(rough, ~use)
    spread = np.full(rough.size, common if common > 0 else 1.0)
    if use.sum() < 30:
        return spread
    sized = np.minimum(np.abs(rough), CLIP * common)
    choices = [np.ones_like(rough)]
    if sizes is not None and bool((sizes[use] > 0).all()):
        typical = float(np.median(sizes[use]))
        choices += [np.sqrt(typical / np.maximum(sizes, 1e-9 * typical))]
    typical = float(np.median(expected[use]))
    if typical > 0 and float(np.quantile(expected[use], 0.01)) > 0:
        share = np.clip(expected / typical, 0.05, 20.0)
        choices += [one * share**power for one in tuple(choices) for power in (0.5, 1.0)]
    losses = [_misfit(sized[use], one[use]) for one in choices]
    best = int(np.argmin(losses))
    chosen = choices[best] if losses[best] < losses[0] - 2.0 else choices[0]
    spread = spread * chosen
    if used:
        slots = seasons[used[0]]
        count = int(slots.max()) + 1
        ratio = sized / (spread / 1.2533)
        own = np.bincount(slots[use], ratio[use], minlength=count)
        seen = np.bincount(slots[use], minlength=count)
        spread = spread * ((own + PRIOR_COUNT) / (seen + PRIOR_COUNT))[slots]
    return np.where(np.isfinite(spread) & (spread > 0), spread, 1.0)


def _misfit(sized: Floats, share: Floats) -> float:
    """Minus log likelihood of sizes of the double exponential law, scale profiled out."""
    scaled = float((sized / share).mean())
    return float(np.log(share).sum()) + sized.size * np.log(max(scaled, 1e-300))


def _memory(z: Floats, aside: Mask) -> float:
    use = ~aside & np.isfinite(z)
    pair = use[1:] & use[:-1]
    if pair.sum() < 20:
        return 0.0
    bound = CLIP * _size(z, ~use)
    calm = np.clip(np.where(use, z, 0.0), -bound, bound)
    power = float((calm[use] ** 2).mean())
    if power <= 0:
        return 0.0
    found = float((calm[1:] * calm[:-1])[pair].mean()) / power
    return min(max(found if found > 1.645 / np.sqrt(pair.sum()) else 0.0, 0.0), MOST_MEMORY)


def _neighbours(z: Floats, aside: Mask, memory: float) -> tuple[Floats, Floats]:
    """What the nearest values on both sides say about each, and the share of the variance they leave (AR(1))."""
    n = z.size
    if memory == 0.0:
        return np.zeros(n), np.ones(n)
    use = ~aside & np.isfinite(z)
    here = np.arange(n)
    last = np.maximum.accumulate(np.where(use, here, -1))
    last = np.concatenate([[-1], last[:-1]])
    coming = np.minimum.accumulate(np.where(use, here, n)[::-1])[::-1]
    coming = np.concatenate([coming[1:], [n]])
    left = np.where(last >= 0, memory ** np.minimum(here - last, 500).astype(np.float64), 0.0)
    right = np.where(coming < n, memory ** np.minimum(coming - here, 500).astype(np.float64), 0.0)
    z_left = np.where(last >= 0, np.nan_to_num(z[np.maximum(last, 0)]), 0.0)
    z_right = np.where(coming < n, np.nan_to_num(z[np.minimum(coming, n - 1)]), 0.0)
    whole = np.maximum(1.0 - (left * right) ** 2, 1e-12)
    told = (left * (1.0 - right**2) * z_left + right * (1.0 - left**2) * z_right) / whole
    return told, (1.0 - left**2) * (1.0 - right**2) / whole


def _set_aside(near: Floats, rough: Floats) -> Mask:
    """Values far from what their neighbours or the level say, with the neighbours on the same side."""
    size = np.nan_to_num(np.abs(near))
    highest = size >= np.maximum(np.concatenate([[0.0], size[:-1]]), np.concatenate([size[1:], [0.0]]))
    far = ((size > ASIDE) & highest) | (np.nan_to_num(np.abs(rough)) > ASIDE)
    side = np.where(np.nan_to_num(np.abs(rough)) > ALIKE, np.sign(np.nan_to_num(rough)), 0.0)
    edges = np.flatnonzero(np.diff(side) != 0) + 1
    run = np.zeros(side.size, dtype=np.int64)
    run[edges] = 1
    run = np.cumsum(run)
    hit = np.bincount(run, far & (side != 0)) > 0
    return far | (hit[run] & (side != 0))
