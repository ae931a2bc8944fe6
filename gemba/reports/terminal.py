"""An answer on a terminal, for a reader in a hurry: the sentence first, the proof below."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gemba.reports import numbers

if TYPE_CHECKING:
    from rich.console import Console

    from gemba.insights.types import Answer, Chart, Claim, Insight

BLOCKS = " ▁▂▃▄▅▆▇█"
WIDE = 100
"""Columns from which on a terminal has room for everything."""
MOST_CLAIMS = 8


def show_answer(answer: Answer, console: Console, *, reading: str = "") -> None:
    """Print an answer of any status."""
    from rich.markup import escape

    # Without highlighting: it would cut figures such as 78,770 into pieces of several colours.
    show = partial(console.print, highlight=False)
    if answer.status in ("answered", "partial") and answer.insight is not None:
        if reading:
            show(f"[dim]{escape(reading)}[/]")
        show_insight(answer.insight, console)
        source = {"hit": "from the cache", "miss": "investigated now", "joined": "joined a running investigation"}
        show(f"[dim]{source[answer.cache or 'miss']} in {numbers.number(answer.elapsed_ms)} ms[/]")
    elif answer.status == "clarify":
        show(f"[bold yellow]{escape(answer.text)}[/]")
        for position, choice in enumerate(answer.choices, start=1):
            show(f"  [bold]{position}[/]  {escape(choice.reading)}")
        show("[dim]Ask again with --choose N.[/]")
    elif answer.status == "refused":
        show(f"[bold yellow]Cannot answer[/] [dim]({answer.reason})[/]: {escape(answer.text)}")
        if answer.nearest:
            show(f"[dim]Closest: {escape(', '.join(answer.nearest))}[/]")
    else:
        show(f"[bold red]Failed:[/] {escape(answer.text)}")
        if answer.error is not None and answer.error.hint:
            show(f"[dim]{escape(answer.error.hint)}[/]")


def show_insight(insight: Insight, console: Console, *, most: int | None = MOST_CLAIMS) -> None:
    """Print summary, charts, the first `most` claims (None: all), assumptions, gaps."""
    from rich.markup import escape

    show = partial(console.print, highlight=False)
    show(f"[bold]{escape(insight.summary)}[/]")
    for assumption in insight.assumptions:
        show(f"[dim]assumed: {escape(assumption)}[/]")
    for chart in insight.charts[:2]:
        for line in chart_lines(chart, width=min(console.width, 100)):
            show(escape(line), overflow="crop", no_wrap=True)
    if insight.claims:
        show(claims_table(insight.claims[:most], confidence=console.width >= WIDE))
        if most is not None and len(insight.claims) > most:
            show(f"[dim]and {len(insight.claims) - most} more: gemba insights show {insight.id}[/]")
    for gap in insight.gaps:
        show(f"[yellow]gap:[/] {gap.agent} could not look ({gap.reason}): {escape(gap.message)}")
    for note in insight.notes:
        show(f"[dim]note: {escape(note)}[/]")
    show(
        f"[dim]{insight.id} · {insight.tests_run} tests, false-discovery rate {insight.alpha:.0%}"
        f" · data {insight.data_version[:12]}[/]",
    )


def claims_table(claims: tuple[Claim, ...], *, confidence: bool = True) -> object:
    """A table of claims for rich, one line each; `confidence` adds that column.

    Whole statements are in `gemba explain`, `--json` and the page.
    """
    from rich.box import SIMPLE
    from rich.markup import escape
    from rich.table import Table

    from gemba.reports.labels import effect, label

    table = Table(box=SIMPLE, pad_edge=False, show_edge=False, expand=True)
    table.add_column("", justify="right", style="dim", no_wrap=True)
    table.add_column("claim", ratio=1, no_wrap=True, overflow="ellipsis")
    table.add_column("effect", justify="right", no_wrap=True)
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column("q", justify="right", no_wrap=True)
    if confidence:
        table.add_column("confidence", justify="right", no_wrap=True)
    for claim in claims:
        cells = [
            str(claim.rank or ""),
            escape(label(claim)),
            effect(claim),
            "exact" if claim.exact else numbers.interval(claim.ci, ""),
            numbers.probability(claim.q_value),
        ]
        if confidence:
            cells.append("" if claim.confidence is None else f"{claim.confidence:.0%}")
        table.add_row(*cells, style="dim" if claim.significant is False else "")
    return table


def chart_lines(chart: Chart, *, width: int = 80) -> list[str]:
    """A chart as text: bars for categories, a sparkline for time."""
    if chart.kind in ("bars", "waterfall", "pareto"):
        return _bar_lines(chart, width)
    if chart.kind == "histogram":
        bins = [f"{numbers.number(low)} to {numbers.number(high)}" for low, high in _pairs(chart, "low", "high")]
        return _bar_lines(chart.model_copy(update={"data": {"label": bins, "value": chart.data["count"]}}), width)
    values = [value for value in chart.data["value"] if value is not None]
    if not values:
        return []
    # A sparkline shows as many of the newest points as fit.
    values = values[-(width - 2) :]
    low, high = min(values), max(values)
    spread = (high - low) or 1.0
    line = "".join(BLOCKS[1 + round((value - low) / spread * 7)] for value in values)
    marks = _part_marks(chart, len(values))
    ends = f"{numbers.number(low)} to {numbers.quantity(high, chart.unit)}"
    if marks.strip():
        ends += "; b baseline, w window"
    return ["", f"{chart.title}  ({ends})", line, *([marks] if marks else [])]


def _pairs(chart: Chart, first: str, second: str) -> list[tuple[float, float]]:
    return list(zip(chart.data[first], chart.data[second], strict=True))


def _part_marks(chart: Chart, shown: int) -> str:
    """A line under a sparkline that says where baseline and window lie."""
    parts = [
        part for part, value in zip(chart.data.get("part", []), chart.data["value"], strict=False) if value is not None
    ]
    if not parts:
        return ""
    signs = {"baseline": "b", "window": "w"}
    return "".join(signs.get(part, " ") for part in parts[-shown:])


def _bar_lines(chart: Chart, width: int) -> list[str]:
    labels = [str(label) for label in chart.data["label"]]
    values = [value or 0.0 for value in chart.data["value"]]
    roles = chart.data.get("role", ["change"] * len(values))
    column = min(max((len(label) for label in labels), default=0), 34)
    longest = max((abs(v) for v, role in zip(values, roles, strict=True) if role == "change"), default=0.0) or 1.0
    room = max(width - column - 18, 10)
    lines = ["", chart.title]
    # A difference of two shares is not a share: it is counted in percentage points.
    differences = "pp" if chart.unit == "%" else chart.unit
    for label, value, role in zip(labels, values, roles, strict=True):
        moves = chart.kind == "waterfall" and role == "change"
        said = numbers.quantity(value, differences if moves else chart.unit, signed=moves)
        bar = "" if role != "change" else ("█" if value > 0 else "░") * max(1, round(abs(value) / longest * room))
        lines.append(f"{label[:column]:<{column}} {said:>14} {bar}")
    return lines
