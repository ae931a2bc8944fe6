"""Identity of claims: the same statement about the same question has the same id, whatever run found it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable

from gemba.questions.key import canonical
from gemba.questions.types import Predicate, Question


def canonical_segment(segment: Iterable[Predicate]) -> str:
    """One spelling of a segment as JSON: predicates and the members of `in` and `not_in` sorted."""
    plain = []
    for predicate in segment:
        data = predicate.model_dump(mode="json", exclude_none=True)
        if predicate.op in ("in", "not_in"):
            data["values"] = sorted(str(value) for value in predicate.values)
        plain.append(data)
    plain.sort(key=lambda one: json.dumps(one, sort_keys=True))
    return json.dumps(plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def claim_id(
    kind: str, metric: str, segment: tuple[Predicate, ...], *, question: Question, agent: str, extra: str = ""
) -> str:
    """`c_` and 16 hex digits of a hash over everything that makes a claim this one.

    The whole question counts, not only its windows: line 3 and line 4 over the same week are different claims
    although neither names a further segment. `extra` tells apart claims of one kind about one segment.
    """
    identity = [kind, metric, canonical_segment(segment), canonical(question), agent, extra]
    text = json.dumps(identity, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return "c_" + hashlib.sha256(text.encode()).hexdigest()[:16]
