"""Finding the rule that explains an outcome best: a beam over conjunctions, with a price for every condition."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaln

from gemba.statistics.drivers_columns import Feature
from gemba.statistics.drivers_rules import Condition, Floats, Mask, Outcome, Rule, Side, Whole

MOST_CONDITIONS = 4
BEAM = 8
SWEEPS = 4
LEAST_INSIDE = 5
MARGIN = 3.0
"""Nats that a condition must gain beyond its price: 20 to 1."""

_EVEN = 64
_TAIL = 1.3
_DRAW = 1e-6
"""Nats a region of all rows is worth less: of two regions that tell the same, the smaller is named."""
_SIDES: tuple[tuple[Side, int], ...] = (("below", 0), ("above", 1))


@dataclass(frozen=True, slots=True)
class Space:
    """Features cut into bins: thresholds that are tried first, refined afterwards.

    `features`: numeric ones first, categories last. `codes`, per feature the bin or member of each row, shape (n,); one
    more than the last for a missing value. `cuts`: per numeric feature the thresholds between its bins. `prices`: nats
    that a condition on each feature costs.
    """

    features: tuple[Feature, ...]
    codes: tuple[NDArray[np.int16], ...]
    cuts: tuple[Floats, ...]
    prices: Floats

    def scan(self, y: Floats, rows: Mask) -> tuple[Floats, Floats]:
        """Rows and sums of `y` by numeric feature and bin, of shape (numeric, most bins), where there is a value."""
        shape = len(self.cuts), max(len(cut) + 1 for cut in self.cuts)
        counts, sums = np.zeros(shape), np.zeros(shape)
        at = np.flatnonzero(rows)
        told = y[at]
        for place, cut in enumerate(self.cuts):
            counts[place, : len(cut) + 1], sums[place, : len(cut) + 1] = self._tally(place, len(cut) + 1, told, at)
        return counts, sums

    def scan_members(self, place: int, y: Floats, rows: Mask) -> tuple[Floats, Floats]:
        """Rows and sums of `y` by member of a category, both of shape (members,)."""
        at = np.flatnonzero(rows)
        return self._tally(place, len(self.features[place].members), y[at], at)

    def _tally(self, place: int, size: int, y: Floats, at: NDArray[np.intp]) -> tuple[Floats, Floats]:
        codes = self.codes[place].take(at).astype(np.intp)
        counts = np.bincount(codes, minlength=size + 1)[:size].astype(np.float64)
        return counts, np.bincount(codes, weights=y, minlength=size + 1)[:size].astype(np.float64)


def space(features: tuple[Feature, ...]) -> Space:
    """Bin every feature at evenly spaced ranks, closer towards both ends.

    Price of a condition: the logarithm of how many there were to choose from (kinds of feature, features of the kind,
    thresholds and sides), as in a minimum description length. So a single column is preferred to a product that does
    the same.

    References:
        J. Rissanen, "Modeling by shortest data description", Automatica 14, 465-471, 1978. A threshold's price:
        N. R. Zhang and D. O. Siegmund, "A modified Bayes information criterion", Biometrics 63, 22-32, 2007.
    """
    features = tuple(sorted(features, key=lambda one: one.kind == "category"))
    numeric = [one.values for one in features if one.kind != "category"]
    rows = features[0].values.size
    ranks = _ranks(rows)
    cuts = tuple(_cuts(values, ranks) for values in numeric)
    codes = [
        _coded(np.searchsorted(cut, x, side="left"), x, len(cut) + 1) for x, cut in zip(numeric, cuts, strict=True)
    ]
    codes += [_coded(one.values, one.values, len(one.members)) for one in features[len(cuts) :]]
    many = Counter(_class(one) for one in features)
    choices = [2.0 * len(cut) for cut in cuts] + [1.0] * (len(features) - len(cuts))
    prices = np.array([np.log(len(many) * many[_class(one)] * n) for one, n in zip(features, choices, strict=True)])
    return Space(features, tuple(codes), cuts, prices)


def best_rule(found: Space, outcome: Outcome, among: Mask) -> Rule | None:
    """The conjunction with the largest gain less price over the rows `among`, or None where no condition pays.

    References:
        Beam search over conjunctions: P. Clark and T. Niblett, "The CN2 induction algorithm", Machine Learning 3,
        261-283, 1989. Dropping and replacing conditions afterwards: J. H. Friedman and N. I. Fisher, "Bump hunting in
        high-dimensional data" (PRIM), Statistics and Computing 9, 123-143, 1999, where boxes are pasted alike.
    """
    beam: list[tuple[float, Rule]] = [(0.0, Rule(()))]
    best: tuple[float, Rule] = (0.0, Rule(()))
    for _ in range(MOST_CONDITIONS):
        grown: dict[tuple[object, ...], tuple[float, Rule]] = {}
        for _, rule in beam:
            for value, wider in extensions(found, outcome, rule, among):
                key = tuple(sorted((one.feature, one.side) for one in wider.conditions))
                if key not in grown or value > grown[key][0]:
                    grown[key] = (value, wider)
        beam = sorted(grown.values(), key=lambda one: -one[0])[:BEAM]
        if not beam or beam[0][0] <= best[0] + MARGIN:
            break
        best = beam[0]
    if not best[1].conditions:
        return None
    return _polished(found, outcome, best[1], among)


def extensions(found: Space, outcome: Outcome, rule: Rule, among: Mask) -> list[tuple[float, Rule]]:
    """Per feature the best condition to add, as (gain less price, rule)."""
    inside = rule.holds(found.features, among)
    if inside.sum() < 2 * LEAST_INSIDE:
        return []
    used = {place for one in rule.conditions if one.side == "among" or one.by is not None for place in one.reads}
    options: list[tuple[float, Condition]] = []
    whole = outcome.whole(among)
    if found.cuts:
        gains, ends = _thresholds(outcome, *found.scan(outcome.values, inside), whole)
        for place, cuts in enumerate(found.cuts):
            for side, way in _SIDES:
                gain, end = float(gains[way, place]), int(ends[way, place])
                if np.isfinite(gain) and end < len(cuts):
                    options.append((gain, Condition(place, side, float(cuts[end]))))
    for place in range(len(found.cuts), len(found.features)):
        if place not in used:
            option = _best_members(outcome, place, *found.scan_members(place, outcome.values, inside), whole)
            if option is not None:
                options.append(option)
    rules = [(gain, priced(found, Rule((*rule.conditions, condition)))) for gain, condition in options]
    return [(gain - wider.cost, wider) for gain, wider in rules]


def _thresholds(outcome: Outcome, counts: Floats, sums: Floats, whole: Whole) -> tuple[Floats, NDArray[np.intp]]:
    """Best gain and place of the cut, both of shape (2, M): below and above."""
    below = np.cumsum(counts, axis=1)[:, :-1], np.cumsum(sums, axis=1)[:, :-1]
    above = counts.sum(axis=1, keepdims=True) - below[0], sums.sum(axis=1, keepdims=True) - below[1]
    rows = counts.sum(axis=1, keepdims=True)
    gains = []
    for n, total in (below, above):
        gain = outcome.gain(n, total, whole) - _DRAW * n / rows.max(initial=1.0)
        gains.append(np.where((n >= LEAST_INSIDE) & (rows - n >= 1), gain, -np.inf))
    both = np.stack(gains)
    ends = both.argmax(axis=2)
    return np.take_along_axis(both, ends[:, :, None], axis=2)[:, :, 0], ends


def _best_members(
    outcome: Outcome, place: int, counts: Floats, sums: Floats, whole: Whole
) -> tuple[float, Condition] | None:
    """The set of members that gains most: the first few in order of their levels (W. D. Fisher, JASA 53, 1958)."""
    present = np.flatnonzero(counts > 0)
    if present.size < 2:
        return None
    best: tuple[float, float, Condition] = (-np.inf, -np.inf, Condition(place, "among"))
    level = sums[present] / counts[present]
    for order in (present[np.argsort(-level, kind="stable")], present[np.argsort(level, kind="stable")]):
        n, total = np.cumsum(counts[order])[:-1], np.cumsum(sums[order])[:-1]
        gain = outcome.gain(n, total, whole) - _DRAW * n / counts.sum()
        worth = np.where(n >= LEAST_INSIDE, gain - _choice(counts.size, np.arange(1, order.size)), -np.inf)
        at = int(worth.argmax())
        if worth[at] > best[0]:
            members = tuple(np.sort(order[: at + 1]).tolist())
            best = float(worth[at]), float(gain[at]), Condition(place, "among", members=members)
    return (best[1], best[2]) if np.isfinite(best[0]) else None


def _choice(size: int, chosen: int | NDArray[np.intp]) -> Floats:
    """Nats to say which `chosen` of `size` members."""
    return gammaln(size + 1) - gammaln(chosen + 1) - gammaln(size - np.asarray(chosen) + 1) + np.log(size)


def _polished(found: Space, outcome: Outcome, rule: Rule, among: Mask) -> Rule:
    """Drop, replace or add one condition at a time while that pays."""
    for _ in range(SWEEPS):
        worth = worth_of(found, outcome, rule, among)
        options: list[tuple[float, Rule]] = []
        for place in range(len(rule.conditions)):
            rest = rule.without(place)
            if rest.conditions:
                options.append((worth_of(found, outcome, rest, among) + MARGIN, priced(found, rest)))
            options += extensions(found, outcome, rest, among)
        if len(rule.conditions) < MOST_CONDITIONS:
            options += [(value - MARGIN, wider) for value, wider in extensions(found, outcome, rule, among)]
        value, better = max(options, key=lambda one: one[0])
        if value <= worth + 1e-6:
            return rule
        rule = better
    return rule


def priced(found: Space, rule: Rule) -> Rule:
    """The rule with the price of its conditions."""
    cost = 0.0
    for one in rule.conditions:
        cost += float(found.prices[one.feature])
        if one.side == "among":
            cost += float(_choice(len(found.features[one.feature].members), len(one.members)))
        if one.by is not None:
            cost += float(found.prices[one.by]) + float(np.log(len(found.cuts[one.feature]) + 1)) * (len(one.cuts) - 1)
    return replace(rule, cost=cost)


def worth_of(found: Space, outcome: Outcome, rule: Rule, among: Mask) -> float:
    """Gain less price."""
    return outcome.of(rule.holds(found.features, among), among) - priced(found, rule).cost


def _coded(codes: Floats | NDArray[np.intp], values: Floats, size: int) -> NDArray[np.int16]:
    """Two bytes a row: bins are few, and members a thousand at most."""
    return np.where(np.isnan(values), size, codes).astype(np.int16)


def _class(feature: Feature) -> str:
    return "column" if feature.kind == "category" else feature.kind


def _ranks(rows: int) -> NDArray[np.intp]:
    """Ranks at which features are cut: evenly, and geometrically towards both ends."""
    even = np.arange(1, _EVEN) * rows // _EVEN
    ends = max(rows / _EVEN / LEAST_INSIDE, 1.0)
    tail = (LEAST_INSIDE * _TAIL ** np.arange(int(np.log(ends) / np.log(_TAIL)) + 1)).astype(int)
    ranks = np.unique(np.concatenate((even, tail, rows - tail)))
    return ranks[(ranks >= 1) & (ranks < rows)]


def _cuts(values: Floats, ranks: NDArray[np.intp]) -> Floats:
    """Midpoints between neighbouring different values at the ranks."""
    known = np.sort(values[~np.isnan(values)])
    distinct = np.unique(known)
    if distinct.size <= _EVEN:
        return (distinct[:-1] + distinct[1:]) / 2.0
    at = np.unique((ranks * (known.size / values.size)).astype(int))
    at = at[(at >= 1) & (at < known.size)]
    upper = np.searchsorted(distinct, known[at], side="left")
    upper = np.unique(upper[upper >= 1])
    return (distinct[upper - 1] + distinct[upper]) / 2.0
