"""What runs by the clock."""

from __future__ import annotations

import dagster as dg

from pipelines.jobs import observe_sources_job, tables_job

tables_schedule = dg.ScheduleDefinition(
    name="tables_schedule",
    job=tables_job,
    cron_schedule="7 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Hourly: the tables for analysts still equal the events.",
)

observe_sources_schedule = dg.ScheduleDefinition(
    name="observe_sources_schedule",
    job=observe_sources_job,
    cron_schedule="*/30 * * * *",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Twice an hour: what the sources hold. The freshness sensor asks more often, about what answers read.",
)
