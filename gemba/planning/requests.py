"""The evidence of a plan, as requests.

Cubes by name (agents read them by these names):

| name | of | bucket | rows |
|---|---|---|---|
| `history` | why, compare | day or hour | question's filters; from the lookback to the end of the later window |
| `baseline` | why, compare against a segment or the rest | day or hour | the other side's filters, same span |
| `window`, `baseline` | as above, leaves that do not roll up, window baseline | whole | one of the two windows |
| `window`, `baseline_window` | as above, segment or rest baseline | whole | one of the two sides over the window |
| `series` | level, trend, top, share | as asked, else by length | question's filters over the window |
| `trend` | trend | day; up to two weeks: hour | the part of the window that the data covers |
| `window` | the same, leaves that do not roll up | whole | the same |
| `all`, `all_window` | share without `group_by` | as `series`, `window` | without filters: what the share is of |
| `quality:{source}` | all | day | span of `history`, or the lookback and the window |

Values of quantiles: `window_values:{total or dimension}`, `baseline_values:{...}`.
"""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

from gemba.errors import RefusedError
from gemba.evidence.types import TOTAL, CubeRequest, Grouping, QualityRequest, ValuesRequest
from gemba.planning.spans import comparison_bucket, floor, level_bucket, series_bucket
from gemba.questions.types import Compare, Level, Predicate, Share, Top, Trend, Why, Window
from gemba.semantics.expression import columns_of, parse_expression
from gemba.semantics.model import SemanticModel

HOURLY_TREND = timedelta(days=14, hours=1)
NOT_ADDITIVE = ("count_distinct", "quantile")
_OPPOSITE = {"in": "not_in", "not_in": "in", "gt": "le", "le": "gt", "ge": "lt", "lt": "ge"}


def rolls_up(model: SemanticModel, metric: str) -> bool:
    """Whether the metric of a span follows from its buckets. False with a distinct count or quantile inside."""
    return all(model.metrics[leaf].kind not in NOT_ADDITIVE for leaf in model.leaves(metric))


def row_filters(filters: tuple[Predicate, ...]) -> tuple[Predicate, ...]:
    """The predicates that select rows; those on a metric select groups after aggregation."""
    return tuple(one for one in filters if one.dimension is not None)


def other_side(question: Why | Compare) -> tuple[Predicate, ...]:
    """Filters of the side that a segment or rest baseline compares with.

    Raises:
        RefusedError: `unsupported`: the rest of several conditions at once cannot be written as conditions.
    """
    if question.baseline.segment is not None:
        return row_filters(question.baseline.segment)
    filters = row_filters(question.filters)
    if len(filters) == 1 and filters[0].op in _OPPOSITE:
        return (filters[0].model_copy(update={"op": _OPPOSITE[filters[0].op]}),)
    missing = "one condition to take the rest of"
    text = (
        f"Comparing with the rest needs exactly one condition such as line = 3, got {len(filters)}. "
        "Name the other side instead: compare X with Y."
    )
    raise RefusedError("unsupported", missing, text=text)


def comparison_cubes(
    question: Why | Compare, model: SemanticModel, *, groupings: tuple[Grouping, ...], span: Window, zone: ZoneInfo
) -> tuple[CubeRequest, ...]:
    """Cubes of a question that holds two windows or two sides against each other."""
    filters, before = row_filters(question.filters), question.baseline.window
    bucket = comparison_bucket((question.window, before or question.window), zone)
    total = (TOTAL, *groupings)

    def cube(name: str, filters: tuple[Predicate, ...], span: Window, whole: bool = False) -> CubeRequest:
        return CubeRequest(
            name=name,
            metric=question.metric,
            filters=filters,
            span=span,
            bucket="whole" if whole else bucket,
            groupings=total,
        )

    cubes = [cube("history", filters, span)]
    if before is None:
        cubes.append(cube("baseline", other_side(question), span))
    if not rolls_up(model, question.metric):
        cubes.append(cube("window", filters, question.window, whole=True))
        if before is not None:
            cubes.append(cube("baseline", filters, before, whole=True))
        else:
            cubes.append(cube("baseline_window", other_side(question), question.window, whole=True))
    return tuple(cubes)


def comparison_values(
    question: Why | Compare, model: SemanticModel, *, groupings: tuple[Grouping, ...]
) -> tuple[ValuesRequest, ...]:
    """Value counts of a quantile metric on both sides, in total and by single dimensions."""
    if model.metrics[question.metric].kind != "quantile":
        return ()
    filters, before = row_filters(question.filters), question.baseline.window
    sides = (
        ("window_values", filters, question.window),
        ("baseline_values", filters if before else other_side(question), before or question.window),
    )
    single = [grouping for grouping in groupings if len(grouping) == 1]
    return tuple(
        ValuesRequest(
            name=f"{side}:{grouping[0] if grouping else 'total'}",
            metric=question.metric,
            filters=chosen,
            span=span,
            grouping=grouping,
        )
        for side, chosen, span in sides
        for grouping in (TOTAL, *single)
    )


def series_cubes(
    question: Level | Trend | Top | Share, model: SemanticModel, *, zone: ZoneInfo
) -> tuple[CubeRequest, ...]:
    """Cubes of a question about one window."""
    if question.kind == "trend":
        bucket = question.bucket or series_bucket(question.window, zone)
    else:
        bucket = level_bucket(question.window)
    groupings = (TOTAL, question.group_by) if question.group_by else (TOTAL,)
    filters = row_filters(question.filters)
    sides = [("series", "window", filters)]
    if question.kind == "share" and not question.group_by:
        sides.append(("all", "all_window", ()))
    cubes: list[CubeRequest] = []
    for name, whole, chosen in sides:
        cube = CubeRequest(
            name=name,
            metric=question.metric,
            filters=chosen,
            span=question.window,
            bucket=bucket,
            groupings=groupings,
        )
        cubes.append(cube)
        if not rolls_up(model, question.metric):
            cubes.append(cube.model_copy(update={"name": whole, "bucket": "whole"}))
    return tuple(cubes)


def usual_cubes(question: Level, model: SemanticModel, *, span: Window) -> tuple[CubeRequest, ...]:
    """What came before the window of a level, from the start of `span`: it says what such a window usually brings.

    None where nothing lies before, or where the metric of a window does not follow from its days or hours.
    """
    if span.start >= question.window.start or not rolls_up(model, question.metric):
        return ()
    cube = CubeRequest(
        name="history",
        metric=question.metric,
        filters=row_filters(question.filters),
        span=Window(start=span.start, end=question.window.start),
        bucket=level_bucket(question.window),
        groupings=(TOTAL,),
    )
    return (cube,)


def trend_cubes(question: Trend, *, held: Window, zone: ZoneInfo) -> tuple[CubeRequest, ...]:
    """The window in days, whatever it is shown in: a slope is told from many points. Two weeks and less: in hours."""
    start = max(question.window.start, floor(held.start, "day", zone))
    end = min(question.window.end, held.end + timedelta(microseconds=1)).astimezone(zone)
    cube = CubeRequest(
        name="trend",
        metric=question.metric,
        filters=row_filters(question.filters),
        span=Window(start=start, end=end),
        bucket="hour" if question.window.end - question.window.start <= HOURLY_TREND else "day",
        groupings=(TOTAL, question.group_by) if question.group_by else (TOTAL,),
    )
    return (cube,)


def quality_requests(model: SemanticModel, metric: str, span: Window) -> tuple[QualityRequest, ...]:
    """One request for every source with a time column that the metric reads, with the columns it reads there."""
    columns: dict[str, dict[str, None]] = {}
    for leaf in model.leaves(metric):
        definition = model.metrics[leaf]
        if definition.source is None or model.time_column(definition.source) is None:
            continue
        read = columns.setdefault(definition.source, {})
        text = definition.column
        if text is not None:
            read.update(dict.fromkeys(columns_of(parse_expression(text))))
    return tuple(
        QualityRequest(name=f"quality:{source}", source=source, columns=tuple(read), span=span)
        for source, read in columns.items()
    )


def queries_of(cubes: tuple[CubeRequest, ...], model: SemanticModel) -> int:
    """Queries that cubes cost: one a grouping and source read."""
    return sum(
        len(cube.groupings) * len({model.metrics[leaf].source for leaf in model.leaves(cube.metric)}) for cube in cubes
    )
