"""Submitted texts: a row in `gemba.question`, the job `ask`, or a form puts one in; reading it makes it a question."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime

from gemba.asking import Asker
from gemba.errors import GembaError
from gemba.events.types import QuestionRead, QuestionSubmitted
from gemba.questions.key import question_key
from gemba.questions.types import Resolved
from gemba.store.ports import Archive, Submission


def submit(archive: Archive, text: str, model: str, *, as_of: datetime | None = None, asked_by: str = "") -> Submission:
    """Record a text that waits to be read."""
    stream = f"intake/{uuid.uuid4()}"
    archive.record(stream, QuestionSubmitted(text=text, model=model, as_of=as_of, asked_by=asked_by))
    return Submission(stream=stream, text=text, model=model, as_of=as_of, asked_by=asked_by)


def read_submission(submission: Submission, *, archive: Archive, asker_of: Callable[[str], Asker]) -> QuestionRead:
    """Read a text, and record what came of it: a question (asked from now on), a clarification or a refusal.

    Args:
        asker_of: Gives who answers about a model, by its name. What it raises is what came of the text.
    """
    read = _read(submission, asker_of)
    archive.record(submission.stream, read)
    return read


def _read(submission: Submission, asker_of: Callable[[str], Asker]) -> QuestionRead:
    try:
        asker = asker_of(submission.model)
        found = asker.resolve(submission.text, as_of=submission.as_of)
        if not isinstance(found, Resolved):
            reason = getattr(found, "reason", None) or getattr(found, "about", None)
            return QuestionRead(status=found.status, text=found.text, reason=reason)
        key = question_key(found.question, model=asker.model, tenant=asker.archive.tenant)
        partition = asker.note(found.question, key=key, text=submission.text, assumptions=found.assumptions)
        return QuestionRead(status="answered", text=found.text or submission.text, partition_key=partition)
    except GembaError as error:
        text = f"{error}" + (f" ({error.hint})" if error.hint else "")
        return QuestionRead(status="failed", text=text, reason=error.kind)
