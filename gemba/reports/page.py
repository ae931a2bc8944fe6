"""An insight as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gemba.reports import numbers

if TYPE_CHECKING:
    from gemba.insights.types import Claim, Insight


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
    charts = [chart_svg(chart) for chart in insight.charts]
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
    """Claims as a reader wants them: what was found, how it adds up, what else was looked at. Title, note, claims."""
    exact = [claim for claim in claims if claim.exact]
    found = [claim for claim in claims if not claim.exact and claim.significant is not False]
    rest = [claim for claim in claims if not claim.exact and claim.significant is False]
    groups = [
        ("Findings", "Estimated from the data; the interval says how well.", found),
        ("How the change adds up", "Exact arithmetic: nothing was estimated, and nothing is said of causes.", exact),
        ("Also looked at", "Tested, and not to be told from chance.", rest),
    ]
    return [group for group in groups if group[2]]
