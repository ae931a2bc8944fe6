"""The contract of the thread executor, on Dagster's own SQLite storage."""

from __future__ import annotations

import asyncio
import contextvars
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.api import execute_run_iterator

from assets.own_process import OWN_PROCESS_TAG
from pipelines.executor import thread_executor, thread_or_process_executor

CALLS: Counter[str] = Counter()
FAIL_ONCE: set[str] = set()
INSIDE = threading.Semaphore()
COUNTING = threading.Lock()
TOGETHER = threading.Barrier(8)
MOMENT = contextvars.ContextVar("moment", default="outside")


@pytest.fixture(autouse=True)
def _fresh_counters() -> None:
    CALLS.clear()
    FAIL_ONCE.clear()


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test(temp_dir=str(tmp_path_factory.mktemp("dagster"))) as instance:
        yield instance


@pytest.fixture
def run(instance: dg.DagsterInstance) -> Iterator[Any]:
    with ExitStack() as stack:

        def execute(job: Any, **kwargs: Any) -> dg.JobExecutionResult:
            kwargs.setdefault("tags", {OWN_PROCESS_TAG: "tests/1/1"})
            result = dg.execute_job(dg.reconstructable(job), instance, raise_on_error=False, **kwargs)
            return stack.enter_context(result) if result.success else result  # outputs are read while it is open

        yield execute


def step_keys(result: dg.JobExecutionResult, event: dg.DagsterEventType) -> set[str | None]:
    return {found.step_key for found in result.all_events if found.event_type == event}


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


@dg.op
def total(numbers: list[int]) -> int:
    return sum(numbers)


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


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=0.2, backoff=dg.Backoff.EXPONENTIAL))
def flaky() -> int:
    CALLS["flaky"] += 1
    if CALLS["flaky"] < 3:
        raise ConnectionError("dropped")
    return CALLS["flaky"]


@dg.op(retry_policy=dg.RetryPolicy(max_retries=1))
def hopeless() -> int:
    CALLS["hopeless"] += 1
    raise ConnectionError("down")


@dg.op
def after(number: int) -> int:
    return number + 1


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


def test_exhausted_retries_fail_the_run_and_what_is_downstream_does_not_start(run):
    result = run(hopeless_job)
    assert not result.success
    assert CALLS["hopeless"] == 2
    assert step_keys(result, dg.DagsterEventType.STEP_START) == {"hopeless"}


@dg.op(out={"some": dg.Out(is_required=False), "none": dg.Out(is_required=False)})
def maybe() -> Iterator[dg.Output]:
    yield dg.Output(1, "some")


@dg.op
def chain(number: int) -> int:
    return number


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
    await asyncio.sleep(0.3)
    return 1


@dg.job(executor_def=thread_executor)
def async_job():
    total([sleeps.alias(f"sleeps_{number}")() for number in range(4)])


def test_async_ops_run_side_by_side(run):
    start = time.monotonic()
    result = run(async_job)
    assert result.success
    assert result.output_for_node("total") == 4
    assert time.monotonic() - start < 4


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


@dg.op
def fails_once() -> int:
    CALLS["fails_once"] += 1
    if "fails_once" in FAIL_ONCE:
        raise ValueError("this time")
    return 1


@dg.op
def solid_step() -> int:
    CALLS["solid"] += 1
    return 1


@dg.job(executor_def=thread_executor)
def repeated_job():
    total([solid_step(), after(fails_once())])


def test_re_execution_from_failure_repeats_only_what_failed(run, instance):
    FAIL_ONCE.add("fails_once")
    first = run(repeated_job)
    assert not first.success
    FAIL_ONCE.clear()
    options = dg.ReexecutionOptions.from_failure(first.run_id, instance)
    second = run(repeated_job, reexecution_options=options)
    assert second.success
    assert CALLS["solid"] == 1
    assert CALLS["fails_once"] == 2
    assert step_keys(second, dg.DagsterEventType.STEP_START) == {"fails_once", "after", "total"}


@dg.op
def busy() -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        CALLS["busy"] += 1
        time.sleep(0.01)


@dg.op
def stuck() -> None:
    time.sleep(4)  # one call into C: nothing can interrupt it


@dg.job(executor_def=thread_executor)
def busy_job():
    after(total([busy.alias("busy_1")(), busy.alias("busy_2")()]))


@dg.job(executor_def=thread_executor)
def stuck_job():
    stuck()


def interrupted_run(job: Any, instance: dg.DagsterInstance, how: Any, **kwargs: Any) -> tuple[dg.DagsterRun, float]:
    """Run in this thread, apply `how` to the run after a second, and give the run and its seconds from then on."""
    created = instance.create_run_for_job(job, tags={OWN_PROCESS_TAG: "tests/1/1"}, **kwargs)
    moments: list[float] = []

    def interrupt() -> None:
        time.sleep(1)
        moments.append(time.monotonic())
        how(created)

    thread = threading.Thread(target=interrupt)
    thread.start()
    list(execute_run_iterator(dg.reconstructable(job), created, instance))
    thread.join()
    finished = instance.get_run_by_id(created.run_id)
    assert finished is not None
    return finished, time.monotonic() - moments[0]


def test_a_signal_interrupts_the_steps_and_the_run_is_cancelled(instance):
    def terminate(created: dg.DagsterRun) -> None:
        instance.report_run_canceling(created)
        os.kill(os.getpid(), signal.SIGINT)

    finished, seconds = interrupted_run(busy_job, instance, terminate)
    assert finished.status == dg.DagsterRunStatus.CANCELED
    assert seconds < 3
    so_far = CALLS["busy"]
    time.sleep(0.1)
    assert CALLS["busy"] == so_far, "the threads have stopped"


def test_a_run_cancelled_where_no_signal_reaches_stops_by_its_status(instance):
    finished, seconds = interrupted_run(busy_job, instance, instance.report_run_canceling)
    assert finished.status == dg.DagsterRunStatus.CANCELED
    assert seconds < 5


def test_a_signal_without_a_request_to_cancel_is_a_failure(instance):
    finished, _ = interrupted_run(busy_job, instance, lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert finished.status == dg.DagsterRunStatus.FAILURE


def test_a_step_that_cannot_be_stopped_is_left_behind_after_its_grace(instance):
    config = {"execution": {"config": {"termination_grace_s": 0.3}}}
    finished, seconds = interrupted_run(stuck_job, instance, instance.report_run_canceling, run_config=config)
    assert finished.status == dg.DagsterRunStatus.CANCELED
    assert seconds < 2.8
    stats = instance.get_run_step_stats(finished.run_id)
    assert [step.status.value for step in stats] == ["FAILURE"]


@dg.job(executor_def=thread_executor)
def resumed_job():
    some, none = maybe()
    total([solid_step(), chain.alias("taken")(some), flaky(), fails_once()])
    chain.alias("skipped")(none)


def test_a_run_whose_process_died_is_resumed_where_it_was(instance):
    created = instance.create_run_for_job(resumed_job, tags={OWN_PROCESS_TAG: "tests/1/1"})
    first = execute_run_iterator(dg.reconstructable(resumed_job), created, instance)
    for event in first:
        if event.is_step_success and event.step_key == "flaky":
            break  # the process dies here: nothing more is heard of it
    done = {step.step_key for step in instance.get_run_step_stats(created.run_id) if step.status.value == "SUCCESS"}
    before = Counter(CALLS)
    started = instance.get_run_by_id(created.run_id)
    assert started is not None
    assert started.status == dg.DagsterRunStatus.STARTED
    again = list(execute_run_iterator(dg.reconstructable(resumed_job), started, instance, resume_from_failure=True))
    finished = instance.get_run_by_id(created.run_id)
    assert finished is not None
    assert finished.status == dg.DagsterRunStatus.SUCCESS, [event for event in again if event.is_failure]
    assert "flaky" in done
    assert CALLS["flaky"] == before["flaky"] == 3
    assert "total" in {event.step_key for event in again if event.is_step_success}
    del first


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
