"""Local time of a row in Polars: the naive timestamp of the model's zone that a row's stamp stands for."""

from __future__ import annotations

import polars as pl

from gemba.errors import InputError
from gemba.evidence.query import ColumnKind, Stamp

_OFFSET = r"\d\d:\d\d.*([+-]\d\d(:?\d\d)?|Z)$"
_SHAPES = ("%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M")
_EPSILON = pl.duration(microseconds=1)


def local_time(stamp: Stamp, column: pl.Expr, kind: ColumnKind) -> pl.Expr:
    """Naive local time, `Datetime("us")`; null where the stamp is null or cannot be read (see `unreadable`)."""
    if kind in ("date", "null"):
        return column.cast(pl.Datetime("us"))
    if kind == "instant":
        return _moved(stamp, _of_instant(column, stamp))
    if kind == "stamp":
        return _of_naive(_moved(stamp, column.cast(pl.Datetime("us"))), stamp)
    if kind == "text":
        return _of_text(stamp, column)
    raise InputError(
        f"column {stamp.column!r} of source {stamp.source!r} is {kind} and cannot be read as a time",
        hint="Name a column of dates or timestamps; for text give the source a `time_format`.",
    )


def _of_instant(column: pl.Expr, stamp: Stamp) -> pl.Expr:
    return column.dt.convert_time_zone(stamp.local).dt.replace_time_zone(None).cast(pl.Datetime("us"))


def _of_naive(column: pl.Expr, stamp: Stamp) -> pl.Expr:
    """A time that the clock skipped is read as null and reported; of two equal ones the earlier is meant."""
    if stamp.zone == stamp.local:
        return column
    zoned = column.dt.replace_time_zone(stamp.zone, ambiguous="earliest", non_existent="null")
    return _of_instant(zoned, stamp)


def _moved(stamp: Stamp, time: pl.Expr) -> pl.Expr:
    if stamp.midnight_ends:
        midnight = time == time.dt.truncate("1d")
        time = pl.when(midnight).then(time + pl.duration(days=1)).otherwise(time)
    return time - _EPSILON if stamp.ends else time


def _of_text(stamp: Stamp, column: pl.Expr) -> pl.Expr:
    if stamp.format is not None:
        zoned = "%z" in stamp.format
        if zoned:
            instant = column.str.to_datetime(stamp.format, time_unit="us", time_zone="UTC", strict=False)
            return _moved(stamp, _of_instant(instant, stamp))
        naive = column.str.to_datetime(stamp.format, time_unit="us", strict=False)
        return _of_naive(_moved(stamp, naive), stamp)
    text = column.str.strip_chars().str.replace(" ", "T", literal=True)
    date = text.str.to_datetime("%Y-%m-%d", time_unit="us", strict=False)
    naive = pl.coalesce(text.str.to_datetime(shape, time_unit="us", strict=False) for shape in _SHAPES)
    offset = text.str.replace("Z$", "+00:00").str.replace(r"([+-]\d\d)$", "${1}:00")
    instant = pl.coalesce(
        offset.str.to_datetime(f"{shape}%z", time_unit="us", time_zone="UTC", strict=False) for shape in _SHAPES
    )
    return (
        pl.when(text.str.contains(_OFFSET))
        .then(_moved(stamp, _of_instant(instant, stamp)))
        .when(text.str.len_chars() == 10)
        .then(date)
        .otherwise(_of_naive(_moved(stamp, naive), stamp))
    )


def truncated(time: pl.Expr, grain: str, week_shift: int) -> pl.Expr:
    """Start of the hour, day, week (Monday plus `week_shift` days) or month."""
    if grain == "week":
        days = pl.duration(days=week_shift)
        return (time - days).dt.truncate("1w") + days
    return time.dt.truncate({"hour": "1h", "day": "1d", "month": "1mo"}[grain])
