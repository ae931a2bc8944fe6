"""Capability of measurements that are not normal: by quantiles of the distribution that they follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincinv, gammaln, ndtr, ndtri, psi

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.capability import Index, Specification, proportion
from gemba.statistics.finite import refuse_unknown
from gemba.statistics.normality import anderson_darling

Floats = NDArray[np.float64]

LEAST = 30
"""Values below which no distribution is told from another."""

LEAST_UNFITTED = 2000
"""Values from which the quantiles are read off the values themselves: two or three then lie beyond each."""

LOW, MIDDLE, HIGH = (float(p) for p in ndtr(np.array([-3.0, 0.0, 3.0])))  # 0.135 %, 50 %, 99.865 %
_RESAMPLES = 400
_RESAMPLED = 1000  # values in a sample; of more values the interval is narrower by the root
_TOLD_APART = 3.0  # in log-likelihood: twenty times as likely (R. Royall, "Statistical Evidence", 1997)


@dataclass(frozen=True, slots=True)
class QuantileCapability:
    """Indices with the distributions they rest on, likeliest first (`values` where they were read off directly).

    `low`, `middle`, `high`: the 0.135 %, 50 % and 99.865 % quantiles. `pp`: width of the specification over
    `high - low`; `ppk`: the smaller of `ppl` and `ppu`, distances of the limits from the middle over that of the
    quantiles. `outside`: share expected outside. `seen_outside`: share of the values. `fit_p`: of the likeliest.
    """

    n: int
    distributions: tuple[str, ...]
    low: float
    middle: float
    high: float
    pp: Index | None
    ppk: Index
    ppl: Index | None
    ppu: Index | None
    outside: Index
    seen_outside: Index
    fit_p: float | None


@dataclass(frozen=True, slots=True)
class _Family:
    """Two parameters each: `fit` takes rows (b, n) and gives (b, 2), which the other functions take."""

    name: str
    positive: bool
    fit: Callable[[Floats], Floats]
    log_density: Callable[[Floats, Floats], Floats]
    below: Callable[[Floats, Floats], Floats]
    quantile: Callable[[Floats, Floats], Floats]


def quantile_capability(
    values: Floats,
    specification: Specification,
    *,
    rng: np.random.Generator,
    level: float = 0.95,
    memory: float = 0.0,
) -> QuantileCapability:
    """Indices by the quantile method, with a distribution chosen from normal, lognormal, Weibull and gamma.

    Args:
        values: Shape (n,), in the unit of the specification, independent, no NaN. The last three distributions
            start at 0: they come in only where all values are above.
        rng: For the intervals.
        level: Coverage of the intervals.
        memory: Lag-1 autocorrelation. The intervals are stretched as for so many fewer values.

    Returns:
        Values of the distribution with the highest likelihood (all have two parameters) among those that the values
        do not speak against at 5 %; from 2,000 values on, where none fits, of the quantiles of the values. Intervals:
        percentiles of 400 samples drawn from the distribution (from the values) and fitted anew, stretched to hold
        those of every other distribution whose log-likelihood is within 3 of the best: which of them it is, the
        values do not tell. `seen_outside`: exact.

    Raises:
        SampleTooSmallError: Fewer than 30 values, or fewer than 2,000 and no distribution fits: the 0.135 %
            quantile cannot be known from fewer.
        UnusableValuesError: A value is infinite or missing, or all are equal.

    Notes:
        The quantiles lie beyond what a few hundred values show: they are the distribution's word, not the data's.
        A mixture of two levels (machines, lots) fits none of them: split it.

    References:
        ISO 22514-2 (quantile method); J. A. Clements, "Process Capability Calculations for Non-Normal Distributions",
        Qual. Prog. 22(9), 95-100, 1989. Test of the fit: Anderson-Darling on the normal scores of the fitted
        distribution, G. Chen and N. Balakrishnan, J. Qual. Technol. 27(2), 154-161, 1995. Bootstrap: B. Efron, 1979.
    """
    n = values.size
    if n < LEAST:
        raise SampleTooSmallError("quantile_capability", needed=LEAST, got=n)
    refuse_unknown("quantile_capability", values=values)
    if float(np.ptp(values)) <= 1e-12 * float(np.abs(values).max()):
        raise UnusableValuesError("quantile_capability", "all values are equal: they have no quantiles")
    fits = _fits(values)
    if not fits and n < LEAST_UNFITTED:
        raise SampleTooSmallError("quantile_capability (no distribution fits)", needed=LEAST_UNFITTED, got=n)
    found = [_fitted(fit.family, values, specification, rng, level) for fit in fits]
    if not fits:
        found = [_unfitted(values, specification, rng, level)]
    stretch = float(np.sqrt((1.0 + memory) / (1.0 - memory)))
    made = {name: _stretched(_hull([one[1][name] for one in found]), stretch) for name in found[0][1]}
    if not fits:  # a share read off the values has its own interval
        made["outside"] = proportion(round(found[0][1]["outside"].value * n), n, level, memory=memory)
    hits = round(float(_share(values[None, :], specification)[0]) * n)
    return QuantileCapability(
        n,
        tuple(fit.family.name for fit in fits) or ("values",),
        *(float(q) for q in found[0][0]),
        pp=made.get("pp"),
        ppk=made["ppk"],
        ppl=made.get("ppl"),
        ppu=made.get("ppu"),
        outside=_as_share(made["outside"]),
        seen_outside=proportion(hits, n, level, memory=memory),
        fit_p=fits[0].p if fits else None,
    )


@dataclass(frozen=True, slots=True)
class _Fit:
    family: _Family
    likelihood: float
    p: float


def _fits(values: Floats) -> list[_Fit]:
    """Families that the values speak neither against nor clearly less for than for the best, likeliest first."""
    row, found = values[None, :], []
    for family in _FAMILIES:
        if family.positive and float(values.min()) <= 0:
            continue
        fitted = family.fit(row)
        scores = ndtri(np.clip(family.below(fitted, row)[0], 1e-15, 1.0 - 1e-15))
        fit = anderson_darling(scores)
        if not fit.rejected:
            found.append(_Fit(family, float(family.log_density(fitted, row).sum()), fit.p))
    found.sort(key=lambda one: -one.likelihood)
    return [one for one in found if one.likelihood >= found[0].likelihood - _TOLD_APART]


def _fitted(
    family: _Family, values: Floats, specification: Specification, rng: np.random.Generator, level: float
) -> tuple[Floats, dict[str, Index]]:
    fitted, at = family.fit(values[None, :]), np.array([LOW, MIDDLE, HIGH])
    size = min(values.size, _RESAMPLED)
    drawn = family.quantile(fitted, rng.random((1, _RESAMPLES * size))).reshape(_RESAMPLES, size)
    refitted = family.fit(drawn)
    points, resampled = (family.quantile(f, np.tile(at, (f.shape[0], 1))) for f in (fitted, refitted))
    found = _indices(points, _tails(family, fitted, specification), specification)
    again = _indices(resampled, _tails(family, refitted, specification), specification)
    shrunk = float(np.sqrt(size / values.size))
    return points[0], {name: _index(found[name], again[name], level, shrunk) for name in found}


def _unfitted(
    values: Floats, specification: Specification, rng: np.random.Generator, level: float
) -> tuple[Floats, dict[str, Index]]:
    """The k-th smallest of n values drawn anew is the value at rank n U, U the k-th smallest of n uniform numbers."""
    n, ordered = values.size, np.sort(values)
    at = np.array([LOW, MIDDLE, HIGH])
    points = np.quantile(values, at)[None, :]
    gaps = np.diff(np.concatenate([[0.0], np.ceil(n * at), [n + 1.0]]))
    spaced = np.cumsum(rng.gamma(gaps, size=(_RESAMPLES, gaps.size)), axis=1)
    resampled = ordered[np.minimum((n * spaced[:, :3] / spaced[:, 3:]).astype(np.int64), n - 1)]
    share = _share(values[None, :], specification)
    found = _indices(points, share, specification)
    again = _indices(resampled, np.full(_RESAMPLES, share[0]), specification)
    made = {name: _index(found[name], again[name], level, 1.0) for name in found}
    return points[0], made


def _hull(each: list[Index]) -> Index:
    """The value of the likeliest distribution with an interval that holds those of all."""
    return Index(each[0].value, min(i.low for i in each), max(i.high for i in each), each[0].method)


def _stretched(index: Index, factor: float) -> Index:
    low, high = (index.value + factor * (end - index.value) for end in (index.low, index.high))
    return Index(index.value, low, high, index.method)


def _as_share(index: Index) -> Index:
    return Index(index.value, max(index.low, 0.0), min(index.high, 1.0), index.method)


def _indices(points: Floats, outside: Floats, specification: Specification) -> dict[str, Floats]:
    low, middle, high = points.T
    found: dict[str, Floats] = {"outside": outside}
    if specification.lower is not None and specification.upper is not None:
        found["pp"] = (specification.upper - specification.lower) / (high - low)
    if specification.lower is not None:
        found["ppl"] = (middle - specification.lower) / (middle - low)
    if specification.upper is not None:
        found["ppu"] = (specification.upper - middle) / (high - middle)
    found["ppk"] = np.min([found[side] for side in ("ppl", "ppu") if side in found], axis=0)
    return found


def _index(value: Floats, resampled: Floats, level: float, shrunk: float) -> Index:
    at = float(value[0])
    low, high = at + shrunk * (np.quantile(resampled, [(1.0 - level) / 2.0, (1.0 + level) / 2.0]) - at)
    return Index(at, float(low), float(high), "bootstrap percentiles")


def _share(rows: Floats, specification: Specification) -> Floats:
    low = -np.inf if specification.lower is None else specification.lower
    high = np.inf if specification.upper is None else specification.upper
    return ((rows < low) | (rows > high)).mean(axis=1)


def _tails(family: _Family, fitted: Floats, specification: Specification) -> Floats:
    total = np.zeros(fitted.shape[0])
    for limit, sign in ((specification.lower, 1.0), (specification.upper, -1.0)):
        if limit is not None:
            inside = limit > 0 or not family.positive
            below = family.below(fitted, np.full((fitted.shape[0], 1), limit))[:, 0] if inside else 0.0 * total
            total = total + (below if sign > 0 else 1.0 - below)
    return total


def _moments(rows: Floats) -> Floats:
    """Mean and standard deviation with divisor n - 1, (b, 2)."""
    return np.column_stack([rows.mean(axis=1), rows.std(axis=1, ddof=1)])


def _fit_weibull(rows: Floats) -> Floats:
    """Shape and scale by maximum likelihood; Newton's method on the shape, all rows at once."""
    logs = np.log(rows)
    centred = logs - logs.mean(axis=1, keepdims=True)
    shape = 1.2825 / np.maximum(logs.std(axis=1), 1e-12)
    for _ in range(60):
        weight = np.exp(shape[:, None] * centred)
        total = weight.sum(axis=1)
        first = (weight * centred).sum(axis=1) / total
        second = (weight * centred**2).sum(axis=1) / total
        step = (first - 1.0 / shape) / (second - first**2 + 1.0 / shape**2)
        shape = np.maximum(shape - step, shape / 3.0)
        if np.abs(step).max() < 1e-10 * shape.max():
            break
    scale = np.exp(logs.mean(axis=1)) * np.exp(shape[:, None] * centred).mean(axis=1) ** (1.0 / shape)
    return np.column_stack([shape, scale])


def _fit_gamma(rows: Floats) -> Floats:
    """Shape and scale by maximum likelihood (T. P. Minka, "Estimating a Gamma distribution", 2002)."""
    mean = rows.mean(axis=1)
    gap = np.log(mean) - np.log(rows).mean(axis=1)
    shape = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(60):
        slope = (psi(shape * (1 + 1e-6)) - psi(shape)) / (shape * 1e-6)
        inverse = 1.0 / shape + (np.log(shape) - psi(shape) - gap) / (shape**2 * (1.0 / shape - slope))
        moved = 1.0 / inverse
        done = float(np.abs(moved / shape - 1.0).max()) < 1e-10
        shape = moved
        if done:
            break
    return np.column_stack([shape, mean / shape])


def _log_normal(z: Floats) -> Floats:
    return -0.5 * z**2 - 0.5 * np.log(2.0 * np.pi)


def _scaled(fitted: Floats, x: Floats) -> Floats:
    return (x - fitted[:, :1]) / fitted[:, 1:]


def _log_gamma_density(fitted: Floats, x: Floats) -> Floats:
    shape, scale = fitted[:, :1], fitted[:, 1:]
    return (shape - 1.0) * np.log(x) - x / scale - gammaln(shape) - shape * np.log(scale)


_FAMILIES = (
    _Family(
        "normal",
        False,
        _moments,
        lambda f, x: _log_normal(_scaled(f, x)) - np.log(f[:, 1:]),
        lambda f, x: ndtr(_scaled(f, x)),
        lambda f, p: f[:, :1] + f[:, 1:] * ndtri(p),
    ),
    _Family(
        "lognormal",
        True,
        lambda rows: _moments(np.log(rows)),
        lambda f, x: _log_normal(_scaled(f, np.log(x))) - np.log(f[:, 1:] * x),
        lambda f, x: ndtr(_scaled(f, np.log(x))),
        lambda f, p: np.exp(f[:, :1] + f[:, 1:] * ndtri(p)),
    ),
    _Family(
        "Weibull",
        True,
        _fit_weibull,
        lambda f, x: np.log(f[:, :1] / f[:, 1:]) + (f[:, :1] - 1.0) * np.log(x / f[:, 1:]) - (x / f[:, 1:]) ** f[:, :1],
        lambda f, x: -np.expm1(-((x / f[:, 1:]) ** f[:, :1])),
        lambda f, p: f[:, 1:] * (-np.log1p(-p)) ** (1.0 / f[:, :1]),
    ),
    _Family(
        "gamma",
        True,
        _fit_gamma,
        _log_gamma_density,
        lambda f, x: gammainc(f[:, :1], x / f[:, 1:]),
        lambda f, p: f[:, 1:] * gammaincinv(f[:, :1], p),
    ),
)
