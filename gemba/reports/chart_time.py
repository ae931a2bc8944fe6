"""Values over time: a line with its band, its parts and its incidents; single points."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemba.reports.chart_style import BLUE, GREY, INK, RED, TEAL, Size, clock_ms, drawn, layered, rows

if TYPE_CHECKING:
    import altair as alt

    from gemba.insights.types import Chart
    from gemba.reports.chart_style import Drawing

PARTS = {"history": GREY, "baseline": BLUE, "window": RED, "forecast": TEAL}


def series(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    base = drawn(_timed(chart))
    time = _time()
    value = alt.Y("value:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    layers: list[alt.Chart] = []
    if "low" in chart.data and "high" in chart.data:
        layers.append(base.mark_area(opacity=0.18, color=TEAL).encode(x=time, y="low:Q", y2="high:Q"))
    if "expected" in chart.data:
        layers.append(base.mark_line(color=TEAL, strokeDash=[4, 3]).encode(x=time, y="expected:Q"))
    if "label" in chart.data:
        layers.append(base.mark_line(point=True).encode(x=time, y=value, color=alt.Color("label:N", title=None)))
        return layered(size, *layers)
    layers.append(base.mark_line(color=GREY).encode(x=time, y=value))
    points = base.mark_circle(size=28, opacity=1)
    if "part" in chart.data:
        shades = alt.Scale(domain=list(PARTS), range=list(PARTS.values()))
        layers.append(points.encode(x=time, y=value, color=alt.Color("part:N", scale=shades, title=None)))
    else:
        layers.append(points.encode(x=time, y=value, color=alt.value(INK)))
    return layered(size, *layers)


def points(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    base = drawn(_timed(chart))
    color: Any = alt.Color("label:N", title=None) if "label" in chart.data else alt.value(RED)
    value = alt.Y("value:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    return layered(size, base.mark_circle(size=36).encode(x=_time(), y=value, color=color))


def _timed(chart: Chart) -> list[dict[str, Any]]:
    return [{**row, "time": clock_ms(row["time"])} for row in rows(chart)]


def _time() -> alt.X:
    import altair as alt

    return alt.X("time:T", title=None, scale=alt.Scale(type="utc"))
