"""An investigation as a Dagster run, on a factory in memory."""

from __future__ import annotations

from typing import Any

import dagster as dg
import pytest

from gemba.agents import registry
from gemba.agents.base import Brief
from gemba.errors import SourceUnavailableError
from gemba.insights.types import Findings, Gap
from pipelines.run import execute
from tests.assets.world import ToldAgent, World, a_claim, why
from tests.fakes.warehouse import FaultyWarehouse


def steps(instance: dg.DagsterInstance, run_id: str) -> dict[str, str]:
    """Status by step, without the name of the graph."""
    stats = instance.get_run_step_stats(run_id)
    return {one.step_key.rpartition(".")[2]: one.status.value for one in stats if one.status is not None}


def status(instance: dg.DagsterInstance, run_id: str) -> dg.DagsterRunStatus:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def run(world: World, instance: dg.DagsterInstance, partition: str, reason: str = "asked") -> str:
    return execute(world.definitions(), partition, reason=reason, instance=instance)


def told(instance: dg.DagsterInstance, run_id: str) -> str:
    """The errors of a run, for the message of a failing test."""
    entries = [entry.dagster_event for entry in instance.all_logs(run_id) if entry.dagster_event is not None]
    return "\n".join(
        f"{event.step_key}: {getattr(event.event_specific_data, 'error', '')}" for event in entries if event.is_failure
    )


def metadata_of(instance: dg.DagsterInstance, key: list[str]) -> dict[str, Any]:
    event = instance.get_latest_materialization_event(dg.AssetKey(key))
    assert event is not None
    assert event.asset_materialization is not None
    return dict(event.asset_materialization.metadata)


def test_a_question_becomes_an_insight(world: World, instance: dg.DagsterInstance) -> None:
    partition = world.ask()
    run_id = run(world, instance, partition)
    assert status(instance, run_id) == dg.DagsterRunStatus.SUCCESS, told(instance, run_id)
    record = world.archive.question(partition)
    assert record is not None
    assert record.state == "published"
    assert record.run_id == run_id
    insight = world.archive.current(record.key)
    assert insight is not None
    assert [claim.agent for claim in insight.claims] == ["contribution"]
    assert set(steps(instance, run_id)) == {
        *registry.agents(),
        "question",
        "plan",
        "gather",
        "weigh",
        "claims",
        "insight",
    } - {
        "question",
        "insight",
        "claims",
    } | {"investigations__question", "investigations__insight", "claims"}


def test_each_question_is_checked_and_answered_for_itself(world: World, instance: dg.DagsterInstance) -> None:
    first, second = world.ask(why()), world.ask(why(5))
    for partition in (first, second):
        run_id = run(world, instance, partition)
        assert status(instance, run_id) == dg.DagsterRunStatus.SUCCESS, told(instance, run_id)
    insights = world.archive.insights()
    assert len({insight.key for insight in insights}) == 2


def test_people_can_read_the_answer_in_dagit(world: World, instance: dg.DagsterInstance) -> None:
    run(world, instance, world.ask())
    shown = metadata_of(instance, ["investigations", "insight"])
    assert "Why did scrap rise last week?" in shown["question"].value
    assert "The scrap rate rose on one line." in shown["all claims"].value
    assert "production" in shown["rests on"].value
    asked = metadata_of(instance, ["investigations", "question"])
    assert asked["model"].value == "factory"
    assert "2026" in asked["read as"].value


def test_an_agent_that_raises_becomes_a_gap_that_everyone_sees(world, instance, install) -> None:
    def breaks(_brief: Brief) -> Findings:
        raise ValueError("a column went missing")

    others = [ToldAgent(name) for name in registry.BUILT_IN if name != "segments"]
    install(ToldAgent("segments", breaks), *others)
    partition = world.ask()
    run_id = run(world, instance, partition)
    assert status(instance, run_id) == dg.DagsterRunStatus.SUCCESS, told(instance, run_id)
    record = world.archive.question(partition)
    assert record.state == "partial"
    assert [gap.agent for gap in world.archive.current(record.key).gaps] == ["segments"]
    checks = instance.event_log_storage.get_asset_check_execution_history(
        dg.AssetCheckKey(dg.AssetKey(["investigations", "findings"]), "every_planned_agent_looked"), limit=1
    )
    evaluation = checks[0].event.dagster_event.event_specific_data
    assert not evaluation.passed
    assert "a column went missing" in evaluation.metadata["gaps"].value
    assert "segments" in metadata_of(instance, ["investigations", "findings"])["gaps"].value


def test_an_agent_that_the_plan_does_not_choose_says_so_and_is_no_gap(world, instance, install) -> None:
    partition = world.ask()
    install(ToldAgent("never_chosen"), *registry.agents().values())
    run_id = run(world, instance, partition)
    assert steps(instance, run_id)["never_chosen"] == "SUCCESS"
    record = world.archive.question(partition)
    assert record.state == "published"
    outcomes = world.archive.run(partition, run_id).outcomes
    assert "never_chosen" not in {outcome.agent for outcome in outcomes}


def test_a_plan_that_chooses_no_agent_still_reaches_the_fan_in(world, instance, monkeypatch) -> None:
    import gemba.planning.plan as planning

    make = planning.make_plan

    def none_chosen(*args: Any, **kwargs: Any) -> Any:
        return make(*args, **kwargs).model_copy(update={"agents": ()})

    monkeypatch.setattr(planning, "make_plan", none_chosen)
    partition = world.ask()
    run_id = run(world, instance, partition)
    assert steps(instance, run_id)["weigh"] == "SUCCESS"
    insight = world.archive.current(world.archive.question(partition).key)
    if insight is not None:
        assert not insight.claims
        assert any("no agent" in note for note in insight.notes)
    else:
        assert world.archive.question(partition).state == "withheld"


def test_claims_that_break_a_rule_are_withheld_and_the_old_answer_stays(world, instance, install) -> None:
    partition = world.ask()
    run(world, instance, partition)
    before = world.archive.current(world.archive.question(partition).key)

    def overconfident(_brief: Brief) -> Findings:
        return Findings(agent="contribution", claims=(a_claim(ci=(5.0, 6.0)),))

    install(ToldAgent("contribution", overconfident), *[a for n, a in registry.agents().items() if n != "contribution"])
    run_id = run(world, instance, partition, "fresh")
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert "investigations__insight" not in steps(instance, run_id)
    record = world.archive.question(partition)
    assert record.state == "withheld"
    assert world.archive.current(record.key) == before


def test_a_refusal_is_an_answer_and_the_run_succeeds(world, instance) -> None:
    question = why().model_copy(update={"window": why(30).window, "baseline": why(30).baseline})
    partition = world.ask(question)
    run_id = run(world, instance, partition)
    assert status(instance, run_id) == dg.DagsterRunStatus.SUCCESS, told(instance, run_id)
    record = world.archive.question(partition)
    assert record.state == "refused"
    assert record.refusal["reason"] == "outside_data"
    assert "SUCCESS" not in {steps(instance, run_id).get(name) for name in ("weigh", "contribution")}


def test_a_source_that_drops_one_connection_is_asked_again(world, instance) -> None:
    world.warehouse = FaultyWarehouse(world.warehouse, {"gather": [SourceUnavailableError("production", "dropped")]})
    partition = world.ask()
    run_id = run(world, instance, partition)
    assert status(instance, run_id) == dg.DagsterRunStatus.SUCCESS
    assert world.warehouse.calls["gather"] == 2
    assert world.archive.question(partition).state == "published"


def test_a_wrong_password_is_not_tried_twice_and_says_what_to_do(world, instance) -> None:
    from gemba.errors import AccessDeniedError

    refused = AccessDeniedError("production", "password rejected", hint="set FACTORY_URL")
    world.warehouse = FaultyWarehouse(world.warehouse, {"gather": [refused] * 5})
    partition = world.ask()
    run_id = run(world, instance, partition)
    assert status(instance, run_id) == dg.DagsterRunStatus.FAILURE
    assert world.warehouse.calls["gather"] == 1
    record = world.archive.question(partition)
    assert record.state == "failed"
    assert record.error["kind"] == "access_denied"
    assert record.error["hint"] == "set FACTORY_URL"


def test_re_execution_from_failure_repeats_only_what_failed(world, instance, monkeypatch) -> None:
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run_iterator
    from dagster._core.execution.plan.state import KnownExecutionState

    import gemba.insights.weigh as weighing

    weigh = weighing.weigh
    monkeypatch.setattr(weighing, "weigh", lambda *_args, **_kwargs: 1 / 0)
    partition = world.ask()
    first = run(world, instance, partition)
    assert status(instance, first) == dg.DagsterRunStatus.FAILURE
    assert world.archive.question(partition).state == "failed"
    monkeypatch.setattr(weighing, "weigh", weigh)

    job = world.definitions().resolve_job_def("investigation")
    parent = instance.get_run_by_id(first)
    keys, known = KnownExecutionState.build_resume_retry_reexecution(instance, parent)
    from dagster._core.execution.api import create_execution_plan

    plan = create_execution_plan(job, step_keys_to_execute=keys, known_state=known, tags=parent.tags)
    again = instance.create_run_for_job(
        job, execution_plan=plan, tags=dict(parent.tags), parent_run_id=first, root_run_id=first
    )
    list(execute_run_iterator(InMemoryJob(job), again, instance))
    assert status(instance, again.run_id) == dg.DagsterRunStatus.SUCCESS
    assert set(steps(instance, again.run_id)) == {"weigh", "claims", "investigations__insight"}
    assert world.archive.question(partition).state == "published"


def test_a_gap_that_an_agent_names_itself_is_shown(world, instance, install) -> None:
    def cannot(_brief: Brief) -> Gap:
        return Gap(agent="segments", reason="too_little_data", message="one day is not enough")

    install(ToldAgent("segments", cannot), *[a for n, a in registry.agents().items() if n != "segments"])
    partition = world.ask()
    run(world, instance, partition)
    insight = world.archive.current(world.archive.question(partition).key)
    assert [(gap.agent, gap.reason) for gap in insight.gaps] == [("segments", "too_little_data")]


@pytest.mark.parametrize("name", ["question", "answer", "all claims"])
def test_text_of_users_cannot_break_the_page(name: str) -> None:
    from assets.reading import plain

    assert "|" not in plain(f"{name} | <script>alert(1)</script>\n`x`").replace("\\|", "")
    assert "<" not in plain("<b>")
