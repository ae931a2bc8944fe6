"""Runs a job as a Dagster run in the calling process: for `gemba ask`, which shall not wait for a worker to start."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from gemba.errors import GembaError, InputError
from gemba.settings import REPOSITORY

if TYPE_CHECKING:
    import dagster as dg
    from dagster._core.remote_origin import RemoteJobOrigin

LOCATION = "gemba"


def run_investigation(
    partition_key: str,
    *,
    reason: str,
    instance: dg.DagsterInstance | None = None,
    definitions: dg.Definitions | None = None,
) -> str:
    """Execute job `investigation` for a question, here and now, and return the run's id.

    The run is recorded like any other: Dagit shows it live. It is tagged with this process, so that nobody expects a
    worker of Dagster's behind it. Whatever comes of it is in the archive.

    Args:
        reason: Why it is investigated: asked, fresh, stale or backfill.
        instance: Where the run is recorded; that of `DAGSTER_HOME` if not given.
        definitions: With what it works; those of the code location if not given.

    Raises:
        InputError: There is no `DAGSTER_HOME`, or Dagster's storage cannot be reached.
    """
    if definitions is None:
        from pipelines.definitions import defs as definitions
    with opened(instance) as found:
        return execute(definitions, partition_key, reason=reason, instance=found)


def observe_sources(*only: tuple[str, str], instance: dg.DagsterInstance | None = None) -> str:
    """Execute job `observe_sources` here and now: content versions and health checks of every source of every model.

    Args:
        only: Observe these alone: names of model and source.

    Returns:
        The run's id. A check that does not hold is a warning and fails nothing.

    Raises:
        InputError: As `run_investigation`; or no model is in use.
        GembaError: A source could not be read. What was read of the others is recorded.
    """
    import dagster as dg

    from assets.keys import source_key
    from pipelines.definitions import build_definitions

    with opened(instance) as found:
        job = build_definitions().resolve_job_def("observe_sources")
        if only:
            job = job.get_subset(asset_selection={source_key(model, source) for model, source in only})
        run_id = _executed(job, instance=found, tags={})
        run = found.get_run_by_id(run_id)
        if run is None or run.status != dg.DagsterRunStatus.SUCCESS:
            raise GembaError("a source could not be observed", hint=f"run {run_id} in Dagit says which and why")
        return run_id


def execute(defs: dg.Definitions, partition_key: str, *, reason: str, instance: dg.DagsterInstance) -> str:
    """Execute the job `investigation` of these definitions in this process.

    Raises:
        GembaError: The run ended before any step could record why.
    """
    from assets.investigations import REASON_TAG
    from assets.keys import QUESTIONS

    instance.add_dynamic_partitions(str(QUESTIONS.name), [partition_key])
    tags = {"dagster/partition": partition_key, REASON_TAG: reason}
    return _executed(defs.resolve_job_def("investigation"), instance=instance, tags=tags)


def _executed(job: dg.JobDefinition, *, instance: dg.DagsterInstance, tags: Mapping[str, str]) -> str:
    from dagster._core.definitions.job_base import InMemoryJob
    from dagster._core.execution.api import execute_run_iterator

    from assets.own_process import OWN_PROCESS_TAG, this_process

    run = instance.create_run_for_job(
        job,
        # Dagster's log goes to its storage; the screen belongs to the command.
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        asset_selection=job.asset_layer.selected_asset_keys,
        tags={**tags, OWN_PROCESS_TAG: this_process().tag, ".dagster/repository": f"__repository__@{LOCATION}"},
        remote_job_origin=_origin(job.name),
    )
    failure = None
    for event in execute_run_iterator(InMemoryJob(job), run, instance):
        if event.event_type_value == "PIPELINE_FAILURE" and not event.job_failure_data.first_step_failure_event:
            failure = event.message or "the run failed"
    if failure is not None:
        raise GembaError(failure, hint=f"run {run.run_id} in Dagit says more")
    return run.run_id


def _origin(job: str) -> RemoteJobOrigin:
    """Where Dagit finds the job, so that it offers to execute the run again: what `workspace.yaml` names."""
    from dagster._core.remote_origin import ManagedGrpcPythonEnvCodeLocationOrigin, RemoteRepositoryOrigin
    from dagster._core.types.loadable_target_origin import LoadableTargetOrigin

    target = LoadableTargetOrigin(
        executable_path=sys.executable,
        python_file=str(REPOSITORY / "pipelines" / "definitions.py"),
        working_directory=str(REPOSITORY),
        attribute="defs",
    )
    location = ManagedGrpcPythonEnvCodeLocationOrigin(loadable_target_origin=target, location_name=LOCATION)
    return RemoteRepositoryOrigin(location, "__repository__").get_job_origin(job)


@contextmanager
def opened(instance: dg.DagsterInstance | None = None) -> Iterator[dg.DagsterInstance]:
    """The given instance, or that of `DAGSTER_HOME`, opened and closed again.

    Raises:
        InputError: There is no `DAGSTER_HOME`, or Dagster's storage cannot be reached.
    """
    import dagster as dg

    from pipelines.storage import keep_connections

    if instance is not None:
        yield instance
        return
    try:
        found = dg.DagsterInstance.get()
    except dg.DagsterError as error:
        raise InputError(f"Dagster's storage: {error}", hint="set DAGSTER_HOME and GEMBA_DAGSTER_URL") from error
    with found:
        keep_connections(found)
        yield found
