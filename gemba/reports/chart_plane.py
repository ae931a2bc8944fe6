"""The plane that a chart is drawn in: from values to pixels and back, and where its axes have ticks.

The renderer would choose domains and ticks itself; they are chosen here so that labels can be kept apart.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import floor, log10
from typing import Any

from gemba.reports.chart_labels import LETTER, cut

CALENDAR = {
    "year": "%Y",
    "quarter": "%b %Y",
    "month": "%b %Y",
    **dict.fromkeys(("week", "date", "day"), "%d %b"),
    **dict.fromkeys(("hours", "minutes"), "%H:%M"),
}
"""Ticks of time by what they begin, in the renderer's words: 2026, Mar 2026, 09 Mar, 14:00."""


@dataclass(frozen=True, slots=True)
class Plane:
    """`x` and `y`: least and greatest value shown; `width` and `height` in pixels."""

    x: tuple[float, float]
    y: tuple[float, float]
    width: int
    height: int

    def across(self, x: float) -> float:
        """Pixels from the left edge."""
        return (x - self.x[0]) / (self.x[1] - self.x[0]) * self.width

    def down(self, y: float) -> float:
        """Pixels from the upper edge."""
        return (self.y[1] - y) / (self.y[1] - self.y[0]) * self.height

    def x_at(self, across: float) -> float:
        return self.x[0] + across / self.width * (self.x[1] - self.x[0])

    def y_at(self, down: float) -> float:
        return self.y[1] - down / self.height * (self.y[1] - self.y[0])

    def across_of(self, field: str, *, title: str = "", axis: dict[str, Any] | None = None) -> dict[str, Any]:
        """The horizontal place of a column; `axis` where the ticks are chosen by hand."""
        chosen = axis if axis is not None else {"grid": False, "tickCount": 8, "labelOverlap": True}
        return _channel(field, self.x, title, chosen)

    def time_of(self, field: str) -> dict[str, Any]:
        """The horizontal place of a column of milliseconds since 1970, as `gemba.reports.times` makes them."""
        axis = {"grid": False, "tickCount": max(self.width // 90, 2), "format": CALENDAR}
        apart = {"labelOverlap": "greedy", "labelSeparation": 10, "labelFlush": False}
        return {
            **_channel(field, self.x, "", axis | apart),
            "type": "temporal",
            "scale": {"type": "utc", "domain": list(self.x), "nice": False},
        }

    def down_of(self, field: str, *, title: str = "", axis: dict[str, Any] | None = None) -> dict[str, Any]:
        """The vertical place of a column; `axis` where the ticks are chosen by hand."""
        return _channel(field, self.y, title, axis if axis is not None else {"tickCount": max(self.height // 40, 2)})


def domain(values: Iterable[float | None], *, room: float = 0.06) -> tuple[float, float]:
    """From a little below the least to a little above the greatest; around a single value half its size."""
    known = [value for value in values if value is not None]
    if not known:
        return 0.0, 1.0
    low, high = float(min(known)), float(max(known))
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        half = abs(high) / 2.0 or 1.0
        return low - half, high + half
    return low - room * (high - low), high + room * (high - low)


def named_ticks(
    places: Sequence[float], names: Sequence[str], *, angle: float = 0.0, extent: float = 0.0
) -> dict[str, Any]:
    """An axis with these names at these places, all of them shown; `extent`: pixels kept free for them."""
    # Twelve digits, since the renderer's reading of longer ones may differ in the last: then no name is found.
    at = [float(f"{place:.12g}") for place in places]
    words = f"{json.dumps(list(names))}[indexof({json.dumps(at)}, datum.value)]"
    turned = {"labelAngle": -angle, "labelAlign": "right", "labelBaseline": "middle"} if angle else {}
    return {
        "values": at,
        "labelExpr": words,
        "grid": False,
        "labelOverlap": False,
        "labelFlush": False,
        "minExtent": extent,
        **turned,
    }


def sparse(names: Sequence[str], *, width: float, longest: int = 18) -> list[tuple[int, str]]:
    """As many of the names of equally spaced places as fit side by side in `width` pixels, cut to `longest`."""
    if not names:
        return []
    short = [cut(name, longest) for name in names]
    room = max(len(name) for name in short) * LETTER + 12.0
    step = max(1, -(-len(short) // max(int(width // room), 1)))
    return [(at, short[at]) for at in range(0, len(short), step)]


def decades(low: float, high: float, *, most: int = 9) -> list[float]:
    """Round values of a logarithmic axis from `low` to `high`, both positive: 1, 2, 5, 10 …, thinned to `most`."""
    first, last = floor(log10(low)), floor(log10(high)) + 1
    for digits in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (1, 2, 5), (1, 3), (1,)):
        found = [digit * 10.0**power for power in range(first, last + 1) for digit in digits]
        shown = [value for value in found if low <= value <= high]
        if len(shown) <= most:
            return shown
    return shown[:: -(-len(shown) // most)]


def _channel(field: str, domain: tuple[float, float], title: str, axis: dict[str, Any]) -> dict[str, Any]:
    return {
        "field": field,
        "type": "quantitative",
        "title": title or None,
        "axis": axis,
        "scale": {"domain": list(domain), "nice": False, "zero": False},
    }
