"""A warehouse that fails when told to, for tests of what is built on one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from gemba.evidence.types import Coverage, Evidence, EvidenceRequest, Limits, ReadEntry, Warehouse
from gemba.semantics.model import SemanticModel


@dataclass
class FaultyWarehouse:
    """Passes calls on to `inner`, but raises the next error of `faults[method]` first, while there is one.

    `None` in the list lets one call pass. `calls` counts every call by method.
    """

    inner: Warehouse
    faults: dict[str, list[Exception | None]] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)

    def gather(self, model: SemanticModel, requests: Iterable[EvidenceRequest], *, limits: Limits) -> Evidence:
        self._fail("gather")
        return self.inner.gather(model, requests, limits=limits)

    def versions(self, model: SemanticModel, entries: Iterable[ReadEntry]) -> dict[tuple[str, str], str | None]:
        self._fail("versions")
        return self.inner.versions(model, entries)

    def partitions(self, model: SemanticModel, source: str) -> dict[str, str]:
        self._fail("partitions")
        return self.inner.partitions(model, source)

    def coverage(self, model: SemanticModel, source: str) -> Coverage:
        self._fail("coverage")
        return self.inner.coverage(model, source)

    def members(self, model: SemanticModel, dimension: str, *, most: int = 100_000) -> tuple[str, ...]:
        self._fail("members")
        return self.inner.members(model, dimension, most=most)

    def _fail(self, method: str) -> None:
        self.calls[method] = self.calls.get(method, 0) + 1
        waiting = self.faults.get(method, [])
        error = waiting.pop(0) if waiting else None
        if error is not None:
            raise error
