"""The plan of a question about a process: is it in control, is it capable?"""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gemba.evidence.types import TOTAL, CubeRequest, RowsRequest
from gemba.planning.form import require_form
from gemba.planning.held import held_by_sources, reaches_past
from gemba.planning.known import Known
from gemba.planning.requests import quality_requests, rolls_up, row_filters
from gemba.planning.spans import history_span, level_bucket, whole_days
from gemba.planning.strategies import STRATEGIES
from gemba.planning.types import Plan
from gemba.questions.types import Capability, Window
from gemba.semantics.expression import Column, parse_expression
from gemba.semantics.model import SemanticModel

SERIES = "series"
MEASUREMENTS = "measurements"
MOST_ROWS = 100_000
"""Measurements that are read. Of a longer time: the window's own; of a longer window, its latest part."""


def process_plan(question: Capability, model: SemanticModel, known: Known) -> Plan:
    """The metric by day (by hour where the window is short) from before the window on; single measurements where the
    model gives limits or subgroups for them. Errors as `make_plan`."""
    require_form(question, model)
    zone = ZoneInfo(model.timezone)
    held = held_by_sources(question.metric, model, known.coverage, (question.window,))
    notes = [note] if (note := reaches_past(question.window, held, zone)) else []
    bucket = level_bucket(question.window)
    span = history_span((question.window,), bucket=bucket, first=held.start, zone=zone)
    groupings = (TOTAL, question.group_by) if question.group_by else (TOTAL,)
    cube = CubeRequest(
        name=SERIES,
        metric=question.metric,
        filters=row_filters(question.filters),
        span=span,
        bucket=bucket,
        groupings=groupings,
    )
    cubes = (cube,)
    if not rolls_up(model, question.metric):
        cubes += (cube.model_copy(update={"name": "window", "bucket": "whole"}),)
    metric = model.metrics[question.metric]
    rows: tuple[RowsRequest, ...] = ()
    if metric.limits is not None or metric.subgroup is not None:
        request, said = _measurements(question, model, span, held=held, rows=known.coverage[metric.source or ""].rows)
        rows, notes = (request,), notes + said
    if metric.limits is None:
        notes.append(
            f"The model gives no specification for {question.metric}, so its capability is not stated: "
            "add `limits: {lower: …, upper: …}` to a metric that is the mean of the measured column."
        )
    strategy = STRATEGIES["capability", 3 if metric.limits is not None else 2]
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=3 if metric.limits is not None else 2,
        agents=known.agents(strategy),
        cubes=cubes,
        quality=quality_requests(model, question.metric, whole_days(span, zone)),
        rows=rows,
        alpha=known.alpha,
        notes=tuple(notes),
    )


def _measurements(
    question: Capability, model: SemanticModel, span: Window, *, held: Window, rows: int
) -> tuple[RowsRequest, list[str]]:
    """Single values with their time and subgroup, and a note where not all are read."""
    metric = model.metrics[question.metric]
    column = parse_expression(metric.mean or "")
    assert isinstance(column, Column)
    notes: list[str] = []
    whole = max((held.end - held.start).total_seconds(), 1.0)

    def expected(of: Window) -> float:
        inside = min(of.end, held.end) - max(of.start, held.start)
        return rows * max(inside.total_seconds(), 0.0) / whole

    chosen = span if expected(span) <= MOST_ROWS else question.window
    if (count := expected(chosen)) > MOST_ROWS:
        end = min(chosen.end, held.end)
        start = end - (end - max(chosen.start, held.start)) * (MOST_ROWS / count)
        chosen = Window(start=start, end=chosen.end)
        notes.append(
            f"The time asked about holds about {count:,.0f} measurements; the latest {MOST_ROWS:,.0f} were read."
        )
    subgroup = () if metric.subgroup is None else (metric.subgroup,)
    return (
        RowsRequest(
            name=MEASUREMENTS,
            source=metric.source or "",
            members=tuple(dict.fromkeys((*subgroup, *question.group_by))),
            columns=(column.name,),
            filters=(*row_filters(question.filters), *metric.where),
            span=chosen,
            timed=True,
            most_rows=2 * MOST_ROWS,
        ),
        notes,
    )
