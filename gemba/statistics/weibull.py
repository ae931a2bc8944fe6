"""Weibull lives of parts, some of which have not failed yet."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, gamma, inf, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar, root_scalar
from scipy.special import chdtrc, chdtri

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.finite import refuse_unknown

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST = 3
"""Failures below which two parameters are not estimated."""

_WIDEST = 60.0  # logarithm of the factor by which an end of an interval may differ from its estimate


@dataclass(frozen=True, slots=True)
class Estimate:
    """A parameter or quantile with its profile-likelihood interval; an end is 0 or infinite where it is open."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Weibull:
    """Fitted life: share failed by t is `1 - exp(-(t / scale)^shape)`. Times in the unit of the data.

    `shape`: below 1 early failures, 1 chance, above 1 wear-out. `scale`: characteristic life, 63.2 % failed.
    `b10`: life that 10 % do not reach. `mean`, `deviation`: of the fitted lives. `log_likelihood` at the maximum.
    """

    shape: Estimate
    scale: Estimate
    b10: Estimate
    mean: float
    deviation: float
    log_likelihood: float
    failures: int
    survivors: int
    level: float


def weibull_fit(times: Floats, failed: Mask, *, level: float = 0.95) -> Weibull:
    """Two-parameter Weibull distribution by maximum likelihood from failures and right-censored survivors.

    Args:
        times: Shape (n,), life at failure, or age so far of a part that has not failed; above 0, no NaN.
        failed: Shape (n,).
        level: Coverage of the intervals.

    Returns:
        Intervals of the profile likelihood (likelihood ratio, chi-square with one degree of freedom).

    Raises:
        SampleTooSmallError: Fewer than 3 failures.
        UnusableValuesError: A time is infinite, missing or not above 0; all failures came at one time and no
            survivor is older, so that the shape has no upper bound.

    Notes:
        Assumes that parts are taken out for reasons that say nothing of their life, and one cause of failure:
        a mixture of two bends the line. With few failures the shape is estimated too high (by about 1.4 / failures
        of itself), and the intervals cover a few points less than `level` below ten failures.

    References:
        W. Q. Meeker and L. A. Escobar, "Statistical Methods for Reliability Data", 1998, chapter 8.
        NIST/SEMATECH e-Handbook, section 8.4.1.3.
    """
    life, middle = _lives("weibull_fit", times, failed)
    count = life.failures
    shape = life.best_shape()
    top = life.profile(shape)
    drop = float(chdtri(1, 1.0 - level)) / 2.0
    scale = life.log_scale(shape)
    spread = sqrt(2.0 * drop / count)  # about the half-width of the interval of the logarithm of the shape
    return Weibull(
        shape=_interval(log(shape), lambda at: top - drop - life.profile(exp(at)), spread, 0.0),
        scale=_interval(scale, lambda at: top - drop - life.profile_at(at, 0.0, shape), spread / shape, middle),
        b10=_interval(
            scale + _TENTH / shape,
            lambda at: top - drop - life.profile_at(at, _TENTH, shape),
            2.0 * spread / shape,
            middle,
        ),
        mean=exp(scale + middle) * gamma(1.0 + 1.0 / shape),
        deviation=exp(scale + middle) * sqrt(gamma(1.0 + 2.0 / shape) - gamma(1.0 + 1.0 / shape) ** 2),
        log_likelihood=top - count * middle,
        failures=count,
        survivors=times.size - count,
        level=level,
    )


def exponential_p(times: Floats, failed: Mask) -> float:
    """p-value of the null that lives are exponential, by the likelihood ratio against Weibull.

    Args, Raises: As `weibull_fit`.
    """
    life, _ = _lives("exponential_p", times, failed)
    return float(chdtrc(1, max(2.0 * (life.profile(life.best_shape()) - life.profile(1.0)), 0.0)))


def _lives(method: str, times: Floats, failed: Mask) -> tuple[_Lives, float]:
    """Checked lives, and the mean logarithm of those that ended."""
    refuse_unknown(method, times=times)
    count = int(failed.sum())
    if count < LEAST:
        raise SampleTooSmallError(f"{method} (failures)", needed=LEAST, got=count)
    if float(times.min()) <= 0:
        raise UnusableValuesError(method, f"{int((times <= 0).sum())} of {times.size} times are not above 0")
    logs = np.log(times)
    middle = float(logs[failed].mean())
    life = _Lives(logs - middle, count, float((logs[failed] - middle).sum()))
    if float(life.logs.max()) <= 1e-12:
        said = "all failures came at one time and no part grew older: the shape could be anything"
        raise UnusableValuesError(method, said)
    return life, middle


_TENTH = log(-log(0.9))  # where ten per cent have failed: shape * (log t - log scale)


@dataclass(frozen=True, slots=True)
class _Lives:
    """Logarithms of all times about the mean of the failures', so that powers of them stay in range."""

    logs: Floats
    failures: int
    total: float

    def log_sum(self, shape: float) -> float:
        """log of Σ t^shape, without overflow."""
        powers = shape * self.logs
        top = float(powers.max())
        return top + log(float(np.exp(powers - top).sum()))

    def log_scale(self, shape: float) -> float:
        """The likeliest, given the shape."""
        return (self.log_sum(shape) - log(self.failures)) / shape

    def log_likelihood(self, shape: float, log_scale: float) -> float:
        hazard = self.log_sum(shape) - shape * log_scale
        if hazard > 700.0:
            return -inf
        return self.failures * (log(shape) - shape * log_scale) + (shape - 1.0) * self.total - exp(hazard)

    def profile(self, shape: float) -> float:
        return self.log_likelihood(shape, self.log_scale(shape))

    def profile_at(self, log_time: float, reached: float, near: float) -> float:
        """Highest likelihood with `log_time` where `log(-log(surviving share)) = reached`."""

        def missed(log_shape: float) -> float:
            shape = exp(log_shape)
            return -self.log_likelihood(shape, log_time - reached / shape)

        found = minimize_scalar(missed, bounds=(log(near) - 5.0, log(near) + 3.0), method="bounded")
        return -float(found.fun)

    def best_shape(self) -> float:
        """Root of the derivative of the profile, which falls with the shape."""

        def slope(log_shape: float) -> float:
            shape = exp(log_shape)
            weight = np.exp(shape * self.logs - shape * float(self.logs.max()))
            mean = float((weight * self.logs).sum() / weight.sum())
            return 1.0 / shape + self.total / self.failures - mean

        low, high = -1.0, 1.0
        while slope(low) < 0:
            low -= 1.0
        while slope(high) > 0:
            high += 1.0
        return exp(float(root_scalar(slope, bracket=(low, high), method="brentq", xtol=1e-13).root))


def _interval(at: float, short: Callable[[float], float], step: float, shift: float) -> Estimate:
    """Where `short`, negative at the estimate, becomes 0 on either side of it; on the scale of logarithms."""
    return Estimate(exp(at + shift), _end(at, short, -step, shift, 0.0), _end(at, short, step, shift, inf))


def _end(at: float, short: Callable[[float], float], step: float, shift: float, open_end: float) -> float:
    inner, outer = at, at + step
    while not short(outer) > 0:
        inner, step = outer, 1.5 * step
        outer += step
        if abs(outer - at) > _WIDEST:
            return open_end
    while short(outer) == inf:  # the likelihood is nothing there: come back to where it is a number
        between = (inner + outer) / 2.0
        inner, outer = (inner, between) if short(between) > 0 else (between, outer)
    return exp(float(root_scalar(short, bracket=(inner, outer), method="brentq", xtol=1e-10).root) + shift)
