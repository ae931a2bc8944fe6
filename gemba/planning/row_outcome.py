"""What a metric, or a column, is for a single row: a number, yes or no, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gemba.errors import RefusedError
from gemba.questions.types import Predicate
from gemba.semantics.expression import Binary, Column, Expr, Negate, Number, columns_of, parse_expression
from gemba.semantics.model import Metric, SemanticModel

if TYPE_CHECKING:
    import polars as pl

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """How the outcome of a row follows from its columns.

    A number: `value`, over `per` if given (rows where that is not above 0 have none), times `scale`. Yes/no: the row
    meets `flag`; or its `member` dimension has the member `yes`. Only rows that meet `where` have an outcome.
    `note` says in words what a row's outcome is.
    """

    source: str
    value: Expr | None = None
    per: Expr | None = None
    scale: float = 1.0
    flag: tuple[Predicate, ...] = ()
    member: str | None = None
    where: tuple[Predicate, ...] = ()
    note: str = ""

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the source that it reads."""
        read = [name for part in (self.value, self.per) if part is not None for name in columns_of(part)]
        return tuple(dict.fromkeys(read))

    def of_rows(self, frame: pl.DataFrame) -> Floats:
        """Outcome of every row of a `RowsRequest`'s frame, shape (rows,); NaN where it has none."""
        if self.member is not None:
            return _yes(frame[self.member])
        assert self.value is not None, "flags are counted, not read off a row"
        found = _evaluated(self.value, frame)
        if self.per is not None:
            below = _evaluated(self.per, frame)
            found = np.divide(found, below, out=np.full(found.size, np.nan), where=below > 0)
        return found * self.scale


def row_outcome(model: SemanticModel, outcome: str) -> RowOutcome:
    """The outcome of a single row.

    Raises:
        RefusedError: `not_in_model` for an unknown name; `unsupported` where a single row has no value of it, with
            what can be asked instead.
    """
    if outcome in model.metrics:
        return _of_metric(model, outcome)
    if outcome in model.dimensions:
        dimension = model.dimensions[outcome]
        if dimension.personal:
            raise RefusedError("not_permitted", f"{outcome}, which is personal data")
        if dimension.derived is not None:
            raise _unsupported(outcome, "is a part of the time")
        if dimension.numeric:
            return RowOutcome(dimension.source, value=Column(dimension.column or outcome))
        return RowOutcome(dimension.source, member=outcome)
    raise RefusedError("not_in_model", f"outcome {outcome!r}", nearest=(*model.metrics, *model.dimensions)[:8])


def _of_metric(model: SemanticModel, name: str) -> RowOutcome:
    metric = model.metrics[name]
    source = metric.source or ""
    if metric.kind in ("sum", "mean"):
        return RowOutcome(source, value=parse_expression(metric.column or ""), where=metric.where)
    if metric.kind == "count":
        if metric.column is None and metric.where:
            return RowOutcome(source, flag=metric.where, note=f"yes: the row is counted by {_plain(name)}")
        raise _unsupported(name, "counts every row alike: no row differs from another")
    if metric.kind == "ratio":
        assert metric.ratio is not None
        return _of_ratio(name, model.metrics[metric.ratio[0]], model.metrics[metric.ratio[1]], metric.scale)
    kinds = {"product": "is a product of metrics", "quantile": "is a quantile", "min": "is a minimum"}
    kinds |= {"max": "is a maximum", "count_distinct": "counts different values"}
    raise _unsupported(name, f"{kinds[metric.kind]}: a single row has none")


def _of_ratio(name: str, top: Metric, bottom: Metric, scale: float) -> RowOutcome:
    if top.source is None or top.source != bottom.source:
        raise _unsupported(name, "is not made of two columns of one source: a single row has none")
    rows = bottom.kind == "count" and bottom.column is None
    if rows and top.kind == "count" and top.column is None and top.where:
        return RowOutcome(
            top.source,
            flag=top.where,
            where=bottom.where,
            note=f"yes: the row is one of those that {_plain(name)} counts",
        )
    if top.kind != "sum" or (bottom.kind != "sum" and not rows) or top.where not in ((), bottom.where):
        raise _unsupported(name, f"is a {top.kind} over a {bottom.kind}: a single row has none")
    return RowOutcome(
        top.source,
        value=parse_expression(top.column or ""),
        per=None if rows else parse_expression(bottom.column or ""),
        scale=scale,
        where=bottom.where,
        note="" if rows else f"each row counts alike, whatever its {bottom.column}",
    )


def _unsupported(name: str, why: str) -> RefusedError:
    text = (
        f"What goes with {_plain(name)} cannot be searched row by row: it {why}. "
        "Ask for the drivers of a sum, a mean, a count with a condition, or a ratio of two columns of one source."
    )
    return RefusedError("unsupported", f"a value of {name} for a single row", text=text)


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _evaluated(value: Expr, frame: pl.DataFrame) -> Floats:
    """Null, and division by 0, give NaN."""
    match value:
        case Column(name):
            return frame[f"column:{name}"].fill_null(float("nan")).to_numpy().astype(np.float64)
        case Number(number):
            return np.full(frame.height, number)
        case Negate(inner):
            return -_evaluated(inner, frame)
        case Binary(op, left, right):
            a, b = _evaluated(left, frame), _evaluated(right, frame)
            if op == "/":
                return np.divide(a, b, out=np.full(a.size, np.nan), where=b != 0)
            return {"+": np.add, "-": np.subtract, "*": np.multiply}[op](a, b)


def _yes(members: pl.Series) -> Floats:
    """1 for the member that says yes: `1`, `true`, `yes`, `y`, `t`; of any other two the rarer."""
    counts = members.drop_nulls().value_counts(sort=True)
    known = counts[members.name].to_list()
    if len(known) != 2:
        text = f"{_plain(members.name)} has {len(known)} members in the rows asked about; an outcome has two."
        raise RefusedError("unsupported", "an outcome of two members, or a number", text=text)
    said = [one for one in known if str(one).lower() in ("1", "true", "yes", "y", "t")]
    yes = said[0] if len(said) == 1 else known[1]
    return np.array([np.nan if one is None else float(one == yes) for one in members])
