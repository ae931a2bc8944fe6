"""Whether a claim names a planted cause: the contract's rule.

A cause is found when the claim's segment equals the event's, or has one predicate more or one less and its rows
overlap the event's by at least 80 % (Jaccard); a claim with dates must also cover the event's start.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from functools import reduce
from operator import and_

import polars as pl

from gemba.plant.calendar import ZONE
from gemba.plant.simulate import Plant
from gemba.plant.tables import FACTS
from gemba.plant.truth import TruthEvent
from gemba.questions.types import Predicate, Segment, Window
from gemba.semantics.graph import reachable
from gemba.semantics.model import SemanticModel

OVERLAP = 0.8
"""Least Jaccard overlap of rows for a segment that differs by one predicate."""


class Matcher:
    """Judges claims about one plant. Holds its joined rows, so that many claims cost little.

    Args:
        plant: The simulated factory with its truth.
        model: Its semantic model (`gemba.plant.model.model_text`), which says what the dimensions mean.
    """

    def __init__(self, plant: Plant, model: SemanticModel) -> None:
        self._plant, self._model = plant, model
        self._rows: dict[str, pl.DataFrame] = {}

    def found(self, claim_segment: Segment, event: TruthEvent, *, interval: Window | None = None) -> bool:
        """Whether the segment, and the claim's dates if it has any, name the event.

        Predicates of the event's scope (the question's filters) say nothing new and are left out on both sides.
        A segment with a dimension that the event's rows do not have is not the event's. An event of kind `none`
        is never found.
        """
        if event.kind == "none" or (interval is not None and not interval.contains(event.start)):
            return False
        scope = {_plain(predicate) for predicate in event.scope}
        claimed = {_plain(predicate) for predicate in claim_segment} - scope
        planted = {_plain(predicate) for predicate in event.segment} - scope
        if claimed == planted:
            return True
        nested = claimed < planted or planted < claimed
        if not nested or len(claimed ^ planted) != 1:
            return False
        return self.overlap(claim_segment, event) >= OVERLAP

    def overlap(self, segment: Segment, event: TruthEvent, *, within: Window | None = None) -> float:
        """Jaccard overlap of the segment's rows and the event's in the event's scope; 0 to 1.

        `within`: the window whose rows count; that of the event if not given.
        """
        rows = self._rows_of(event.metric)
        if any(predicate.dimension not in rows.columns for predicate in (*segment, *event.scope)):
            return 0.0
        start, end = (within.start, within.end) if within is not None else (event.start, event.end)
        inside = (pl.col("_time") >= start.astimezone(UTC)) & (pl.col("_time") < end.astimezone(UTC))
        rows = rows.filter(inside & condition(event.scope))
        both = rows.select(
            shared=(condition(segment) & condition(event.segment)).sum(),
            either=(condition(segment) | condition(event.segment)).sum(),
        ).row(0)
        return both[0] / both[1] if both[1] else 0.0

    def _rows_of(self, metric: str) -> pl.DataFrame:
        """The rows that the metric's first leaf aggregates, with one text column a dimension and `_time`."""
        source = self._model.metrics[self._model.leaves(metric)[0]].source
        assert source is not None
        if source not in self._rows:
            self._rows[source] = rows_of(self._plant, source, model=self._model)
        return self._rows[source]


def rows_of(plant: Plant, source: str, *, model: SemanticModel, keep: Sequence[str] = ()) -> pl.DataFrame:
    """The rows of a fact table: `_time`, one text column a dimension of the model, and the columns to `keep`.

    Kept columns are named `source.column`.
    """
    paths = reachable(model, source)
    frame = plant.tables[source]
    frame = frame.rename({name: f"{source}.{name}" for name in frame.columns})
    for hop in (path[-1] for path in paths.values() if path):
        other = plant.tables[hop.to]
        other = other.rename({name: f"{hop.to}.{name}" for name in other.columns})
        keys = {f"{hop.from_source}.{here}": f"{hop.to}.{there}" for here, there in hop.by.items()}
        frame = frame.join(other, left_on=list(keys), right_on=list(keys.values()), how="left", coalesce=False)
    instant = pl.col(f"{source}.{FACTS[source][1]}")
    moment = instant.dt.convert_time_zone(str(ZONE))
    columns = [instant.alias("_time"), *(pl.col(f"{source}.{name}") for name in keep)]
    for name, dimension in model.dimensions.items():
        if dimension.source not in paths:
            continue
        if dimension.derived == "weekday":
            columns.append(moment.dt.strftime("%A").str.to_lowercase().alias(name))
        elif dimension.derived == "hour":
            columns.append(moment.dt.hour().cast(pl.String).alias(name))
        elif dimension.column is not None:
            value = pl.col(f"{dimension.source}.{dimension.column}")
            columns.append((value if dimension.numeric else value.cast(pl.String)).alias(name))
    return frame.select(columns)


def found(
    claim_segment: Segment, event: TruthEvent, plant: Plant, *, model: SemanticModel, interval: Window | None = None
) -> bool:
    """`Matcher.found` for a single claim."""
    return Matcher(plant, model).found(claim_segment, event, interval=interval)


def _plain(predicate: Predicate) -> tuple[str, str, tuple[str, ...]]:
    values = tuple(str(value) for value in predicate.values)
    subject = predicate.dimension or f"metric {predicate.metric}"
    return subject, predicate.op, tuple(sorted(values)) if predicate.op in ("in", "not_in") else values


def condition(segment: Segment) -> pl.Expr:
    """Whether a row of `rows_of` has all the segment's predicates."""
    return reduce(and_, (_holds(predicate) for predicate in segment), pl.lit(True))


def _holds(predicate: Predicate) -> pl.Expr:
    column = pl.col(predicate.dimension or "")
    texts = [str(value) for value in predicate.values]
    match predicate.op:
        case "in":
            return column.is_in(texts).fill_null(False)
        case "not_in":
            return (~column.is_in(texts)).fill_null(True)
        case "is_null":
            return column.is_null()
        case "between":
            low, high = (float(value) for value in predicate.values)
            return column.is_between(low, high).fill_null(False)
        case op:
            return getattr(column, op)(float(predicate.values[0])).fill_null(False)
