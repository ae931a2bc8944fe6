"""The identity of a question: equal keys share an answer, and nothing else does."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC
from typing import Any
from zoneinfo import ZoneInfo

from gemba.questions.types import Question, Window
from gemba.semantics.model import SemanticModel


def canonical(question: Question) -> dict[str, Any]:
    """The question as plain data with one spelling: lists whose order has no meaning sorted, instants in UTC."""
    return _canonical(question.model_dump(mode="python"))


def _canonical(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        if set(value) == {"start", "end"}:
            return {side: value[side].astimezone(UTC).isoformat() for side in ("start", "end")}
        return {key: _canonical(inner, key) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        items = [_canonical(item) for item in value]
        if name == "values" and len(items) == 2 and all(isinstance(item, float) for item in items):
            return items  # the two ends of `between` keep their order; equal numbers in `in` are text
        if name in ("filters", "segment", "values", "group_by", "metrics", "candidates"):
            return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=str))
        return items
    return value


def question_key(question: Question, *, model: SemanticModel, tenant: str, scope: str = "all") -> str:
    """Sha-256 of the canonical question, the model's content, the tenant and the permission scope, as hex."""
    identity = {"question": canonical(question), "model": model.content_hash(), "tenant": tenant, "scope": scope}
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()


def partition_key(question: Question, key: str, *, model: SemanticModel) -> str:
    """Readable slug and the first hex digits of the key, for example `scrap_rate-why-line_3-2026w46-9f3a1c20`."""
    words = [getattr(question, "metric", None) or getattr(question, "outcome", None) or "", question.kind]
    for predicate in getattr(question, "filters", ()):
        subject = predicate.dimension or predicate.metric
        words.append("_".join([subject, *(str(value) for value in predicate.values)])[:24])
    window: Window | None = getattr(question, "window", None)
    if window is not None:
        words.append(_window_slug(window, ZoneInfo(model.timezone)))
    slug = "-".join(re.sub(r"[^a-z0-9_]+", "_", word.lower()).strip("_") for word in words if word)
    return f"{slug[:80]}-{key[:8]}"


def _window_slug(window: Window, zone: ZoneInfo) -> str:
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    days = (end.date() - start.date()).days
    if days == 7 and start.weekday() == 0:
        year, week, _ = start.isocalendar()
        return f"{year}w{week:02d}"
    if days == 1:
        return f"{start:%Y%m%d}"
    return f"{start:%Y%m%d}_{end:%Y%m%d}"
