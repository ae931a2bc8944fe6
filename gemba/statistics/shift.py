"""Did the level of a series move between two windows, beyond what it does by itself?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, stdtr, stdtrit

from gemba.statistics.expectation import expect
from gemba.statistics.noise import TRIMMED, Noise, estimate_noise

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Exposure = tuple[Floats, Floats]

LEAST_HISTORY = 8
"""Observations in history below which a series has no noise of its own."""

MOST_DF = 25.0
"""Degrees of freedom of the reference at most: daily noise has heavier tails than the normal, however long known."""


@dataclass(frozen=True, slots=True)
class Shift:
    """Change of level from baseline to window, one entry a series, shape (S,). NaN where it cannot be told.

    `effect` is in the unit of numerator over denominator; `se` its standard error on `df` degrees of freedom;
    `p` two-sided. `before` is the baseline's level, `expected` the window's level had nothing changed.
    """

    effect: Floats
    se: Floats
    df: Floats
    p: Floats
    before: Floats
    expected: Floats

    @property
    def t(self) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            return self.effect / self.se

    def interval(self, level: float = 0.95) -> tuple[Floats, Floats]:
        """Two-sided interval of the effect with coverage `level`."""
        half = stdtrit(np.where(self.df > 0, self.df, np.nan), 0.5 + level / 2.0) * self.se
        return self.effect - half, self.effect + half


@dataclass(frozen=True, slots=True)
class Timeline:
    """Which bucket is what, each of shape (T,). `history` may hold the baseline and never holds the window."""

    window: Mask
    baseline: Mask
    history: Mask
    season: NDArray[np.int64]
    block: int


def shift_tests(
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    timeline: Timeline,
    counts: bool = False,
    least: float | Floats = 0.0,
    against_rest: bool,
    by_amount: bool = False,
    trimmed: float = TRIMMED,
    most_df: float | Floats = MOST_DF,
    exposure: Exposure | None = None,
) -> Shift:
    """Test every series for a change of level from baseline to window.

    Args:
        num, den: Shape (S, T); `den` 0 where a series has no observation in a bucket.
        total_num, total_den: Of all members together, shape (T,).
        timeline: The buckets' roles.
        counts: The numerator counts things, so that its dispersion is at least Poisson's.
        least: What the dispersion (variance over mean) is at least, where the rows say so
            (`noise.sampling_dispersion`). Scalar or shape (S,).
        against_rest: Null: the series changed by the same factor (the same amount, where values can be negative)
            as the rest of the total did, bucket by bucket. Otherwise: its level did not change.
        trimmed: Share of the noisiest weeks of the history that are left out as earlier incidents.
        most_df: Bound on the degrees of freedom, scalar or shape (S,): a sum of few, unequal rows has heavy tails.
        by_amount: With `against_rest`: by the same amount even where values cannot be negative.
        exposure: What the numerators are proportional to, of the series (S, T) and of the total (T,), in place of the
            denominators: what the mix lets one expect (`standardise`). Levels stay those of the denominators.

    Returns:
        Null distribution: Student's t whose standard error comes from history only: quasi-likelihood
        dispersion, AR(1) memory, inflated by the scatter of past comparisons of the same lengths (pooled over
        the family). For numerators that are never negative the p-value is at least that of a conditional binomial
        test of the dispersion-scaled amounts, which is what holds for sparse series; for shares also of what is
        missing to one.

    References:
        G. W. Cobb, "The problem of the Nile", Biometrika 65, 1978 (levels against own noise); J. D. Angrist and
        J.-S. Pischke, "Mostly Harmless Econometrics", 2009, ch. 5 (differences in differences); J. Przyborowski and
        H. Wilenski, Biometrika 31, 1940 (conditional test of two Poisson means).
    """
    positive = never_negative(num, den, total_num, total_den)
    residual, mean, weight = residuals(
        num,
        den,
        total_num,
        total_den,
        timeline=timeline,
        against_rest=against_rest,
        by_amount=by_amount,
        exposure=exposure,
    )
    ok = weight > 0
    seasons = len(np.unique(timeline.season))
    noise = estimate_noise(
        residual,
        weight,
        history=timeline.history,
        block=timeline.block,
        least=np.maximum(least, 1.0 if counts else 0.0),
        trimmed=trimmed,
        fitted=(seasons - 1) * (0.5 if against_rest else 1.0),
    )
    after = _ratio(residual, weight, timeline.window)
    before = _ratio(residual, weight, timeline.baseline)
    effect_weight = after - before
    se = np.sqrt(noise.dispersion * (_spread(weight, noise, timeline) + _season_spread(weight, timeline)))
    inflation = _past_comparisons(residual, weight, noise, timeline)
    se = se * np.sqrt(inflation)
    known = (((weight > 0) & timeline.history).sum(axis=1) >= LEAST_HISTORY) & np.isfinite(effect_weight) & (se > 0)
    df = np.where(known, np.clip(noise.df, 1.0, np.clip(most_df, 1.0, MOST_DF)), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = effect_weight / se
    p = np.where(known, 2.0 * stdtr(np.where(known, df, 1.0), -np.abs(np.where(known, t, 0.0))), np.nan)
    if positive:
        dispersion = noise.dispersion * inflation
        p = np.where(known, np.maximum(p, _sparse_p(num, mean, ok, dispersion, timeline)), np.nan)
        if bool((np.where(ok, num, 0.0) <= np.where(ok, den, 0.0)).all()):
            # A share near one has its rare events in what is missing from it (a machine's stops): test those as well.
            short, usual = np.where(ok, den - num, 0.0), np.where(ok, np.maximum(den - mean, 0.0), 0.0)
            of_mean, of_short = (np.where(timeline.history, part, 0.0).sum(axis=1) for part in (mean, usual))
            turned = dispersion * np.divide(of_mean, of_short, out=np.ones_like(of_mean), where=of_short > 0)
            p = np.where(known, np.maximum(p, _sparse_p(short, usual, ok, turned, timeline)), np.nan)
    unit = _per_unit(weight, den, ok, timeline.window)
    d0 = np.where(ok & timeline.baseline, den, 0.0).sum(axis=1)
    n0 = np.where(ok & timeline.baseline, num, 0.0).sum(axis=1)
    d1 = np.where(ok & timeline.window, den, 0.0).sum(axis=1)
    n1 = np.where(ok & timeline.window, num, 0.0).sum(axis=1)
    effect = np.where(known, effect_weight * unit, np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        level_before, level_after = n0 / d0, n1 / d1
    return Shift(
        effect=effect,
        se=np.where(known, se * unit, np.nan),
        df=df,
        p=p,
        before=level_before,
        expected=level_after - effect,
    )


def never_negative(num: Floats, den: Floats, total_num: Floats, total_den: Floats) -> bool:
    """Whether levels can be compared as multiples: no observed amount is below zero."""
    return bool((np.where(den > 0, num, 0.0) >= 0).all() and (total_num[total_den > 0] >= 0).all())


def residuals(
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    timeline: Timeline,
    against_rest: bool,
    by_amount: bool = False,
    exposure: Exposure | None = None,
) -> tuple[Floats, Floats, Floats]:
    """Observed minus expected numerators, what was expected, and the weight, all (S, T); weight 0: nothing is known.

    Arguments as in `shift_tests`. Dividing a residual by its weight gives a relative deviation (absolute, in the
    metric's unit, where amounts can be negative).
    """
    own, whole = (den, total_den) if exposure is None else exposure
    expectation = expect(num, own, total_num, whole, season=timeline.season, history=timeline.history)
    mean, weight = expectation.mean, expectation.weight
    if against_rest:
        positive = not by_amount and never_negative(num, den, total_num, total_den)
        mean, weight = _follow_rest(num, den, mean, weight, total_num, total_den, positive=positive)
    ok = (den > 0) & np.isfinite(mean) & (weight > 0)
    return np.where(ok, num - mean, 0.0), np.where(ok, mean, 0.0), np.where(ok, weight, 0.0)


def _follow_rest(
    num: Floats, den: Floats, mean: Floats, weight: Floats, total_num: Floats, total_den: Floats, *, positive: bool
) -> tuple[Floats, Floats]:
    """Expectation given what the rest of the total did in the same bucket."""
    ok = (den > 0) & np.isfinite(mean)
    whole = np.where(np.isfinite(mean), mean, 0.0).sum(axis=0)
    rest_mean = np.where(ok, whole - np.where(ok, mean, 0.0), 0.0)
    rest_num = np.where(ok, total_num - np.where(ok, num, 0.0), 0.0)
    if positive:
        share = np.divide(rest_mean, whole, out=np.zeros_like(rest_mean), where=whole > 0)
        enough = ok & (rest_mean > 0) & (share > 1e-6)
        factor = np.divide(rest_num, rest_mean, out=np.ones_like(rest_mean), where=enough)
        return np.where(enough, mean * factor, np.nan), np.where(enough, weight, 0.0)
    rest_den = np.where(ok, total_den - np.where(total_den > den, den, 0.0), 0.0)
    enough = ok & (rest_den > 0)
    change = np.divide(rest_num - rest_mean, rest_den, out=np.zeros_like(rest_mean), where=enough)
    return np.where(enough, mean + den * change, np.nan), np.where(enough, weight, 0.0)


def _ratio(residual: Floats, weight: Floats, mask: Mask) -> Floats:
    total = np.where(mask, weight, 0.0).sum(axis=1)
    return np.divide(np.where(mask, residual, 0.0).sum(axis=1), total, out=np.full_like(total, np.nan), where=total > 0)


def _per_unit(weight: Floats, den: Floats, ok: Mask, mask: Mask) -> Floats:
    """Weight per denominator in the window: turns an effect per weight into the metric's unit."""
    top = np.where(ok & mask, weight, 0.0).sum(axis=1)
    bottom = np.where(ok & mask, den, 0.0).sum(axis=1)
    return np.divide(top, bottom, out=np.full_like(top, np.nan), where=bottom > 0)


def _spread(weight: Floats, noise: Noise, timeline: Timeline) -> Floats:
    """h' R h: variance of the difference of window and baseline levels for dispersion 1 and memory phi.

    h is sqrt(weight) over the sum of weights, positive in the window and negative in the baseline.
    """
    root = np.sqrt(weight)
    window_sum = np.where(timeline.window, weight, 0.0).sum(axis=1, keepdims=True)
    baseline_sum = np.where(timeline.baseline, weight, 0.0).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        h = np.where(timeline.window, root / window_sum, 0.0) - np.where(timeline.baseline, root / baseline_sum, 0.0)
    where = np.flatnonzero(timeline.window | timeline.baseline)
    carried = np.zeros(weight.shape[0])
    crossed = np.zeros(weight.shape[0])
    last = where[0] if where.size else 0
    for t in where:  # sum over i < j of h_i h_j phi^(j-i), in one pass
        carried = carried * noise.memory ** (t - last)
        crossed += h[:, t] * carried
        carried = carried + h[:, t]
        last = t
    return (h[:, where] ** 2).sum(axis=1) + 2.0 * crossed


def _season_spread(weight: Floats, timeline: Timeline) -> Floats:
    """What the learnt pattern's own error adds, for dispersion 1: nothing where both windows hold the same seasons."""
    onehot = np.eye(int(timeline.season.max()) + 1)[timeline.season]

    def shares(mask: Mask) -> Floats:
        by_season = np.where(mask, weight, 0.0) @ onehot
        return by_season / np.maximum(by_season.sum(axis=1, keepdims=True), 1e-300)

    known = np.where(timeline.history, weight, 0.0) @ onehot
    off = (shares(timeline.window) - shares(timeline.baseline)) ** 2
    return np.where(known > 0, off / np.where(known > 0, known, 1.0), 0.0).sum(axis=1)


def _past_comparisons(residual: Floats, weight: Floats, noise: Noise, timeline: Timeline) -> float:
    """How much wider than its standard error the same comparison scattered at past positions, at least 1.

    Every position in history where window and baseline fit in the same arrangement; the ten per cent largest
    squared t-values are left out (earlier incidents) and the rest scaled up to normal. Pooled over the family.
    """
    window, baseline = np.flatnonzero(timeline.window), np.flatnonzero(timeline.baseline)
    history = np.flatnonzero(timeline.history)
    if not (window.size and baseline.size and history.size):
        return 1.0
    first = min(window[0], baseline[0])
    length = max(window[-1], baseline[-1]) + 1 - first
    usable = np.where(timeline.history, weight, 0.0)
    starts = [s for s in range(history[0], first) if s + length <= history[-1] + 1]
    if len(starts) < length:
        return 1.0
    cum_r = np.concatenate(
        [np.zeros((residual.shape[0], 1)), np.cumsum(np.where(usable > 0, residual, 0.0), axis=1)], axis=1
    )
    cum_w = np.concatenate([np.zeros((residual.shape[0], 1)), np.cumsum(usable, axis=1)], axis=1)
    at = np.array(starts) - first

    def sums(cum: Floats, part: NDArray[np.int64]) -> Floats:
        return cum[:, part[-1] + 1 + at] - cum[:, part[0] + at]

    w1, w0 = sums(cum_w, window), sums(cum_w, baseline)
    r1, r0 = sums(cum_r, window), sums(cum_r, baseline)
    spread = _spread(weight, noise, timeline)
    own1 = np.where(timeline.window, weight, 0.0).sum(axis=1, keepdims=True)
    own0 = np.where(timeline.baseline, weight, 0.0).sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = spread[:, None] * (1 / w1 + 1 / w0) / (1 / own1 + 1 / own0)
        t2 = (r1 / w1 - r0 / w0) ** 2 / (noise.dispersion[:, None] * scaled)
    t2 = t2[np.isfinite(t2)]
    if t2.size < length:
        return 1.0
    kept = np.sort(t2)[: int(0.9 * t2.size)]
    # Mean of a chi-square(1) cut off at its 90 % point, 2.706: 0.9 - 2 z f(z) at z = 1.645, over 0.9.
    cut = (0.9 - 2.0 * 1.6448536 * 0.10313564) / 0.9
    return max(1.0, float(kept.mean()) / cut)


def _sparse_p(num: Floats, mean: Floats, ok: Mask, dispersion: Floats, timeline: Timeline) -> Floats:
    """Two-sided conditional binomial p of the window's amount given both, in units of the dispersion."""

    def total(values: Floats, mask: Mask) -> Floats:
        return np.where(ok & mask, values, 0.0).sum(axis=1)

    with np.errstate(divide="ignore", invalid="ignore"):
        k1, k0 = total(num, timeline.window) / dispersion, total(num, timeline.baseline) / dispersion
        m1, m0 = total(mean, timeline.window), total(mean, timeline.baseline)
        share = m1 / (m1 + m0)
    fine = np.isfinite(k1) & np.isfinite(k0) & (share > 0) & (share < 1)
    k1, k0, share = np.where(fine, k1, 0.0), np.where(fine, k0, 0.0), np.where(fine, share, 0.5)
    upper = np.where(k1 > 0, betainc(np.maximum(k1, 1e-9), k0 + 1.0, share), 1.0)
    lower = np.where(k0 > 0, betainc(np.maximum(k0, 1e-9), k1 + 1.0, 1.0 - share), 1.0)
    return np.where(fine, np.minimum(1.0, 2.0 * np.minimum(upper, lower)), 0.0)
