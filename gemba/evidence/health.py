"""How well a source is: rows against what is usual, duplicate keys, missing values, and whether it keeps pace.

Only aggregates by day are read, pushed down. What is judged usual comes from the weeks before, not from a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from statistics import median
from zoneinfo import ZoneInfo

from gemba.evidence.types import Limits, QualityRequest, Warehouse
from gemba.questions.types import Window
from gemba.semantics.expression import columns_of, parse_expression
from gemba.semantics.model import SemanticModel

LOOKBACK = timedelta(days=56)
RECENT = timedelta(days=7)
LEAST_USUAL_ROWS = 20
"""Below this a day's count says nothing."""

LEAST_ALLOWED_EMPTY_PCT = 1.0
PARTITIONS_BEHIND = 3
PARTITION = {
    "hour": timedelta(days=1),
    "day": timedelta(days=1),
    "week": timedelta(days=7),
    "month": timedelta(days=31),
}


@dataclass(frozen=True, slots=True)
class Health:
    """A source's last eight weeks.

    Attributes:
        days: Days with rows, ascending, shape (n,).
        rows: Rows a day, shape (n,).
        duplicates: Rows beyond the first of their key a day, shape (n,); zeros for a source without a key.
        complete: The last complete day; None where there is only one.
        usual_rows: Median of the rows on the same weekday before it; None where that is below `LEAST_USUAL_ROWS`.
        empty_pct: Share of missing values in the last seven days, by column, in per cent.
        usual_empty_pct: The same of the weeks before; 0 where there are none.
    """

    days: tuple[date, ...]
    rows: tuple[int, ...]
    duplicates: tuple[int, ...]
    complete: date | None
    usual_rows: float | None
    empty_pct: Mapping[str, float]
    usual_empty_pct: Mapping[str, float]

    @property
    def rows_pct_of_usual(self) -> float | None:
        """Rows of the last complete day in per cent of the usual."""
        if self.complete is None or self.usual_rows is None:
            return None
        return 100.0 * dict(zip(self.days, self.rows, strict=True)).get(self.complete, 0) / self.usual_rows

    def allowed_empty_pct(self, column: str) -> float:
        """Twice the usual, and at least one per cent."""
        return max(LEAST_ALLOWED_EMPTY_PCT, 2.0 * self.usual_empty_pct[column])


def columns_read(model: SemanticModel, source: str) -> tuple[str, ...]:
    """Columns of the source that metrics aggregate, each once."""
    found: dict[str, None] = {}
    for metric in model.metrics.values():
        if metric.source == source and metric.column is not None:
            found.update(dict.fromkeys(columns_of(parse_expression(metric.column))))
    return tuple(found)


def health(model: SemanticModel, source: str, warehouse: Warehouse) -> Health | None:
    """Read how well a source with a time column is; None where it holds no row.

    Raises:
        WorldError: The source cannot be read: it is neither well nor ill.
    """
    last = warehouse.coverage(model, source).last
    if last is None:
        return None
    zone = ZoneInfo(model.timezone)
    end = datetime.combine(last.astimezone(zone).date() + timedelta(days=1), datetime.min.time(), zone)
    columns = columns_read(model, source)
    span = Window(start=end - LOOKBACK - timedelta(days=1), end=end)
    request = QualityRequest(name="health", source=source, columns=columns, span=span)
    frame = warehouse.gather(model, [request], limits=Limits()).frame("health").sort("bucket")
    days = tuple(bucket.date() for bucket in frame["bucket"])
    rows = tuple(int(count) for count in frame["rows"])
    complete = days[-1] - timedelta(days=1) if len(days) > 1 else None
    recent, before = _parts(days)
    return Health(
        days=days,
        rows=rows,
        duplicates=tuple(int(count) for count in frame["duplicates"]),
        complete=complete,
        usual_rows=_usual(days, rows, complete),
        empty_pct={name: _share(frame[f"{name}.nulls"], rows, recent) for name in columns},
        usual_empty_pct={name: _share(frame[f"{name}.nulls"], rows, before) for name in columns},
    )


def days_behind(source: str, partitions: Mapping[str, Iterable[str]]) -> int | None:
    """How many days the newest partition of a source is behind the newest of all sources.

    Args:
        partitions: Partitions by source: ISO starts; others are left out.

    Returns:
        None where the source has no dated partition.
    """
    newest = {name: max(starts) for name, found in partitions.items() if (starts := list(_dated(found)))}
    return (max(newest.values()) - newest[source]).days if source in newest else None


def allowed_days_behind(model: SemanticModel, source: str) -> int | None:
    """Three partitions; None for a source without partitions."""
    grain = PARTITION.get(model.sources[source].partition)
    return None if grain is None else PARTITIONS_BEHIND * grain.days


def _dated(partitions: Iterable[str]) -> Iterable[date]:
    for name in partitions:
        try:
            yield date.fromisoformat(name[:10])
        except ValueError:
            continue  # rows without a time, and sources that are one partition, have names that are no dates


def _parts(days: tuple[date, ...]) -> tuple[list[int], list[int]]:
    """Positions of the last seven days, and of those before."""
    first = days[-1] - RECENT
    recent = [place for place, day in enumerate(days) if day > first]
    return recent, [place for place, day in enumerate(days) if day <= first]


def _share(nulls: Iterable[int], rows: tuple[int, ...], places: list[int]) -> float:
    counts = list(nulls)
    total = sum(rows[place] for place in places)
    return 100.0 * sum(counts[place] or 0 for place in places) / total if total else 0.0


def _usual(days: tuple[date, ...], rows: tuple[int, ...], complete: date | None) -> float | None:
    if complete is None:
        return None
    known = dict(zip(days, rows, strict=True))
    weeks = [complete - timedelta(days=7 * step) for step in range(1, LOOKBACK.days // 7 + 1)]
    counts = [known.get(day, 0) for day in weeks if day >= days[0]]
    usual = float(median(counts)) if counts else 0.0
    return usual if usual >= LEAST_USUAL_ROWS else None
