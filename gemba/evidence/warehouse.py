"""The warehouse: opens one session for every place that holds sources, and gathers from them."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, TypeVar

from gemba.errors import InputError, SourceUnavailableError
from gemba.evidence import build, partitions
from gemba.evidence.budget import Budget
from gemba.evidence.gather import Sessions, gather_from
from gemba.evidence.memory import VersionMemory
from gemba.evidence.query import Session
from gemba.evidence.readset import asked_slice, whole_slice
from gemba.evidence.types import Coverage, Evidence, EvidenceRequest, Limits, ReadEntry
from gemba.semantics.model import SemanticModel, Source

if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy.engine import URL, Engine

T = TypeVar("T")
ATTEMPTS = 3
_CONNECTIONS = 4


class _Warehouse(ABC):
    """What both warehouses share: everything but how sessions are opened."""

    @abstractmethod
    def _within(self, model: SemanticModel, limits: Limits, work: Callable[[Sessions], T]) -> T:
        """What `work` gives for the sessions of the sources of `model`."""

    def gather(self, model: SemanticModel, requests: Iterable[EvidenceRequest], *, limits: Limits) -> Evidence:
        wanted = tuple(requests)
        return self._within(model, limits, lambda sessions: gather_from(model, wanted, sessions, limits=limits))

    def versions(self, model: SemanticModel, entries: Iterable[ReadEntry]) -> dict[tuple[str, str], str | None]:
        wanted: dict[str, list[str]] = {}
        for entry in entries:
            wanted.setdefault(entry.source, []).append(entry.partition)

        def look(sessions: Sessions) -> dict[tuple[str, str], str | None]:
            found: dict[tuple[str, str], str | None] = {}
            for source, names in wanted.items():
                now = _versions_now(model, source, names, sessions)
                found |= {(source, name): None if now is None else now.get(name, partitions.EMPTY) for name in names}
            return found

        return self._within(model, Limits(), look)

    def partitions(self, model: SemanticModel, source: str) -> dict[str, str]:
        return self._within(model, Limits(), lambda sessions: sessions(source).versions(whole_slice(model, source)))

    def coverage(self, model: SemanticModel, source: str) -> Coverage:
        stamp = build.stamp_of(model, source)
        hops = build.hops_to(model, source, [stamp.source] if stamp is not None else [])
        return self._within(model, Limits(), lambda sessions: sessions(source).coverage(source, stamp, hops))

    def members(self, model: SemanticModel, dimension: str, *, most: int = 100_000) -> tuple[str, ...]:
        def look(sessions: Sessions) -> tuple[str, ...]:
            query = build.members_query(
                model, dimension, kinds=lambda source: sessions(source).kinds(source), most=most
            )
            frame = sessions(query.source).run(query)[(dimension,)].drop_nulls(dimension)
            return tuple(frame.sort([build.ROWS, dimension], descending=[True, False])[dimension])

        return self._within(model, Limits(), look)


def _versions_now(model: SemanticModel, source: str, names: list[str], sessions: Sessions) -> dict[str, str] | None:
    """None where the source is gone: not in the model any more, or its table or files do not exist."""
    if source not in model.sources:
        return None
    try:
        sessions(source).kinds(source)
    except InputError:
        return None
    return sessions(source).versions(asked_slice(model, source, names))


class SourceWarehouse(_Warehouse):
    """Databases and files, dispatched by source. Safe to share between threads.

    Args:
        memory: File in which the fingerprints of partitions outlive the process; without it they live as long as
            this object. It only saves time.

    One gathering sees one state of each database. What fails for the moment is tried again, `ATTEMPTS` times in all,
    from the start.
    """

    def __init__(self, *, memory: Path | None = None) -> None:
        self.memory = VersionMemory(memory)
        self._engines: dict[str, Engine] = {}
        self._lock = Lock()

    def close(self) -> None:
        """Close every connection. The warehouse can be used again."""
        with self._lock:
            engines, self._engines = self._engines, {}
        for engine in engines.values():
            engine.dispose()

    def _within(self, model: SemanticModel, limits: Limits, work: Callable[[Sessions], T]) -> T:
        import stamina

        from gemba.evidence.transient import TransientError

        budget = Budget(limits)
        try:
            for attempt in stamina.retry_context(
                on=TransientError,
                attempts=ATTEMPTS,
                timeout=limits.deadline_s,
                wait_initial=0.1,
                wait_max=2,
                wait_jitter=0.5,
            ):
                with attempt, self._open(model, budget) as sessions:
                    return work(sessions)
        except TransientError as error:
            raise SourceUnavailableError(
                error.source,
                f"{error.reason} (tried {ATTEMPTS} times)",
                hint="Is the server up, and reachable from here?",
            ) from error
        finally:
            self.memory.save()
        raise AssertionError("either an attempt returns or the last one raises")

    @contextmanager
    def _open(self, model: SemanticModel, budget: Budget) -> Iterator[Sessions]:
        with ExitStack() as stack:
            opened: dict[str, Session] = {}

            def session(source: str) -> Session:
                connection = _source(model, source).connection
                place = connection if connection is not None else ""
                if place not in opened:
                    if connection is None:
                        opened[place] = self._file_session(model, budget)
                    else:
                        from gemba.evidence.connect import url_of
                        from gemba.evidence.database import DatabaseSession

                        url = url_of(connection)
                        made = DatabaseSession(self._engine(url), url, model, budget, self.memory)
                        opened[place] = stack.enter_context(made)
                return opened[place]

            yield session

    def _file_session(self, model: SemanticModel, budget: Budget) -> Session:
        from gemba.evidence.filesession import FileSession

        return FileSession(model, budget, self.memory, now_ns=time.time_ns)

    def _engine(self, url: URL) -> Engine:
        from gemba.evidence.connect import open_engine

        key = url.render_as_string(hide_password=False)
        with self._lock:
            if key not in self._engines:
                self._engines[key] = open_engine(url, connections=_CONNECTIONS)
            return self._engines[key]


class FrameWarehouse(_Warehouse):
    """Frames in memory by source, for tests and notebooks. `frames` may be exchanged between calls."""

    def __init__(self, frames: Mapping[str, pl.DataFrame]) -> None:
        self.frames = dict(frames)

    def _within(self, model: SemanticModel, limits: Limits, work: Callable[[Sessions], T]) -> T:
        from gemba.evidence.lazy import LazySession

        def scan(source: str) -> pl.LazyFrame:
            if source not in self.frames:
                raise InputError(f"no frame for source {source!r}", hint=f"There is: {', '.join(sorted(self.frames))}.")
            return self.frames[source].lazy()

        session = LazySession(scan, Budget(limits))

        def sessions(source: str) -> Session:
            _source(model, source)
            return session

        return work(sessions)


def _source(model: SemanticModel, source: str) -> Source:
    if source not in model.sources:
        raise InputError(f"no source {source!r} in model {model.name!r}", hint=f"There is: {', '.join(model.sources)}.")
    return model.sources[source]
