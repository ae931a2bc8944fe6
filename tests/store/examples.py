"""Small whole values for tests of the store."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from gemba.events import types as ev
from gemba.evidence.types import ReadEntry
from gemba.insights.types import Claim, Findings, Gap, Insight, NotPlanned, Test
from gemba.planning.types import Plan, PlannedAgent
from gemba.questions.types import Baseline, Predicate, Why, Window

MONDAY = datetime(2026, 11, 9, tzinfo=UTC)
MODEL_YAML = "gemba: 1\nname: factory\n"


def a_question(line: str = "3", metric: str = "scrap_rate") -> Why:
    week = timedelta(days=7)
    return Why(
        metric=metric,
        filters=(Predicate(dimension="line", values=(line,)),),
        window=Window(start=MONDAY, end=MONDAY + week),
        baseline=Baseline(window=Window(start=MONDAY - week, end=MONDAY)),
        direction="up",
    )


def asked(key: str, line: str = "3", metric: str = "scrap_rate") -> ev.QuestionAsked:
    return ev.QuestionAsked(
        key=key,
        text=f"Why did {metric} rise on line {line} last week?",
        question=a_question(line, metric),
        model="factory",
        model_hash="m" * 64,
        model_yaml=MODEL_YAML,
        assumptions=("last week is 9 to 16 November",),
        asked_by="ann",
    )


def a_claim(claim_id: str = "c_1", **changed: Any) -> Claim:
    values: dict[str, Any] = {
        "id": claim_id,
        "kind": "segment",
        "metric": "scrap_rate",
        "segment": (Predicate(dimension="shift", values=("night",)),),
        "statement": "Scrap rate of shift night is 2.5 % higher",
        "effect": 2.5,
        "unit": "%",
        "ci": (0.1 + 0.2, 4.75),
        "p_value": 1e-7,
        "q_value": 3e-6,
        "significant": True,
        "material": True,
        "n": 1200,
        "method": "segments",
        "confidence": 0.9,
        "rank": 1,
        "agent": "segments",
        "details": {"before": 1.5, "after": 4.0},
    }
    return Claim(**(values | changed))


def an_insight(key: str, insight_id: str = "i_1", *, version: int = 1, **changed: Any) -> Insight:
    values: dict[str, Any] = {
        "id": insight_id,
        "key": key,
        "summary": "Scrap rose because of the night shift's share, arithmetically.",
        "confidence": 0.8,
        "claims": (a_claim("c_1"), a_claim("c_2", rank=2, ci=None, p_value=None, q_value=None, exact=True)),
        "data_version": f"d{version}",
        "read_set": (
            ReadEntry(source="production", partition="2026-11-09", version=f"v{version}"),
            ReadEntry(source="machines", partition="all", version="v1"),
        ),
        "valid_until": MONDAY + timedelta(days=30),
        "created_at": MONDAY + timedelta(days=8, minutes=version),
        "strategy": "why",
        "version": version,
        "question": a_question(),
        "model": "factory",
        "assumptions": ("last week is 9 to 16 November",),
        "gaps": (Gap(agent="history", reason="error", message="it broke"),),
        "tests_run": 40,
        "code_version": "0.1.0",
    }
    return Insight(**(values | changed))


def a_plan() -> Plan:
    return Plan(
        question=a_question(),
        strategy="why",
        strategy_version=1,
        complexity=2,
        agents=(PlannedAgent(name="segments", reason="it is a why question"),),
    )


def an_investigation(
    key: str,
    *,
    run_id: str = "run-1",
    insight_id: str = "i_1",
    version: int = 1,
    reason: Literal["asked", "fresh", "stale", "backfill"] = "asked",
    **changed: Any,
) -> tuple[ev.Event, ...]:
    """All events of a run that publishes."""
    return (
        ev.InvestigationStarted(run_id=run_id, executor="threads", reason=reason),
        ev.PlanMade(run_id=run_id, plan=a_plan(), seconds=0.01),
        ev.EvidenceGathered(run_id=run_id, data_version=f"d{version}", queries=3, rows=900, seconds=0.4),
        ev.AgentFinished(
            run_id=run_id,
            agent="segments",
            outcome=Findings(agent="segments", claims=(a_claim(),), tests=(Test(id="t1", p_value=0.2),)),
            seconds=0.2,
        ),
        ev.AgentFinished(
            run_id=run_id,
            agent="history",
            outcome=Gap(agent="history", reason="error", message="it broke"),
            seconds=0.1,
        ),
        ev.AgentFinished(run_id=run_id, agent="level", outcome=NotPlanned(agent="level"), seconds=0.0),
        ev.ClaimsWeighed(run_id=run_id, weighed={"claims": [], "summary": "x"}, seconds=0.05),
        ev.ClaimsChecked(run_id=run_id, passed=True, checks=12),
        ev.InsightPublished(run_id=run_id, insight=an_insight(key, insight_id, version=version, **changed)),
    )


def every_event(key: str) -> dict[str, tuple[ev.Event, ...]]:
    """Every type of event at least once, by stream, in the order in which they happen."""
    return {
        "question/scrap-a": (
            asked(key),
            *an_investigation(key),
            ev.CacheServed(insight_id="i_1", outcome="hit"),
            ev.CacheServed(insight_id="i_1", outcome="joined"),
            ev.InsightWithdrawn(insight_id="i_1", reason="source moved", moved=("production/2026-11-09",)),
            *an_investigation(key, run_id="run-2", insight_id="i_2", version=2, reason="stale"),
        ),
        "question/scrap-b": (
            asked(key + "b", line="4"),
            ev.InvestigationStarted(run_id="run-3", executor="threads", reason="asked"),
            ev.InvestigationRefused(
                run_id="run-3", reason="too_little_data", missing="14 days", text="too little", nearest=("line 3",)
            ),
        ),
        "question/scrap-c": (
            asked(key + "c", line="5"),
            ev.InvestigationStarted(run_id="run-4", executor="threads", reason="asked"),
            ev.InvestigationFailed(run_id="run-4", kind="source_unavailable", message="gone", hint="start it"),
        ),
        "question/scrap-d": (
            asked(key + "d", line="6"),
            ev.InvestigationStarted(run_id="run-5", executor="threads", reason="asked"),
            ev.ClaimsChecked(run_id="run-5", passed=False, checks=12, failures=({"check": "bounds", "claim": "c_1"},)),
            ev.InsightWithheld(run_id="run-5", reason="a check failed"),
            ev.InvestigationStarted(run_id="run-6", executor="threads", reason="fresh"),
            ev.InsightWithheld(
                run_id="run-6",
                reason="approval is needed",
                pending_approval=True,
                insight=an_insight(key + "d", "i_6", claims=(a_claim("c_6"),)),
            ),
            ev.InsightApproved(insight_id="i_6", by="bob"),
            ev.InsightWithheld(
                run_id="run-7", reason="approval is needed", pending_approval=True, insight=an_insight(key + "d", "i_7")
            ),
            ev.InsightRejected(insight_id="i_7", by="bob", why="not convincing"),
        ),
        "question/scrap-e": (
            asked(key + "e", line="7"),
            *an_investigation(key + "e", run_id="run-8", insight_id="i_8", status="partial"),
            ev.InsightWithdrawn(insight_id="i_8", reason="source moved", moved=("machines/all",)),
        ),
        "source/factory/production": (
            ev.SourceObserved(model="factory", source="production", versions={"2026-11-09": "v1", "2026-11-10": "v1"}),
            ev.SourceObserved(model="factory", source="production", versions={"2026-11-09": "v2", "2026-11-10": None}),
        ),
        "intake/one": (
            ev.QuestionSubmitted(text="Why did scrap rise?", model="factory", as_of=MONDAY, asked_by="ann"),
            ev.QuestionRead(status="answered", text="Why did scrap rise?", partition_key="scrap-a"),
        ),
        "intake/two": (
            ev.QuestionSubmitted(text="Why?", model="factory"),
            ev.QuestionRead(status="refused", text="Why?", reason="unknown_metric"),
        ),
        "intake/three": (ev.QuestionSubmitted(text="How much scrap on line 3?", model="factory"),),
        "feedback/i_2": (ev.FeedbackGiven(insight_id="i_2", vote="down", why="we knew", by="ann"),),
    }
