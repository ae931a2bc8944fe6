"""From a typed question to a plan: which agents look at what, or why the question cannot be answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from gemba.agents.base import Agent
from gemba.evidence.types import Coverage
from gemba.planning.anomaly import anomaly_plan
from gemba.planning.association import association_plan
from gemba.planning.comparison import comparison_plan
from gemba.planning.drivers import drivers_plan
from gemba.planning.forecast import forecast_plan
from gemba.planning.known import Known
from gemba.planning.process import process_plan
from gemba.planning.strategies import require_supported
from gemba.planning.types import Plan
from gemba.planning.values import values_plan
from gemba.questions.types import (
    Anomaly,
    Association,
    Capability,
    Compare,
    Drivers,
    Forecast,
    Level,
    Question,
    Share,
    Top,
    Trend,
    Why,
)
from gemba.semantics.model import SemanticModel


def make_plan(
    question: Question,
    model: SemanticModel,
    *,
    coverage: Mapping[str, Coverage],
    cardinality: Mapping[str, int] | None = None,
    plug_ins: Iterable[Agent] | None = None,
    alpha: float = 0.05,
) -> Plan:
    """Choose agents and evidence for a question.

    Args:
        question: A typed question; its names must be those of the model.
        model: The semantic model.
        coverage: What each source with a time column holds, by source.
        cardinality: Known numbers of members by dimension; they decide which pairs of dimensions are searched.
        plug_ins: Agents of other distributions; those that name the question's kind in `kinds` are planned after the
            built-in ones. None: the installed ones.
        alpha: False-discovery rate allowed over all tests of the investigation.

    Raises:
        RefusedError: `unsupported` for a kind or form without a strategy (the text says what works), `not_in_model` for
            a name the model does not have, `too_little_data` for an empty source, `outside_data` where a window and the
            data do not overlap. A window that reaches past the data is kept, and the plan notes it.
    """
    require_supported(question)
    known = Known(coverage, cardinality or {}, _agents_for(question.kind, plug_ins), alpha)
    match question:
        case Why() | Compare():
            return comparison_plan(question, model, known)
        case Level() | Trend() | Top() | Share():
            return values_plan(question, model, known)
        case Capability():
            return process_plan(question, model, known)
        case Anomaly():
            return anomaly_plan(question, model, known)
        case Drivers():
            return drivers_plan(question, model, known)
        case Association():
            return association_plan(question, model, known)
        case Forecast():
            return forecast_plan(question, model, known)
        case _:
            raise AssertionError(f"questions of kind {question.kind} have a strategy and no planner")


def _agents_for(kind: str, agents: Iterable[Agent] | None) -> tuple[Agent, ...]:
    """The plug-ins that look at questions of a kind."""
    if agents is None:
        from gemba.agents.registry import plug_ins

        agents = plug_ins().values()
    return tuple(agent for agent in agents if kind in getattr(agent, "kinds", ()))
