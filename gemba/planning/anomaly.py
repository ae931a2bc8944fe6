"""The plan of a question for what is unusual: one long series, of which the window is judged."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from zoneinfo import ZoneInfo

from gemba.evidence.types import TOTAL, Bucket, Coverage, CubeRequest
from gemba.planning.form import require_form
from gemba.planning.held import held_by_sources, reaches_past
from gemba.planning.known import Known
from gemba.planning.requests import quality_requests, rolls_up, row_filters
from gemba.planning.spans import history_span, is_day_aligned, level_bucket, whole_days
from gemba.planning.strategies import STRATEGIES
from gemba.planning.types import Plan
from gemba.questions.types import Anomaly
from gemba.semantics.model import SemanticModel

SERIES = "series"
WHOLE = "window"
HISTORY_DAYS = {"day": 731, "hour": 84}
"""Days before the window: a day of the month must come back a dozen times, an hour of the week as well."""
LEAST_ROWS_AN_HOUR = 0.9
"""A source with fewer rows than that is cut into days, also for a short window."""


def anomaly_plan(question: Anomaly, model: SemanticModel, known: Known) -> Plan:
    """The question's rows from long before the window to its end, in days or hours. Errors as `make_plan`."""
    require_form(question, model)
    zone = ZoneInfo(model.timezone)
    held = held_by_sources(question.metric, model, known.coverage, (question.window,))
    bucket = _bucket(question, model, known.coverage, zone)
    span = history_span((question.window,), bucket=bucket, first=held.start, zone=zone, days=HISTORY_DAYS[bucket])
    cube = CubeRequest(
        name=SERIES,
        metric=question.metric,
        filters=row_filters(question.filters),
        span=span,
        bucket=bucket,
        groupings=(TOTAL, question.group_by) if question.group_by else (TOTAL,),
    )
    cubes = (cube,)
    if not rolls_up(model, question.metric):
        cubes += (cube.model_copy(update={"name": WHOLE, "bucket": "whole"}),)
    strategy = STRATEGIES["anomaly", 3]
    note = reaches_past(question.window, held, zone)
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=3,
        agents=known.agents(strategy),
        cubes=cubes,
        quality=quality_requests(model, question.metric, whole_days(span, zone)),
        alpha=known.alpha,
        notes=(note,) if note else (),
    )


def _bucket(question: Anomaly, model: SemanticModel, coverage: Mapping[str, Coverage], zone: ZoneInfo) -> Bucket:
    """Hours for a window of less than a week, where rows come at least hourly; else days."""
    if level_bucket(question.window) == "day" or not is_day_aligned(question.window, zone):
        return level_bucket(question.window)
    for leaf in model.leaves(question.metric):
        held = coverage[model.metrics[leaf].source or ""]
        if held.first is not None and held.last is not None:
            hours = (held.last - held.first) / timedelta(hours=1)
            if held.rows < LEAST_ROWS_AN_HOUR * hours:
                return "day"
    return "hour"
