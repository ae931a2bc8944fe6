"""How values are distributed: a histogram against the specification, a probability plot against a distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemba.reports.chart_style import BLUE, INK, RED, TEAL, Size, drawn, layered, rows

if TYPE_CHECKING:
    from gemba.insights.types import Chart
    from gemba.reports.chart_style import Drawing


def histogram(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    base = drawn([{**row, "middle": (row["low"] + row["high"]) / 2.0} for row in rows(chart)])
    low = alt.X("low:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    count = alt.Y("count:Q", title="count")
    layers = [base.mark_bar(color=BLUE, opacity=0.7).encode(x=low, x2="high:Q", y=count)]
    if "curve" in chart.data:
        layers.append(base.mark_line(color=INK).encode(x="middle:Q", y="curve:Q"))
    marks = drawn([{"name": name, "value": value} for name, value in chart.marks.items()])
    layers.append(marks.mark_rule(color=RED).encode(x="value:Q"))
    layers.append(marks.mark_text(dy=-8, y=0).encode(x="value:Q", text="name:N"))
    return layered(size, *layers)


def probability(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    base = drawn(rows(chart))
    value = alt.X("value:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    layers = [base.mark_circle(color=INK).encode(x=value, y=alt.Y("share:Q", title="share"))]
    if "low" in chart.data and "high" in chart.data:
        layers.insert(0, base.mark_area(opacity=0.18, color=TEAL).encode(x=value, y="low:Q", y2="high:Q"))
    if "fit" in chart.data:
        layers.append(base.mark_line(color=TEAL).encode(x=value, y="fit:Q"))
    return layered(size, *layers)
