"""Single measurements of a process, in order of time, with the subgroup each belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.panel import segment_of
from gemba.planning.process import MEASUREMENTS
from gemba.questions.types import Capability, Segment
from gemba.semantics.expression import columns_of, parse_expression

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Measurements:
    """One member's values, in order of time; none is missing.

    `subgroup`: number of each value's subgroup, 0 … m - 1 in order of their first value; None without subgroups.
    `starts`, `inside`: time of each subgroup's first value and whether it lies in the window; without subgroups, of
    each value. `missing`: rows without a value.
    """

    segment: Segment
    values: Floats
    subgroup: Ints | None
    starts: tuple[datetime, ...]
    inside: NDArray[np.bool_]
    missing: int

    def of_window(self) -> Measurements:
        """Those that lie in the window."""
        keep = self.inside if self.subgroup is None else self.inside[self.subgroup]
        number = None if self.subgroup is None else np.unique(self.subgroup[keep], return_inverse=True)[1]
        starts = tuple(start for start, inside in zip(self.starts, self.inside, strict=True) if inside)
        return Measurements(
            self.segment, self.values[keep], number, starts, np.ones(len(starts), dtype=np.bool_), self.missing
        )


def has_measurements(brief: Brief) -> bool:
    """Whether the plan reads single measurements."""
    return any(request.name == MEASUREMENTS for request in brief.plan.rows)


def measurements(brief: Brief, *, by: tuple[str, ...] = ()) -> tuple[Measurements, ...]:
    """The values of the whole, or of every member of `by`, most values first."""
    question = brief.plan.question
    assert isinstance(question, Capability)
    metric = brief.model.metrics[question.metric]
    (column,) = columns_of(parse_expression(metric.mean or ""))
    frame = brief.evidence.frame(MEASUREMENTS).rename({f"column:{column}": "value"})
    frame = frame.select(pl.exclude("n", "hits").repeat_by("n").explode()).sort("time", maintain_order=True)
    zone = ZoneInfo(brief.model.timezone)
    start, end = (one.astimezone(zone).replace(tzinfo=None) for one in (question.window.start, question.window.end))
    frame = frame.with_columns(inside=(pl.col("time") >= start) & (pl.col("time") < end))
    parts = frame.partition_by(list(by), as_dict=True, maintain_order=True) if by else {(): frame}
    made = [_of(part, segment_of(by, member), metric.subgroup) for member, part in parts.items()]
    return tuple(sorted(made, key=lambda one: -one.values.size))


def _of(frame: pl.DataFrame, segment: Segment, subgroup: str | None) -> Measurements:
    there = frame.filter(pl.col("value").is_finite())
    missing = frame.height - there.height
    if subgroup is None:
        return Measurements(
            segment,
            there["value"].to_numpy().astype(np.float64),
            None,
            tuple(there["time"].to_list()),
            there["inside"].to_numpy().astype(np.bool_),
            missing,
        )
    there = there.filter(pl.col(subgroup).is_not_null())
    first = there.group_by(subgroup, maintain_order=True).agg(pl.col("time").min(), pl.col("inside").all())
    place = first.select(subgroup).with_row_index("place")
    number = there.join(place, on=subgroup, how="left", maintain_order="left")["place"]
    return Measurements(
        segment,
        there["value"].to_numpy().astype(np.float64),
        number.to_numpy().astype(np.int64),
        tuple(first["time"].to_list()),
        first["inside"].to_numpy().astype(np.bool_),
        missing,
    )
