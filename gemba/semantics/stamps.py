"""How a column of text or instants tells time: its format, and what its midnights mean."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import polars as pl

_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S%.f", "T%H:%M", "T%H:%M:%S", "T%H:%M:%S%.f")
_OFFSETS = ("%z", "Z")
_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d")
_DAY_FIRST = ("%d-%m-%Y", "%d.%m.%Y", "%d/%m/%Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y")


@dataclass(frozen=True, slots=True)
class Stamps:
    """What was found. `format` is None for real dates; `unsure` where day and month could be exchanged."""

    instants: pl.Series
    format: str | None
    unsure: bool = False
    ends_day: bool = False

    @property
    def has_clock(self) -> bool:
        """Whether any stamp says more than a date."""
        if self.instants.dtype == pl.Date:
            return False
        clock = self.instants.drop_nulls().dt.time()
        return bool((clock != datetime.min.time()).any())


def read_stamps(values: pl.Series) -> Stamps | None:
    """Read a column as instants; None if it is no column of times.

    Text counts as times only if every non-null value reads in one format.
    """
    if values.dtype in (pl.Date, pl.Datetime):
        instants = values if values.dtype == pl.Date else values.dt.replace_time_zone(None)
        return Stamps(instants, None, ends_day=_ends_day(instants))
    if values.dtype != pl.String:
        return None
    present = values.drop_nulls()
    if present.is_empty() or not present.head(50).str.contains(r"^\s*\d{1,4}[-/.]?\d{1,2}[-/.]?\d").all():
        return None
    matching = [form for form in _formats(present) if _reads(present, form) is not None]
    if not matching:
        return None
    chosen, unsure = matching[0], False
    if len(matching) > 1 and chosen.startswith(("%d", "%m")):
        ordered = [form for form in matching if _is_ordered(_reads(values, form))]
        chosen, unsure = (ordered or matching)[0], len(ordered) != 1
    instants = _reads(values, chosen)
    assert instants is not None
    return Stamps(instants, chosen.replace("%.f", ".%f"), unsure=unsure, ends_day=_ends_day(instants))


def _formats(present: pl.Series) -> Sequence[str]:
    head = present.head(200)
    dates = (*_YEAR_FIRST, *(_DAY_FIRST if not head.str.contains("/").any() else ()), *_MONTH_FIRST, *_DAY_FIRST)
    clocks = [clock for clock in _CLOCKS if _has(head, "T") == ("T" in clock)]
    plain = [f"{date}{clock}" for date in dict.fromkeys(dates) for clock in clocks]
    if head.str.contains(r"(?:Z|[+-]\d{2}:?\d{2})$").all() and head.str.contains(":").all():
        plain = [f"{form}{offset}" for form in plain for offset in _OFFSETS if "%H" in form]
    return [form for form in plain if _reads(head, form) is not None]


def _has(values: pl.Series, sign: str) -> bool:
    return bool(values.str.contains(sign, literal=True).all())


def _reads(values: pl.Series, form: str) -> pl.Series | None:
    """The instants, or None if a non-null value does not read."""
    kind = pl.Datetime("us") if "%H" in form else pl.Date
    try:
        read = values.str.strptime(kind, form, strict=False, exact=True)
    except pl.exceptions.PolarsError:
        return None
    if read.null_count() != values.null_count():
        return None
    return read if read.dtype == pl.Date else read.dt.replace_time_zone(None)


def _is_ordered(instants: pl.Series | None) -> bool:
    return instants is not None and instants.drop_nulls().is_sorted()


def _ends_day(instants: pl.Series) -> bool:
    """Whether 00:00 stamps the end of its own date: in the file's order, time falls back by a day at every one."""
    if instants.dtype == pl.Date or instants.len() < 3:
        return False
    steps = instants.diff().drop_nulls()
    forward = steps.filter(steps > timedelta(0))
    if forward.is_empty():
        return False
    step = forward.mode().sort()[0]
    if step >= timedelta(days=1):
        return False
    at_midnight = (instants.dt.time() == datetime.min.time()).slice(1)
    back = instants.diff().slice(1) == step - timedelta(days=1)
    falls = int(back.sum())
    return falls >= 2 and bool((~back.fill_null(value=False) | at_midnight).all())
