"""Is a condition associated with the outcome beyond the rest of its rule, allowing for all that was searched?"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import betainc, ndtr

from gemba.statistics.drivers_columns import Feature
from gemba.statistics.drivers_rules import Condition, Floats, Mask, Outcome, Rule

LEAST = 5
"""Rows on the smaller side of a threshold that is tested."""

TINY = 1e-300
"""Least p-value: what cannot be computed is not zero."""

_STEP = 1.5
_STRATA = {1: 10, 2: 5, 3: 3}
_ROWS_A_STRATUM, _MOST_STRATA = 10, 20


def condition_p(
    features: tuple[Feature, ...], rule: Rule, place: int, outcome: Outcome, among: Mask, *, given: tuple[int, ...] = ()
) -> float:
    """P-value of one condition's feature, given the rest of the rule, corrected for the thresholds searched.

    Null: among the rows that meet the other conditions, and within strata of the features these read, the outcome is
    exchangeable over the feature. Alternative: its level differs on the two sides of a threshold, or for a member.
    The thresholds are ranks fixed beforehand (5 rows from either end, 7, 11, ... up to half), not those that the rule
    found, so that the Bonferroni correction over them is valid however the rule was found. Strata make it a test of the
    feature beyond the others even where these act smoothly.

    Args:
        given: Further features to form strata by.

    Returns:
        In [0, 1]; 1 where nothing can be told. Not corrected for the number of features searched.

    References:
        Maximally selected statistics over thresholds: R. Miller and D. Siegmund, Biometrics 38, 1011-1016, 1982;
        T. Hothorn and B. Lausen, Comput. Statist. Data Anal. 43, 121-137, 2003. Strata: N. Mantel and W. Haenszel,
        J. Natl. Cancer Inst. 22, 719-748, 1959; E. van Elteren, Bull. Int. Stat. Inst. 37, 351-361, 1960.
    """
    one = rule.conditions[place]
    rest = rule.without(place)
    rows = rest.holds(features, among)
    others = tuple(other for other in dict.fromkeys((*rest.reads, *given)) if other not in one.reads)
    if one.by is None:
        return feature_p(features, one.feature, outcome, rows, given=others)
    return feature_p(features, one.feature, outcome, rows, given=(one.by, *others))


def group_p(features: tuple[Feature, ...], rule: Rule, place: int, outcome: Outcome, among: Mask) -> float:
    """P-value of "the threshold does not depend on the category", of a condition with `by`. As `condition_p`.

    Only rows between the smallest and the largest threshold tell; they are held against each other within narrow
    strata of the feature.
    """
    one = rule.conditions[place]
    assert one.by is not None
    cuts = np.asarray([cut for cut in one.cuts if np.isfinite(cut)])
    values = features[one.feature].values
    with np.errstate(invalid="ignore"):
        zone = rule.without(place).holds(features, among) & (values >= cuts.min()) & (values <= cuts.max())
    strata = _binned(values, zone, int(np.clip(zone.sum() // _ROWS_A_STRATUM, 1, _MOST_STRATA)))
    return _members_p(features[one.by], outcome, zone, strata)


def feature_p(
    features: tuple[Feature, ...], place: int, outcome: Outcome, rows: Mask, *, given: tuple[int, ...] = ()
) -> float:
    """P-value of one feature among `rows`, within strata of the features `given`. As `condition_p`."""
    rows = rows & ~np.isnan(features[place].values)
    strata = _strata(features, given, rows)
    if features[place].kind == "category":
        return _members_p(features[place], outcome, rows, strata)
    return _thresholds_p(features[place], outcome, rows, strata)


def region_p(outcome: Outcome, inside: Mask, rows: Mask, *, sign: float) -> float:
    """One-sided p-value of a region fixed beforehand, among `rows`: its level lies on the side of `sign`."""
    segment = np.where(inside[rows], 0, 1)
    upper, lower = tails(outcome, rows, segment, np.zeros(int(rows.sum()), dtype=int), 2)
    return float(upper[0] if sign > 0 else lower[0])


def _thresholds_p(feature: Feature, outcome: Outcome, rows: Mask, strata: NDArray[np.intp]) -> float:
    values = feature.values[rows]
    cuts = _fixed_cuts(values)
    if cuts.size == 0:
        return 1.0
    upper, lower = tails(outcome, rows, np.searchsorted(cuts, values, side="left"), strata, cuts.size + 1)
    return float(min(1.0, 2.0 * cuts.size * np.minimum(upper, lower).min()))


def _members_p(feature: Feature, outcome: Outcome, rows: Mask, strata: NDArray[np.intp]) -> float:
    """Each member against the others."""
    codes = feature.values[rows].astype(int)
    members, number, sizes = np.unique(codes, return_inverse=True, return_counts=True)
    if members.size < 2:
        return 1.0
    told = (sizes >= LEAST) & (codes.size - sizes >= 1)
    if not told.any():
        return 1.0
    upper, lower = tails_each(outcome, rows, number, strata, members.size)
    smallest = float(np.minimum(upper, lower)[told].min())
    tested = 1 if members.size == 2 else members.size
    return min(1.0, 2.0 * tested * smallest)


def _fixed_cuts(values: Floats) -> Floats:
    """Values after which a side holds 5, 7, 11, ... rows, from either end; ties move a cut to the next value."""
    n = values.size
    if n < 2 * LEAST:
        return np.empty(0)
    known = np.sort(values)
    steps = max(int(np.log(n / 2 / LEAST) / np.log(_STEP)), 0) + 1
    sizes = np.unique(np.append((LEAST * _STEP ** np.arange(steps)).astype(int), n // 2))
    at = np.unique(np.concatenate((known[sizes - 1], known[n - sizes - 1])))
    return at[at < known[-1]]


def tails(
    outcome: Outcome, rows: Mask, segment: NDArray[np.intp], strata: NDArray[np.intp], segments: int
) -> tuple[Floats, Floats]:
    """One-sided p-values, upper and lower, of the sum of the outcome in the first 1, 2, ... segments, given strata.

    Each of shape (segments - 1,). Yes/no: exact hypergeometric in one stratum; over several, the sum of
    hypergeometric variables by the binomial with the same mean and variance (exact in the limit of rare events, and
    with the right first two moments otherwise). Numbers: ranks within strata, normal with the exact permutation
    variance.
    """
    y = outcome.values[rows]
    many = int(strata.max()) + 1 if strata.size else 1
    place = segment * many + strata
    n_in = np.cumsum(np.bincount(place, minlength=segments * many).reshape(segments, many), axis=0)[:-1].astype(float)
    size = np.bincount(strata, minlength=many).astype(float)
    if not outcome.yes_no:
        scores = _rank_scores(y, strata, size)
        total = np.cumsum(np.bincount(place, weights=scores, minlength=segments * many).reshape(segments, many), axis=0)
        square = np.bincount(strata, weights=scores**2, minlength=many)
        variance = (n_in * (size - n_in) / np.maximum(size * (size - 1.0), 1.0) * square).sum(axis=1)
        return _normal(total[:-1].sum(axis=1), variance)
    events = np.bincount(strata, weights=y, minlength=many)
    by_place = np.bincount(place, weights=y, minlength=segments * many).astype(np.float64)
    seen: Floats = np.cumsum(by_place.reshape(segments, many), axis=0)[:-1]
    if many == 1:
        return _hypergeometric(seen[:, 0], size[0], events[0], n_in[:, 0])
    share = events / np.maximum(size, 1.0)
    mean = (n_in * share).sum(axis=1)
    variance = (n_in * share * (1.0 - share) * (size - n_in) / np.maximum(size - 1.0, 1.0)).sum(axis=1)
    return _matched_binomial(seen.sum(axis=1), mean, variance)


def tails_each(
    outcome: Outcome, rows: Mask, member: NDArray[np.intp], strata: NDArray[np.intp], members: int
) -> tuple[Floats, Floats]:
    """As `tails`, of the sum of the outcome in each member by itself; both of shape (members,).

    Only pairs of member and stratum that hold a row count, of which there are no more than rows.
    """
    y = outcome.values[rows]
    many = int(strata.max()) + 1
    pairs, at = np.unique(member * many + strata, return_inverse=True)
    of, cell = pairs // many, pairs % many
    n = np.bincount(at).astype(np.float64)
    size = np.bincount(strata, minlength=many).astype(np.float64)

    def by_member(values: Floats) -> Floats:
        return np.bincount(of, weights=values, minlength=members).astype(np.float64)

    if not outcome.yes_no:
        scores = _rank_scores(y, strata, size)
        square = np.bincount(strata, weights=scores**2, minlength=many)
        variance = by_member((n * (size[cell] - n) / np.maximum(size * (size - 1.0), 1.0)[cell]) * square[cell])
        return _normal(np.bincount(member, weights=scores, minlength=members).astype(np.float64), variance)
    seen = np.bincount(member, weights=y, minlength=members).astype(np.float64)
    events = np.bincount(strata, weights=y, minlength=many)
    if many == 1:
        return _hypergeometric(seen, size[0], float(events[0]), by_member(n))
    share = (events / np.maximum(size, 1.0))[cell]
    left = (size[cell] - n) / np.maximum(size[cell] - 1.0, 1.0)
    return _matched_binomial(seen, by_member(n * share), by_member(n * share * (1.0 - share) * left))


def _normal(total: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Tails of a sum of mean 0; 1 where there is no variance."""
    z = total / np.sqrt(np.maximum(variance, 1e-300))
    upper, lower = np.maximum(ndtr(-z), TINY), np.maximum(ndtr(z), TINY)
    return np.where(variance > 0, upper, 1.0), np.where(variance > 0, lower, 1.0)


def _hypergeometric(seen: Floats, size: float, events: float, n: Floats) -> tuple[Floats, Floats]:
    """The tail on the side on which the sum lies; 1 for the other, which tells nothing and takes as long."""
    from scipy.stats import hypergeom

    upper, lower = np.ones_like(seen), np.ones_like(seen)
    above = seen * size > n * events
    upper[above] = hypergeom.sf(seen[above] - 1, size, events, n[above])
    lower[~above] = hypergeom.cdf(seen[~above], size, events, n[~above])
    return np.clip(upper, TINY, 1.0), np.clip(lower, TINY, 1.0)


def _matched_binomial(seen: Floats, mean: Floats, variance: Floats) -> tuple[Floats, Floats]:
    """Tails of the binomial (of a fractional number of trials) with this mean and variance."""
    told = (variance > 1e-12) & (mean > variance)
    p = np.where(told, 1.0 - variance / np.maximum(mean, 1e-300), 0.5)
    trials = np.where(told, mean / p, 1.0)
    seen = np.minimum(seen, np.maximum(np.floor(trials), 0.0))
    with np.errstate(invalid="ignore"):
        upper = np.where(seen > 0, betainc(np.maximum(seen, 1e-9), np.maximum(trials - seen + 1.0, 1e-9), p), 1.0)
        lower = np.where(seen < trials, betainc(np.maximum(trials - seen, 1e-9), seen + 1.0, 1.0 - p), 1.0)
    return np.where(told, np.clip(upper, TINY, 1.0), 1.0), np.where(told, np.clip(lower, TINY, 1.0), 1.0)


def _rank_scores(y: Floats, strata: NDArray[np.intp], size: Floats) -> Floats:
    """Ranks within strata, mean 0, over the stratum's size plus one (van Elteren); ties share their mean rank."""
    order = np.lexsort((y, strata))
    starts = np.concatenate(([0.0], np.cumsum(size)[:-1]))
    sorted_y, sorted_strata = y[order], strata[order]
    new = np.concatenate(([True], (np.diff(sorted_y) != 0) | (np.diff(sorted_strata) != 0)))
    group = np.cumsum(new) - 1
    mean = np.bincount(group, weights=np.arange(y.size) + 1.0) / np.bincount(group)
    ranks = np.empty(y.size)
    ranks[order] = mean[group]
    return (ranks - starts[strata] - (size[strata] + 1.0) / 2.0) / (size[strata] + 1.0)


def _strata(features: tuple[Feature, ...], given: tuple[int, ...], rows: Mask) -> NDArray[np.intp]:
    """Cells of the features given, among `rows`: fewer bins of each, the more of them there are."""
    cells = np.zeros(int(rows.sum()), dtype=np.intp)
    for place in given:
        one = features[place]
        if one.kind == "category":
            codes = np.nan_to_num(one.values[rows], nan=len(one.members)).astype(np.intp)
        else:
            codes = _binned(one.values, rows, _STRATA.get(len(given), 2))
        cells = np.unique(cells * (codes.max(initial=0) + 1) + codes, return_inverse=True)[1].ravel()
    return cells


def _binned(values: Floats, rows: Mask, bins: int) -> NDArray[np.intp]:
    """Bins of equal numbers of rows, the missing ones in a bin of their own; shape (rows in `rows`,)."""
    inside = values[rows]
    known = inside[~np.isnan(inside)]
    if known.size == 0:
        return np.zeros(inside.size, dtype=np.intp)
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins))
    return np.where(np.isnan(inside), bins, np.searchsorted(edges, inside, side="left")).astype(np.intp)


def level_gap(one: Condition, outcome: Outcome, features: tuple[Feature, ...], rest: Mask) -> float:
    """Level inside less level outside, among the rows that meet the other conditions."""
    inside = rest & one.holds(features)
    outside = rest & ~inside
    if not inside.any() or not outside.any():
        return 0.0
    return float(outcome.values[inside].mean() - outcome.values[outside].mean())
