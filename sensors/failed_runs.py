"""A run that died without a word: its question must not stay "running" for ever."""

import dagster as dg

from gemba.events.types import InvestigationFailed
from gemba.investigation import question_stream
from gemba.store.ports import Archive
from sensors.intake import INVESTIGATION

PARTITION_TAG = "dagster/partition"


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
    run = context.dagster_run
    partition = run.tags.get(PARTITION_TAG)
    record = archive.question(partition) if partition and run.job_name == INVESTIGATION else None
    if record is None or record.state != "running" or record.run_id != run.run_id:
        return dg.SkipReason("the run said itself how it ended")
    message = context.dagster_event.message or "the run ended without a word"
    event = InvestigationFailed(run_id=run.run_id, kind="run_failed", message=message, hint="see the run in Dagit")
    archive.record(question_stream(record.partition_key), event)
    return None
