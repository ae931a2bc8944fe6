"""An answer on a terminal, for a reader in a hurry: the sentence first, the proof below."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from gemba.reports import numbers
from gemba.reports.plot import chart_lines

if TYPE_CHECKING:
    from rich.console import Console

    from gemba.insights.types import Answer, Claim, Insight

WIDE = 100
"""Columns from which on a terminal has room for everything."""
MOST_CLAIMS = 8
MOST_CHARTS = 2


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
    for chart in insight.charts[:MOST_CHARTS]:
        for line in chart_lines(chart, width=min(console.width, 100)):
            show(escape(line), overflow="crop", no_wrap=True)
    if len(insight.charts) > MOST_CHARTS:
        more = len(insight.charts) - MOST_CHARTS
        show(f"[dim]{more} more drawn on the page: gemba insights show {insight.id} --html FILE[/]")
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
    levels = {claim.ci_level for claim in claims if claim.ci is not None}
    title = f"{100.0 * levels.pop():.0f} % interval" if len(levels) == 1 else "interval" if levels else "95 % interval"
    table.add_column(title, justify="right", no_wrap=True)
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
