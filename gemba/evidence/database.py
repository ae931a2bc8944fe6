"""Sources in a database, through SQLAlchemy: one read-only snapshot for the data and its content versions."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import exc
from sqlalchemy.dialects.mysql import TINYINT
from sqlalchemy.engine import URL, Connection, Engine

from gemba.errors import InputError
from gemba.evidence.budget import Budget
from gemba.evidence.connect import translated
from gemba.evidence.edges import Edges
from gemba.evidence.labels import spell_codes, spell_members
from gemba.evidence.memory import VersionMemory
from gemba.evidence.query import ADDITIVE, Aggregate, ColumnKind, DerivedField, Field, Hop, Query, Slice, Stamp
from gemba.evidence.sql import Tables, bucket_edges, from_clause, fused, select_of, time_of
from gemba.evidence.sqltime import local_time
from gemba.evidence.sqlversions import versions_of
from gemba.evidence.types import Coverage, Grouping, QueryRecord
from gemba.evidence.zones import read
from gemba.semantics.expression import Column
from gemba.semantics.model import SemanticModel

if TYPE_CHECKING:
    import polars as pl

MOST_FINE = 100_000
"""Rows that all groupings of a query together may need; above that each grouping is a query of its own."""
_WORK_MEM = "64MB"  # the default of 4 MB makes PostgreSQL sort or spill where it could hash


class DatabaseSession:
    """A transaction that sees one state of the database. Use as a context manager.

    Raises, from every method: TransientError, AccessDeniedError, InputError, LimitReachedError.
    """

    def __init__(self, engine: Engine, url: URL, model: SemanticModel, budget: Budget, memory: VersionMemory) -> None:
        self.engine = engine
        self.url = url
        self.model = model
        self.budget = budget
        self.memory = memory
        self.records: list[QueryRecord] = []
        self.dialect = engine.dialect.name
        self._kinds: dict[str, Mapping[str, ColumnKind]] = {}
        self._tables: dict[str, sa.FromClause] = {}
        self._connection: Connection | None = None

    def __enter__(self) -> DatabaseSession:
        try:
            if self.dialect == "postgresql":
                options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
                self._connection = self.engine.connect().execution_options(**options)
            elif self.dialect in ("mysql", "mariadb"):
                self._connection = self.engine.connect().execution_options(isolation_level="REPEATABLE READ")
                self._connection.exec_driver_sql("SET TRANSACTION READ ONLY")
            else:
                self._connection = self.engine.connect()
                # The driver begins a transaction for writes only; without one each select sees its own state.
                self._connection.exec_driver_sql("BEGIN")
        except exc.SQLAlchemyError as error:
            raise self._error(error, self._any_source()) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            try:
                self._connection.rollback()
            except exc.SQLAlchemyError:
                self._connection.invalidate()  # dropped in the middle: the first error tells why
            self._connection.close()
            self._connection = None

    @property
    def connection(self) -> Connection:
        assert self._connection is not None, "a session is used inside `with`"
        return self._connection

    def kinds(self, source: str) -> Mapping[str, ColumnKind]:
        if source not in self._kinds:
            self._reflect(source)
        return self._kinds[source]

    def tables(self, source: str, hops: Sequence[Hop] = ()) -> Tables:
        for name in (source, *(hop.there for hop in hops)):
            self.kinds(name)
        return Tables(self._tables, self._kinds, self.dialect)

    def run(self, query: Query) -> dict[Grouping, pl.DataFrame]:
        tables = self.tables(query.source, query.hops)
        query = self._without_needless_distinct(query)
        groupings = list(dict.fromkeys(query.groupings))
        if len(groupings) > 1 and all(aggregate.kind in ADDITIVE for aggregate in query.aggregates):
            fine = self._fetch(query, fused(query, tables), range(len(query.fields)), MOST_FINE)
            if fine.height <= MOST_FINE:
                return {grouping: rolled_up(fine, grouping, query) for grouping in groupings}
        frames: dict[Grouping, pl.DataFrame] = {}
        for grouping in groupings:
            fields = [i for i, (name, _) in enumerate(query.fields) if name in grouping]
            frames[grouping] = self._fetch(query, select_of(query, grouping, tables), fields, query.most_rows)
            self.budget.check_rows(frames[grouping].height, query.most_rows)
        return frames

    def _without_needless_distinct(self, query: Query) -> Query:
        """What the table's primary key makes distinct is counted plainly: a sort of every row less."""
        if all(aggregate.kind not in ("distinct", "keys") for aggregate in query.aggregates):
            return query
        schema, _, table = (self.model.sources[query.source].table or "").rpartition(".")
        try:
            constraint = sa.inspect(self.connection).get_pk_constraint(table, schema=schema or None)
        except exc.SQLAlchemyError as error:
            raise self._error(error, query.source) from error
        key = set(constraint["constrained_columns"])
        if not key or self.dialect == "sqlite":  # whose primary keys may hold null, and then more than once
            return query
        plain: list[Aggregate] = []
        for aggregate in query.aggregates:
            if aggregate.kind == "keys" and key <= set(aggregate.columns):
                aggregate = replace(aggregate, kind="rows", columns=())
            elif aggregate.kind == "distinct" and isinstance(aggregate.value, Column) and key == {aggregate.value.name}:
                aggregate = replace(aggregate, kind="count")
            plain.append(aggregate)
        return replace(query, aggregates=tuple(plain))

    def _fetch(self, query: Query, statement: sa.Select[Any], fields: Sequence[int], most_rows: int) -> pl.DataFrame:
        """At most one row more than `most_rows`."""
        width = len(statement.selected_columns)
        fitting = self.budget.rows_that_fit(width)
        statement = statement.limit(min(most_rows, fitting) + 1)
        columns, rows = self.execute(statement, request=query.request, source=query.source)
        if fitting < most_rows:
            self.budget.check_rows(len(rows), fitting)
        edges = bucket_edges(query, Tables(self._tables, self._kinds, self.dialect))
        return _frame(query, fields, columns, rows, self._kinds, edges)

    def versions(self, part: Slice) -> dict[str, str]:
        return versions_of(self, part)

    def coverage(self, source: str, stamp: Stamp | None, hops: tuple[Hop, ...]) -> Coverage:
        tables = self.tables(source, hops)
        if stamp is None:
            statement = sa.select(sa.func.count()).select_from(from_clause(tables, source, hops))
            _, rows = self.execute(statement, request="coverage", source=source)
            return Coverage(None, None, int(rows[0][0]))
        kind = tables.kind(stamp.source, stamp.column)
        time, source_rows = tables.column(stamp.source, stamp.column), from_clause(tables, source, hops)
        if kind in ("date", "stamp", "instant") and not stamp.midnight_ends and self.dialect != "sqlite":
            # Local time grows with the stamp: convert two values, not every row's.
            ends = sa.select(sa.func.min(time).label("a"), sa.func.max(time).label("b"), sa.func.count().label("n"))
            inner = ends.select_from(source_rows).subquery("r")
            first, last = (local_time(stamp, side, kind, self.dialect) for side in (inner.c.a, inner.c.b))
            statement = sa.select(first, last, inner.c.n)
        else:
            inner = sa.select(time_of(tables, stamp).label("t")).select_from(source_rows).subquery("r")
            statement = sa.select(sa.func.min(inner.c.t), sa.func.max(inner.c.t), sa.func.count())
        _, rows = self.execute(statement, request="coverage", source=source)
        first, last, count = rows[0]
        return Coverage(_instant(first, stamp), _instant(last, stamp), int(count))

    def execute(self, statement: sa.Select[Any], *, request: str, source: str) -> tuple[list[str], Sequence[Any]]:
        """Run within the budget and record. Returns column names and rows."""
        self.budget.spend_query()
        began = time.perf_counter()
        try:
            self._limit_statement()
            result = self.connection.execute(statement)
            columns, rows = list(result.keys()), result.all()
        except exc.SQLAlchemyError as error:
            raise self._error(error, source) from error
        self.budget.check_memory()
        seconds = time.perf_counter() - began
        self.records.append(
            QueryRecord(request=request, source=source, sql=self.literal(statement), seconds=seconds, rows=len(rows))
        )
        return columns, rows

    def look(self, statement: sa.TextClause, *, source: str) -> Sequence[Any]:
        """Rows of a look into the catalogue, which is neither counted nor recorded."""
        self.budget.check_time()
        try:
            return self.connection.execute(statement).all()
        except exc.SQLAlchemyError as error:
            raise self._error(error, source) from error

    def regclass(self, source: str) -> str:
        """The table of a source as `to_regclass` reads it."""
        schema, _, table = (self.model.sources[source].table or "").rpartition(".")
        names = self.engine.dialect.identifier_preparer
        return ".".join(names.quote(part) for part in (schema, table) if part)

    def literal(self, statement: sa.Select[Any]) -> str:
        """The statement with its values, ready to paste."""
        dialect: Any = self.engine.dialect.__class__()
        dialect.paramstyle, dialect.positional = "named", False
        compiled = statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True})
        return str(compiled)

    def _limit_statement(self) -> None:
        milliseconds = max(1, int(self.budget.statement_s * 1000))
        if self.dialect == "postgresql":
            self.connection.exec_driver_sql(
                f"SET LOCAL statement_timeout = {milliseconds}; SET LOCAL work_mem = '{_WORK_MEM}'"
            )
        elif self.dialect == "mysql":
            self.connection.exec_driver_sql(f"SET SESSION max_execution_time = {milliseconds}")
        elif self.dialect == "mariadb":
            self.connection.exec_driver_sql(f"SET SESSION max_statement_time = {milliseconds / 1000}")
        else:
            end = time.monotonic() + self.budget.statement_s
            raw: Any = self.connection.connection.dbapi_connection
            raw.set_progress_handler(lambda: int(time.monotonic() > end), 100_000)

    def _reflect(self, source: str) -> None:
        definition = self.model.sources[source]
        if not definition.table:
            raise InputError(f"source {source!r} has a connection but no table", hint="Name it: table: SCHEMA.TABLE.")
        schema, _, table = definition.table.rpartition(".")
        try:
            inspector = sa.inspect(self.connection)
            columns = inspector.get_columns(table, schema=schema or None)
        except exc.NoSuchTableError as error:
            raise self._no_table(source, table, schema) from error
        except exc.SQLAlchemyError as error:
            raise self._error(error, source) from error
        if not columns:
            raise self._no_table(source, table, schema)
        self._kinds[source] = {column["name"]: _kind(column["type"], self.dialect) for column in columns}
        clause = sa.table(table, *(sa.column(column["name"]) for column in columns), schema=schema or None)
        self._tables[source] = clause.alias(source)

    def _no_table(self, source: str, table: str, schema: str) -> InputError:
        import difflib

        inspector = sa.inspect(self.connection)
        known = [*inspector.get_table_names(schema=schema or None), *inspector.get_view_names(schema=schema or None)]
        nearest = difflib.get_close_matches(table, known, n=3, cutoff=0.4) or sorted(known)[:8]
        hint = f"There is: {', '.join(nearest)}." if nearest else "The schema holds no table that this user may see."
        return InputError(f"source {source!r}: table {self.model.sources[source].table!r} does not exist", hint=hint)

    def _any_source(self) -> str:
        for name, definition in self.model.sources.items():
            if definition.connection is not None:
                return name
        return self.url.render_as_string(hide_password=True)

    def _error(self, error: exc.SQLAlchemyError, source: str) -> Exception:
        functions = self._functions()
        if functions is not None and functions.problem:
            problem, functions.problem = functions.problem, ""
            return InputError(
                f"source {source!r}: {problem}", hint="Give the source a `time_format`, or mend the data."
            )
        return translated(error, source=source, url=self.url, timeout_s=self.budget.limits.statement_timeout_s)

    def _functions(self) -> Any:
        if self.dialect != "sqlite" or self._connection is None:
            return None
        return self._connection.connection.info.get("functions")


def _kind(kind: sa.types.TypeEngine[Any], dialect: str) -> ColumnKind:
    if isinstance(kind, sa.Boolean) or (isinstance(kind, TINYINT) and kind.display_width == 1):  # MySQL's BOOLEAN
        return "boolean"
    if isinstance(kind, sa.Integer | sa.Numeric):
        return "number"
    if isinstance(kind, sa.DateTime):
        if getattr(kind, "timezone", False) or (dialect in ("mysql", "mariadb") and isinstance(kind, sa.TIMESTAMP)):
            return "instant"
        return "stamp"
    if isinstance(kind, sa.Date):
        return "date"
    if isinstance(kind, sa.Enum):
        return "other"
    if isinstance(kind, sa.String):
        return "text"
    return "other"


def rolled_up(fine: pl.DataFrame, grouping: Grouping, query: Query) -> pl.DataFrame:
    """The frame of one grouping from rows that are finer."""
    import polars as pl

    again = {"min": pl.Expr.min, "max": pl.Expr.max}
    parts = [again.get(aggregate.kind, pl.Expr.sum)(pl.col(aggregate.name)) for aggregate in query.aggregates]
    keys = [*(["bucket"] if "bucket" in fine.columns else []), *grouping]
    return fine.group_by(keys).agg(parts) if keys else fine.select(parts)


def _frame(
    query: Query,
    fields: Sequence[int],
    columns: list[str],
    rows: Sequence[Any],
    kinds: Mapping[str, Mapping[str, ColumnKind]],
    edges: Edges | None,
) -> pl.DataFrame:
    import polars as pl

    data = dict(zip(columns, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(columns, ())
    series: list[pl.Series] = []
    if "bucket" in data:
        starts = edges.start_of() if edges is not None else None
        series.append(_bucket(data["bucket"] if starts is None else [starts[number] for number in data["bucket"]]))
    for i in fields:
        name, field = query.fields[i]
        series.append(_spelled(field, _series(name, data[f"d{i}"]), kinds))
    series += [
        pl.Series(aggregate.name, data[f"a{i}"], dtype=pl.Float64, strict=False)
        for i, aggregate in enumerate(query.aggregates)
    ]
    return pl.DataFrame(series)


def _spelled(field: Field, values: pl.Series, kinds: Mapping[str, Mapping[str, ColumnKind]]) -> pl.Series:
    import polars as pl

    if isinstance(field, DerivedField):
        return _spell_derived(field, values)
    if kinds[field.source][field.column] == "boolean" and values.dtype.is_integer():  # SQLite and MySQL
        values = values.cast(pl.Boolean)
    return spell_members(values)


def _spell_derived(field: DerivedField, values: pl.Series) -> pl.Series:
    import polars as pl

    if values.dtype == pl.String:  # SQLite
        values = values.str.slice(0, 10).str.to_datetime("%Y-%m-%d", time_unit="us")
    return spell_codes(field.part, values)


def _series(name: str, values: Sequence[Any]) -> pl.Series:
    """A column of one type where the values have one; text otherwise (SQLite mixes types freely)."""
    import polars as pl

    try:
        return pl.Series(name, values, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if value is None else str(value) for value in values], dtype=pl.String)


def _bucket(values: Sequence[Any]) -> pl.Series:
    import polars as pl

    if values and isinstance(next((v for v in values if v is not None), None), str):
        text = pl.Series("bucket", values, dtype=pl.String)
        text = text.str.pad_end(19, " ").str.replace(r"\s{9}$", " 00:00:00")
        return text.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", time_unit="us")
    return pl.Series("bucket", values, dtype=pl.Datetime("us"))


def _instant(value: Any, stamp: Stamp) -> Any:
    from datetime import datetime

    if value is None:
        return None
    naive = datetime.fromisoformat(value) if isinstance(value, str) else value
    return read(naive, stamp.local)
