"""From words to an answer: resolve, look up, and only if nothing fresh is known, investigate once."""

from __future__ import annotations

import functools
import os
import socket
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from gemba.answers import Reply
from gemba.errors import GembaError, InputError, RefusedError
from gemba.events.types import CacheServed, InsightWithdrawn, QuestionAsked
from gemba.evidence.types import Limits
from gemba.flight import LEASE_LIFE, kept
from gemba.freshness import Freshness, freshness
from gemba.insights.types import Answer, Insight
from gemba.investigation import Investigator, question_stream, utc_now
from gemba.questions.key import partition_key, question_key
from gemba.questions.types import Clarification, Question, Refusal, Resolution, Resolved
from gemba.semantics.model import SemanticModel
from gemba.store.ports import Archive

if TYPE_CHECKING:
    from gemba.evidence.types import Warehouse
    from gemba.questions.vocabulary import Vocabulary

Reason = Literal["asked", "fresh", "stale", "backfill"]
Launch = Callable[[str, Reason], str]
"""Runs the investigation of a partition key to its end and returns the run's id. Raises `GembaError` or records a
failure; either way the archive says what came of it."""

POLL = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Asker:
    """Answers questions about one model.

    Args:
        launch: How an investigation is run: a Dagster run, or `run_here`.
        vocabulary: Gives the words that members are known by; called with True to read them from the sources now.
        wait: Longest time to wait for somebody else's investigation of the same question.
    """

    model: SemanticModel
    archive: Archive
    warehouse: Warehouse
    launch: Launch
    vocabulary: Callable[[bool], Vocabulary]
    clock: Callable[[], datetime] = utc_now
    asked_by: str = ""
    wait: timedelta = timedelta(minutes=30)
    holder: str = field(default_factory=lambda: f"{socket.gethostname()}/{os.getpid()}/{uuid.uuid4().hex[:8]}")

    def resolve(self, text: str, *, as_of: datetime | None = None) -> Resolution:
        """Read the text. A word that is not known is looked for in the sources before it is refused."""
        from gemba.questions.resolve import resolve

        now = self.clock()
        found = resolve(text, model=self.model, vocabulary=self.vocabulary(False), as_of=as_of, now=now)
        if isinstance(found, Resolved):
            return found
        return resolve(text, model=self.model, vocabulary=self.vocabulary(True), as_of=as_of, now=now)

    def ask(
        self, text: str, *, as_of: datetime | None = None, fresh: bool = False, choose: int | None = None
    ) -> Answer:
        """Answer a question in words.

        Args:
            text: The question.
            as_of: Instant that relative words are read from; None: now, or the data's end if that is earlier.
            fresh: Investigate anew even if a fresh answer is known.
            choose: Which reading to take, from 1, where the text has several.

        Raises:
            InputError: `choose` names no reading.
        """
        reply = Reply()
        try:
            found = self.resolve(text, as_of=as_of)
        except GembaError as error:
            return reply.error(error)
        if isinstance(found, Clarification):
            if choose is None:
                return reply.clarify(found)
            found = chosen(found, choose)
        if isinstance(found, Refusal):
            return reply.refuse(found)
        reply = replace(reply, assumptions=found.assumptions)
        return self.answer(found.question, text=text, fresh=fresh, reply=reply)

    def answer(self, question: Question, *, text: str, fresh: bool = False, reply: Reply | None = None) -> Answer:
        """Answer a typed question: from what is known if that is still true, else by one investigation."""
        reply = reply or Reply()
        key = question_key(question, model=self.model, tenant=self.archive.tenant)
        reason: Reason = "fresh" if fresh else "asked"
        try:
            known = None if fresh else self.archive.current(key)
            if known is not None:
                state = freshness(known, model=self.model, warehouse=self.warehouse, now=self.clock())
                if state.is_fresh:
                    return self._served(known, "hit", reply)
                self._withdraw(known, state)
                reason = "stale"
            partition = self.note(question, key=key, text=text, assumptions=reply.assumptions)
            return self._investigated(partition, key, reason, reply)
        except GembaError as error:
            return reply.error(error, question)

    def note(self, question: Question, *, key: str, text: str, assumptions: tuple[str, ...]) -> str:
        """Make sure that the archive knows the question; return its partition key."""
        known = self.archive.question_by_key(key)
        if known is not None:
            return known.partition_key
        partition = partition_key(question, key, model=self.model)
        asked = QuestionAsked(
            key=key,
            text=text,
            question=question,
            model=self.model.name,
            model_hash=self.model.content_hash(),
            model_yaml=self.model.model_dump_json(exclude_defaults=True),
            assumptions=assumptions,
            asked_by=self.asked_by,
        )
        self.archive.ask(partition, asked)
        return partition

    def _investigated(self, partition: str, key: str, reason: Reason, reply: Reply) -> Answer:
        """Run the investigation, or wait for whoever already runs it."""
        deadline = time.monotonic() + self.wait.total_seconds()
        joined = False
        while True:
            lease = self.archive.take_lease(key, holder=self.holder, life=LEASE_LIFE)
            if lease is not None:
                with kept(self.archive, lease):
                    if joined and (insight := self.archive.current(key)) is not None:
                        return self._served(insight, "joined", reply)
                    run_id = self.launch(partition, reason)
                return self._outcome(partition, key, run_id, reply)
            joined = True
            if time.monotonic() > deadline:
                raise GembaError(
                    f"the same question is still being investigated after {self.wait}",
                    hint="`gemba status` shows who works on it",
                )
            self.archive.wait_for_change(key, timeout=POLL)

    def _outcome(self, partition: str, key: str, run_id: str, reply: Reply) -> Answer:
        record = self.archive.question(partition)
        assert record is not None, "asked before it was launched"
        if record.state in ("published", "partial") and (insight := self.archive.current(key)) is not None:
            return reply.insight(insight, "miss", run_id=run_id)
        return reply.record(record, run_id=run_id)

    def _served(self, insight: Insight, outcome: Literal["hit", "joined"], reply: Reply) -> Answer:
        answer = reply.insight(insight, outcome)
        record = self.archive.question_by_key(insight.key)
        assert record is not None, "an insight has a question"
        event = CacheServed(insight_id=insight.id, outcome=outcome)
        self.archive.record(question_stream(record.partition_key), event)
        return answer

    def _withdraw(self, insight: Insight, state: Freshness) -> None:
        record = self.archive.question_by_key(insight.key)
        assert record is not None, "an insight has a question"
        event = InsightWithdrawn(insight_id=insight.id, reason=state.reason, moved=state.moved)
        self.archive.record(question_stream(record.partition_key), event)


def chosen(found: Clarification, choose: int) -> Resolved:
    """The reading that the user took, counted from 1.

    Raises:
        InputError: There is no such reading.
    """
    if not 1 <= choose <= len(found.choices):
        raise InputError(f"choice {choose}: there are {len(found.choices)} readings", hint="take one of the list")
    choice = found.choices[choose - 1]
    return Resolved(question=choice.question, assumptions=(*found.assumptions, f"read as: {choice.reading}"))


def run_here(investigator: Investigator) -> Launch:
    """A launch that runs the phases one after another in the calling process, without Dagster."""
    from gemba.agents.registry import agents
    from gemba.insights.review import review

    def launch(partition: str, reason: Reason) -> str:
        run_id = uuid.uuid4().hex
        investigator.start(partition, run_id, executor="calling process", reason=reason)
        try:
            plan = investigator.plan(partition, run_id)
            data_version = investigator.gather(partition, run_id, plan)
            outcomes = [investigator.look(partition, run_id, name, plan, data_version) for name in agents()]
            weighed = investigator.weigh(partition, run_id, plan, outcomes)
            verdict = review(weighed, plan)
            investigator.check(partition, run_id, verdict, checks=len(weighed.claims))
            if verdict.may_publish:
                investigator.publish(partition, run_id, plan, weighed, data_version)
            else:
                investigator.withhold(partition, run_id, "; ".join(verdict.reasons))
        except RefusedError:
            pass  # recorded by the phase that refused
        except GembaError as error:
            investigator.fail(partition, run_id, error)
        return run_id

    return launch


def ask(
    text: str,
    model: SemanticModel | Path | str,
    *,
    as_of: datetime | None = None,
    fresh: bool = False,
    choose: int | None = None,
    archive: Archive | None = None,
    warehouse: Warehouse | None = None,
    evidence_folder: Path | None = None,
    limits: Limits | None = None,
) -> Answer:
    """Answer a question in the calling process, without Dagster and without a server.

    Args:
        text: The question, in words.
        model: A semantic model or the path of one.
        archive: Where answers are kept; None: in memory, for this call only.
        evidence_folder: Where frames are kept, for `verify`; None: a temporary folder, gone after the call.

    Raises:
        InvalidModelError: The model file breaks the format.
        InputError: `choose` names no reading.
    """
    from gemba.evidence.store import EvidenceStore
    from gemba.evidence.warehouse import SourceWarehouse
    from gemba.questions.vocabulary import vocabulary_from
    from gemba.semantics.load import load_model
    from gemba.store.archive import MemoryArchive

    semantic = model if isinstance(model, SemanticModel) else load_model(Path(model))
    store = archive if archive is not None else MemoryArchive("default")
    data = warehouse if warehouse is not None else SourceWarehouse()
    with tempfile.TemporaryDirectory(prefix="gemba-") as temporary:
        frames = EvidenceStore(evidence_folder or Path(temporary))
        investigator = Investigator(store, data, frames, limits=limits or Limits())
        # Read when the question is read, so that a source that cannot be read is an answer like any other.
        words = functools.cache(lambda: vocabulary_from(semantic, data))
        asker = Asker(semantic, store, data, run_here(investigator), vocabulary=lambda _fresh: words())
        return asker.ask(text, as_of=as_of, fresh=fresh, choose=choose)
