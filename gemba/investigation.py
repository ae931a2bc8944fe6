"""One investigation, phase by phase. Each phase reads its inputs by reference and appends one event.

Dagster's ops call these methods one an op; `gemba.ask` calls them in a loop. Both record the same events.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from gemba.agents.base import Brief, PastInsight
from gemba.code_version import code_version
from gemba.desk import Desk
from gemba.errors import GembaError, InputError, LimitReachedError, RefusedError
from gemba.events.types import (
    AgentFinished,
    ClaimsChecked,
    ClaimsWeighed,
    Event,
    EvidenceGathered,
    InsightPublished,
    InsightWithdrawn,
    InsightWithheld,
    InvestigationFailed,
    InvestigationRefused,
    InvestigationStarted,
    PlanMade,
)
from gemba.evidence.presence import require_values
from gemba.evidence.types import Coverage, Evidence, Limits, Warehouse
from gemba.insights.types import Insight, Outcome
from gemba.planning.types import PastRead, Plan
from gemba.questions.types import Question, Window
from gemba.semantics.model import SemanticModel
from gemba.store.ports import Archive, QuestionRecord
from gemba.store.records import past_insight

if TYPE_CHECKING:
    from gemba.evidence.store import EvidenceStore
    from gemba.insights.review import Verdict
    from gemba.insights.weigh import Weighed


PAST_INSIGHTS = 8
"""Earlier insights about the metric that an investigation may refer to, the newest."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def question_stream(partition_key: str) -> str:
    return f"question/{partition_key}"


@dataclass(frozen=True, slots=True)
class Investigator:
    """The phases of an investigation over the ports of the core.

    Args:
        archive: Where events go and questions come from.
        warehouse: Where data comes from.
        evidence: Where frames are kept for as long as claims rest on them.
        limits: Bounds of one investigation.
        clock: Gives the present; timezone-aware.
    """

    archive: Archive
    warehouse: Warehouse
    evidence: EvidenceStore
    limits: Limits = field(default_factory=Limits)
    clock: Callable[[], datetime] = utc_now
    desk: Desk = field(default_factory=Desk, repr=False)

    # Phases -----------------------------------------------------------------------------------------------------

    def start(self, partition_key: str, run_id: str, *, executor: str, reason: str = "asked") -> QuestionRecord:
        """Record that the run works on the question."""
        record = self.question(partition_key)
        self.desk.put(("asked", partition_key, run_id), record)
        self._record(record, InvestigationStarted(run_id=run_id, executor=executor, reason=reason))  # type: ignore[arg-type]
        return record

    def plan(self, partition_key: str, run_id: str) -> Plan:
        """Choose agents and evidence. Records a refusal where the question has no answer in the data.

        Raises:
            RefusedError: The kind has no strategy, or the data does not reach the window.
        """
        from gemba.planning.plan import make_plan

        record = self._asked(partition_key, run_id)
        model = self.model(record)
        started = time.perf_counter()
        with _refusals_recorded(self, record, run_id):
            held = coverage(model, self.warehouse, metrics=metrics_of(record.question))
            plan = make_plan(record.question, model, coverage=held)
        plan = plan.model_copy(update={"past": self._past_reads(record)})
        self._record(record, PlanMade(run_id=run_id, plan=plan, seconds=time.perf_counter() - started))
        return plan

    def gather(self, partition_key: str, run_id: str, plan: Plan) -> str:
        """Fetch the evidence and keep it; return its data version.

        Raises:
            RefusedError: The sources hold nothing for the question, or no value of its metric.
            WorldError: A source cannot be read.
        """
        record = self._asked(partition_key, run_id)
        model = self.model(record)
        requests = plan.requests
        started = time.perf_counter()
        with _refusals_recorded(self, record, run_id):
            evidence = self.warehouse.gather(model, requests, limits=self.limits)
            require_values(
                evidence, plan.quality, model=model, metric=_metric_of(record), windows=windows_of(record.question)
            )
        self.evidence.save(evidence, requests)
        self.desk.put(("evidence", evidence.data_version), evidence)
        self._record(
            record,
            EvidenceGathered(
                run_id=run_id,
                data_version=evidence.data_version,
                queries=len(evidence.queries),
                rows=sum(query.rows for query in evidence.queries),
                seconds=time.perf_counter() - started,
            ),
        )
        return evidence.data_version

    def look(self, partition_key: str, run_id: str, agent: str, plan: Plan, data_version: str) -> Outcome:
        """Let one agent look at the evidence. Whatever it raises becomes a gap."""
        from gemba.agents.registry import agents
        from gemba.agents.run import run_agent

        record = self._asked(partition_key, run_id)
        started = time.perf_counter()
        outcome = run_agent(agents()[agent], self._brief(record, plan, self._evidence(data_version)))
        if outcome.outcome != "not_planned":
            seconds = time.perf_counter() - started
            self._record(record, AgentFinished(run_id=run_id, agent=agent, outcome=outcome, seconds=seconds))
        return outcome

    def weigh(self, partition_key: str, run_id: str, plan: Plan, outcomes: Sequence[Outcome]) -> Weighed:
        """Put all outcomes together: one false-discovery control, confidence, ranking, wording."""
        from gemba.insights.weigh import weigh

        record = self._asked(partition_key, run_id)
        started = time.perf_counter()
        weighed = weigh(plan, tuple(outcomes), model=self.model(record))
        self._record(
            record,
            ClaimsWeighed(
                run_id=run_id, weighed=weighed.model_dump(mode="json"), seconds=time.perf_counter() - started
            ),
        )
        return weighed

    def check(self, partition_key: str, run_id: str, verdict: Verdict, *, checks: int) -> None:
        """Record the verdict of the checks on the claims."""
        failures = tuple({"reason": reason} for reason in verdict.reasons)
        event = ClaimsChecked(run_id=run_id, passed=verdict.may_publish, checks=checks, failures=failures)
        self._record(self._asked(partition_key, run_id), event)

    def publish(self, partition_key: str, run_id: str, plan: Plan, weighed: Weighed, data_version: str) -> Insight:
        """Make the insight what readers see. An earlier one of the same question is withdrawn in the same append."""
        record = self._asked(partition_key, run_id)
        insight = self._insight(record, plan, weighed, self._evidence(data_version), data_version)
        previous = self.archive.current(record.key)
        events: list[Event] = []
        if previous is not None and previous.id != insight.id:
            events.append(InsightWithdrawn(insight_id=previous.id, reason="replaced by a newer answer"))
        events.append(InsightPublished(run_id=run_id, insight=insight))
        self._record(record, *events)
        return insight

    def withhold(self, partition_key: str, run_id: str, reason: str) -> None:
        """Record that the checks keep the new answer from readers."""
        self._record(self._asked(partition_key, run_id), InsightWithheld(run_id=run_id, reason=reason))

    def fail(self, partition_key: str, run_id: str, error: Exception) -> None:
        """Record a failed investigation, with what the user can do about it."""
        kind = error.kind if isinstance(error, GembaError) else type(error).__name__
        hint = error.hint if isinstance(error, GembaError) else ""
        event = InvestigationFailed(run_id=run_id, kind=kind, message=str(error), hint=hint)
        self._record(self._asked(partition_key, run_id), event)

    # What the phases share ----------------------------------------------------------------------------------------

    def question(self, partition_key: str) -> QuestionRecord:
        record = self.archive.question(partition_key)
        if record is None:
            raise InputError(
                f"there is no question {partition_key!r}", hint="`gemba ask` first, or add a row to gemba.question"
            )
        return record

    def model(self, record: QuestionRecord) -> SemanticModel:
        return self.desk.get(("model", record.model_yaml), lambda: SemanticModel.model_validate_json(record.model_yaml))

    def _asked(self, partition_key: str, run_id: str) -> QuestionRecord:
        """What the run works on. The state of the question may have moved since; what was asked has not."""
        return self.desk.get(("asked", partition_key, run_id), lambda: self.question(partition_key))

    def _past_reads(self, record: QuestionRecord) -> tuple[PastRead, ...]:
        metric = getattr(record.question, "metric", None)
        if metric is None:
            return ()
        past = self.archive.past(model=record.model, metric=metric, before=self.clock(), limit=PAST_INSIGHTS)
        reads = tuple(PastRead(insight_id=one.insight_id, withdrawn=one.withdrawn) for one in past)
        self.desk.put(reads, past)
        return reads

    def _evidence(self, data_version: str) -> Evidence:
        return self.desk.get(("evidence", data_version), lambda: self.evidence.load(data_version))

    def _brief(self, record: QuestionRecord, plan: Plan, evidence: Evidence) -> Brief:
        return brief(
            plan,
            evidence,
            model=self.model(record),
            past=self.desk.get(plan.past, lambda: past_insights(plan, self.archive)),
            deadline=time.monotonic() + self.limits.deadline_s,
        )

    def _insight(
        self, record: QuestionRecord, plan: Plan, weighed: Weighed, evidence: Evidence, data_version: str
    ) -> Insight:
        model = self.model(record)
        now = self.clock()
        life = life_bound(model, sources={entry.source for entry in evidence.read_set})
        version = f"{record.key}{data_version}{plan.strategy}{plan.strategy_version}{code_version()}"
        insight_id = "i_" + hashlib.sha256(f"{self.archive.tenant}{version}".encode()).hexdigest()[:16]
        said = [claim for claim in weighed.claims if claim.id in weighed.headline and claim.confidence is not None]
        return Insight(
            id=insight_id,
            key=record.key,
            summary=weighed.summary,
            confidence=said[-1].confidence if said else None,
            claims=weighed.claims,
            detectable=weighed.detectable,
            data_version=data_version,
            read_set=tuple(evidence.read_set),
            valid_until=now + life if life is not None else None,
            created_at=now,
            strategy=f"{plan.strategy}@{plan.strategy_version}",
            version=1 + len(set(self.archive.answers(record.key)) - {insight_id}),
            question=record.question,
            model=record.model,
            assumptions=record.assumptions,
            gaps=weighed.gaps,
            charts=weighed.charts,
            notes=weighed.notes,
            tests_run=weighed.tests_run,
            alpha=plan.alpha,
            code_version=code_version(),
            status="partial" if weighed.gaps else "published",
        )

    def _record(self, record: QuestionRecord, *events: Event) -> None:
        self.archive.record(question_stream(record.partition_key), *events)

    def record_refusal(self, record: QuestionRecord, run_id: str, error: RefusedError) -> None:
        self._record(
            record,
            InvestigationRefused(
                run_id=run_id, reason=error.reason, missing=error.missing, text=str(error), nearest=error.nearest
            ),
        )


class _refusals_recorded:  # noqa: N801  (used as a statement)
    """Record a refusal raised inside, then let it travel on."""

    def __init__(self, investigator: Investigator, record: QuestionRecord, run_id: str) -> None:
        self.investigator, self.record, self.run_id = investigator, record, run_id

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, RefusedError):
            self.investigator.record_refusal(self.record, self.run_id, error)


def coverage(model: SemanticModel, warehouse: Warehouse, *, metrics: Sequence[str] = ()) -> dict[str, Coverage]:
    """What each source with a time column holds; of those that the metrics are computed from, if all are known."""
    known = bool(metrics) and all(metric in model.metrics for metric in metrics)
    leaves = [leaf for metric in metrics for leaf in model.leaves(metric)] if known else []
    sources = {model.metrics[leaf].source for leaf in leaves} if known else None
    return {
        name: warehouse.coverage(model, name)
        for name, source in model.sources.items()
        if source.time is not None and (sources is None or name in sources)
    }


def brief(
    plan: Plan, evidence: Evidence, *, model: SemanticModel, past: tuple[PastInsight, ...], deadline: float
) -> Brief:
    """What the agents of a plan may know. `deadline` is on `time.monotonic`'s scale, in seconds."""

    def check_time() -> None:
        over = time.monotonic() - deadline
        if over > 0:
            raise LimitReachedError("deadline", 0.0, over, unit="s past the deadline")

    return Brief(model=model, plan=plan, evidence=evidence, past=past, check_time=check_time)


def past_insights(plan: Plan, archive: Archive) -> tuple[PastInsight, ...]:
    """The earlier insights that the plan names, as they stood when it was made."""
    found = ((read, archive.insight(read.insight_id)) for read in plan.past)
    return tuple(
        replace(past_insight(insight), withdrawn=read.withdrawn) for read, insight in found if insight is not None
    )


def life_bound(model: SemanticModel, *, sources: set[str]) -> timedelta | None:
    """The shortest `life` of the sources read; None where no source bounds it."""
    from gemba.semantics.durations import parse_life

    lives = [
        parse_life(text) for name in sources if name in model.sources and (text := model.sources[name].life) is not None
    ]
    return min(lives, default=None)


def windows_of(question: Question) -> tuple[Window, ...]:
    """The spans of time that a question about a metric compares."""
    baseline = getattr(question, "baseline", None)
    found = (getattr(question, "window", None), getattr(baseline, "window", None))
    return tuple(window for window in found if window is not None)


def metrics_of(question: Question) -> tuple[str, ...]:
    """The metrics (or the column) that a question is about; empty where it names none."""
    named = (getattr(question, name, None) for name in ("metric", "other_metric", "outcome"))
    return tuple(name for name in named if isinstance(name, str))


def _metric_of(record: QuestionRecord) -> str:
    """The metric asked about; empty where a question has none."""
    return getattr(record.question, "metric", None) or getattr(record.question, "outcome", None) or ""
