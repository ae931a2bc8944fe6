"""From the parts kept in a cube to the metric's values.

Values are computed unscaled; `Metric.scale` is applied only where a number is shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from gemba.errors import RefusedError
from gemba.semantics.model import SemanticModel

PARTS = {
    "sum": ("sum", "n", "sumsq"),
    "mean": ("sum", "n", "sumsq"),
    "count": ("n",),
    "min": ("min", "n"),
    "max": ("max", "n"),
    "count_distinct": ("distinct", "n"),
    "quantile": ("value", "n"),
}
"""The parts a leaf metric leaves in a cube, by its kind."""


@dataclass(frozen=True, slots=True)
class RatioForm:
    """A metric that is one additive column over another, or (`den` None) additive itself.

    `floor` says that the numerator counts things: its variance is at least Poisson.
    """

    num: str
    den: str | None
    floor: bool


def additive_column(model: SemanticModel, metric: str) -> str | None:
    """The cube column of a metric that adds up over rows (sum, count); None for other kinds."""
    kind = model.metrics[metric].kind
    if kind == "sum":
        return f"{metric}.sum"
    if kind == "count":
        return f"{metric}.n"
    return None


def ratio_form(model: SemanticModel, metric: str) -> RatioForm | None:
    """How `metric` is computed from additive columns; None where it is not (product, min, quantile, ...)."""
    definition = model.metrics[metric]
    if definition.kind == "mean":
        return RatioForm(f"{metric}.sum", f"{metric}.n", floor=False)
    if definition.ratio is not None:
        top, bottom = definition.ratio
        num, den = additive_column(model, top), additive_column(model, bottom)
        return RatioForm(num, den, model.metrics[top].kind == "count") if num and den else None
    column = additive_column(model, metric)
    return RatioForm(column, None, definition.kind == "count") if column else None


def rollup(frame: pl.DataFrame, by: Sequence[str], *, model: SemanticModel, metric: str) -> pl.DataFrame:
    """Aggregate a cube's frame to the columns `by` (`bucket` and dimensions); all parts of the metric's leaves.

    With `by` empty the result is one row. Rows come sorted by `by`.

    Raises:
        RefusedError: `unsupported`, where a group would join several rows of a leaf that does not roll up
            (count_distinct, quantile).
    """
    sums: list[pl.Expr] = []
    fixed: list[str] = []
    for leaf in model.leaves(metric):
        for part in PARTS[model.metrics[leaf].kind]:
            column = f"{leaf}.{part}"
            if part in ("distinct", "value"):
                fixed.append(column)
                sums.append(pl.col(column).first() if by else pl.col(column))
            elif part == "min":
                sums.append(pl.col(column).min())
            elif part == "max":
                sums.append(pl.col(column).max())
            else:
                sums.append(pl.col(column).sum())
    if fixed:
        groups = frame.select(pl.struct(by).n_unique()).item() if by else 1
        if frame.height != groups:
            raise RefusedError("unsupported", fixed[0], text=f"{fixed[0]} does not add up over buckets or members")
    if not by:
        return frame.select(sums)
    return frame.group_by(list(by)).agg(sums).sort(list(by))


def values(frame: pl.DataFrame, *, model: SemanticModel, metric: str) -> pl.Series:
    """The metric in every row of a cube's frame, unscaled (float64). Null where a denominator is 0."""
    return frame.select(_value(model, metric).alias(metric)).to_series()


def _value(model: SemanticModel, metric: str) -> pl.Expr:
    definition = model.metrics[metric]
    if definition.ratio is not None:
        top, bottom = (_value(model, part) for part in definition.ratio)
        return pl.when(bottom != 0).then(top / bottom)
    if definition.product is not None:
        product = _value(model, definition.product[0])
        for factor in definition.product[1:]:
            product = product * _value(model, factor)
        return product
    column = {
        "sum": f"{metric}.sum",
        "count": f"{metric}.n",
        "min": f"{metric}.min",
        "max": f"{metric}.max",
        "count_distinct": f"{metric}.distinct",
        "quantile": f"{metric}.value",
    }
    if definition.kind == "mean":
        return pl.when(pl.col(f"{metric}.n") > 0).then(pl.col(f"{metric}.sum") / pl.col(f"{metric}.n"))
    return pl.col(column[definition.kind]).cast(pl.Float64)


def rows(frame: pl.DataFrame, *, model: SemanticModel, metric: str) -> pl.Series:
    """Rows behind every row of a cube's frame: the largest `n` among the metric's leaves."""
    return frame.select(
        pl.max_horizontal([pl.col(f"{leaf}.n") for leaf in model.leaves(metric)]).alias("n")
    ).to_series()
