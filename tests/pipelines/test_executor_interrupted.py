"""The thread executor when something ends early: failures repeated, signals, dead processes."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import Counter
from typing import Any

import dagster as dg
import pytest
from dagster._core.execution.api import execute_run_iterator

from assets.own_process import OWN_PROCESS_TAG
from pipelines.executor import thread_executor
from tests.pipelines.steps import CALLS, FAIL_ONCE, after, chain, flaky, maybe, solid_step, step_keys, total

HELD = threading.Lock()

pytestmark = pytest.mark.usefixtures("_fresh_counters")


@dg.op
def fails_once() -> int:
    CALLS["fails_once"] += 1
    if "fails_once" in FAIL_ONCE:
        raise ValueError("this time")
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
    with HELD:  # waits in one call into C: nothing can interrupt it
        pass


@dg.job(executor_def=thread_executor)
def busy_job():
    after(total([busy.alias("busy_1")(), busy.alias("busy_2")()]))


@dg.job(executor_def=thread_executor)
def stuck_job():
    stuck()


def interrupted_run(job: Any, instance: dg.DagsterInstance, how: Any, **kwargs: Any) -> dg.DagsterRun:
    """Run in this thread, apply `how` to the run after a second, and give the run as it ended."""
    created = instance.create_run_for_job(job, tags={OWN_PROCESS_TAG: "tests/1/1"}, **kwargs)

    def interrupt() -> None:
        time.sleep(1)
        how(created)

    thread = threading.Thread(target=interrupt)
    thread.start()
    list(execute_run_iterator(dg.reconstructable(job), created, instance))
    thread.join()
    finished = instance.get_run_by_id(created.run_id)
    assert finished is not None
    return finished


def test_a_signal_interrupts_the_steps_and_the_run_is_cancelled(instance):
    def terminate(created: dg.DagsterRun) -> None:
        instance.report_run_canceling(created)
        os.kill(os.getpid(), signal.SIGINT)

    finished = interrupted_run(busy_job, instance, terminate)
    assert finished.status == dg.DagsterRunStatus.CANCELED
    so_far = CALLS["busy"]
    time.sleep(0.1)
    assert CALLS["busy"] == so_far, "the threads have stopped"


def test_a_run_cancelled_where_no_signal_reaches_stops_by_its_status(instance):
    finished = interrupted_run(busy_job, instance, instance.report_run_canceling)
    assert finished.status == dg.DagsterRunStatus.CANCELED


def test_a_signal_without_a_request_to_cancel_is_a_failure(instance):
    finished = interrupted_run(busy_job, instance, lambda _: os.kill(os.getpid(), signal.SIGINT))
    assert finished.status == dg.DagsterRunStatus.FAILURE


def test_a_step_that_cannot_be_stopped_is_left_behind_after_its_grace(instance):
    config = {"execution": {"config": {"termination_grace_s": 0.3}}}
    with HELD:
        finished = interrupted_run(stuck_job, instance, instance.report_run_canceling, run_config=config)
    assert finished.status == dg.DagsterRunStatus.CANCELED
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
