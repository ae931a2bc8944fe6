"""Steps and counters that the tests of the executor share. At module level: a job is found again by its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import dagster as dg

CALLS: Counter[str] = Counter()
FAIL_ONCE: set[str] = set()


def step_keys(result: dg.JobExecutionResult, event: dg.DagsterEventType) -> set[str | None]:
    return {found.step_key for found in result.all_events if found.event_type == event}


@dg.op
def total(numbers: list[int]) -> int:
    return sum(numbers)


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=0.2, backoff=dg.Backoff.EXPONENTIAL))
def flaky() -> int:
    CALLS["flaky"] += 1
    if CALLS["flaky"] < 3:
        raise ConnectionError("dropped")
    return CALLS["flaky"]


@dg.op
def after(number: int) -> int:
    return number + 1


@dg.op(out={"some": dg.Out(is_required=False), "none": dg.Out(is_required=False)})
def maybe() -> Iterator[dg.Output]:
    yield dg.Output(1, "some")


@dg.op
def chain(number: int) -> int:
    return number


@dg.op
def solid_step() -> int:
    CALLS["solid"] += 1
    return 1
