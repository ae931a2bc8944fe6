"""Repairable machines: time between failures, time to repair, availability, and whether failures come faster."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, log, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtr, chdtrc, chdtri, ndtr, stdtrit

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.finite import refuse_unknown
from gemba.statistics.weibull import exponential_p

Floats = NDArray[np.float64]
Truncation = Literal["time", "failure"]

_ALPHA = 0.05

LEAST_TREND = 4
"""Failures below which no trend is tested: even the clearest pattern of three is no evidence."""


@dataclass(frozen=True, slots=True)
class MeanTime:
    """Mean of a time, in its unit, with its interval. `value` is None where nothing failed: only `low` is then known
    (one-sided). `n`: failures or repairs."""

    value: float | None
    low: float
    high: float
    n: int
    method: str


@dataclass(frozen=True, slots=True)
class Trend:
    """Do failures come faster? `laplace`: positive where they crowd towards the end, standard normal without trend.
    `mil_hdbk`: chi-square with `df` degrees of freedom without trend, small where they crowd towards the end.
    Both `p` are two-sided. `shape`: of the power law `(t / scale)^shape` of expected failures, corrected for bias:
    above 1 they come faster. `n`: failures."""

    laplace: float
    laplace_p: float
    mil_hdbk: float
    df: int
    mil_hdbk_p: float
    shape: float
    n: int


def mtbf(operating_time: float, failures: int, *, truncation: Truncation, level: float = 0.95) -> MeanTime:
    """Mean time between failures at a constant failure rate (homogeneous Poisson process).

    Args:
        operating_time: Total time that all machines ran, any unit.
        failures: Seen in it.
        truncation: `time`: watched up to a given time. `failure`: watched until the last of these failures.
        level: Coverage of the interval.

    Returns:
        Chi-square interval: `2T / chi²` with 2r degrees of freedom, at the lower end 2r + 2 if time-truncated (exact
        for failure truncation, at least `level` for time). Without failures: the one-sided lower bound
        `-T / ln(1 - level)`.

    Raises:
        UnusableValuesError: A time that is not above 0 or infinite, negative failures, or none of them with failure
            truncation.

    Notes:
        Fails where the rate is not constant: test it (`failure_trend`).

    References:
        NIST/SEMATECH e-Handbook, section 8.4.5.1; B. Epstein and M. Sobel, "Life Testing", J. Am. Stat. Assoc. 48,
        486-502, 1953.
    """
    if not 0 < operating_time < inf:
        raise UnusableValuesError("mtbf", f"the operating time is {operating_time}: it must be above 0")
    if failures < (1 if truncation == "failure" else 0):
        raise UnusableValuesError("mtbf", f"{failures} failures, truncated by {truncation}")
    if failures == 0:
        return MeanTime(None, -operating_time / log(1.0 - level), inf, 0, "chi-square, one-sided")
    tail = (1.0 - level) / 2.0
    df = 2 * failures
    low = 2.0 * operating_time / float(chdtri(df + (2 if truncation == "time" else 0), tail))
    high = 2.0 * operating_time / float(chdtri(df, 1.0 - tail))
    return MeanTime(operating_time / failures, low, high, failures, f"chi-square, {truncation}-truncated")


def mttr(durations: Floats, *, level: float = 0.95) -> MeanTime:
    """Mean time to repair.

    Args:
        durations: Shape (n,), of finished repairs, above 0, any unit.
        level: Coverage of the interval.

    Returns:
        The mean. Where the durations do not speak against an exponential distribution (likelihood ratio against
        Weibull, 5 %): its exact chi-square interval. Else that of a lognormal mean (Cox's method with Student's t),
        the usual shape of repair times.

    Raises:
        SampleTooSmallError: Fewer than 3 durations.
        UnusableValuesError: A duration is infinite, missing or not above 0; all are equal.

    Notes:
        Repairs still going on are longer than the finished ones: leaving them out makes the mean too small.
        The lognormal interval is about the mean of the fitted distribution; very few, very long repairs escape it.

    References:
        U. Olsson, "Confidence Intervals for the Mean of a Log-Normal Distribution", J. Stat. Educ. 13(1), 2005.
    """
    n = durations.size
    exponential = exponential_p(durations, np.ones(n, dtype=np.bool_)) >= _ALPHA
    mean, tail = float(durations.mean()), (1.0 - level) / 2.0
    if exponential:
        total = 2.0 * n * mean
        low, high = total / float(chdtri(2 * n, tail)), total / float(chdtri(2 * n, 1.0 - tail))
        return MeanTime(mean, low, high, n, "exponential, chi-square")
    logs = np.log(durations)
    square = float(logs.var(ddof=1))
    half = float(stdtrit(n - 1, 1.0 - tail)) * sqrt(square / n + square**2 / (2.0 * (n - 1)))
    middle = float(logs.mean()) + square / 2.0
    low, high = exp(middle - half), exp(middle + half)
    return MeanTime(mean, min(low, mean), max(high, mean), n, "lognormal, Cox's method")


def inherent_availability(between: MeanTime, repair: MeanTime) -> float | None:
    """Share of the time that a machine is up, `MTBF / (MTBF + MTTR)`, both in one unit; None without failures."""
    if between.value is None or repair.value is None:
        return None
    return between.value / (between.value + repair.value)


def failure_trend(times: Floats, *, end: float | None = None) -> Trend:
    """Laplace and MIL-HDBK-189 tests of one machine's failures. Null: a homogeneous Poisson process.

    Args:
        times: Shape (n,), age (running time) at each failure, in order, from the start of watching at 0. No NaN.
        end: When watching ended. None: with the last failure (failure-truncated).

    Returns:
        The MIL-HDBK test is the better one against a power law (wear-out, reliability growth), Laplace's against
        an exponential change of the rate; look at both before, not after.

    Raises:
        SampleTooSmallError: Fewer than 4 failures.
        UnusableValuesError: A time is infinite, missing or not above 0; times go backwards; watching ends before the
            last failure.

    References:
        D. R. Cox and P. A. W. Lewis, "The Statistical Analysis of Series of Events", 1966 (Laplace); MIL-HDBK-189,
        1981; NIST/SEMATECH e-Handbook, sections 8.2.3.4 and 8.4.5.2 (modified maximum likelihood of the shape).
    """
    n = times.size
    if n < LEAST_TREND:
        raise SampleTooSmallError("failure_trend", needed=LEAST_TREND, got=n)
    refuse_unknown("failure_trend", times=times)
    last = float(times[-1]) if end is None else end
    if float(times[0]) <= 0 or (np.diff(times) < 0).any():
        raise UnusableValuesError("failure_trend", "times of failure must be above 0 and in order")
    if not times[-1] <= last < inf:
        raise UnusableValuesError("failure_trend", f"watching ended at {last:g}, before the last failure")
    used = times[:-1] if end is None else times  # the failure that ends the watch says nothing about the trend
    m = used.size
    laplace = float((used / last - 0.5).sum()) * sqrt(12.0 / m)
    logs = float(np.log(last / used).sum())
    below, above = float(chdtr(2 * m, 2.0 * logs)), float(chdtrc(2 * m, 2.0 * logs))
    return Trend(
        laplace=laplace,
        laplace_p=float(2.0 * ndtr(-abs(laplace))),
        mil_hdbk=2.0 * logs,
        df=2 * m,
        mil_hdbk_p=min(1.0, 2.0 * min(below, above)),
        shape=(m - 1) / logs if logs > 0 else inf,
        n=n,
    )
