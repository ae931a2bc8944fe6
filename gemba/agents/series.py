"""The window of a question as series: the total or the members of its groups, bucket by bucket."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.panel import cube_request, segment_of
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import ratio_form, rollup, rows, values
from gemba.evidence.types import TOTAL, Grouping
from gemba.planning.requests import rolls_up
from gemba.questions.types import Segment

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Buckets:
    """Local starts of the window's buckets up to the end of the data. `season`: weekday, or hour of the day.

    `missing`: buckets of the window that lie beyond the data.
    """

    starts: tuple[datetime, ...]
    season: NDArray[np.int64]
    bucket: str
    missing: int


@dataclass(frozen=True, slots=True)
class Group:
    """One member, unscaled. `num / den` is the metric by bucket, shape (T,); `den` None where the metric adds up.

    `value` is the metric of the whole window; `sampled` says whether the buckets' variation tells its uncertainty
    (not for minima, maxima and distinct counts). A bucket without a value has `num` and `den` 0.
    """

    segment: Segment
    num: Floats
    den: Floats | None
    value: float
    n: int
    sampled: bool


def buckets(brief: Brief, cube: str = "series") -> Buckets:
    """The buckets of a cube's span.

    Raises:
        SampleTooSmallError: The data ends before the window's first bucket does.
    """
    request = cube_request(brief, cube)
    zone = ZoneInfo(brief.model.timezone)
    start, end = (one.astimezone(zone).replace(tzinfo=None) for one in (request.span.start, request.span.end))
    start = _floor(start, request.bucket, brief.model.week_starts)
    found = []
    while start < end:
        found.append(start)
        start = _next(start, request.bucket)
    as_of = brief.evidence.as_of
    last = as_of.astimezone(zone).replace(tzinfo=None) if as_of is not None else end
    held = tuple(one for one in found if one <= last)
    if not held:
        raise SampleTooSmallError("the window", needed=1, got=0)
    season = np.array([one.hour if request.bucket == "hour" else one.weekday() for one in held], dtype=np.int64)
    return Buckets(held, season, request.bucket, len(found) - len(held))


def groups(brief: Brief, held: Buckets, grouping: Grouping, *, cube: str = "series") -> tuple[Group, ...]:
    """Every member of a grouping that has rows in the window, in order of name."""
    model, metric = brief.model, cube_request(brief, cube).metric
    frame = brief.evidence.cube(cube, grouping)
    if rolls_up(model, metric):
        whole = rollup(frame, grouping, model=model, metric=metric) if frame.height else frame
    else:
        whole = brief.evidence.cube({"series": "window", "all": "all_window"}[cube], grouping)
    whole = whole.with_columns(
        values(whole, model=model, metric=metric).alias("__value"), rows(whole, model=model, metric=metric).alias("__n")
    )
    form = ratio_form(model, metric)
    kind = model.metrics[metric].kind
    frame = frame.with_columns(values(frame, model=model, metric=metric).alias("__value"))
    place = {one: index for index, one in enumerate(held.starts)}
    parts = frame.partition_by(list(grouping), as_dict=True) if grouping else {(): frame}
    found = []
    for row in (
        whole.sort(list(grouping), nulls_last=True).iter_rows(named=True) if grouping else whole.rows(named=True)
    ):
        member = tuple(row[name] for name in grouping)
        if not row["__n"] or row["__value"] is None:
            continue
        num, den = _by_bucket(parts.get(member, frame.clear()), place, form and form.num, form and form.den)
        found.append(
            Group(
                segment=segment_of(grouping, member),
                num=num,
                den=den,
                value=float(row["__value"]),
                n=int(row["__n"]),
                sampled=form is not None or kind in ("product", "quantile", "ratio"),
            )
        )
    return tuple(found)


def total(brief: Brief, held: Buckets, *, cube: str = "series") -> Group:
    """The whole window as one group.

    Raises:
        SampleTooSmallError: It has no row, or no value (every denominator is 0).
    """
    found = groups(brief, held, TOTAL, cube=cube)
    if not found:
        raise SampleTooSmallError("the window", needed=1, got=0)
    return found[0]


def _by_bucket(
    frame: pl.DataFrame, place: dict[datetime, int], num: str | None, den: str | None
) -> tuple[Floats, Floats | None]:
    top, bottom = np.zeros(len(place)), np.zeros(len(place))
    for row in frame.iter_rows(named=True):
        index = place.get(row["bucket"])
        if index is None:
            continue
        if num is None:
            has = row["__value"] is not None
            top[index], bottom[index] = (row["__value"], 1.0) if has else (0.0, 0.0)
        else:
            top[index], bottom[index] = row[num] or 0.0, (row[den] or 0.0) if den else 1.0
    return top, None if num is not None and den is None else bottom


def _floor(start: datetime, bucket: str, week_starts: str) -> datetime:
    if bucket == "hour":
        return start.replace(minute=0, second=0, microsecond=0)
    day = start.replace(hour=0, minute=0, second=0, microsecond=0)
    if bucket == "week":
        names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
        return day - timedelta(days=(day.weekday() - names.index(week_starts)) % 7)
    return day.replace(day=1) if bucket == "month" else day


def _next(start: datetime, bucket: str) -> datetime:
    if bucket == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    return start + {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(days=7)}[bucket]
