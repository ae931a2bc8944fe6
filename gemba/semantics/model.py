"""The semantic model: what can be asked, in the words of the business.

These are the types of the file format in `docs/model.md`. Reading a file, with errors that name the line,
is `gemba.semantics.load`; questions about joins and units are `gemba.semantics.graph`.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gemba.questions.types import Predicate

Grain = Literal["hour", "day", "week", "month"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
MetricKind = Literal["sum", "count", "count_distinct", "mean", "min", "max", "quantile", "ratio", "product"]
Derived = Literal["hour", "weekday", "day", "week", "month", "quarter", "year", "weekend"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Join(_Strict):
    """Many rows here to one row of `to`. `by` maps a column here to a column there."""

    to: str
    by: dict[str, str]


class Source(_Strict):
    """A table or a set of files.

    `connection` is a SQLAlchemy URL; `${NAME}` in it stays as written here and is read from the
    environment only when connecting, so that a stored model holds no secret.
    `time` is the column of the instant a row belongs to. `time: orders.order_date`, where `orders` is another
    source of the model that this one reaches by its joins, borrows that source's column: order lines take the
    order's date. A borrowed column is read with the `stamps`, `time_format`, `midnight` and `timezone` of the
    source it lives in; ask `SemanticModel.time_column`, which says all of it.
    With `stamps: end` the stamp closes the row's interval: a row stamped at the end of a window belongs to the
    window. `time_format` (strptime) reads stamps kept as text. `midnight: ends_day` says that 00:00 of a date
    means that date's last instant. `timezone` is that of stamps without an offset; the model's if not given.
    `life` is the longest life of an insight that read the source: `10 min`, `4 h`, `1 day`.
    """

    connection: str | None = None
    files: str | None = None
    table: str | None = None
    key: tuple[str, ...] = ()
    time: str | None = None
    time_format: str | None = None
    timezone: str | None = None
    stamps: Literal["start", "end"] = "start"
    midnight: Literal["starts_day", "ends_day"] = "starts_day"
    partition: Literal["hour", "day", "week", "month", "none"] = "none"
    life: str | None = None
    joins: tuple[Join, ...] = ()
    owner: str | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class TimeColumn:
    """Where the instant of a source's rows is read. `source` is the one the column lives in.

    `borrowed`: `source` is another one, reached by joins. `format` is None for a column that holds real dates.
    `timezone` is that of stamps without an offset.
    """

    source: str
    column: str
    borrowed: bool
    format: str | None
    timezone: str
    stamps: Literal["start", "end"]
    midnight: Literal["starts_day", "ends_day"]


class Dimension(_Strict):
    """A column to group and filter by, or one derived from the source's time column.

    `column` is always one column's name, never an expression.

    `members` maps a value as stored to other words for it, for example `"3": [line 3, third line]`.
    """

    source: str
    column: str | None = None
    derived: Derived | None = None
    synonyms: tuple[str, ...] = ()
    members: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    personal: bool = False
    numeric: bool = False
    unit: str | None = None
    description: str | None = None


class Limits(_Strict):
    """What a customer or a drawing allows a measurement to be, in the metric's unit. At least one side is given.

    These say what is wanted; control limits, which Gemba computes, say what the process does.
    """

    lower: float | None = None
    upper: float | None = None
    target: float | None = None


class Failures(_Strict):
    """What makes a count of events a count of failures: whose they are, and how long it ran and stood.

    `of`: the dimension whose members fail. `running`: a metric that sums the time they ran. `repair`: a metric that is
    the mean length of a repair, of the same source as the count. Both times in the units of their metrics.
    """

    of: str
    running: str | None = None
    repair: str | None = None


class Metric(_Strict):
    """A number of the business. Exactly one of the kinds is given.

    `count: rows` counts rows, any other value counts non-null values of that column.
    `sum`, `mean`, `min`, `max` and `quantile` take a column or arithmetic over columns of the source, for example
    `sum: unit_price * quantity * (1 - discount)`; read both with `gemba.semantics.expression.parse_expression`,
    which gives a plain `Column` for a name. `count` and `count_distinct` take one column's name.
    `quantile` is `{column, q}`. `ratio` and `product` name other metrics.
    `limits`, of a mean of one column: the specification that single measurements must keep. `subgroup`: the dimension
    whose members are the rational subgroups of a control chart (a sample, a batch). `failures`: of a count, for
    questions of reliability.
    A ratio with unit "%" is shown, and its `matters` read, in per cent; it is computed as a share.
    """

    source: str | None = None
    sum: str | None = None
    count: str | None = None
    count_distinct: str | None = None
    mean: str | None = None
    min: str | None = None
    max: str | None = None
    quantile: Quantile | None = None
    ratio: tuple[str, str] | None = None
    product: tuple[str, ...] | None = None
    where: tuple[Predicate, ...] = ()
    unit: str = ""
    better: Literal["higher", "lower"] | None = None
    matters: float | None = None
    limits: Limits | None = None
    subgroup: str | None = None
    failures: Failures | None = None
    synonyms: tuple[str, ...] = ()
    description: str | None = None

    @property
    def kind(self) -> MetricKind:
        """Which of the kinds is given."""
        for kind in ("sum", "count", "count_distinct", "mean", "min", "max", "quantile", "ratio", "product"):
            if getattr(self, kind) is not None:
                return kind  # type: ignore[return-value]
        raise AssertionError("validated on load: a metric has a kind")

    @property
    def column(self) -> str | None:
        """The column or expression aggregated, as written; None for counted rows, ratios and products."""
        kind = self.kind
        if kind in ("ratio", "product") or (kind == "count" and self.count == "rows"):
            return None
        if kind == "quantile":
            assert self.quantile is not None
            return self.quantile.column
        return getattr(self, kind)

    @property
    def scale(self) -> float:
        """What a computed value is multiplied by to be shown in `unit`: 100 for shares in per cent."""
        return 100.0 if self.unit == "%" and self.kind in ("ratio", "product") else 1.0


class Quantile(_Strict):
    """`q` in (0, 1)."""

    column: str
    q: Annotated[float, Field(gt=0, lt=1)]


class SemanticModel(_Strict):
    """Sources, dimensions and metrics, with the calendar that questions about them are read in.

    `country`: ISO 3166-1 alpha-2; its public holidays are told apart from ordinary days in trends and forecasts.
    """

    gemba: Literal[1] = 1
    name: str
    timezone: str = "UTC"
    country: str | None = None
    week_starts: Weekday = "monday"
    fiscal_year_starts: Annotated[int, Field(ge=1, le=12)] = 1
    description: str | None = None
    sources: dict[str, Source]
    dimensions: dict[str, Dimension] = Field(default_factory=dict)
    metrics: dict[str, Metric]

    def leaves(self, metric: str) -> tuple[str, ...]:
        """The metrics with a source of their own that `metric` is computed from, each once, in order."""
        found: dict[str, None] = {}
        definition = self.metrics[metric]
        for part in definition.ratio or definition.product or ():
            found.update(dict.fromkeys(self.leaves(part)))
        return tuple(found) or (metric,)

    def time_column(self, source: str) -> TimeColumn | None:
        """Where a source's instants are read, borrowed columns resolved. None without `time`."""
        time = self.sources[source].time
        if time is None:
            return None
        owner, column = source, time
        prefix, dot, rest = time.partition(".")
        if dot and prefix in self.sources and prefix != source:
            owner, column = prefix, rest
        home = self.sources[owner]
        return TimeColumn(
            source=owner,
            column=column,
            borrowed=owner != source,
            format=home.time_format,
            timezone=home.timezone or self.timezone,
            stamps=home.stamps,
            midnight=home.midnight,
        )

    def content_hash(self) -> str:
        """Hash of the meaning: equal models hash equal whatever their layout.

        A connection counts without its user and password, so that a rotated secret keeps the cache.
        """
        content: dict[str, Any] = self.model_dump(mode="json", exclude_none=True)
        for source in content["sources"].values():
            if "connection" in source:
                source["connection"] = re.sub(r"://[^@/]*@", "://", source["connection"])
        canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(canonical.encode()).hexdigest()


Metric.model_rebuild()
