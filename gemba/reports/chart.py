"""Drawing a `Chart`: one Vega-Lite specification, rendered to SVG or PNG without a browser.

What `Chart.data` holds, by `Chart.kind` (columns of equal length; null where there is nothing to draw):

| kind | columns |
|---|---|
| `series` | `time` (ISO), `value`; optional `expected`, `low`, `high`, `label`, `part` (history, baseline, window) |
| `bars` | `label`, `value`; optional `low`, `high`, `part` |
| `waterfall` | `label`, `value`, `role` (`start`, `change`, `end`); the changes lead from start to end |
| `points` | `time` (ISO), `value`; optional `label` |
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import altair as alt

    from gemba.insights.types import Chart

INK, QUIET, ACCENT, WARM, COOL = "#1c2733", "#9aa7b4", "#c8442b", "#c8442b", "#2a7f78"
PARTS = {"history": QUIET, "baseline": "#4a6fa5", "window": ACCENT}


def chart_svg(chart: Chart, *, width: int = 640, height: int = 240) -> str:
    """The chart as a self-contained SVG document. Width and height of the plot area in pixels."""
    import vl_convert

    return vl_convert.vegalite_to_svg(specification(chart, width=width, height=height))


def chart_png(chart: Chart, *, width: int = 640, height: int = 240, scale: float = 1.0) -> bytes:
    """The chart as PNG; about 10–25 kB at the default size."""
    import vl_convert

    return vl_convert.vegalite_to_png(specification(chart, width=width, height=height), scale=scale)


def specification(chart: Chart, *, width: int = 640, height: int = 240) -> str:
    """The chart as Vega-Lite JSON."""
    drawn = {"series": _series, "bars": _bars, "waterfall": _waterfall, "points": _points}[chart.kind](chart)
    # A title as wide as the plot is cut by the renderer: long ones go over two lines.
    finished = (
        drawn.properties(width=width, height=height, title=_lines(chart.title))
        .configure_view(stroke=None)
        .configure_axis(labelColor=INK, titleColor=INK, gridColor="#e8ecef", domainColor=QUIET, labelLimit=260)
        .configure_title(anchor="start", color=INK, fontSize=13)
    )
    return json.dumps(finished.to_dict())


def _lines(title: str, at: int = 90) -> list[str]:
    import textwrap

    return textwrap.wrap(title, at) or [""]


def _rows(chart: Chart) -> list[dict[str, Any]]:
    names = list(chart.data)
    return [dict(zip(names, row, strict=True)) for row in zip(*chart.data.values(), strict=True)]


def _base(chart: Chart, rows: list[dict[str, Any]] | None = None) -> alt.Chart:
    import altair as alt

    return alt.Chart(alt.Data(values=_rows(chart) if rows is None else rows))


def _series(chart: Chart) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    base = _base(chart)
    time = alt.X("time:T", title=None)
    value = alt.Y("value:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    layers: list[alt.Chart] = []
    if "low" in chart.data and "high" in chart.data:
        layers.append(base.mark_area(opacity=0.18, color=COOL).encode(x=time, y="low:Q", y2="high:Q"))
    if "expected" in chart.data:
        layers.append(base.mark_line(color=COOL, strokeDash=[4, 3]).encode(x=time, y="expected:Q"))
    if "label" in chart.data:
        layers.append(base.mark_line(point=True).encode(x=time, y=value, color=alt.Color("label:N", title=None)))
        return alt.layer(*layers)
    layers.append(base.mark_line(color=QUIET).encode(x=time, y=value))
    points = base.mark_circle(size=28, opacity=1)
    if "part" in chart.data:
        shades = alt.Scale(domain=list(PARTS), range=list(PARTS.values()))
        layers.append(points.encode(x=time, y=value, color=alt.Color("part:N", scale=shades, title=None)))
    else:
        layers.append(points.encode(x=time, y=value, color=alt.value(INK)))
    return alt.layer(*layers)


def _bars(chart: Chart) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    base = _base(chart)
    label = alt.Y("label:N", sort=None, title=None)
    shade: Any = alt.condition("datum.value > 0", alt.value(WARM), alt.value(COOL))
    if all((value or 0) >= 0 for value in chart.data["value"]):
        shade = alt.value("#4a6fa5")
    bars = base.mark_bar(height={"band": 0.7}).encode(
        x=alt.X("value:Q", title=chart.unit or None), y=label, color=shade
    )
    if "low" not in chart.data:
        return alt.layer(bars)
    return alt.layer(bars, base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q", y=label))


def _waterfall(chart: Chart) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    rows: list[dict[str, Any]] = []
    level = 0.0
    for row in _rows(chart):
        if row["role"] == "change":
            low, level = level, level + row["value"]
            rows.append({**row, "from": low, "to": level, "shade": "rise" if row["value"] > 0 else "fall"})
        else:
            level = row["value"]
            rows.append({**row, "from": level, "to": level, "shade": "level"})
    # Without a common zero the small changes of a large level can be seen; start and end are drawn as marks.
    base = _base(chart, rows)
    shades = alt.Scale(domain=["rise", "fall", "level"], range=[WARM, COOL, INK])
    # Layers merge their scales and lose the rows' order, so the order is written out.
    label = alt.Y("label:N", sort=[row["label"] for row in rows], title=None)
    value = alt.X("from:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    color = alt.Color("shade:N", scale=shades, legend=None)
    changes = base.transform_filter("datum.role == 'change'")
    levels = base.transform_filter("datum.role != 'change'")
    return alt.layer(
        changes.mark_bar(height={"band": 0.6}).encode(x=value, x2="to:Q", y=label, color=color),
        levels.mark_tick(thickness=4, size=18).encode(x=value, y=label, color=color),
    )


def _points(chart: Chart) -> alt.LayerChart | alt.FacetChart:
    import altair as alt

    base = _base(chart)
    color: Any = alt.Color("label:N", title=None) if "label" in chart.data else alt.value(ACCENT)
    value = alt.Y("value:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    return alt.layer(base.mark_circle(size=36).encode(x=alt.X("time:T", title=None), y=value, color=color))
