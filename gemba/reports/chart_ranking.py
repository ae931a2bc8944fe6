"""Values by category: bars, the steps of a waterfall, a Pareto chart."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from gemba.reports import numbers
from gemba.reports.chart_labels import LETTER, cut
from gemba.reports.chart_plane import Plane, domain, named_ticks
from gemba.reports.chart_style import BLUE, GREY, INK, RED, SHADE, TEAL, Drawing, Rows, layer, layered, rows
from gemba.reports.rankings import Bar, folded, pareto_bars, shortened

if TYPE_CHECKING:
    from gemba.insights.types import Chart

MOST_BARS = 24
LONGEST = 36
STEP = 18
"""Pixels from bar to bar."""
Axis = Callable[[str], Drawing]
"""The place of a column on an axis."""


def bars(chart: Chart, width: int, height: int) -> Drawing:
    table = [{**row, "label": cut(row["label"], LONGEST)} for row in shortened(rows(chart), MOST_BARS)]
    for at, row in enumerate(table):
        row["at"] = at
    values = [row["value"] for row in table if row["value"] is not None]
    reach = [row.get(side) for row in table for side in ("low", "high")]
    plane = _lying(table, [*values, *reach, 0.0], width, height)
    shade = BLUE if all(value >= 0 for value in values) else None
    for row in table:
        row |= {"zero": 0.0, "shade": shade or (RED if (row["value"] or 0) > 0 else TEAL)}
    x, y = plane.across_of("value", title=chart.unit), _lying_axis(plane, table)
    known = [row for row in table if row["value"] is not None]
    for row in known:
        row["words"] = numbers.quantity(row["value"], chart.unit)
        row["end"] = max(row["value"], row.get("high") or 0.0, 0.0)
    layers = [
        layer("bar", known, style={"height": _thick(plane, table)}, x=x, x2="zero", y=y, color=SHADE),
        _words(plane, known, chart.unit, y),
    ]
    if "low" in chart.data:
        whole = [row for row in table if row["low"] is not None and row["high"] is not None]
        low = plane.across_of("low", title=chart.unit)
        layers.append(layer("rule", whole, style={"color": INK}, x=low, x2="high", y=y))
    return layered(layers, width=width, height=plane.height)


def waterfall(chart: Chart, width: int, height: int) -> Drawing:
    steps: list[dict[str, Any]] = []
    level = 0.0
    # A difference of two shares is not a share: it is counted in percentage points.
    change_unit = "pp" if chart.unit == "%" else chart.unit
    for row in folded(rows(chart), MOST_BARS):
        label = cut(row["label"], LONGEST)
        if row["role"] == "change":
            low, level = level, level + (row["value"] or 0.0)
            said = numbers.quantity(row["value"] or 0.0, change_unit, signed=True)
            shade = RED if level > low else TEAL
            steps.append({"label": label, "from": low, "to": level, "shade": shade, "words": said})
        elif row["value"] is not None:
            level = row["value"]
            said = numbers.quantity(level, chart.unit)
            steps.append({"label": label, "from": level, "to": level, "shade": INK, "words": said})
    for at, step in enumerate(steps):
        step["at"] = at
    # Without a common zero the small changes of a large level can be seen; start and end are drawn as marks.
    plane = _lying(steps, [step[end] for step in steps for end in ("from", "to")], width, height)
    x, y = plane.across_of("from", title=chart.unit), _lying_axis(plane, steps)
    changes = [step for step in steps if step["shade"] != INK]
    levels = [step for step in steps if step["shade"] == INK]
    joins = [{**one, "next": after["at"]} for one, after in pairwise(steps)]
    for step in steps:
        step["end"] = max(step["from"], step["to"])
    to, dashed = plane.across_of("to", title=chart.unit), {"color": GREY, "strokeDash": [2, 2]}
    layers = [
        layer("rule", joins, style=dashed, x=to, y=y, y2="next"),
        layer("bar", changes, style={"height": _thick(plane, steps)}, x=x, x2="to", y=y, color=SHADE),
        layer("tick", levels, style={"thickness": 4, "size": 18, "orient": "vertical"}, x=x, y=y, color=SHADE),
    ]
    layers.append(_words(plane, steps, chart.unit, y))
    return layered(layers, width=width, height=plane.height)


def pareto(chart: Chart, width: int, height: int) -> Drawing:
    """Bars on the left axis up to the total, so that 100 % of the right axis is level with it (J. M. Juran)."""
    table = pareto_bars(chart, most=MOST_BARS)
    total = sum(bar.value for bar in table) or 1.0
    plane = Plane((-0.5, max(len(table), 1) - 0.5), (0.0, total * 1.06), width, height)
    x, share = _upright_axis(plane, table), _share_axis(plane)
    columns: Rows = [{"at": at, "value": bar.value} for at, bar in enumerate(table)]
    thick = {"color": BLUE, "width": max(width / max(len(table), 1) * 0.82, 1.0)}
    line: Rows = [{"at": at, "share": bar.cumulative * total / 100.0} for at, bar in enumerate(table)]
    dotted = {"color": INK, "point": {"color": INK, "size": 26}, "strokeWidth": 1.4}
    eighty = {"color": RED, "strokeDash": [6, 3]}
    left = layer("bar", columns, style=thick, x=x("at"), y=plane.down_of("value", title=chart.unit))
    right = [
        layer("line", line, style=dotted, x=x("at"), y=share("share")),
        layer("rule", [{"share": 0.8 * total}], style=eighty, y=share("share")),
        *_pareto_words(plane, table, total, x, share),
    ]
    # Two groups of layers, or every layer would draw an axis of its own.
    both = layered([left, {"layer": right}], width=width, height=height)
    return {**both, "resolve": {"scale": {"y": "independent"}}}


def _pareto_words(plane: Plane, table: list[Bar], total: float, x: Axis, share: Axis) -> list[Drawing]:
    """Amounts in the bars that have room for them, shares along the line where they do not meet the line."""
    amounts: Rows = []
    shares: Rows = []
    first: Rows = []
    band = plane.width / max(len(table), 1)
    last = -1e9
    for at, bar in enumerate(table):
        said, place = numbers.number(bar.value), plane.across(at)
        tall = plane.height * bar.value / (total * 1.06)
        if len(said) * LETTER <= band * 0.9 and tall >= 16:
            amounts.append({"at": at, "share": bar.value, "words": said})
        said = f"{bar.cumulative:.0f} %"
        # the last is 100 % by definition, and would cover the axis
        if place - last > len(said) * LETTER + 10 and at < len(table) - 1:
            fits = place > len(said) * LETTER + 8
            (shares if fits else first).append({"at": at, "share": bar.cumulative * total / 100.0, "words": said})
            last = place
    inside = {"color": "white", "dy": 9, "fontSize": 11}
    above = {"color": INK, "align": "right", "dx": -4, "dy": -8, "fontSize": 10.5}
    below = {**above, "align": "left", "dx": 6, "dy": 7}
    return [
        layer("text", words, style=style, x=x("at"), y=share("share"), text="words")
        for words, style in ((amounts, inside), (shares, above), (first, below))
    ]


def _share_axis(plane: Plane) -> Axis:
    total = plane.y[1] / 1.06
    ticks = named_ticks([total * k / 5 for k in range(6)], [f"{20 * k} %" for k in range(6)])
    ticks["orient"] = "right"

    def axis(field: str) -> Drawing:
        return plane.down_of(field, title="cumulative", axis=ticks)

    return axis


def _upright_axis(plane: Plane, table: list[Bar]) -> Axis:
    band = plane.width / max(len(table), 1)
    longest = max((len(bar.label) for bar in table), default=0)
    level = min(longest, LONGEST) * LETTER + 8 <= band
    words = [cut(bar.label, LONGEST if level else 20) for bar in table]
    axis = named_ticks(range(len(table)), words, angle=0 if level else 35)

    def at(field: str) -> Drawing:
        return plane.across_of(field, axis=axis)

    return at


def _words(plane: Plane, table: Rows, unit: str, y: Drawing) -> Drawing:
    """Amounts to the right of bars that lie."""
    style = {"align": "left", "dx": 5, "fontSize": 10.5, "color": INK}
    return layer("text", table, style=style, x=plane.across_of("end", title=unit), y=y, text="words")


def _lying(table: list[dict[str, Any]], values: list[float | None], width: int, height: int) -> Plane:
    """The plane of bars that lie: as high as they need."""
    n = max(len(table), 1)
    low, high = domain(values, room=0.06)
    # bars that all begin at zero begin at the edge
    low = low if min((value for value in values if value is not None), default=0.0) != 0.0 else 0.0
    return Plane((low, high), (n - 0.5, -0.5), width, max(height if n > 5 else n * 40, n * STEP))


def _lying_axis(plane: Plane, table: list[dict[str, Any]]) -> Drawing:
    names = [row["label"] for row in table]
    extent = max(map(len, names), default=0) * LETTER
    return plane.down_of("at", axis=named_ticks(range(len(table)), names, extent=extent))


def _thick(plane: Plane, table: list[dict[str, Any]]) -> float:
    return 0.66 * plane.height / max(len(table), 1)
