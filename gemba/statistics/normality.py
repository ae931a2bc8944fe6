"""Could these values come from a normal distribution?"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.finite import refuse_unknown

Floats = NDArray[np.float64]
LEAST = 8


@dataclass(frozen=True, slots=True)
class Normality:
    """Anderson-Darling test: `statistic` A², `p`, and the `alpha` it is judged at. `rejected` is evidence against a
    normal distribution; not rejected is no evidence for one, least of all with few values."""

    statistic: float
    p: float
    n: int
    alpha: float

    @property
    def rejected(self) -> bool:
        return self.p < self.alpha


def anderson_darling(values: Floats, *, alpha: float = 0.05) -> Normality:
    """Anderson-Darling test of normality, mean and variance estimated. Null: independent normal values.

    Args:
        values: Shape (n,), any unit, in any order. No NaN.

    Raises:
        SampleTooSmallError: Fewer than 8 values.
        UnusableValuesError: A value is infinite or missing, or all are equal.

    Notes:
        Coarse rounding (a gauge with few steps) and memory make it reject more often than it says. With thousands of
        values it rejects departures that change nothing: look at the tails.

    References:
        T. W. Anderson and D. A. Darling, J. Am. Stat. Assoc. 49, 765-769, 1954. p-value: R. B. D'Agostino and
        M. A. Stephens, "Goodness-of-Fit Techniques", 1986, table 4.9.
    """
    n = values.size
    if n < LEAST:
        raise SampleTooSmallError("anderson_darling", needed=LEAST, got=n)
    refuse_unknown("anderson_darling", values=values)
    deviation = float(values.std(ddof=1))
    if deviation <= 1e-12 * float(np.abs(values).max()):
        raise UnusableValuesError("anderson_darling", "all values are equal")
    z = np.sort((values - values.mean()) / deviation)
    odd = 2.0 * np.arange(1, n + 1) - 1.0
    statistic = -n - float((odd * (log_ndtr(z) + log_ndtr(-z[::-1]))).sum()) / n
    return Normality(statistic, _p_value(statistic * (1.0 + 0.75 / n + 2.25 / n**2)), n, alpha)


def _p_value(a: float) -> float:
    if a >= 0.6:
        return min(exp(1.2937 - 5.709 * a + 0.0186 * a * a), 1.0) if a < 10.0 else 0.0
    if a >= 0.34:
        return exp(0.9177 - 4.279 * a - 1.38 * a * a)
    if a >= 0.2:
        return 1.0 - exp(-8.318 + 42.796 * a - 59.938 * a * a)
    return 1.0 - exp(-13.436 + 101.14 * a - 223.73 * a * a)
