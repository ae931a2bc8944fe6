"""Put a plant into a folder of Parquet files or into a database."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from gemba.plant.simulate import Plant


def write_parquet(plant: Plant, folder: Path) -> tuple[Path, ...]:
    """Write one Parquet file a table and `truth.json` into `folder`, made if needed.

    Files of the same names are replaced, each in one step: a reader sees the old file or the new one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".plant-", dir=folder))
    try:
        for name, frame in plant.tables.items():
            frame.write_parquet(staged / f"{name}.parquet")
        names = sorted(path.name for path in staged.iterdir())
        for name in names:
            (staged / name).replace(folder / name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return tuple(folder / name for name in names)
