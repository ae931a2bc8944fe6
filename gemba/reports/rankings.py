"""Rankings cut to what a chart can show, without losing what they add up to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemba.insights.types import Chart


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of a Pareto chart. `cumulative`: per cent of the total up to and with it."""

    label: str
    value: float
    cumulative: float


def pareto_bars(chart: Chart, *, most: int) -> list[Bar]:
    """The bars in descending order, the smallest together as `others` where there are more than `most`.

    Rows without an amount are left out. The shares are those given; where one is missing, that of the bars.
    """
    given = zip(chart.data["label"], chart.data["value"], chart.data["cumulative"], strict=True)
    known = [(str(label), float(value), share) for label, value, share in given if value is not None]
    known.sort(key=lambda one: -one[1])
    total = sum(value for _, value, _ in known)
    bars: list[Bar] = []
    reached = 0.0
    for label, value, share in known:
        reached += value
        bars.append(Bar(label, value, float(share if share is not None else 100.0 * reached / total if total else 0.0)))
    if len(bars) <= most:
        return bars
    rest = bars[most - 1 :]
    return [*bars[: most - 1], Bar(f"{len(rest):,} others", sum(bar.value for bar in rest), rest[-1].cumulative)]


def shortened(table: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The first rows; a last one without a value says how many are left out."""
    if len(table) <= most:
        return table
    empty = dict.fromkeys(table[0])
    return [*table[: most - 1], {**empty, "label": f"and {len(table) - most + 1:,} more"}]


def folded(table: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """The steps of a waterfall, the smallest changes together as one where there are more than `most`."""
    changes = [at for at, row in enumerate(table) if row["role"] == "change"]
    room = max(most - (len(table) - len(changes)) - 1, 1)
    if len(table) <= most:
        return table
    kept = set(sorted(changes, key=lambda at: -abs(table[at]["value"] or 0.0))[:room])
    small = [at for at in changes if at not in kept]
    rest = {
        "label": f"{len(small):,} smaller changes",
        "value": sum(table[at]["value"] or 0.0 for at in small),
        "role": "change",
    }
    return [{**row} if at != small[-1] else rest for at, row in enumerate(table) if at not in small[:-1]]
