"""Exact decompositions of a change: the parts add up to the whole.

All sums are `math.fsum` sums. Nothing here is estimated, and nothing here says why.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RateMix:
    """Shape (S,), in the unit of the ratio. `rate + mix` of all segments add up to `change`."""

    rate: Floats
    mix: Floats
    change: float


def total(values: Iterable[float]) -> float:
    """Sum with a single rounding."""
    return math.fsum(values)


def additive(before: Floats, after: Floats) -> Floats:
    """Contribution of every segment to the change of a sum: its own change. Shape (S,), unit of the sum.

    Raises:
        UnusableValuesError: A value is infinite: its change would be no number.
    """
    refuse_infinite("additive", before=before, after=after)
    return after - before


def rate_mix(num0: Floats, den0: Floats, num1: Floats, den1: Floats) -> RateMix:
    """Split the change of `sum(num) / sum(den)` into what rates did and what shares did, segment by segment.

    Args:
        num0, den0, num1, den1: Numerator and denominator of every segment before (0) and after (1), shape (S,).
            Denominators may be 0 on one side: the segment then has no rate there, its other rate stands for both,
            and its whole contribution is mix.

    Returns:
        With shares w = den / sum(den), rates r = num / den and R the total's rate,
        rate_s = (w0 + w1) / 2 * (r1 - r0) and mix_s = (w1 - w0) * ((r0 + r1) / 2 - R0).
        Both are symmetric in the two sides up to the reference R0, which cancels in the sum since shares add up
        to one. A segment with a numerator but no denominator on a side adds its numerator's share to mix.

    Raises:
        SampleTooSmallError: If a side's denominators add up to 0.
        UnusableValuesError: A value is infinite.

    References:
        B. W. Ang, "The LMDI approach to decomposition analysis", Energy Policy 33, 2005 (exactness and symmetry);
        E. M. Kitagawa, "Components of a difference between two rates", JASA 50, 1955 (the formula used).
    """
    refuse_infinite("rate_mix", num0=num0, den0=den0, num1=num1, den1=den1)
    whole0, whole1 = math.fsum(den0), math.fsum(den1)
    if whole0 == 0 or whole1 == 0:
        raise SampleTooSmallError("rate_mix", needed=1, got=0)
    total0, total1 = math.fsum(num0) / whole0, math.fsum(num1) / whole1
    w0, w1 = den0 / whole0, den1 / whole1
    has0, has1 = den0 != 0, den1 != 0
    r0 = np.divide(num0, den0, out=np.full(den0.shape, np.nan), where=has0)
    r1 = np.divide(num1, den1, out=np.full(den1.shape, np.nan), where=has1)
    r0, r1 = np.where(has0, r0, np.where(has1, r1, total0)), np.where(has1, r1, np.where(has0, r0, total0))
    rate = (w0 + w1) / 2.0 * (r1 - r0)
    loose = np.where(has1, 0.0, num1 / whole1) - np.where(has0, 0.0, num0 / whole0)
    mix = (w1 - w0) * ((r0 + r1) / 2.0 - total0) + loose
    return RateMix(rate=rate, mix=mix, change=total1 - total0)


def shapley(
    before: Sequence[float], after: Sequence[float], value: Callable[[Sequence[float]], float]
) -> tuple[float, ...]:
    """Shapley value of each of k inputs for the change of `value`: the mean over all orders of replacement.

    Args:
        before, after: The inputs on both sides, k of them (k <= 12: 2**k evaluations).
        value: Any function of the inputs, finite at every mixture of both sides.

    Returns:
        k numbers that add up to value(after) - value(before), in its unit; symmetric and order free.

    References:
        L. S. Shapley, "A value for n-person games", 1953; A. F. Shorrocks, J. Econ. Inequal. 11, 2013.
    """
    k = len(before)
    if k > 12:
        raise ValueError(f"{k} inputs need {2**k} evaluations; 12 inputs are the most")
    worth = {
        subset: value([after[i] if i in subset else before[i] for i in range(k)])
        for size in range(k + 1)
        for subset in map(frozenset, combinations(range(k), size))
    }
    share = [math.factorial(s) * math.factorial(k - s - 1) / math.factorial(k) for s in range(k)]
    return tuple(math.fsum(share[len(s)] * (worth[s | {i}] - worth[s]) for s in worth if i not in s) for i in range(k))


def product(before: Sequence[float], after: Sequence[float]) -> tuple[float, ...]:
    """Shapley contribution of each factor to the change of the product of all. At most 12 factors."""
    return shapley(before, after, math.prod)


def overlapping(before: Floats, after: Floats, before_all: float, after_all: float) -> tuple[Floats, float]:
    """Split the change of a distinct count, whose members overlap.

    Returns:
        Each member's own change, shape (S,), and the overlap term that makes the sum exact: how the double counting
        between members changed (negative: it grew).
    """
    own = after - before
    return own, (after_all - before_all) - math.fsum(own)


def replacement(
    before: Sequence[float | None], after: Sequence[float | None], value: Callable[[Sequence[float]], float | None]
) -> tuple[tuple[float, ...], float]:
    """Sequential replacement for totals that do not add up (min, max): members change one after another.

    Members are replaced in order of |after - before|, largest first; None is a member that is absent on that side.

    Returns:
        Contribution of each member, in the given order of members, and the remainder that makes the sum exact
        (0 up to rounding when `value` sees every member).
    """
    order = sorted(range(len(before)), key=lambda i: -_distance(before[i], after[i]))
    state = list(before)
    parts = [0.0] * len(before)
    last = start = value([v for v in state if v is not None])
    for i in order:
        state[i] = after[i]
        present = [v for v in state if v is not None]
        current = value(present) if present else None
        if current is not None and last is not None:
            parts[i] = current - last
        last = current if current is not None else last
    end = value([v for v in after if v is not None])
    change = (end - start) if start is not None and end is not None else 0.0
    return tuple(parts), change - math.fsum(parts)


def _distance(before: float | None, after: float | None) -> float:
    return math.inf if before is None or after is None else abs(after - before)


def settle(parts: Floats, change: float) -> Floats:
    """Put the last rounding error of a decomposition where it can be held, so that `fsum(parts) == change` nearly.

    The correction is of the order of the rounding of the largest part. It goes to the smallest part that is not
    changed by more than it is worth.
    """
    parts = parts.astype(np.float64, copy=True)
    if parts.size == 0:
        return parts
    for _ in range(3):
        left = change - math.fsum(parts)
        if left == 0.0:
            break
        worth = np.where(np.abs(parts) > 1e3 * abs(left), np.abs(parts), np.inf)
        where = int(np.argmin(worth)) if np.isfinite(worth).any() else int(np.argmax(np.abs(parts)))
        parts[where] += left
    return parts


def weighted_quantile(values: Floats, counts: Floats, q: float) -> float | None:
    """Quantile of a sample given as distinct values with counts, linear between order statistics; None if empty.

    References:
        R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", Am. Stat. 50, 1996, definition 7.
    """
    size = float(counts.sum())
    if size <= 0:
        return None
    order = np.argsort(values, kind="stable")
    ranked, upto = values[order], np.cumsum(counts[order])
    position = q * (size - 1.0)
    low = ranked[min(int(np.searchsorted(upto, math.floor(position), side="right")), ranked.size - 1)]
    high = ranked[min(int(np.searchsorted(upto, math.floor(position) + 1.0, side="right")), ranked.size - 1)]
    return float(low + (position - math.floor(position)) * (high - low))
