"""What is associated with a yes/no or numeric outcome, alone and together, and from which threshold on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from gemba.errors import SampleTooSmallError
from gemba.statistics.drivers_columns import Excluded, Texts, constructed, usable
from gemba.statistics.drivers_effects import Effect, detectable, effect, extreme_members, levels_gain, slope_gain
from gemba.statistics.drivers_fit import Term, explained, fit
from gemba.statistics.drivers_rules import Condition, Floats, Mask, Outcome
from gemba.statistics.drivers_search import Space, space
from gemba.statistics.drivers_tests import feature_p, level_gap, region_p
from gemba.statistics.drivers_thresholds import Located, located, located_groups

LEAST_ROWS = 50
LEAST_EVENTS = 5
RARE = 0.2
REPLICATED = 0.05
_CUTS_TESTED = 30

Shape = Literal["below", "above", "between", "outside", "among", "slope", "levels"]


@dataclass(frozen=True, slots=True)
class Bound:
    """One threshold of a driver. `member`: of which group, empty for all. `side`: which side is inside."""

    side: Literal["below", "above"]
    threshold: Located
    member: str = ""


@dataclass(frozen=True, slots=True)
class Driver:
    """One feature of a rule.

    `columns` are those of its feature; `by` the category its threshold depends on. `members`: those inside, of a
    category, `others` those outside; of levels, the highest and the lowest. `effect`: inside against outside among the
    rows that meet the rest of the rule; of a slope the highest against the lowest fifth; of levels the highest member
    against the lowest. `p`: corrected for everything searched; `group_p`: that of the dependence on `by`.
    `gain`: nats of log-likelihood that the rule loses without it.
    `replicated`: found again in one half of the rows without looking at the other, and borne out (5 %, one-sided) in
    the other; None where a half holds too few rows to try.
    """

    name: str
    kind: str
    columns: tuple[str, ...]
    shape: Shape
    bounds: tuple[Bound, ...]
    members: tuple[str, ...]
    others: tuple[str, ...]
    by: str | None
    effect: Effect
    p: float
    group_p: float
    gain: float
    replicated: bool | None


@dataclass(frozen=True, slots=True)
class DriverRule:
    """Drivers that act together: a row is inside when it meets all. `effect`: rows inside against all others.

    `allowing_for`: names of the features of other rules that a numeric outcome was adjusted for, by least squares.
    """

    drivers: tuple[Driver, ...]
    effect: Effect
    gain: float
    allowing_for: tuple[str, ...] = ()

    @property
    def p(self) -> float:
        """The rule stands if each of its conditions does."""
        return max(one.p for one in self.drivers)


@dataclass(frozen=True, slots=True)
class DriverReport:
    """Rules in order of what they explain. `searched`: features tested; `smallest_p`: corrected for the search.

    `detectable`: difference between a tenth of the rows and the others that would have been found with 80 % power.
    """

    rules: tuple[DriverRule, ...]
    yes_no: bool
    rows: int
    events: int
    searched: int
    smallest_p: float
    detectable: float
    excluded: tuple[Excluded, ...]
    dropped_rows: int = 0

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """All drivers, each feature once, those that explain most first."""
        best: dict[str, Driver] = {}
        for rule in self.rules:
            for one in rule.drivers:
                if one.name not in best or one.gain > best[one.name].gain:
                    best[one.name] = one
        return tuple(sorted(best.values(), key=lambda one: -one.gain))

    @property
    def columns(self) -> tuple[str, ...]:
        """Drivers by name, best first: a difference as `a - b`, the columns of a product or ratio each by itself."""
        names: list[str] = []
        for one in self.drivers:
            names += [one.name] if one.kind in ("difference", "column", "category") else list(one.columns)
            names += [one.by] if one.by is not None else []
        return tuple(dict.fromkeys(names))


def find_drivers(
    outcome: Floats,
    numeric: Mapping[str, Floats],
    categorical: Mapping[str, Texts],
    *,
    rng: np.random.Generator,
    alpha: float = 0.05,
    units: Mapping[str, str] | None = None,
) -> DriverReport:
    """Search all columns, and differences, products and ratios of them, for what goes with the outcome.

    Args:
        outcome: Shape (n,), NaN where unknown (such rows are left out). Yes/no if it holds 0 and 1 only.
        numeric: Candidate columns, each of shape (n,), NaN where missing.
        categorical: Candidate columns of text, None where missing.
        rng: Splits the rows into halves for the replication.
        units: Of numeric columns, as far as they are known: columns of different units are not subtracted.
        alpha: Level of every condition's test, after correction for the features and thresholds searched.

    Returns:
        Rules of up to four conditions. Associations, not causes. None is reported where nothing passes.

    Raises:
        SampleTooSmallError: Fewer than 50 rows, or fewer than 5 of the rarer outcome, or a constant outcome.
        ValueError: The outcome is infinite somewhere.

    References:
        See the modules: `drivers_columns` (candidates), `drivers_search` (beam search, description length),
        `drivers_thresholds` (thresholds and their intervals), `drivers_tests` (tests), `drivers_effects` (effects).
    """
    known = ~np.isnan(outcome)
    y = np.asarray(outcome, dtype=np.float64)[known]
    target = _target(y)
    single, excluded = usable(
        {name: v[known] for name, v in numeric.items()}, {n: v[known] for n, v in categorical.items()}, y
    )
    features = (*single, *constructed(single, units or {}))
    events = int(min(y.sum(), y.size - y.sum())) if target.yes_no else 0
    tests = max(len(features), 1) * 2 * _CUTS_TESTED
    report = DriverReport(
        rules=(),
        yes_no=target.yes_no,
        rows=int(y.size),
        events=events,
        searched=len(features),
        smallest_p=1.0,
        detectable=detectable(target, tests=tests, alpha=alpha),
        excluded=excluded,
        dropped_rows=int((~known).sum()),
    )
    if not features:
        return report
    found = space(features)
    everyone = np.ones(y.size, dtype=bool)
    smallest = min(feature_p(found.features, place, target, everyone) for place in range(len(found.features)))
    report = replace(report, smallest_p=min(1.0, smallest * len(features)))
    terms = fit(found, target, everyone, alpha=alpha)
    if not terms:
        return report
    again = _Replication.of(found, target, rng, alpha=alpha)
    return replace(report, rules=_rules(found, target, terms, again))


def _target(y: Floats) -> Outcome:
    if y.size < LEAST_ROWS:
        raise SampleTooSmallError("drivers (rows with a known outcome)", needed=LEAST_ROWS, got=int(y.size))
    if np.isinf(y).any():
        raise ValueError("the outcome is infinite in some rows")
    if y.min() == y.max():
        raise SampleTooSmallError("drivers (different values of the outcome)", needed=2, got=1)
    yes_no = bool(np.isin(y, (0.0, 1.0)).all())
    if yes_no and min(y.sum(), y.size - y.sum()) < LEAST_EVENTS:
        rarer = int(min(y.sum(), y.size - y.sum()))
        raise SampleTooSmallError("drivers (rows of the rarer outcome)", needed=LEAST_EVENTS, got=rarer)
    return Outcome(y, yes_no, raised_only=yes_no and float(y.mean()) < RARE)


@dataclass(frozen=True, slots=True)
class _Replication:
    """A search in one half of the rows, whose conditions are then tested in the other."""

    found: Space
    outcome: Outcome
    terms: tuple[Term, ...]
    held: Mask

    @staticmethod
    def of(found: Space, outcome: Outcome, rng: np.random.Generator, *, alpha: float) -> _Replication | None:
        """None where a half would be too small. Halves hold equally many events (or alike values)."""
        y = outcome.values
        enough = min(y.sum(), y.size - y.sum()) >= 2 * LEAST_EVENTS if outcome.yes_no else y.size >= 2 * LEAST_ROWS
        if not enough:
            return None
        order = np.lexsort((rng.random(y.size), y))
        first = np.empty(y.size, dtype=bool)
        first[order] = (np.arange(y.size) + rng.integers(2)) % 2 == 0
        return _Replication(found, outcome, fit(found, outcome, first, alpha=alpha), ~first)

    def bears_out(self, columns: frozenset[str]) -> bool:
        """Whether a condition on these columns was found in the first half and holds in the second."""
        features = self.found.features
        for term in self.terms:
            for place, one in enumerate(term.rule.conditions):
                if columns <= {name for at in one.reads for name in features[at].columns} and self._holds(term, place):
                    return True
        return False

    def _holds(self, term: Term, place: int) -> bool:
        features, one = self.found.features, term.rule.conditions[place]
        if term.form != "rule":
            return feature_p(features, one.feature, self.outcome, self.held) <= REPLICATED
        rest = term.rule.without(place).holds(features, self.held)
        first = term.rule.without(place).holds(features, term.among)
        sign = level_gap(one, term.outcome, features, first)
        inside = rest & one.holds(features)
        if not inside.any() or inside.sum() == rest.sum():
            return False
        return region_p(self.outcome, inside, rest, sign=sign) <= REPLICATED


def _rules(
    found: Space, outcome: Outcome, terms: tuple[Term, ...], again: _Replication | None
) -> tuple[DriverRule, ...]:
    """Terms as rules: those that read the same features are one rule (two tails) or steps of one effect.

    The effects of a numeric outcome are those left when what the other terms explain is taken out.
    """
    together: dict[frozenset[int], list[Term]] = {}
    for term in terms:
        together.setdefault(frozenset(one.feature for one in term.rule.conditions), []).append(term)
    everyone = np.ones(outcome.values.size, dtype=bool)
    rules: list[DriverRule] = []
    for group in together.values():
        others = [term for term in terms if not any(term is one for one in group)]
        mine, names = outcome, ()
        if others and not outcome.yes_no:
            mine = replace(outcome, values=outcome.values - explained(found, outcome, terms, others, everyone))
            own = {place for term in group for place in term.rule.reads}
            reads = dict.fromkeys(place for one in others for place in one.rule.reads if place not in own)
            names = tuple(found.features[place].name for place in reads)
        rules.append(replace(_rule(found, mine, group, again), allowing_for=names))
    return tuple(sorted(rules, key=lambda one: -one.gain))


def _rule(found: Space, outcome: Outcome, group: list[Term], again: _Replication | None) -> DriverRule:
    """One rule of the first term, widened by a later one that differs by the other tail of one feature."""
    head = group[0]
    tail = next((term for term in group[1:] if _is_other_tail(head, term)), None)
    features = found.features
    inside = head.rule.holds(features, head.among)
    if tail is not None:
        inside |= tail.rule.holds(features, tail.among)
    whole = effect(outcome, inside, ~inside) if head.form == "rule" else _spread_effect(found, outcome, head)
    drivers: dict[int, Driver] = {}
    for place, one in enumerate(head.rule.conditions):
        if one.feature not in drivers:
            drivers[one.feature] = _driver(found, outcome, head, place, tail, again)
    ranked = tuple(sorted(drivers.values(), key=lambda one: -one.gain))
    return DriverRule(ranked, whole, sum(_gain(found, term, list(range(len(term.rule.conditions)))) for term in group))


def _driver(
    found: Space, outcome: Outcome, term: Term, place: int, tail: Term | None, again: _Replication | None
) -> Driver:
    features, one = found.features, term.rule.conditions[place]
    feature = features[one.feature]
    by = features[one.by] if one.by is not None else None
    mine = [at for at, other in enumerate(term.rule.conditions) if other.feature == one.feature]
    others = replace(term.rule, conditions=tuple(c for c in term.rule.conditions if c.feature != one.feature))
    rest = others.holds(features, np.ones_like(term.among))
    inside = term.rule.holds(features, np.ones_like(term.among))
    bounds = [bound for at in mine for bound in _bounds(found, term, at)]
    if tail is not None:
        opposite = [c for c in tail.rule.conditions if c.feature == one.feature and c.side != one.side]
        inside = inside | (tail.rule.holds(features, np.ones_like(term.among)) & rest)
        for other in opposite:
            bounds += _bounds(found, tail, tail.rule.conditions.index(other))
    replicated = None
    if again is not None:
        replicated = again.bears_out(frozenset(feature.columns))
    return Driver(
        name=feature.name,
        kind=feature.kind,
        columns=feature.columns,
        shape=_shape(term, one, bounds, len(mine)),
        bounds=() if term.form != "rule" else tuple(bounds),
        members=tuple(feature.members[member] for member in _members(found, outcome, term, one)),
        others=tuple(name for at, name in enumerate(feature.members) if at not in one.members),
        by=by.name if by is not None else None,
        effect=effect(outcome, inside, rest & ~inside) if term.form == "rule" else _spread_effect(found, outcome, term),
        p=max(term.p[at] for at in mine),
        group_p=term.group_p[place],
        gain=_gain(found, term, mine),
        replicated=replicated,
    )


def _shape(term: Term, one: Condition, bounds: list[Bound], many: int) -> Shape:
    if term.form != "rule":
        return term.form
    if one.side == "among":
        return "among"
    if many > 1:
        return "between"
    return "outside" if len({bound.side for bound in bounds}) > 1 else one.side


def _bounds(found: Space, term: Term, place: int) -> list[Bound]:
    """The thresholds of one condition, with intervals."""
    one, features = term.rule.conditions[place], found.features
    if term.form != "rule" or one.side == "among":
        return []
    rest = term.rule.without(place).holds(features, term.among)
    if one.by is None:
        return [Bound(one.side, located(features, one, term.outcome, rest, term.among))]
    groups = located_groups(features, one, term.outcome, rest, term.among)
    return [Bound(one.side, at, member) for at, member in zip(groups, features[one.by].members, strict=True)]


def _gain(found: Space, term: Term, mine: list[int]) -> float:
    """Nats of log-likelihood lost when the conditions `mine` are left out."""
    features = found.features
    if term.form == "slope":
        return slope_gain(term.outcome, features[term.feature].values, term.among)
    if term.form == "levels":
        return levels_gain(term.outcome.values[term.among], features[term.feature].values[term.among])
    with_it = term.outcome.of(term.rule.holds(features, term.among), term.among)
    kept = replace(term.rule, conditions=tuple(one for at, one in enumerate(term.rule.conditions) if at not in mine))
    if not kept.conditions:
        return with_it
    return with_it - max(term.outcome.of(kept.holds(features, term.among), term.among), 0.0)


def _is_other_tail(head: Term, other: Term) -> bool:
    """Same features, all on the same side but one, which is on the other."""
    if head.form != "rule" or other.form != "rule" or len(head.rule.conditions) != len(other.rule.conditions):
        return False
    if any(one.by is not None for one in (*head.rule.conditions, *other.rule.conditions)):
        return False
    sides = {one.feature: (one.side, one.by, one.members) for one in head.rule.conditions}
    differing = [one for one in other.rule.conditions if sides.get(one.feature) != (one.side, one.by, one.members)]
    return len(differing) == 1 and differing[0].side != sides[differing[0].feature][0]


def _members(found: Space, outcome: Outcome, term: Term, one: Condition) -> tuple[int, ...]:
    """Those inside; of levels the highest and the lowest."""
    if term.form != "levels":
        return one.members
    codes = np.where(term.among, found.features[one.feature].values, np.nan)
    return extreme_members(outcome.values, codes)


def _spread_effect(found: Space, outcome: Outcome, term: Term) -> Effect:
    """The fifth of rows with the highest values of a slope against that with the lowest; the extremes of levels."""
    values = np.where(term.among, found.features[term.feature].values, np.nan)
    if term.form == "levels":
        high, low = extreme_members(outcome.values, values)
        return effect(outcome, values == high, values == low)
    low, high = np.nanquantile(values, [0.2, 0.8])
    with np.errstate(invalid="ignore"):
        return effect(outcome, values >= high, values <= low)
