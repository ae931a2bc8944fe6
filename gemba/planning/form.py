"""Whether the model has what a question about a metric names, and whether its form can be answered."""

from __future__ import annotations

from gemba.errors import RefusedError
from gemba.planning.requests import row_filters
from gemba.questions.types import (
    Anomaly,
    Association,
    Capability,
    Compare,
    Distribution,
    Forecast,
    Level,
    Predicate,
    Share,
    Top,
    Trend,
    Why,
)
from gemba.semantics.graph import dimensions_of
from gemba.semantics.model import SemanticModel

ADDITIVE = ("sum", "count")
OfMetric = Level | Trend | Top | Share | Why | Compare | Anomaly | Capability | Distribution | Forecast | Association


def require_form(question: OfMetric, model: SemanticModel) -> None:
    """Refuse names the model does not have and forms no strategy reads.

    Raises:
        RefusedError: `not_in_model` for an unknown metric, or a dimension that it does not reach; `unsupported` for a
            condition on a metric that selects no groups, a top without a dimension, a share of what does not add up.
    """
    if question.metric not in model.metrics:
        raise RefusedError("not_in_model", f"metric {question.metric!r}", nearest=tuple(model.metrics))
    reachable = dimensions_of(model, question.metric)
    named = [one.dimension for one in _predicates(question) if one.dimension] + list(getattr(question, "group_by", ()))
    for name in named:
        if name not in reachable:
            text = f"{question.metric} cannot be cut by {name!r}; it can by: {', '.join(reachable) or 'nothing'}."
            raise RefusedError("not_in_model", f"dimension {name!r} of {question.metric}", nearest=reachable, text=text)
    on_metrics = [one for one in question.filters if one.metric is not None]
    if on_metrics and (isinstance(question, Why | Compare) or not getattr(question, "group_by", ())):
        text = "A condition on a metric selects groups: ask level, trend, top or share by a dimension with it."
        raise RefusedError("unsupported", "a dimension whose groups the condition selects", text=text)
    for one in on_metrics:
        if one.metric != question.metric:
            text = f"A condition on {one.metric} in a question about {question.metric} is not supported yet."
            raise RefusedError("unsupported", f"a condition on {question.metric} itself", text=text)
    if isinstance(question, Top) and not question.group_by:
        text = f"Top of what? Name a dimension to rank: {', '.join(reachable)}."
        raise RefusedError("unsupported", "a dimension to rank by", nearest=reachable, text=text)
    if isinstance(question, Share):
        _require_share(question, model)


def _require_share(question: Share, model: SemanticModel) -> None:
    kind = model.metrics[question.metric].kind
    if kind not in ADDITIVE:
        text = (
            f"A share needs parts that add up to the whole; {question.metric} is a {kind}. Ask for its level instead."
        )
        raise RefusedError("unsupported", "a metric that adds up (sum or count)", text=text)
    if not question.group_by and not row_filters(question.filters):
        raise RefusedError("unsupported", "a group or a dimension", text="Share of what? Name a group or a dimension.")


def _predicates(question: OfMetric) -> tuple[Predicate, ...]:
    segment = question.baseline.segment if isinstance(question, Why | Compare) else None
    return question.filters + (segment or ())
