"""Is an insight still the answer? It is while every partition that it read has the content it had."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gemba.evidence.types import ReadEntry, Warehouse
from gemba.insights.types import Insight
from gemba.semantics.model import SemanticModel


@dataclass(frozen=True, slots=True)
class Freshness:
    """`moved`: entries whose content differs now, as `source/partition`. `expired`: past the life bound."""

    moved: tuple[str, ...] = ()
    expired: bool = False

    @property
    def is_fresh(self) -> bool:
        return not self.moved and not self.expired

    @property
    def reason(self) -> str:
        if self.moved:
            shown = ", ".join(self.moved[:5]) + (f" and {len(self.moved) - 5} more" if len(self.moved) > 5 else "")
            return f"data changed: {shown}"
        return "longest life reached" if self.expired else ""


def moved_entries(read_set: tuple[ReadEntry, ...], versions: Mapping[tuple[str, str], str | None]) -> tuple[str, ...]:
    """Entries of the read set whose version differs from, or is missing in, `versions`."""
    return tuple(
        f"{entry.source}/{entry.partition}"
        for entry in read_set
        if versions.get((entry.source, entry.partition)) != entry.version
    )


def freshness(insight: Insight, *, model: SemanticModel, warehouse: Warehouse, now: datetime) -> Freshness:
    """Compare what the insight read with what its sources hold now.

    Raises:
        SourceUnavailableError: A source cannot be read: the insight is neither fresh nor stale.
    """
    if insight.valid_until is not None and now >= insight.valid_until:
        return Freshness(expired=True)
    return Freshness(moved=moved_entries(insight.read_set, warehouse.versions(model, insight.read_set)))
