"""A bakery in real files, whose every part a test can break; and what must hold whenever an answer is no answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import gemba
from gemba.answers import Reply
from gemba.errors import GembaError
from gemba.insights.types import Answer
from gemba.questions.key import question_key
from gemba.semantics.load import load_model, parse_model
from gemba.semantics.model import SemanticModel
from gemba.store.archive import MemoryArchive

DAY = timedelta(days=1)
START = datetime(2024, 1, 1)  # noqa: DTZ001  a Monday, local time of the bakery
WEEKS = 14
"""The last day is Sunday 7 April 2024; on 31 March clocks go forward in Berlin."""

HEADER = "id,at,oven,bread,baked,burnt"
WHY = "Why did the burnt rate rise last week?"
LEVEL = "how much was baked last week?"

MODEL = """
gemba: 1
name: bakery
timezone: Europe/Berlin
sources:
  batches: {{{place}, time: at, partition: day, key: [id]}}
dimensions:
  oven: {{source: batches, column: oven}}
  bread: {{source: batches, column: bread}}
metrics:
  burnt: {{source: batches, sum: burnt, unit: loaves, better: lower}}
  baked: {{source: batches, sum: baked, unit: loaves}}
  burnt_rate: {{ratio: [burnt, baked], unit: "%", better: lower}}
"""


def rows(**columns: Any) -> list[str]:
    """CSV lines: six batches a day; in the last week oven B burns more. `columns` replaces a column's values."""
    lines = []
    for day in range(WEEKS * 7):
        for number, (oven, bread) in enumerate((o, b) for o in "ABC" for b in ("rye", "oat")):
            burnt = 4 + (day * 7 + number * 3) % 5 + (12 if oven == "B" and day >= (WEEKS - 1) * 7 else 0)
            at = START + day * DAY + timedelta(hours=6 + number)
            row = {"id": f"{day}-{number}", "at": at, "oven": oven, "bread": bread, "baked": 200, "burnt": burnt}
            lines.append(",".join(str(value) for value in {**row, **columns}.values()))
    return lines


def csv(lines: list[str]) -> str:
    return "\n".join([HEADER, *lines, ""])


@dataclass
class Bakery:
    """A model file, its data, and an archive that shows what was kept."""

    folder: Path
    place: str = "files: batches.csv"
    archive: MemoryArchive = field(default_factory=lambda: MemoryArchive("default"))

    @property
    def data(self) -> Path:
        return self.folder / "batches.csv"

    @property
    def evidence(self) -> Path:
        return self.folder / "evidence"

    @property
    def model_file(self) -> Path:
        path = self.folder / "model.yaml"
        if not path.exists():
            path.write_text(MODEL.format(place=self.place))
        return path

    @property
    def model(self) -> SemanticModel:
        return load_model(self.model_file)

    def ask(self, text: str, **options: Any) -> Answer:
        return gemba.ask(text, self.model_file, archive=self.archive, evidence_folder=self.evidence, **options)

    def refuses_model(self, text: str) -> Answer:
        """The answer that a model file which breaks the format amounts to."""
        try:
            parse_model(text, name=str(self.folder / "model.yaml"))
        except GembaError as error:
            return Reply().error(error)
        raise AssertionError("the model was read")

    def left_nothing(self, answer: Answer) -> None:
        """No insight, no evidence, no lease; nothing secret and no traceback in what a reader sees."""
        assert self.archive.insights(current_only=False) == ()
        assert not self.evidence.exists() or not list(self.evidence.rglob("*.*"))
        if answer.question is not None:
            key = question_key(answer.question, model=self.model, tenant=self.archive.tenant)
            lease = self.archive.take_lease(key, holder="test", life=DAY)
            assert lease is not None, "a lease is still held"
            self.archive.release_lease(lease)
        assert_clean(answer.model_dump_json())


def assert_clean(shown: str) -> None:
    """Nothing secret, nothing of the program's inside."""
    for forbidden in ("s3cret", "Traceback", 'File "', "sqlalche.me", "Background on this error"):
        assert forbidden not in shown, f"{forbidden!r} is shown:\n{shown}"


def told(answer: Answer) -> str:
    """Everything that an answer says to a person."""
    parts = [answer.text, *answer.nearest, *(choice.reading for choice in answer.choices)]
    if answer.error is not None:
        parts += [answer.error.message, answer.error.hint]
    return "\n".join(parts)
