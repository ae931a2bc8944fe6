"""Gathering: requests to queries, queries to the sessions of their sources, results to evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from gemba.errors import InputError, RefusedError
from gemba.evidence import build
from gemba.evidence.combine import cube_frame, quality_frame, rows_frame, values_frame
from gemba.evidence.fanout import refuse_fan_out
from gemba.evidence.query import Query, Session
from gemba.evidence.readset import data_version, entries_of, read_slices
from gemba.evidence.types import (
    TOTAL,
    Coverage,
    CubeRequest,
    EvidenceRequest,
    FrameEvidence,
    Grouping,
    Limits,
    QueryRecord,
    ReadEntry,
    RowsRequest,
    ValuesRequest,
)
from gemba.questions.types import Window
from gemba.semantics.model import SemanticModel

if TYPE_CHECKING:
    import polars as pl

Sessions = Callable[[str], Session]
"""The session of a source. Equal places give the same one, so that all reads see one state."""


def queries_of(model: SemanticModel, request: EvidenceRequest, sessions: Sessions, limits: Limits) -> tuple[Query, ...]:
    """The queries of a request, checked against the columns that exist."""

    def kinds(source: str) -> Mapping[str, str]:
        return sessions(source).kinds(source)

    if isinstance(request, CubeRequest):
        queries = build.cube_queries(model, request, kinds=kinds, most_rows=limits.rows_per_query)  # type: ignore[arg-type]
    elif isinstance(request, ValuesRequest):
        queries = (build.values_query(model, request, kinds=kinds),)  # type: ignore[arg-type]
    elif isinstance(request, RowsRequest):
        queries = (build.rows_query(model, request, kinds=kinds),)  # type: ignore[arg-type]
    else:
        queries = (build.quality_query(model, request, kinds=kinds),)  # type: ignore[arg-type]
    for query in queries:
        for hop in query.hops:
            if sessions(hop.there) is not sessions(query.source):
                raise InputError(
                    f"source {query.source!r} joins {hop.there!r}, which lives in another place",
                    hint="Joined sources must share a connection, or both be files.",
                )
    return queries


def gather_from(
    model: SemanticModel, requests: Iterable[EvidenceRequest], sessions: Sessions, *, limits: Limits
) -> FrameEvidence:
    """Run every request and record what was read. Raises as `Warehouse.gather`."""
    wanted = tuple(requests)
    planned = {request.name: queries_of(model, request, sessions, limits) for request in wanted}
    refuse_fan_out((query for group in planned.values() for query in group), sessions)
    cubes: dict[tuple[str, Grouping], pl.DataFrame] = {}
    frames: dict[str, pl.DataFrame] = {}
    for request in wanted:
        results = [sessions(query.source).run(query) for query in planned[request.name]]
        if isinstance(request, CubeRequest):
            for grouping in request.groupings:
                parts = [result[grouping] for result in results]
                cubes[(request.name, grouping)] = cube_frame(parts, request, grouping, model=model)
            if all(cubes[(request.name, grouping)].height == 0 for grouping in request.groupings):
                refuse_outside(model, planned[request.name], sessions)
        elif isinstance(request, ValuesRequest):
            frames[request.name] = values_frame(results[0][(*request.grouping, "value")], request.grouping)
        elif isinstance(request, RowsRequest):
            (query,) = planned[request.name]
            frames[request.name] = rows_frame(results[0][query.groupings[0]], request)
            if frames[request.name].height == 0:
                refuse_outside(model, (query,), sessions)
        else:
            frames[request.name] = quality_frame(results[0][TOTAL], request.columns)
    queries = [query for group in planned.values() for query in group]
    read_set = read_set_of(model, queries, sessions)
    as_of = _as_of(model, queries, sessions)
    return FrameEvidence(
        data_version=data_version(read_set, wanted),
        read_set=read_set,
        queries=records_of(sessions(query.source) for query in queries),
        as_of=as_of,
        cubes=cubes,
        frames=frames,
    )


def read_set_of(model: SemanticModel, queries: Iterable[Query], sessions: Sessions) -> tuple[ReadEntry, ...]:
    entries: list[ReadEntry] = []
    for part in read_slices(model, queries):
        entries += entries_of(part, sessions(part.source).versions(part))
    return tuple(entries)


def records_of(sessions: Iterable[Session]) -> tuple[QueryRecord, ...]:
    distinct = {id(session): session for session in sessions}
    return tuple(record for session in distinct.values() for record in session.records)


def _as_of(model: SemanticModel, queries: Iterable[Query], sessions: Sessions) -> datetime | None:
    """Last instant of any source read."""
    latest: list[datetime] = []
    for source, stamp in {query.source: query.stamp for query in queries}.items():
        hops = build.hops_to(model, source, [stamp.source] if stamp is not None else [])
        last = sessions(source).coverage(source, stamp, hops).last
        if last is not None:
            latest.append(last)
    return max(latest, default=None)


def refuse_outside(model: SemanticModel, queries: Iterable[Query], sessions: Sessions) -> None:
    """Refuse where the span of no query holds a row, whatever the filters; else the emptiness is an answer.

    Raises:
        RefusedError: `outside_data`, saying what the sources cover.
    """
    covered: list[str] = []
    for query in queries:
        assert query.stamp is not None
        hops = build.hops_to(model, query.source, [query.stamp.source])
        bare = Query(
            request=query.request,
            source=query.source,
            aggregates=(build.Aggregate(build.ROWS, "rows"),),
            hops=hops,
            stamp=query.stamp,
            span=query.span,
        )
        if sessions(query.source).run(bare)[TOTAL][build.ROWS][0] > 0:
            return
        coverage = sessions(query.source).coverage(query.source, query.stamp, hops)
        covered.append(f"{query.source} {_covers(coverage)}")
        span = query.span
    assert span is not None
    raise RefusedError(
        "outside_data",
        _shown(span),
        nearest=tuple(covered),
        text=f"there is no row between {_shown(span)}: {'; '.join(covered)}",
    )


def _shown(span: Window) -> str:
    return f"{span.start.isoformat(timespec='minutes')} and {span.end.isoformat(timespec='minutes')}"


def _covers(coverage: Coverage) -> str:
    if coverage.first is None or coverage.last is None:
        return "holds no row"
    first, last = (moment.isoformat(timespec="minutes") for moment in (coverage.first, coverage.last))
    return f"covers {first} to {last} ({coverage.rows} rows)"
