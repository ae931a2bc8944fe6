"""A cube as a regular series: every bucket of the days looked at, with what is missing told apart from nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import additive_column, rows, values
from gemba.statistics.calendar_days import hours_of_day, weekday_of

Floats = NDArray[np.float64]
USUALLY = 0.75
"""Share of the weeks in which a weekday has rows, from which on a day without any is missing."""
ALWAYS = 0.99
"""Share of the hours that have rows, from which on an hour without any is missing."""
LATE_HOUR = 22
"""A last row at this hour or later ends its day."""


@dataclass(frozen=True, slots=True)
class Regular:
    """`values[d, s]`: days by slots (24 hours or 1 day), unscaled; NaN is missing. `rows`: behind all of it.

    `hours`: how many hours bear each slot's name, 1 but on days of a clock change; the values of a metric that adds up
    are for one. `missing`: buckets without a value.
    """

    days: NDArray[np.datetime64]
    values: Floats
    hours: Floats
    rows: int

    @property
    def starts(self) -> NDArray[np.datetime64]:
        """Local start of every bucket, in order of time."""
        slots = self.values.shape[1]
        step = np.timedelta64(86_400 // slots, "s")
        return (self.days.astype("datetime64[s]")[:, None] + np.arange(slots) * step).ravel()

    @property
    def missing(self) -> int:
        return int((np.isnan(self.values) & (self.hours > 0)).sum())


def regular(brief: Brief, frame: pl.DataFrame, *, metric: str, bucket: str, first: date, last: date) -> Regular:
    """The days `first` to `last`, both included, of one group's frame.

    Of a metric that adds up, a day without rows is missing where its weekday usually has some, and nought where it
    usually has none; an hour without rows likewise is missing where hours hardly ever have none. Of other metrics it
    is missing.

    Raises:
        SampleTooSmallError: There is no row.
    """
    days = np.arange(np.datetime64(first, "D"), np.datetime64(last, "D") + 1)
    slots = 24 if bucket == "hour" else 1
    shape = (days.size, slots)
    found, counted = np.full(shape, np.nan), np.zeros(shape)
    model = brief.model
    numbers = values(frame, model=model, metric=metric).to_list()
    behind = rows(frame, model=model, metric=metric).to_list()
    for start, value, count in zip(frame["bucket"].to_list(), numbers, behind, strict=True):
        row = (start.date() - first).days
        if 0 <= row < days.size and count:
            counted[row, start.hour if slots > 1 else 0] += count
            found[row, start.hour if slots > 1 else 0] = np.nan if value is None else value
    present = counted > 0
    if not present.any():
        raise SampleTooSmallError("the series", needed=1, got=0)
    hours = hours_of_day(days, ZoneInfo(model.timezone)) if slots > 1 else np.ones(shape)
    if additive_column(model, metric) is not None:
        found = np.where(np.isnan(found) & ~_missing(days, present), 0.0, found)
        found = np.divide(found, hours, out=np.full(shape, np.nan), where=hours > 0)
    return Regular(days, found, hours, int(counted.sum()))


def _missing(days: NDArray[np.datetime64], present: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which buckets without rows are gaps in the data."""
    some: NDArray[np.bool_] = np.asarray(present.any(axis=1))
    weekday = weekday_of(days)
    share = np.bincount(weekday, some, minlength=7) / np.maximum(np.bincount(weekday, minlength=7), 1)
    day = ~some & (share[weekday] >= USUALLY)
    hour = ~present & some[:, None] & (float(present[some].mean()) >= ALWAYS)
    return day[:, None] | hour


def last_day(brief: Brief, frame: pl.DataFrame, *, metric: str, end: datetime) -> tuple[date, bool]:
    """The last finished day before `end`, and whether an unfinished one after it was left out.

    A day is finished where the last instant read lies at 22 h or later, or it has three quarters of the rows that
    its weekday usually has.
    """
    zone = ZoneInfo(brief.model.timezone)
    source = brief.model.metrics[brief.model.leaves(metric)[0]].source or ""
    column = brief.model.time_column(source)
    closes = column is not None and column.stamps == "end"
    instant = end if brief.evidence.as_of is None else min(brief.evidence.as_of, end)
    local = instant.astimezone(zone)
    if (closes or instant == end) and local.time() == time(0):
        local -= timedelta(microseconds=1)
    day = local.date()
    if local.hour >= LATE_HOUR:
        return day, False
    counts = rows(frame, model=brief.model, metric=metric).to_list()
    by_day: dict[date, float] = {}
    for start, count in zip(frame["bucket"].to_list(), counts, strict=True):
        by_day[start.date()] = by_day.get(start.date(), 0.0) + (count or 0)
    alike = [by_day.get(day - timedelta(weeks=back), 0.0) for back in range(1, 9)]
    usual = float(np.median(alike))
    if by_day.get(day, 0.0) >= USUALLY * usual > 0:
        return day, False
    return day - timedelta(days=1), True
