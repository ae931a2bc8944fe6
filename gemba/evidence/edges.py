"""Buckets as edges on the bare time column, so that PostgreSQL compares instants instead of converting every row's.

`date_trunc('day', timezone(...))` costs three times as much as `width_bucket` over 100 edges (1,000,000 rows). The
edges are computed here, so a day has 23 or 25 hours where the clocks say so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from gemba.evidence import partitions
from gemba.evidence.query import ColumnKind, Stamp
from gemba.evidence.zones import EPSILON, read
from gemba.semantics.model import Grain, Weekday

MOST_EDGES = 5000


@dataclass(frozen=True, slots=True)
class Edges:
    """`number` is 1 for rows of the bucket that starts at `starts[0]` (naive local), 2 for the next."""

    starts: tuple[datetime, ...]
    number: ColumnElement[Any]

    def start_of(self) -> Mapping[int, datetime]:
        return dict(enumerate(self.starts, start=1))


def edges_of(
    stamp: Stamp,
    column: ColumnElement[Any],
    kind: ColumnKind,
    *,
    grain: Grain,
    start: datetime,
    end: datetime,
    week_starts: Weekday,
    dialect: str,
) -> Edges | None:
    """The buckets that meet [start, end), naive local; None where the column must be converted row by row.

    A stamp of another zone is converted: its clock may go back, and then edges on it are in no order.
    """
    fits = kind == "instant" or (kind == "stamp" and stamp.zone == stamp.local)
    if dialect != "postgresql" or not fits or stamp.midnight_ends:
        return None
    starts: list[datetime] = []
    at = partitions.floor(start, grain, week_starts)
    while at < end:
        starts.append(at)
        if len(starts) > MOST_EDGES:
            return None
        at = partitions.following(at, grain)
    shift = EPSILON if stamp.ends else timedelta(0)
    zoned = kind == "instant"
    sides = [(read(at, stamp.local) if zoned else at) + shift for at in starts]
    array = sa.literal(sides, ARRAY(sa.DateTime(timezone=zoned)))
    return Edges(tuple(starts), sa.func.width_bucket(column, array, type_=sa.Integer()))
