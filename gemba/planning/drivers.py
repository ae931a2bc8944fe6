"""The plan of a question for drivers: which columns of which rows are searched."""

from __future__ import annotations

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from gemba.errors import InputError, RefusedError
from gemba.evidence.types import Coverage, RowsRequest
from gemba.planning.held import shown
from gemba.planning.known import Known
from gemba.planning.requests import quality_requests
from gemba.planning.row_outcome import RowOutcome, row_outcome
from gemba.planning.spans import history_span, whole_days
from gemba.planning.strategies import STRATEGIES
from gemba.planning.types import Plan
from gemba.questions.types import Drivers, Window
from gemba.semantics.expression import Column, parse_expression
from gemba.semantics.graph import reachable
from gemba.semantics.model import SemanticModel

ROWS = "rows"
MOST_ROWS = 100_000
"""Rows that are searched; of a longer window the latest part."""

OVERRUN = 2
"""Rows may come in thicker at the end of a window than their mean: up to so many times the cap are read."""

PERIODS = ("day", "week", "month", "quarter", "year")


def drivers_plan(question: Drivers, model: SemanticModel, known: Known) -> Plan:
    """Rows of the outcome's source with every candidate column. Errors as `make_plan`."""
    coverage = known.coverage
    outcome = row_outcome(model, question.outcome)
    zone = ZoneInfo(model.timezone)
    _require_rows(model, outcome, question, coverage, zone)
    held = coverage[outcome.source]
    assert held.first is not None
    members, numbers, columns = _candidates(model, question, outcome)
    window, notes = _sampled(question.window, held, zone)
    if outcome.note:
        notes.append(f"The outcome is taken row by row; {outcome.note}.")
    rows = RowsRequest(
        name=ROWS,
        source=outcome.source,
        members=members + ((outcome.member,) if outcome.member else ()),
        numbers=numbers,
        columns=tuple(dict.fromkeys((*outcome.columns, *columns))),
        flag=outcome.flag,
        filters=(*question.filters, *outcome.where),
        span=window,
        most_rows=OVERRUN * MOST_ROWS,
    )
    span = history_span((window,), bucket="day", first=held.first, zone=zone)
    strategy = STRATEGIES["drivers", 4]
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=4,
        agents=known.agents(strategy),
        quality=(
            quality_requests(model, question.outcome, whole_days(span, zone))
            if question.outcome in model.metrics
            else ()
        ),
        rows=(rows,),
        alpha=known.alpha,
        notes=tuple(notes),
    )


def measured(model: SemanticModel, outcome: RowOutcome) -> dict[str, str]:
    """Columns of the outcome's source that a mean metric measures, with the metric's name: a temperature, a pressure.

    Sums are left out: they are what comes out of a row, as the outcome is, and would tell it in other words.
    """
    found: dict[str, str] = {}
    dimensions = {one.column for one in model.dimensions.values() if one.source == outcome.source}
    for name, metric in model.metrics.items():
        if metric.source == outcome.source and metric.mean is not None and not metric.where:
            column = parse_expression(metric.mean)
            if isinstance(column, Column) and column.name not in {*outcome.columns, *dimensions}:
                found.setdefault(column.name, name)
    return found


def _candidates(
    model: SemanticModel, question: Drivers, outcome: RowOutcome
) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Dimensions with members, numeric dimensions, and columns of mean metrics.

    Left out: personal data, what the filters fix to one member, parts of the calendar that only come once, the
    outcome, and what the outcome is computed from.
    """
    fixed = {one.dimension for one in question.filters if one.op == "in" and len(one.values) == 1}
    flagged = {one.dimension for one in outcome.flag}
    sources = reachable(model, outcome.source)
    asked = set(question.candidates or ())
    members: list[str] = []
    numbers: list[str] = []
    for name, one in model.dimensions.items():
        own = one.source == outcome.source and one.column in outcome.columns
        if one.source not in sources or one.personal or own or name in {question.outcome, *fixed, *flagged}:
            continue
        if one.derived in PERIODS or (asked and name not in asked):
            continue
        (numbers if one.numeric else members).append(name)
    columns = {column: name for column, name in measured(model, outcome).items() if not asked or name in asked}
    lost = sorted(asked - {*members, *numbers, *columns.values()})
    if lost or not (members or numbers or columns):
        nearest = (*members, *numbers, *columns.values())
        missing = f"candidate {lost[0]!r}" if lost else f"a column that could go with {question.outcome}"
        text = f"{missing[:1].upper()}{missing[1:]} cannot be searched for {question.outcome.replace('_', ' ')}."
        raise RefusedError("not_in_model", missing, nearest=nearest[:8], text=text)
    return tuple(members), tuple(numbers), tuple(columns)


def _require_rows(
    model: SemanticModel, outcome: RowOutcome, question: Drivers, coverage: Mapping[str, Coverage], zone: ZoneInfo
) -> None:
    """Refuse where the source has no time or no row, or where the window lies beside it."""
    source = outcome.source
    if model.time_column(source) is None:
        text = f"{question.outcome} reads {source}, which has no time column: no window can be cut from it."
        raise RefusedError("not_in_model", f"a time column of source {source!r}", text=text)
    unknown = [one.dimension for one in question.filters if one.dimension not in model.dimensions]
    if unknown:
        raise RefusedError("unsupported" if unknown[0] is None else "not_in_model", f"a condition on {unknown[0]!r}")
    if source not in coverage:
        raise InputError(f"the coverage of source {source!r} was not given")
    held = coverage[source]
    if held.first is None or held.last is None or not held.rows:
        raise RefusedError("too_little_data", f"rows in source {source!r}", text=f"Source {source} holds no row.")
    if question.window.start > held.last or question.window.end <= held.first:
        reach = f"{held.first.astimezone(zone):%Y-%m-%d} to {held.last.astimezone(zone):%Y-%m-%d}"
        said = shown(question.window, zone)
        text = f"{said} is outside the data, which covers {reach}."
        raise RefusedError("outside_data", f"data in {said}", nearest=(reach,), text=text)


def _sampled(window: Window, held: Coverage, zone: ZoneInfo) -> tuple[Window, list[str]]:
    """The latest part of a window that holds too many rows, and a note that says so."""
    assert held.first is not None
    assert held.last is not None
    start, end = max(window.start, held.first), min(window.end, held.last)
    whole = max((held.last - held.first).total_seconds(), 1.0)
    expected = held.rows * max((end - start).total_seconds(), 0.0) / whole
    if expected <= MOST_ROWS:
        return window, []
    start = end - (end - start) * (MOST_ROWS / expected)
    note = (
        f"The time asked about holds about {expected:,.0f} rows; the latest {MOST_ROWS:,.0f}, from "
        f"{start.astimezone(zone):%Y-%m-%d %H:%M} on, were searched."
    )
    return Window(start=start.astimezone(zone), end=window.end), [note]
