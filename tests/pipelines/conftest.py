"""What the tests of the executor run on: Dagster's own SQLite storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import dagster as dg
import pytest

from assets.own_process import OWN_PROCESS_TAG
from tests.pipelines.steps import CALLS, FAIL_ONCE


@pytest.fixture
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
