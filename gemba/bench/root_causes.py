"""Cases of published root-cause benchmarks: read from a folder, localised, written as predictions.

Two formats, told from a file's columns: a leaf a row with `real` and `predict`; or a leaf and minute a row with `min`
(epoch seconds), `value` (events) and `cnt` (all), where `alarms.json` says which minute is in question. All other
columns are attributes. Files that hold answers are never opened.
"""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gemba.bench.cases import Case, answered, case_files
from gemba.errors import UnreadableFileError, UnusableValuesError
from gemba.statistics.localisation import Localisation, localise
from gemba.statistics.localisation_rate import localise_rate

if TYPE_CHECKING:
    import polars as pl

ANSWERS = frozenset({"injection_info.csv", "labels.json"})
ALARMS = "alarms.json"
SUFFIXES = (".csv", ".csv.gz", ".csv.xz")
VALUES = ("real", "predict")
COUNTS = ("min", "value", "cnt")

Floats = NDArray[np.float64]


def predictions(folder: Path) -> Iterator[Case[tuple[str, ...]]]:
    """Localise every case below a folder, in order of path: segments as 'a=a1&b=b2'.

    Raises:
        UnreadableFileError: If the folder holds no case, or a case cannot be read.
    """
    alarms = _alarms(folder)
    for path in case_files(folder, ends=SUFFIXES, what="case files", leave_out=ANSWERS):
        name = _case_id(folder, path)
        yield answered(name, partial(_localised, path, alarms.get(name)), nothing=())


def _localised(path: Path, alarm: int | None) -> tuple[str, ...]:
    frame = _frame(path)
    if set(VALUES) <= set(frame.columns):
        attributes = [name for name in frame.columns if name not in VALUES]
        codes, names = _coded(frame, attributes)
        found = localise(codes, _numbers(frame, "real"), _numbers(frame, "predict"))
    elif set(COUNTS) <= set(frame.columns):
        if alarm is None:
            raise UnreadableFileError(str(path), f"{ALARMS} names no minute for it")
        attributes = [name for name in frame.columns if name not in COUNTS]
        codes, names = _coded(frame, attributes)
        found = _localise_minute(frame, codes, alarm)
    else:
        raise UnreadableFileError(str(path), f"neither columns {', '.join(VALUES)} nor {', '.join(COUNTS)}")
    return tuple(_named(found, attributes, names))


def _localise_minute(frame: pl.DataFrame, codes: NDArray[np.int32], alarm: int) -> Localisation:
    """The alarm's minute against all earlier ones, over the leaves of that minute."""
    minutes = _numbers(frame, "min").astype(np.int64)
    events, all_ = _numbers(frame, "value"), _numbers(frame, "cnt")
    leaves, numbers = np.unique(codes, axis=0, return_inverse=True)
    numbers = numbers.reshape(-1)
    earlier = np.unique(minutes[minutes < alarm])
    columns = np.searchsorted(earlier, minutes)
    shape = (leaves.shape[0], max(earlier.size, 1))
    before_events, before_all = np.zeros(shape), np.zeros(shape)
    past, now = minutes < alarm, minutes == alarm
    np.add.at(before_events, (numbers[past], columns[past]), events[past])
    np.add.at(before_all, (numbers[past], columns[past]), all_[past])
    now_events, now_all = np.zeros(shape[0]), np.zeros(shape[0])
    np.add.at(now_events, numbers[now], events[now])
    np.add.at(now_all, numbers[now], all_[now])
    here = now_all > 0
    return localise_rate(
        leaves[here].astype(np.int32), now_events[here], now_all[here], before_events[here], before_all[here]
    )


def _coded(frame: pl.DataFrame, attributes: list[str]) -> tuple[NDArray[np.int32], list[list[str]]]:
    """Members as numbers from 0, shape (n, k), and their names."""
    import polars as pl

    codes = np.empty((frame.height, len(attributes)), np.int32)
    names: list[list[str]] = []
    for place, attribute in enumerate(attributes):
        column = frame[attribute].fill_null("")
        names.append(column.unique().sort().to_list())
        codes[:, place] = column.cast(pl.Enum(names[-1])).to_physical().to_numpy()
    return codes, names


def _named(found: Localisation, attributes: list[str], names: list[list[str]]) -> Iterator[str]:
    for segment in found.segments:
        pairs = zip(segment.attributes, segment.members, strict=True)
        yield "&".join(sorted(f"{attributes[attribute]}={names[attribute][member]}" for attribute, member in pairs))


def _numbers(frame: pl.DataFrame, column: str) -> Floats:
    import polars as pl

    try:
        return frame[column].cast(pl.Float64).fill_null(float("nan")).to_numpy()
    except pl.exceptions.InvalidOperationError as error:
        raise UnusableValuesError("reading", f"column {column} holds other than numbers: {error}") from error


def _frame(path: Path) -> pl.DataFrame:
    """All columns as text: a member called 007 keeps its name, and nothing is guessed."""
    import polars as pl

    try:
        raw = path.read_bytes()
        if path.name.endswith(".gz"):
            raw = gzip.decompress(raw)
        elif path.name.endswith(".xz"):
            raw = lzma.decompress(raw)
        return pl.read_csv(raw, infer_schema=False)
    except (OSError, EOFError, lzma.LZMAError, pl.exceptions.PolarsError) as error:
        raise UnreadableFileError(str(path), str(error)) from error


def _alarms(folder: Path) -> dict[str, int]:
    path = folder / ALARMS
    if not path.exists():
        return {}
    try:
        return {str(alarm["data"]): int(alarm["timestamp"]) for alarm in json.loads(path.read_text())}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(str(path), f"not a list of data and timestamp: {error}") from error


def _case_id(folder: Path, path: Path) -> str:
    """Path below the folder, without suffixes."""
    name = path.relative_to(folder).as_posix()
    return name[: name.rindex(".csv")]
