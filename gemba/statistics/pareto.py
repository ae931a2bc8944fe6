"""Pareto: contributions in order, the vital few, and whether the first is really above the second."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, betaincinv, ndtr, ndtri

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.finite import refuse_unknown

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

VITAL = 0.8
"""Cumulative share that the vital few reach (J. M. Juran's rule of thumb, not a law)."""


@dataclass(frozen=True, slots=True)
class Lead:
    """First against second: `ratio` of their amounts with its interval (upper end infinite where it is open), and
    the two-sided `p` of the null that the first is not the largest."""

    ratio: float
    low: float
    high: float
    p: float
    method: str


@dataclass(frozen=True, slots=True)
class Pareto:
    """Categories by amount, largest first; equal ones in the order given. `share` and `cumulative` of the total.
    `vital`: how many of the first make up 80 %. `tied_first`: all that share the largest amount. `lead`: None where
    only one category has any amount, or nothing tells how amounts scatter."""

    names: tuple[str, ...]
    amounts: tuple[float, ...]
    share: tuple[float, ...]
    cumulative: tuple[float, ...]
    vital: int
    tied_first: tuple[str, ...]
    lead: Lead | None


def pareto(
    names: Sequence[str],
    amounts: Floats,
    *,
    counted: bool = False,
    squares: Floats | None = None,
    level: float = 0.95,
) -> Pareto:
    """Rank contributions and compare the first with the second.

    Args:
        names: k categories.
        amounts: Shape (k,), at least 0, one unit: events, minutes, money.
        counted: The amounts are numbers of independent events.
        squares: Shape (k,), sum over a category's events of the squared amount of each, for amounts such as minutes.
        level: Coverage of the interval of the ratio.

    Returns:
        With `counted`: given their sum, the first two counts are binomial; exact test and interval. With
        `squares`: the difference of two compound Poisson sums over its standard error, and Fieller's interval of the
        ratio. Comparing the winner with its runner-up needs no correction for having picked them, if two-sided.

    Raises:
        SampleTooSmallError: No category.
        UnusableValuesError: An amount is infinite, missing or negative, all are 0, lengths differ, names repeat, or
            counts are not whole.

    Notes:
        Events that come in bursts make a lead look surer than it is.

    References:
        K. Hung and W. Fithian, "Rank Verification for Exponential Families", Ann. Statist. 47(2), 758-782, 2019.
        C. J. Clopper and E. S. Pearson, 1934. E. C. Fieller, J. R. Stat. Soc. B 16, 175-185, 1954.
    """
    _refuse(names, amounts, squares, counted)
    order = [int(i) for i in np.argsort(-amounts, kind="stable")]
    ranked, total = amounts[order], float(amounts.sum())
    cumulative = np.cumsum(ranked) / total
    lead = None
    if ranked.size > 1 and ranked[1] > 0:
        if counted:
            lead = _counted(int(ranked[0]), int(ranked[1]), level)
        elif squares is not None:
            lead = _summed(ranked, squares[order], level)
    return Pareto(
        names=tuple(names[i] for i in order),
        amounts=tuple(float(a) for a in ranked),
        share=tuple(float(a) / total for a in ranked),
        cumulative=tuple(float(c) for c in cumulative),
        vital=int(np.searchsorted(cumulative, VITAL - 1e-12)) + 1,
        tied_first=tuple(names[i] for i in order if amounts[i] == ranked[0]),
        lead=lead,
    )


def _counted(first: int, second: int, level: float) -> Lead:
    both, tail = first + second, (1.0 - level) / 2.0
    p = min(1.0, 2.0 * float(bdtrc(first - 1, both, 0.5)))
    low = float(betaincinv(first, second + 1, tail))
    high = float(betaincinv(first + 1, second, 1.0 - tail))
    return Lead(first / second, low / (1.0 - low), high / (1.0 - high), p, "exact binomial")


def _summed(amounts: Floats, squares: Floats, level: float) -> Lead:
    """Variance of a compound Poisson sum: the sum of squares of its events."""
    (a, b), (v, w) = amounts[:2], squares[:2]
    z = (a - b) / sqrt(v + w)
    c = float(ndtri(0.5 + level / 2.0)) ** 2
    scale = b * b - c * w
    root = sqrt(max((a * b) ** 2 - (a * a - c * v) * scale, 0.0))
    low = max((a * b - root) / scale, 0.0) if scale else max((a * a - c * v) / (2.0 * a * b), 0.0)
    high = (a * b + root) / scale if scale > 0 else np.inf
    return Lead(float(a / b), float(low), float(high), float(2.0 * ndtr(-z)), "compound Poisson, Fieller")


def _refuse(names: Sequence[str], amounts: Floats, squares: Floats | None, counted: bool) -> None:
    if amounts.size == 0:
        raise SampleTooSmallError("pareto", needed=1, got=0)
    if len(names) != amounts.size or (squares is not None and squares.size != amounts.size):
        raise UnusableValuesError("pareto", f"{len(names)} names for {amounts.size} amounts")
    refuse_unknown("pareto", amounts=amounts, squares=np.zeros(1) if squares is None else squares)
    problems = {
        "amounts are negative": bool((amounts < 0).any()),
        "all amounts are 0": not amounts.any(),
        "names repeat": len(set(names)) < len(names),
        "counts are not whole numbers": counted and bool((amounts != np.floor(amounts)).any()),
        "squares are negative": squares is not None and bool((squares < 0).any()),
        "amounts without squares": squares is not None and bool(((squares == 0) & (amounts > 0)).any()),
    }
    found = [problem for problem, holds in problems.items() if holds]
    if found:
        raise UnusableValuesError("pareto", "; ".join(found))
