"""Building the contract's `Answer` from what happened."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Literal

from gemba.errors import GembaError, RefusedError
from gemba.insights.types import Answer, AnswerError, Insight
from gemba.questions.types import Clarification, Question, Refusal
from gemba.store.ports import QuestionRecord

REFUSALS = {
    "unknown_metric": "No metric here is known as {missing}",
    "unknown_member": "The data knows no {missing}",
    "unknown_word": "It is not clear what {missing} means here",
}
QUESTIONS_BACK = {
    "member": "Which one is meant?",
    "metric": "Which metric is meant?",
    "time": "Which time is meant?",
    "kind": "What should be found out?",
}


@dataclass(frozen=True, slots=True)
class Reply:
    """Answers one request: knows when it came in and what was assumed in reading it."""

    assumptions: tuple[str, ...] = ()
    started: float = field(default_factory=time.perf_counter)

    @property
    def elapsed_ms(self) -> float:
        return round((time.perf_counter() - self.started) * 1000, 3)

    def insight(
        self, insight: Insight, cache: Literal["hit", "miss", "joined"], *, run_id: str | None = None
    ) -> Answer:
        """The insight; `partial` if an agent that should have looked could not."""
        return Answer(
            status="partial" if insight.gaps else "answered",
            question=insight.question,
            text=insight.summary,
            assumptions=self.assumptions,
            elapsed_ms=self.elapsed_ms,
            insight=insight,
            cache=cache,
            run_id=run_id,
            gaps=insight.gaps,
            limit=next((gap.message for gap in insight.gaps if gap.reason in ("deadline", "limit")), None),
        )

    def clarify(self, found: Clarification) -> Answer:
        return Answer(
            status="clarify",
            text=QUESTIONS_BACK[found.about],
            about=found.about,
            choices=found.choices,
            assumptions=found.assumptions,
            elapsed_ms=self.elapsed_ms,
        )

    def refuse(self, found: Refusal) -> Answer:
        return Answer(
            status="refused",
            question=found.question,
            text=refusal_text(found),
            reason=found.reason,
            missing=found.missing,
            nearest=found.nearest,
            assumptions=found.assumptions or self.assumptions,
            elapsed_ms=self.elapsed_ms,
        )

    def error(self, error: GembaError, question: Question | None = None) -> Answer:
        """A refusal raised by the engine, or a failure of the world."""
        if isinstance(error, RefusedError):
            return Answer(
                status="refused",
                question=question,
                text=str(error),
                reason=error.reason,
                missing=error.missing,
                nearest=error.nearest,
                assumptions=self.assumptions,
                elapsed_ms=self.elapsed_ms,
            )
        facts = AnswerError(kind=error.kind, message=str(error), hint=error.hint)
        return self._failed(facts, question, None)

    def record(self, record: QuestionRecord, *, run_id: str) -> Answer:
        """What the archive says came of a run that published nothing."""
        if record.state == "refused" and record.refusal is not None:
            return Answer(
                status="refused",
                question=record.question,
                text=str(record.refusal.get("text", "")),
                reason=record.refusal.get("reason"),
                missing=record.refusal.get("missing"),
                nearest=tuple(record.refusal.get("nearest") or ()),
                assumptions=self.assumptions,
                elapsed_ms=self.elapsed_ms,
                run_id=run_id,
            )
        facts = record.error or {}
        if record.state == "withheld":
            why = str(facts.get("message") or "a check on the claims failed")
            error = AnswerError(kind="withheld", message=why, hint="the run's checks in Dagit say which claim")
        else:
            error = AnswerError(
                kind=str(facts.get("kind") or "failed"),
                message=str(facts.get("message") or f"the investigation ended as {record.state}"),
                hint=str(facts.get("hint") or ""),
            )
        return self._failed(error, record.question, run_id)

    def _failed(self, error: AnswerError, question: Question | None, run_id: str | None) -> Answer:
        return Answer(
            status="failed",
            question=question,
            text=error.message,
            assumptions=self.assumptions,
            elapsed_ms=self.elapsed_ms,
            run_id=run_id,
            error=error,
        )


def refusal_text(found: Refusal) -> str:
    """A refusal as a sentence that names the missing piece."""
    if found.missing.startswith("no metric"):
        sentence = found.missing
    else:
        sentence = REFUSALS.get(found.reason, "{missing}").format(missing=found.missing)
    return f"{sentence[:1].upper()}{sentence[1:].rstrip('.')}."
