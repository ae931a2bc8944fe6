"""Truncation and parts of a naive timestamp in SQL, one construct each, compiled by dialect.

In SQLite a timestamp is the text `YYYY-MM-DD HH:MM:SS.ffffff`, as the function `gemba_local` gives it.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ColumnElement
from sqlalchemy.types import DateTime, Integer

from gemba.evidence.labels import WEEKDAYS
from gemba.semantics.model import Weekday

Period = Literal["hour", "day", "week", "month"]
Part = Literal["hour", "isodow", "weekend", "quarter", "year"]


class Truncate(ColumnElement[Any]):
    """Start of the hour, day, week or month. Weeks start on `week_starts`."""

    inherit_cache = False
    type = DateTime()

    def __init__(self, grain: Period, stamp: ColumnElement[Any], week_starts: Weekday = "monday") -> None:
        self.grain = grain
        self.stamp = stamp
        self.shift = WEEKDAYS.index(week_starts)


class Extract(ColumnElement[Any]):
    """A part of a timestamp as a whole number. `isodow` 1 is Monday; `quarter` is year × 10 + quarter."""

    inherit_cache = False
    type = Integer()

    def __init__(self, part: Part, stamp: ColumnElement[Any]) -> None:
        self.part = part
        self.stamp = stamp


@compiles(Truncate)
def _truncate_as_postgres(element: Truncate, compiler: Any, **options: Any) -> str:
    inner = compiler.process(element.stamp, **options)
    if element.grain == "week" and element.shift:
        days = f"interval '{element.shift} days'"
        return f"(date_trunc('week', {inner} - {days}) + {days})"
    return f"date_trunc('{element.grain}', {inner})"


@compiles(Truncate, "sqlite")
def _truncate_in_sqlite(element: Truncate, compiler: Any, **options: Any) -> str:
    inner = compiler.process(element.stamp, **options)
    if element.grain == "hour":
        return f"(substr({inner}, 1, 13) || ':00:00')"
    if element.grain == "day":
        return f"substr({inner}, 1, 10)"
    if element.grain == "month":
        return f"(substr({inner}, 1, 7) || '-01')"
    back = f"((strftime('%w', {inner}) + {6 - element.shift}) % 7)"
    return f"date(substr({inner}, 1, 10), '-' || {back} || ' days')"


@compiles(Truncate, "mysql")
@compiles(Truncate, "mariadb")
def _truncate_in_mysql(element: Truncate, compiler: Any, **options: Any) -> str:
    inner = compiler.process(element.stamp, **options)
    if element.grain == "hour":
        return f"TIMESTAMPADD(HOUR, HOUR({inner}), TIMESTAMP(DATE({inner})))"
    if element.grain == "day":
        return f"TIMESTAMP(DATE({inner}))"
    if element.grain == "month":
        return f"TIMESTAMP(DATE_SUB(DATE({inner}), INTERVAL DAYOFMONTH({inner}) - 1 DAY))"
    return f"TIMESTAMP(DATE_SUB(DATE({inner}), INTERVAL MOD(WEEKDAY({inner}) + {7 - element.shift}, 7) DAY))"


@compiles(Extract)
def _extract_as_postgres(element: Extract, compiler: Any, **options: Any) -> str:
    inner = compiler.process(element.stamp, **options)
    if element.part == "weekend":
        return f"(CASE WHEN extract(isodow FROM {inner}) >= 6 THEN 1 ELSE 0 END)"
    if element.part == "quarter":
        return f"CAST(extract(year FROM {inner}) * 10 + extract(quarter FROM {inner}) AS integer)"
    return f"CAST(extract({element.part} FROM {inner}) AS integer)"


@compiles(Extract, "sqlite")
def _extract_in_sqlite(element: Extract, compiler: Any, **options: Any) -> str:
    inner = compiler.process(element.stamp, **options)
    weekday = f"((strftime('%w', {inner}) + 6) % 7 + 1)"
    return {
        "hour": f"CAST(substr({inner}, 12, 2) AS INTEGER)",
        "isodow": weekday,
        "weekend": f"({weekday} >= 6)",
        "quarter": f"(CAST(substr({inner}, 1, 4) AS INTEGER) * 10 + (CAST(substr({inner}, 6, 2) AS INTEGER) + 2) / 3)",
        "year": f"CAST(substr({inner}, 1, 4) AS INTEGER)",
    }[element.part]


@compiles(Extract, "mysql")
@compiles(Extract, "mariadb")
def _extract_in_mysql(element: Extract, compiler: Any, **options: Any) -> str:
    inner = compiler.process(element.stamp, **options)
    return {
        "hour": f"HOUR({inner})",
        "isodow": f"(WEEKDAY({inner}) + 1)",
        "weekend": f"(WEEKDAY({inner}) >= 5)",
        "quarter": f"(YEAR({inner}) * 10 + QUARTER({inner}))",
        "year": f"YEAR({inner})",
    }[element.part]
