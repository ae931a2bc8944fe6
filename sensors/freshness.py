"""Source freshness: answers whose data moved on are withdrawn, then investigated again.

Withdraw first: if the refresh fails, the answer is still known to be stale. What is withdrawn and not answered anew is
requested at every tick under the same run key, so a tick that dies in between loses nothing and starts nothing twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from assets.investigations import REASON_TAG
from assets.keys import QUESTIONS
from gemba.errors import GembaError
from gemba.events.types import InsightWithdrawn
from gemba.evidence.types import ReadEntry, Warehouse
from gemba.flight import is_free
from gemba.freshness import Freshness, moved_entries
from gemba.insights.types import Insight
from gemba.investigation import question_stream, utc_now
from gemba.semantics.model import SemanticModel
from gemba.store.ports import Archive, QuestionRecord
from sensors.intake import INVESTIGATION

Versions = Mapping[tuple[str, str], str | None]


def read_by(insights: Iterable[Insight]) -> tuple[ReadEntry, ...]:
    """Every partition that any of the insights read, once."""
    return tuple({(entry.source, entry.partition): entry for one in insights for entry in one.read_set}.values())


def refresh_request(row: Mapping[str, Any], record: QuestionRecord) -> dg.RunRequest:
    """A run that answers anew. The run key holds the version that was withdrawn and the attempt: a used key is skipped
    for ever, and one that left out the version would refresh a question only once."""
    return dg.RunRequest(
        run_key=f"{record.key}:{row['data_version']}:{row['insight_id']}:{record.attempts}",
        partition_key=record.partition_key,
        tags={REASON_TAG: "stale", "gemba/model": record.model},
    )


@dg.sensor(
    name="source_freshness_sensor",
    job_name=INVESTIGATION,
    minimum_interval_seconds=15,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Compares what current answers read with what their sources hold now. Withdraws what has moved on, and starts "
        "a new investigation of it. A source that cannot be read has neither changed nor not changed."
    ),
)
def source_freshness_sensor(
    context: dg.SensorEvaluationContext,
    archive: dg.ResourceParam[Archive],
    warehouse: dg.ResourceParam[Warehouse],
) -> dg.SensorResult | dg.SkipReason:
    withdrawn, unreadable = withdraw_stale(archive, warehouse)
    for key, state in withdrawn.items():
        context.log.info(f"withdrawn: {key}: {state.reason}")
    for model, error in unreadable.items():
        context.log.warning(f"the sources of {model} could not be read, nothing of it was judged: {error}")
    requests = []
    for row in archive.query("stale_insight"):
        record = archive.question(row["partition_key"])
        if record is None or record.state in ("running", "asked"):
            continue
        if is_free(archive, record.key, asker="source_freshness_sensor"):
            requests.append(refresh_request(row, record))
    if not requests:
        told = f"; could not read {', '.join(unreadable)}" if unreadable else ""
        return dg.SkipReason(f"every answer that could be judged matches its sources{told}")
    known = set(context.instance.get_dynamic_partitions("questions"))
    new = sorted({str(one.partition_key) for one in requests} - known)
    return dg.SensorResult(
        run_requests=requests, dynamic_partitions_requests=[QUESTIONS.build_add_request(new)] if new else []
    )


def withdraw_stale(archive: Archive, warehouse: Warehouse) -> tuple[dict[str, Freshness], dict[str, str]]:
    """Withdraw every current insight that is stale.

    Returns:
        What was withdrawn, by partition key; and the models whose sources could not be read, with the reason.
    """
    withdrawn: dict[str, Freshness] = {}
    unreadable: dict[str, str] = {}
    for record, model, insights in _by_model(archive):
        try:
            versions = warehouse.versions(model, read_by(one for _, one in insights))
        except GembaError as error:
            unreadable[record.model] = str(error)
            continue
        for known, insight in insights:
            state = judge(insight, versions)
            if not state.is_fresh:
                event = InsightWithdrawn(insight_id=insight.id, reason=state.reason, moved=state.moved)
                archive.record(question_stream(known.partition_key), event)
                withdrawn[known.partition_key] = state
    return withdrawn, unreadable


def judge(insight: Insight, versions: Versions) -> Freshness:
    """Whether the insight still is the answer, given what the sources hold now."""
    expired = insight.valid_until is not None and utc_now() >= insight.valid_until
    return Freshness(moved=moved_entries(insight.read_set, versions), expired=expired)


def _by_model(
    archive: Archive,
) -> Sequence[tuple[QuestionRecord, SemanticModel, list[tuple[QuestionRecord, Insight]]]]:
    """Current insights by the exact model that they were asked of, so that each source is read once a tick."""
    groups: dict[str, tuple[QuestionRecord, SemanticModel, list[tuple[QuestionRecord, Insight]]]] = {}
    for insight in archive.insights(current_only=True, limit=100_000):
        record = archive.question_by_key(insight.key)
        if record is None:
            continue
        if record.model_hash not in groups:
            groups[record.model_hash] = (record, SemanticModel.model_validate_json(record.model_yaml), [])
        groups[record.model_hash][2].append((record, insight))
    return list(groups.values())
