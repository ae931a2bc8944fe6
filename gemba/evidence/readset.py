"""What a gathering reads: the partitions of every source involved, and their versions as one hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from gemba.evidence import partitions
from gemba.evidence.build import hops_to, stamp_of
from gemba.evidence.query import DerivedField, Query, Slice
from gemba.evidence.types import EvidenceRequest, ReadEntry
from gemba.evidence.zones import local
from gemba.semantics.model import SemanticModel


def whole_slice(model: SemanticModel, source: str) -> Slice:
    """All partitions of a source."""
    stamp = stamp_of(model, source)
    grain = model.sources[source].partition
    if grain == "none" or stamp is None:
        return Slice(source, None, None)
    return Slice(source, stamp, grain, hops_to(model, source, [stamp.source]), week_starts=model.week_starts)


def read_slices(model: SemanticModel, queries: Iterable[Query]) -> tuple[Slice, ...]:
    """The partitions that queries read: of a source with time those that meet the spans, of a joined one all.

    A joined source that only lends its time is read where its own partitions meet the span.
    """
    found: dict[str, Slice] = {}
    for query in queries:
        _add(found, _spanned(model, query, query.source))
        lenders = {query.stamp.source} if query.stamp is not None else set()
        lenders |= {f.stamp.source for _, f in query.fields if isinstance(f, DerivedField)}
        for hop in query.hops:
            lends = hop.there in lenders and _is_own_time(model, query, hop.there)
            _add(found, _spanned(model, query, hop.there) if lends else Slice(hop.there, None, None))
    return tuple(found.values())


def _is_own_time(model: SemanticModel, query: Query, source: str) -> bool:
    return query.stamp is not None and stamp_of(model, source) == query.stamp


def _spanned(model: SemanticModel, query: Query, source: str) -> Slice:
    part = whole_slice(model, source)
    if part.grain is None or part.stamp is None or query.span is None:
        return part
    start, end = (local(side, part.stamp.local) for side in (query.span.start, query.span.end))
    names = partitions.names(start, end, part.grain, part.week_starts)
    first, last = (datetime.fromisoformat(name) for name in (names[0], names[-1]))
    return replace(part, start=first, end=partitions.following(last, part.grain))


def _add(found: dict[str, Slice], part: Slice) -> None:
    """Widen what is known of a source. Whole sources swallow spans."""
    known = found.get(part.source)
    if known is None or part.grain is None:
        found[part.source] = part
    elif known.grain is not None and known.start is not None and known.end is not None:
        if part.start is None or part.end is None:
            found[part.source] = part
        else:
            found[part.source] = replace(known, start=min(known.start, part.start), end=max(known.end, part.end))


def entries_of(part: Slice, versions: Mapping[str, str]) -> list[ReadEntry]:
    """One entry a partition of the slice; those without rows are `empty`, so that a first row is a change."""
    if part.grain is None or part.start is None or part.end is None:
        names = tuple(sorted(versions))
    else:
        names = partitions.names(part.start, part.end, part.grain, part.week_starts)
    return [
        ReadEntry(source=part.source, partition=name, version=versions.get(name, partitions.EMPTY)) for name in names
    ]


def asked_slice(model: SemanticModel, source: str, names: Iterable[str]) -> Slice:
    """The smallest slice that holds the named partitions."""
    part = whole_slice(model, source)
    wanted = list(names)
    if part.grain is None or partitions.ALL in wanted:
        return Slice(source, None, None)
    start, end = partitions.bounds([datetime.fromisoformat(name) for name in wanted], part.grain)
    return replace(part, start=start, end=end)


def data_version(read_set: Iterable[ReadEntry], requests: Iterable[EvidenceRequest]) -> str:
    """Sha-256 over both, as hex."""
    content = {
        "read": sorted((entry.source, entry.partition, entry.version) for entry in read_set),
        "requests": sorted(json.dumps(request.model_dump(mode="json"), sort_keys=True) for request in requests),
    }
    return hashlib.sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()
