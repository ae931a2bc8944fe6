"""Values over time: a line with its band, its parts, its forecast and its incidents; single points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemba.reports import numbers
from gemba.reports.captions import has_forecast
from gemba.reports.chart_labels import LINE, Label, apart, cut, placed
from gemba.reports.chart_plane import Plane, domain
from gemba.reports.chart_style import (
    BLUE,
    DIM,
    GAPS,
    GREY,
    INK,
    RED,
    SHADE,
    TEAL,
    Drawing,
    Rows,
    layer,
    layered,
    mark_color,
    rows,
)
from gemba.reports.thinning import thinned
from gemba.reports.times import milliseconds

if TYPE_CHECKING:
    from gemba.insights.types import Chart

PARTS = {"history": GREY, "baseline": BLUE, "window": RED, "forecast": TEAL}
SHADES = (BLUE, RED, TEAL, "#b8862d", "#7a5195", "#5b8c3a", "#946b54", "#d16ba5")
DOTS = 300
"""Points up to which each is drawn as a dot."""
DAY_MS = 86_400_000.0


def series(chart: Chart, width: int, height: int) -> Drawing:
    if "label" in chart.data:
        return _several(chart, width, height)
    table = _timed(chart)
    plane = _plane(chart, table, width, height)
    signals = [at for at, row in enumerate(table) if row.get("signal") and row["value"] is not None]
    starts = [at for at in signals if not at or table[at - 1].get("signal") != table[at]["signal"]]
    kept = [table[at] for at in _kept(table, width, signals)]
    x, y = plane.time_of("time"), plane.down_of("value", title=chart.unit)
    layers = [*_bands(chart, plane, kept), *_marks(chart, plane)]
    if any(row["value"] is not None for row in kept):
        shade = TEAL if has_forecast(chart) and "expected" not in chart.data else GREY
        layers.append(layer("line", kept, style={"color": shade, "strokeWidth": 1.3, "invalid": GAPS}, x=x, y=y))
    layers.append(_dots(chart, plane, kept, few=len(table) <= DOTS))
    layers += _incidents(chart, plane, [table[at] for at in signals], [table[at] for at in starts])
    return layered(layers, width=width, height=height)


def points(chart: Chart, width: int, height: int) -> Drawing:
    table = [row for row in _timed(chart) if row["value"] is not None]
    plane = _plane(chart, table, width, height)
    color: Drawing = {"value": RED}
    if "label" in chart.data:
        table = [{**row, "label": cut(row["label"], 24)} for row in table]
        color = _named([row["label"] for row in table])
    x, y = plane.time_of("time"), plane.down_of("value", title=chart.unit)
    dots = layer("circle", table, style={"size": 36, "opacity": 0.9}, x=x, y=y, color=color)
    return layered([dots, *_marks(chart, plane)], width=width, height=height)


def _several(chart: Chart, width: int, height: int) -> Drawing:
    """One line for each label."""
    table = [{**row, "label": cut(row["label"], 24)} for row in _timed(chart)]
    plane = _plane(chart, table, width, height)
    by_label: dict[str, Rows] = {}
    for row in table:
        by_label.setdefault(row["label"], []).append(row)
    kept = [lines[at] for lines in by_label.values() for at in _kept(lines, width, [])]
    x, y, color = plane.time_of("time"), plane.down_of("value", title=chart.unit), _named(list(by_label))
    layers = [layer("line", kept, style={"strokeWidth": 1.4, "invalid": GAPS}, x=x, y=y, color=color)]
    if len(table) <= DOTS:
        known = [row for row in kept if row["value"] is not None]
        layers.append(layer("circle", known, style={"size": 22, "opacity": 1}, x=x, y=y, color=color))
    return layered([*layers, *_marks(chart, plane)], width=width, height=height)


def _timed(chart: Chart) -> Rows:
    table = [{**row, "time": milliseconds(row["time"])} for row in rows(chart) if row["time"] is not None]
    return sorted(table, key=lambda row: row["time"])


def _plane(chart: Chart, table: Rows, width: int, height: int) -> Plane:
    columns = ("value", "expected", "low", "high")
    values = [row.get(name) for row in table for name in columns]
    first = min((row["time"] for row in table), default=0.0)
    last = max((row["time"] for row in table), default=0.0)
    if last == first:
        first, last = first - DAY_MS, last + DAY_MS
    room = (last - first) * 0.012
    y = domain([*values, *chart.marks.values()], room=0.14 if any(chart.data.get("signal", ())) else 0.08)
    return Plane((first - room, last + room), y, width, height)


def _kept(table: Rows, width: int, signals: list[int]) -> list[int]:
    """Positions that are drawn; by the expected value where there is no value, as in a forecast."""
    shown = [row["value"] if row["value"] is not None else row.get("expected") for row in table]
    turns = [at for at in range(1, len(table)) if table[at].get("part") != table[at - 1].get("part")]
    return thinned(shown, most=width * 2 // 3, keep={*signals, *turns, *(at - 1 for at in turns)})


def _bands(chart: Chart, plane: Plane, kept: Rows) -> list[Drawing]:
    x, data, unit = plane.time_of("time"), chart.data, chart.unit
    layers: list[Drawing] = []
    for low, high, opacity in (("low", "high", 0.16), ("inner_low", "inner_high", 0.2)):
        if low in data and high in data:
            style = {"opacity": opacity, "color": TEAL, "invalid": GAPS}
            layers.append(layer("area", kept, style=style, x=x, y=plane.down_of(low, title=unit), y2=high))
    if "expected" in data:
        style = {"color": TEAL, "strokeDash": [4, 3], "strokeWidth": 1.5, "invalid": GAPS}
        layers.append(layer("line", kept, style=style, x=x, y=plane.down_of("expected", title=unit)))
    if has_forecast(chart) and kept:
        start = next(row["time"] for row in kept if row.get("part") == "forecast")
        layers.append(layer("rule", [{"time": start}], style={"color": DIM, "strokeDash": [2, 3]}, x=x))
    return layers


def _dots(chart: Chart, plane: Plane, kept: Rows, *, few: bool) -> Drawing:
    """Dots for values, coloured by part; of many values only those that no line would show."""
    known = [row for row in kept if row["value"] is not None]
    if not few:
        near = zip([None, *kept[:-1]], kept, [*kept[1:], None], strict=True)
        known = [row for a, row, b in near if row["value"] is not None and _is_gap(a) and _is_gap(b)]
    color: Drawing = {"value": INK}
    if len(parts := [part for part in PARTS if part in chart.data.get("part", ())]) > 1:
        # Beside a band red is what stands out of it.
        shades = PARTS if "low" not in chart.data else {**PARTS, "window": INK}
        color = _shaded("part", parts, [shades[part] for part in parts])
        known = [row for row in kept if row["value"] is not None]
    style = {"size": 24 if few else 8, "opacity": 1}
    x, y = plane.time_of("time"), plane.down_of("value", title=chart.unit)
    return layer("circle", known, style=style, x=x, y=y, color=color)


def _incidents(chart: Chart, plane: Plane, signals: Rows, starts: Rows) -> list[Drawing]:
    """Points that stand out, ringed, with their words where a run of the same words begins."""
    wanted = [
        Label(
            plane.across(row["time"]),
            plane.down(row["value"]),
            cut(row["signal"], 28),
            above=row.get("expected") is None or row["value"] >= row["expected"],
        )
        for row in starts
    ]
    words = [
        {"time": plane.x_at(one.x), "y": plane.y_at(one.y), "words": one.text}
        for one in placed(wanted, width=plane.width, height=plane.height, offset=13.0)
    ]
    x, y, down = plane.time_of("time"), plane.down_of("value", title=chart.unit), plane.down_of("y", title=chart.unit)
    ring = {"size": 80, "filled": False, "color": RED, "strokeWidth": 1.8, "opacity": 1}
    said = {"color": RED, "fontSize": 10.5, "baseline": "middle"}
    return [
        layer("point", signals, style=ring, x=x, y=y),
        layer("text", words, style=said, x=x, y=down, text="words"),
    ]


def _marks(chart: Chart, plane: Plane) -> list[Drawing]:
    """Level lines with name and value at the right edge."""
    marks = sorted(chart.marks.items(), key=lambda one: -one[1])
    if not marks:
        return []
    downs = apart([plane.down(value) for _, value in marks], least=LINE)
    table = [
        {
            "value": value,
            "time": plane.x[1],
            "y": plane.y_at(down),
            "words": f"{cut(name, 14)} {numbers.number(value)}",
            "shade": mark_color(name),
        }
        for (name, value), down in zip(marks, downs, strict=True)
    ]
    x, y, down = plane.time_of("time"), plane.down_of("value", title=chart.unit), plane.down_of("y", title=chart.unit)
    said = {"align": "left", "dx": 6, "baseline": "middle", "fontSize": 11}
    return [
        layer("rule", table, style={"strokeDash": [5, 3]}, y=y, color=SHADE),
        layer("text", table, style=said, x=x, y=down, text="words", color=SHADE),
    ]


def _named(labels: list[str]) -> Drawing:
    names = list(dict.fromkeys(labels))
    return _shaded("label", names, [SHADES[at % len(SHADES)] for at in range(len(names))])


def _shaded(field: str, names: list[str], shades: list[str]) -> Drawing:
    """Colours by name, explained below the plot."""
    legend = {"title": None, "orient": "bottom", "columns": 4, "labelLimit": 180}
    return {"field": field, "type": "nominal", "scale": {"domain": names, "range": shades}, "legend": legend}


def _is_gap(row: dict[str, Any] | None) -> bool:
    return row is None or row["value"] is None
