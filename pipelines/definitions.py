"""The code location: everything that Dagster runs, listed by name.

Loading it opens no connection. Its sources come from the models in use (`GEMBA_HOME/models`): after a model was put
into use or changed, reload the location in Dagit.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.checks import claims
from assets.investigations import build_findings, insight, question
from assets.source_checks import build_source_checks
from assets.sources import build_sources
from assets.tables import tables, tables_are_what_the_events_say
from gemba.settings import settings
from pipelines.executor import thread_or_process_executor
from pipelines.jobs import build_ask_job, example_question, investigation_job, observe_sources_job, tables_job
from pipelines.schedules import observe_sources_schedule, tables_schedule
from resources.bindings import production_resources
from resources.models import ModelFolder
from sensors.failed_runs import failed_investigation_sensor, lost_run_sensor
from sensors.freshness import source_freshness_sensor
from sensors.intake import question_intake_sensor


def build_definitions(
    resources: Mapping[str, Any] | None = None, *, models: ModelFolder | None = None
) -> dg.Definitions:
    """All definitions.

    Args:
        resources: Replaces bindings by name: tests give in-memory objects.
        models: The models whose sources become assets; those in use if not given.
    """
    folder = models if models is not None else ModelFolder(settings().models)
    readable, broken = folder.readable()
    for name, problem in broken.items():
        dg.get_dagster_logger().warning(f"model {name} is left out: {problem}")
    example, model = example_question(folder)
    sources = build_sources(readable)
    return dg.Definitions(
        assets=[question, build_findings(), insight, tables, *sources],
        asset_checks=[claims, tables_are_what_the_events_say, *build_source_checks(readable)],
        jobs=[
            investigation_job,
            build_ask_job(question=example, model=model),
            tables_job,
            *([observe_sources_job] if sources else []),
        ],
        schedules=[tables_schedule, *([observe_sources_schedule] if sources else [])],
        sensors=[question_intake_sensor, source_freshness_sensor, failed_investigation_sensor, lost_run_sensor],
        resources={**production_resources(), **(resources or {})},
        executor=thread_or_process_executor,
    )


defs = build_definitions()
