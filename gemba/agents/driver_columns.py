"""A table's columns as the search for drivers takes them: numbers, and text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


def candidate_columns(
    frame: pl.DataFrame, *, leave_out: Iterable[str] = ()
) -> tuple[dict[str, Floats], dict[str, Texts]]:
    """Numeric and categorical columns by name. Dates and nested values are neither and are left out."""
    import polars as pl

    hidden = set(leave_out)
    numeric: dict[str, Floats] = {}
    categorical: dict[str, Texts] = {}
    for column in frame.iter_columns():
        if column.name in hidden:
            continue
        if column.dtype.is_numeric():
            numeric[column.name] = numbers(column)
        elif column.dtype in (pl.String, pl.Categorical, pl.Enum, pl.Boolean):
            categorical[column.name] = column.cast(pl.String).to_numpy().astype(object)
    return numeric, categorical


def numbers(column: pl.Series) -> Floats:
    """As float64, NaN for null."""
    import polars as pl

    return column.cast(pl.Float64).fill_null(float("nan")).to_numpy().astype(np.float64)


def flags(frame: pl.DataFrame) -> tuple[str, ...]:
    """Columns that hold both 0 and 1, or both false and true, and nothing else but nulls."""
    import polars as pl

    found: list[str] = []
    for column in frame.iter_columns():
        if column.dtype.is_numeric() or column.dtype == pl.Boolean:
            values = set(column.drop_nulls().cast(pl.Float64).unique().to_list())
            if values == {0.0, 1.0}:
                found.append(column.name)
    return tuple(found)
