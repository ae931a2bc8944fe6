"""Content versions of partitions in a database.

A version is the number of rows and the sum of their hashes: the order of rows does not matter, a row twice counts
twice. PostgreSQL hashes records with `hash_record_extended`, SQLite with a function of ours (blake2b), MySQL with
MD5. These are checksums against accident, not against an adversary.

PostgreSQL also has a fingerprint that needs no column of the row: rows, and the sum of hashes of (xmin, ctid).
Every write moves it. It may move without a change of content (VACUUM FULL), then the checksum decides. A place that
is seen for the first time gets both in one scan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.mysql import BIGINT
from sqlalchemy.sql.elements import ColumnElement

from gemba.evidence import partitions
from gemba.evidence.edges import edges_of
from gemba.evidence.query import ColumnKind, Slice
from gemba.evidence.sql import from_clause, time_of
from gemba.evidence.sqltime import in_span
from gemba.evidence.truncation import Truncate
from gemba.evidence.zones import read
from gemba.questions.types import Window
from gemba.semantics.model import Grain

if TYPE_CHECKING:
    from gemba.evidence.database import DatabaseSession

_HASHED_AS_RECORD: tuple[ColumnKind, ...] = ("number", "text", "boolean", "date", "stamp", "instant")


def versions_of(session: DatabaseSession, part: Slice) -> dict[str, str]:
    """Versions by name of the partitions of the slice that hold a row."""
    place = _place(session, part)
    if session.dialect != "postgresql" or not _has_physical_rows(session, part.source):
        return _checksums(session, part)
    cluster = _cluster(session, part.source)
    row_hash = None if session.memory.knows(place) else _row_hash(session, part.source)
    prints: dict[str, str] = {}
    computed: dict[str, str] = {}
    hashes = [_physical(session, part.source), *([] if row_hash is None else [row_hash])]
    for name, rows, (physical, *content) in _totals(session, part, hashes, what=f"version:{part.source}:hint"):
        prints[name] = f"{rows}.{physical}.{cluster}"
        if content:
            computed[name] = _version(rows, content[0])
    known = {name: session.memory.recall(place, name, value) for name, value in prints.items()}
    moved = [name for name, version in known.items() if version is None and name not in computed]
    if moved:
        computed |= _checksums(session, _narrowed(part, moved))
    versions: dict[str, str] = {}
    for name, version in known.items():
        versions[name] = version if version is not None else computed[name]
        session.memory.keep(place, name, prints[name], versions[name])
    return versions


def _narrowed(part: Slice, names: Sequence[str]) -> Slice:
    if part.grain is None:
        return part
    start, end = partitions.bounds([datetime.fromisoformat(name) for name in names], part.grain)
    return replace(part, start=start, end=end)


def _checksums(session: DatabaseSession, part: Slice) -> dict[str, str]:
    totals = _totals(session, part, [_row_hash(session, part.source)], what=f"version:{part.source}")
    return {name: _version(rows, total) for name, rows, (total,) in totals}


def _version(rows: int, total: Any) -> str:
    if rows == 0:
        return partitions.EMPTY
    return f"{rows}-{hashlib.sha256(f'{rows}:{int(total)}'.encode()).hexdigest()[:20]}"


def _totals(
    session: DatabaseSession, part: Slice, hashes: Sequence[ColumnElement[Any]], *, what: str
) -> list[tuple[str, int, Sequence[Any]]]:
    """Name of each partition, its rows, and the sums of the hashes of its rows, in one scan."""
    tables = session.tables(part.source, part.hops)
    columns: list[ColumnElement[Any]] = [value.label(f"h{i}") for i, value in enumerate(hashes)]
    edges = None
    conditions: list[ColumnElement[bool]] = []
    if part.grain is not None and part.stamp is not None:
        kind = tables.kind(part.stamp.source, part.stamp.column)
        column = tables.column(part.stamp.source, part.stamp.column)
        window = None
        if part.start is not None and part.end is not None:
            window = Window(start=read(part.start, part.stamp.local), end=read(part.end, part.stamp.local))
            conditions.append(in_span(part.stamp, column, kind, window, session.dialect))
            edges = edges_of(
                part.stamp,
                column,
                kind,
                grain=part.grain,
                start=part.start,
                end=part.end,
                week_starts=part.week_starts,
                dialect=session.dialect,
            )
        time = edges.number if edges is not None else time_of(tables, part.stamp, span=window)
        columns.append(time.label("t"))
    inner = sa.select(*columns).select_from(from_clause(tables, part.source, part.hops)).where(*conditions)
    rows = inner.subquery("r")
    totals = [sa.func.coalesce(sa.func.sum(rows.c[f"h{i}"]), 0) for i in range(len(hashes))]
    if part.grain is None or part.stamp is None:
        statement = sa.select(sa.func.count(), *totals).select_from(rows)
        _, result = session.execute(statement, request=what, source=part.source)
        return [(partitions.ALL, int(result[0][0]), result[0][1:])]
    start = rows.c.t if edges is not None else Truncate(part.grain, rows.c.t, part.week_starts)
    statement = sa.select(start.label("p"), sa.func.count(), *totals).where(rows.c.t.is_not(None)).group_by(start)
    _, result = session.execute(statement, request=what, source=part.source)
    starts = edges.start_of() if edges is not None else None
    named = [(row[0] if starts is None else starts[row[0]], row) for row in result]
    return [(_name(start, part.grain), int(row[1]), row[2:]) for start, row in named]


def _name(start: Any, grain: Grain) -> str:
    if isinstance(start, str):
        start = datetime.fromisoformat(start)
    return partitions.name(start, grain)


def _row_hash(session: DatabaseSession, source: str) -> ColumnElement[Any]:
    table = session.tables(source).tables[source]
    kinds = session.kinds(source)
    if session.dialect == "postgresql":
        row = sa.literal_column(session.engine.dialect.identifier_preparer.quote(source))
        if all(kind in _HASHED_AS_RECORD for kind in kinds.values()):
            return sa.func.hash_record_extended(row, sa.literal_column("0"))
        return sa.func.hashtextextended(sa.cast(row, sa.Text()), sa.literal_column("0"))
    if session.dialect == "sqlite":
        return sa.func.gemba_hash(*(table.c[name] for name in kinds))
    texts = [sa.func.coalesce(sa.cast(table.c[name], sa.CHAR()), sa.literal_column("'\\0'")) for name in kinds]
    digest = sa.func.substring(sa.func.md5(sa.func.concat_ws(sa.literal_column("'|'"), *texts)), 1, 13)
    return sa.cast(sa.func.conv(digest, 16, 10), BIGINT(unsigned=True))


def _physical(session: DatabaseSession, source: str) -> ColumnElement[Any]:
    row = session.engine.dialect.identifier_preparer.quote(source)
    return sa.literal_column(f"hashtidextended({row}.ctid, {row}.xmin::text::bigint + ({row}.tableoid::bigint << 32))")


def _has_physical_rows(session: DatabaseSession, source: str) -> bool:
    """Whether the source is a table; a view's rows have no place of their own."""
    statement = sa.text("SELECT relkind::text FROM pg_class WHERE oid = to_regclass(:name)").bindparams(
        name=session.regclass(source)
    )
    rows = session.look(statement, source=source)
    return bool(rows) and rows[0][0] in ("r", "p", "m")


def _cluster(session: DatabaseSession, source: str) -> str:
    """What tells this database from another one that was filled alike: transaction ids repeat after an initdb."""
    rows = session.look(sa.text("SELECT system_identifier FROM pg_control_system()"), source=source)
    return str(rows[0][0])


def _place(session: DatabaseSession, part: Slice) -> str:
    where = session.url.set(username=None, password=None).render_as_string()
    stamp = part.stamp
    reading = f"{stamp}" if stamp is not None else ""
    text = f"{where}|{session.model.sources[part.source].table}|{part.grain}|{reading}|{part.week_starts}"
    return f"{part.source}-{hashlib.sha256(text.encode()).hexdigest()[:24]}"
