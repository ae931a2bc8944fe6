"""From a typed question to a plan: which agents look at what, or why the question cannot be answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from gemba.agents.base import Agent
from gemba.errors import InputError, RefusedError
from gemba.evidence.types import Coverage, CubeRequest, Grouping, QualityRequest, ValuesRequest
from gemba.planning.candidates import Candidates, candidates_for
from gemba.planning.requests import (
    comparison_cubes,
    comparison_values,
    other_side,
    quality_requests,
    queries_of,
    row_filters,
    series_cubes,
    usual_cubes,
)
from gemba.planning.spans import comparison_bucket, floor, history_span, whole_days
from gemba.planning.strategies import COMBINATIONS, STRATEGIES, complexity_of, require_supported
from gemba.planning.types import Plan, PlannedAgent
from gemba.questions.types import Compare, Drivers, Level, Predicate, Question, Share, Top, Trend, Why, Window
from gemba.semantics.graph import dimensions_of
from gemba.semantics.model import SemanticModel

MOST_QUERIES = 80
ADDITIVE = ("sum", "count")
Planned = Level | Trend | Top | Share | Why | Compare


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
    if isinstance(question, Drivers):
        from gemba.planning.drivers import drivers_plan

        return drivers_plan(question, model, coverage=coverage, plug_ins=_agents_for("drivers", plug_ins), alpha=alpha)
    assert isinstance(question, Planned)
    _require_form(question, model)
    zone = ZoneInfo(model.timezone)
    before = question.baseline.window if isinstance(question, Why | Compare) else None
    windows = (question.window,) if before is None else (question.window, before)
    held = _held(question, model, coverage, windows)
    notes = [note for window in windows if (note := _reaches_past(window, held, zone))]
    bucket = comparison_bucket(windows, zone)
    span = history_span(windows, bucket=bucket, first=held.start, zone=zone)

    candidates = Candidates((), ())
    cubes: tuple[CubeRequest, ...]
    values: tuple[ValuesRequest, ...] = ()
    if isinstance(question, Why | Compare):
        filters = question.filters + (other_side(question) if before is None else ())
        candidates = candidates_for(
            model,
            question.metric,
            filters=filters,
            group_by=question.group_by,
            coverage=coverage,
            cardinality=cardinality or {},
        )
        groupings, trimmed = _within_budget(question, model, candidates.groupings, span, zone)
        notes += [*candidates.left_out, *trimmed]
        cubes = comparison_cubes(question, model, groupings=groupings, span=span, zone=zone)
        values = comparison_values(question, model, groupings=groupings)
    else:
        cubes = series_cubes(question, model, zone=zone)
        if isinstance(question, Level):
            cubes += usual_cubes(question, model, span=span)
    complexity = complexity_of(question, candidates=len(candidates.dimensions))
    strategy = STRATEGIES[question.kind, complexity]
    quality: tuple[QualityRequest, ...] = quality_requests(model, question.metric, whole_days(span, zone))
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=complexity,
        agents=(
            *(
                PlannedAgent(name=name, reason=reason)
                for name, reason in strategy.agents
                if name != COMBINATIONS[0] or _has_cells(cubes, candidates)
            ),
            *(PlannedAgent(name=one.name, reason=one.description) for one in _agents_for(question.kind, plug_ins)),
        ),
        cubes=cubes,
        values=values,
        quality=quality,
        alpha=alpha,
        notes=tuple(dict.fromkeys(notes)),
    )


def _require_form(question: Planned, model: SemanticModel) -> None:
    """Refuse names the model does not have and forms no strategy reads."""
    if question.metric not in model.metrics:
        raise RefusedError("not_in_model", f"metric {question.metric!r}", nearest=tuple(model.metrics))
    reachable = dimensions_of(model, question.metric)
    named = [one.dimension for one in _predicates(question) if one.dimension] + list(question.group_by)
    for name in named:
        if name not in reachable:
            text = f"{question.metric} cannot be cut by {name!r}; it can by: {', '.join(reachable) or 'nothing'}."
            raise RefusedError("not_in_model", f"dimension {name!r} of {question.metric}", nearest=reachable, text=text)
    on_metrics = [one for one in question.filters if one.metric is not None]
    if on_metrics and (isinstance(question, Why | Compare) or not question.group_by):
        text = "A condition on a metric selects groups: ask level, trend, top or share by a dimension with it."
        raise RefusedError("unsupported", "a dimension whose groups the condition selects", text=text)
    for one in on_metrics:
        if one.metric != question.metric:
            text = f"A condition on {one.metric} in a question about {question.metric} is not supported yet."
            raise RefusedError("unsupported", f"a condition on {question.metric} itself", text=text)
    if question.kind == "top" and not question.group_by:
        text = f"Top of what? Name a dimension to rank: {', '.join(reachable)}."
        raise RefusedError("unsupported", "a dimension to rank by", nearest=reachable, text=text)
    if question.kind == "share":
        _require_share(question, model)


def _require_share(question: Planned, model: SemanticModel) -> None:
    kind = model.metrics[question.metric].kind
    if kind not in ADDITIVE:
        text = (
            f"A share needs parts that add up to the whole; {question.metric} is a {kind}. Ask for its level instead."
        )
        raise RefusedError("unsupported", "a metric that adds up (sum or count)", text=text)
    if not question.group_by and not row_filters(question.filters):
        raise RefusedError("unsupported", "a group or a dimension", text="Share of what? Name a group or a dimension.")


def _predicates(question: Planned) -> tuple[Predicate, ...]:
    segment = question.baseline.segment if isinstance(question, Why | Compare) else None
    return question.filters + (segment or ())


def _held(
    question: Planned, model: SemanticModel, coverage: Mapping[str, Coverage], windows: tuple[Window, ...]
) -> Window:
    """What all sources of the metric hold in common. Refuses where a window does not touch it."""
    first: datetime | None = None
    last: datetime | None = None
    for leaf in model.leaves(question.metric):
        source = model.metrics[leaf].source or ""
        if model.time_column(source) is None:
            text = f"{question.metric} reads {source}, which has no time column: no window can be cut from it."
            raise RefusedError("not_in_model", f"a time column of source {source!r}", text=text)
        if source not in coverage:
            raise InputError(f"the coverage of source {source!r} was not given")
        held = coverage[source]
        if held.first is None or held.last is None or not held.rows:
            text = f"Source {source} holds no row with a time."
            raise RefusedError("too_little_data", f"rows in source {source!r}", text=text)
        first = held.first if first is None else max(first, held.first)
        last = held.last if last is None else min(last, held.last)
    assert first is not None
    assert last is not None
    zone = ZoneInfo(model.timezone)
    reach = f"{first.astimezone(zone):%Y-%m-%d} to {last.astimezone(zone):%Y-%m-%d}"
    for window in windows:
        if window.start > last or window.end <= first:
            text = f"{shown(window, zone)} is outside the data, which covers {reach}."
            raise RefusedError("outside_data", f"data in {shown(window, zone)}", nearest=(reach,), text=text)
    return Window.model_construct(start=first, end=last)


def _reaches_past(window: Window, held: Window, zone: ZoneInfo) -> str:
    """A note where the window starts before the data, or ends after its last day."""
    parts = []
    if floor(held.start, "day", zone) > window.start:
        parts.append(f"the data starts on {held.start.astimezone(zone):%Y-%m-%d}")
    if window.end.astimezone(zone).date() > held.end.astimezone(zone).date() and not _closes(held.end, window, zone):
        parts.append(f"the data ends on {held.end.astimezone(zone):%Y-%m-%d at %H:%M}")
    return f"{shown(window, zone)} is not wholly covered: {' and '.join(parts)}." if parts else ""


def _closes(last: datetime, window: Window, zone: ZoneInfo) -> bool:
    """Whether the last row lies on the last day of the window."""
    return (window.end.astimezone(zone).date() - last.astimezone(zone).date()).days == 1 and (
        window.end.astimezone(zone) == floor(window.end, "day", zone)
    )


def shown(window: Window, zone: ZoneInfo) -> str:
    """The window in absolute dates, both inclusive; with times where it does not consist of days."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    if start != floor(start, "day", zone) or end != floor(end, "day", zone):
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    last = end.date().fromordinal(end.date().toordinal() - 1)
    return f"{start:%Y-%m-%d}" if last == start.date() else f"{start:%Y-%m-%d} to {last:%Y-%m-%d}"


def _within_budget(
    question: Why | Compare, model: SemanticModel, groupings: tuple[Grouping, ...], span: Window, zone: ZoneInfo
) -> tuple[tuple[Grouping, ...], list[str]]:
    """As many groupings as `MOST_QUERIES` allows; the last ones go first. Says how many went."""
    kept = groupings
    while (
        kept
        and queries_of(comparison_cubes(question, model, groupings=kept, span=span, zone=zone), model) > MOST_QUERIES
    ):
        kept = kept[:-1]
    gone = len(groupings) - len(kept)
    return kept, [f"{gone} of {len(groupings)} groupings were left out to stay within {MOST_QUERIES} queries."] * (
        gone > 0
    )


def _has_cells(cubes: tuple[CubeRequest, ...], candidates: Candidates) -> bool:
    """Whether the leaves of three dimensions and more together are gathered; of two, pairs say it all."""
    return len(candidates.cells or ()) > 2 and any(candidates.cells in cube.groupings for cube in cubes)


def _agents_for(kind: str, agents: Iterable[Agent] | None) -> tuple[Agent, ...]:
    """The plug-ins that look at questions of a kind."""
    if agents is None:
        from gemba.agents.registry import plug_ins

        agents = plug_ins().values()
    return tuple(agent for agent in agents if kind in getattr(agent, "kinds", ()))
