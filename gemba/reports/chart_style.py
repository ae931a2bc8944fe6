"""What all drawn charts share: colours, rows, places on a time axis, room for labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

    from gemba.insights.types import Chart

    Drawing = alt.LayerChart | alt.FacetChart

INK, GREY, RED, TEAL, BLUE, GREEN = "#1c2733", "#9aa7b4", "#c8442b", "#2a7f78", "#4a6fa5", "#3f7d3a"
LETTER = 6.2
"""Width of a letter of the labels, pixels; a little more than the mean, since fonts differ."""
LINE = 13.0
"""Height of a line of labels, pixels."""


@dataclass(frozen=True, slots=True)
class Size:
    """Of the area that the axes enclose, pixels."""

    width: int
    height: int


def layered(size: Size, *layers: alt.Chart) -> Drawing:
    """One drawing of layers, the first one undermost."""
    import altair as alt

    return alt.layer(*layers).properties(width=size.width, height=size.height)


def rows(chart: Chart) -> list[dict[str, Any]]:
    """The table of a chart by row."""
    names = list(chart.data)
    return [dict(zip(names, row, strict=True)) for row in zip(*chart.data.values(), strict=True)]


def drawn(values: list[dict[str, Any]]) -> alt.Chart:
    """A drawing of these rows, still without marks."""
    import altair as alt

    return alt.Chart(alt.Data(values=values))


def clock(time: str) -> datetime:
    """The clock on the wall at an ISO time, as if it were UTC: a day is drawn from midnight to midnight there."""
    return datetime.fromisoformat(time).replace(tzinfo=UTC)


def clock_ms(time: str) -> float:
    """`clock` in milliseconds since 1970, which the renderer reads alike in every zone."""
    return clock(time).timestamp() * 1000.0


def domain(values: Iterable[float | None], *, room: float = 0.06) -> tuple[float, float]:
    """From a little below the least to a little above the greatest; around a single value half its size."""
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, 1.0
    low, high = min(known), max(known)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        half = abs(high) / 2.0 or 1.0
        return low - half, high + half
    return low - room * (high - low), high + room * (high - low)


def apart(places: Sequence[float], *, least: float) -> list[float]:
    """Places moved as little as it takes to lie `least` apart, in their order; ties keep the order given.

    Labels at them do not overlap, whatever the lines that they belong to do.
    """
    order = sorted(range(len(places)), key=lambda i: places[i])
    # Groups that touch are merged and centred on the mean of where their members would be.
    groups: list[tuple[float, list[int]]] = []
    for i in order:
        groups.append((places[i], [i]))
        while len(groups) > 1:
            (below, first), (above, second) = groups[-2], groups[-1]
            if above - below >= least * (len(first) + len(second)) / 2.0:
                break
            members = first + second
            # the middle of the group, weighted by members, each taken relative to its slot
            middle = (below * len(first) + above * len(second)) / len(members)
            groups[-2:] = [(middle, members)]
    found = [0.0] * len(places)
    for middle, members in groups:
        for slot, i in enumerate(members):
            found[i] = middle + (slot - (len(members) - 1) / 2.0) * least
    return found


def cut(text: str, most: int) -> str:
    """A label of at most so many letters; what is left out is an ellipsis."""
    text = " ".join(str(text).split())
    return text if len(text) <= most else text[: max(most - 1, 1)].rstrip() + "…"
