"""From the frames of queries to the frames of requests: one row a bucket and group, with every leaf's parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING

from gemba.evidence.build import ROWS
from gemba.evidence.types import CubeRequest, Grouping, RowsRequest
from gemba.evidence.zones import local
from gemba.semantics.model import SemanticModel

if TYPE_CHECKING:
    import polars as pl

ZERO_PARTS = ("sum", "n", "sumsq", "distinct")


def cube_frame(
    parts: Sequence[pl.DataFrame], request: CubeRequest, grouping: Grouping, *, model: SemanticModel
) -> pl.DataFrame:
    """The frame that `CubeRequest` documents, from one frame a source."""
    import polars as pl

    start = local(request.span.start, model.timezone)
    frames = [part.filter(pl.col(ROWS) > 0).drop(ROWS) for part in parts]
    if request.bucket == "whole":
        frames = [f.with_columns(pl.lit(start, dtype=pl.Datetime("us")).alias("bucket")) for f in frames]
    keys = ["bucket", *grouping]
    frames = [f.with_columns(pl.col(name).cast(pl.String) for name in grouping) for f in frames]
    whole = reduce(lambda a, b: a.join(b, on=keys, how="full", coalesce=True, nulls_equal=True), frames)
    numbers = [name for name in whole.columns if name not in keys]
    filled = [pl.col(name).fill_null(0.0) for name in numbers if name.rsplit(".", 1)[-1] in ZERO_PARTS]
    return whole.with_columns(filled).select(*keys, *numbers).sort(keys, nulls_last=True)


def values_frame(frame: pl.DataFrame, grouping: Grouping) -> pl.DataFrame:
    import polars as pl

    frame = frame.with_columns(pl.col("value").cast(pl.Float64), pl.col("n").cast(pl.Int64))
    return (
        frame.filter(pl.col("value").is_not_null())
        .select(*grouping, "value", "n")
        .sort(*grouping, "value", nulls_last=True)
    )


def rows_frame(frame: pl.DataFrame, request: RowsRequest) -> pl.DataFrame:
    """The frame that `RowsRequest` documents. A text in a column of numbers is no number: null."""
    import polars as pl

    numbers = [*request.numbers, *(f"column:{name}" for name in request.columns)]
    frame = frame.select(
        *([pl.col("bucket").cast(pl.Datetime("us")).alias("time")] if request.timed else []),
        *(pl.col(name).cast(pl.String) for name in request.members),
        *(pl.col(name).cast(pl.Float64, strict=False) for name in numbers),
        pl.col("n").cast(pl.Int64),
        pl.col("hits").cast(pl.Int64),
    )
    return frame.sort(frame.columns, nulls_last=True)


def quality_frame(frame: pl.DataFrame, columns: Sequence[str]) -> pl.DataFrame:
    import polars as pl

    duplicates = pl.col("rows") - pl.col("keys") if "keys" in frame.columns else pl.lit(0.0)
    return frame.select(
        "bucket",
        pl.col("rows").cast(pl.Int64),
        duplicates.cast(pl.Int64).alias("duplicates"),
        *(pl.col(f"{name}.nulls").cast(pl.Int64) for name in columns),
    ).sort("bucket")


def is_empty(frames: Mapping[Grouping, pl.DataFrame]) -> bool:
    return all(frame.height == 0 for frame in frames.values())
