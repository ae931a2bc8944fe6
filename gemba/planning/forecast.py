"""The plan of a forecast: as much of the past as teaches something, in days or hours."""

from __future__ import annotations

from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from gemba.evidence.types import TOTAL, Bucket, CubeRequest
from gemba.planning.form import require_form
from gemba.planning.held import held_by_sources
from gemba.planning.known import Known
from gemba.planning.requests import quality_requests, row_filters
from gemba.planning.spans import back, floor, whole_days
from gemba.planning.strategies import STRATEGIES
from gemba.planning.types import Plan
from gemba.questions.types import Forecast, Window
from gemba.semantics.model import SemanticModel

PAST = "past"
"""Name of the cube."""
LEARNT_DAYS = 1_100
HOURLY_DAYS = 400
HOURS_UP_TO = 2
"""Days of a horizon that is forecast by the hour; a longer one by the day."""
LOOKED_AT_DAYS = 91
"""Days whose data is searched for faults."""


def forecast_plan(question: Forecast, model: SemanticModel, known: Known) -> Plan:
    """One series of the total under the question's filters, up to the end of the data. Errors as `make_plan`."""
    require_form(question, model)
    zone = ZoneInfo(model.timezone)
    held = held_by_sources(question.metric, model, known.coverage, ())
    bucket: Bucket = "hour" if question.days <= HOURS_UP_TO else "day"
    last = held.end.astimezone(UTC) + timedelta(microseconds=1)
    end = min(question.window.end, last).astimezone(zone)
    earliest = back(floor(end, "day", zone), HOURLY_DAYS if bucket == "hour" else LEARNT_DAYS, zone)
    span = Window(start=min(max(earliest, floor(held.start, "day", zone)), question.window.start), end=end)
    looked_at = Window(start=max(span.start, back(floor(end, "day", zone), LOOKED_AT_DAYS, zone)), end=end)
    strategy = STRATEGIES["forecast", 3]
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=3,
        agents=known.agents(strategy),
        cubes=(
            CubeRequest(
                name=PAST,
                metric=question.metric,
                filters=row_filters(question.filters),
                span=span,
                bucket=bucket,
                groupings=(TOTAL,),
            ),
        ),
        quality=quality_requests(model, question.metric, whole_days(looked_at, zone)),
        alpha=known.alpha,
    )
