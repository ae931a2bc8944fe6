"""Which dimensions a search runs over, and which pairs of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from math import prod

from gemba.evidence.measure import ratio_form
from gemba.evidence.types import Coverage, Grouping
from gemba.questions.types import Predicate
from gemba.semantics.graph import dimensions_of, reachable
from gemba.semantics.model import SemanticModel

MOST_DIMENSIONS = 20
MOST_PAIRS = 10
MOST_MEMBERS = 2_000  # of one dimension
MOST_PAIR_MEMBERS = 300  # product of both; more groups than this leave too few rows a day in each
MOST_CELLS = 3_000  # product of all but those that another determines: in a cube of 90 days 270,000 groups
SMALL_SOURCE_ROWS = 300_000  # a cube is never longer than its source: pairs of unknown size are safe below this


@dataclass(frozen=True, slots=True)
class Candidates:
    """`left_out` says in words which dimensions were left out for their size.

    `chains`: a dimension with all that it determines (a machine with its line and hall). They have as many groups as
    the first has alone, so they cost little, and tell which members share rows; they are no candidates of their own.
    `cells`: all dimensions together, the leaves of the search for combinations; None where they could be too many.
    """

    dimensions: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    chains: tuple[Grouping, ...] = ()
    cells: Grouping | None = None
    left_out: tuple[str, ...] = ()

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        whole = () if self.cells is None or self.cells in self.chains else (self.cells,)
        return (*((name,) for name in self.dimensions), *self.chains, *whole, *self.pairs)


def candidates_for(
    model: SemanticModel,
    metric: str,
    *,
    filters: tuple[Predicate, ...],
    group_by: tuple[str, ...],
    coverage: Mapping[str, Coverage],
    cardinality: Mapping[str, int],
) -> Candidates:
    """Dimensions of the metric that can hold a cause a person could act on.

    Left out: personal data; numeric and derived ones; those fixed to one member by the filters; a source's own single
    key (one group a row); those known to have more than `MOST_MEMBERS` members. What the question groups by is always
    in, and first. `cardinality` gives known numbers of members; where a number is unknown, pairs are taken only from
    sources of at most `SMALL_SOURCE_ROWS` rows.
    """
    fixed = {one.dimension for one in filters if one.op == "in" and len(one.values) == 1 and one.dimension}
    chosen: list[str] = [name for name in group_by if name not in fixed]
    left_out: list[str] = []
    for name in dimensions_of(model, metric):
        dimension = model.dimensions[name]
        if name in chosen or name in fixed or dimension.personal or dimension.numeric or dimension.derived:
            continue
        if _is_row_key(model, metric, name):
            left_out.append(f"{name} was not searched: it names single rows.")
        elif cardinality.get(name, 0) > MOST_MEMBERS:
            left_out.append(f"{name} was not searched: it has {cardinality[name]} members, at most {MOST_MEMBERS} are.")
        elif len(chosen) >= MOST_DIMENSIONS:
            left_out.append(f"{name} was not searched: {MOST_DIMENSIONS} dimensions are the most.")
        elif cardinality.get(name, 2) > 1 and not any(determines(model, one, name) for one in fixed):
            chosen.append(name)
    rows = max((coverage[model.metrics[leaf].source or ""].rows for leaf in model.leaves(metric)), default=0)
    known = [name for name in chosen if not model.dimensions[name].derived]
    below = {name: [other for other in known if determines(model, name, other)] for name in known}
    pairs = [
        (one, other)
        for one, other in combinations(known, 2)
        if other not in below[one] and one not in below[other] and _is_small((one, other), cardinality, rows=rows)
    ]
    pairs = _spread(model, pairs, cardinality)
    chains = tuple((name, *others) for name, others in below.items() if len(others) > 1)
    chains += tuple(
        (name, other)
        for name, others in below.items()
        for other in others
        if len(others) == 1 and not any(name in chain for chain in chains)
    )
    form = ratio_form(model, metric)
    free = [name for name in chosen if not any(name in others for others in below.values())]
    most = prod(cardinality.get(name, rows) for name in free)
    small = rows <= SMALL_SOURCE_ROWS or most <= MOST_CELLS
    cells = tuple(chosen) if small and form is not None and len(chosen) > 1 else None
    return Candidates(tuple(chosen), tuple(pairs[:MOST_PAIRS]), chains, cells, tuple(left_out))


def determines(model: SemanticModel, name: str, other: str) -> bool:
    """Whether each member of one dimension belongs to a single member of the other, as the joins say.

    So it is where the first is the whole key of its source, and the second is another column of that source or of one
    that it joins to. What a column of the same source that is no key determines is not known.
    """
    first, second = model.dimensions[name], model.dimensions[other]
    if name == other or first.derived or second.derived or model.sources[first.source].key != (first.column,):
        return False
    return second.source in reachable(model, first.source)


def _spread(
    model: SemanticModel, pairs: list[tuple[str, str]], cardinality: Mapping[str, int]
) -> list[tuple[str, str]]:
    """Small pairs first, one of each two subjects (machines and products, say) before a second one of them.

    A subject is a source with what it joins to. Pairs within one subject come last.
    """
    subject = {name: _subject(model, name) for pair in pairs for name in pair}
    small = sorted(pairs, key=lambda pair: cardinality.get(pair[0], 1) * cardinality.get(pair[1], 1))
    seen: dict[frozenset[str], int] = {}
    turn: dict[tuple[str, str], tuple[bool, int]] = {}
    for pair in small:
        both = frozenset(subject[name] for name in pair)
        turn[pair] = (len(both) == 1, seen.get(both, 0))
        seen[both] = seen.get(both, 0) + 1
    return sorted(small, key=lambda pair: turn[pair])


def _subject(model: SemanticModel, name: str) -> str:
    """The source nearest to the facts that leads to the dimension's, facts themselves left out; its own without one."""
    own = model.dimensions[name].source
    facts = {source for source, one in model.sources.items() if one.time is not None}
    leading = [source for source in model.sources if source not in facts and own in reachable(model, source)]
    return max(leading, key=lambda source: (len(reachable(model, source)), source), default=own)


def _is_row_key(model: SemanticModel, metric: str, name: str) -> bool:
    dimension = model.dimensions[name]
    facts = {model.metrics[leaf].source for leaf in model.leaves(metric)}
    return dimension.source in facts and model.sources[dimension.source].key == (dimension.column,)


def _is_small(pair: tuple[str, str], cardinality: Mapping[str, int], *, rows: int) -> bool:
    first, second = pair
    if first in cardinality and second in cardinality:
        return cardinality[first] * cardinality[second] <= MOST_PAIR_MEMBERS
    return rows <= SMALL_SOURCE_ROWS
