"""What all drawn charts share: colours, rows, and layers as Vega-Lite writes them.

A drawing is a plain dictionary in Vega-Lite: a library that checks every part of it costs more time than the drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gemba.insights.types import Chart

Drawing = dict[str, Any]
Rows = list[dict[str, Any]]

INK, GREY, DIM, PALE, RED, AMBER = "#1c2733", "#9aa7b4", "#66727f", "#e8ecef", "#c8442b", "#e0a030"
TEAL, BLUE, GREEN = "#2a7f78", "#4a6fa5", "#3f7d3a"
LIMITS = ("lsl", "usl", "ucl", "lcl")
SHADE: Drawing = {"field": "shade", "type": "nominal", "scale": None}
"""A column of colours, taken as they are."""
GAPS = "break-paths-show-domains"
"""How a line treats missing values: it breaks."""


def layer(kind: str, values: Rows, *, style: Drawing | None = None, **channels: Any) -> Drawing:
    """Marks of one kind for rows. A channel that is text is the name of a column (`y2`, `text`)."""
    encoding = {name: {"field": one} if isinstance(one, str) else one for name, one in channels.items()}
    return {"data": {"values": values}, "mark": {"type": kind, **(style or {})}, "encoding": encoding}


def layered(layers: list[Drawing], *, width: int, height: int) -> Drawing:
    """One drawing of layers, the first one undermost. Width and height of the plot area in pixels."""
    return {"width": width, "height": height, "layer": layers}


def rows(chart: Chart) -> Rows:
    """The table of a chart by row."""
    names = list(chart.data)
    return [dict(zip(names, row, strict=True)) for row in zip(*chart.data.values(), strict=True)]


def mark_color(name: str) -> str:
    """The colour of a reference line: limits red, the aim green, others grey."""
    if name.lower() in LIMITS:
        return RED
    return GREEN if name.lower() in ("target", "aim", "nominal") else DIM
