"""Process capability of normal measurements: indices with intervals, and the share outside the specification."""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf, isnan, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.special import betaincinv, chdtri, nctdtrinc, ndtr, ndtri

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_constants import c4
from gemba.statistics.control_memory import lag_one
from gemba.statistics.finite import refuse_unknown
from gemba.statistics.normality import Normality, anderson_darling

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LEAST = 10
"""Values below which no capability is stated: the interval of Cpk 1.33 from ten reaches from 0.7 to 2."""

_MOVING_RANGE_DF = 0.605  # of a mean moving range, a difference: 1 / (2 * 0.8264)


@dataclass(frozen=True, slots=True)
class Specification:
    """Limits a measurement must keep, in its unit; None where there is none. `target`: None means the middle.

    Raises:
        UnusableValuesError: No limit at all, a limit that is infinite or missing, lower not below upper, or a target
            outside the limits.
    """

    lower: float | None
    upper: float | None
    target: float | None = None

    def __post_init__(self) -> None:
        given = {"lower": self.lower, "upper": self.upper, "target": self.target}
        for name, value in given.items():
            if value is not None and (isinf(value) or isnan(value)):
                raise UnusableValuesError("specification", f"{name} is {value}: leave it out if there is none")
        if self.lower is None and self.upper is None:
            raise UnusableValuesError("specification", "neither a lower nor an upper limit is given")
        low = -np.inf if self.lower is None else self.lower
        high = np.inf if self.upper is None else self.upper
        if low >= high:
            raise UnusableValuesError("specification", f"the lower limit {low:g} is not below the upper {high:g}")
        if self.target is not None and not low <= self.target <= high:
            raise UnusableValuesError("specification", f"the target {self.target:g} is outside the limits")

    @property
    def aim(self) -> float | None:
        """Target, or the middle of two limits."""
        if self.target is not None or self.lower is None or self.upper is None:
            return self.target
        return (self.lower + self.upper) / 2.0


@dataclass(frozen=True, slots=True)
class Index:
    """A capability index or a share, with its two-sided interval and how that was made."""

    value: float
    low: float
    high: float
    method: str


@dataclass(frozen=True, slots=True)
class Capability:
    """All indices that the specification allows; None for the others.

    `cp`, `cpk`: from the variation within subgroups (or from neighbour to neighbour): what the process could do if
    its level stood still. `pp`, `ppk`, `ppl`, `ppu`, `cpm`: from the variation of all values: what it does. `outside`:
    share expected outside the specification of a normal process with the overall mean and deviation.
    `seen_outside`: share of the values that are outside, whatever their distribution. `memory`: lag-1 autocorrelation
    that the intervals allow for, 0 where it is not significantly positive.
    """

    n: int
    mean: float
    within: float
    overall: float
    cp: Index | None
    cpk: Index
    pp: Index | None
    ppk: Index
    ppl: Index | None
    ppu: Index | None
    cpm: Index | None
    outside: Index
    seen_outside: Index
    normality: Normality
    memory: float


def capability(
    values: Floats, specification: Specification, *, subgroup: Ints | None = None, level: float = 0.95
) -> Capability:
    """Capability and performance indices of a normal process.

    Args:
        values: Shape (n,), in order of time, in the unit of the specification. No NaN.
        subgroup: Shape (n,), number of each value's subgroup. Within variation is then pooled over subgroups
            (unbiased by c4); without, it comes from the mean moving range.
        level: Coverage of the intervals.

    Returns:
        Intervals. Cp, Pp, Cpm: chi-square (exact for the first two; after Boyles for Cpm). Cpk, Ppk with two limits:
        Bissell. With one limit, and Ppl, Ppu: exact, from the noncentral t. The share outside: from both
        one-sided intervals at half the error each, so its coverage is at least `level`. Where neighbours resemble
        each other significantly the numbers of values are replaced by effective ones.

    Raises:
        SampleTooSmallError: Fewer than 10 values.
        UnusableValuesError: A value is infinite or missing, the values do not vary, or no subgroup has two values.

    Notes:
        Says nothing where the process is not in control: look at its chart first. Where `normality.rejected`, the
        indices and `outside` mislead: use `capability_quantiles`. `seen_outside` holds in any case.

    References:
        A. F. Bissell, "How Reliable is Your Capability Index?", Appl. Stat. 39(3), 331-340, 1990. Y. Chou, D. B. Owen
        and S. A. Borrego, J. Qual. Technol. 22(3), 223-229, 1990 (one-sided). R. A. Boyles, "The Taguchi Capability
        Index", J. Qual. Technol. 23(1), 17-26, 1991. NIST/SEMATECH e-Handbook, section 6.1.6.
    """
    n = values.size
    if n < LEAST:
        raise SampleTooSmallError("capability", needed=LEAST, got=n)
    refuse_unknown("capability", values=values)
    mean, overall = float(values.mean()), float(values.std(ddof=1))
    if overall <= 1e-12 * float(np.abs(values).max()):
        raise UnusableValuesError("capability", "all values are equal: there is no variation to compare with")
    within, within_df = _within(values, subgroup)
    seen = lag_one(values) if n >= 20 else None
    memory = seen.value if seen is not None and seen.significant and seen.value > 0 else 0.0
    size = n * (1.0 - memory) / (1.0 + memory)
    thin = (1.0 - memory**2) / (1.0 + memory**2)
    whole, short = (size, (n - 1) * thin), (size, within_df * thin)
    lower, upper = specification.lower, specification.upper
    ppl = None if lower is None else _one_sided((mean - lower) / (3.0 * overall), *whole, level)
    ppu = None if upper is None else _one_sided((upper - mean) / (3.0 * overall), *whole, level)
    return Capability(
        n=n,
        mean=mean,
        within=within,
        overall=overall,
        cp=_potential(specification, within, short[1], level),
        cpk=_nearest(specification, mean, within, short, level),
        pp=_potential(specification, overall, whole[1], level),
        ppk=_nearest(specification, mean, overall, whole, level),
        ppl=ppl,
        ppu=ppu,
        cpm=_taguchi(specification, mean, overall, size, level),
        outside=_outside(specification, mean, overall, whole, level),
        seen_outside=_seen(values, specification, level, memory),
        normality=anderson_darling(values),
        memory=memory,
    )


def proportion(hits: int, n: int, level: float = 0.95, *, memory: float = 0.0) -> Index:
    """Share with its exact interval (C. J. Clopper and E. S. Pearson, Biometrika 26, 404-413, 1934).

    With lag-1 `memory` both counts are those of as many independent values as these are worth.
    """
    tail = (1.0 - level) / 2.0
    worth = (1.0 - memory) / (1.0 + memory)
    some, rest = hits * worth, (n - hits) * worth
    low = 0.0 if hits == 0 else float(betaincinv(some, rest + 1.0, tail))
    high = 1.0 if hits == n else float(betaincinv(some + 1.0, rest, 1.0 - tail))
    return Index(hits / n, low, high, "Clopper-Pearson 1934")


def _within(values: Floats, subgroup: Ints | None) -> tuple[float, float]:
    """Standard deviation within subgroups, or from neighbour to neighbour, and its degrees of freedom."""
    if subgroup is None:
        sigma, df = float(np.abs(np.diff(values)).mean()) * sqrt(np.pi) / 2.0, _MOVING_RANGE_DF * (values.size - 1)
    else:
        _, number = np.unique(subgroup, return_inverse=True)
        size = np.bincount(number)
        df = float((size - 1).sum())
        if df < 1:
            raise UnusableValuesError("capability", "no subgroup has two values: leave subgroups out")
        mean = np.bincount(number, weights=values) / size
        sigma = sqrt(float(((values - mean[number]) ** 2).sum()) / df) / c4(int(df) + 1)
    if sigma <= 1e-12 * float(np.abs(values).max()):
        raise UnusableValuesError("capability", "the values do not vary within subgroups")
    return sigma, df


def _potential(specification: Specification, sigma: float, df: float, level: float) -> Index | None:
    if specification.lower is None or specification.upper is None:
        return None
    value = (specification.upper - specification.lower) / (6.0 * sigma)
    return _chi_square(value, df, level, "chi-square")


def _nearest(specification: Specification, mean: float, sigma: float, size: tuple[float, float], level: float) -> Index:
    lower, upper = specification.lower, specification.upper
    sides = [] if lower is None else [(mean - lower) / (3.0 * sigma)]
    sides += [] if upper is None else [(upper - mean) / (3.0 * sigma)]
    value = min(sides)
    if len(sides) == 1:
        return _one_sided(value, *size, level)
    half = float(ndtri(0.5 + level / 2.0)) * sqrt(1.0 / (9.0 * size[0]) + value**2 / (2.0 * size[1]))
    return Index(value, value - half, value + half, "Bissell 1990")


def _one_sided(value: float, n: float, df: float, level: float) -> Index:
    """`3 sqrt(n) value` is noncentral t: its noncentrality, over `3 sqrt(n)`, is the index of the process."""
    tail, scale = (1.0 - level) / 2.0, 3.0 * sqrt(n)
    low, high = (float(nctdtrinc(df, p, scale * value)) / scale for p in (1.0 - tail, tail))
    return Index(value, low, high, "noncentral t (Chou, Owen and Borrego 1990)")


def _taguchi(specification: Specification, mean: float, sigma: float, n: float, level: float) -> Index | None:
    aim = specification.aim
    if specification.lower is None or specification.upper is None or aim is None:
        return None
    off = (mean - aim) / sigma
    width = (specification.upper - specification.lower) / (6.0 * sigma)
    # the squared distance from the target is chi-square about its mean with divisor n
    likely = _chi_square(
        width / sqrt(1.0 - 1.0 / n + off**2),
        n * (1.0 + off**2) ** 2 / (1.0 + 2.0 * off**2),
        level,
        "chi-square (Boyles 1991)",
    )
    return Index(width / sqrt(1.0 + off**2), likely.low, likely.high, likely.method)


def _chi_square(value: float, df: float, level: float, method: str) -> Index:
    tail = (1.0 - level) / 2.0
    return Index(value, value * sqrt(chdtri(df, 1.0 - tail) / df), value * sqrt(chdtri(df, tail) / df), method)


def _outside(specification: Specification, mean: float, sigma: float, size: tuple[float, float], level: float) -> Index:
    lower, upper = specification.lower, specification.upper
    sides = [] if lower is None else [(mean - lower) / (3.0 * sigma)]
    sides += [] if upper is None else [(upper - mean) / (3.0 * sigma)]
    each = 1.0 - (1.0 - level) / len(sides)
    parts = [_one_sided(side, *size, each) for side in sides]
    value, low, high = (
        float(sum(ndtr(-3.0 * x) for x in xs))
        for xs in ([p.value for p in parts], [p.high for p in parts], [p.low for p in parts])
    )
    return Index(value, low, min(high, 1.0), "normal tails, noncentral t")


def _seen(values: Floats, specification: Specification, level: float, memory: float) -> Index:
    low = np.zeros(values.size, bool) if specification.lower is None else values < specification.lower
    high = np.zeros(values.size, bool) if specification.upper is None else values > specification.upper
    return proportion(int((low | high).sum()), values.size, level, memory=memory)
