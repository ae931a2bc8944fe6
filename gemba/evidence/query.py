"""An aggregate query in the words of the model, before it is SQL or Polars.

`gemba.evidence.build` makes these from requests; `gemba.evidence.sql` and `gemba.evidence.lazy` run them. Both give
the same frames, and a contract test holds them to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from gemba.evidence.types import TOTAL, Bucket, Coverage, Grouping, QueryRecord
from gemba.questions.types import Op, Value, Window
from gemba.semantics.expression import Expr
from gemba.semantics.model import Derived, Grain, Weekday

if TYPE_CHECKING:
    import polars as pl

ColumnKind = Literal["number", "text", "boolean", "date", "stamp", "instant", "null", "other"]
"""`stamp` is a date and time without an offset, `instant` one with; `null` a file's column without any value."""

AggregateKind = Literal["rows", "count", "sum", "sumsq", "min", "max", "distinct", "quantile", "nulls", "keys"]

ADDITIVE: tuple[AggregateKind, ...] = ("rows", "count", "sum", "sumsq", "min", "max", "nulls")
"""Kinds whose values of groups give the value of their union."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """A time column and how it is read. `zone`: of stamps without an offset; `local`: the model's."""

    source: str
    column: str
    zone: str
    local: str
    ends: bool = False
    midnight_ends: bool = False
    format: str | None = None


@dataclass(frozen=True, slots=True)
class ColumnField:
    """A column to group or filter by."""

    source: str
    column: str


@dataclass(frozen=True, slots=True)
class DerivedField:
    """A part of the local time of a row."""

    part: Derived
    stamp: Stamp


Field = ColumnField | DerivedField


@dataclass(frozen=True, slots=True)
class Condition:
    """A predicate on a field. Text values of derived fields are spelled as `gemba.evidence.labels` does."""

    field: Field
    op: Op
    values: tuple[Value, ...] = ()


@dataclass(frozen=True, slots=True)
class Hop:
    """A left join, many to one. `by`: (column here, column there)."""

    here: str
    there: str
    by: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Aggregate:
    """One number a group, over the rows that meet `where`.

    `value` is arithmetic over columns of the query's source; `columns` is for `keys` (distinct combinations).
    """

    name: str
    kind: AggregateKind
    value: Expr | None = None
    where: tuple[Condition, ...] = ()
    q: float = 0.5
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """Aggregates of the rows of one source, by time bucket and by each of the groupings.

    A row is read if it is in `span`, meets every condition of `where`, and meets all conditions of at least one
    member of `any_of` (empty: no such test). The result has `bucket` first if a bucket is asked for; `instant` is the
    row's own local time.
    """

    request: str
    source: str
    aggregates: tuple[Aggregate, ...]
    hops: tuple[Hop, ...] = ()
    stamp: Stamp | None = None
    span: Window | None = None
    bucket: Bucket | Literal["instant"] | None = None
    week_starts: Weekday = "monday"
    fields: tuple[tuple[str, Field], ...] = ()
    where: tuple[Condition, ...] = ()
    any_of: tuple[tuple[Condition, ...], ...] = ()
    groupings: tuple[Grouping, ...] = (TOTAL,)
    most_rows: int = 2_000_000

    def field(self, name: str) -> Field:
        return dict(self.fields)[name]


@dataclass(frozen=True, slots=True)
class Slice:
    """The partitions of a source to give versions of: those that meet [start, end), local; None: all of it."""

    source: str
    stamp: Stamp | None
    grain: Grain | None
    hops: tuple[Hop, ...] = ()
    start: datetime | None = None
    end: datetime | None = None
    week_starts: Weekday = "monday"


class Session(Protocol):
    """One consistent view of one place that holds sources: a transaction of a database, or a set of files."""

    def kinds(self, source: str) -> Mapping[str, ColumnKind]:
        """Columns of a source. Raises InputError if the table or file does not exist."""
        ...

    def run(self, query: Query) -> dict[Grouping, pl.DataFrame]:
        """Frames by grouping: `bucket` (if asked for), members as text, aggregates as float64."""
        ...

    def versions(self, part: Slice) -> dict[str, str]:
        """Content versions of the partitions that hold a row. `all` where the slice has no grain."""
        ...

    def coverage(self, source: str, stamp: Stamp | None, hops: tuple[Hop, ...]) -> Coverage: ...

    @property
    def records(self) -> list[QueryRecord]: ...
