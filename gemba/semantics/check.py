"""Does the model fit the data? Every problem found by looking at the live sources, each with its mend.

Asks through the same port as an investigation, so what passes here can be asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from gemba.errors import (
    AccessDeniedError,
    GembaError,
    InputError,
    RefusedError,
    SourceUnavailableError,
    UnreadableFileError,
)
from gemba.evidence.types import TOTAL, Coverage, CubeRequest, Limits, QualityRequest, Warehouse
from gemba.questions.types import Window
from gemba.semantics.expression import columns_of, parse_expression
from gemba.semantics.graph import dimensions_of
from gemba.semantics.model import SemanticModel
from gemba.semantics.problems import Problem, suggestion
from gemba.statistics.calendar_days import known_countries

_TRIED = timedelta(days=7)


def check_model(model: SemanticModel, warehouse: Warehouse) -> tuple[Problem, ...]:
    """Look at every source, dimension and metric.

    Country: its holidays are known.
    Sources: can be read, have rows, keys are unique and there, times can be read.
    Dimensions: their column exists, and members named in the model occur.
    Metrics: compute over the last week of their data.

    Returns:
        Problems in the model's order; severity `warning` for what leaves the rest usable.
    """
    found: list[Problem] = list(_country(model))
    broken: set[str] = set()
    coverage: dict[str, Coverage] = {}
    for name in model.sources:
        problems, seen = _source(model, name, warehouse)
        found += problems
        if seen is None:
            broken.add(name)
        else:
            coverage[name] = seen
    for name, dimension in model.dimensions.items():
        if dimension.source not in broken:
            found += _dimension(model, name, warehouse)
    for name in model.metrics:
        sources = {model.metrics[leaf].source for leaf in model.leaves(name)}
        if name in model.leaves(name) and not sources & broken:
            found += _metric(model, name, warehouse, coverage)
    return _each_once(found)


def _country(model: SemanticModel) -> Iterator[Problem]:
    if model.country is not None and model.country not in known_countries():
        mend = suggestion(model.country, sorted(known_countries()), what="countries")
        what = f"no holidays are known of {model.country!r}; trends and forecasts take them for ordinary days"
        yield Problem(("country",), what, mend, severity="warning")


def _each_once(found: list[Problem]) -> tuple[Problem, ...]:
    """One database that is down is one problem, however many sources are in it."""
    seen: dict[tuple[str, str], Problem] = {}
    for problem in found:
        seen.setdefault((problem.what, problem.mend), problem)
    return tuple(seen.values())


def _source(model: SemanticModel, name: str, warehouse: Warehouse) -> tuple[list[Problem], Coverage | None]:
    path = ("sources", name)
    try:
        coverage = warehouse.coverage(model, name)
    except GembaError as error:
        return [_told(path, error)], None
    if coverage.rows == 0:
        mend = "Fill it, or correct table or files."
        return [Problem(path, "it holds no row", mend, severity="warning")], coverage
    if model.sources[name].time is not None and (coverage.first is None or coverage.last is None):
        what = f"no row has a time in {model.sources[name].time!r}"
        return [Problem((*path, "time"), what, "Name the column that holds it, or correct time_format.")], coverage
    return list(_key(model, name, warehouse, coverage)), coverage


def _key(model: SemanticModel, name: str, warehouse: Warehouse, coverage: Coverage) -> Iterator[Problem]:
    """A key that repeats makes every join to the source count rows twice."""
    source = model.sources[name]
    if not source.key or coverage.first is None or coverage.last is None:
        return
    span = Window(start=coverage.first, end=coverage.last + timedelta(seconds=1))
    request = QualityRequest(name="key", source=name, columns=source.key, span=span)
    try:
        frame = warehouse.gather(model, [request], limits=Limits()).frame("key")
    except GembaError as error:
        yield _told(("sources", name, "key"), error)
        return
    repeated = int(frame["duplicates"].sum())
    if repeated:
        what = f"{repeated} rows repeat a key of {', '.join(source.key)}"
        joined = any(join.to == name for other in model.sources.values() for join in other.joins)
        mend = "Add the column that makes rows different, or remove the repeated rows."
        yield Problem(("sources", name, "key"), what, mend, severity="error" if joined else "warning")
    for column in source.key:
        empty = int(frame[f"{column}.nulls"].sum())
        if empty:
            what = f"{empty} rows have no {column}"
            yield Problem(("sources", name, "key"), what, "Choose columns that are always there.", severity="warning")


def _dimension(model: SemanticModel, name: str, warehouse: Warehouse) -> Iterator[Problem]:
    path = ("dimensions", name)
    dimension = model.dimensions[name]
    try:
        members = warehouse.members(model, name, most=10_000)
    except GembaError as error:
        yield _told((*path, "column" if dimension.column is not None else "derived"), error)
        return
    if not members:
        what = "it has no value in any row"
        yield Problem(path, what, "Correct the column, or remove the dimension.", severity="warning")
    if len(members) < 10_000:
        for member in dimension.members:
            if member not in members and not dimension.personal and members:
                what = f"the member {member!r} does not occur in the data"
                mend = "Write it as it is stored, or remove it."
                yield Problem((*path, "members", member), what, mend, severity="warning")


def _metric(model: SemanticModel, name: str, warehouse: Warehouse, coverage: dict[str, Coverage]) -> Iterator[Problem]:
    metric = model.metrics[name]
    assert metric.source is not None
    seen = coverage.get(metric.source)
    if seen is None or seen.first is None or seen.last is None:
        return
    end = seen.last + timedelta(seconds=1)
    span = Window(start=max(seen.first, end - _TRIED), end=end)
    # One dimension of every source joined, so that each join is tried.
    reached = {model.dimensions[dimension].source: (dimension,) for dimension in dimensions_of(model, name)}
    groupings = (TOTAL, *(reached[source] for source in sorted(reached) if source != metric.source))
    request = CubeRequest(name="try", metric=name, span=span, bucket="whole", groupings=groupings)
    try:
        frame = warehouse.gather(model, [request], limits=Limits()).cube("try")
    except GembaError as error:
        yield _told(("metrics", name, metric.kind), error)
        return
    counted = frame[f"{name}.n"].sum() if f"{name}.n" in frame.columns else None
    if counted == 0 and not metric.where and metric.column is not None:
        columns = ", ".join(columns_of(parse_expression(metric.column)))
        what = f"{columns} is empty in every row of the last {_TRIED.days} days of data"
        yield Problem(
            ("metrics", name, metric.kind), what, "Check that the column is the one meant.", severity="warning"
        )


def _told(path: tuple[str | int, ...], error: GembaError) -> Problem:
    """An error of the port as a problem. Its own hint is the mend where it has one."""
    usual = {
        SourceUnavailableError: "Start the server, or correct connection.",
        AccessDeniedError: "Correct the user or its grants.",
        UnreadableFileError: "Correct files, or write the file again.",
        RefusedError: "Correct the model or fill the source.",
        InputError: "Correct the model.",
    }
    mend = error.hint or next((text for kind, text in usual.items() if isinstance(error, kind)), "Correct the model.")
    return Problem(path, " ".join(str(error).split()).rstrip("."), mend)
