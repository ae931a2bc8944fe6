"""From a query to Polars lazy frames: for files, and for frames in memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import polars as pl

from gemba.errors import InputError
from gemba.evidence import partitions
from gemba.evidence.budget import Budget
from gemba.evidence.build import require
from gemba.evidence.labels import WEEKDAYS, code_of, spell_codes, spell_members
from gemba.evidence.lazytime import local_time, truncated
from gemba.evidence.query import (
    Aggregate,
    ColumnField,
    ColumnKind,
    Condition,
    DerivedField,
    Field,
    Hop,
    Query,
    Slice,
    Stamp,
)
from gemba.evidence.rowhash import frame_version
from gemba.evidence.types import Coverage, Grouping, QueryRecord
from gemba.evidence.zones import local, read
from gemba.semantics.expression import Binary, Column, Expr, Negate, Number
from gemba.semantics.model import Weekday


class LazySession:
    """Queries over lazy frames by source. The frames are what the session sees for as long as it lives.

    `scan` gives the frame of a source and raises UnreadableFileError or InputError.
    """

    def __init__(self, scan: Callable[[str], pl.LazyFrame], budget: Budget) -> None:
        self.scan = scan
        self.budget = budget
        self.records: list[QueryRecord] = []
        self._kinds: dict[str, Mapping[str, ColumnKind]] = {}

    def kinds(self, source: str) -> Mapping[str, ColumnKind]:
        if source not in self._kinds:
            schema = self.scan(source).collect_schema()
            self._kinds[source] = {name: _kind(dtype) for name, dtype in schema.items()}
        return self._kinds[source]

    def _kind_of(self, source: str, column: str) -> ColumnKind:
        return require(self.kinds, source, column)

    def run(self, query: Query) -> dict[Grouping, pl.DataFrame]:
        groupings = list(dict.fromkeys(query.groupings))
        rows = self._rows(query)
        frames = [self._grouped(query, rows, grouping) for grouping in groupings]
        collected = self._collect(frames, request=query.request, source=query.source)
        for frame in collected:
            self.budget.check_rows(frame.height, query.most_rows)
        return {
            grouping: _spelled(query, frame, grouping) for grouping, frame in zip(groupings, collected, strict=True)
        }

    def versions(self, part: Slice) -> dict[str, str]:
        frame = self.scan(part.source)
        if part.grain is None or part.stamp is None:
            (whole,) = self._collect([frame], request=f"version:{part.source}", source=part.source)
            return {partitions.ALL: frame_version(whole)}
        names = frame.collect_schema().names()
        frame = self._joined(part.source, part.hops).with_columns(self._time(part.stamp).alias("#t"))
        if part.start is not None and part.end is not None:
            frame = frame.filter(pl.col("#t").is_between(part.start, part.end, closed="left"))
        shift = WEEKDAYS.index(part.week_starts)
        frame = frame.filter(pl.col("#t").is_not_null()).select(
            truncated(pl.col("#t"), part.grain, shift).alias("#p"), *(_own(part.source, name) for name in names)
        )
        (rows,) = self._collect([frame], request=f"version:{part.source}", source=part.source)
        grain = part.grain
        return {
            partitions.name(start, grain): frame_version(group.drop("#p"))
            for (start,), group in rows.partition_by("#p", as_dict=True, maintain_order=True).items()
            if isinstance(start, datetime)
        }

    def coverage(self, source: str, stamp: Stamp | None, hops: tuple[Hop, ...]) -> Coverage:
        if stamp is None:
            (frame,) = self._collect([self.scan(source).select(pl.len())], request="coverage", source=source)
            return Coverage(None, None, int(frame.item()))
        self._refuse_unreadable(source, stamp, hops)
        stamped = self._joined(source, hops).select(self._time(stamp).alias("t"))
        summary = stamped.select(pl.col("t").min().alias("first"), pl.col("t").max().alias("last"), pl.len().alias("n"))
        (frame,) = self._collect([summary], request="coverage", source=source)
        first, last, rows = frame.row(0)
        return Coverage(
            None if first is None else read(first, stamp.local), None if last is None else read(last, stamp.local), rows
        )

    def _rows(self, query: Query) -> pl.LazyFrame:
        frame = self._joined(query.source, query.hops)
        if query.stamp is not None:
            self._refuse_unreadable(query.source, query.stamp, query.hops)
            frame = frame.with_columns(self._time(query.stamp).alias("#t"))
            if query.span is not None:
                start, end = (local(side, query.stamp.local) for side in (query.span.start, query.span.end))
                frame = frame.filter((pl.col("#t") >= start) & (pl.col("#t") < end))
        for condition in query.where:
            frame = frame.filter(self._meets(condition, query.week_starts))
        if query.any_of:
            frame = frame.filter(pl.any_horizontal(self._all(group, query.week_starts) for group in query.any_of))
        columns = [self._code(field, query.week_starts).alias(name) for name, field in query.fields]
        if query.bucket not in (None, "whole"):
            shift = WEEKDAYS.index(query.week_starts)
            stamped = pl.col("#t")
            place = stamped if query.bucket == "instant" else truncated(stamped, query.bucket, shift)
            columns.append(place.alias("bucket"))
        for i, aggregate in enumerate(query.aggregates):
            columns += self._inputs(aggregate, i, query)
        # A select of literals alone has one row whatever the frame has: keep a column of the source.
        anchor = next(iter(self.kinds(query.source)))
        return frame.select(*columns, _own(query.source, anchor).alias("#row"))

    def _inputs(self, aggregate: Aggregate, i: int, query: Query) -> list[pl.Expr]:
        if aggregate.kind == "keys":
            value: pl.Expr = pl.struct(_own(query.source, name) for name in aggregate.columns)
        elif aggregate.value is not None:
            numeric = aggregate.kind in ("sum", "sumsq", "min", "max", "quantile")
            value = self._arithmetic(aggregate.value, query.source, as_number=numeric)
        elif aggregate.where:
            value = pl.lit(1)
        else:
            return []
        if aggregate.where:
            value = pl.when(self._all(aggregate.where, query.week_starts)).then(value)
        return [value.alias(f"#v{i}")]

    def _grouped(self, query: Query, rows: pl.LazyFrame, grouping: Grouping) -> pl.LazyFrame:
        known = rows.collect_schema().names()
        outputs = [
            _aggregate(aggregate, f"#v{i}" if f"#v{i}" in known else None).cast(pl.Float64).alias(aggregate.name)
            for i, aggregate in enumerate(query.aggregates)
        ]
        keys = [*(["bucket"] if "bucket" in known else []), *grouping]
        return rows.group_by(keys).agg(outputs) if keys else rows.select(outputs)

    def _joined(self, source: str, hops: Sequence[Hop]) -> pl.LazyFrame:
        """The source's rows with every column named `source.column`."""
        frame = self._named(source)
        for hop in hops:
            there = self._named(hop.there)
            left = [f"{hop.here}.{here}" for here, _ in hop.by]
            right = [f"{hop.there}.{column}" for _, column in hop.by]
            for (here, column), lname, rname in zip(hop.by, left, right, strict=True):
                if self._kind_of(hop.here, here) != self._kind_of(hop.there, column):
                    frame = frame.with_columns(pl.col(lname).cast(pl.String))
                    there = there.with_columns(pl.col(rname).cast(pl.String))
            there = there.with_columns(pl.col(name).alias(f"#{name}") for name in right)
            frame = frame.join(there, left_on=left, right_on=[f"#{name}" for name in right], how="left")
        return frame

    def _named(self, source: str) -> pl.LazyFrame:
        names = list(self.kinds(source))
        return self.scan(source).select(pl.col(name).alias(f"{source}.{name}") for name in names)

    def _time(self, stamp: Stamp) -> pl.Expr:
        return local_time(stamp, _own(stamp.source, stamp.column), self._kind_of(stamp.source, stamp.column))

    def _refuse_unreadable(self, source: str, stamp: Stamp, hops: Sequence[Hop]) -> None:
        """One pass over a column of text stamps: an unread stamp would drop its row in silence."""
        if self._kind_of(stamp.source, stamp.column) != "text":
            return
        frame = self._joined(source, hops)
        column = _own(stamp.source, stamp.column)
        bad = frame.filter(column.is_not_null() & (column != "") & self._time(stamp).is_null())
        found = bad.select(column.first().alias("first"), pl.len().alias("rows")).collect()
        if found["rows"][0]:
            raise InputError(
                f"source {stamp.source!r}: {found['rows'][0]} stamps of column {stamp.column!r} are no time"
                + (f" of the format {stamp.format!r}" if stamp.format else "")
                + f", the first is {found['first'][0]!r}",
                hint="Give the source a `time_format` (strptime), or mend the data.",
            )

    def _code(self, field: Field, week_starts: Weekday) -> pl.Expr:
        if isinstance(field, ColumnField):
            return _own(field.source, field.column)
        stamped = self._time(field.stamp)
        parts = {
            "hour": stamped.dt.hour(),
            "weekday": stamped.dt.weekday(),
            "weekend": (stamped.dt.weekday() >= 6).cast(pl.Int8),
            "quarter": stamped.dt.year() * 10 + stamped.dt.quarter(),
            "year": stamped.dt.year(),
        }
        if field.part in parts:
            return parts[field.part].cast(pl.Int64)
        return truncated(stamped, field.part, WEEKDAYS.index(week_starts))

    def _all(self, conditions: Sequence[Condition], week_starts: Weekday) -> pl.Expr:
        return pl.all_horizontal([pl.lit(True), *(self._meets(c, week_starts) for c in conditions)])

    def _meets(self, condition: Condition, week_starts: Weekday) -> pl.Expr:
        value = self._code(condition.field, week_starts)
        if condition.op == "is_null":
            return value.is_null()
        if condition.op in ("in", "not_in"):
            members = [m for m in (self._member(condition.field, v) for v in condition.values) if m is not None]
            if isinstance(condition.field, ColumnField):
                kind = self.kinds(condition.field.source)[condition.field.column]
                value = value.cast(pl.Float64) if kind == "number" else value
                value = value.cast(pl.String) if kind not in ("number", "boolean") else value
            among = pl.lit(False)
            for member in members:
                among = among | (value == member)
            among = among.fill_null(False)
            return among if condition.op == "in" else ~among
        number = value.cast(pl.Float64)
        bounds = [float(v) for v in condition.values]
        if condition.op == "between":
            return number.is_between(bounds[0], bounds[1]).fill_null(False)
        compared = {"gt": number > bounds[0], "ge": number >= bounds[0], "lt": number < bounds[0]}
        return compared.get(condition.op, number <= bounds[0]).fill_null(False)

    def _member(self, field: Field, value: Any) -> Any:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if isinstance(field, DerivedField):
            return code_of(field.part, text)
        kind = self.kinds(field.source)[field.column]
        if kind == "number":
            try:
                return float(text)
            except ValueError:
                return None
        if kind == "boolean":
            return {"true": True, "1": True, "t": True, "false": False, "0": False, "f": False}.get(text.lower())
        return text

    def _arithmetic(self, value: Expr, source: str, *, as_number: bool = True) -> pl.Expr:
        if isinstance(value, Column):
            column = _own(source, value.name)
            return column.cast(pl.Float64) if as_number else column
        if isinstance(value, Number):
            return pl.lit(value.value, dtype=pl.Float64)
        if isinstance(value, Negate):
            return -self._arithmetic(value.inner, source)
        assert isinstance(value, Binary)
        left, right = self._arithmetic(value.left, source), self._arithmetic(value.right, source)
        if value.op == "+":
            return left + right
        if value.op == "-":
            return left - right
        if value.op == "*":
            return left * right
        return left / pl.when(right != 0).then(right)

    def _collect(self, frames: Sequence[pl.LazyFrame], *, request: str, source: str) -> list[pl.DataFrame]:
        self.budget.spend_query()
        began = time.perf_counter()
        collected = pl.collect_all(frames)
        self.budget.check_time()
        self.budget.check_memory()
        plan = "\n\n".join(frame.explain(optimized=False) for frame in frames[:1])
        rows = sum(frame.height for frame in collected)
        self.records.append(
            QueryRecord(
                request=request, source=source, sql=f"-- Polars\n{plan}", seconds=time.perf_counter() - began, rows=rows
            )
        )
        return collected


def _own(source: str, column: str) -> pl.Expr:
    return pl.col(f"{source}.{column}")


def _aggregate(aggregate: Aggregate, name: str | None) -> pl.Expr:
    if name is None:
        return pl.len()
    value = pl.col(name)
    return {
        "rows": value.count,
        "count": value.count,
        "sum": value.sum,
        "sumsq": (value * value).sum,
        "min": value.min,
        "max": value.max,
        "distinct": lambda: value.drop_nulls().n_unique(),
        "keys": value.n_unique,
        "nulls": value.null_count,
        "quantile": lambda: value.quantile(aggregate.q, interpolation="linear"),
    }[aggregate.kind]()


def _spelled(query: Query, frame: pl.DataFrame, grouping: Grouping) -> pl.DataFrame:
    for name in grouping:
        field = query.field(name)
        text = spell_codes(field.part, frame[name]) if isinstance(field, DerivedField) else spell_members(frame[name])
        frame = frame.with_columns(text.alias(name))
    if "bucket" in frame.columns:
        frame = frame.with_columns(pl.col("bucket").cast(pl.Datetime("us")))
    return frame


def _kind(dtype: pl.DataType) -> ColumnKind:
    if dtype == pl.Null:
        return "null"
    if dtype.is_numeric():
        return "number"
    if dtype == pl.Boolean:
        return "boolean"
    if dtype == pl.Date:
        return "date"
    if isinstance(dtype, pl.Datetime):
        return "stamp" if dtype.time_zone is None else "instant"
    return "text" if dtype in (pl.String, pl.Categorical, pl.Enum) else "other"
