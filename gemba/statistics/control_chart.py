"""Shewhart charts of measurements: individuals with moving ranges, means with ranges or standard deviations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_constants import c4, c5, d2, d3
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SIGMAS = 3.0
LEAST = 8
"""Points (subgroups) below which no limits are estimated: three-sigma limits from fewer are off by half a sigma."""

SETTLED = 20
"""Points from which limits are held to be more than trial limits (Montgomery, Introduction to SQC, section 6.2)."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What phase I learnt and phase II keeps: pass it to judge new points by limits that they do not move.

    `kind`: the chart it belongs to. `centre`: mean of the measurement, in its unit, or rate of an attribute.
    `sigma`: standard deviation of one measurement within subgroups; for attributes the factor on the binomial or
    Poisson standard error (1 without overdispersion). `memory`: lag-1 autocorrelation allowed for.
    `points`: values or subgroups it rests on.
    """

    kind: str
    centre: float
    sigma: float
    points: int
    memory: float = 0.0

    @property
    def is_trial(self) -> bool:
        """Fewer points than usual for lasting limits: the true false-alarm rate may be several times the nominal."""
        return self.points < SETTLED


@dataclass(frozen=True, slots=True)
class Chart:
    """One drawn chart; all arrays of shape (n,), in the unit of the statistic.

    `value`: plotted statistic, NaN where there is none. `centre`, `lower`, `upper`: lines, one value a point since
    sizes may differ; a lower line below what is possible is drawn at 0, an upper one of a proportion at 1.
    `se`: standard error of the statistic when in control.
    """

    statistic: str
    value: Floats
    centre: Floats
    se: Floats
    lower: Floats
    upper: Floats

    @property
    def standardised(self) -> Floats:
        """`(value - centre) / se`: what `control_rules.signals` takes. NaN at gaps."""
        return (self.value - self.centre) / self.se

    @property
    def beyond(self) -> Ints:
        """Positions of points outside their limits. A point on a limit is inside."""
        return np.flatnonzero((self.value > self.upper) | (self.value < self.lower))

    @property
    def missing(self) -> Ints:
        """Positions without a value."""
        return np.flatnonzero(np.isnan(self.value))


@dataclass(frozen=True, slots=True)
class ControlCharts:
    """The chart of the level and, for measurements, that of the spread, with the reference both were judged by."""

    level: Chart
    spread: Chart | None
    reference: Reference


def individuals_chart(
    values: Floats, *, reference: Reference | None = None, excluded: Mask | None = None
) -> ControlCharts:
    """I-MR chart: single values and the absolute differences of neighbours.

    Args:
        values: Shape (n,), in order of time, any unit. NaN is a gap: not drawn, and no range is taken across it.
        reference: Of phase I, to judge these values by frozen limits (phase II). None: phase I, limits from `values`.
        excluded: Shape (n,). Values with a known cause, left out of the estimates; they are drawn and judged all
            the same. Nothing is left out by itself.

    Returns:
        Sigma is the mean moving range over d2(2); limits are three standard errors away from the centre.

    Raises:
        SampleTooSmallError: Phase I with fewer than 8 values, or phase II with none.
        UnusableValuesError: A value is infinite, the values do not move, or the reference is of another chart.

    Notes:
        Assumes independent values: with memory it alarms far too often (`control_memory`). Moving ranges are
        correlated: of the range chart only points beyond the limit mean something, no runs.

    References:
        W. A. Shewhart, 1931; NIST/SEMATECH e-Handbook of Statistical Methods, section 6.3.2.2.
    """
    refuse_infinite("individuals_chart", values=values)
    ranges = np.concatenate(([np.nan], np.abs(np.diff(values))))
    if reference is None:
        kept = ~np.isnan(values) & ~_mask(excluded, values.size)
        _enough("individuals_chart", int(kept.sum()))
        pairs = np.concatenate(([False], kept[1:] & kept[:-1]))
        if not pairs.any():
            raise SampleTooSmallError("individuals_chart (values next to each other)", needed=2, got=1)
        sigma = float(ranges[pairs].mean()) / d2(2)
        reference = Reference("I-MR", float(values[kept].mean()), sigma, int(kept.sum()))
    _fits("individuals_chart", reference, "I-MR", values)
    one = np.ones(values.size)
    level = drawn("individual value", values, one * reference.centre, one * reference.sigma)
    spread = drawn("moving range", ranges, one * reference.sigma * d2(2), one * reference.sigma * d3(2), least=0.0)
    return ControlCharts(level, spread, reference)


def subgroup_chart(
    values: Floats,
    subgroup: Ints,
    *,
    spread: Literal["range", "deviation"],
    reference: Reference | None = None,
    excluded: Mask | None = None,
) -> ControlCharts:
    """X̄-R (`spread="range"`) or X̄-S chart (`"deviation"`) of subgroups of equal or unequal size.

    Args:
        values: Shape (n,), any unit; NaN is left out of its subgroup.
        subgroup: Shape (n,), number of the subgroup of each value, 0 … m - 1 in order of time.
        reference: Of phase I, for frozen limits. None: phase I.
        excluded: Shape (m,). Subgroups left out of the estimates, drawn and judged all the same.

    Returns:
        Charts with m points. The centre is the mean of all values; sigma the mean over subgroups of
        `range / d2(size)` or `deviation / c4(size)`. A subgroup of one value has a mean with its wider limits but no
        spread; one without values is a gap.

    Raises:
        SampleTooSmallError: Phase I with fewer than 8 subgroups of two or more values.
        UnusableValuesError: A value is infinite, no subgroup has two values (an I-MR chart is for these), all
            subgroups are constant, or the reference is of another chart.

    Notes:
        Of subgroups above ten values the range wastes information: use the deviation. Sigma is that within
        subgroups: where these differ by more than chance even in control (a batch effect), most means lie beyond.

    References:
        Limits: ASTM E2587; unequal sizes: I. W. Burr, "Control Charts for Measurements with Varying Sample Sizes",
        J. Qual. Technol. 1(3), 163-167, 1969.
    """
    refuse_infinite("subgroup_chart", values=values)
    size, mean, width = _summaries(values, subgroup, spread)
    kind = "X-R" if spread == "range" else "X-S"
    spans = np.array([_factors(int(k), spread) for k in size]).reshape(-1, 2)
    if reference is None:
        kept = (size > 1) & ~_mask(excluded, size.size)
        if not (size > 1).any():
            raise UnusableValuesError("subgroup_chart", "no subgroup has two values: use individuals_chart")
        _enough("subgroup_chart", int(kept.sum()))
        used = (size > 0) & ~_mask(excluded, size.size)
        sigma = float((width[kept] / spans[kept, 0]).mean())
        reference = Reference(kind, float(np.average(mean[used], weights=size[used])), sigma, int(kept.sum()))
    _fits("subgroup_chart", reference, kind, values)
    with np.errstate(divide="ignore"):
        se = reference.sigma / np.sqrt(size)
    level = drawn("mean", mean, np.full(size.size, reference.centre), np.where(size > 0, se, np.nan))
    return ControlCharts(
        level,
        drawn(spread, width, spans[:, 0] * reference.sigma, spans[:, 1] * reference.sigma, least=0.0),
        reference,
    )


def drawn(
    statistic: str, value: Floats, centre: Floats, se: Floats, *, least: float = -np.inf, most: float = np.inf
) -> Chart:
    """A chart with lines three standard errors from the centre, kept within what the statistic can be."""
    return Chart(
        statistic,
        value,
        centre,
        se,
        lower=np.maximum(centre - SIGMAS * se, least),
        upper=np.minimum(centre + SIGMAS * se, most),
    )


def _summaries(values: Floats, subgroup: Ints, spread: str) -> tuple[Floats, Floats, Floats]:
    """Size, mean and range or deviation of each subgroup, (m,); NaN where there is none."""
    if values.size == 0:
        raise SampleTooSmallError("subgroup_chart", needed=LEAST, got=0)
    groups = int(subgroup.max()) + 1
    there = ~np.isnan(values)
    x, g = values[there], subgroup[there]
    size = np.bincount(g, minlength=groups).astype(np.float64)
    total = np.bincount(g, weights=x, minlength=groups)
    mean = np.divide(total, size, out=np.full(groups, np.nan), where=size > 0)
    if spread == "range":
        high, low = np.full(groups, -np.inf), np.full(groups, np.inf)
        np.maximum.at(high, g, x)
        np.minimum.at(low, g, x)
        width = np.where(size > 1, high - low, np.nan)
    else:
        square = np.bincount(g, weights=(x - mean[g]) ** 2, minlength=groups)
        width = np.sqrt(np.divide(square, size - 1.0, out=np.full(groups, np.nan), where=size > 1))
    return size, mean, width


def _factors(size: int, spread: str) -> tuple[float, float]:
    """Expectation and standard deviation of the spread of so many values, in units of sigma."""
    if size < 2:
        return np.nan, np.nan
    return (d2(size), d3(size)) if spread == "range" else (c4(size), c5(size))


def _mask(excluded: Mask | None, n: int) -> Mask:
    return np.zeros(n, dtype=np.bool_) if excluded is None else excluded


def _enough(method: str, got: int) -> None:
    if got < LEAST:
        raise SampleTooSmallError(method, needed=LEAST, got=got)


def _fits(method: str, reference: Reference, kind: str, values: Floats) -> None:
    if np.isnan(values).all():
        raise SampleTooSmallError(method, needed=1, got=0)
    if reference.kind != kind:
        raise UnusableValuesError(method, f"the reference is of a {reference.kind} chart, not of {kind}")
    # differences of equal decimals leave rounding, not variation
    if reference.sigma <= 1e-12 * max(abs(reference.centre), 1e-300):
        raise UnusableValuesError(method, "the values do not vary: there is nothing to set limits by")
