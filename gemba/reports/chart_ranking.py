"""Values by category: bars, the steps of a waterfall, a Pareto chart."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemba.reports.chart_style import BLUE, INK, RED, TEAL, Size, drawn, layered, rows

if TYPE_CHECKING:
    from gemba.insights.types import Chart
    from gemba.reports.chart_style import Drawing


def bars(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    base = drawn(rows(chart))
    label = alt.Y("label:N", sort=None, title=None)
    shade: Any = alt.condition("datum.value > 0", alt.value(RED), alt.value(TEAL))
    if all((value or 0) >= 0 for value in chart.data["value"]):
        shade = alt.value(BLUE)
    drawn_bars = base.mark_bar(height={"band": 0.7}).encode(
        x=alt.X("value:Q", title=chart.unit or None), y=label, color=shade
    )
    if "low" not in chart.data:
        return layered(size, drawn_bars)
    return layered(size, drawn_bars, base.mark_rule(color=INK).encode(x="low:Q", x2="high:Q", y=label))


def waterfall(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    steps: list[dict[str, Any]] = []
    level = 0.0
    for row in rows(chart):
        if row["role"] == "change":
            low, level = level, level + row["value"]
            steps.append({**row, "from": low, "to": level, "shade": "rise" if row["value"] > 0 else "fall"})
        else:
            level = row["value"]
            steps.append({**row, "from": level, "to": level, "shade": "level"})
    # Without a common zero the small changes of a large level can be seen; start and end are drawn as marks.
    base = drawn(steps)
    shades = alt.Scale(domain=["rise", "fall", "level"], range=[RED, TEAL, INK])
    # Layers merge their scales and lose the rows' order, so the order is written out.
    label = alt.Y("label:N", sort=[row["label"] for row in steps], title=None)
    value = alt.X("from:Q", title=chart.unit or None, scale=alt.Scale(zero=False))
    color = alt.Color("shade:N", scale=shades, legend=None)
    changes = base.transform_filter("datum.role == 'change'")
    levels = base.transform_filter("datum.role != 'change'")
    return layered(
        size,
        changes.mark_bar(height={"band": 0.6}).encode(x=value, x2="to:Q", y=label, color=color),
        levels.mark_tick(thickness=4, size=18).encode(x=value, y=label, color=color),
    )


def pareto(chart: Chart, size: Size) -> Drawing:
    import altair as alt

    base = drawn(rows(chart))
    label = alt.X("label:N", sort=[str(one) for one in chart.data["label"]], title=None)
    columns = base.mark_bar(color=BLUE).encode(x=label, y=alt.Y("value:Q", title=chart.unit or None))
    share = alt.Y("cumulative:Q", title="cumulative %", scale=alt.Scale(domain=[0, 100]))
    line = base.mark_line(color=INK, point=alt.OverlayMarkDef(color=INK)).encode(x=label, y=share)
    return layered(size, columns, line).resolve_scale(y="independent")
