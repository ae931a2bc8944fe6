"""Investigations: a question is a partition, its materialisations are the history of its answer.

`question` → `findings` (plan → gather → every agent side by side → weigh) → blocking checks → `insight`.
The partition key is the only parameter: every step reads the typed question from the archive by it.
"""

import time
from collections.abc import Iterator
from typing import Any

import dagster as dg

from assets.failures import RETRIES, failures_recorded
from assets.keys import FINDINGS, INSIGHT, QUESTION, QUESTIONS
from assets.own_process import own_process
from assets.reading import of_insight, of_outcome, of_plan, of_question, sql_of
from assets.steps import Asked, Gathered, Weighed
from gemba.agents import registry
from gemba.agents.base import Agent
from gemba.errors import RefusedError
from gemba.flight import Flights
from gemba.insights.types import Gap, Outcome
from gemba.investigation import Investigator
from gemba.planning.types import Plan

GROUP = "investigations"
OWNERS = ["team:analytics"]
REASON_TAG = "gemba/reason"


@dg.asset(
    key=QUESTION,
    partitions_def=QUESTIONS,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python"},
    description=(
        "A typed question: metric, filters, windows, baseline. One partition a question. New partitions come from "
        "`gemba ask`, from the job `ask`, or from a row inserted into the view `gemba.question`."
    ),
    retry_policy=RETRIES,
    output_required=False,
)
def question(
    context: dg.AssetExecutionContext,
    investigator: dg.ResourceParam[Investigator],
    flights: dg.ResourceParam[Flights],
) -> Iterator[dg.Output[Asked] | dg.AssetObservation]:
    """Record that this run works on the question, unless somebody else does."""
    op_context = context.op_execution_context
    with failures_recorded(op_context, investigator):
        record = investigator.question(context.partition_key)
        if not _alone(op_context, flights, record.key):
            yield _taken(op_context, QUESTION)
            return
        investigator.start(context.partition_key, context.run_id, executor="dagster", reason=_reason(context, record))
        shown = of_question(record, model=investigator.model(record))
    yield dg.Output(Asked(partition_key=context.partition_key), metadata=shown)


@dg.op(
    name="plan",
    out=dg.Out(is_required=False, description="Nothing when the question is refused."),
    retry_policy=RETRIES,
    description="Chooses which agents look at what evidence, and within which bounds.",
)
def plan_analyses(
    context: dg.OpExecutionContext,
    asked: Asked,
    investigator: dg.ResourceParam[Investigator],
    flights: dg.ResourceParam[Flights],
) -> Iterator[dg.Output[Plan] | dg.AssetObservation]:
    try:
        with failures_recorded(context, investigator):
            # Taken already, unless somebody materialises `findings` without `question`.
            if not _alone(context, flights, investigator.question(asked.partition_key).key):
                yield _taken(context, FINDINGS)
                return
            plan = investigator.plan(asked.partition_key, context.run_id)
    except RefusedError as refusal:
        yield from _refused(context, refusal)
        return
    yield dg.Output(plan, metadata=of_plan(plan))


@dg.op(
    out=dg.Out(is_required=False, description="Nothing when the sources hold nothing for the question."),
    retry_policy=RETRIES,
    pool="sources",
    description="Fetches aggregates, pushed down to the sources, and keeps them under their data version.",
)
def gather(
    context: dg.OpExecutionContext, plan: Plan, investigator: dg.ResourceParam[Investigator]
) -> Iterator[dg.Output[Gathered]]:
    started = time.perf_counter()
    try:
        with failures_recorded(context, investigator):
            data_version = investigator.gather(context.partition_key, context.run_id, plan)
            manifest = investigator.evidence.manifest(data_version)
    except RefusedError as refusal:
        yield from _refused(context, refusal)
        return
    queries = manifest.get("queries") or []
    yield dg.Output(
        Gathered(plan=plan, data_version=data_version),
        metadata={
            "data version": data_version,
            "queries": len(queries),
            "rows": sum(one["rows"] for one in queries),
            "seconds": round(time.perf_counter() - started, 3),
            "SQL": sql_of(manifest),
        },
    )


def agent_op(agent: Agent) -> dg.OpDefinition:
    """A named step for an agent, so that Dagit shows each with its own log and timing.

    It returns exactly one outcome whatever happens: the fan-in must always run. Only a transient failure of the
    world is retried; after the last attempt it is a gap as well.
    """

    @dg.op(name=agent.name, description=agent.description, retry_policy=RETRIES, tags={"gemba/agent": agent.name})
    def look(
        context: dg.OpExecutionContext, gathered: Gathered, investigator: dg.ResourceParam[Investigator]
    ) -> dg.Output[Any]:
        started = time.perf_counter()
        outcome = _look(context, investigator, agent.name, gathered)
        if isinstance(outcome, Gap):
            context.log.warning(f"{agent.name} could not look: {outcome.message}")
        return dg.Output(outcome, metadata=of_outcome(outcome, time.perf_counter() - started))

    return look


def _look(context: dg.OpExecutionContext, investigator: Investigator, agent: str, gathered: Gathered) -> Outcome:
    from assets.failures import is_transient

    try:
        return investigator.look(context.partition_key, context.run_id, agent, gathered.plan, gathered.data_version)
    except Exception as error:
        if is_transient(error) and context.retry_number < RETRIES.max_retries:
            raise
        context.log.exception(f"{agent} could not look")
        return Gap(agent=agent, reason="error", message=f"{type(error).__name__}: {error}")


@dg.op(
    retry_policy=RETRIES,
    description="Puts all outcomes together: one false-discovery control over all tests, confidence, ranking, wording.",
)
def weigh(
    context: dg.OpExecutionContext,
    gathered: Gathered,
    outcomes: list[Any],
    investigator: dg.ResourceParam[Investigator],
) -> dg.Output[Weighed]:
    with failures_recorded(context, investigator):
        weighed = investigator.weigh(context.partition_key, context.run_id, gathered.plan, outcomes)
    gaps = "\n".join(f"* {gap.agent}: {gap.message}" for gap in weighed.gaps)
    return dg.Output(
        Weighed(plan=gathered.plan, data_version=gathered.data_version, weighed=weighed.model_dump(mode="json")),
        metadata={
            "answer, before its checks": weighed.summary,
            "claims": len(weighed.claims),
            "tests": weighed.tests_run,
            "gaps": dg.MetadataValue.md(gaps or "none"),
        },
    )


def build_findings() -> dg.AssetsDefinition:
    """The graph asset `findings` with one step for each agent that is installed."""
    looks = [agent_op(agent) for agent in registry.agents().values()]

    @dg.graph_asset(
        key=FINDINGS,
        ins={"asked": dg.AssetIn(key=QUESTION)},
        partitions_def=QUESTIONS,
        group_name=GROUP,
        owners=OWNERS,
        kinds={"python", "polars"},
        description=(
            "What the agents found, weighed together and not yet shown to anyone. Open it to see every agent. "
            "Its checks must pass before an insight is published."
        ),
    )
    def findings(asked: Any) -> Any:
        gathered = gather(plan_analyses(asked))
        return weigh(gathered, [look(gathered) for look in looks])

    return findings


@dg.asset(
    key=INSIGHT,
    ins={"findings": dg.AssetIn(key=FINDINGS)},
    partitions_def=QUESTIONS,
    group_name=GROUP,
    owners=OWNERS,
    kinds={"python", "postgres"},
    description=(
        "The answer that readers see, until the data it read changes. Its metadata shows question, answer, chart and "
        "claims; its history is the history of the answer."
    ),
    retry_policy=RETRIES,
)
def insight(
    context: dg.AssetExecutionContext, findings: Weighed, investigator: dg.ResourceParam[Investigator]
) -> dg.Output[str]:
    """Publish the claims that passed their checks, and bring the tables up to date."""
    from gemba.insights.review import review
    from gemba.insights.weigh import Weighed as Claims

    weighed = Claims.model_validate(findings.weighed)
    verdict = review(weighed, findings.plan)
    if not verdict.may_publish:
        # The check before this step says the same; this one also stands when somebody selects this asset alone.
        investigator.withhold(context.partition_key, context.run_id, "; ".join(verdict.reasons))
        raise dg.Failure("Not published: " + "; ".join(verdict.reasons), allow_retries=False)
    with failures_recorded(context.op_execution_context, investigator):
        published = investigator.publish(
            context.partition_key, context.run_id, findings.plan, weighed, findings.data_version
        )
        investigator.archive.query("insight_current", limit=1)  # the tables catch up before the run ends
        record = investigator.question(context.partition_key)
    shown = {"question": dg.MetadataValue.md(f"**{' '.join(record.text.split())}**"), **of_insight(published)}
    return dg.Output(published.id, metadata=shown)


def _alone(context: dg.OpExecutionContext, flights: Flights, key: str) -> bool:
    """Whether this run holds the question's lease, from now to its end. `gemba ask` holds it around its own runs."""
    return own_process(context.run.tags) is not None or flights.hold(key, holder=f"run/{context.run_id}")


def _taken(context: dg.OpExecutionContext, asset: dg.AssetKey) -> dg.AssetObservation:
    said = "already being investigated, by somebody else: this run has nothing to do"
    context.log.info(said)
    return dg.AssetObservation(asset_key=asset, partition=context.partition_key, metadata={"not started": said})


def _reason(context: dg.AssetExecutionContext, record: Any) -> str:
    tags = context.run.tags
    if REASON_TAG in tags:
        return tags[REASON_TAG]
    if "dagster/backfill" in tags:
        return "backfill"
    return "fresh" if record.attempts else "asked"


def _refused(context: dg.OpExecutionContext, refusal: RefusedError) -> Iterator[Any]:
    """A refusal is an answer: shown on the asset, recorded by the phase, and the rest of the run is skipped."""
    context.log.info(f"refused: {refusal}")
    yield dg.AssetObservation(
        asset_key=FINDINGS,
        partition=context.partition_key,
        metadata={
            "refused": str(refusal),
            "reason": refusal.reason,
            "missing": refusal.missing,
            "nearest": ", ".join(refusal.nearest) or "nothing close",
        },
    )
