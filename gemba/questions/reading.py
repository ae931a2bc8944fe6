"""What one reading of a text comes to: a typed question, a refusal, or several questions to choose from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from gemba.questions.types import Question, RefusalReason
from gemba.questions.vocabulary import Vocabulary
from gemba.semantics.model import SemanticModel


class RefusedReadingError(Exception):
    """This reading is not a question that can be answered. `question` is what was asked, where that is complete."""

    def __init__(
        self, reason: RefusalReason, missing: str, *, nearest: Sequence[str] = (), question: Question | None = None
    ) -> None:
        self.reason: RefusalReason = reason
        self.missing = missing
        self.nearest = tuple(nearest)
        self.question = question
        super().__init__(f"{reason}: {missing}")


class ManyWaysError(Exception):
    """Something needed was not said, and it could be one of few things."""

    def __init__(self, about: str, readings: Sequence[Question]) -> None:
        self.about = about
        self.readings = tuple(readings)
        super().__init__(f"{len(self.readings)} readings")


@dataclass(frozen=True, slots=True)
class Context:
    model: SemanticModel
    vocabulary: Vocabulary
    as_of: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Built:
    question: Question
    assumptions: tuple[str, ...]
