"""Series of the Numenta Anomaly Benchmark: read from a folder, scored point by point, written as its scorer reads them.

A series is a CSV file with columns `timestamp` (wall clock, no zone) and `value`, two folders deep or less; its name is
its path below the folder, or below `data` where there is one. Only these two columns are read, and no file of labels.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from gemba.bench.cases import Case, case_files, timed
from gemba.errors import UnreadableFileError
from gemba.statistics.anomaly import AnomalyStream

COLUMNS = ("timestamp", "value")


@dataclass(frozen=True, slots=True)
class Scored:
    """Timestamps of one series as they stood, and a score each in 0 to 1."""

    timestamps: tuple[str, ...]
    scores: tuple[float, ...]

    @property
    def alarms(self) -> int:
        return sum(score >= 0.5 for score in self.scores)


def scored_series(folder: Path) -> Iterator[Case[Scored]]:
    """Score every series below a folder, in order of path.

    Raises:
        UnreadableFileError: If the folder holds no series, or one cannot be read.
    """
    data = folder / "data"
    root = data if data.is_dir() else folder
    for path in case_files(root, ends=(".csv",), what="series"):
        timestamps, times_s, values = _series(path)
        yield timed(path.relative_to(root).as_posix(), partial(_scored, timestamps, times_s, values))


def _scored(timestamps: tuple[str, ...], times_s: list[float], values: list[float | None]) -> Scored:
    stream = AnomalyStream()
    return Scored(timestamps, tuple(stream.score(*point) for point in zip(times_s, values, strict=True)))


def _series(path: Path) -> tuple[tuple[str, ...], list[float], list[float | None]]:
    """Timestamps, seconds and values. A wall clock that is set back stands still until it has caught up."""
    timestamps: list[str] = []
    times_s: list[float] = []
    values: list[float | None] = []
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines)
            if not set(COLUMNS) <= set(rows.fieldnames or ()):
                raise UnreadableFileError(str(path), f"columns {' and '.join(COLUMNS)} are needed")
            for row in rows:
                time_s = datetime.fromisoformat(row["timestamp"]).replace(tzinfo=UTC).timestamp()
                times_s.append(max(time_s, times_s[-1]) if times_s else time_s)
                timestamps.append(row["timestamp"])
                values.append(float(row["value"]) if row["value"] else None)
    except (OSError, ValueError, TypeError, csv.Error) as error:
        raise UnreadableFileError(str(path), str(error)) from error
    if not timestamps:
        raise UnreadableFileError(str(path), "no rows")
    return tuple(timestamps), times_s, values
