"""Which dimensions a search runs over, and which pairs of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

from gemba.evidence.types import Coverage, Grouping
from gemba.questions.types import Predicate
from gemba.semantics.graph import dimensions_of
from gemba.semantics.model import SemanticModel

MOST_DIMENSIONS = 20
MOST_PAIRS = 10
MOST_MEMBERS = 2_000  # of one dimension
MOST_PAIR_MEMBERS = 300  # product of both; more groups than this leave too few rows a day in each
SMALL_SOURCE_ROWS = 300_000  # a cube is never longer than its source: pairs of unknown size are safe below this


@dataclass(frozen=True, slots=True)
class Candidates:
    """`left_out` says in words which dimensions were left out for their size."""

    dimensions: tuple[str, ...]
    pairs: tuple[tuple[str, str], ...]
    left_out: tuple[str, ...] = ()

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        return (*((name,) for name in self.dimensions), *self.pairs)


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
    fixed = {one.dimension for one in filters if one.op == "in" and len(one.values) == 1}
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
        elif cardinality.get(name, 2) > 1:
            chosen.append(name)
    rows = max((coverage[model.metrics[leaf].source or ""].rows for leaf in model.leaves(metric)), default=0)
    known = [name for name in chosen if not model.dimensions[name].derived]
    pairs = [pair for pair in combinations(known, 2) if _is_small(pair, cardinality, rows=rows)]
    pairs.sort(key=lambda pair: cardinality.get(pair[0], 1) * cardinality.get(pair[1], 1))
    return Candidates(tuple(chosen), tuple(pairs[:MOST_PAIRS]), tuple(left_out))


def _is_row_key(model: SemanticModel, metric: str, name: str) -> bool:
    dimension = model.dimensions[name]
    facts = {model.metrics[leaf].source for leaf in model.leaves(metric)}
    return dimension.source in facts and model.sources[dimension.source].key == (dimension.column,)


def _is_small(pair: tuple[str, str], cardinality: Mapping[str, int], *, rows: int) -> bool:
    first, second = pair
    if first in cardinality and second in cardinality:
        return cardinality[first] * cardinality[second] <= MOST_PAIR_MEMBERS
    return rows <= SMALL_SOURCE_ROWS
