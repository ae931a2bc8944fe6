"""The plan of a question that holds two windows, or two sides, against each other: why, compare."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from gemba.evidence.types import CubeRequest, Grouping
from gemba.planning.candidates import Candidates, candidates_for
from gemba.planning.form import require_form
from gemba.planning.held import held_by_sources, reaches_past
from gemba.planning.known import Known
from gemba.planning.requests import comparison_cubes, comparison_values, other_side, quality_requests, queries_of
from gemba.planning.spans import comparison_bucket, history_span, whole_days
from gemba.planning.strategies import COMBINATIONS, STRATEGIES, complexity_of
from gemba.planning.types import Plan
from gemba.questions.types import Compare, Why, Window
from gemba.semantics.model import SemanticModel

MOST_QUERIES = 80


def comparison_plan(question: Why | Compare, model: SemanticModel, known: Known) -> Plan:
    """Both sides with their history, cut by every dimension that could hold the cause. Errors as `make_plan`."""
    require_form(question, model)
    zone = ZoneInfo(model.timezone)
    before = question.baseline.window
    windows = (question.window,) if before is None else (question.window, before)
    held = held_by_sources(question.metric, model, known.coverage, windows)
    notes = [note for window in windows if (note := reaches_past(window, held, zone))]
    span = history_span(windows, bucket=comparison_bucket(windows, zone), first=held.start, zone=zone)
    candidates = candidates_for(
        model,
        question.metric,
        filters=question.filters + (other_side(question) if before is None else ()),
        group_by=question.group_by,
        coverage=known.coverage,
        cardinality=known.cardinality,
    )
    groupings, trimmed = _within_budget(question, model, candidates.groupings, span, zone)
    notes += [*candidates.left_out, *trimmed]
    cubes = comparison_cubes(question, model, groupings=groupings, span=span, zone=zone)
    complexity = complexity_of(question, candidates=len(candidates.dimensions))
    strategy = STRATEGIES[question.kind, complexity]
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=complexity,
        agents=known.agents(strategy, without=() if _has_cells(cubes, candidates) else (COMBINATIONS[0],)),
        cubes=cubes,
        values=comparison_values(question, model, groupings=groupings),
        quality=quality_requests(model, question.metric, whole_days(span, zone)),
        alpha=known.alpha,
        notes=tuple(dict.fromkeys(notes)),
    )


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
