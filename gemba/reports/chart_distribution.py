"""How values are distributed: a histogram against the specification, a probability plot against a distribution."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, log
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

from gemba.reports import numbers
from gemba.reports.chart_labels import LETTER, LINE, cut, staggered
from gemba.reports.chart_plane import Plane, decades, domain, named_ticks
from gemba.reports.chart_style import BLUE, DIM, INK, RED, SHADE, TEAL, Drawing, Rows, layer, layered, mark_color, rows

if TYPE_CHECKING:
    from gemba.insights.types import Chart

FAR = 1.5
"""Marks further from the values than so many times their range are named at the edge: the values keep their room."""

SHARES = (0.5, 0.1, 0.9, 0.01, 0.99, 0.05, 0.95, 0.25, 0.75, 0.001, 0.999, 0.0001, 0.9999)
"""Ticks of an axis of shares, foremost first."""
LEAST_SHARE = 1e-6
MOST_CENSORED = 50
SPACING = 5.0
"""Pixels between points of a probability plot from which both are drawn."""
Axis = Callable[[str], Drawing]
"""The place of a column on an axis."""


def histogram(chart: Chart, width: int, height: int) -> Drawing:
    bins = [row for row in rows(chart) if None not in (row["low"], row["high"], row["count"])]
    span = shown_span(chart)
    named = [
        (name, value, f"{cut(name, 12)} {numbers.number(value, digits=4)}")
        for name, value in sorted(chart.marks.items(), key=lambda one: one[1])
    ]
    draft = Plane(span, (0.0, 1.0), width, height)
    places = [min(max(draft.across(value), 0.0), float(width)) for _, value, _ in named]
    words = [_edged(text, value, span) for _, value, text in named]
    lines = staggered([(place, text) for place, text in zip(places, words, strict=True)])
    top = max([row["count"] for row in bins] + [one for one in chart.data.get("curve", []) if one is not None] + [1])
    head = (max(lines, default=-1) + 1) * LINE + 6.0
    plane = Plane(span, (0.0, top * height / max(height - head, height / 3.0)), width, height)
    x, y = plane.across_of("low", title=chart.unit), _counts(plane, "count")
    low, high = _limits(chart)
    for row in bins:
        row["shade"] = RED if row["high"] <= low or row["low"] >= high else BLUE
        row["middle"] = (row["low"] + row["high"]) / 2.0
        row["none"] = 0.0
    bars = {"opacity": 0.65, "stroke": "white", "strokeWidth": 0.6}
    layers = [layer("rect", bins, style=bars, x=x, x2="high", y=y, y2="none", color=SHADE)]
    if "curve" in chart.data:
        middle, expected = plane.across_of("middle", title=chart.unit), _counts(plane, "curve")
        style = {"color": INK, "interpolate": "monotone", "strokeWidth": 1.6}
        layers.append(layer("line", bins, style=style, x=middle, y=expected))
    for (name, value, _), text, place, line in zip(named, words, places, lines, strict=True):
        layers += _mark(plane, chart.unit, name, value, text, place, line * LINE + LINE / 2.0)
    return layered(layers, width=width, height=height)


def shown_span(chart: Chart) -> tuple[float, float]:
    """From where to where a histogram's axis goes: over all bins, and over the marks that are not too far away."""
    edges = [one for column in ("low", "high") for one in chart.data[column] if one is not None]
    if not edges:
        return domain(chart.marks.values())
    low, high = min(edges), max(edges)
    reach = FAR * (high - low)
    near = [value for value in chart.marks.values() if low - reach <= value <= high + reach]
    return domain([low, high, *near], room=0.06)


def probability(chart: Chart, width: int, height: int) -> Drawing:
    table = scaled_rows(chart)
    seen = [row["y"] for row in table if row["y"] is not None]
    fitted = [row["fit"] for row in table if row["fit"] is not None]
    logarithmic = chart.scale != "normal"
    across = log if logarithmic else float
    marks = {name: value for name, value in chart.marks.items() if value > 0 or not logarithmic}
    x = domain([row["x"] for row in table] + [across(value) for value in marks.values()], room=0.04)
    plane = Plane(x, domain([*seen, *fitted], room=0.08), width, height)
    for row in table:
        row["low"], row["high"] = (_within(row[side], plane.y) for side in ("low", "high"))
    x, y = _value_axis(plane, chart.unit, logarithmic), _share_axis(chart, plane)
    layers: list[Drawing] = []
    smooth = _spaced(plane, table, "fit")
    band = [row for row in smooth if row["low"] is not None and row["high"] is not None]
    if band:
        style = {"opacity": 0.16, "color": TEAL}
        layers.append(layer("area", band, style=style, x=x("x"), y=y("low"), y2="high"))
    if fitted:
        line = [row for row in smooth if row["fit"] is not None]
        style = {"color": TEAL, "strokeWidth": 1.6, "clip": True}
        layers.append(layer("line", line, style=style, x=x("x"), y=y("fit")))
    failed = _spaced(plane, table, "y")
    layers.append(layer("circle", failed, style={"color": INK, "size": 30, "opacity": 0.9}, x=x("x"), y=y("y")))
    censored = [{"x": row["x"], "y": plane.y_at(height - 6.0)} for row in table if row["censored"]]
    triangle = {"shape": "triangle-right", "color": DIM, "size": 36, "opacity": 0.8}
    layers.append(
        layer("point", censored[:: -(-len(censored) // MOST_CENSORED) or 1], style=triangle, x=x("x"), y=y("y"))
    )
    return layered([*layers, *_vertical(plane, x, y, marks, across)], width=width, height=height)


def transform(scale: str) -> Callable[[float], float]:
    """What makes the shares of a distribution a straight line: over the value, or over its logarithm if not normal.

    Shares of 0 and 1 are infinitely far away: they are taken as 10^-6 from there.
    """
    quantile = NormalDist().inv_cdf
    inner = quantile if scale in ("normal", "lognormal") else lambda share: log(-log(1.0 - share))
    return lambda share: inner(min(max(share, LEAST_SHARE), 1.0 - LEAST_SHARE))


def share_ticks(scale: str, low: float, high: float, *, least: float) -> list[tuple[float, str]]:
    """Places between `low` and `high` on the transformed axis, and their per cent; the foremost ones that do not touch.

    A Weibull's or exponential's includes 63.2 %, where the line passes the scale parameter.
    """
    to = transform(scale)
    shares = SHARES if scale in ("normal", "lognormal") else (1.0 - exp(-1.0), *SHARES)
    found: list[tuple[float, str]] = []
    for share in shares:
        place = to(share)
        if low <= place <= high and all(abs(place - other) >= least for other, _ in found):
            found.append((place, f"{100.0 * share:.4g} %" if share in SHARES else f"{100.0 * share:.1f} %"))
    return sorted(found)


def scaled_rows(chart: Chart) -> list[dict[str, Any]]:
    """Rows by value with everything on the axes' scales; rows that have no place there are left out."""
    logarithmic, to = chart.scale != "normal", transform(chart.scale)
    found = []
    for row in rows(chart):
        if row["value"] is None or (logarithmic and row["value"] <= 0):
            continue
        share = {name: row.get(name) for name in ("share", "fit", "low", "high")}
        moved = {name: None if one is None else to(one) for name, one in share.items()}
        place = log(row["value"]) if logarithmic else row["value"]
        found.append({**moved, "x": place, "y": moved["share"], "censored": bool(row.get("censored"))})
    return sorted(found, key=lambda row: row["x"])


def _spaced(plane: Plane, table: Rows, name: str) -> Rows:
    """Rows of a rising line that are told apart on the plane: the first, the last and those some pixels on.

    Where points are rare, as in the tails that such a plot is made for, none is left out.
    """
    known = [row for row in table if row[name] is not None]
    kept: Rows = known[:1]
    for row in known[1:]:
        across = plane.across(row["x"]) - plane.across(kept[-1]["x"])
        down = plane.down(row[name]) - plane.down(kept[-1][name])
        if abs(across) + abs(down) >= SPACING or row is known[-1]:
            kept.append(row)
    return kept


def _within(value: float | None, span: tuple[float, float]) -> float | None:
    return None if value is None else min(max(value, span[0]), span[1])


def _value_axis(plane: Plane, unit: str, logarithmic: bool) -> Axis:
    if not logarithmic:
        return lambda field: plane.across_of(field, title=unit)
    values = decades(exp(plane.x[0]), exp(plane.x[1]))
    axis = named_ticks([log(value) for value in values], [numbers.number(value) for value in values])
    return lambda field: plane.across_of(field, title=unit, axis=axis)


def _share_axis(chart: Chart, plane: Plane) -> Axis:
    ticks = share_ticks(chart.scale, *plane.y, least=14.0 / plane.height * (plane.y[1] - plane.y[0]))
    axis = named_ticks([place for place, _ in ticks], [name for _, name in ticks])
    axis["grid"] = True
    return lambda field: plane.down_of(field, title="share", axis=axis)


def _vertical(
    plane: Plane, x: Axis, y: Axis, marks: dict[str, float], across: Callable[[float], float]
) -> list[Drawing]:
    """Marks as upright lines with their names beside them, at different heights."""
    layers: list[Drawing] = []
    for line, (name, value) in enumerate(sorted(marks.items(), key=lambda one: one[1])):
        words = f"{cut(name, 12)} {numbers.number(value)}"
        down = plane.y_at((line % 4) * LINE + LINE / 2.0)
        place: Rows = [{"x": across(value), "y": down, "words": words}]
        layers.append(layer("rule", place, style={"color": mark_color(name), "strokeDash": [4, 3]}, x=x("x")))
        left = plane.across(across(value)) > plane.width - len(words) * LETTER - 8
        style = {
            "color": mark_color(name),
            "fontSize": 11,
            "align": "right" if left else "left",
            "dx": -5 if left else 5,
        }
        layers.append(layer("text", place, style=style, x=x("x"), y=y("y"), text="words"))
    return layers


def _counts(plane: Plane, field: str) -> Drawing:
    return plane.down_of(field, title="count", axis={"tickCount": max(plane.height // 40, 2), "tickMinStep": 1})


def _limits(chart: Chart) -> tuple[float, float]:
    given = {name.lower(): value for name, value in chart.marks.items()}
    return given.get("lsl", float("-inf")), given.get("usl", float("inf"))


def _edged(text: str, value: float, span: tuple[float, float]) -> str:
    """Words of a mark, with an arrow where it lies outside of what is shown."""
    return f"← {text}" if value < span[0] else f"{text} →" if value > span[1] else text


def _mark(plane: Plane, unit: str, name: str, value: float, text: str, across: float, down: float) -> list[Drawing]:
    """An upright line up to its name; outside of what is shown only the name."""
    half = len(text) * LETTER / 2.0
    middle = min(max(across, half), plane.width - half)
    row = {"low": value, "at": plane.x_at(middle), "y": plane.y_at(down), "top": plane.y_at(down + 6.0), "words": text}
    style = {"color": mark_color(name), "fontSize": 11, "fontWeight": "bold", "baseline": "middle"}
    x, y = plane.across_of("at", title=unit), _counts(plane, "y")
    layers = [layer("text", [row], style=style, x=x, y=y, text="words")]
    if plane.x[0] <= value <= plane.x[1]:
        dash = [1, 0] if mark_color(name) == RED else [4, 3]
        rule = {"color": mark_color(name), "strokeWidth": 1.6, "strokeDash": dash}
        at = plane.across_of("low", title=unit)
        layers.insert(0, layer("rule", [{**row, "y": 0.0}], style=rule, x=at, y=y, y2="top"))
    return layers
