"""A metric without a single value is not a metric that is 0."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from gemba.errors import RefusedError
from gemba.evidence.types import Evidence, QualityRequest
from gemba.questions.types import Window
from gemba.semantics.expression import columns_of, parse_expression
from gemba.semantics.model import SemanticModel


def require_values(
    evidence: Evidence,
    requests: Sequence[QualityRequest],
    *,
    model: SemanticModel,
    metric: str,
    windows: Sequence[Window],
) -> None:
    """Refuse where a column that the metric reads is null in every row of a window.

    The sum over no value is 0 by arithmetic, and would be read as a measured 0. Counts are exempt: to count the
    values of an empty column is to answer 0. Windows without any row are left to the agents.

    Raises:
        RefusedError: `too_little_data`, naming column, source and window.
    """
    zone = ZoneInfo(model.timezone)
    read = {request.source: evidence.frame(request.name) for request in requests}
    for leaf in model.leaves(metric) if metric in model.metrics else ():  # a question may be about a column
        definition = model.metrics[leaf]
        if definition.source not in read or definition.kind == "count" or definition.column is None:
            continue
        for window in windows:
            frame = read[definition.source]
            start, end = (stamp.astimezone(zone).replace(tzinfo=None) for stamp in (window.start, window.end))
            inside = frame.filter((frame["bucket"] >= start) & (frame["bucket"] < end))
            rows = int(inside["rows"].sum())
            for column in columns_of(parse_expression(definition.column)):
                if rows and f"{column}.nulls" in inside.columns and int(inside[f"{column}.nulls"].sum()) == rows:
                    raise _no_value(leaf, column, definition.source, window, rows, zone)


def _no_value(leaf: str, column: str, source: str | None, window: Window, rows: int, zone: ZoneInfo) -> RefusedError:
    start, end = (stamp.astimezone(zone) for stamp in (window.start, window.end))
    return RefusedError(
        "too_little_data",
        f"values of {leaf}",
        text=(
            f"Column {column!r} of source {source!r} is null in all {rows:,} rows from {start:%Y-%m-%d %H:%M} to"
            f" {end:%Y-%m-%d %H:%M}, so {leaf} has no value there."
            " Ask about a time that has values, or mend the column."
        ),
    )
