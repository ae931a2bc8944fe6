"""Runs an investigation as a Dagster run in the calling process: for `gemba ask` when nothing else is up to run it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemba.errors import GembaError, InputError

if TYPE_CHECKING:
    import dagster as dg

LOCATION = "gemba"


def run_investigation(partition_key: str, *, reason: str, instance: dg.DagsterInstance | None = None) -> str:
    """Execute job `investigation` for a question, here and now, and return the run's id.

    The run is recorded like any other: Dagit shows it live. It is tagged with this process, so that nobody expects a
    worker of Dagster's behind it. Whatever comes of it is in the archive.

    Args:
        reason: Why it is investigated: asked, fresh, stale or backfill.
        instance: Where the run is recorded; that of `DAGSTER_HOME` if not given.

    Raises:
        InputError: There is no `DAGSTER_HOME`, or Dagster's storage cannot be reached.
    """
    import dagster as dg

    from pipelines import definitions

    if instance is not None:
        return execute(definitions.defs, partition_key, reason=reason, instance=instance)
    try:
        opened = dg.DagsterInstance.get()
    except dg.DagsterError as error:
        raise InputError(f"Dagster's storage: {error}", hint="set DAGSTER_HOME and GEMBA_DAGSTER_URL") from error
    with opened:
        return execute(definitions.defs, partition_key, reason=reason, instance=opened)


def execute(defs: dg.Definitions, partition_key: str, *, reason: str, instance: dg.DagsterInstance) -> str:
    """Execute the job of these definitions in this process.

    Raises:
        GembaError: The run ended before any step could record why.
    """
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run_iterator

    from assets.investigations import REASON_TAG
    from assets.keys import QUESTIONS
    from assets.own_process import OWN_PROCESS_TAG, this_process

    job = defs.resolve_job_def("investigation")
    instance.add_dynamic_partitions(str(QUESTIONS.name), [partition_key])
    run = instance.create_run_for_job(
        job,
        # Dagster's log goes to its storage; the screen belongs to the command.
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        asset_selection=job.asset_layer.selected_asset_keys,
        tags={
            "dagster/partition": partition_key,
            REASON_TAG: reason,
            OWN_PROCESS_TAG: this_process().tag,
            ".dagster/repository": f"__repository__@{LOCATION}",
        },
    )
    failure = None
    for event in execute_run_iterator(InMemoryJob(job), run, instance):
        if event.event_type_value == "PIPELINE_FAILURE" and not event.job_failure_data.first_step_failure_event:
            failure = event.message or "the run failed"
    if failure is not None:
        raise GembaError(failure, hint=f"run {run.run_id} in Dagit says more")
    return run.run_id
