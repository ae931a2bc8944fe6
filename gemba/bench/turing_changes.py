"""Series of the Turing Change Point Dataset: read from a folder, cut, written as predictions.

One JSON file a series: `n_obs`, `time.index`, and `series`, a list of dimensions with `raw` values, null where
missing. The file of annotations is never opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnreadableFileError, UnusableValuesError
from gemba.statistics.change_points import change_points

ANSWERS = frozenset({"annotations.json"})

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prediction:
    """First rows of new stretches. `refusal` says why there are none to be had; `cpu_s` is processor time."""

    series: str
    places: tuple[int, ...]
    refusal: str
    cpu_s: float


def predictions(folder: Path) -> Iterator[Prediction]:
    """Cut every series in a folder, in order of name, with one setting for all; changes of spread alone are left out.

    Raises:
        UnreadableFileError: If the folder holds no series, or one cannot be read.
    """
    files = sorted(path for path in folder.glob("*.json") if path.name not in ANSWERS)
    if not files:
        raise UnreadableFileError(str(folder), "no series (.json) in it")
    for path in files:
        values, time = read_series(path)
        began = process_time()
        refusal, places = "", ()
        try:
            found = change_points(values, time=time).changes
            places = tuple(one.at for one in found if one.kinds != ("spread",))
        except (SampleTooSmallError, UnusableValuesError) as error:
            refusal = str(error)
        yield Prediction(path.stem, places, refusal, process_time() - began)


def read_series(path: Path) -> tuple[Floats, Floats]:
    """Values, shape (n, dimensions), NaN where missing, and time, shape (n,)."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        columns = [
            [float("nan") if value is None else float(value) for value in one["raw"]] for one in content["series"]
        ]
        time = np.array(content["time"]["index"], dtype=float)
        values = np.array(columns, dtype=float).T
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableFileError(str(path), f"not a series of the Turing Change Point Dataset: {error!r}") from error
    if values.ndim != 2 or values.shape[0] != time.size:
        raise UnreadableFileError(str(path), f"{time.size} times for values of shape {values.shape}")
    return values, time
