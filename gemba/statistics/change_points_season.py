"""A series without its season and with its outliers drawn in: what a search for changes may look at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter, uniform_filter1d
from scipy.stats import f as f_distribution

Floats = NDArray[np.float64]

LEAST_CYCLES = 4
LEAST_STRENGTH = 0.3
CYCLES = 11
"""Cycles over which a season may change its figure: STL's usual window."""

SIDE = 3
FAR = 4.0


def season_period(values: Floats) -> int:
    """Length of the season in rows; 1 if there is none.

    Candidates are peaks of the autocorrelation, of the series less its line and of its differences. A season counts
    if the means by phase explain at least 0.3 of what a moving average over one period leaves, beyond chance, and this
    at p < 0.001.

    References:
        X. Wang, K. Smith and R. Hyndman, Data Min. Knowl. Discov. 13, 335-364, 2006 (strength of a season).
    """
    n = values.size
    time = np.arange(n) - (n - 1) / 2
    detrended = values - values.mean() - time * float(time @ values) / float(time @ time)
    candidates = {_peak(detrended), _peak(np.diff(values))} - {0}
    best, strongest = 1, LEAST_STRENGTH
    for period in sorted(candidates):
        strength = _strength(values, period)
        if strength > strongest:
            best, strongest = period, strength
    return best


def without_season(values: Floats, period: int) -> Floats:
    """Subtract, phase by phase, a running mean over 11 cycles of what a moving average over one period leaves."""
    if period < 2:
        return values
    n = values.size
    rough = _rough(values, period)
    cycles = -(-n // period)
    padded = np.concatenate([rough, np.full(cycles * period - n, np.nan)])
    figure = padded.reshape(cycles, period)
    known = np.isfinite(figure)
    width = min(CYCLES, cycles)
    totals = uniform_filter1d(np.where(known, figure, 0.0), width, axis=0, mode="reflect")
    counts = uniform_filter1d(known.astype(float), width, axis=0, mode="reflect")
    figure = totals / np.maximum(counts, 1.0 / width)
    figure = figure - figure.mean(axis=1, keepdims=True)
    return values - figure.ravel()[:n]


def drawn_in(values: Floats) -> Floats:
    """Values further than four robust deviations from the median of their seven neighbours, drawn in to there.

    References:
        F. R. Hampel, J. Am. Statist. Assoc. 69, 383-393, 1974.
    """
    middle = median_filter(values, size=2 * SIDE + 1, mode="nearest")
    apart = values - middle
    spread = 1.4826 * float(np.median(np.abs(apart)))
    if spread == 0:
        return values
    return middle + np.clip(apart, -FAR * spread, FAR * spread)


def _rough(values: Floats, period: int) -> Floats:
    """What a centred moving average over one period leaves; ends continue as the first and last full average do."""
    n = values.size
    running = np.concatenate(([0.0], np.cumsum(values)))
    averages = (running[period:] - running[:-period]) / period
    if period % 2 == 0:
        averages = (averages[1:] + averages[:-1]) / 2
    lead = (n - averages.size) // 2
    reach = min(2 * period, averages.size - 1)
    before = averages[0] - np.arange(lead, 0, -1) * (averages[reach] - averages[0]) / reach
    after_n = n - averages.size - lead
    after = averages[-1] + np.arange(1, after_n + 1) * (averages[-1] - averages[-1 - reach]) / reach
    return values - np.concatenate([before, averages, after])


def _peak(values: Floats) -> int:
    """Lag of the highest local peak of the autocorrelation that its double shares; 0 if none is significant."""
    n = values.size
    most = (n - 1) // LEAST_CYCLES
    if most < 2:
        return 0
    centred = values - values.mean()
    spectrum = np.fft.rfft(centred, 1 << (2 * n - 1).bit_length())
    found = np.fft.irfft(np.abs(spectrum) ** 2)[: n // 2 + 2]
    if found[0] <= 0:
        return 0
    found = found / found[0]
    lags = np.arange(2, most + 1)
    least = 4.0 / np.sqrt(n)
    good = (found[lags] > found[lags - 1]) & (found[lags] >= found[lags + 1])
    good &= (found[lags] > least) & (found[np.minimum(2 * lags, found.size - 1)] > least)
    return int(lags[good][np.argmax(found[lags[good]])]) if bool(good.any()) else 0


def _strength(values: Floats, period: int) -> float:
    """Share of the rough that means by phase explain, less what chance would; 0 if p >= 0.001."""
    rough = _rough(values, period)
    n = values.size
    phase = np.arange(n) % period
    means = np.bincount(phase, rough) / np.bincount(phase)
    left = float(((rough - means[phase]) ** 2).sum())
    total = float(((rough - rough.mean()) ** 2).sum())
    if total <= 0:
        return 0.0
    inside = n - period
    left = max(left, 1e-12 * total)
    ratio = (total - left) / (period - 1) / (left / inside)
    if float(f_distribution.sf(ratio, period - 1, inside)) >= 0.001:
        return 0.0
    return 1.0 - (left / inside) / (total / (n - 1))
