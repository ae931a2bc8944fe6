"""An insight as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemba.reports import numbers

if TYPE_CHECKING:
    from gemba.insights.types import Claim, Insight

WIDTH, HEIGHT = 740, 260
"""Of a chart's plot area, pixels: with its labels as wide as the page."""


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
    from gemba.reports.labels import effect, label

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters.update(
        interval=numbers.interval,
        probability=numbers.probability,
        number=numbers.number,
        label=label,
        effect=effect,
    )
    charts = [(chart.title, chart_svg(chart, width=WIDTH, height=HEIGHT)) for chart in insight.charts]
    template = environment.get_template("insight.html.j2")
    return template.render(
        insight=insight,
        text=text,
        reading=reading,
        queries=queries,
        withdrawn=withdrawn,
        charts=charts,
        groups=_groups(insight.claims),
        unit=next((claim.unit for claim in insight.claims if claim.kind == "level"), ""),
    )


def _groups(claims: Sequence[Claim]) -> list[tuple[str, str, list[Claim]]]:
    """Claims as a reader wants them: those that answer, how a change adds up, what else was looked at.

    Title, note, claims; what ranks first comes first.
    """
    exact = [claim for claim in claims if claim.exact]
    groups = [
        (
            "Findings",
            "Estimated from the data; the interval says how well.",
            [claim for claim in claims if not claim.exact and claim.significant is not False],
        ),
        (
            "Counted",
            "Counted or computed from the data: nothing was estimated.",
            [claim for claim in exact if not _adds_up(claim)],
        ),
        (
            "How the change adds up",
            "Exact arithmetic: nothing was estimated, and nothing is said of causes.",
            [claim for claim in exact if _adds_up(claim)],
        ),
    ]
    told = sorted((group for group in groups if group[2]), key=lambda group: _first(group[2]))
    rest = [claim for claim in claims if not claim.exact and claim.significant is False]
    return [*told, *([("Also looked at", "Tested, and not to be told from chance.", rest)] if rest else [])]


def _adds_up(claim: Claim) -> bool:
    """Whether an exact claim is a part of a change, not a fact by itself."""
    return claim.kind == "contribution" or "explained_pct" in claim.details


def _first(claims: Sequence[Claim]) -> int:
    return min((claim.rank for claim in claims if claim.rank is not None), default=len(claims))
