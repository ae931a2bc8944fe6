"""From features and an outcome to the rules and slopes that survive their tests."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from gemba.statistics.drivers_effects import slope_gain
from gemba.statistics.drivers_rules import Condition, Floats, Mask, Outcome, Rule
from gemba.statistics.drivers_search import MARGIN, Space, best_rule, priced, worth_of
from gemba.statistics.drivers_tests import condition_p, feature_p, group_p
from gemba.statistics.drivers_thresholds import refined, with_groups

MOST_TERMS = 8
MOST_GIVEN = 3
CLIPPED = 6.0
"""Robust standard deviations from the median at which a numeric outcome is clipped while rules are looked for."""


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that explains the outcome: a rule, or a slope in a single feature.

    `p`: per condition, corrected for thresholds and features searched; of a slope one. `group_p`: of the dependence of
    a threshold on a category, 1 without one. `outcome`, `among`: what it was fitted to (the rows and the part of a
    numeric outcome that the terms before it left). `rule` of a slope has one condition without a threshold.
    """

    rule: Rule
    slope: bool
    p: tuple[float, ...]
    group_p: tuple[float, ...]
    outcome: Outcome
    among: Mask


def fit(found: Space, outcome: Outcome, among: Mask, *, alpha: float) -> tuple[Term, ...]:
    """Terms in the order in which they were found, each significant at `alpha` given those before it.

    Yes/no: a list of rules; the rows of a rule are set aside before the next is looked for (separate and conquer).
    Numbers: a sum of rules and slopes; each is fitted to what those before it left, all effects anew after each.
    It stops where no condition pays its price, or none passes its test.

    References:
        J. Fürnkranz, "Separate-and-conquer rule learning", Artificial Intelligence Review 13, 3-54, 1999. Additive
        rules: J. H. Friedman and B. E. Popescu, "Predictive learning via rule ensembles", Ann. Appl. Stat. 2, 916-954,
        2008.
    """
    terms: list[Term] = []
    left = outcome if outcome.yes_no else _clipped(outcome, among)
    whole, rows = left, among
    for _ in range(MOST_TERMS):
        given = tuple(dict.fromkeys(place for term in terms for place in term.rule.reads))[-MOST_GIVEN:]
        term = _next(found, left, rows, alpha=alpha, given=given)
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
    """The better of the best slope and the best rule, if it passes its tests."""
    rule = best_rule(found, left, rows)
    if not left.yes_no:
        place, worth = _best_slope(found, left, rows)
        if worth > MARGIN and (rule is None or worth >= worth_of(found, left, rule, rows)):
            p = min(1.0, len(found.features) * feature_p(found.features, place, left, rows, given=_other(given, place)))
            slope = Rule((Condition(place, "above", np.nan),))
            return Term(slope, True, (p,), (1.0,), left, rows) if p <= alpha else None
    if rule is None:
        return None
    rule = refined(found, left, with_groups(found, left, refined(found, left, rule, rows), rows), rows)
    return _tested(found, left, rule, rows, alpha=alpha, given=given)


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
            return Term(rule, slope, tuple(p), groups, left, rows)
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


def _best_slope(found: Space, left: Outcome, rows: Mask) -> tuple[int, float]:
    """The feature whose line gains most less its price, and that."""
    worth = [
        slope_gain(left, found.features[place].values, rows)
        - found.prices[place]
        + np.log(2.0 * max(len(cuts), 1))
        - 0.5 * np.log(rows.sum())
        for place, cuts in enumerate(found.cuts)
    ]
    if not worth:
        return 0, -np.inf
    best = int(np.argmax(worth))
    return best, float(worth[best])


def _left(found: Space, whole: Outcome, terms: list[Term], among: Mask) -> Outcome:
    """A numeric outcome less what all terms together explain (least squares)."""
    columns = [np.ones(among.size), *(design(found, term, among) for term in terms)]
    x = np.column_stack(columns)
    weights, *_ = np.linalg.lstsq(x[among], whole.values[among], rcond=None)
    return replace(whole, values=whole.values - x @ weights)


def design(found: Space, term: Term, among: Mask) -> Floats:
    """A term as a column: 1 inside its rule, or the feature itself, standardised, its mean where missing."""
    if not term.slope:
        return term.rule.holds(found.features, among).astype(np.float64)
    values = found.features[term.rule.conditions[0].feature].values
    low, high = np.nanquantile(values[among], [0.005, 0.995])
    values = np.clip(np.where(np.isnan(values), np.nanmean(values[among]), values), low, high)
    spread = float(values[among].std())
    return (values - values[among].mean()) / spread if spread > 0 else values * 0.0


def _clipped(outcome: Outcome, among: Mask) -> Outcome:
    """Far outliers pulled in, so that a few rows do not make a rule; a spread of none leaves all as it is."""
    y = outcome.values[among]
    middle = float(np.median(y))
    spread = 1.4826 * float(np.median(np.abs(y - middle)))
    if spread == 0:
        return outcome
    return replace(outcome, values=np.clip(outcome.values, middle - CLIPPED * spread, middle + CLIPPED * spread))


def _other(given: tuple[int, ...], place: int) -> tuple[int, ...]:
    return tuple(one for one in given if one != place)
