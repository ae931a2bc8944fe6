"""Two metrics as series on one clock, and the phases of the calendar that their buckets lie in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.panel import cube_request
from gemba.agents.series import Buckets, buckets
from gemba.evidence.measure import additive_column, values
from gemba.evidence.types import TOTAL
from gemba.planning.association import OTHER, SERIES, STEPS

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

WEEKS_OF_HOURS = 4
"""Weeks from which on every hour of the week is a phase; below, hours of working days and of weekends are."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both metrics by bucket as shown (scaled), shape (T,), NaN where missing. `phase`: of the calendar, from 0."""

    held: Buckets
    first: Floats
    second: Floats
    phase: Integers


def pair(brief: Brief) -> Pair:
    """Both series of a question for an association.

    A bucket without rows is 0 for a metric that adds up, between its first and last bucket with rows, and missing for
    others. Missing are also buckets that the window cuts, and hours that a clock change skips or repeats.

    Raises:
        SampleTooSmallError: The data ends before the window's first bucket does.
    """
    held = buckets(brief, SERIES)
    usable = _whole(brief, held)
    first, second = (np.where(usable, _values(brief, name, held), np.nan) for name in (SERIES, OTHER))
    return Pair(held, first, second, phases(held))


def phases(held: Buckets) -> Integers:
    """Weekday; by hour the hour of the week, or of working day and weekend in windows of less than four weeks."""
    weekday = np.array([one.weekday() for one in held.starts], dtype=np.int64)
    if held.bucket == "day":
        return weekday
    hour = np.array([one.hour for one in held.starts], dtype=np.int64)
    long = len(held.starts) >= WEEKS_OF_HOURS * 7 * 24
    return 24 * (weekday if long else (weekday >= 5).astype(np.int64)) + hour


def _values(brief: Brief, name: str, held: Buckets) -> Floats:
    model, metric = brief.model, cube_request(brief, name).metric
    frame = brief.evidence.cube(name, TOTAL)
    place = {one: index for index, one in enumerate(held.starts)}
    found = np.full(len(held.starts), np.nan)
    rows = zip(frame["bucket"], values(frame, model=model, metric=metric), strict=True)
    known = {place[bucket]: value for bucket, value in rows if bucket in place}
    if known and additive_column(model, metric) is not None:
        found[min(known) : max(known) + 1] = 0.0
    for index, value in known.items():
        found[index] = np.nan if value is None else value * model.metrics[metric].scale
    return found


def _whole(brief: Brief, held: Buckets) -> NDArray[np.bool_]:
    """Buckets that lie in the window with all their time, and come once by the clock."""
    zone = ZoneInfo(brief.model.timezone)
    span = cube_request(brief, SERIES).span
    start, end = (one.astimezone(zone).replace(tzinfo=None) for one in (span.start, span.end))
    step = STEPS["hour" if held.bucket == "hour" else "day"]
    return np.array(
        [one >= start and one + step <= end and not _changes(one, zone, held.bucket) for one in held.starts],
        dtype=bool,
    )


def _changes(local: datetime, zone: ZoneInfo, bucket: str) -> bool:
    """Whether an hour is skipped or repeated by a change of the clock."""
    if bucket != "hour":
        return False
    early, late = (local.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    return early != late


def later(bucket: str, lag: int) -> str:
    """`2 days`, `1 hour`; `the same day` for none."""
    size = abs(lag)
    return f"{size} {bucket}{'' if size == 1 else 's'}" if size else f"the same {bucket}"
