"""Drawing a `Chart`: one Vega-Lite specification, rendered to SVG or PNG without a browser.

What `Chart.data` holds, by `Chart.kind` (columns of equal length; null where there is nothing to draw):

| kind | columns |
|---|---|
| `series` | `time` (ISO), `value`; optional `expected`, `low`, `high` (a band), `inner_low`, `inner_high` (a narrower one), `label` (one line each), `part` (history, baseline, window, forecast), `signal` (words at a point that stands out, or null) |
| `bars` | `label`, `value`; optional `low`, `high`, `part` |
| `waterfall` | `label`, `value`, `role` (`start`, `change`, `end`); the changes lead from start to end |
| `points` | `time` (ISO), `value`; optional `label` |
| `control` | `time` (ISO) or `label`, `value`, `centre`, `lower`, `upper` (they may differ by point), optional `signal` (rules such as "W1" or "W1, W4", or null), `phase` ("I", "II") |
| `pareto` | `label`, `value` (descending), `cumulative` (per cent) |
| `histogram` | `low`, `high`, `count`; optional `curve` (count that the fitted distribution expects) |
| `probability` | `value`, `share` (0–1, plotting position), drawn on `Chart.scale`; optional `fit`, `low`, `high` (share by the fitted distribution at `value`, and its band), `censored` (true: not failed; `share` null) |

`Chart.marks` are reference lines by name: at values (vertical in `histogram` and `probability`, level elsewhere). LSL,
USL (and UCL, LCL) are drawn as limits, target as the aim, others in grey.
"""  # noqa: E501 -- a table's row is one line

from __future__ import annotations

import json
import textwrap
from typing import TYPE_CHECKING

from gemba.reports import chart_control, chart_distribution, chart_ranking, chart_time
from gemba.reports.captions import caption
from gemba.reports.chart_style import DIM, GREY, INK, PALE

if TYPE_CHECKING:
    from gemba.insights.types import Chart

DRAWINGS = {
    "series": chart_time.series,
    "points": chart_time.points,
    "control": chart_control.control,
    "bars": chart_ranking.bars,
    "waterfall": chart_ranking.waterfall,
    "pareto": chart_ranking.pareto,
    "histogram": chart_distribution.histogram,
    "probability": chart_distribution.probability,
}

SCHEMA = "https://vega.github.io/schema/vega-lite/v6.json"
"""Names the language; nothing is fetched from there."""
LOOK = {
    # A label for every dot would be most of an image, and read aloud without end: the page names the whole chart.
    "aria": False,
    # Fonts differ in width from those that the renderer measures with.
    "padding": {"left": 16, "top": 6, "bottom": 6, "right": 28},
    "view": {"stroke": None},
    "axis": {
        "labelColor": INK,
        "titleColor": INK,
        "gridColor": PALE,
        "domainColor": GREY,
        "labelLimit": 260,
        "titlePadding": 12,
    },
    "title": {"anchor": "start", "color": INK, "fontSize": 13, "subtitleColor": DIM},
}


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
    # A title as wide as the plot is cut by the renderer: long ones go over two lines.
    title = {
        "text": textwrap.wrap(chart.title, max(width // 7, 20)) or [""],
        "subtitle": textwrap.wrap(caption(chart), max(width // 6, 20)),
        "subtitlePadding": 4,
    }
    return json.dumps({"$schema": SCHEMA, **DRAWINGS[chart.kind](chart, width, height), "title": title, "config": LOOK})
