"""An executor that runs the steps of a run side by side in threads of the run's process.

A dozen short steps take 1.7 s this way and 28.7 s as a process each (`docs/decisions/thread-executor.md`). The rules:

* The parent thread alone touches `ActiveExecution`, Dagster's record of which step may start.
* A step's whole event generator, hooks included, runs in one thread of its own and hands each event over a queue.
* Cancelling a run raises `DagsterExecutionInterruptedError` in every step's thread. Python code stops at its next
  instruction, a call into C (a query) when it returns; what has not stopped after `termination_grace_s` is left behind
  as a daemon thread and reported as interrupted. So agents still check their deadline and queries have timeouts.

The private parts of Dagster 1.13 are imported here only. The contract is `tests/pipelines/test_executor.py`.
"""

from __future__ import annotations

import asyncio
import contextvars
import ctypes
import os
import queue
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import dagster as dg
from dagster._core.definitions.executor_definition import (
    IN_PROC_CONFIG,
    MULTI_PROC_CONFIG,
    _core_in_process_executor_creation,
    _core_multiprocess_executor_creation,
    _get_default_executor_requirements,
)
from dagster._core.errors import DagsterExecutionInterruptedError
from dagster._core.events import DagsterEvent, DagsterEventType, EngineEventData
from dagster._core.execution.api import ExecuteRunWithPlanIterable
from dagster._core.execution.compute_logs import create_compute_log_file_key
from dagster._core.execution.context.system import PlanExecutionContext, PlanOrchestrationContext, StepExecutionContext
from dagster._core.execution.context_creation_job import PlanExecutionContextManager
from dagster._core.execution.plan.active import ActiveExecution
from dagster._core.execution.plan.execute_plan import _trigger_hook, dagster_event_sequence_for_step
from dagster._core.execution.plan.instance_concurrency_context import InstanceConcurrencyContext
from dagster._core.execution.plan.objects import ErrorSource, StepFailureData
from dagster._core.execution.plan.plan import ExecutionPlan
from dagster._core.execution.retries import RetryMode, get_retries_config
from dagster._core.execution.tags import get_tag_concurrency_limits_config
from dagster._utils.error import serializable_error_info_from_exc_info
from dagster_shared.error import SerializableErrorInfo

from assets.own_process import own_process
from pipelines.storage import keep_connections

POLL_S = 0.1
STATUS_POLL_S = 2.0

THREAD_CONFIG = dg.Field(
    {
        "max_workers": dg.Field(int, default_value=12, description="Steps that may run at the same time."),
        "termination_grace_s": dg.Field(
            float, default_value=10.0, description="Seconds a cancelled step has to stop before it is left behind."
        ),
        "retries": get_retries_config(),
        "tag_concurrency_limits": get_tag_concurrency_limits_config(),
    },
    description="Run every step in a thread of the run's process.",
)


@dataclass(slots=True)
class _Running:
    """One attempt at a step, in its thread. The thread only writes to `events`; None as the last means that it is done.

    An attempt hands over itself, not the step's key: the next attempt may start before this one's last word is read.
    """

    context: StepExecutionContext
    events: queue.SimpleQueue[tuple[_Running, DagsterEvent | BaseException | None]]
    thread: threading.Thread = field(init=False)
    is_left_behind: bool = False

    def start(self) -> None:
        target = partial(contextvars.copy_context().run, self._run)
        # Daemon: a step that cannot be stopped must not keep the process alive.
        self.thread = threading.Thread(target=target, name=f"step {self.context.step.key}", daemon=True)
        self.thread.start()

    def _run(self) -> None:
        seen, loop = [], asyncio.new_event_loop()
        self.context._event_loop = loop  # an event loop belongs to one thread: async steps need one each
        try:
            for event in dagster_event_sequence_for_step(self.context):
                seen.append(event)
                self.events.put((self, event))
            for event in _trigger_hook(self.context, seen):
                self.events.put((self, event))
        except BaseException as error:  # noqa: BLE001 - handed to the parent, which raises it
            self.events.put((self, error))
        finally:
            self.events.put((self, None))
            loop.close()

    def interrupt(self) -> None:
        if self.thread.ident is not None:
            ctypes.pythonapi.PyThreadState_SetAsyncExc(
                ctypes.c_ulong(self.thread.ident), ctypes.py_object(DagsterExecutionInterruptedError)
            )


class ThreadExecutor(dg.Executor):
    """See the module. `max_workers` steps at a time, in the order of their `dagster/priority`."""

    def __init__(
        self,
        *,
        max_workers: int,
        retries: RetryMode = RetryMode.ENABLED,
        termination_grace_s: float = 10.0,
        tag_concurrency_limits: Sequence[dict[str, Any]] = (),
    ) -> None:
        self._max_workers = max_workers
        self._retries = retries
        self._grace_s = termination_grace_s
        self._tag_concurrency_limits = list(tag_concurrency_limits)

    @property
    def retries(self) -> RetryMode:
        return self._retries

    def execute(self, plan_context: PlanOrchestrationContext, execution_plan: ExecutionPlan) -> Iterator[DagsterEvent]:
        keep_connections(plan_context.instance)
        keys = execution_plan.step_keys_to_execute
        yield DagsterEvent.engine_event(
            plan_context,
            f"Executing steps in up to {self._max_workers} threads (pid: {os.getpid()})",
            EngineEventData.in_process(os.getpid(), keys),
        )
        prior: list[DagsterEvent] = []
        if plan_context.resume_from_failure:
            entries = plan_context.instance.all_logs(plan_context.run_id, of_type=set(DagsterEventType))
            prior = [entry.dagster_event for entry in entries if entry.dagster_event is not None]
            yield from prior  # what failed before the resumption still fails the run
        yield from ExecuteRunWithPlanIterable(
            execution_plan=plan_context.execution_plan,
            iterator=partial(self._steps, prior=prior),
            execution_context_manager=PlanExecutionContextManager(
                job=plan_context.job,
                retry_mode=plan_context.retry_mode,
                execution_plan=plan_context.execution_plan,
                run_config=plan_context.run_config,
                dagster_run=plan_context.dagster_run,
                instance=plan_context.instance,
                raise_on_error=plan_context.raise_on_error,
                output_capture=plan_context.output_capture,
            ),
        )

    def _steps(
        self, job_context: PlanExecutionContext, execution_plan: ExecutionPlan, prior: Sequence[DagsterEvent]
    ) -> Iterator[DagsterEvent]:
        with ExitStack() as stack:
            pools = stack.enter_context(InstanceConcurrencyContext(job_context.instance, job_context.dagster_run))
            active = stack.enter_context(
                ActiveExecution(
                    execution_plan,
                    retry_mode=self._retries,
                    max_concurrent=self._max_workers,
                    tag_concurrency_limits=self._tag_concurrency_limits,
                    instance_concurrency_context=pools,
                )
            )
            if own_process(job_context.dagster_run.tags) is None:
                # Capturing redirects the process's own file descriptors, which are ours only in a run worker.
                yield from _capture_logs(stack, job_context, execution_plan)
            yield from self._loop(active, job_context, _replay(active, prior) if prior else [])

    def _loop(
        self, active: ActiveExecution, job_context: PlanExecutionContext, again: Sequence[Any]
    ) -> Iterator[DagsterEvent]:
        events: queue.SimpleQueue[tuple[_Running, DagsterEvent | BaseException | None]] = queue.SimpleQueue()
        running: dict[str, _Running] = {}
        error: BaseException | None = None
        stop_at: float | None = None
        status_at = time.monotonic() + STATUS_POLL_S
        to_start = list(again)
        try:
            while True:
                if stop_at is None:
                    yield from active.plan_events_iterator(job_context)
                    to_start += active.get_steps_to_execute(limit=self._max_workers - len(running) - len(to_start))
                    yield from active.concurrency_event_iterator(job_context)
                    for step in to_start:
                        known = active.get_known_state()
                        known = known._replace(ready_outputs=set(known.ready_outputs))  # the parent goes on adding
                        running[step.key] = _Running(job_context.for_step(step, known), events)
                        running[step.key].start()
                    to_start = []
                # Asked only after `get_steps_to_execute`, which resolves what dynamic outputs have added.
                if not running and (stop_at is not None or active.is_complete):
                    break
                for attempt, event in _take(events, wait_s=_wait_s(active, running)):
                    key = attempt.context.step.key
                    if attempt.is_left_behind:
                        continue
                    if isinstance(event, DagsterEvent):
                        yield event
                        active.handle_event(event)
                    elif event is None:
                        if running.get(key) is attempt:
                            del running[key]
                            active.verify_complete(job_context, key)
                    elif not isinstance(event, DagsterExecutionInterruptedError | KeyboardInterrupt) or not stop_at:
                        error = error or event
                now = time.monotonic()
                is_stopping = error is not None or active.check_for_interrupts()
                if now > status_at:
                    status_at = now + STATUS_POLL_S
                    is_stopping = is_stopping or _is_cancelled(job_context)
                if stop_at is None and is_stopping:
                    stop_at = now + self._grace_s
                    active.mark_interrupted()
                    message = "Interrupting the steps that are running"
                    yield DagsterEvent.engine_event(job_context, message, EngineEventData.interrupted(list(running)))
                    for step_run in running.values():
                        step_run.interrupt()
                for step_run in running.values() if stop_at is not None else ():
                    if not step_run.thread.is_alive():
                        events.put((step_run, None))  # the interruption may have hit the thread's own last word
                if stop_at is not None and now > stop_at:
                    for step_run in running.values():
                        step_run.is_left_behind = True
                        failure = _left_behind(step_run.context, self._grace_s)
                        yield failure
                        active.handle_event(failure)
                    running.clear()
        finally:
            for step_run in running.values():
                step_run.interrupt()
        if error is not None:
            raise error
        if stop_at is not None:
            raise DagsterExecutionInterruptedError("The run was interrupted; its steps have stopped.")


def _take(events: queue.SimpleQueue[Any], *, wait_s: float) -> Iterator[Any]:
    """All events there are; waits for the first one only."""
    try:
        yield events.get(timeout=wait_s)
        while True:
            yield events.get_nowait()
    except queue.Empty:
        return


def _wait_s(active: ActiveExecution, running: dict[str, _Running]) -> float:
    """Seconds until something may have changed without an event: a retry that is due, a free pool, a signal."""
    due_s = active.sleep_interval()
    if due_s > 0:
        return min(due_s, POLL_S)
    return POLL_S if running or due_s < 0 else 0.005


def _is_cancelled(job_context: PlanExecutionContext) -> bool:
    """Whether somebody asked for it where no signal reaches this process."""
    run = job_context.instance.get_run_by_id(job_context.run_id)
    return run is not None and run.status in (dg.DagsterRunStatus.CANCELING, dg.DagsterRunStatus.CANCELED)


def _left_behind(context: StepExecutionContext, grace_s: float) -> DagsterEvent:
    message = f"The step did not stop within {grace_s:g} s of the interruption and was left behind."
    error = SerializableErrorInfo(message, [], DagsterExecutionInterruptedError.__name__)
    data = StepFailureData(error=error, user_failure_data=None, error_source=ErrorSource.INTERRUPT)
    return DagsterEvent.step_failure_event(context, data)


def _capture_logs(
    stack: ExitStack, job_context: PlanExecutionContext, execution_plan: ExecutionPlan
) -> Iterator[DagsterEvent]:
    """Standard output and error of the whole process: threads share them."""
    manager = job_context.instance.compute_log_manager
    key = manager.build_log_key_for_run(job_context.run_id, create_compute_log_file_key())
    try:
        log_context = stack.enter_context(manager.capture_logs(key))
    except Exception:  # noqa: BLE001 - a run without captured output is better than no run; said in the event log
        data = EngineEventData.engine_error(serializable_error_info_from_exc_info(sys.exc_info()))
        yield DagsterEvent.engine_event(job_context, "The output of this run is not captured", data)
        return
    steps = [step.key for step in execution_plan.get_steps_to_execute_in_topo_order()]
    yield DagsterEvent.capture_logs(job_context, steps, key, log_context)


def _replay(active: ActiveExecution, events: Sequence[DagsterEvent]) -> list[Any]:
    """Bring `active` to where the dead process was; return the steps it had started and not finished.

    As `ActiveExecution.rebuild_from_events`, which fails on skipped steps and on steps retried after a delay.
    """
    active.get_steps_to_execute()
    for event in events:
        if event.is_step_skipped:
            for step in active.get_steps_to_skip():
                active.mark_skipped(step.key)
        elif event.is_step_up_for_retry and event.step_key is not None:
            active.mark_up_for_retry(event.step_key)
        elif event.step_key is not None:
            active.handle_event(event)
        active.get_steps_to_execute()
    return [active.get_step_by_key(key) for key in sorted(active._in_flight)]


def _thread_executor(config: Any) -> ThreadExecutor:
    return ThreadExecutor(
        max_workers=config["max_workers"],
        retries=RetryMode.from_config(config["retries"]) or RetryMode.ENABLED,
        termination_grace_s=config["termination_grace_s"],
        tag_concurrency_limits=config.get("tag_concurrency_limits") or (),
    )


@dg.executor(name="thread", config_schema=THREAD_CONFIG)
def thread_executor(init_context: dg.InitExecutorContext) -> dg.Executor:
    """Steps side by side in threads of the run's process."""
    return _thread_executor(init_context.executor_config)


@dg.executor(
    name="thread_or_process",
    config_schema=dg.Field(
        dg.Selector({"thread": THREAD_CONFIG, "multiprocess": MULTI_PROC_CONFIG, "in_process": IN_PROC_CONFIG}),
        default_value={"thread": {}},
    ),
    requirements=_get_default_executor_requirements,
)
def thread_or_process_executor(init_context: dg.InitExecutorContext) -> dg.Executor:
    """Threads unless the run's config chooses `multiprocess` or `in_process`: `execution: {config: {thread: {}}}`."""
    config: Any = init_context.executor_config
    if "multiprocess" in config:
        return _core_multiprocess_executor_creation(config["multiprocess"])
    if "in_process" in config:
        return _core_in_process_executor_creation(config["in_process"])
    return _thread_executor(config["thread"])
