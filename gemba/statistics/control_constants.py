"""Expected range and standard deviation of a normal sample: the factors that turn them into sigma and limits."""

from __future__ import annotations

from functools import lru_cache
from math import exp, lgamma, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gemba.errors import SampleTooSmallError

Floats = NDArray[np.float64]

_EDGE = 9.0  # standard deviations integrated over: what lies beyond weighs less than 1e-17
_STEPS, _NODES = 181, 80


@lru_cache(maxsize=512)
def c4(n: int) -> float:
    """Expected standard deviation (divisor n - 1) of n independent normal values, in units of sigma.

    Raises:
        SampleTooSmallError: n < 2.

    References:
        `sqrt(2/(n-1)) gamma(n/2) / gamma((n-1)/2)`; W. A. Shewhart, "Economic Control of Quality", 1931.
    """
    _need_two("c4", n)
    return sqrt(2.0 / (n - 1)) * exp(lgamma(n / 2.0) - lgamma((n - 1) / 2.0))


def c5(n: int) -> float:
    """Standard deviation of that standard deviation, in units of sigma: `sqrt(1 - c4²)`."""
    return sqrt(1.0 - c4(n) ** 2)


def d2(n: int) -> float:
    """Expected range of n independent normal values, in units of sigma.

    Raises:
        SampleTooSmallError: n < 2.

    References:
        L. H. C. Tippett, "On the Extreme Individuals and the Range of Samples", Biometrika 17, 1925.
    """
    return _range_moments(n)[0]


def d3(n: int) -> float:
    """Standard deviation of that range, in units of sigma.

    Raises:
        SampleTooSmallError: n < 2.
    """
    return _range_moments(n)[1]


@lru_cache(maxsize=512)
def _range_moments(n: int) -> tuple[float, float]:
    """Mean and standard deviation of the range, integrated numerically (error below 1e-9).

    P(range <= w) = n ∫ φ(x) (Φ(x + w) - Φ(x))^(n-1) dx; mean and mean square follow from its tail.
    """
    _need_two("d2", n)
    density, inside, width, weights = _grid()
    tail = 1.0 - n * (density * inside ** (n - 1)).sum(axis=0)
    mean = float((weights * tail).sum())
    square = float((weights * 2.0 * width * tail).sum())
    return mean, sqrt(square - mean**2)


@lru_cache(maxsize=1)
def _grid() -> tuple[Floats, Floats, Floats, Floats]:
    """Density at x with the step's width (x, 1); Φ(x + w) - Φ(x), (x, w); widths w and their weights, (w,)."""
    x = np.linspace(-_EDGE, _EDGE, _STEPS)  # the trapezoid is exact to rounding for such a smooth bell
    density = np.exp(-0.5 * x**2) / np.sqrt(2.0 * np.pi) * (x[1] - x[0])
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    width = _EDGE * (nodes + 1.0)
    return density[:, None], ndtr(x[:, None] + width) - ndtr(x)[:, None], width, _EDGE * weights


def _need_two(method: str, n: int) -> None:
    if n < 2:
        raise SampleTooSmallError(method, needed=2, got=n)
