"""The words of the data: the members of each dimension, and which time each source covers.

Kept apart from the model because it comes from the data. It is stored as JSON, so that reading a question needs
no database and no data frame.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gemba.evidence.types import Coverage, Warehouse
from gemba.semantics.model import SemanticModel


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Members as stored, by dimension, most frequent first; coverage by source with a time column.

    `indexes` keeps what `gemba.questions.names.index` builds from the members, by model; it is no part of the
    vocabulary's identity.
    """

    members: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    coverage: Mapping[str, Coverage] = field(default_factory=dict)
    indexes: dict[int, object] = field(default_factory=dict, init=False, repr=False, compare=False)

    def covering(self, coverage: Mapping[str, Coverage]) -> Vocabulary:
        """The same members with another coverage. The index built for them is shared."""
        other = Vocabulary(self.members, coverage)
        object.__setattr__(other, "indexes", self.indexes)
        return other

    def to_json(self) -> str:
        """JSON text that `from_json` reads back to an equal vocabulary."""
        coverage = {
            source: {
                "first": held.first.isoformat() if held.first else None,
                "last": held.last.isoformat() if held.last else None,
                "rows": held.rows,
            }
            for source, held in self.coverage.items()
        }
        members = {dimension: list(values) for dimension, values in self.members.items()}
        return json.dumps({"members": members, "coverage": coverage}, ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """Raises ValueError, KeyError or TypeError where the text is not a vocabulary."""
        data = json.loads(text)
        coverage = {
            source: Coverage(
                first=datetime.fromisoformat(held["first"]) if held["first"] else None,
                last=datetime.fromisoformat(held["last"]) if held["last"] else None,
                rows=held["rows"],
            )
            for source, held in data["coverage"].items()
        }
        return cls({dimension: tuple(values) for dimension, values in data["members"].items()}, coverage)


def vocabulary_from(model: SemanticModel, warehouse: Warehouse) -> Vocabulary:
    """Ask the data for its words.

    Members of dimensions that are numeric, derived from time or personal are left out.

    Raises:
        SourceUnavailableError, AccessDeniedError, UnreadableFileError: As `Warehouse.members` and `coverage`.
    """
    members = {
        name: tuple(warehouse.members(model, name))
        for name, dimension in model.dimensions.items()
        if not (dimension.numeric or dimension.derived or dimension.personal)
    }
    coverage = {name: warehouse.coverage(model, name) for name, source in model.sources.items() if source.time}
    return Vocabulary(members, coverage)
