"""The sources of the models in use, observed: what they hold now, by content and not by time stamp.

One asset a source. Its data version in Dagster is a hash over the content versions of all partitions; the versions by
partition are a `SourceObserved` event, because an answer is withdrawn by the partitions it read (a season of daily
partitions would be hundreds of Dagster events an observation). See `docs/decisions/dagster-layer.md`.
"""

import hashlib
import json
import warnings
from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.keys import source_key
from gemba.errors import GembaError
from gemba.events.types import SourceObserved
from gemba.evidence.types import Warehouse
from gemba.semantics.model import SemanticModel, Source
from gemba.store.ports import Archive
from resources.models import ModelFolder

GROUP = "sources"


def moved_partitions(before: Mapping[str, str], now: Mapping[str, str]) -> dict[str, str | None]:
    """Partitions whose content is new or differs, with their version now; None for those that are gone."""
    changed: dict[str, str | None] = {name: version for name, version in now.items() if before.get(name) != version}
    changed.update(dict.fromkeys(before.keys() - now.keys()))
    return changed


def build_source(model_name: str, source_name: str, source: Source) -> Any:
    """The observable asset of one source. The model is read again at every observation: it may have changed."""

    @dg.observable_source_asset(
        key=source_key(model_name, source_name),
        group_name=GROUP,
        description=_description(model_name, source_name, source),
        metadata={
            "model": model_name,
            "place": source.files or source.connection or "",
            "table": source.table or "—",
            "one row is stamped by": source.time or "no time column",
            "content versions by": source.partition,
        },
        tags={"gemba/model": model_name},
    )
    def observe(
        context: dg.AssetExecutionContext,
        models: dg.ResourceParam[ModelFolder],
        warehouse: dg.ResourceParam[Warehouse],
        archive: dg.ResourceParam[Archive],
    ) -> dg.ObserveResult:
        try:
            versions = warehouse.partitions(models.model(model_name), source_name)
        except GembaError as error:
            # Could not be read is not empty: nothing is recorded, and nothing is withdrawn.
            raise dg.Failure(f"{error}", metadata={"what to do": error.hint or "see the traceback"}) from error
        moved = moved_partitions(archive.source_versions(model_name, source_name), versions)
        if moved:
            event = SourceObserved(model=model_name, source=source_name, versions=moved)
            archive.record(f"source/{model_name}/{source_name}", event)
        context.log.info(f"{len(versions)} partitions, {len(moved)} moved")
        shown = sorted(moved)[:50]
        return dg.ObserveResult(
            data_version=dg.DataVersion(whole_version(versions)),
            metadata={
                "partitions": len(versions),
                "moved since last observed": len(moved),
                "moved": dg.MetadataValue.md("\n".join(f"* {name}" for name in shown) or "none"),
                "first": min(versions, default="—"),
                "last": max(versions, default="—"),
            },
        )

    return observe


def build_sources(models: Mapping[str, SemanticModel]) -> list[Any]:
    """One observable asset for every source of every model."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)  # observable sources are beta in 1.13; the tests hold them
        return [
            build_source(model_name, source_name, source)
            for model_name, model in sorted(models.items())
            for source_name, source in model.sources.items()
        ]


def whole_version(versions: Mapping[str, str]) -> str:
    """Hash over the content versions of all partitions: 16 hex digits."""
    return hashlib.sha256(json.dumps(dict(sorted(versions.items()))).encode()).hexdigest()[:16]


def _description(model: str, name: str, source: Source) -> str:
    what = source.description or f"Source `{name}` of the model `{model}`."
    return f"{what}\n\nObserving it reads content versions, never rows. Answers that read what has moved are withdrawn."
