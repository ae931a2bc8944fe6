"""Asset keys and the partitions of questions. Families of assets meet through these, not through imports."""

from __future__ import annotations

import re

import dagster as dg

QUESTION = dg.AssetKey(["investigations", "question"])
FINDINGS = dg.AssetKey(["investigations", "findings"])
INSIGHT = dg.AssetKey(["investigations", "insight"])

QUESTIONS = dg.DynamicPartitionsDefinition(name="questions")
"""One partition a typed question, for example `scrap_rate-why-line_3-2026w46-9f3a1c20`."""


def source_key(model: str, source: str) -> dg.AssetKey:
    """Names of models may hold signs that Dagster does not allow in a key."""
    return dg.AssetKey(["sources", *(re.sub(r"[^A-Za-z0-9_]", "_", part) for part in (model, source))])


def table_key(table: str) -> dg.AssetKey:
    """An analyst table or view of schema `gemba`."""
    return dg.AssetKey(["tables", table])
