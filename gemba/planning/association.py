"""The plan of a question whether two metrics go together: both as series, in the same steps over the same window."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from gemba.errors import RefusedError
from gemba.evidence.types import Bucket, CubeRequest, QualityRequest
from gemba.planning.form import require_form
from gemba.planning.held import held_by_sources, reaches_past
from gemba.planning.known import Known
from gemba.planning.requests import quality_requests, row_filters
from gemba.planning.spans import history_span, whole_days
from gemba.planning.strategies import STRATEGIES
from gemba.planning.types import Plan
from gemba.questions.lags import default_lag, lag_bucket, lag_of, said_lag
from gemba.questions.types import Association, Window
from gemba.semantics.expression import columns_of, parse_expression
from gemba.semantics.model import SemanticModel

SERIES, OTHER = "series", "other"
LEAST_DAYS = 14
"""Days of a window read by hour: below them the week cannot be told from an association."""

STEPS = {"day": timedelta(days=1), "hour": timedelta(hours=1)}


def association_plan(question: Association, model: SemanticModel, known: Known) -> Plan:
    """Both metrics by day or hour over the window. Errors as `make_plan`.

    Raises:
        RefusedError: Also `unsupported` where the two metrics share a number, so that they go together by arithmetic;
            `too_little_data` below two weeks of data that both have, or four times the largest lag.
    """
    if question.other_metric not in model.metrics:
        raise RefusedError("not_in_model", f"metric {question.other_metric!r}", nearest=tuple(model.metrics))
    both = (question, question.model_copy(update={"metric": question.other_metric}))
    for one in both:
        require_form(one, model)
    _require_apart(question, model)
    zone = ZoneInfo(model.timezone)
    held = [held_by_sources(one.metric, model, known.coverage, (question.window,)) for one in both]
    shared = Window.model_construct(start=max(one.start for one in held), end=min(one.end for one in held))
    length = min(question.window.end, shared.end) - max(question.window.start, shared.start)
    lag = question.max_lag or default_lag(question.window)
    bucket = _bucket(lag, length)
    _require_length(length, lag)
    span = history_span((question.window,), bucket="day", first=shared.start, zone=zone)
    strategy = STRATEGIES["association", 3]
    notes = [reaches_past(question.window, shared, zone), _rows_note(question, model)]
    if question.max_lag is None:
        notes.append(f"No largest lag was given: up to {said_lag(lag)} either way.")
    return Plan(
        question=question,
        strategy=strategy.name,
        strategy_version=strategy.version,
        complexity=3,
        agents=known.agents(strategy),
        cubes=tuple(
            CubeRequest(
                name=name, metric=one.metric, filters=row_filters(one.filters), span=question.window, bucket=bucket
            )
            for name, one in zip((SERIES, OTHER), both, strict=True)
        ),
        quality=_quality(question, model, whole_days(span, zone)),
        alpha=known.alpha,
        notes=tuple(note for note in notes if note),
    )


def _bucket(lag: str, length: timedelta) -> Bucket:
    """Hours also where the largest lag is below a day."""
    return "hour" if timedelta(0) < lag_of(lag) < STEPS["day"] else lag_bucket(length)


def steps_of(lag: str, bucket: Bucket) -> int:
    """The largest lag in buckets."""
    return lag_of(lag) // STEPS[bucket]


def numbers_of(model: SemanticModel, metric: str) -> frozenset[tuple[str, str]]:
    """Columns that a metric is computed from or selects rows by, as (source, column), and the leaves by name."""
    found: set[tuple[str, str]] = set()
    for leaf in model.leaves(metric):
        definition = model.metrics[leaf]
        source = definition.source or ""
        found.add((source, f"metric {leaf}"))
        if definition.column is not None:
            found.update((source, column) for column in columns_of(parse_expression(definition.column)))
        for predicate in definition.where:
            dimension = model.dimensions.get(predicate.dimension or "")
            if dimension is not None and dimension.numeric and dimension.column is not None:
                found.add((dimension.source, dimension.column))
    return frozenset(found)


def _require_apart(question: Association, model: SemanticModel) -> None:
    """Refuse metrics that go together by arithmetic: a rate and its own numerator, two metrics of one column."""
    one, other = question.metric, question.other_metric
    names = (one.replace("_", " "), other.replace("_", " "))
    if one == other:
        text = f"{names[0]} goes with itself. Name another metric."
        raise RefusedError("unsupported", "two different metrics", text=text)
    shared = numbers_of(model, one) & numbers_of(model, other)
    if shared:
        what = " and ".join(sorted({name.removeprefix("metric ").replace("_", " ") for _, name in shared}))
        text = (
            f"{names[0]} and {names[1]} are both computed from {what}: that they go together is arithmetic, and says "
            "nothing about the process. Name a metric that is measured apart."
        )
        apart = [name for name in model.metrics if not numbers_of(model, name) & numbers_of(model, one) and name != one]
        raise RefusedError("unsupported", "two metrics without a common number", nearest=tuple(apart[:8]), text=text)


def _require_length(length: timedelta, lag: str) -> None:
    if length < timedelta(days=LEAST_DAYS) - timedelta(hours=1):
        days = max(length.total_seconds(), 0) / 86400
        text = (
            f"Both metrics have {days:.1f} days of the time asked about; {LEAST_DAYS} are needed to tell the week from "
            "what they share beside it. Ask about a longer time."
        )
        raise RefusedError("too_little_data", f"{LEAST_DAYS} days of both metrics", text=text)
    if 4 * lag_of(lag) > length:
        text = f"A lag of {said_lag(lag)} is more than a quarter of the time asked about. Ask about a longer time."
        raise RefusedError("too_little_data", f"a window of four times {said_lag(lag)}", text=text)


def _rows_note(question: Association, model: SemanticModel) -> str:
    """Where both add up over the rows of one source: a day with more rows has more of both."""
    kinds = [model.metrics[name].kind for name in (question.metric, question.other_metric)]
    sources = [model.metrics[name].source for name in (question.metric, question.other_metric)]
    if sources[0] == sources[1] and all(kind in ("sum", "count", "count_distinct") for kind in kinds):
        return (
            f"Both metrics add up over the rows of {sources[0]}: more rows make more of both. Rates do not have this."
        )
    return ""


def _quality(question: Association, model: SemanticModel, span: Window) -> tuple[QualityRequest, ...]:
    """One request a source that either metric reads, with the columns of both."""
    found: dict[str, QualityRequest] = {}
    for metric in (question.metric, question.other_metric):
        for one in quality_requests(model, metric, span):
            before = found.get(one.name)
            columns = one.columns if before is None else tuple(dict.fromkeys((*before.columns, *one.columns)))
            found[one.name] = one.model_copy(update={"columns": columns})
    return tuple(found.values())
