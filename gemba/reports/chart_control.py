"""The control chart: points with centre line, limits as steps, and the points that break a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemba.reports.chart_style import BLUE, GREY, INK, RED, Size, drawn, layered, rows

if TYPE_CHECKING:
    from gemba.insights.types import Chart
    from gemba.reports.chart_style import Drawing


def control(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    base = drawn([{**row, "at": at} for at, row in enumerate(rows(chart))])
    at = alt.X("at:Q", title=None)
    value = alt.Y("value:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    layers = [
        base.mark_line(color=RED, strokeDash=[6, 3], interpolate="step").encode(x=at, y=alt.Y(f"{limit}:Q"))
        for limit in ("lower", "upper")
    ]
    layers.append(base.mark_line(color=BLUE, interpolate="step").encode(x=at, y="centre:Q"))
    layers.append(base.mark_line(color=GREY).encode(x=at, y=value))
    shade = alt.condition("isValid(datum.signal)", alt.value(RED), alt.value(INK))
    layers.append(base.mark_circle(size=28, opacity=1).encode(x=at, y=value, color=shade))
    return layered(size, *layers)
