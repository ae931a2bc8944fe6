"""Cubes as dense arrays: members by buckets, with the buckets' roles in the question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import additive_column, ratio_form, rows, values
from gemba.evidence.types import TOTAL, CubeRequest, Grouping
from gemba.questions.types import Compare, Predicate, Segment, Why, Window
from gemba.semantics.model import SemanticModel
from gemba.statistics.shift import Timeline

Floats = NDArray[np.float64]
HISTORY = "history"
BASELINE = "baseline"


@dataclass(frozen=True, slots=True)
class Panel:
    """Members of a grouping over time. Arrays have shape (S, T); S = 1 for the total.

    `num / den` is the metric, unscaled. A metric that adds up has `den` 1 in every bucket that the data cover;
    one that cannot be written as a ratio (product, quantile) has its own value as `num` and `den` 1.
    `exposure` is what the numerators are proportional to: the denominator, or what the mix lets one expect of it.
    `rows` counts source rows; `squares` adds up the squares of a summed column (0 for other kinds).
    """

    grouping: Grouping
    members: tuple[tuple[str | None, ...], ...]
    num: Floats
    den: Floats
    rows: Floats
    squares: Floats
    exposure: Floats

    def segment(self, index: int) -> Segment:
        """The member as predicates, in order of the grouping."""
        return segment_of(self.grouping, self.members[index])


@dataclass(frozen=True, slots=True)
class Setting:
    """A `why` or `compare` question as the analyses see it."""

    brief: Brief
    question: Why | Compare
    starts: tuple[datetime, ...]
    timeline: Timeline
    bucket: str
    two_sided: bool
    covered: NDArray[np.bool_]

    @property
    def model(self) -> SemanticModel:
        return self.brief.model

    @property
    def additive(self) -> bool:
        """Whether the metric adds up over rows."""
        return additive_column(self.model, self.question.metric) is not None

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        """Every grouping of the history cube but the total."""
        return tuple(g for g in cube_request(self.brief, HISTORY).groupings if g != TOTAL)


def segment_of(grouping: Grouping, member: Sequence[str | None]) -> Segment:
    """Predicates for one member; a null member is `is_null`."""
    return tuple(
        Predicate(dimension=dimension, op="is_null")
        if value is None
        else Predicate(dimension=dimension, op="in", values=(value,))
        for dimension, value in zip(grouping, member, strict=True)
    )


def cube_request(brief: Brief, name: str) -> CubeRequest:
    """The plan's request of that name; KeyError if there is none."""
    for request in brief.plan.cubes:
        if request.name == name:
            return request
    raise KeyError(name)


def setting(brief: Brief) -> Setting:
    """Lay out the question's buckets.

    Raises:
        SampleTooSmallError: The evidence has no bucket in the window or in the baseline.
    """
    question = cast("Why | Compare", brief.plan.question)
    request = cube_request(brief, HISTORY)
    zone = ZoneInfo(brief.model.timezone)
    step = timedelta(hours=1) if request.bucket == "hour" else timedelta(days=1)
    starts = _buckets(request.span, zone, step)
    at = np.array([np.datetime64(s, "us") for s in starts])
    in_window = _within(at, question.window, zone)
    two_sided = question.baseline.window is None
    totals = [brief.evidence.cube(HISTORY, TOTAL)]
    if two_sided:
        totals.append(brief.evidence.cube(BASELINE, TOTAL))
    covered = np.concatenate([_covered(total, at, brief, zone) for total in totals[::-1]])
    if two_sided:
        side = np.zeros(at.size, dtype=bool)
        window = np.concatenate([side, in_window])
        baseline = np.concatenate([in_window, side])
        starts = starts + starts
    else:
        window = in_window
        baseline = _within(at, cast(Window, question.baseline.window), zone)
    for mask in (window, baseline):
        if not (mask & covered).any():
            raise SampleTooSmallError("comparison of two windows", needed=1, got=0)
    timeline = Timeline(
        window=window & covered,
        baseline=baseline & covered,
        history=covered & ~window,
        season=_season(starts, request.bucket),
        block=24 if request.bucket == "hour" else 7,
    )
    return Setting(brief, question, starts, timeline, request.bucket, two_sided, covered)


def cubes(setting: Setting, grouping: Grouping) -> list[pl.DataFrame]:
    """The frames of a grouping, one a side: the history's, or those of both sides in the order of the timeline."""
    names = (BASELINE, HISTORY) if setting.two_sided else (HISTORY,)
    return [setting.brief.evidence.cube(name, grouping) for name in names]


def panel(
    setting: Setting,
    grouping: Grouping,
    mix: pl.DataFrame | None = None,
    *,
    frames: Sequence[pl.DataFrame] | None = None,
) -> Panel:
    """The members of `grouping`, most rows first. Without `mix` (`gemba.agents.mix`) exposure is the denominator.

    `frames` stand for the cubes of the grouping, where these were not asked for.
    """
    if frames is None:
        frames = cubes(setting, grouping)
    metric = setting.question.metric
    half = len(setting.starts) // len(frames)
    origin = np.array([np.datetime64(s, "us") for s in setting.starts[:half]])
    parts = []
    for side, frame in enumerate(frames):
        num, den, n, squares = _columns(frame, setting.model, metric)
        at = np.searchsorted(origin, frame["bucket"].cast(pl.Datetime("us")).to_numpy())
        inside = at < half
        parts.append((frame, (num, den, n, squares), np.where(inside, at, 0) + side * half, inside))
    keys = pl.concat([f.select(list(grouping)) for f in frames]) if grouping else None
    if keys is None:
        members: tuple[tuple[str | None, ...], ...] = ((),)
        ids = [np.zeros(f.height, dtype=np.int64) for f in frames]
    else:
        code = keys.select(pl.struct(keys.columns).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
        first = np.unique(code, return_index=True)[1]
        members = cast("tuple[tuple[str | None, ...], ...]", tuple(keys[first.tolist()].rows()))
        ids = np.split(code, np.cumsum([f.height for f in frames])[:-1])
    shape = (len(members), len(setting.starts))
    arrays = [np.zeros(shape) for _ in range(4)]
    for (_, columns, at, inside), member in zip(parts, ids, strict=True):
        for target, source in zip(arrays, columns, strict=True):
            target[member[inside], at[inside]] = source[inside]
    num, den, n, squares = arrays
    if additive_column(setting.model, metric):
        den = np.broadcast_to(setting.covered.astype(float), shape).copy()
    order = np.argsort(-n.sum(axis=1), kind="stable")
    ordered = cast("tuple[tuple[str | None, ...], ...]", tuple(members[i] for i in order))
    exposure = den
    if mix is not None:
        exposure = np.zeros(shape)
        cells = mix.group_by([*grouping, "at"]).agg(pl.col("exposure").sum())
        place = (
            pl.DataFrame(members, schema=dict.fromkeys(grouping, pl.String), orient="row").with_row_index("member")
            if grouping
            else None
        )
        if place is None:
            cells = cells.with_columns(member=pl.lit(0))
        else:
            cells = cells.join(place, on=list(grouping), nulls_equal=True)
        exposure[cells["member"].to_numpy(), cells["at"].to_numpy()] = cells["exposure"].to_numpy()
    return Panel(grouping, ordered, num[order], den[order], n[order], squares[order], exposure[order])


def _columns(frame: pl.DataFrame, model: SemanticModel, metric: str) -> tuple[Floats, Floats, Floats, Floats]:
    n = rows(frame, model=model, metric=metric).to_numpy().astype(float)
    form = ratio_form(model, metric)
    if form is None:
        value = values(frame, model=model, metric=metric).cast(pl.Float64).fill_null(float("nan")).to_numpy()
        fine = np.isfinite(value)
        return np.where(fine, value, 0.0), fine.astype(float), n, np.zeros(n.size)
    num = _floats(frame, form.num)
    if form.den is None:
        squares = f"{metric}.sumsq"
        known = squares in frame.columns
        return num, np.ones(frame.height), n, _floats(frame, squares) if known else np.zeros(n.size)
    return num, _floats(frame, form.den), n, np.zeros(n.size)


def _floats(frame: pl.DataFrame, column: str) -> Floats:
    return frame[column].fill_null(0).to_numpy().astype(float)


def _buckets(span: Window, zone: ZoneInfo, step: timedelta) -> tuple[datetime, ...]:
    start, end = (instant.astimezone(zone).replace(tzinfo=None) for instant in (span.start, span.end))
    found = []
    while start < end:
        found.append(start)
        start += step
    return tuple(found)


def _within(at: NDArray[np.datetime64], window: Window, zone: ZoneInfo) -> NDArray[np.bool_]:
    start, end = (
        np.datetime64(instant.astimezone(zone).replace(tzinfo=None), "us") for instant in (window.start, window.end)
    )
    return (at >= start) & (at < end)


def _covered(total: pl.DataFrame, at: NDArray[np.datetime64], brief: Brief, zone: ZoneInfo) -> NDArray[np.bool_]:
    """Buckets between the first row and the end of the data; what lies beyond is not data, not even zero."""
    if total.height == 0:
        return np.zeros(at.size, dtype=bool)
    buckets = total["bucket"].cast(pl.Datetime("us")).to_numpy()
    last = buckets.max()
    if brief.evidence.as_of is not None:  # a sparse table has no row in its last quiet days, and that is a true zero
        last = max(last, np.datetime64(brief.evidence.as_of.astimezone(zone).replace(tzinfo=None), "us"))
    return (at >= buckets.min()) & (at <= last)


def _season(starts: Sequence[datetime], bucket: str) -> NDArray[np.int64]:
    if bucket == "hour":
        return np.array([s.hour + 24 * (s.weekday() >= 5) for s in starts], dtype=np.int64)
    return np.array([s.weekday() for s in starts], dtype=np.int64)
