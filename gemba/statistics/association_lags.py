"""Correlation of two series of innovations, lag by lag, with errors that allow for unequal spread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri
from scipy.stats import rankdata

from gemba.statistics.association_innovations import ROUNDING, fitted

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


MOST_ABS = 1.0 - 1e-9
LEAST_SPREAD = 0.2
"""Floor of a pair's variance, 1 for normal pairs without association: a handful of pairs may show none."""


@dataclass(frozen=True, slots=True)
class ByLag:
    """Per lag, shape (2 L + 1,), from -L to L. `error`: of the correlation's Fisher transform; `pairs`: rows."""

    lags: Integers
    correlation: Floats
    error: Floats
    pairs: Floats

    @property
    def t(self) -> Floats:
        """Correlations on Fisher's scale over their errors."""
        return np.arctanh(self.correlation) / self.error


def scores(values: Floats, season: Integers) -> Floats:
    """Normal scores of the ranks (ties share theirs), the mean of every phase taken out; NaN stays.

    References:
        B. L. van der Waerden, Indag. Math. 14, 453-458, 1952; G. Blom, Statistical Estimates, 1958.
    """
    seen = np.isfinite(values)
    found = np.full(values.size, np.nan)
    found[seen] = ndtri((rankdata(values[seen]) - 0.375) / (int(seen.sum()) + 0.25))
    return found - fitted(found, season)


def by_lag(series: Floats, other: Floats, *, most: int, shared: int) -> ByLag:
    """Correlation of `series` at t with `other` at t + lag, and its error.

    Args:
        series, other: Of mean 0, shape (T,), NaN where missing.
        most: The largest lag L.
        shared: Columns (phases and lines) taken out of both.

    References:
        J. H. Steiger and A. R. Hakstian, Br. J. Math. Stat. Psychol. 35, 208-215, 1982 (error of a correlation for any
        distribution). V. Dalla, L. Giraitis and P. C. B. Phillips, Econometric Theory 38, 913-941, 2022 (the same at
        every lag of two series, where their spread moves together).
    """
    here, there = np.isfinite(series), np.isfinite(other)
    a, b = np.where(here, series, 0.0), np.where(there, other, 0.0)
    first = np.stack([here, a, a**2, a**3, a**4])
    second = np.stack([there, b, b**2, b**3, b**4])
    size = 1 << (2 * a.size - 1).bit_length()
    left, right = np.conj(np.fft.rfft(first, size)), np.fft.rfft(second, size)

    def summed(i: int, j: int) -> Floats:
        found = np.fft.irfft(left[i] * right[j], size)
        return np.concatenate((found[size - most :], found[: most + 1]))

    pairs = np.round(summed(0, 0))
    rows = np.maximum(pairs, 1.0)
    own, others = (np.maximum(one / rows, 0.0) for one in (summed(2, 0), summed(0, 2)))
    fine = (own > ROUNDING) & (others > ROUNDING) & (pairs > shared)
    own, others = np.where(fine, own, 1.0), np.where(fine, others, 1.0)
    r = np.clip(np.where(fine, summed(1, 1) / rows, 0.0) / np.sqrt(own * others), -MOST_ABS, MOST_ABS)
    both = summed(2, 2) / rows / (own * others)
    uneven = (summed(3, 1) / own + summed(1, 3) / others) / rows / np.sqrt(own * others)
    fourth = summed(4, 0) / rows / own**2 + summed(0, 4) / rows / others**2
    known = np.maximum(pairs - shared - 2.0, 1.0)
    spread = both - r * uneven + r**2 / 4.0 * (fourth + 2.0 * both)
    spread = np.maximum(spread / (1.0 - r**2) ** 2, 1.0)
    with_none = np.maximum(both - r**2, LEAST_SPREAD)
    stretched = np.where(r != 0, np.arctanh(r) / np.where(r != 0, r, 1.0), 1.0)
    error = np.maximum(np.sqrt(spread), np.sqrt(with_none) * stretched) / np.sqrt(known)
    return ByLag(np.arange(-most, most + 1), r, error, pairs)


def aligned(series: Floats, other: Floats, lag: int) -> tuple[Floats, Floats]:
    """The pairs at one lag: `series` at t, `other` at t + lag, both known."""
    n = series.size
    first, second = series[max(-lag, 0) : n - max(lag, 0)], other[max(lag, 0) : n + min(lag, 0)]
    known = np.isfinite(first) & np.isfinite(second)
    return first[known], second[known]
