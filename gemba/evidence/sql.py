"""From a query to one SQLAlchemy select.

The rows are prepared in an inner select (time, members, values, masks), so that the outer one groups by plain
columns: a bind parameter twice in one statement is two parameters, and PostgreSQL would not see the same expression.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.sql.elements import ColumnElement

from gemba.evidence.build import require
from gemba.evidence.edges import Edges, edges_of
from gemba.evidence.labels import code_of
from gemba.evidence.query import Aggregate, ColumnField, ColumnKind, Condition, DerivedField, Field, Hop, Query, Stamp
from gemba.evidence.sqltime import in_span, local_time
from gemba.evidence.truncation import Extract, Truncate
from gemba.evidence.types import Grouping
from gemba.evidence.zones import local
from gemba.questions.types import Window
from gemba.semantics.expression import Binary, Column, Expr, Negate, Number
from gemba.semantics.model import Weekday

MYSQL = ("mysql", "mariadb")
_NUMERIC = ("sum", "sumsq", "min", "max", "quantile")


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of the sources of one database, aliased by source, with the kinds of their columns.

    `name`: of the dialect.
    """

    tables: Mapping[str, sa.FromClause]
    kinds: Mapping[str, Mapping[str, ColumnKind]]
    name: str

    def column(self, source: str, column: str) -> ColumnElement[Any]:
        self.kind(source, column)
        return self.tables[source].c[column]

    def kind(self, source: str, column: str) -> ColumnKind:
        """Raises InputError where there is no such column; names the nearest."""
        return require(self.kinds.__getitem__, source, column)


def from_clause(tables: Tables, source: str, hops: Sequence[Hop]) -> sa.FromClause:
    clause = tables.tables[source]
    for hop in hops:
        on = sa.and_(*(_comparable(tables, (hop.here, here), (hop.there, there)) for here, there in hop.by))
        clause = clause.outerjoin(tables.tables[hop.there], on)
    return clause


def _comparable(
    tables: Tables, here: tuple[str, str], there: tuple[str, str], *, left: ColumnElement[Any] | None = None
) -> ColumnElement[bool]:
    """Equality of two columns; as text where their kinds differ. `left`: what stands for the first."""
    one, other = tables.column(*here) if left is None else left, tables.column(*there)
    if tables.kind(*here) != tables.kind(*there):
        return sa.cast(one, sa.Text()) == sa.cast(other, sa.Text())
    return one == other


def time_of(tables: Tables, stamp: Stamp, *, span: Window | None = None) -> ColumnElement[Any]:
    kind = tables.kind(stamp.source, stamp.column)
    return local_time(stamp, tables.column(stamp.source, stamp.column), kind, tables.name, span=span)


def bucket_edges(query: Query, tables: Tables) -> Edges | None:
    """The buckets of a query as edges, where that is possible."""
    if query.bucket in (None, "whole", "instant") or query.stamp is None or query.span is None:
        return None
    stamp = query.stamp
    start, end = (local(side, stamp.local) for side in (query.span.start, query.span.end))
    kind = tables.kind(stamp.source, stamp.column)
    return edges_of(
        stamp,
        tables.column(stamp.source, stamp.column),
        kind,
        grain=query.bucket,  # type: ignore[arg-type]
        start=start,
        end=end,
        week_starts=query.week_starts,
        dialect=tables.name,
    )


def select_of(query: Query, grouping: Grouping, tables: Tables) -> sa.Select[Any]:
    """One grouping. Columns: `bucket` (unless none or whole), `d{i}` by order of `query.fields`, `a{i}` of aggregates.

    `bucket` is a number where `bucket_edges` gives edges.
    """
    fields = [i for i, (name, _) in enumerate(query.fields) if name in grouping]
    codes = {f"d{i}": _code(query.fields[i][1], tables, query.week_starts) for i in fields}
    inner = _rows(query, codes, tables, query.hops).subquery("r")
    return _grouped(query, inner, list(codes), tables)


def fused(query: Query, tables: Tables) -> sa.Select[Any]:
    """All groupings in one scan: by every key of the source that they depend on, and then the small tables joined.

    Columns as `select_of` for all fields; rows are finer than any grouping and are to be rolled up.
    """
    own: dict[str, ColumnElement[Any]] = {}
    for i, (_, field) in enumerate(query.fields):
        if not (isinstance(field, ColumnField) and field.source != query.source):
            own[f"d{i}"] = _code(field, tables, query.week_starts)
    outer = _hops_to(query, [f.source for _, f in query.fields if isinstance(f, ColumnField)])
    keys = {column for hop in outer if hop.here == query.source for column, _ in hop.by}
    own |= {f"k_{column}": tables.column(query.source, column) for column in sorted(keys)}
    inner = _rows(query, own, tables, _hops_to(query, _needed_by_rows(query))).subquery("r")
    fine = _grouped(query, inner, list(own), tables).subquery("f")
    source: sa.FromClause = fine
    for hop in outer:
        sides = [
            _comparable(
                tables,
                (hop.here, here),
                (hop.there, there),
                left=fine.c[f"k_{here}"] if hop.here == query.source else None,
            )
            for here, there in hop.by
        ]
        source = source.outerjoin(tables.tables[hop.there], sa.and_(*sides))
    columns: list[ColumnElement[Any]] = [fine.c.bucket] if "bucket" in fine.c else []
    for i, (_, field) in enumerate(query.fields):
        name = f"d{i}"
        columns.append(fine.c[name] if name in own else _code(field, tables, query.week_starts).label(name))
    columns += [fine.c[f"a{i}"] for i in range(len(query.aggregates))]
    return sa.select(*columns).select_from(source)


def _hops_to(query: Query, targets: Sequence[str]) -> list[Hop]:
    """Those of the query's joins that lead to the targets."""
    needed, hops = set(targets), []
    for hop in reversed(query.hops):
        if hop.there in needed:
            needed.add(hop.here)
            hops.insert(0, hop)
    return hops


def _needed_by_rows(query: Query) -> list[str]:
    """Sources without which the rows cannot be chosen or placed in time."""
    conditions = [*query.where, *(c for group in query.any_of for c in group)]
    conditions += [condition for aggregate in query.aggregates for condition in aggregate.where]
    fields = [condition.field for condition in conditions]
    fields += [field for _, field in query.fields if isinstance(field, DerivedField)]
    stamps = [query.stamp] if query.stamp is not None else []
    stamps += [field.stamp for field in fields if isinstance(field, DerivedField)]
    return [stamp.source for stamp in stamps] + [field.source for field in fields if isinstance(field, ColumnField)]


def _grouped(query: Query, inner: sa.Subquery, names: Sequence[str], tables: Tables) -> sa.Select[Any]:
    """The rows grouped by bucket and by the columns named."""
    keys: list[ColumnElement[Any]] = []
    if "b" in inner.c:
        keys.append(inner.c.b.label("bucket"))
    elif query.bucket == "instant":
        keys.append(inner.c.t.label("bucket"))
    elif query.bucket not in (None, "whole"):
        keys.append(Truncate(query.bucket, inner.c.t, query.week_starts).label("bucket"))  # type: ignore[arg-type]
    keys += [inner.c[name] for name in names]
    if tables.name in MYSQL and any(aggregate.kind == "quantile" for aggregate in query.aggregates):
        inner = _placed(query, keys, inner)
        keys = [inner.c[str(key.key)] for key in keys]
    slots = _slots(query)
    aggregates = [
        _aggregate(aggregate, inner.c[f"v{slots[i]}"] if i in slots else None, tables, inner).label(f"a{i}")
        for i, aggregate in enumerate(query.aggregates)
    ]
    statement = sa.select(*keys, *aggregates).select_from(inner)
    parts = [key.element if isinstance(key, sa.Label) else key for key in keys]
    return statement.group_by(*parts) if parts else statement


def _rows(query: Query, codes: Mapping[str, ColumnElement[Any]], tables: Tables, hops: Sequence[Hop]) -> sa.Select[Any]:
    columns: list[ColumnElement[Any]] = [code.label(name) for name, code in codes.items()]
    edges = bucket_edges(query, tables)
    if edges is not None:
        columns.append(edges.number.label("b"))
    elif query.stamp is not None:
        columns.append(time_of(tables, query.stamp, span=query.span).label("t"))
    slots = _slots(query)
    for slot in dict.fromkeys(slots.values()):
        numeric = any(query.aggregates[i].kind in _NUMERIC for i, used in slots.items() if used == slot)
        columns.append(_input(query.aggregates[slot], query, tables, numeric=numeric).label(f"v{slot}"))
    statement = sa.select(*columns).select_from(from_clause(tables, query.source, hops))
    if query.stamp is not None and query.span is not None:
        stamp = query.stamp
        column, kind = tables.column(stamp.source, stamp.column), tables.kind(stamp.source, stamp.column)
        statement = statement.where(in_span(stamp, column, kind, query.span, tables.name))
    for condition in query.where:
        statement = statement.where(meets(condition, tables, query.week_starts))
    if query.any_of:
        statement = statement.where(
            sa.or_(*(sa.and_(*(meets(c, tables, query.week_starts) for c in group)) for group in query.any_of))
        )
    return statement


def _placed(query: Query, keys: Sequence[ColumnElement[Any]], rows: sa.Subquery) -> sa.Subquery:
    """The rows with the place `k` of each value in the order of its group, from 1, and the group's values `m`.

    MySQL has no `percentile_cont`, MariaDB one that does not group.
    """
    slots = _slots(query)
    by = [key.element if isinstance(key, sa.Label) else key for key in keys]
    columns: list[ColumnElement[Any]] = [*rows.c, *(key for key in keys if isinstance(key, sa.Label))]
    for slot in {slots[i] for i, aggregate in enumerate(query.aggregates) if aggregate.kind == "quantile"}:
        value = rows.c[f"v{slot}"]
        number = sa.func.count(value).over(partition_by=by)
        nulls = sa.func.count().over(partition_by=by) - number  # MySQL puts nulls first
        place = sa.func.row_number().over(partition_by=by, order_by=value) - nulls
        columns += [place.label(f"k{value.name}"), number.label(f"m{value.name}")]
    return sa.select(*columns).subquery("p")


def _slots(query: Query) -> dict[int, int]:
    """Which input column `v{slot}` each aggregate reads: aggregates of one value and condition share it."""
    first: dict[object, int] = {}
    numbers = {(a.value, a.where) for a in query.aggregates if a.kind in _NUMERIC}
    slots: dict[int, int] = {}
    for i, aggregate in enumerate(query.aggregates):
        if aggregate.kind == "keys":
            slots[i] = i
        elif aggregate.value is not None:
            value = (aggregate.value, aggregate.where)
            # The count of a number's column is the count of the number.
            numeric = aggregate.kind in _NUMERIC or (aggregate.kind in ("count", "nulls") and value in numbers)
            slots[i] = first.setdefault((value, numeric), i)
        elif aggregate.where:
            slots[i] = first.setdefault(aggregate.where, i)
    return slots


def _input(aggregate: Aggregate, query: Query, tables: Tables, *, numeric: bool) -> ColumnElement[Any]:
    """The column an aggregate reads: null where its own condition is not met."""
    if aggregate.kind == "keys":
        value = _key(aggregate.columns, query.source, tables)
    elif aggregate.value is not None:
        value = arithmetic(aggregate.value, query.source, tables, as_number=numeric)
    else:
        value = sa.literal_column("1", sa.Integer())
    if not aggregate.where:
        return value
    met = sa.and_(*(meets(c, tables, query.week_starts) for c in aggregate.where))
    return sa.case((met, value))


def _key(columns: Sequence[str], source: str, tables: Tables) -> ColumnElement[Any]:
    """Several columns as one text; null counts as a value."""
    parts = [sa.func.coalesce(sa.cast(tables.column(source, name), sa.Text()), "") for name in columns]
    if tables.name != "sqlite":
        return sa.func.concat_ws("\x1f", *parts)
    value: ColumnElement[Any] = parts[0]
    for part in parts[1:]:
        value = value.concat("\x1f").concat(part)
    return value


def arithmetic(value: Expr, source: str, tables: Tables, *, as_number: bool = True) -> ColumnElement[Any]:
    """An expression as a double; a single column as it is stored unless `as_number`."""
    if isinstance(value, Column):
        column = tables.column(source, value.name)
        if not as_number:
            return column
        if tables.kind(source, value.name) == "boolean" and tables.name == "postgresql":
            column = sa.cast(column, sa.Integer())
        return _double(column, tables)
    if isinstance(value, Number):
        return _double(sa.literal(value.value, sa.Double()), tables)
    if isinstance(value, Negate):
        return -arithmetic(value.inner, source, tables)
    assert isinstance(value, Binary)
    left, right = arithmetic(value.left, source, tables), arithmetic(value.right, source, tables)
    if value.op == "+":
        return left + right
    if value.op == "-":
        return left - right
    if value.op == "*":
        return left * right
    return left / sa.func.nullif(right, sa.literal_column("0"), type_=sa.Double())


def _double(value: ColumnElement[Any], tables: Tables) -> ColumnElement[Any]:
    if tables.name in MYSQL:  # old versions cannot cast to it
        return value + sa.literal_column("0e0", sa.Double())
    return sa.cast(value, sa.Double())


def _interpolated(q: float, value: ColumnElement[Any], rows: sa.FromClause) -> ColumnElement[Any]:
    """Quantile from the places that `_placed` gave: linear between the two neighbours, as `percentile_cont`."""
    place, number = rows.c[f"k{value.key}"], rows.c[f"m{value.key}"]
    at = (number - 1) * sa.literal_column(repr(q), sa.Double()) + 1
    below = sa.func.floor(at)
    return sa.func.sum(
        sa.case((place == below, value * (1 - (at - below))), (place == below + 1, value * (at - below)))
    )


def _aggregate(
    aggregate: Aggregate, value: ColumnElement[Any] | None, tables: Tables, rows: sa.FromClause
) -> ColumnElement[Any]:
    if value is None:
        return sa.func.count()
    if aggregate.kind in ("rows", "count"):
        return sa.func.count(value)
    if aggregate.kind == "nulls":
        return sa.func.count() - sa.func.count(value)
    if aggregate.kind in ("distinct", "keys"):
        return sa.func.count(sa.distinct(value))
    if aggregate.kind == "sum":
        return sa.func.coalesce(sa.func.sum(value), 0.0)
    if aggregate.kind == "sumsq":
        return sa.func.coalesce(sa.func.sum(value * value), 0.0)
    if aggregate.kind == "min":
        return sa.func.min(value)
    if aggregate.kind == "max":
        return sa.func.max(value)
    if tables.name == "sqlite":
        return sa.func.gemba_quantile(value, aggregate.q)
    if tables.name in MYSQL:
        return _interpolated(aggregate.q, value, rows)
    return sa.func.percentile_cont(sa.literal_column(repr(aggregate.q))).within_group(value)


def _code(field: Field, tables: Tables, week_starts: Weekday) -> ColumnElement[Any]:
    if isinstance(field, ColumnField):
        column = tables.column(field.source, field.column)
        # Types that have no order or no equality (json, uuid in some drivers) are grouped as text.
        return sa.cast(column, sa.Text()) if tables.kind(field.source, field.column) == "other" else column
    time = time_of(tables, field.stamp)
    if field.part in ("day", "week", "month"):
        return Truncate(field.part, time, week_starts)  # type: ignore[arg-type]
    return Extract("isodow" if field.part == "weekday" else field.part, time)  # type: ignore[arg-type]


def meets(condition: Condition, tables: Tables, week_starts: Weekday) -> ColumnElement[bool]:
    """A condition in SQL. `not_in` holds for null: the rest of a segment includes what is unknown."""
    value = _code(condition.field, tables, week_starts)
    if condition.op == "is_null":
        return value.is_(None)
    if condition.op in ("in", "not_in"):
        members = [m for m in (_member(condition.field, v, tables) for v in condition.values) if m is not None]
        if isinstance(condition.field, ColumnField):
            kind = tables.kind(condition.field.source, condition.field.column)
            if kind in ("date", "stamp", "instant"):
                value = sa.cast(value, sa.Text())
        among = value.in_(members) if members else sa.false()
        return among if condition.op == "in" else sa.or_(sa.not_(among), value.is_(None))
    number = _double(value, tables)
    bounds = [sa.literal(float(v), sa.Double()) for v in condition.values]
    if condition.op == "between":
        return number.between(bounds[0], bounds[1])
    compare = {"gt": number.__gt__, "ge": number.__ge__, "lt": number.__lt__, "le": number.__le__}[condition.op]
    return compare(bounds[0])


def _member(field: Field, value: Any, tables: Tables) -> ColumnElement[Any] | None:
    """A member given as text, as a literal of the column's own kind; None if the column cannot hold it."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if isinstance(field, DerivedField):
        code = code_of(field.part, text)
        if code is None:
            return None
        if isinstance(code, int):
            return sa.literal(code, sa.Integer())
        return sa.literal(code.date().isoformat()) if tables.name == "sqlite" else sa.literal(code, sa.DateTime())
    kind = tables.kind(field.source, field.column)
    if kind == "number":
        try:
            number = float(text)
        except ValueError:
            return None
        return sa.literal(int(number), sa.BigInteger()) if number.is_integer() else sa.literal(number, sa.Double())
    if kind == "boolean":
        flag = {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}.get(text.lower())
        return None if flag is None else sa.literal(flag, sa.Boolean())
    return sa.literal(text, sa.Text())
