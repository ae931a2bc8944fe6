"""From requests to queries: which rows, joined to what, grouped how.

Leaves of one source share one scan; a leaf with a `where` of its own is masked inside it.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from gemba.errors import InputError, RefusedError
from gemba.evidence.query import Aggregate, ColumnField, ColumnKind, Condition, DerivedField, Field, Hop, Query, Stamp
from gemba.evidence.types import CubeRequest, QualityRequest, RowsRequest, ValuesRequest
from gemba.questions.types import Predicate
from gemba.semantics.expression import Column, Expr, columns_of, parse_expression
from gemba.semantics.graph import join_path
from gemba.semantics.model import Metric, SemanticModel

Kinds = Callable[[str], Mapping[str, ColumnKind]]
ROWS = "#rows"  # a name that no dimension can have


def stamp_of(model: SemanticModel, source: str) -> Stamp | None:
    """How the rows of a source are placed in time; None without a time column."""
    time = model.time_column(source)
    if time is None:
        return None
    return Stamp(
        source=time.source,
        column=time.column,
        zone=time.timezone,
        local=model.timezone,
        ends=time.stamps == "end",
        midnight_ends=time.midnight == "ends_day",
        format=time.format,
    )


def hops_to(model: SemanticModel, source: str, targets: Iterable[str]) -> tuple[Hop, ...]:
    """The joins that reach every target from `source`, each once, in an order that can be run."""
    found: dict[Hop, None] = {}
    for target in targets:
        if target != source:
            found.update(dict.fromkeys(_path(model, source, target)))
    return tuple(found)


def _path(model: SemanticModel, source: str, target: str) -> tuple[Hop, ...]:
    return tuple(
        Hop(hop.from_source, hop.to, tuple(sorted(hop.by.items()))) for hop in join_path(model, source, target)
    )


def field_of(model: SemanticModel, dimension: str, *, source: str) -> Field:
    """The field of a dimension as seen from the rows of `source`."""
    if dimension not in model.dimensions:
        raise InputError(f"no dimension {dimension!r} in model {model.name!r}", hint=_near(dimension, model.dimensions))
    definition = model.dimensions[dimension]
    if definition.derived is not None:
        stamp = stamp_of(model, source) or stamp_of(model, definition.source)
        if stamp is None:
            raise InputError(
                f"dimension {dimension!r} derives from the time of source {definition.source!r}, which has none",
                hint="Give the source a `time` column.",
            )
        return DerivedField(definition.derived, stamp)
    return ColumnField(definition.source, definition.column or dimension)


def conditions_of(model: SemanticModel, predicates: Iterable[Predicate], *, source: str) -> tuple[Condition, ...]:
    conditions: list[Condition] = []
    for predicate in predicates:
        if predicate.dimension is None:
            raise RefusedError(
                "unsupported",
                f"a condition on the metric {predicate.metric!r}",
                text="a condition on a metric selects groups and cannot select rows",
            )
        field = field_of(model, predicate.dimension, source=source)
        conditions.append(Condition(field, predicate.op, predicate.values))
    return tuple(conditions)


def cube_queries(model: SemanticModel, request: CubeRequest, *, kinds: Kinds, most_rows: int) -> tuple[Query, ...]:
    """One query for each source among the leaves of the metric."""
    by_source: dict[str, list[str]] = {}
    for leaf in model.leaves(_known_metric(model, request.metric)):
        source = model.metrics[leaf].source
        assert source is not None, "validated on load: a leaf has a source"
        by_source.setdefault(source, []).append(leaf)
    return tuple(
        _cube_query(model, request, source, leaves, kinds=kinds, most_rows=most_rows)
        for source, leaves in by_source.items()
    )


def _cube_query(
    model: SemanticModel, request: CubeRequest, source: str, leaves: list[str], *, kinds: Kinds, most_rows: int
) -> Query:
    wheres = {leaf: conditions_of(model, model.metrics[leaf].where, source=source) for leaf in leaves}
    shared = len(set(wheres.values())) == 1
    aggregates = [Aggregate(ROWS, "rows")]
    for leaf in leaves:
        where = () if shared else wheres[leaf]
        aggregates += _parts(leaf, model.metrics[leaf], where, kinds=kinds(source), source=source)
    names = tuple(dict.fromkeys(name for grouping in request.groupings for name in grouping))
    query = Query(
        request=request.name,
        source=source,
        aggregates=tuple(aggregates),
        stamp=_needed_stamp(model, source),
        span=request.span,
        bucket=request.bucket,
        week_starts=model.week_starts,
        fields=tuple((name, field_of(model, name, source=source)) for name in names),
        where=conditions_of(model, request.filters, source=source) + (wheres[leaves[0]] if shared else ()),
        any_of=() if shared or not all(wheres.values()) else tuple(dict.fromkeys(wheres.values())),
        groupings=request.groupings,
        most_rows=most_rows,
    )
    return joined(model, query, kinds=kinds)


def values_query(model: SemanticModel, request: ValuesRequest, *, kinds: Kinds) -> Query:
    """Counts by distinct value: the value is one more field of the grouping."""
    metric = model.metrics[_known_metric(model, request.metric)]
    if metric.source is None or metric.column is None:
        raise RefusedError(
            "unsupported",
            f"single values of {request.metric!r}",
            text=f"{request.metric!r} is a {metric.kind} and has no column of which to list values",
        )
    column = parse_expression(metric.column)
    if not isinstance(column, Column):
        raise RefusedError(
            "unsupported",
            f"single values of {metric.column!r}",
            text=f"{metric.column!r} is an expression, not a column",
        )
    number = ColumnField(metric.source, column.name)
    query = Query(
        request=request.name,
        source=metric.source,
        aggregates=(Aggregate("n", "rows"),),
        stamp=_needed_stamp(model, metric.source),
        span=request.span,
        fields=(
            *((name, field_of(model, name, source=metric.source)) for name in request.grouping),
            ("value", number),
        ),
        where=conditions_of(model, (*request.filters, *metric.where), source=metric.source),
        groupings=((*request.grouping, "value"),),
        most_rows=request.most_rows,
    )
    return joined(model, query, kinds=kinds)


def rows_query(model: SemanticModel, request: RowsRequest, *, kinds: Kinds) -> Query:
    """Rows counted by every column asked for: what is left of them when they are alike is their number."""
    source = request.source
    names = (*request.members, *request.numbers)
    fields = (
        *((name, field_of(model, name, source=source)) for name in names),
        *((f"column:{name}", ColumnField(source, name)) for name in request.columns),
    )
    flag = conditions_of(model, request.flag, source=source)
    query = Query(
        request=request.name,
        source=source,
        aggregates=(Aggregate("n", "rows"), Aggregate("hits", "rows", where=flag)),
        stamp=_needed_stamp(model, source),
        span=request.span,
        bucket="instant" if request.timed else None,
        week_starts=model.week_starts,
        fields=fields,
        where=conditions_of(model, request.filters, source=source),
        groupings=(tuple(name for name, _ in fields),),
        most_rows=request.most_rows,
    )
    return joined(model, query, kinds=kinds)


def quality_query(model: SemanticModel, request: QualityRequest, *, kinds: Kinds) -> Query:
    key = model.sources[request.source].key
    aggregates = [Aggregate("rows", "rows")]
    if key:
        aggregates.append(Aggregate("keys", "keys", columns=key))
    aggregates += [Aggregate(f"{name}.nulls", "nulls", value=Column(name)) for name in request.columns]
    query = Query(
        request=request.name,
        source=request.source,
        aggregates=tuple(aggregates),
        stamp=_needed_stamp(model, request.source),
        span=request.span,
        bucket="day",
        week_starts=model.week_starts,
    )
    return joined(model, query, kinds=kinds)


def members_query(model: SemanticModel, dimension: str, *, kinds: Kinds, most: int) -> Query:
    source = model.dimensions[dimension].source if dimension in model.dimensions else ""
    field = field_of(model, dimension, source=source)
    stamp = field.stamp if isinstance(field, DerivedField) else None
    query = Query(
        request=f"members:{dimension}",
        source=source,
        aggregates=(Aggregate(ROWS, "rows"),),
        stamp=stamp,
        week_starts=model.week_starts,
        fields=((dimension, field),),
        groupings=((dimension,),),
        most_rows=most,
    )
    return joined(model, query, kinds=kinds)


def joined(model: SemanticModel, query: Query, *, kinds: Kinds) -> Query:
    """The query with the joins it needs, after every column was found to exist.

    Raises:
        InputError: A column does not exist; names the nearest that does.
    """
    targets = [field.source for field in _fields(query) if isinstance(field, ColumnField)]
    stamps = [query.stamp] if query.stamp is not None else []
    stamps += [field.stamp for field in _fields(query) if isinstance(field, DerivedField)]
    targets += [stamp.source for stamp in stamps]
    hops = hops_to(model, query.source, dict.fromkeys(targets))
    for field in _fields(query):
        if isinstance(field, ColumnField):
            require(kinds, field.source, field.column)
    for stamp in stamps:
        require(kinds, stamp.source, stamp.column)
    for aggregate in query.aggregates:
        names = (*columns_of(aggregate.value), *aggregate.columns) if aggregate.value else aggregate.columns
        for name in names:
            require(kinds, query.source, name)
    for hop in hops:
        for here, there in hop.by:
            require(kinds, hop.here, here)
            require(kinds, hop.there, there)
    return replace(query, hops=hops)


def _fields(query: Query) -> list[Field]:
    conditions = [*query.where, *(c for group in query.any_of for c in group)]
    conditions += [condition for aggregate in query.aggregates for condition in aggregate.where]
    return [field for _, field in query.fields] + [condition.field for condition in conditions]


def require(kinds: Kinds, source: str, column: str) -> ColumnKind:
    known = kinds(source)
    if column not in known:
        raise InputError(f"source {source!r} has no column {column!r}", hint=_near(column, known))
    return known[column]


def _near(name: str, known: Iterable[str]) -> str:
    names = list(known)
    nearest = difflib.get_close_matches(name, names, n=3, cutoff=0.5) or sorted(names)[:8]
    return f"There is: {', '.join(nearest)}." if nearest else ""


def _known_metric(model: SemanticModel, metric: str) -> str:
    if metric not in model.metrics:
        raise InputError(f"no metric {metric!r} in model {model.name!r}", hint=_near(metric, model.metrics))
    return metric


def _needed_stamp(model: SemanticModel, source: str) -> Stamp:
    stamp = stamp_of(model, source)
    if stamp is None:
        raise InputError(
            f"source {source!r} has no time column, so that no window can be applied to it",
            hint=f"Name it in the model: sources: {source}: time: COLUMN.",
        )
    return stamp


def _parts(
    leaf: str, metric: Metric, where: tuple[Condition, ...], *, kinds: Mapping[str, ColumnKind], source: str
) -> list[Aggregate]:
    kind = metric.kind
    value = None
    if metric.column is not None and kind in ("count", "count_distinct"):
        value = Column(metric.column)
    elif metric.column is not None:
        value = parse_expression(metric.column)
        _require_numbers(value, kinds, source=source, metric=leaf, kind=kind)
    n = Aggregate(f"{leaf}.n", "rows" if value is None else "count", value, where)
    if kind == "count":
        return [n]
    if kind in ("sum", "mean"):
        return [Aggregate(f"{leaf}.sum", "sum", value, where), n, Aggregate(f"{leaf}.sumsq", "sumsq", value, where)]
    if kind == "min":
        return [Aggregate(f"{leaf}.min", "min", value, where), n]
    if kind == "max":
        return [Aggregate(f"{leaf}.max", "max", value, where), n]
    if kind == "count_distinct":
        return [Aggregate(f"{leaf}.distinct", "distinct", value, where), n]
    assert metric.quantile is not None
    return [Aggregate(f"{leaf}.value", "quantile", value, where, q=metric.quantile.q), n]


def _require_numbers(value: Expr, kinds: Mapping[str, ColumnKind], *, source: str, metric: str, kind: str) -> None:
    for name in columns_of(value):
        if name in kinds and kinds[name] not in ("number", "boolean", "null"):
            raise InputError(
                f"metric {metric!r}: {kind} needs numbers, but column {name!r} of source {source!r} is {kinds[name]}",
                hint="Name a numeric column, or clean the data: one cell that is no number makes a file's column text.",
            )
