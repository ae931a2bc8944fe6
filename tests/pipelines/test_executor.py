"""The contract of the thread executor, on Dagster's own SQLite storage."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Iterator

import dagster as dg
import pytest

from pipelines import executor
from pipelines.executor import thread_executor, thread_or_process_executor
from tests.pipelines.steps import CALLS, after, chain, flaky, maybe, solid_step, step_keys, total

pytestmark = pytest.mark.usefixtures("_fresh_counters")

INSIDE = threading.Semaphore()
COUNTING = threading.Lock()
TOGETHER = threading.Barrier(8)
MOMENT = contextvars.ContextVar("moment", default="outside")


def nap_op(number: int) -> dg.OpDefinition:
    @dg.op(name=f"nap_{number}")
    def nap() -> int:
        with COUNTING:
            CALLS["napping"] += 1
            CALLS["most at a time"] = max(CALLS["most at a time"], CALLS["napping"])
        if CALLS["company"]:
            TOGETHER.wait(timeout=60)  # broken, and the step with it, unless all eight are at it
        else:
            time.sleep(0.2)
        with COUNTING:
            CALLS["napping"] -= 1
        return number

    return nap


NAPS = [nap_op(number) for number in range(8)]


@dg.job(executor_def=thread_executor)
def wide_job():
    total([nap() for nap in NAPS])


def test_steps_run_side_by_side_and_fan_in(run):
    CALLS["company"] = 1
    result = run(wide_job)
    assert result.success
    assert result.output_for_node("total") == 28


def test_no_more_steps_run_at_a_time_than_max_workers(run):
    assert run(wide_job, run_config={"execution": {"config": {"max_workers": 2}}}).success
    assert CALLS["most at a time"] == 2


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def hopeless() -> int:
    CALLS["hopeless"] += 1
    raise ConnectionError("down")


@dg.job(executor_def=thread_executor)
def retrying_job():
    after(flaky())


@dg.job(executor_def=thread_executor)
def hopeless_job():
    after(hopeless())


def test_a_retry_waits_for_its_backoff_and_succeeds(run):
    start = time.monotonic()
    result = run(retrying_job)
    assert result.success
    assert result.output_for_node("after") == 4
    assert time.monotonic() - start >= 0.2 + 0.6  # Dagster's exponential: delay times (2 ** attempt - 1)


def test_the_next_attempt_may_start_before_the_last_word_of_the_one_before(run, monkeypatch):
    def late(_context: object, _events: object) -> Iterator[dg.DagsterEvent]:
        time.sleep(1.5)  # longer than both delays of the step
        yield from ()

    monkeypatch.setattr(executor, "_trigger_hook", late)
    result = run(retrying_job)
    assert result.success
    assert result.output_for_node("after") == 4


def test_exhausted_retries_fail_the_run_and_what_is_downstream_does_not_start(run):
    result = run(hopeless_job)
    assert not result.success
    assert CALLS["hopeless"] == 2
    assert step_keys(result, dg.DagsterEventType.STEP_START) == {"hopeless"}


@dg.op
def breaks() -> int:
    raise ValueError("broken")


@dg.job(executor_def=thread_executor)
def partly_job():
    some, none = maybe()
    chain.alias("taken")(some)
    chain.alias("skipped_too")(chain.alias("skipped")(none))
    after.alias("after_failure")(breaks())


def test_skipped_steps_are_skipped_failing_ones_fail_and_the_rest_runs(run):
    result = run(partly_job)
    assert not result.success
    assert step_keys(result, dg.DagsterEventType.STEP_SKIPPED) == {"skipped", "skipped_too"}
    assert step_keys(result, dg.DagsterEventType.STEP_FAILURE) == {"breaks"}
    assert step_keys(result, dg.DagsterEventType.STEP_SUCCESS) == {"maybe", "taken"}


@dg.op(out=dg.DynamicOut())
def pieces() -> Iterator[dg.DynamicOutput]:
    for number in range(4):
        yield dg.DynamicOutput(number, mapping_key=f"n{number}")


@dg.job(executor_def=thread_executor)
def dynamic_job():
    total(pieces().map(after).collect())


def test_dynamic_outputs_are_mapped_and_collected(run):
    result = run(dynamic_job)
    assert result.success
    assert result.output_for_node("total") == 1 + 2 + 3 + 4


@dg.success_hook
def on_success(context: dg.HookContext) -> None:
    CALLS[f"success {context.op.name}"] += 1


@dg.failure_hook
def on_failure(context: dg.HookContext) -> None:
    CALLS[f"failure {context.op.name} {type(context.op_exception).__name__}"] += 1


@dg.job(executor_def=thread_executor, hooks={on_success, on_failure})
def hooked_job():
    breaks()
    after(flaky())


def test_hooks_see_success_and_failure_once_each(run):
    run(hooked_job)
    assert CALLS["success flaky"] == CALLS["success after"] == CALLS["failure breaks ValueError"] == 1


@dg.resource
def no_resource(_: dg.InitResourceContext) -> None:
    raise ConnectionError("no such server")


@dg.op(required_resource_keys={"thing"})
def needs_thing() -> None: ...


@dg.job(executor_def=thread_executor, resource_defs={"thing": no_resource})
def resourceless_job():
    needs_thing()


def test_a_resource_that_cannot_start_fails_the_run_with_its_reason(run):
    result = run(resourceless_job)
    assert not result.success
    failures = [event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
    assert "no such server" in str(failures[0].job_failure_data.error)


@dg.op
async def sleeps() -> int:
    with COUNTING:
        CALLS["asleep"] += 1
    while CALLS["asleep"] < 4:  # for ever, unless all four are at it
        await asyncio.sleep(0.01)
    return 1


@dg.job(executor_def=thread_executor)
def async_job():
    total([sleeps.alias(f"sleeps_{number}")() for number in range(4)])


def test_async_ops_run_side_by_side(run):
    result = run(async_job)
    assert result.success
    assert result.output_for_node("total") == 4


@dg.op
def sets_moment() -> str:
    before = MOMENT.get()
    MOMENT.set("inside")
    return before


@dg.job(executor_def=thread_executor)
def moments_job():
    for number in range(4):
        sets_moment.alias(f"moment_{number}")()


def test_a_context_variable_set_in_one_step_is_not_seen_in_another(run):
    result = run(moments_job)
    assert {result.output_for_node(f"moment_{number}") for number in range(4)} == {"outside"}
    assert MOMENT.get() == "outside"


@dg.op(pool="narrow")
def narrow() -> None:
    CALLS["inside"] += 1
    CALLS["most"] = max(CALLS["most"], CALLS["inside"])
    time.sleep(0.1)
    CALLS["inside"] -= 1


@dg.job(executor_def=thread_executor)
def pooled_job():
    for number in range(3):
        narrow.alias(f"narrow_{number}")()


def test_a_pool_blocks_steps_until_it_is_free_and_is_empty_afterwards(run, instance):
    instance.event_log_storage.set_concurrency_slots("narrow", 1)
    result = run(pooled_job)
    assert result.success
    assert CALLS["most"] == 1
    info = instance.event_log_storage.get_concurrency_info("narrow")
    assert (info.active_slot_count, info.pending_step_count) == (0, 0)


@dg.job(executor_def=thread_or_process_executor)
def selectable_job():
    after(solid_step())


@pytest.mark.parametrize("executor", ["thread", "in_process", "multiprocess"])
def test_the_executor_can_be_chosen_in_the_run_config(run, executor):
    result = run(selectable_job, run_config={"execution": {"config": {executor: {}}}})
    assert result.success
    assert result.output_for_node("after") == 2


@dg.op
def prints() -> None:
    print("a word on standard output")


@dg.job(executor_def=thread_executor)
def printing_job():
    prints()


def test_output_is_captured_in_a_run_worker_and_left_alone_in_a_process_of_somebody_else(run, capfd):
    assert not step_keys(run(printing_job), dg.DagsterEventType.LOGS_CAPTURED)
    assert "a word" in capfd.readouterr().out
    captured = run(printing_job, tags={})
    assert step_keys(captured, dg.DagsterEventType.LOGS_CAPTURED) == {None}
