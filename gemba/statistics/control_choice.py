"""Which control chart fits a series, and the chart itself: limits learnt from the past, the rest judged by them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc, fdtrc, pdtr, pdtrc, stdtr

from gemba.errors import SampleTooSmallError
from gemba.statistics.control_chart import LEAST, SETTLED, Chart, Reference, individuals_chart, subgroup_chart
from gemba.statistics.control_counts import attribute_chart, overdispersion
from gemba.statistics.control_memory import LEAST as LEAST_MEMORY
from gemba.statistics.control_memory import lag_one, memory_chart
from gemba.statistics.normality import anderson_darling

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

STRICT = 0.01
"""Level at which the past must contradict the simpler chart before a wider one is taken."""

FEWEST_CYCLES = 4
"""Values of each season that must have been seen before it is taken out."""

MOST_FOR_RANGES = 10
"""Values of a subgroup up to which ranges tell the spread about as well as standard deviations do."""

LEAST_TAIL = 40
"""Points of the past from which its own tails are held against the normal ones."""

DOUBT = 0.2
"""p-value of normality below which the past's own tails are looked at: a heavy tail is hard to tell from few points."""

_TAIL = 0.1  # share of the past that tells the tail on either side
_MOVING_RANGE_DF = 0.605  # of sigma from a mean moving range of n values: 0.605 (n - 1) degrees of freedom


@dataclass(frozen=True, slots=True)
class ChosenChart:
    """A chart of past and judged points.

    `name`: I-MR, residuals (of AR(1)), p, u, c, with ' after Laney, X-R, X-S. `reason`: why this one, in words.
    `learnt`, `judged`, shape (n,): points the limits rest on (phase I), points judged by them (phase II). Where the
    past is too short they overlap, and the limits are on trial. `shift`, shape (n,): what was taken out as season.
    `p`, shape (n,): chance of a point as far from the centre while in control, allowing for the limits' own error and
    for tails heavier than normal; NaN at gaps.
    """

    name: str
    reason: str
    level: Chart
    spread: Chart | None
    reference: Reference
    learnt: Mask
    judged: Mask
    shift: Floats
    p: Floats

    @property
    def on_trial(self) -> bool:
        """Whether points were judged by limits that they helped to set."""
        return bool((self.learnt & self.judged).any())


def values_chart(values: Floats, window: Mask, *, season: Ints | None = None) -> ChosenChart:
    """Chart of one value a point: I-MR, or residuals where the past remembers.

    Args:
        values: Shape (n,), in order of time and equally spaced, any unit. NaN is a gap.
        window: Shape (n,), points to judge. Limits come from the others, before them.
        season: Shape (n,), for example the weekday. Taken out where the past shows it at 1 % (one-way analysis of
            variance) and has four values of each.

    Raises:
        SampleTooSmallError: Fewer than 8 values in past and window together.
        UnusableValuesError: As `memory_chart`: values that do not vary, or that wander.
    """
    learnt = _phase_one(values, window)
    shift, seasons = _season(values, learnt, season)
    level = values - shift
    past = np.where(learnt, level, np.nan)
    if int((~np.isnan(past)).sum()) < SETTLED:
        reference = individuals_chart(past).reference
        way = "shewhart"
    else:
        made = memory_chart(past)
        reference, way = made.charts.reference, made.way
    if seasons > 1:  # what the season explains of the past by being fitted to it, it does not explain of new points
        fitted = reference.points / max(reference.points - seasons + 1.0, 1.0)
        reference = replace(reference, sigma=reference.sigma * float(np.sqrt(fitted)))
    charts = (
        individuals_chart(level, reference=reference)
        if way == "shewhart"
        else memory_chart(level, reference=reference).charts
    )
    reason = "one value a point" + (", the usual figure of the season taken out" if seasons > 1 else "")
    if way == "residuals":
        reason += f"; neighbouring points resemble each other (memory {reference.memory:.2f}), which is taken out"
    return ChosenChart(
        "residuals" if way == "residuals" else "I-MR",
        reason,
        charts.level,
        charts.spread,
        reference,
        learnt,
        window.copy(),
        shift,
        _tails(charts.level, learnt, each=reference.points / max(seasons, 1)),
    )


def counts_chart(
    counts: Floats, sizes: Floats | None, window: Mask, *, items: bool, season: Ints | None = None
) -> ChosenChart:
    """Chart of counts: p where items are good or bad, u where events fall on an amount of work, c without amounts.

    After Laney where the past scatters more than chance at 1 %; of one value a point where it shows a season.

    Args:
        counts: Shape (n,), whole numbers; NaN is a gap.
        sizes: Shape (n,), items inspected or amount of work; None: every point counts alike.
        window, season: As `values_chart`.
        items: Counts are items out of `sizes`.

    Raises:
        SampleTooSmallError, UnusableValuesError: As `attribute_chart` and `values_chart`.
    """
    learnt = _phase_one(counts, window)
    kind = "p" if items else "c" if sizes is None else "u"
    rates = counts if sizes is None else np.divide(counts, sizes, out=np.full(counts.size, np.nan), where=sizes > 0)
    past = np.where(learnt, counts, np.nan)
    spread = overdispersion(past, sizes, kind=kind)
    wide = spread.p < STRICT
    if _season(rates, learnt, season)[1] > 1 or (wide and _remembers(np.where(learnt, rates, np.nan))):
        return values_chart(rates, window, season=season)
    if wide and kind == "c":
        kind, sizes = "u", np.ones(counts.size)
    reference = attribute_chart(past, sizes, kind=kind, laney=wide).reference
    charts = attribute_chart(counts, sizes, kind=kind, laney=wide, reference=reference)
    what = {"p": "items out of those made", "u": "events for the work done", "c": "events"}[kind]
    reason = f"counts of {what}"
    if wide:
        reason += f"; they scatter {np.sqrt(spread.ratio):.1f} times as far as chance alone (limits after Laney)"
    p = (
        _tails(charts.level, learnt, each=reference.points)
        if wide
        else _exact_tails(counts, sizes, reference.centre, items=items)
    )
    return ChosenChart(
        f"{kind}'" if wide else kind,
        reason,
        charts.level,
        None,
        reference,
        learnt,
        window.copy(),
        np.zeros(counts.size),
        p,
    )


def subgroups_chart(values: Floats, subgroup: Ints, window: Mask) -> ChosenChart:
    """Chart of subgroups: X̄-R up to ten values each, X̄-S above; of their means where these vary by more than within.

    Args:
        values: Shape (n,), any unit; NaN is left out.
        subgroup: Shape (n,), number of each value's subgroup, 0 … m - 1 in order of time.
        window: Shape (m,), subgroups to judge.

    Raises:
        SampleTooSmallError, UnusableValuesError: As `subgroup_chart`.
    """
    there = ~np.isnan(values)
    size = np.bincount(subgroup[there], minlength=window.size).astype(np.float64)
    total = np.bincount(subgroup[there], weights=values[there], minlength=window.size)
    mean = np.divide(total, size, out=np.full(window.size, np.nan), where=size > 0)
    learnt = _phase_one(mean, window)
    by = "range" if float(size.max()) <= MOST_FOR_RANGES else "deviation"
    excluded = ~learnt
    reference = subgroup_chart(values, subgroup, spread=by, excluded=excluded).reference
    charts = subgroup_chart(values, subgroup, spread=by, reference=reference)
    name = "X-R" if by == "range" else "X-S"
    if _between(values[there], subgroup[there], learnt) < STRICT:
        own = values_chart(mean, window)
        reason = f"means of subgroups ({own.name}): they vary by more than the values within them explain"
        return ChosenChart(
            f"{own.name} of means", reason, own.level, charts.spread, own.reference, learnt, window, own.shift, own.p
        )
    reason = f"subgroups of {int(size[size > 0].min())} to {int(size.max())} values"
    p = _tails(charts.level, learnt, each=int(learnt.sum()), df=float((size[learnt] - 1.0).sum()))
    return ChosenChart(
        name, reason, charts.level, charts.spread, reference, learnt, window.copy(), np.zeros(window.size), p
    )


def _phase_one(values: Floats, window: Mask) -> Mask:
    """The points before the window; the window's own too where those are fewer than 8."""
    there = ~np.isnan(values)
    first = int(np.argmax(window)) if window.any() else window.size
    before = there & ~window & (np.arange(window.size) < first)
    if int(before.sum()) >= LEAST:
        return before
    learnt = before | (window & there)
    if int(learnt.sum()) < LEAST:
        raise SampleTooSmallError("a control chart", needed=LEAST, got=int(learnt.sum()))
    return learnt


def _remembers(past: Floats) -> bool:
    """Whether neighbouring points of the past resemble each other."""
    return int((~np.isnan(past)).sum()) >= LEAST_MEMORY and lag_one(past).significant


def _season(values: Floats, learnt: Mask, season: Ints | None) -> tuple[Floats, int]:
    """What each season lies off the mean in the past, where it does at 1 %, and how many there are; else zeros, 1."""
    none = np.zeros(values.size)
    if season is None:
        return none, 1
    use = learnt & ~np.isnan(values)
    kinds, number = np.unique(season[use], return_inverse=True)
    size = np.bincount(number)
    if kinds.size < 2 or int(size.min()) < FEWEST_CYCLES or not np.isin(season[~np.isnan(values)], kinds).all():
        return none, 1
    x = values[use]
    mean = np.bincount(number, weights=x) / size
    between = float((size * (mean - x.mean()) ** 2).sum()) / (kinds.size - 1)
    within = float(((x - mean[number]) ** 2).sum()) / (x.size - kinds.size)
    if within <= 0 or float(fdtrc(kinds.size - 1, x.size - kinds.size, between / within)) >= STRICT:
        return none, 1
    place = np.minimum(np.searchsorted(kinds, season), kinds.size - 1)  # a season never seen has no value to shift
    return np.where(kinds[place] == season, (mean - x.mean())[place], 0.0), int(kinds.size)


def _between(values: Floats, subgroup: Ints, learnt: Mask) -> float:
    """p-value of the null that all subgroups of the past have one mean (one-way analysis of variance)."""
    use = learnt[subgroup]
    _, number = np.unique(subgroup[use], return_inverse=True)
    x, size = values[use], np.bincount(number)
    df = x.size - size.size
    if df < 1 or size.size < 2:
        return 1.0
    mean = np.bincount(number, weights=x) / size
    within = float(((x - mean[number]) ** 2).sum()) / df
    between = float((size * (mean - x.mean()) ** 2).sum()) / (size.size - 1)
    return float(fdtrc(size.size - 1, df, between / within)) if within > 0 else 0.0


def _tails(level: Chart, learnt: Mask, *, each: float, df: float | None = None) -> Floats:
    """Two-sided tail of a new point: the larger of what the normal law and the past's own tails say.

    Student's t with the degrees of freedom that sigma rests on (None: those of a moving range), its centre known from
    `each` points. Where 40 points or more speak against the normal law at 20 %, also the Pareto tail beyond the outer
    tenth of the past on that side, its exponent integrated over what the past leaves open (a gamma posterior): a heavy
    or skew past needs a farther point.
    """
    z = level.standardised / np.sqrt(1.0 + 1.0 / each)
    past = z[learnt & ~np.isnan(z)]
    if df is None:
        df = max(_MOVING_RANGE_DF * (past.size - 1), 1.0)
    p = 2.0 * stdtr(df, -np.abs(z))
    if past.size < LEAST_TAIL or anderson_darling(past).p > DOUBT:
        return p
    return np.maximum(p, np.where(z > 0, _pareto(past, z), _pareto(-past, -z)))


def _pareto(past: Floats, z: Floats) -> Floats:
    """Twice the chance above `z` by the upper tail of the past; 0 where `z` is not in the tail.

    B. M. Hill, Ann. Stat. 3, 1163-1174, 1975; the exponent has a gamma posterior, so the tail is a power of a log.
    """
    beyond = max(round(_TAIL * past.size), 5)
    ordered = np.sort(past)
    start = float(ordered[-beyond - 1])
    if start <= 0:
        return np.zeros(z.size)
    logs = float(np.log(ordered[-beyond:] / start).sum())
    far = np.log(np.maximum(z, start) / start)
    tail = np.full(z.size, beyond / past.size) if logs <= 0 else beyond / past.size * (1.0 + far / logs) ** -beyond
    return np.where(z > start, 2.0 * tail, 0.0)


def _exact_tails(counts: Floats, sizes: Floats | None, rate: float, *, items: bool) -> Floats:
    """Twice the smaller tail of the binomial or Poisson distribution, at most 1."""
    there = ~np.isnan(counts) if sizes is None else ~np.isnan(counts) & (sizes > 0)
    k = np.where(there, counts, 0.0)
    n = np.ones(counts.size) if sizes is None else np.where(there, sizes, 1.0)
    if items:
        low, high = bdtr(k, n.astype(np.int64), rate), np.where(k > 0, bdtrc(k - 1, n.astype(np.int64), rate), 1.0)
    else:
        low, high = pdtr(k, n * rate), np.where(k > 0, pdtrc(k - 1, n * rate), 1.0)
    return np.where(there, np.minimum(1.0, 2.0 * np.minimum(low, high)), np.nan)
