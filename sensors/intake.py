"""Question intake: a submitted text becomes a question, a partition, and a run."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import dagster as dg

from assets.investigations import REASON_TAG
from assets.keys import QUESTIONS
from gemba.evidence.types import Warehouse
from gemba.flight import is_free
from gemba.intake import read_submission
from gemba.investigation import utc_now
from gemba.store.ports import Archive, QuestionRecord
from resources.models import ModelFolder
from sensors.askers import askers

INVESTIGATION = "investigation"
MOST_A_TICK = 20
PATIENCE = timedelta(seconds=20)
"""A question younger than this may be about to run in the process of whoever asked it."""


def waiting(questions: Iterable[QuestionRecord], *, just_read: set[str], now: datetime) -> tuple[QuestionRecord, ...]:
    """Questions that were asked and that nobody has started to investigate.

    Not only those of this tick: a tick that died between reading and requesting lost none.
    """
    return tuple(
        record
        for record in questions
        if record.state == "asked" and (record.partition_key in just_read or now - record.asked_at > PATIENCE)
    )


def first_request(record: QuestionRecord) -> dg.RunRequest:
    """Its run key is used once: whatever else asks for the first investigation of this question asks for this run."""
    return dg.RunRequest(
        run_key=f"{record.key}:first:{record.attempts}",
        partition_key=record.partition_key,
        tags={REASON_TAG: "asked", "gemba/model": record.model},
    )


@dg.sensor(
    name="question_intake_sensor",
    job_name=INVESTIGATION,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads submitted questions (a row inserted into `gemba.question`, the job `ask`) and starts their run.",
)
def question_intake_sensor(
    context: dg.SensorEvaluationContext,
    archive: dg.ResourceParam[Archive],
    models: dg.ResourceParam[ModelFolder],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.SensorResult | dg.SkipReason:
    asker_of = askers(models, archive, warehouse)
    just_read: set[str] = set()
    for submission in archive.submissions(limit=MOST_A_TICK):
        read = read_submission(submission, archive=archive, asker_of=asker_of)
        context.log.info(f"{submission.text!r}: {read.status} {read.partition_key or read.text}")
        if read.partition_key is not None:
            just_read.add(read.partition_key)
    found = [
        record
        for record in waiting(archive.questions(state="asked"), just_read=just_read, now=utc_now())
        if is_free(archive, record.key, asker="question_intake_sensor")
    ]
    if not found:
        return dg.SkipReason("no question waits")
    keys = [record.partition_key for record in found]
    known = set(context.instance.get_dynamic_partitions("questions"))
    new = [key for key in keys if key not in known]
    return dg.SensorResult(
        run_requests=[first_request(record) for record in found],
        dynamic_partitions_requests=[QUESTIONS.build_add_request(new)] if new else [],
    )
