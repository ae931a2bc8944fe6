"""Families of series in which nothing happens, and one in which something does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.shift import Timeline

Floats = NDArray[np.float64]
DAYS, WINDOW = 105, 7


def timeline(days: int = DAYS, window: int = WINDOW) -> Timeline:
    """Daily buckets: a window at the end, a baseline of the same length before it."""
    at = np.arange(days)
    inside = at >= days - window
    return Timeline(
        window=inside,
        baseline=(at >= days - 2 * window) & ~inside,
        history=~inside,
        season=at % 7,
        block=7,
    )


def family(kind: str, rng: np.random.Generator, *, members: int = 12) -> tuple[Floats, Floats, bool]:
    """Numerators and denominators, shape (S, T), and whether numerators are counts."""
    shape = (members, DAYS)
    den = np.maximum(np.round(rng.normal(1000, 100, shape)), 1.0)
    rate = 0.05 * np.exp(rng.normal(0, 0.2, (members, 1)))
    if kind == "counts":
        return rng.poisson(den * rate).astype(float), den, True
    if kind == "sparse":
        few = np.full(shape, 10.0)
        return rng.poisson(few * 0.02).astype(float), few, True
    noise = {
        "independent": lambda: rng.normal(0, 0.15, shape),
        "autoregressive": lambda: _ar(rng, shape, 0.6) * 0.15,
        "seasonal": lambda: rng.normal(0, 0.15, shape) + 0.4 * np.sin(2 * np.pi * np.arange(DAYS) / 7),
        "heavy": lambda: rng.standard_t(3, shape) * 0.1,
        "common": lambda: rng.normal(0, 0.1, shape) + _ar(rng, (1, DAYS), 0.5) * 0.15,
    }[kind]()
    return den * rate * np.maximum(1.0 + noise, 0.0), den, False


def _ar(rng: np.random.Generator, shape: tuple[int, int], phi: float) -> Floats:
    noise = rng.normal(0, np.sqrt(1 - phi**2), shape)
    noise[:, 0] = rng.normal(0, 1, shape[0])
    for t in range(1, shape[1]):
        noise[:, t] += phi * noise[:, t - 1]
    return noise
