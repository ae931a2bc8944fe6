"""Series of the Turing Change Point Dataset: read from a folder, cut, written as predictions.

One JSON file a series: `n_obs`, `time.index`, and `series`, a list of dimensions with `raw` values, null where
missing. The file of annotations is never opened.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from gemba.bench.cases import Case, answered, case_files
from gemba.errors import UnreadableFileError
from gemba.statistics.change_points import change_points

ANSWERS = frozenset({"annotations.json"})

Floats = NDArray[np.float64]


def predictions(folder: Path) -> Iterator[Case[tuple[int, ...]]]:
    """Cut every series in a folder, in order of name, with one setting for all: the first rows of new stretches.

    Changes of spread alone are left out.

    Raises:
        UnreadableFileError: If the folder holds no series, or one cannot be read.
    """
    for path in case_files(folder, ends=(".json",), what="series", leave_out=ANSWERS, deep=False):
        values, time = read_series(path)
        yield answered(path.stem, partial(_cut, values, time), nothing=())


def _cut(values: Floats, time: Floats) -> tuple[int, ...]:
    return tuple(one.at for one in change_points(values, time=time).changes if one.kinds != ("spread",))


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
