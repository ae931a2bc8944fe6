"""Runs that died without a word: their questions must not stay "running" for ever."""

import dagster as dg

from assets.own_process import own_process
from gemba.events.types import InvestigationFailed
from gemba.investigation import question_stream
from gemba.store.ports import Archive
from sensors.intake import INVESTIGATION

PARTITION_TAG = "dagster/partition"
UNFINISHED = [dg.DagsterRunStatus.NOT_STARTED, dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED]


def record_death(archive: Archive, run: dg.DagsterRun, message: str) -> bool:
    """Record that the run's investigation failed. False if the run said itself how it ended, or is none."""
    partition = run.tags.get(PARTITION_TAG)
    record = archive.question(partition) if partition and run.job_name == INVESTIGATION else None
    if record is None or record.state != "running" or record.run_id != run.run_id:
        return False
    event = InvestigationFailed(run_id=run.run_id, kind="run_failed", message=message, hint="see the run in Dagit")
    archive.record(question_stream(record.partition_key), event)
    return True


@dg.run_status_sensor(
    name="failed_investigation_sensor",
    run_status=dg.DagsterRunStatus.FAILURE,
    minimum_interval_seconds=10,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Records an investigation as failed when its run failed without recording so itself (killed, lost).",
)
def failed_investigation_sensor(
    context: dg.RunStatusSensorContext, archive: dg.ResourceParam[Archive]
) -> dg.SkipReason | None:
    message = context.dagster_event.message or "the run ended without a word"
    if not record_death(archive, context.dagster_run, message):
        return dg.SkipReason("the run said itself how it ended")
    return None


@dg.sensor(
    name="lost_run_sensor",
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Ends runs whose process is gone: `gemba ask` executes its investigation itself, and a killed process can "
        "record nothing. Only processes of this host can be seen."
    ),
)
def lost_run_sensor(context: dg.SensorEvaluationContext, archive: dg.ResourceParam[Archive]) -> dg.SkipReason:
    lost = 0
    for run in context.instance.get_runs(dg.RunsFilter(statuses=UNFINISHED)):
        process = own_process(run.tags)
        if process is None or not process.is_gone():
            continue
        message = f"process {process.pid} on {process.host} ended before its run did"
        context.instance.report_run_failed(run, message)
        record_death(archive, run, message)
        context.log.info(f"{run.run_id}: {message}")
        lost += 1
    return dg.SkipReason(f"{lost} runs had lost their process" if lost else "every run has its process")
