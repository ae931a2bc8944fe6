"""Local time of a row in SQL: the naive timestamp of the model's zone that a row's stamp stands for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import INTERVAL
from sqlalchemy.sql.elements import ColumnElement

from gemba.errors import InputError
from gemba.evidence.query import ColumnKind, Stamp
from gemba.evidence.zones import EPSILON, local, read, shifts
from gemba.questions.types import Window

# Between these MySQL is given every clock change where no span bounds the rows: what its TIMESTAMP can hold.
_EARLIEST, _LATEST = datetime(1970, 1, 1), datetime(2038, 1, 20)  # noqa: DTZ001
_OFFSET = r"\d\d:\d\d.*([+-]\d\d(:?\d\d)?|Z)$"
_POSTGRES_FORMAT = {
    "%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%H": "HH24", "%I": "HH12", "%M": "MI",
    "%S": "SS", "%f": "US", "%p": "AM", "%b": "Mon", "%B": "Month", "%j": "DDD", "%T": "HH24:MI:SS",
}  # fmt: skip


def local_time(
    stamp: Stamp, column: ColumnElement[Any], kind: ColumnKind, dialect: str, *, span: Window | None = None
) -> ColumnElement[Any]:
    """Naive local time. In SQLite the text `YYYY-MM-DD HH:MM:SS.ffffff`, made by the function `gemba_local`.

    A date without a time belongs to that date, whether stamps close or open an interval. `span`: the rows that
    matter are in it, so that other clock changes need not be listed.
    """
    if dialect == "sqlite":
        return sa.func.gemba_local(
            column,
            stamp.zone,
            stamp.local,
            int(stamp.ends),
            int(stamp.midnight_ends),
            stamp.format or "",
            type_=sa.String(),
        )
    if kind == "date":
        return sa.cast(column, sa.DateTime())
    if kind == "instant":
        return _moved(stamp, _convert(column, "instant", stamp, dialect, span), dialect)
    if kind == "stamp":
        return _convert(_moved(stamp, column, dialect), "stamp", stamp, dialect, span)
    if kind == "text":
        return _local_of_text(stamp, column, dialect, span)
    raise InputError(
        f"column {stamp.column!r} of source {stamp.source!r} is {kind} and cannot be read as a time",
        hint="Name a column of dates or timestamps; for text give the source a `time_format`.",
    )


def in_span(
    stamp: Stamp, column: ColumnElement[Any], kind: ColumnKind, span: Window, dialect: str
) -> ColumnElement[bool]:
    """Whether a row belongs to the span, on the bare column where possible, so that an index can serve."""
    start, end = local(span.start, stamp.local), local(span.end, stamp.local)
    bare = not stamp.midnight_ends and dialect != "sqlite"
    shift = EPSILON if stamp.ends else timedelta(0)
    if bare and kind == "instant":
        if dialect == "postgresql":
            bounds = [_literal(side + shift, zoned=True) for side in (span.start, span.end)]
        else:
            bounds = [_literal(local(side, "UTC") + shift) for side in (span.start, span.end)]
        return sa.and_(column >= bounds[0], column < bounds[1])
    if bare and kind == "stamp":
        low, high = (local(read(side, stamp.local), stamp.zone) + shift for side in (start, end))
        return sa.and_(column >= _literal(low), column < _literal(high))
    time = local_time(stamp, column, kind, dialect)
    if dialect == "sqlite":
        return sa.and_(time >= sqlite_text(start), time < sqlite_text(end))
    return sa.and_(time >= _literal(start), time < _literal(end))


def sqlite_text(naive: datetime) -> str:
    return naive.strftime("%Y-%m-%d %H:%M:%S.%f")


def _literal(moment: datetime, *, zoned: bool = False) -> ColumnElement[Any]:
    return sa.literal(moment, sa.DateTime(timezone=zoned))


def _moved(stamp: Stamp, time: ColumnElement[Any], dialect: str) -> ColumnElement[Any]:
    if stamp.midnight_ends:
        midnight = time == sa.cast(sa.cast(time, sa.Date()), sa.DateTime())
        time = sa.case((midnight, _add(time, timedelta(days=1), dialect)), else_=time)
    return _add(time, -EPSILON, dialect) if stamp.ends else time


def _add(time: ColumnElement[Any], step: timedelta, dialect: str) -> ColumnElement[Any]:
    if dialect == "postgresql":
        return sa.type_coerce(time + sa.literal(step, INTERVAL()), sa.DateTime())
    return sa.func.timestampadd(
        sa.text("MICROSECOND"), int(step / timedelta(microseconds=1)), time, type_=sa.DateTime()
    )


def _convert(
    time: ColumnElement[Any], kind: ColumnKind, stamp: Stamp, dialect: str, span: Window | None
) -> ColumnElement[Any]:
    if dialect == "postgresql":
        if kind == "instant":
            return sa.func.timezone(_word(stamp.local), time, type_=sa.DateTime())
        if stamp.zone == stamp.local:
            return time
        instant = sa.func.timezone(_word(stamp.zone), time, type_=sa.DateTime(timezone=True))
        return sa.func.timezone(_word(stamp.local), instant, type_=sa.DateTime())
    # MySQL keeps zones in tables that are empty unless an administrator fills them: list the clock changes instead.
    zone = "UTC" if kind == "instant" else stamp.zone
    if zone == stamp.local:
        return time
    start, end = _EARLIEST, _LATEST
    if span is not None:
        start, end = (local(side, "UTC") for side in (span.start, span.end))
        start, end = start - timedelta(days=2), end + timedelta(days=2)  # in any zone
    steps = shifts(zone, stamp.local, start, end)
    changes = [(time >= _literal(step.start), step.seconds) for step in reversed(steps[1:])]
    seconds = sa.case(*changes, else_=steps[0].seconds) if changes else sa.literal(steps[0].seconds)
    return sa.func.timestampadd(sa.text("SECOND"), seconds, time, type_=sa.DateTime())


def _word(text: str) -> ColumnElement[Any]:
    return sa.literal(text, sa.Text())


def _local_of_text(stamp: Stamp, column: ColumnElement[Any], dialect: str, span: Window | None) -> ColumnElement[Any]:
    if dialect != "postgresql":
        naive = (
            sa.func.str_to_date(column, stamp.format.replace("%M", "%i").replace("%S", "%s"), type_=sa.DateTime())
            if stamp.format
            else sa.cast(column, sa.DateTime())
        )
        return _convert(_moved(stamp, naive, dialect), "stamp", stamp, dialect, span)
    if stamp.format:
        instant = sa.func.to_timestamp(column, _word(_format(stamp.format)), type_=sa.DateTime(timezone=True))
        naive = sa.func.timezone(_word("UTC"), instant, type_=sa.DateTime())  # the session's zone is UTC
        return _convert(_moved(stamp, naive, dialect), "stamp", stamp, dialect, span)
    zoned = _convert(sa.cast(column, sa.DateTime(timezone=True)), "instant", stamp, dialect, span)
    naive = _convert(_moved(stamp, sa.cast(column, sa.DateTime()), dialect), "stamp", stamp, dialect, span)
    return sa.case((column.regexp_match(_OFFSET), _moved(stamp, zoned, dialect)), else_=naive)


def _format(strptime: str, spelled: Mapping[str, str] = _POSTGRES_FORMAT) -> str:
    """The format of `to_timestamp` for one of `strptime`; other letters are quoted."""
    result, position = "", 0
    while position < len(strptime):
        if strptime[position] == "%":
            code = strptime[position : position + 2]
            if code not in spelled:
                raise InputError(f"time_format {strptime!r}: {code} cannot be read by PostgreSQL")
            result += spelled[code]
            position += 2
        else:
            letter = strptime[position]
            result += f'"{letter}"' if letter.isalpha() else letter
            position += 1
    return result
