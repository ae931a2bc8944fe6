"""The semantic model of the factory, for wherever its tables lie."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

_TABLE = re.compile(r'connection: "?\$\{FACTORY_URL\}"?(,\s*|\s+)table: plant\.(\w+)')


def model_text(*, schema: str | None = "plant") -> str:
    """The text of `examples/factory/model.yaml`, for tables in `schema`; None: without a schema, as in SQLite.

    The connection stays `${FACTORY_URL}`.
    """
    text = files("gemba.plant").joinpath("model.yaml").read_text(encoding="utf-8")
    prefix = f"{schema}." if schema else ""
    return text if schema == "plant" else re.sub(r"table: plant\.(\w+)", rf"table: {prefix}\1", text)


def model_for_folder(folder: Path) -> Path:
    """Write `model.yaml` into a folder of Parquet files made by `write_parquet`, and return its path.

    It is the same model with `files:` for every source, relative to the folder.
    """
    path = folder / "model.yaml"
    path.write_text(_TABLE.sub(r"files: \2.parquet", model_text()), encoding="utf-8")
    return path
