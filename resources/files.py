"""What passes between steps, as JSON files: pydantic values by run and step, written atomically.

No pickles: a file can be read by a person and by a later version. No memory: re-execution from failure needs what
the failed run had made. Frames do not pass here; they are Parquet under their data version.
"""

import json
import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import dagster as dg
from pydantic import BaseModel

from gemba.settings import settings

PACKAGES = ("gemba", "assets")


class JsonFiles(dg.ConfigurableIOManager):
    """Keeps a step's output at `runs/{run}/{step}/{output}.json`, and for an asset also by key and partition.

    The second copy is what a run reads that materialises only something downstream.

    Args:
        folder: Where; `GEMBA_HOME/storage` if empty. All workers must reach it.
    """

    folder: str = ""

    def handle_output(self, context: dg.OutputContext, obj: Any) -> None:
        if obj is None:
            return
        text = json.dumps(_packed(obj), ensure_ascii=False)
        path = self._run_path(context)
        _write(path, text)
        if context.has_asset_key:
            _write(self._asset_path(context), text)
        context.add_output_metadata({"kept in": dg.MetadataValue.path(str(path))})

    def load_input(self, context: dg.InputContext) -> Any:
        places = [*self._of_run(context), *([self._asset_path(context)] if context.has_asset_key else [])]
        for path in places:
            if path.exists():
                return _unpacked(json.loads(path.read_text(encoding="utf-8")))
        raise dg.Failure(
            f"Nothing was kept for input {context.name!r}: materialise what is upstream first.",
            metadata={"looked in": [str(path) for path in places]},
            allow_retries=False,
        )

    def _of_run(self, context: dg.InputContext) -> list[Path]:
        """Where the step of this run, or of the run that this one repeats, kept it; empty for assets of other runs."""
        upstream = context.upstream_output
        if upstream is None:
            return []
        try:
            return [self._run_path(upstream)]
        except dg.DagsterInvariantViolationError:
            return []  # made by no step of this run

    def _base(self) -> Path:
        return Path(self.folder) if self.folder else settings().home / "storage"

    def _run_path(self, context: dg.OutputContext) -> Path:
        *steps, name = context.get_identifier()
        return self._base().joinpath("runs", *steps, f"{name}.json")

    def _asset_path(self, context: dg.OutputContext | dg.InputContext) -> Path:
        # The run's partition: a check has none of its own, and its input would be all partitions of the asset.
        partition = context.partition_key if context.has_asset_partitions else "all"
        return self._base().joinpath("assets", *context.asset_key.path, f"{partition}.json")


def _packed(value: Any) -> Any:
    if isinstance(value, BaseModel):
        kind = type(value)
        return {"type": f"{kind.__module__}:{kind.__qualname__}", "value": value.model_dump(mode="json")}
    if value is None or isinstance(value, str | int | float | bool):
        return {"type": "plain", "value": value}
    raise TypeError(f"a step passes on pydantic values and plain scalars, not {type(value).__name__}")


def _unpacked(data: dict[str, Any]) -> Any:
    if data["type"] == "plain":
        return data["value"]
    module, _, name = data["type"].partition(":")
    if module.partition(".")[0] not in PACKAGES:
        raise TypeError(f"a file of ours does not hold a {data['type']}")
    kind = getattr(import_module(module), name)
    if not (isinstance(kind, type) and issubclass(kind, BaseModel)):
        raise TypeError(f"{data['type']} is not a pydantic model")
    return kind.model_validate(data["value"])


def _write(path: Path, text: str) -> None:
    """Whole or not at all: a reader never sees a part, and a killed writer leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".new")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    Path(temporary).replace(path)
