"""From rows of projections to the types of the archive's port. Shared by all archives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from gemba.agents.base import PastInsight
from gemba.errors import InputError
from gemba.insights.types import Claim, Findings, Gap, Insight, NotPlanned, Outcome
from gemba.planning.types import Plan
from gemba.questions.types import question_from
from gemba.store.ports import QuestionRecord, RunRecord, Submission

QUESTION_COLUMNS = (
    "partition_key", "key", "text", "question", "model", "model_hash", "model_yaml", "assumptions", "asked_at",
    "state", "run_id", "attempts", "refusal", "error",
)  # fmt: skip
SUBMISSION_COLUMNS = ("stream", "text", "model", "as_of", "asked_by")
CLAIMS: TypeAdapter[tuple[Claim, ...]] = TypeAdapter(tuple[Claim, ...])
OUTCOMES: dict[str, type[Findings] | type[NotPlanned] | type[Gap]] = {
    "findings": Findings,
    "not_planned": NotPlanned,
    "gap": Gap,
}


def question_record(row: Mapping[str, Any]) -> QuestionRecord:
    values = {name: row[name] for name in QUESTION_COLUMNS}
    values["question"] = question_from(values["question"])
    values["assumptions"] = tuple(values["assumptions"])
    return QuestionRecord(**values)


def submission(row: Mapping[str, Any]) -> Submission:
    return Submission(**{name: row[name] for name in SUBMISSION_COLUMNS})


def insight(payload: str | Mapping[str, Any], status: str) -> Insight:
    """The insight as published, with the status it has now."""
    found = Insight.model_validate_json(payload) if isinstance(payload, str) else Insight.model_validate(payload)
    return found if found.status == status else found.model_copy(update={"status": status})


def past_insight(found: Insight) -> PastInsight:
    return PastInsight(
        insight_id=found.id,
        question=found.question,
        summary=found.summary,
        created_at=found.created_at,
        claims=tuple(claim for claim in found.claims if claim.significant),
        withdrawn=found.status == "withdrawn",
    )


PAST_COLUMNS = """insight_id, payload -> 'question' AS question, payload ->> 'summary' AS summary, created_at, status,
    jsonb_path_query_array(payload, '$.claims[*] ? (@.significant == true)')::text AS claims"""
"""What `past_row` reads: a small part of an insight, whose whole payload takes tens of milliseconds to parse."""


def past_row(row: Mapping[str, Any]) -> PastInsight:
    return PastInsight(
        insight_id=row["insight_id"],
        question=question_from(row["question"]),
        summary=row["summary"],
        created_at=row["created_at"],
        claims=CLAIMS.validate_json(row["claims"]),
        withdrawn=row["status"] == "withdrawn",
    )


def run_record(run: Mapping[str, Any], steps: Iterable[Mapping[str, Any]], found: Insight | None) -> RunRecord:
    """`steps` in the order in which they ended."""
    outcomes: list[Outcome] = []
    seconds: dict[str, float] = {}
    for step in steps:
        if step["seconds"] is not None:
            seconds[step["step"]] = step["seconds"]
        if step["step"].startswith("agent:"):
            outcomes.append(OUTCOMES[step["outcome"]].model_validate(step["payload"]))
    return RunRecord(
        partition_key=run["partition_key"],
        run_id=run["run_id"],
        plan=None if run["plan"] is None else Plan.model_validate(run["plan"]),
        data_version=run["data_version"],
        outcomes=tuple(outcomes),
        weighed=run["weighed"],
        insight=found,
        seconds=seconds,
    )


def one_of(prefix: str, ids: Iterable[str], *, what: str) -> str | None:
    """The id that the prefix stands for: itself, or the only one that begins with it.

    Raises:
        InputError: Several begin with it.
    """
    found = sorted(set(ids))
    if prefix in found:
        return prefix
    if len(found) > 1:
        raise InputError(
            f"{what} {prefix!r} is ambiguous: {', '.join(found[:5])}", hint="give more characters of the id"
        )
    return found[0] if found else None
