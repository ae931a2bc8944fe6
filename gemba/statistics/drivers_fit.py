"""From features and an outcome to the rules and slopes that survive their tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gemba.statistics.drivers_effects import levels_gain, slope_gain
from gemba.statistics.drivers_rules import Condition, Floats, Mask, Outcome, Rule
from gemba.statistics.drivers_search import MARGIN, Space, best_rule, extensions, priced, worth_of
from gemba.statistics.drivers_sum import Block, fitted
from gemba.statistics.drivers_tests import condition_p, feature_p, group_p
from gemba.statistics.drivers_thresholds import refined, with_groups

Form = Literal["rule", "slope", "levels"]

MOST_TERMS = 8
MOST_GIVEN = 3
CLIPPED = 6.0
"""Robust standard deviations from the median at which a numeric outcome is clipped while rules are looked for."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that explains the outcome: a rule, a slope in a single feature, or a level for each member of one.

    `p`: per condition, corrected for thresholds and features searched; of a slope one. `group_p`: of the dependence of
    a threshold on a category, 1 without one. `outcome`, `among`: what it was fitted to (the rows and the part of a
    numeric outcome that the terms before it left). `rule` of a slope and of levels names the feature only.
    """

    rule: Rule
    form: Form
    p: tuple[float, ...]
    group_p: tuple[float, ...]
    outcome: Outcome
    among: Mask

    @property
    def feature(self) -> int:
        """The first feature; the only one of a slope and of levels."""
        return self.rule.conditions[0].feature


def fit(found: Space, outcome: Outcome, among: Mask, *, alpha: float) -> tuple[Term, ...]:
    """Terms in the order in which they were found, each significant at `alpha` given those before it.

    Yes/no: a list of rules; the rows of a rule are set aside before the next is looked for (separate and conquer).
    Numbers: a sum of rules, slopes and levels; each is fitted to what those before it left, all effects anew after
    each. A rule of several conditions must explain more than its features do by themselves, added up: what is
    additive is not called an interaction.
    It stops where no condition pays its price, or none passes its test.

    References:
        J. Fürnkranz, "Separate-and-conquer rule learning", Artificial Intelligence Review 13, 3-54, 1999. Additive
        rules: J. H. Friedman and B. E. Popescu, "Predictive learning via rule ensembles", Ann. Appl. Stat. 2, 916-954,
        2008.
    """
    terms: list[Term] = []
    left = outcome if outcome.yes_no else _clipped(outcome, among)
    whole, rows = left, among
    following = _next if outcome.yes_no else _next_of_sum
    for _ in range(MOST_TERMS):
        given = tuple(dict.fromkeys(place for term in terms for place in term.rule.reads))[-MOST_GIVEN:]
        term = following(found, left, rows, alpha=alpha, given=given)
        if term is None:
            break
        terms.append(term)
        if outcome.yes_no:
            rows = rows & ~term.rule.holds(found.features, rows)
            if left.values[rows].sum() in (0.0, float(rows.sum())):
                break
        else:
            left = _left(found, whole, terms, among)
    return tuple(terms)


def _next(found: Space, left: Outcome, rows: Mask, *, alpha: float, given: tuple[int, ...]) -> Term | None:
    """The best rule of a yes/no outcome, if it passes its tests."""
    rule = best_rule(found, left, rows)
    if rule is None:
        return None
    rule = refined(found, left, with_groups(found, left, refined(found, left, rule, rows), rows), rows)
    return _tested(found, left, rule, rows, alpha=alpha, given=given)


def _next_of_sum(found: Space, left: Outcome, rows: Mask, *, alpha: float, given: tuple[int, ...]) -> Term | None:
    """The best rule, slope or set of levels of a numeric outcome, if it passes its tests."""
    single = {one.conditions[0].feature: (value, one) for value, one in reversed(_singles(found, left, rows))}
    smooth = _smooth(found, left, rows)
    alone = {place: max(smooth[place], single[place][0] if place in single else -np.inf) for place in smooth}
    best = max(alone, key=lambda place: alone[place])
    rule = best_rule(found, left, rows)
    together = -np.inf if rule is None else worth_of(found, left, rule, rows)
    if rule is not None and together > sum(max(alone[place], 0.0) for place in rule.reads):
        return _next(found, left, rows, alpha=alpha, given=given)
    if alone[best] <= MARGIN:
        return None
    if best in single and single[best][0] >= smooth[best]:
        return _tested(found, left, refined(found, left, single[best][1], rows), rows, alpha=alpha, given=given)
    others = tuple(place for place in given if place != best)
    p = min(1.0, len(found.features) * feature_p(found.features, best, left, rows, given=others))
    form: Form = "levels" if best >= len(found.cuts) else "slope"
    named = Rule((Condition(best, "among" if form == "levels" else "above"),))
    return Term(named, form, (p,), (1.0,), left, rows) if p <= alpha else None


def _singles(found: Space, left: Outcome, rows: Mask) -> list[tuple[float, Rule]]:
    """Rules of one condition, best first."""
    return sorted(extensions(found, left, Rule(()), rows), key=lambda one: -one[0])


def _smooth(found: Space, left: Outcome, rows: Mask) -> dict[int, float]:
    """Worth, by feature, of its line or of a level for each of its members: gain less half a log n a parameter."""
    size = float(np.log(rows.sum()))
    worth = {
        place: slope_gain(left, found.features[place].values, rows)
        - (found.prices[place] - np.log(2.0 * max(len(cuts), 1)))
        - 0.5 * size
        for place, cuts in enumerate(found.cuts)
    }
    for place in range(len(found.cuts), len(found.features)):
        codes = found.features[place].values[rows]
        members = np.unique(codes[~np.isnan(codes)]).size
        worth[place] = levels_gain(left.values[rows], codes) - found.prices[place] - 0.5 * size * (members - 1)
    return worth


def _tested(
    found: Space, left: Outcome, rule: Rule, rows: Mask, *, alpha: float, given: tuple[int, ...]
) -> Term | None:
    """The rule without the conditions that do not pass, one taken out at a time."""
    many = len(found.features)
    while rule.conditions:
        rule = _ungrouped(found, left, rule, rows, alpha=alpha)
        p = [
            min(1.0, many * condition_p(found.features, rule, place, left, rows, given=given))
            for place in range(len(rule.conditions))
        ]
        worst = int(np.argmax(p))
        if p[worst] <= alpha:
            groups = tuple(
                1.0 if one.by is None else _group_p(found, left, rule, place, rows)
                for place, one in enumerate(rule.conditions)
            )
            single = len(rule.conditions) == 1 and left.yes_no and rule.conditions[0].side != "among"
            slope = single and rule.conditions[0].by is None and _is_slope(found, left, rule, rows)
            return Term(rule, "slope" if slope else "rule", tuple(p), groups, left, rows)
        rule = priced(found, rule.without(worst))
        rule = refined(found, left, rule, rows)
    return None


def _ungrouped(found: Space, left: Outcome, rule: Rule, rows: Mask, *, alpha: float) -> Rule:
    """Thresholds that do not depend on their category after all are made one again."""
    for place, one in enumerate(rule.conditions):
        if one.by is not None and _group_p(found, left, rule, place, rows) > alpha:
            plain = replace(one, by=None, cuts=())
            conditions = (*rule.conditions[:place], plain, *rule.conditions[place + 1 :])
            rule = refined(found, left, priced(found, Rule(conditions)), rows)
    return rule


def _group_p(found: Space, left: Outcome, rule: Rule, place: int, rows: Mask) -> float:
    """Corrected for the categories, and the thresholds of the rule, that were searched for a dependence."""
    thresholds = sum(one.side != "among" for one in rule.conditions)
    searched = (len(found.features) - len(found.cuts)) * thresholds
    return min(1.0, searched * group_p(found.features, rule, place, left, rows))


def _is_slope(found: Space, left: Outcome, rule: Rule, rows: Mask) -> bool:
    """Whether a line explains a yes/no outcome plainly better than the threshold of its only condition.

    A steep enough line is a threshold, so a draw is one.
    """
    place = rule.conditions[0].feature
    line = slope_gain(left, found.features[place].values, rows) - 0.5 * np.log(rows.sum())
    step = left.of(rule.holds(found.features, rows), rows) - np.log(max(len(found.cuts[place]), 1))
    return bool(line > step + MARGIN)


def _left(found: Space, whole: Outcome, terms: list[Term], among: Mask) -> Outcome:
    """A numeric outcome less what all terms together explain (least squares)."""
    return replace(whole, values=whole.values - explained(found, whole, terms, terms, among))


def explained(found: Space, whole: Outcome, terms: Sequence[Term], chosen: Sequence[Term], among: Mask) -> Floats:
    """What `chosen` of the terms explain in a least-squares fit of all of them, less its mean; shape (n,)."""
    blocks = [_block(found, term, among) for term in terms]
    parts = fitted(whole.values, blocks, among)
    total = np.zeros(among.size)
    for term, part in zip(terms, parts, strict=True):
        if any(term is one for one in chosen):
            total += part
    return total - total[among].mean()


def _block(found: Space, term: Term, among: Mask) -> Block:
    """A term as columns: 1 inside its rule; the feature itself, standardised; 1 for each member but one.

    A missing value is the mean, or the member left out.
    """
    if term.form == "rule":
        return Block.column(term.rule.holds(found.features, among).astype(np.float64))
    feature = found.features[term.feature]
    values = feature.values
    if term.form == "levels":
        return Block.members(values, len(feature.members))
    low, high = np.nanquantile(values[among], [0.005, 0.995])
    values = np.clip(np.where(np.isnan(values), np.nanmean(values[among]), values), low, high)
    spread = float(values[among].std())
    return Block.column((values - values[among].mean()) / spread if spread > 0 else values * 0.0)


def _clipped(outcome: Outcome, among: Mask) -> Outcome:
    """Far outliers pulled in, so that a few rows do not make a rule; a spread of none leaves all as it is."""
    y = outcome.values[among]
    middle = float(np.median(y))
    spread = 1.4826 * float(np.median(np.abs(y - middle)))
    if spread == 0:
        return outcome
    return replace(outcome, values=np.clip(outcome.values, middle - CLIPPED * spread, middle + CLIPPED * spread))
