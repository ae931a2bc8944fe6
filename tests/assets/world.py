"""A small factory in memory, a question about it, and agents that do as they are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from gemba.agents.base import Brief
from gemba.events.types import QuestionAsked
from gemba.evidence.store import EvidenceStore
from gemba.evidence.types import Limits, Warehouse
from gemba.evidence.warehouse import FrameWarehouse
from gemba.flight import Flights
from gemba.insights.types import Claim, Findings, Gap
from gemba.investigation import Investigator
from gemba.questions.key import partition_key, question_key
from gemba.questions.types import QUESTION, Predicate, Question
from gemba.semantics.load import dump_model
from gemba.semantics.model import SemanticModel
from gemba.store.archive import MemoryArchive
from gemba.store.reconcile import Difference, Reconciliation
from resources.expectations import Expect, Expectations, Observed
from resources.files import JsonFiles
from resources.models import ModelFolder

MODEL = SemanticModel.model_validate(
    {
        "name": "factory",
        "timezone": "Europe/Berlin",
        "sources": {
            "production": {"files": "production.parquet", "key": ["order_id"], "time": "at", "partition": "day"}
        },
        "dimensions": {
            "line": {"source": "production", "column": "line"},
            "shift": {"source": "production", "column": "shift"},
        },
        "metrics": {
            "produced": {"source": "production", "sum": "quantity", "unit": "pieces"},
            "scrapped": {"source": "production", "sum": "scrap", "unit": "pieces", "better": "lower"},
            "scrap_rate": {"ratio": ["scrapped", "produced"], "unit": "%", "better": "lower", "synonyms": ["scrap"]},
        },
    }
)
FIRST_DAY = datetime(2026, 9, 7)  # noqa: DTZ001 - local stamps, as in a file
WEEKS = 10


def production(*, weeks: int = WEEKS) -> pl.DataFrame:
    """Two shifts on three lines a day; scrap doubles on line 3 in the last week."""
    rows = []
    for day in range(7 * weeks):
        for line in ("1", "2", "3"):
            for shift, hour in (("early", 6), ("late", 14)):
                rises = line == "3" and day >= 7 * (WEEKS - 1)
                rows.append(
                    {
                        "order_id": f"{day}-{line}-{shift}",
                        "at": FIRST_DAY + timedelta(days=day, hours=hour),
                        "line": line,
                        "shift": shift,
                        "quantity": 1000 + (day * 7 + int(line)) % 13,
                        "scrap": (40 if rises else 20) + (day * 5 + int(line)) % 3,
                    }
                )
    return pl.DataFrame(rows)


def busy() -> pl.DataFrame:
    """Ten rows in place of each, so that a day's count says something; keys stay unique."""
    return pl.concat([production().with_columns(pl.col("order_id") + f"-{part}") for part in range(10)])


def week(number: int) -> dict[str, str]:
    """Half-open window of a week of the data, from 0."""
    start = FIRST_DAY + timedelta(weeks=number)
    offset = "+02:00" if start < datetime(2026, 10, 25) else "+01:00"  # noqa: DTZ001
    end_offset = "+02:00" if start + timedelta(weeks=1) < datetime(2026, 10, 25, 3) else "+01:00"  # noqa: DTZ001
    return {
        "start": f"{start.isoformat()}{offset}",
        "end": f"{(start + timedelta(weeks=1)).isoformat()}{end_offset}",
    }


def why(number: int = WEEKS - 1, **more: Any) -> Question:
    """Why did the scrap rate change in a week, against the one before?"""
    data = {"kind": "why", "metric": "scrap_rate", "window": week(number), "baseline": {"window": week(number - 1)}}
    return QUESTION.validate_python({**data, **more})


def a_claim(agent: str = "contribution", **changes: Any) -> Claim:
    claim = Claim(
        id=f"c_{agent}",
        kind="segment",
        metric="scrap_rate",
        segment=(Predicate(dimension="line", values=("3",)),),
        statement="The scrap rate rose on one line.",
        effect=2.0,
        unit="%",
        ci=(1.5, 2.5),
        p_value=0.001,
        n=42,
        method="segments",
        agent=agent,
    )
    return claim.model_copy(update=changes)


@dataclass
class ToldAgent:
    """Does what it is told; by default it finds nothing."""

    name: str
    told: Callable[[Brief], Findings | Gap] | None = None
    description: str = "Does as it is told."

    def analyse(self, brief: Brief) -> Findings | Gap:
        return self.told(brief) if self.told is not None else Findings(agent=self.name)


class ExpectationsHere(Expectations):
    """No helper process and no library: whatever the frame holds, the rules of the core decide."""

    def validate(self, frame: Any, expects: Any) -> tuple[Observed, ...]:  # noqa: ARG002
        return tuple(Observed(one.claim, True, "not looked at") for one in expects if isinstance(one, Expect))


@dataclass
class World:
    """Everything an investigation needs, in memory and under one folder."""

    folder: Path
    archive: MemoryArchive = field(default_factory=lambda: MemoryArchive("tests"))
    warehouse: Warehouse = field(default_factory=lambda: FrameWarehouse({"production": production()}))
    expectations: Expectations = field(default_factory=ExpectationsHere)
    differences: tuple[Difference, ...] = ()

    @property
    def investigator(self) -> Investigator:
        return Investigator(self.archive, self.warehouse, EvidenceStore(self.folder / "evidence"), limits=Limits())

    @property
    def models(self) -> ModelFolder:
        folder = self.folder / "models"
        folder.mkdir(exist_ok=True)
        data = MODEL.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
        (folder / "factory.yaml").write_text(dump_model(data), encoding="utf-8")
        return ModelFolder(folder)

    def reconcile(self) -> tuple[Reconciliation, ...]:
        return (Reconciliation("tests", events=2, rows=1, differences=self.differences),)

    def _flights(self, _context: Any) -> Iterator[Flights]:
        with closing(Flights(self.archive)) as flights:
            yield flights

    @property
    def resources(self) -> dict[str, Any]:
        return {
            "archive": self.archive,
            "warehouse": self.warehouse,
            "evidence": EvidenceStore(self.folder / "evidence"),
            "models": self.models,
            "investigator": self.investigator,
            "flights": dg.ResourceDefinition(self._flights),
            "expectations": self.expectations,
            "reconcile": dg.ResourceDefinition.hardcoded_resource(self.reconcile),
            "io_manager": JsonFiles(folder=str(self.folder / "storage")),
        }

    def definitions(self) -> dg.Definitions:
        from pipelines.definitions import build_definitions

        return build_definitions(self.resources, models=self.models)

    def ask(self, question: Question | None = None, text: str = "Why did scrap rise last week?") -> str:
        """Make the archive know a question; return its partition key."""
        question = question or why()
        key = question_key(question, model=MODEL, tenant=self.archive.tenant)
        partition = partition_key(question, key, model=MODEL)
        self.archive.ask(
            partition,
            QuestionAsked(
                key=key,
                text=text,
                question=question,
                model=MODEL.name,
                model_hash=MODEL.content_hash(),
                model_yaml=MODEL.model_dump_json(exclude_defaults=True),
            ),
        )
        return partition
