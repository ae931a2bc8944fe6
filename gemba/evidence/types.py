"""What the analyses read, and the record of having read it.

Evidence is a set of *cubes*: aggregates by time bucket and members, pushed down to the source. No raw rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict

from gemba.questions.types import Predicate, Window

if TYPE_CHECKING:
    import polars as pl

    from gemba.semantics.model import SemanticModel

Bucket = Literal["hour", "day", "week", "month", "whole"]
Grouping = tuple[str, ...]
TOTAL: Grouping = ()


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CubeRequest(_Frozen):
    """One metric, aggregated by time bucket and by each of the groupings.

    The frame of a grouping has the columns

    * `bucket`: naive local start of the bucket in the model's time zone (`Datetime("us")`). `whole` makes one
      bucket of the span, labelled with its start.
    * one column a dimension of the grouping, as text; null where the source has null;
    * for every leaf metric of `metric` (`SemanticModel.leaves`) its parts, as float64 columns `"{leaf}.{part}"`:

      | kind | parts |
      |---|---|
      | sum, mean | `sum`, `n` (non-null values), `sumsq` |
      | count | `n` |
      | min / max | `min` / `max`, `n` |
      | count_distinct | `distinct`, `n` |
      | quantile | `value`, `n` |

    A leaf that has no row in a bucket and group has 0 for `sum`, `n`, `sumsq`, `distinct` and null for the rest.
    Buckets without any row are absent. Rows are sorted by bucket and dimensions.
    `sum`, `n`, `sumsq`, `min`, `max` roll up over buckets and groups; `distinct` and `value` do not.
    """

    name: str
    metric: str
    filters: tuple[Predicate, ...] = ()
    span: Window
    bucket: Bucket
    groupings: tuple[Grouping, ...] = (TOTAL,)


class ValuesRequest(_Frozen):
    """Counts of each distinct value of a leaf metric's column by the members of `grouping`.

    Frame: one text column a dimension, `value` (float64), `n` (int64). Refused above `most_rows`.
    For quantiles and distributions, which do not roll up.
    """

    name: str
    metric: str
    filters: tuple[Predicate, ...] = ()
    span: Window
    grouping: Grouping = TOTAL
    most_rows: int = 500_000


class QualityRequest(_Frozen):
    """Facts about a source's rows in the span, for the data-quality agent.

    Frame: `bucket` (day, local), `rows`, `duplicates` (rows beyond the first of a key; 0 without a key), and for
    every column named in `columns` `"{column}.nulls"`.
    """

    name: str
    source: str
    columns: tuple[str, ...]
    span: Window


class RowsRequest(_Frozen):
    """The rows of a source, as far as the named columns tell them apart. For questions about single rows.

    Frame: with `timed` first `time`, the row's naive local time (`Datetime("us")`), so that rows of one instant are
    alike; a text column for each of `members` (dimensions); a float64 column for each of `numbers` (numeric
    dimensions), and `"column:{name}"` for each of `columns` of the source; `n` (int64), how many rows are alike in all
    of these; `hits` (int64), how many of them meet every predicate of `flag`. Sorted by all columns; keys are not read.
    Refused above `most_rows`.
    """

    name: str
    source: str
    members: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    flag: tuple[Predicate, ...] = ()
    filters: tuple[Predicate, ...] = ()
    span: Window
    timed: bool = False
    most_rows: int = 200_000


EvidenceRequest = CubeRequest | ValuesRequest | QualityRequest | RowsRequest


class ReadEntry(_Frozen):
    """One partition as it was read. `partition` is `all`, or the ISO start of the partition (`2026-11-09`)."""

    source: str
    partition: str
    version: str


class QueryRecord(_Frozen):
    """One query as it was run; `sql` has literal values, ready to paste."""

    request: str
    source: str
    sql: str
    seconds: float
    rows: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """What a source holds: first and last instant, and rows. None without rows."""

    first: datetime | None
    last: datetime | None
    rows: int


class Evidence(Protocol):
    """Frames by request, with the proof of where they came from. Immutable."""

    @property
    def data_version(self) -> str:
        """Sha-256 over the read set and the requests: equal versions hold equal frames."""
        ...

    @property
    def read_set(self) -> tuple[ReadEntry, ...]: ...

    @property
    def queries(self) -> tuple[QueryRecord, ...]: ...

    @property
    def as_of(self) -> datetime | None:
        """Last instant for which the sources hold a row, at the time of reading."""
        ...

    def cube(self, name: str, grouping: Grouping = TOTAL) -> pl.DataFrame:
        """The frame of a `CubeRequest` and one of its groupings. KeyError if it was not requested."""
        ...

    def frame(self, name: str) -> pl.DataFrame:
        """The frame of a `ValuesRequest`, `QualityRequest` or `RowsRequest`."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of one investigation. Seconds, counts, bytes, dollars."""

    deadline_s: float = 1800.0
    queries: int = 100
    statement_timeout_s: float = 30.0
    memory_bytes: int = 2 * 1024**3
    rows_per_query: int = 2_000_000
    cost_usd: float = 5.0


class Warehouse(Protocol):
    """Port to the data. Adapters: databases by SQLAlchemy, files by Polars, frames in memory for tests."""

    def gather(self, model: SemanticModel, requests: Iterable[EvidenceRequest], *, limits: Limits) -> Evidence:
        """Run every request, pushed down, and record what was read.

        Raises:
            SourceUnavailableError, AccessDeniedError: The source does not answer or refuses.
            UnreadableFileError: A file is missing, empty, truncated or not UTF-8.
            RefusedError: `outside_data` where a span holds no row at all.
            LimitReachedError: A bound was hit.
        """
        ...

    def versions(self, model: SemanticModel, entries: Iterable[ReadEntry]) -> dict[tuple[str, str], str | None]:
        """Content version now of every (source, partition) named; None where it is gone. Raises as `gather`."""
        ...

    def partitions(self, model: SemanticModel, source: str) -> dict[str, str]:
        """Content version by partition of a whole source, for observation. Raises as `gather`."""
        ...

    def coverage(self, model: SemanticModel, source: str) -> Coverage: ...

    def members(self, model: SemanticModel, dimension: str, *, most: int = 100_000) -> tuple[str, ...]:
        """Distinct non-null values of a dimension as text, most frequent first. Empty for personal-data
        dimensions only if the model says so elsewhere; this port does not mask."""
        ...


@dataclass(frozen=True, slots=True)
class FrameEvidence:
    """Evidence held in memory: what adapters return, and what tests build by hand."""

    data_version: str
    read_set: tuple[ReadEntry, ...] = ()
    queries: tuple[QueryRecord, ...] = ()
    as_of: datetime | None = None
    cubes: dict[tuple[str, Grouping], pl.DataFrame] = field(default_factory=dict)
    frames: dict[str, pl.DataFrame] = field(default_factory=dict)

    def cube(self, name: str, grouping: Grouping = TOTAL) -> pl.DataFrame:
        return self.cubes[(name, grouping)]

    def frame(self, name: str) -> pl.DataFrame:
        return self.frames[name]
