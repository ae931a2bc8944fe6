"""How sources hang together: joins, what a metric can be grouped by, and what is wrong with that.

Joins go from many rows to one, so following them never repeats a row of the source a metric sums.
Everything here refuses what could: a join that may match several rows, two ways to one source, a cycle.
"""

from __future__ import annotations

from dataclasses import dataclass

from gemba.errors import InvalidModelError
from gemba.semantics.model import SemanticModel
from gemba.semantics.problems import Problem


@dataclass(frozen=True, slots=True)
class Hop:
    """One join followed. `by` maps a column of `from_source` to a column of `to`."""

    from_source: str
    to: str
    by: dict[str, str]


def reachable(model: SemanticModel, source: str) -> dict[str, tuple[Hop, ...]]:
    """Every source that `source` reaches by its joins, itself included, with the hops that lead there.

    Joins to unknown sources are not followed. Where several paths lead to one source, the shortest is given;
    a valid model has only one.
    """
    paths: dict[str, tuple[Hop, ...]] = {source: ()}
    front = [source]
    while front:
        here = front.pop(0)
        for join in model.sources[here].joins:
            if join.to in model.sources and join.to not in paths:
                paths[join.to] = (*paths[here], Hop(here, join.to, dict(join.by)))
                front.append(join.to)
    return paths


def join_path(model: SemanticModel, source: str, target_source: str) -> tuple[Hop, ...]:
    """The hops from one source to another; empty from a source to itself.

    Raises:
        InvalidModelError: No many-to-one joins lead there.
    """
    paths = reachable(model, source)
    if target_source not in paths:
        raise InvalidModelError(
            (f"no many-to-one join leads from source {source!r} to {target_source!r}",),
            hint=f"Add a join to sources.{source}.joins.",
        )
    return paths[target_source]


def dimensions_of(model: SemanticModel, metric: str) -> tuple[str, ...]:
    """The dimensions a metric can be grouped and filtered by, in the model's order.

    For a ratio or product: those that every one of its parts reaches, so that the parts are compared within the
    same group.
    """
    found: list[str] | None = None
    for leaf in model.leaves(metric):
        source = model.metrics[leaf].source
        assert source is not None
        sources = reachable(model, source)
        mine = [name for name, dimension in model.dimensions.items() if dimension.source in sources]
        found = mine if found is None else [name for name in found if name in mine]
    return tuple(found or ())


def time_source(model: SemanticModel, leaf: str) -> str:
    """The source that a leaf metric's time column lives in: its own, or the one the time is borrowed from.

    Raises:
        InvalidModelError: The metric's source has no time.
    """
    source = model.metrics[leaf].source
    assert source is not None
    time = model.time_column(source)
    if time is None:
        raise InvalidModelError(
            (f"metric {leaf!r}: its source {source!r} has no time column",), hint=f"Add time to sources.{source}."
        )
    return time.source


def problems(model: SemanticModel) -> tuple[Problem, ...]:
    """What is wrong with the joins, and with metrics and times that need them. Unknown names are left out here."""
    found = [*_join_problems(model), *_cycles(model)]
    if not found:
        found += _two_paths(model)
    return (*found, *_borrowed_time_problems(model), *_metric_problems(model))


def _join_problems(model: SemanticModel) -> list[Problem]:
    found: list[Problem] = []
    for name, source in model.sources.items():
        for number, join in enumerate(source.joins):
            path = ("sources", name, "joins", number)
            if not join.by:
                found.append(
                    Problem(path, f"the join to {join.to!r} names no columns", "Write by: {column here: column there}.")
                )
            other = model.sources.get(join.to)
            if other is None or not join.by:
                continue
            if not other.key:
                what = f"the join to {join.to!r} could repeat rows: that source has no key"
                mend = f"Add key: [{', '.join(join.by.values())}] to sources.{join.to} if it is unique there."
                found.append(Problem(path, what, mend))
            elif missing := [column for column in other.key if column not in join.by.values()]:
                what = f"the join to {join.to!r} could repeat rows: it leaves out {', '.join(missing)} of its key"
                mend = f"Add to by: a column here for each of {', '.join(other.key)}. Joins go many-to-one only."
                found.append(Problem(path, what, mend))
            if not _same_place(source.connection, other.connection):
                what = f"the join to {join.to!r} leaves its database: the two are not read from one place"
                found.append(Problem(path, what, "Give both the same connection, or make both files."))
    return found


def _same_place(here: str | None, there: str | None) -> bool:
    return here == there


def _cycles(model: SemanticModel) -> list[Problem]:
    found: list[Problem] = []
    done: set[str] = set()

    def walk(name: str, trail: tuple[str, ...]) -> None:
        for number, join in enumerate(model.sources[name].joins):
            if join.to in trail:
                circle = " → ".join((*trail[trail.index(join.to) :], join.to))
                what = f"joins go in a circle: {circle}"
                mend = "Remove one of these joins; keep those from the many to the one."
                found.append(Problem(("sources", name, "joins", number), what, mend))
            elif join.to in model.sources and join.to not in done:
                walk(join.to, (*trail, join.to))
        done.add(name)

    for name in model.sources:
        if name not in done:
            walk(name, (name,))
    return found


def _two_paths(model: SemanticModel) -> list[Problem]:
    """Sources reached twice from one source. Only for models without cycles."""
    found: list[Problem] = []
    told: set[tuple[str, str]] = set()

    def walk(start: str, here: str, trail: tuple[str, ...], seen: dict[str, tuple[str, ...]]) -> None:
        for number, join in enumerate(model.sources[here].joins):
            if join.to not in model.sources:
                continue
            path = (*trail, join.to)
            if join.to not in seen:
                seen[join.to] = path
                walk(start, join.to, path, seen)
            elif (here, join.to) not in told:
                told.add((here, join.to))
                what = (
                    f"two ways lead from {start!r} to {join.to!r}: {' → '.join(seen[join.to])} and {' → '.join(path)}"
                )
                mend = (
                    f"Remove one, or name {join.to!r} twice: a second source with the same table for the second role."
                )
                found.append(Problem(("sources", here, "joins", number), what, mend))

    for name in model.sources:
        walk(name, name, (name,), {})
    return found


def _borrowed_time_problems(model: SemanticModel) -> list[Problem]:
    found: list[Problem] = []
    for name, source in model.sources.items():
        time = model.time_column(name)
        if time is None or not time.borrowed:
            continue
        if time.source not in reachable(model, name):
            what = f"the time is borrowed from {time.source!r}, which no join of {name!r} reaches"
            mend = f"Add a join to {time.source!r}, or name a column of {name!r}."
            found.append(Problem(("sources", name, "time"), what, mend))
        for setting in ("stamps", "time_format", "midnight", "timezone"):
            if setting in source.model_fields_set:
                what = f"{setting} is given, but the time is borrowed from {time.source!r}"
                found.append(Problem(("sources", name, setting), what, f"Move {setting} to sources.{time.source}."))
    return found


def _metric_problems(model: SemanticModel) -> list[Problem]:
    found: list[Problem] = []
    for name, metric in model.metrics.items():
        if metric.source not in model.sources:
            continue
        sources = reachable(model, metric.source)
        if model.sources[metric.source].time is None:
            what = f"its source {metric.source!r} has no time, so no question about a period can be answered"
            mend = f"Add time to sources.{metric.source} (a column, or joined_source.column)."
            found.append(Problem(("metrics", name, "source"), what, mend))
        for number, predicate in enumerate(metric.where):
            dimension = model.dimensions.get(predicate.dimension or "")
            if dimension is not None and dimension.source in model.sources and dimension.source not in sources:
                what = (
                    f"filtering by {predicate.dimension!r} could repeat rows: no many-to-one join leads from "
                    f"{metric.source!r} to {dimension.source!r}"
                )
                mend = f"Add a join to sources.{metric.source}, or filter by a dimension that it reaches."
                found.append(Problem(("metrics", name, "where", number), what, mend))
    return found
