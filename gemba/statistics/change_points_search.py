"""The segmentation that describes a series shortest: number of changes, their places, shape and memory at once."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.change_points_cost import PARAMETERS, ROUNDING, Shape, Sums, line, squares, whiten
from gemba.statistics.change_points_joint import squares_of

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MOST_EDGES = 400
"""Places tried for a change at first; longer series are cut into blocks, and the places found then moved freely."""

MOST_CHANGES = 100
PATIENCE = 4
"""Changes more than the best so far after which no more are tried."""

MEMORIES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98)
MOST_MEMORY = 0.995
LEAST_STRETCH = 5

NEAR_ONE = (0.99, 0.995)
STRONG = 6.0
"""What a change must shorten the description by: twice the log Bayes factor from which evidence is called strong."""

RESOLUTION = 0.02
"""Share of a series' standard deviation below which no level or line is believed to describe it: model error."""


@dataclass(frozen=True, slots=True)
class Segmentation:
    """`edges`: first row of each stretch but the first. `length`: description length, in units of -2 log likelihood.

    `left`: squares left in all series together.
    """

    edges: tuple[int, ...]
    shape: Shape
    sums: tuple[Sums, ...]
    memories: tuple[float, ...]
    left: float
    length: float
    plain: float


def shortest(time: Floats, values: Floats, *, shapes: tuple[Shape, ...]) -> Segmentation:
    """Best of all shapes and memories for one series. `values`: shape (n,), centred and of scale one.

    Memories are those of a grid, that of the series less its line, and that of what the best so far leaves: on long
    series a memory between two of the grid would be told from both, and the rest taken for changes.
    """
    whole = whiten(time, values, 0.0)
    own = _shown(whole, (), "line")
    tried = _all_shapes(time, values, sorted({*MEMORIES, own}), shapes)
    best = min(tried, key=lambda one: one.length)
    again = _all_shapes(time, values, [_shown(whole, best.edges, best.shape)], shapes)
    every = [*tried, *again, *(one for memory in NEAR_ONE for one in _unchanged(time, values, memory, shapes))]
    return supported(min([best, *again], key=lambda one: one.length), min(every, key=lambda one: one.plain))


def _unchanged(time: Floats, values: Floats, memory: float, shapes: tuple[Shape, ...]) -> list[Segmentation]:
    """The descriptions without any change."""
    sums = (whiten(time, values, memory),)
    found: list[Segmentation] = []
    for shape in shapes:
        left = left_by(sums, (), shape)
        length = _length(sums, left, (), shape)
        found.append(Segmentation((), shape, sums, (memory,), left, length, length))
    return found


def supported(found: Segmentation, plain: Segmentation) -> Segmentation:
    """Only the changes for which the evidence is strong: each against its absence, and all against none.

    `plain`: of the descriptions compared, the one that is shortest without a change.

    References:
        R. E. Kass and A. E. Raftery, J. Am. Statist. Assoc. 90, 773-795, 1995 (twice the log Bayes factor above 6).
    """
    edges, length = found.edges, found.length

    def without(at: int) -> float:
        fewer = edges[:at] + edges[at + 1 :]
        return _length(found.sums, left_by(found.sums, fewer, found.shape), fewer, found.shape)

    while edges:
        lengths = [without(at) for at in range(len(edges))]
        least = int(np.argmin(lengths))
        if lengths[least] - length < STRONG:
            edges, length = edges[:least] + edges[least + 1 :], lengths[least]
        else:
            break
    if plain.plain - length < STRONG:
        left = left_by(plain.sums, (), plain.shape)
        return Segmentation((), plain.shape, plain.sums, plain.memories, left, plain.plain, plain.plain)
    left = left_by(found.sums, edges, found.shape)
    return Segmentation(edges, found.shape, found.sums, found.memories, left, length, found.plain)


def _all_shapes(time: Floats, values: Floats, memories: list[float], shapes: tuple[Shape, ...]) -> list[Segmentation]:
    found: list[Segmentation] = []
    for memory in memories:
        sums = (whiten(time, values, memory),)
        found.extend(segment(sums, (memory,), shape) for shape in shapes)
    return found


def _shown(sums: Sums, edges: tuple[int, ...], shape: Shape) -> float:
    """Autocorrelation of neighbours in what the fits of unwhitened stretches leave; 0 if negative."""
    bounds = [0, *edges, sums.time.size]
    fits = [line(sums, a, b, shape) for a, b in itertools.pairwise(bounds)]
    parts = [
        sums.values[a:b] - level - slope * sums.time[a:b]
        for (level, slope), a, b in zip(fits, bounds, bounds[1:], strict=False)
    ]
    residual = np.concatenate(parts)
    square = float(residual @ residual)
    if square <= ROUNDING * residual.size:
        return 0.0
    seen = float(residual[1:] @ residual[:-1]) / square
    return min(max(seen, 0.0), MOST_MEMORY)


def segment(sums: tuple[Sums, ...], memories: tuple[float, ...], shape: Shape) -> Segmentation:
    """Exact least squares for 0, 1, 2 ... changes on a grid of places, the shortest description of these, then refined.

    References:
        I. E. Auger and C. E. Lawrence, Bull. Math. Biol. 51, 39-54, 1989 (segment neighbourhood). R. A. Davis, T. C. M.
        Lee and G. A. Rodriguez-Yam, J. Am. Statist. Assoc. 101, 223-239, 2006 (description length).
    """
    n = sums[0].time.size
    step = -(-n // MOST_EDGES)
    grid = np.append(np.arange(0, n - step + 1, step), n)
    shortest_blocks = -(-LEAST_STRETCH // step)
    costs = _costs(sums, grid, shape, shortest_blocks)
    best_edges: tuple[int, ...] = ()
    best = plain = _length(sums, left_by(sums, (), shape), (), shape)
    reached, origins = costs[0], []
    for changes in range(1, min(MOST_CHANGES, n // (2 * LEAST_STRETCH)) + 1):
        sum_of = reached[:, None] + costs
        origins.append(np.argmin(sum_of, axis=0))
        reached = np.min(sum_of, axis=0)
        if not np.isfinite(reached[-1]):
            break
        edges = tuple(int(grid[place]) for place in _traced(origins))
        length = _length(sums, left_by(sums, edges, shape), edges, shape)
        if length < best:
            best, best_edges = length, edges
        elif changes >= len(best_edges) + PATIENCE:
            break
    edges = refined(sums, best_edges, shape, step) if step > 1 else best_edges
    left = left_by(sums, edges, shape)
    return Segmentation(edges, shape, sums, memories, left, _length(sums, left, edges, shape), plain)


def left_by(sums: tuple[Sums, ...], edges: tuple[int, ...], shape: Shape) -> float:
    """Squares left in all series by the joint fit of all stretches."""
    return sum(squares_of(one, edges, shape) for one in sums)


def around(sums: tuple[Sums, ...], low: int, high: int, shape: Shape) -> tuple[Integers, Floats]:
    """Places for one change within the stretch [low, high), and the squares left on both sides together."""
    places = np.arange(low + LEAST_STRETCH, high - LEAST_STRETCH + 1)
    starts, ends = np.full_like(places, low), np.full_like(places, high)
    left = np.zeros(places.size)
    for one in sums:
        left += squares(one, starts, places, shape) + squares(one, places, ends, shape)
    return places, left


def refined(sums: tuple[Sums, ...], edges: tuple[int, ...], shape: Shape, step: int) -> tuple[int, ...]:
    """Each place moved to its best within a block to either side, twice over."""
    moved = list(edges)
    for _ in range(2):
        for at in range(len(moved)):
            low = moved[at - 1] if at else 0
            high = moved[at + 1] if at + 1 < len(moved) else sums[0].time.size
            first = max(low + LEAST_STRETCH, moved[at] - step)
            places = np.arange(first, min(high - LEAST_STRETCH, moved[at] + step) + 1)
            starts, ends = np.full_like(places, low), np.full_like(places, high)
            left = sum(squares(one, starts, places, shape) + squares(one, places, ends, shape) for one in sums)
            moved[at] = int(places[np.argmin(left)])
    return tuple(moved)


def _costs(sums: tuple[Sums, ...], grid: Integers, shape: Shape, least: int) -> Floats:
    """Squares left in every stretch between two places of the grid, shape (k, k); infinite where too short."""
    rows, columns = np.triu_indices(grid.size, least)
    found = np.full((grid.size, grid.size), np.inf)
    found[rows, columns] = sum(squares(one, grid[rows], grid[columns], shape) for one in sums)
    return found


def _traced(origins: list[NDArray[np.int64]]) -> list[int]:
    """Places on the way to the end, in order."""
    place, found = -1, []
    for origin in reversed(origins):
        place = int(origin[place])
        found.append(place)
    return found[::-1]


def blur(sums: tuple[Sums, ...]) -> float:
    """Variance of the model error in whitened rows, the mean over rows and series: it adds to the innovations."""
    return RESOLUTION**2 * float(np.mean([one.inflation for one in sums]))


def _length(sums: tuple[Sums, ...], left: float, edges: tuple[int, ...], shape: Shape) -> float:
    """-2 log likelihood at the best variance, log n per parameter of a stretch of n, 2 log n per place of a change."""
    n, series = sums[0].time.size, len(sums)
    total = series * n
    scale = sum(one.log_sum for one in sums)
    fit = total * np.log(max(left / total, ROUNDING) + blur(sums)) + scale
    parameters = series * PARAMETERS[shape] * float(np.log(np.diff([0, *edges, n])).sum())
    return float(fit + parameters + 2.0 * len(edges) * np.log(n))
