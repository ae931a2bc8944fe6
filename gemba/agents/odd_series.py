"""The series of a question for what is unusual: values by bucket, with their seasons and what cannot be judged."""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.series import Buckets, Group
from gemba.evidence.measure import rows
from gemba.planning.anomaly import SERIES
from gemba.questions.types import Anomaly

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

SPAN = {"day": 28, "hour": 168}
"""Buckets on either side that tell the level: whole weeks."""
WHOLE = 0.8
"""The last bucket may not be whole where it holds fewer of the usual rows than this part."""
LIKE = 8
"""Earlier buckets of the same season that say how many rows are usual."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One member's series, unscaled, shape (T,), NaN where there is nothing to judge; denominators of a rate."""

    values: Floats
    sizes: Floats | None


def question_of(brief: Brief) -> Anomaly:
    question = brief.plan.question
    assert isinstance(question, Anomaly)
    return question


def tested(brief: Brief, held: Buckets) -> tuple[Mask, tuple[str, ...]]:
    """Buckets of the window, without a last one that looks cut off; and what is to be said about that."""
    zone = ZoneInfo(brief.model.timezone)
    window = question_of(brief).window
    start, end = (one.astimezone(zone).replace(tzinfo=None) for one in (window.start, window.end))
    inside = np.array([start <= one < end for one in held.starts])
    if inside[-1] and _is_cut(brief, held):
        inside[-1] = False
        name = f"{held.starts[-1]:%Y-%m-%d %H:%M}" if held.bucket == "hour" else f"{held.starts[-1]:%Y-%m-%d}"
        return inside, (f"the data ends within the {held.bucket} {name}, which is not judged",)
    return inside, ()


def judged(group: Group, held: Buckets, brief: Brief) -> Judged:
    """A member's values.

    A metric that adds up is 0 in buckets without rows, from the member's first one on. A day of 23 or 25 hours counts
    as 24 would; an hour that the clock leaves out is missing, one that it repeats is counted as one.
    """
    lengths = _lengths(held, ZoneInfo(brief.model.timezone))
    if group.den is not None:
        fine = group.den > 0
        values = np.divide(group.num, group.den, out=np.full(group.num.size, np.nan), where=fine)
        sizes = group.den if bool((group.den[fine] != 1).any()) else None
        return Judged(values, sizes)
    first = int(np.flatnonzero(group.num != 0)[0]) if bool((group.num != 0).any()) else 0
    values = np.divide(group.num, lengths, out=np.full(group.num.size, np.nan), where=lengths > 0)
    values[:first] = np.nan
    return Judged(values, None)


def seasons(held: Buckets) -> tuple[Ints, ...]:
    """Slots of what may come back: hour of the day and of the week; or weekday and day of the month, from its end."""
    if held.bucket == "hour":
        hour = np.array([one.hour for one in held.starts], dtype=np.int64)
        return hour, hour + 24 * np.array([one.weekday() for one in held.starts], dtype=np.int64)
    return held.season, np.array([_day_of_month(one) for one in held.starts], dtype=np.int64)


def _day_of_month(day: datetime) -> int:
    """0 to 14 from the start of the month, 15 to 30 from its end."""
    left = monthrange(day.year, day.month)[1] - day.day
    return day.day - 1 if day.day <= 15 else 30 - left


def _lengths(held: Buckets, zone: ZoneInfo) -> Floats:
    """Real length of each local bucket over its usual one: 0 for an hour left out, 2 for one repeated, 23/24, 25/24."""
    step = timedelta(hours=1) if held.bucket == "hour" else timedelta(days=1)
    starts = (*held.starts, held.starts[-1] + step)
    instants = [_instant(one, zone) for one in starts]
    return np.array([(after - before) / step for before, after in pairwise(instants)])


def _instant(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time; of one that the clock leaves out, the instant of the change."""
    return local.replace(tzinfo=zone).astimezone(UTC)


def _is_cut(brief: Brief, held: Buckets) -> bool:
    """Whether the data ends inside the last bucket: it does not reach its end, and holds too few rows."""
    frame = brief.evidence.cube(SERIES)
    as_of = brief.evidence.as_of
    step = timedelta(hours=1) if held.bucket == "hour" else timedelta(days=1)
    if as_of is None or as_of.astimezone(ZoneInfo(brief.model.timezone)).replace(tzinfo=None) >= held.starts[-1] + step:
        return False
    metric = question_of(brief).metric
    counts = dict(zip(frame["bucket"], rows(frame, model=brief.model, metric=metric), strict=True))
    same = [
        float(counts.get(one, 0)) for one, slot in zip(held.starts, _like(held), strict=True) if slot == _like(held)[-1]
    ]
    return same[-1] < WHOLE * float(np.median(same[-1 - LIKE : -1])) if len(same) > 1 else False


def _like(held: Buckets) -> Sequence[int]:
    return held.season.tolist()
