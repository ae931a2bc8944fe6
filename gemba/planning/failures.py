"""What questions of reliability read: every failure with its time, and how long the members ran."""

from __future__ import annotations

from dataclasses import dataclass

from gemba.evidence.types import CubeRequest, RowsRequest
from gemba.planning.requests import row_filters
from gemba.questions.types import Level, Question
from gemba.semantics.expression import Column, parse_expression
from gemba.semantics.graph import dimensions_of
from gemba.semantics.model import SemanticModel

FAILURES = "failures"
RUNNING = "running"
MOST_ROWS = 100_000


@dataclass(frozen=True, slots=True)
class FailuresEvidence:
    """`metric`: the count whose events are failures."""

    metric: str
    cubes: tuple[CubeRequest, ...]
    rows: tuple[RowsRequest, ...]


def failures_metric(model: SemanticModel, metric: str) -> str | None:
    """The count of failures that a metric is, or is computed from; None if there is not exactly one."""
    found = [leaf for leaf in model.leaves(metric) if model.metrics[leaf].failures is not None]
    return found[0] if len(found) == 1 else None


def failures_evidence(question: Question, model: SemanticModel) -> FailuresEvidence | None:
    """Requests for a level of failures, or of something computed from them; None where there is nothing to say.

    Asked by other dimensions than the one that fails, or filtered by what the running time cannot be cut by, nothing
    is said: the failures of a shift are no lives.
    """
    if not isinstance(question, Level) or (name := failures_metric(model, question.metric)) is None:
        return None
    metric = model.metrics[name]
    failures = metric.failures
    assert failures is not None
    if question.group_by not in ((), (failures.of,)):
        return None
    filters = row_filters(question.filters)
    reached = set(dimensions_of(model, name))
    cubes: tuple[CubeRequest, ...] = ()
    if failures.running is not None:
        reached &= set(dimensions_of(model, failures.running))
        cubes = (
            CubeRequest(
                name=RUNNING,
                metric=failures.running,
                filters=filters,
                span=question.window,
                bucket="day",
                groupings=((failures.of,),),
            ),
        )
    if not {failures.of, *(one.dimension or "" for one in filters)} <= reached:
        return None
    repair = parse_expression(model.metrics[failures.repair].mean or "") if failures.repair else None
    rows = RowsRequest(
        name=FAILURES,
        source=metric.source or "",
        members=(failures.of,),
        columns=(repair.name,) if isinstance(repair, Column) else (),
        filters=(*filters, *metric.where),
        span=question.window,
        timed=True,
        most_rows=MOST_ROWS,
    )
    return FailuresEvidence(name, cubes, (rows,))
