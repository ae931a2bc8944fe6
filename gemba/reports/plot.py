"""Drawing a `Chart` as text, for a terminal of any width and without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemba.reports import plot_control, plot_distribution, plot_ranking, plot_time
from gemba.reports.chart_labels import cut

if TYPE_CHECKING:
    from gemba.insights.types import Chart

PLOTS = {
    "series": plot_time.time_lines,
    "points": plot_time.time_lines,
    "control": plot_control.control_lines,
    "bars": plot_ranking.bar_lines,
    "waterfall": plot_ranking.bar_lines,
    "pareto": plot_ranking.pareto_lines,
    "histogram": plot_distribution.histogram_lines,
    "probability": plot_distribution.probability_lines,
}
LEAST_WIDTH = 40


def chart_lines(chart: Chart, *, width: int = 80) -> list[str]:
    """A chart as lines of at most `width` characters (40 at least): an empty one, the title, the plot, its legend."""
    if not any(chart.data.values()):
        return []
    width = max(width, LEAST_WIDTH)
    unit = f" [{chart.unit}]" if chart.unit and chart.kind not in ("bars", "waterfall", "pareto") else ""
    return ["", f"{cut(chart.title, width - len(unit))}{unit}", *PLOTS[chart.kind](chart, width)]
