"""Control charts of values that remember: without allowance for memory a Shewhart chart alarms all the time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_chart import Chart, ControlCharts, Reference, drawn, individuals_chart
from gemba.statistics.control_constants import d2, d3
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Way = Literal["shewhart", "residuals", "widened"]

LEAST = 20
"""Values below which a memory cannot be told from none."""

MOST_MEMORY = 0.95
"""From here on the process wanders: it has no level that limits could stand around."""

_SIGNIFICANT = 1.959964  # two-sided at 5 %: memory below nought (over-adjustment) misleads as well


@dataclass(frozen=True, slots=True)
class Memory:
    """`value`: lag-1 autocorrelation, corrected for its bias. `significant`: at 5 %, two-sided, against none.
    `pairs`: neighbours it rests on."""

    value: float
    significant: bool
    pairs: int


@dataclass(frozen=True, slots=True)
class MemoryChart:
    """`charts` and the `way` they were made; `memory` as estimated in phase I."""

    charts: ControlCharts
    way: Way
    memory: Memory


def lag_one(values: Floats) -> Memory:
    """Lag-1 autocorrelation about the mean.

    Args:
        values: Shape (n,), in order of time; NaN is a gap, and no pair is formed across it.

    Raises:
        SampleTooSmallError: Fewer than 20 values or pairs of neighbours.
        UnusableValuesError: A value is infinite, or all are equal.

    References:
        Bias `-(1 + 3 phi) / n`: F. H. C. Marriott and J. A. Pope, Biometrika 41, 390-402, 1954. Standard error
        `1 / sqrt(n)` without memory: M. S. Bartlett, 1946.
    """
    refuse_infinite("lag_one", values=values)
    there = ~np.isnan(values)
    both = there[1:] & there[:-1]
    n, pairs = int(there.sum()), int(both.sum())
    if min(n, pairs + 1) < LEAST:
        raise SampleTooSmallError("lag_one", needed=LEAST, got=min(n, pairs + 1))
    centred = np.where(there, values - values[there].mean(), 0.0)
    square = float((centred**2).sum()) / n
    if square <= (1e-12 * np.abs(values[there]).max()) ** 2:
        raise UnusableValuesError("lag_one", "the values do not vary: they have no memory to speak of")
    seen = float((centred[1:] * centred[:-1] * both).sum()) / n / square * n / (pairs + 1)
    value = float(np.clip((seen * n + 1.0) / (n - 3.0), -MOST_MEMORY, 1.0))
    return Memory(value, bool(abs(seen + 1.0 / n) * np.sqrt(pairs) > _SIGNIFICANT), pairs)


def memory_chart(
    values: Floats,
    *,
    way: Way | None = None,
    reference: Reference | None = None,
) -> MemoryChart:
    """Chart of individual values with allowance for memory, or a plain I-MR chart where there is none.

    Args:
        values: Shape (n,), in order of time and equally spaced; NaN is a gap.
        way: `shewhart`: plain I-MR. `residuals`: chart of `x[t] - mean - phi (x[t-1] - mean)`, whose points are
            independent, so that run rules hold; the first value and one after a gap have none. `widened`: the values
            themselves within three of their own standard deviations; single points only, no run rules.
            None: `residuals` where the memory is significant, else `shewhart`. Given a reference: as it was made.
        reference: Of phase I, for frozen limits.

    Returns:
        The way taken is stated. `level` of residuals is in the unit of the values, about 0.

    Raises:
        SampleTooSmallError: Fewer than 20 values in phase I.
        UnusableValuesError: A value is infinite, the values do not vary, or the memory is 0.95 or more: the process
            wanders, there is no level to be in control about (chart the differences, or look for the trend).

    Notes:
        Residuals are less sensitive to a lasting shift: of a shift d only `(1 - phi) d` stays after its first point.
        A trend or a cycle shows as memory; neither is AR(1). Widened limits hold one point in 370 beyond on average,
        but such points come in bursts.

    References:
        L. C. Alwan and H. V. Roberts, "Time-Series Modeling for Statistical Process Control", J. Bus. Econ. Stat.
        6(1), 87-95, 1988. Widened: A. V. Vasilopoulos and A. P. Stamboulis, J. Qual. Technol. 10(1), 20-30, 1978.
    """
    if reference is not None:
        kept = Memory(reference.memory, reference.memory != 0.0, reference.points)
        return MemoryChart(_by(values, reference), _way_of(reference), kept)
    memory = lag_one(values)
    if way is None:
        way = "residuals" if memory.significant else "shewhart"
    if way == "shewhart":
        return MemoryChart(individuals_chart(values), way, memory)
    if memory.value >= MOST_MEMORY:
        said = f"lag-1 memory {memory.value:.2f}: the process wanders and has no level to be in control about"
        raise UnusableValuesError("memory_chart", said)
    there = ~np.isnan(values)
    mean, n = float(values[there].mean()), int(there.sum())
    if way == "widened":
        sigma = float(values[there].std() / np.sqrt(_kept_variance(n, memory.value)))
    else:
        residual = _residuals(values, mean, memory.value)
        sigma = float(np.nanmean(np.abs(np.diff(residual)))) / d2(2)
    return MemoryChart(_by(values, Reference(way, mean, sigma, n, memory.value)), way, memory)


def plain_false_alarms(memory: float) -> float:
    """Share of in-control points that a plain I-MR chart puts beyond its limits when the values are AR(1).

    Neighbours that resemble each other make small moving ranges: the limits stand at `3 sqrt(1 - phi)` standard
    deviations of the values, not at 3. Without memory 0.27 %.
    """
    return float(2.0 * ndtr(-3.0 * np.sqrt(1.0 - memory)))


def _by(values: Floats, reference: Reference) -> ControlCharts:
    refuse_infinite("memory_chart", values=values)
    one = np.ones(values.size)
    if reference.kind == "widened":
        ranges = np.concatenate(([np.nan], np.abs(np.diff(values))))
        step = reference.sigma * np.sqrt(1.0 - reference.memory)  # a moving range is that of independent values so wide
        level = drawn("individual value", values, one * reference.centre, one * reference.sigma)
        return ControlCharts(level, _spread(ranges, step), reference)
    if reference.kind == "residuals":
        residual = _residuals(values, reference.centre, reference.memory)
        ranges = np.concatenate(([np.nan], np.abs(np.diff(residual))))
        level = drawn("residual after AR(1)", residual, 0.0 * one, one * reference.sigma)
        return ControlCharts(level, _spread(ranges, reference.sigma), reference)
    return individuals_chart(values, reference=reference)


def _spread(ranges: Floats, sigma: float) -> Chart:
    one = np.ones(ranges.size)
    return drawn("moving range", ranges, one * sigma * d2(2), one * sigma * d3(2), least=0.0)


def _residuals(values: Floats, mean: float, memory: float) -> Floats:
    centred = values - mean
    return np.concatenate(([np.nan], centred[1:] - memory * centred[:-1]))


def _kept_variance(n: int, memory: float) -> float:
    """Expected mean square about the sample mean of n AR(1) values, as a share of their variance."""
    lags = np.arange(1, n)
    return 1.0 - (1.0 + 2.0 * float(((1.0 - lags / n) * memory**lags).sum())) / n


def _way_of(reference: Reference) -> Way:
    return "widened" if reference.kind == "widened" else "residuals" if reference.kind == "residuals" else "shewhart"
