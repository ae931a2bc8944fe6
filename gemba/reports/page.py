"""An insight as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemba.reports import numbers

if TYPE_CHECKING:
    from gemba.insights.types import Insight


def insight_page(
    insight: Insight, *, text: str, reading: str, queries: tuple[Mapping[str, Any], ...] = (), withdrawn: str = ""
) -> str:
    """HTML of an insight. No script, no link to elsewhere: it can be mailed or archived.

    Args:
        text: The question as it was asked.
        reading: How it was understood, in words.
        queries: Rows with `source`, `sql`, `seconds`, `rows`.
        withdrawn: Why the insight does not hold any more; empty while it does.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from gemba.reports.chart import chart_svg

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(
        quantity=numbers.quantity,
        interval=numbers.interval,
        probability=numbers.probability,
        segment=numbers.segment,
        number=numbers.number,
    )
    charts = [chart_svg(chart) for chart in insight.charts]
    template = environment.get_template("insight.html.j2")
    return template.render(
        insight=insight, text=text, reading=reading, queries=queries, withdrawn=withdrawn, charts=charts
    )
