"""The jobs: `investigation` answers one question, `ask` takes a text, `observe_sources` and `tables` keep house."""

import warnings
from typing import Any

import dagster as dg

from assets.keys import FINDINGS, INSIGHT, QUESTION, QUESTIONS
from gemba.errors import GembaError
from gemba.evidence.types import Warehouse
from gemba.intake import submit
from gemba.questions.types import Clarification, Refusal
from gemba.store.ports import Archive
from pipelines.executor import thread_executor, thread_or_process_executor
from resources.models import ModelFolder
from sensors.askers import askers
from sensors.intake import INVESTIGATION

investigation_job = dg.define_asset_job(
    name=INVESTIGATION,
    selection=dg.AssetSelection.assets(QUESTION, FINDINGS, INSIGHT),
    partitions_def=QUESTIONS,
    description="Answers one question. The partition is the question, and the only parameter.",
    executor_def=thread_or_process_executor,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore", dg.BetaWarning)  # `include_sources` is beta in 1.13; the tests hold it
    observe_sources_job = dg.define_asset_job(
        name="observe_sources",
        selection=dg.AssetSelection.groups("sources", include_sources=True),
        description="Reads the content versions of every source, and records what has moved.",
        executor_def=thread_or_process_executor,
    )

tables_job = dg.define_asset_job(
    name="tables",
    selection=dg.AssetSelection.groups("tables"),
    description="Brings the tables for analysts up to date and proves that they equal the events.",
    executor_def=thread_or_process_executor,
)


def build_ask_job(*, question: str, model: str) -> dg.JobDefinition:
    """The job `ask`, with a question and a model to start with in the Launchpad."""

    @dg.op(
        name="read_question",
        config_schema={
            "question": dg.Field(str, default_value=question, description="In plain words."),
            "model": dg.Field(str, default_value=model, description="Name of a model in use."),
        },
        description="Reads the question. If it is understood, its investigation starts in seconds, as its own run.",
    )
    def read_question(
        context: dg.OpExecutionContext,
        archive: dg.ResourceParam[Archive],
        models: dg.ResourceParam[ModelFolder],
        warehouse: dg.ResourceParam[Warehouse],
    ) -> dg.Output[str]:
        text, name = context.op_config["question"], context.op_config["model"]
        asker_of = askers(models, archive, warehouse)
        try:
            found = asker_of(name).resolve(text)
        except GembaError as error:
            said = f"{error}" + (f" — {error.hint}" if error.hint else "")
            raise dg.Failure(said, metadata={"what to do": error.hint or "—"}, allow_retries=False) from error
        said = _said(found, asker_of(name).model)
        if not isinstance(found, Clarification | Refusal):
            submit(archive, text, name, asked_by="dagit")
            said["next"] = (
                "The investigation starts within seconds: see Runs, or the newest partition of investigations/insight. "
                "The sensor question_intake_sensor must be running."
            )
        return dg.Output(found.status, metadata={"question": text, **said})

    @dg.job(
        name="ask",
        executor_def=thread_executor,
        description="Ask in plain words: open the Launchpad, write a question, launch.",
    )
    def ask_job() -> None:
        read_question()

    return ask_job


def _said(found: Any, model: Any) -> dict[str, Any]:
    from gemba.questions.describe import describe

    if isinstance(found, Clarification):
        readings = "\n".join(f"{number}. {one.reading}" for number, one in enumerate(found.choices, start=1))
        return {"needs to know": found.text, "readings": dg.MetadataValue.md(readings)}
    if isinstance(found, Refusal):
        nearest = ", ".join(found.nearest) or "nothing close"
        return {"refused": found.text, "reason": found.reason, "missing": found.missing, "nearest": nearest}
    return {
        "understood as": describe(found.question, model=model),
        "assumed": "; ".join(found.assumptions) or "nothing",
    }


def example_question(models: ModelFolder) -> tuple[str, str]:
    """A question and a model that the Launchpad starts with, without reading any source."""
    readable, _ = models.readable()
    for name, model in readable.items():
        metric = "scrap_rate" if "scrap_rate" in model.metrics else next(iter(model.metrics))
        word = model.metrics[metric].synonyms[0] if model.metrics[metric].synonyms else metric.replace("_", " ")
        return f"Why did {word} rise last week?", name
    return "Why did scrap rise last week?", "factory"
