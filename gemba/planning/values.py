"""The plan of a question for the values of one window: level, trend, top, share."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gemba.planning.failures import FailuresEvidence, failures_evidence
from gemba.planning.form import require_form
from gemba.planning.held import held_by_sources, reaches_past
from gemba.planning.known import Known
from gemba.planning.requests import quality_requests, rolls_up, series_cubes, trend_cubes, usual_cubes
from gemba.planning.spans import comparison_bucket, history_span, whole_days
from gemba.planning.strategies import FEW, LIVES, LOSSES, STRATEGIES, complexity_of
from gemba.planning.types import Plan
from gemba.questions.types import Level, Share, Top, Trend
from gemba.semantics.model import SemanticModel


def values_plan(question: Level | Trend | Top | Share, model: SemanticModel, known: Known) -> Plan:
    """The window as a series, and what came before it where that says what is usual. Errors as `make_plan`."""
    require_form(question, model)
    zone = ZoneInfo(model.timezone)
    held = held_by_sources(question.metric, model, known.coverage, (question.window,))
    note = reaches_past(question.window, held, zone)
    span = history_span(
        (question.window,), bucket=comparison_bucket((question.window,), zone), first=held.start, zone=zone
    )
    cubes = series_cubes(question, model, zone=zone)
    if isinstance(question, Level):
        cubes += usual_cubes(question, model, span=span)
    if isinstance(question, Trend):
        cubes += trend_cubes(question, held=held, zone=zone)
    lives = failures_evidence(question, model)
    idle = [name for name, use in _uses(question, model, lives).items() if not use]
    complexity = complexity_of(question, candidates=0)
    strategy = STRATEGIES[question.kind, complexity]
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=complexity,
        agents=known.agents(strategy, without=tuple(idle)),
        cubes=cubes + (lives.cubes if lives else ()),
        rows=lives.rows if lives else (),
        quality=quality_requests(model, question.metric, whole_days(span, zone)),
        alpha=known.alpha,
        notes=(note,) if note else (),
    )


def is_product_of_shares(model: SemanticModel, metric: str) -> bool:
    """Whether the metric is a product of shares of one whole, as OEE is, that roll up over time."""
    factors = model.metrics[metric].product or ()
    return len(factors) > 1 and rolls_up(model, metric) and all(model.metrics[one].unit == "%" for one in factors)


def _uses(
    question: Level | Trend | Top | Share, model: SemanticModel, lives: FailuresEvidence | None
) -> dict[str, bool]:
    """Agents of the strategies that not every metric has a use for."""
    adds_up = model.metrics[question.metric].kind in ("sum", "count")
    lowest = getattr(question, "direction", None) == "low"
    return {
        LOSSES[0]: is_product_of_shares(model, question.metric),
        FEW[0]: adds_up and len(question.group_by) == 1 and not lowest,
        LIVES[0]: lives is not None,
    }
