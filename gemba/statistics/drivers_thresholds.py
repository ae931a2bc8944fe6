"""Where exactly a rule's threshold lies, how well the data tell, and whether it differs by group."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gemba.statistics.drivers_columns import Feature
from gemba.statistics.drivers_rules import Condition, Floats, Mask, Outcome, Rule
from gemba.statistics.drivers_search import LEAST_INSIDE, MARGIN, Space, priced, worth_of

LEVEL = 0.95
MOST_GROUPS = 12
"""Members of a category for which a threshold may differ; more would each have too few rows."""

LATTICE = 0.2
"""Different values over rows at and below which a feature counts as recorded in steps."""

_ROUNDS = 6


@dataclass(frozen=True, slots=True)
class Located:
    """A threshold with its 95 % interval, in the feature's unit; infinite and NaN where no row tells."""

    at: float
    low: float
    high: float


def refined(found: Space, outcome: Outcome, rule: Rule, among: Mask) -> Rule:
    """Move every threshold to the best place between two rows, one after the other until none moves."""
    for _ in range(_ROUNDS):
        moved = rule
        for place, one in enumerate(rule.conditions):
            if one.side == "among" or one.by is not None:
                continue
            rest = moved.without(place).holds(found.features, among)
            cut = _best_cut(found.features[one.feature], one, outcome, rest, among)
            conditions = (*moved.conditions[:place], replace(one, cut=cut), *moved.conditions[place + 1 :])
            moved = replace(moved, conditions=conditions)
        if moved == rule:
            break
        rule = moved
    return rule


def with_groups(found: Space, outcome: Outcome, rule: Rule, among: Mask) -> Rule:
    """Let a threshold depend on a category where that pays for the further thresholds.

    Given the levels inside and outside, the best threshold of each member is found by itself; levels and thresholds
    are estimated in turn. A condition on the same category gives way.
    """
    best, worth = rule, worth_of(found, outcome, rule, among)
    for place, one in enumerate(rule.conditions):
        if one.side == "among" or one.by is not None:
            continue
        for by in range(len(found.cuts), len(found.features)):
            if len(found.features[by].members) > MOST_GROUPS:
                continue
            kept = tuple(
                other
                for at, other in enumerate(rule.conditions)
                if at != place and not (other.side == "among" and other.feature == by)
            )
            rest = Rule(kept).holds(found.features, among)
            condition = _grouped(found.features, one, by, outcome, rest, among)
            if sum(np.isfinite(condition.cuts)) < 2:
                continue
            option = priced(found, Rule((*kept, condition)))
            value = worth_of(found, outcome, option, among)
            if value > worth + MARGIN:
                best, worth = option, value
    return best


def located(features: tuple[Feature, ...], one: Condition, outcome: Outcome, rest: Mask, among: Mask) -> Located:
    """The threshold of a condition, given the rest of its rule, with a 95 % interval.

    The posterior of the threshold under a flat prior on the feature's scale, the levels integrated out (Beta(1/2, 1/2)
    for yes/no, a flat mean and scale for numbers). The limit experiment of a jump is a shift family (compound Poisson),
    in which such an interval has its nominal coverage, whether rows on either side are mixed or pure; the likelihood
    ratio has no chi-square limit. Values recorded in steps cannot tell where in a step a threshold lies: there the
    interval reaches to the recorded values around it.

    Args:
        rest: Rows of `among` that meet the other conditions.

    References:
        I. A. Ibragimov and R. Z. Has'minskii, "Statistical Estimation", 1981, chapter 5. S. Ghosal and T. Samanta,
        "Asymptotic behaviour of Bayes estimates and posterior distributions in multiparameter nonregular case",
        Math. Methods Statist. 4, 361-388, 1995.
    """
    feature = features[one.feature]
    values, n, total = _steps(feature, one, outcome, rest)
    if values.size < 2:
        return Located(one.cut, np.nan, np.nan)
    density = _log_posterior(outcome, n, total, among)
    return _interval(one.cut, values, density, lattice=_is_lattice(feature))


def located_groups(
    features: tuple[Feature, ...], one: Condition, outcome: Outcome, rest: Mask, among: Mask
) -> tuple[Located, ...]:
    """As `located`, for every member of the category that a threshold depends on, the others at their estimates."""
    assert one.by is not None
    codes, feature = features[one.by].values, features[one.feature]
    inside = one.holds(features) & rest
    found: list[Located] = []
    for member, cut in enumerate(one.cuts):
        mine = rest & (codes == member)
        others = inside & ~mine
        values, n, total = _steps(feature, one, outcome, mine)
        events = outcome.values[mine]
        if not np.isfinite(cut) or values.size < 2 or events.min() == events.max():
            found.append(Located(cut, np.nan, np.nan))
            continue
        n, total = n + float(others.sum()), total + float(outcome.values[others].sum())
        density = _log_posterior(outcome, n, total, among)
        found.append(_interval(cut, values, density, lattice=_is_lattice(feature)))
    return tuple(found)


def _steps(feature: Feature, one: Condition, outcome: Outcome, rows: Mask) -> tuple[Floats, Floats, Floats]:
    """Different values in order, and rows and sum inside when the threshold lies right after each but the last."""
    known = rows & ~np.isnan(feature.values)
    values, where = np.unique(feature.values[known], return_inverse=True)
    counts: Floats = np.bincount(where, minlength=values.size).astype(np.float64)
    sums = np.bincount(where, weights=outcome.values[known], minlength=values.size)
    n, total = np.cumsum(counts)[:-1], np.cumsum(sums)[:-1]
    if one.side == "above":
        n, total = counts.sum() - n, sums.sum() - total
    return np.asarray(values, dtype=np.float64), n, np.asarray(total, dtype=np.float64)


def _best_cut(feature: Feature, one: Condition, outcome: Outcome, rest: Mask, among: Mask) -> float:
    values, n, total = _steps(feature, one, outcome, rest)
    if values.size < 2:
        return one.cut
    gain = np.where(n >= LEAST_INSIDE, outcome.gain(n, total, outcome.whole(among)), -np.inf)
    at = int(gain.argmax())
    return float((values[at] + values[at + 1]) / 2.0) if np.isfinite(gain[at]) else one.cut


def _log_posterior(outcome: Outcome, n: Floats, total: Floats, among: Mask) -> Floats:
    """Log density, up to a constant, of the threshold lying in each gap between two values."""
    from scipy.special import betaln

    y = outcome.values[among]
    rows, whole = float(y.size), float(y.sum())
    if outcome.yes_no:
        inside = betaln(total + 0.5, n - total + 0.5)
        return inside + betaln(whole - total + 0.5, (rows - n) - (whole - total) + 0.5)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = whole / rows
        between = n * (total / n - mean) ** 2 + (rows - n) * ((whole - total) / (rows - n) - mean) ** 2
        left = np.maximum(float(((y - y.mean()) ** 2).sum()) - between, 1e-300)
        density = -0.5 * (rows - 2.0) * np.log(left) - 0.5 * np.log(n * (rows - n))
    return np.where(np.isfinite(density), density, -np.inf)


def _interval(cut: float, values: Floats, density: Floats, *, lattice: bool) -> Located:
    """The central 95 % of a density that is constant within each gap, about the threshold that the rule has."""
    gaps = np.diff(values)
    mass = np.exp(density - density.max()) * gaps
    ends = np.concatenate(([0.0], np.cumsum(mass) / mass.sum()))
    low, high = (float(np.interp(q, ends, values)) for q in ((1 - LEVEL) / 2, (1 + LEVEL) / 2))
    if not lattice:
        return Located(cut, min(low, cut), max(high, cut))
    last = values.size - 1
    first = int(np.clip(np.searchsorted(values, low, side="right") - 1, 0, last))
    final = int(np.clip(np.searchsorted(values, high, side="left"), 0, last))
    return Located(cut, min(float(values[first]), cut), max(float(values[final]), cut))


def _is_lattice(feature: Feature) -> bool:
    known = feature.values[~np.isnan(feature.values)]
    return np.unique(known).size <= LATTICE * known.size


def _grouped(
    features: tuple[Feature, ...], one: Condition, by: int, outcome: Outcome, rest: Mask, among: Mask
) -> Condition:
    """The condition with a threshold of its own for each member of the category `by`."""
    codes = features[by].values
    members = range(len(features[by].members))
    inside = one.holds(features) & rest
    condition = one
    for _ in range(_ROUNDS):
        weights = _row_weights(outcome, inside, among)
        cuts = tuple(_group_cut(features[one.feature], one, weights, rest & (codes == member)) for member in members)
        moved = Condition(one.feature, one.side, one.cut, by=by, cuts=cuts)
        inside = moved.holds(features) & rest
        if moved == condition or not inside.any():
            break
        condition = moved
    return condition if condition.by is not None else replace(one, by=by, cuts=tuple(one.cut for _ in members))


def _row_weights(outcome: Outcome, inside: Mask, among: Mask) -> Floats:
    """Log-likelihood ratio of each row for being inside against outside, shape (n,)."""
    y, outside = outcome.values, among & ~inside
    if outcome.yes_no:
        high = (y[inside].sum() + 0.5) / (inside.sum() + 1.0)
        low = (y[outside].sum() + 0.5) / (outside.sum() + 1.0)
        return np.where(y > 0, np.log(high / low), np.log((1.0 - high) / (1.0 - low)))
    a, b = float(y[inside].mean()), float(y[outside].mean())
    left = np.concatenate((y[inside] - a, y[outside] - b))
    return ((y - b) ** 2 - (y - a) ** 2) / (2.0 * max(float((left**2).mean()), 1e-300))


def _group_cut(feature: Feature, one: Condition, weights: Floats, rows: Mask) -> float:
    """The threshold among `rows` with the largest sum of weights inside; infinite for none or all."""
    known = rows & ~np.isnan(feature.values)
    sign = 1.0 if one.side == "above" else -1.0
    values, where = np.unique(feature.values[known] * sign, return_inverse=True)  # inside: the upper ones
    if values.size == 0:
        return sign * np.inf
    sums = np.bincount(where, weights=weights[known], minlength=values.size)
    upper = np.cumsum(sums[::-1])[::-1]  # inside from this value upwards
    at = int(upper.argmax())
    if upper[at] <= 0:
        return sign * np.inf
    return sign * (-np.inf if at == 0 else float(values[at - 1] + values[at]) / 2.0)
