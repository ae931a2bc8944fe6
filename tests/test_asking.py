"""From words to an answer, without Dagster: the cache, its truth, single flight, failure."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from gemba.asking import Asker, Reason, run_here
from gemba.errors import InputError, SourceUnavailableError
from gemba.evidence.store import EvidenceStore
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.types import Answer
from gemba.investigation import Investigator
from gemba.questions.vocabulary import vocabulary_from
from gemba.semantics.load import parse_model
from gemba.semantics.model import SemanticModel
from gemba.store.archive import MemoryArchive
from gemba.verification import verify
from tests.fakes.warehouse import FaultyWarehouse

MODEL = """
gemba: 1
name: bakery
timezone: UTC
sources:
  batches: {files: batches.parquet, time: baked_at, partition: day, key: [id]}
  visits: {files: visits.parquet, time: at, partition: day}
dimensions:
  oven: {source: batches, column: oven}
  bread: {source: batches, column: bread}
metrics:
  burnt: {source: batches, sum: burnt, unit: loaves, better: lower}
  baked: {source: batches, sum: baked, unit: loaves}
  burnt_rate: {ratio: [burnt, baked], unit: "%", better: lower, synonyms: [burnt share]}
  visitors: {source: visits, count: rows}
"""
DAY = timedelta(days=1)
START = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
WEEKS = 14
NOW = START + WEEKS * 7 * DAY + timedelta(hours=8)
WHY = "Why did the burnt rate rise last week?"


def batches(*, extra: int = 0) -> pl.DataFrame:
    """Six batches a day; in the last week oven B burns three times what it used to."""
    rows = []
    for day in range(WEEKS * 7):
        for number, (oven, bread) in enumerate((o, b) for o in "ABC" for b in ("rye", "oat")):
            wobble = (day * 7 + number * 3) % 5
            burnt = 4 + wobble + (12 if oven == "B" and day >= (WEEKS - 1) * 7 else 0)
            at = START + day * DAY + timedelta(hours=6 + number)
            rows.append((f"{day}-{number}", at, oven, bread, 200, burnt))
    rows += [(f"late-{n}", START + (WEEKS * 7 - 2) * DAY, "A", "rye", 200, 5) for n in range(extra)]
    return pl.DataFrame(rows, schema=["id", "baked_at", "oven", "bread", "baked", "burnt"], orient="row")


def visits() -> pl.DataFrame:
    return pl.DataFrame({"at": [START + n * timedelta(hours=3) for n in range(WEEKS * 7 * 8)]})


class Bakery:
    """Everything that a question needs, in memory, with the number of investigations counted."""

    def __init__(self, folder: Path) -> None:
        self.model: SemanticModel = parse_model(MODEL, name="bakery.yaml")
        self.frames = FrameWarehouse({"batches": batches(), "visits": visits()})
        self.warehouse = FaultyWarehouse(self.frames)
        self.archive = MemoryArchive("default")
        self.evidence = EvidenceStore(folder)
        self.runs = 0

    def asker(self) -> Asker:
        investigator = Investigator(self.archive, self.warehouse, self.evidence, clock=lambda: NOW)
        run = run_here(investigator)

        def launch(partition: str, reason: Reason) -> str:
            self.runs += 1
            return run(partition, reason)

        words = vocabulary_from(self.model, self.frames)
        return Asker(self.model, self.archive, self.warehouse, launch, lambda _fresh: words, clock=lambda: NOW)


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    return Bakery(tmp_path)


def test_the_segment_that_changed_is_named_first(bakery: Bakery) -> None:
    answer = bakery.asker().ask(WHY)
    assert answer.status == "answered", answer.text
    assert answer.insight is not None
    first = answer.insight.claims[0]
    assert [(p.dimension, p.values) for p in first.segment] == [("oven", ("B",))]
    assert first.significant


def test_the_same_question_is_answered_once(bakery: Bakery) -> None:
    first = bakery.asker().ask(WHY)
    again = bakery.asker().ask("what drove the increase in burnt share last week?")
    assert (first.cache, again.cache) == ("miss", "hit")
    assert first.insight == again.insight
    assert bakery.runs == 1


def test_changed_data_withdraws_the_answer_and_other_data_does_not(bakery: Bakery) -> None:
    burnt = bakery.asker().ask(WHY)
    visitors = bakery.asker().ask("how many visitors last week?")
    bakery.frames.frames["batches"] = batches(extra=1)
    assert bakery.asker().ask("how many visitors last week?").cache == "hit"
    anew = bakery.asker().ask(WHY)
    assert anew.cache == "miss"
    assert burnt.insight is not None
    assert anew.insight is not None
    assert visitors.insight is not None
    assert anew.insight.data_version != burnt.insight.data_version
    old = bakery.archive.insight(burnt.insight.id)
    assert old is not None
    assert old.status == "withdrawn"


def test_an_unreadable_source_is_not_evidence_of_change(bakery: Bakery) -> None:
    first = bakery.asker().ask(WHY)
    bakery.warehouse.faults["versions"] = [SourceUnavailableError("batches", "no answer")]
    failed = bakery.asker().ask(WHY)
    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.kind == "source_unavailable"
    assert first.insight is not None
    assert bakery.archive.current(first.insight.key) is not None
    assert bakery.asker().ask(WHY).cache == "hit"


def test_a_source_that_fails_is_a_failed_answer_and_leaves_nothing_published(bakery: Bakery) -> None:
    bakery.warehouse.faults["gather"] = [SourceUnavailableError("batches", "connection dropped", hint="try again")]
    answer = bakery.asker().ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 1)
    assert answer.error is not None
    assert answer.error.hint == "try again"
    assert bakery.archive.insights() == ()
    assert bakery.asker().ask(WHY).status == "answered"


def test_ten_at_once_share_one_investigation(bakery: Bakery) -> None:
    answers: list[Answer] = []
    ready = threading.Barrier(10)

    def one() -> None:
        asker = bakery.asker()
        ready.wait()
        answers.append(asker.ask(WHY))

    threads = [threading.Thread(target=one) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bakery.runs == 1
    assert {answer.status for answer in answers} == {"answered"}
    assert [answer.cache for answer in answers].count("miss") == 1


def test_a_fresh_answer_can_be_demanded(bakery: Bakery) -> None:
    bakery.asker().ask(WHY)
    assert bakery.asker().ask(WHY, fresh=True).cache == "miss"
    assert bakery.runs == 2


def test_a_misspelt_member_is_offered_and_choosing_answers(bakery: Bakery) -> None:
    unclear = bakery.asker().ask("Why did burnt loaves rise for bread ryee last week?")
    assert (unclear.status, unclear.exit_code) == ("clarify", 3)
    answer = bakery.asker().ask("Why did burnt loaves rise for bread ryee last week?", choose=1)
    assert answer.question is not None
    assert answer.question.filters[0].values == ("rye",)  # type: ignore[union-attr]
    with pytest.raises(InputError, match="readings"):
        bakery.asker().ask("Why did burnt loaves rise for bread ryee last week?", choose=9)


def test_an_unknown_metric_is_refused(bakery: Bakery) -> None:
    answer = bakery.asker().ask("Why did customer satisfaction fall last week?")
    assert (answer.status, answer.exit_code) == ("refused", 4)
    assert bakery.runs == 0


def test_every_claim_is_recomputed_before_and_after_the_source_moved_on(bakery: Bakery) -> None:
    answer = bakery.asker().ask(WHY)
    assert answer.insight is not None
    parts = {"archive": bakery.archive, "evidence": bakery.evidence, "warehouse": bakery.frames, "current_code": ""}
    for claim in answer.insight.claims:
        result = verify(claim.id, **parts)  # type: ignore[arg-type]
        assert result.source is not None
        assert (result.evidence.state, result.source.state) == ("equal", "equal")
    bakery.frames.frames["batches"] = batches(extra=3)
    for claim in answer.insight.claims:
        result = verify(claim.id, **parts)  # type: ignore[arg-type]
        assert result.source is not None
        assert (result.evidence.state, result.source.state) == ("equal", "source moved on")
        assert result.exit_code == 0


def test_a_claim_whose_numbers_were_touched_is_found_out(bakery: Bakery) -> None:
    from gemba.insights.verify import compare_claims

    answer = bakery.asker().ask(WHY)
    assert answer.insight is not None
    claim = answer.insight.claims[0]
    assert compare_claims(claim, claim).is_equal
    touched = claim.model_copy(update={"effect": claim.effect * 1.001})
    assert compare_claims(claim, touched).differing == ("effect",)
