"""Values by category as text: bars, the steps of a waterfall, a Pareto with its shares."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from gemba.reports import numbers
from gemba.reports.chart_labels import cut
from gemba.reports.chart_style import rows
from gemba.reports.rankings import folded, pareto_bars, shortened

if TYPE_CHECKING:
    from gemba.insights.types import Chart

UP, DOWN, END = "█", "░", "┃"
MOST, MOST_STEPS = 16, 18
"""Bars, and steps of a waterfall; the rest is one line."""
VITAL = 80.0
"""The vital few: per cent of the total (J. M. Juran)."""


def bar_lines(chart: Chart, width: int) -> list[str]:
    """Bars and waterfalls: label, amount, a bar as long as the amount.

    `░` where it is below zero, `┃` where an interval ends.
    """
    falls = chart.kind == "waterfall"
    table = folded(rows(chart), MOST_STEPS) if falls else shortened(rows(chart), MOST)
    # A difference of two shares is not a share: it is counted in percentage points.
    differences = "pp" if falls and chart.unit == "%" else chart.unit
    said = []
    for row in table:
        change = falls and row["role"] == "change"
        value = row["value"]
        words = "" if value is None else numbers.quantity(value, differences if change else chart.unit, signed=change)
        said.append((row["label"], words, value if change or not falls else None))
    column, amounts, room = _columns([(str(label), words) for label, words, _ in said], width)
    shown = [value for _, _, value in said] + [row.get(end) for row in table for end in ("low", "high")]
    longest = max((abs(value) for value in shown if value is not None), default=0.0) or 1.0
    lines = []
    for (label, words, value), row in zip(said, table, strict=True):
        bar = _ended(_bar(value, longest, room), row, longest, room)
        lines.append(f"{cut(label, column):<{column}} {words:>{amounts}} {bar}".rstrip())
    return lines


def pareto_lines(chart: Chart, width: int) -> list[str]:
    """Bars in descending order with the cumulative share, divided where it reaches 80 %."""
    bars = pareto_bars(chart, most=MOST)
    words = [numbers.quantity(bar.value, chart.unit) for bar in bars]
    column, amounts, room = _columns([(bar.label, said) for bar, said in zip(bars, words, strict=True)], width - 8)
    longest = max((bar.value for bar in bars), default=0.0) or 1.0
    lines, reached = [], False
    for bar, said in zip(bars, words, strict=True):
        share = f"{bar.cumulative:.0f} %"
        filled = _bar(bar.value, longest, room)
        lines.append(f"{cut(bar.label, column):<{column}} {said:>{amounts}} {filled:<{room}} {share:>6}")
        if not reached and bar.cumulative >= VITAL and bar is not bars[-1]:
            reached = True
            lines.append(f" {VITAL:.0f} % of the total ".center(column + amounts + room + 9, "╌"))
    return lines


def _bar(value: float | None, longest: float, room: int) -> str:
    if not value:
        return ""
    return (UP if value > 0 else DOWN) * max(1, round(abs(value) / longest * room))


def _ended(bar: str, row: dict[str, Any], longest: float, room: int) -> str:
    """A bar with the ends of its interval on the bar's side of zero."""
    side = -1.0 if (row["value"] or 0.0) < 0 else 1.0
    cells = list(bar.ljust(room))
    for end in (row.get("low"), row.get("high")):
        if end is not None and end * side > 0:
            cells[min(round(abs(end) / longest * room), room - 1)] = END
    return "".join(cells)


def _columns(said: list[tuple[str, str]], width: int) -> tuple[int, int, int]:
    """Widths of labels, amounts and bars: amounts in full, labels up to half of what is left."""
    amounts = max((len(words) for _, words in said), default=0)
    column = min(max((len(label) for label, _ in said), default=0), 34, max((width - amounts - 2) // 2, 4))
    return column, amounts, max(width - column - amounts - 2, 4)
