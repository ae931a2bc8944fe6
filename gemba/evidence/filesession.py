"""A session over files: each file is looked at once, and its content version remembered by its fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from gemba.errors import InputError
from gemba.evidence import partitions
from gemba.evidence.budget import Budget
from gemba.evidence.files import CheckedFiles, fingerprint, paths_of
from gemba.evidence.lazy import LazySession
from gemba.evidence.memory import VersionMemory
from gemba.evidence.query import Slice
from gemba.semantics.model import SemanticModel

if TYPE_CHECKING:
    import polars as pl


class FileSession(LazySession):
    """Raises UnreadableFileError and InputError from every method. `now_ns`: wall clock, for fresh files."""

    def __init__(
        self, model: SemanticModel, budget: Budget, memory: VersionMemory, *, now_ns: Callable[[], int]
    ) -> None:
        super().__init__(self._scan, budget)
        self.model = model
        self.memory = memory
        self.now_ns = now_ns
        self._frames: dict[str, pl.LazyFrame] = {}

    def versions(self, part: Slice) -> dict[str, str]:
        """Of a source without partitions: hash of the files' bytes. Else a hash of the rows of each partition."""
        paths = paths_of(self._pattern(part.source), source=part.source)
        if part.stamp is not None and part.stamp.source != part.source:
            return super().versions(part)
        mark = fingerprint(paths, now_ns=self.now_ns())
        place = hashlib.sha256(f"{self._pattern(part.source)}|{part.grain}|{part.stamp}|{part.week_starts}".encode())
        known = self._recalled(place.hexdigest()[:32], part, mark)
        if known is not None:
            return known
        if part.grain is None:
            digest = hashlib.sha256()
            for path in paths:
                self.budget.check_time()
                digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
            found = {partitions.ALL: digest.hexdigest()[:32]}
        else:
            found = super().versions(
                Slice(part.source, part.stamp, part.grain, part.hops, week_starts=part.week_starts)
            )
        if mark is not None:
            for name, version in found.items():
                self.memory.keep(place.hexdigest()[:32], name, mark, version)
            self.memory.keep(place.hexdigest()[:32], "#names", mark, ",".join(found))
        return _within(part, found)

    def _recalled(self, place: str, part: Slice, mark: str | None) -> dict[str, str] | None:
        names = self.memory.recall(place, "#names", mark) if mark is not None else None
        if names is None or mark is None:
            return None
        found: dict[str, str] = {}
        for name in filter(None, names.split(",")):
            version = self.memory.recall(place, name, mark)
            if version is None:
                return None
            found[name] = version
        return _within(part, found)

    def _scan(self, source: str) -> pl.LazyFrame:
        if source not in self._frames:
            files = CheckedFiles(self.budget.check_time)
            self._frames[source] = files.scan(self._pattern(source), source=source)
        return self._frames[source]

    def _pattern(self, source: str) -> str:
        pattern = self.model.sources[source].files
        if pattern is None:
            raise InputError(
                f"source {source!r} has neither a connection nor files", hint="Give it `connection` or `files`."
            )
        return pattern


def _within(part: Slice, found: dict[str, str]) -> dict[str, str]:
    if part.grain is None or part.start is None or part.end is None:
        return found
    wanted = set(partitions.names(part.start, part.end, part.grain, part.week_starts))
    return {name: version for name, version in found.items() if name in wanted}
