"""The control chart as text: limits as steps with their values, the points that break a rule, the phases."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemba.reports.captions import caption
from gemba.reports.chart_control import LINES, fresh_rules, line_words, names, phase_starts, signalled
from gemba.reports.chart_labels import cut
from gemba.reports.chart_plane import domain
from gemba.reports.plot_canvas import Canvas, beside, framed, left_words, wrapped

if TYPE_CHECKING:
    from gemba.insights.types import Chart

VALUE, BROKEN, CENTRE, LIMIT, PHASE, MARK = "●", "X", "─", "╌", "┆", "┄"
MOST_WORDS = 12


def control_lines(chart: Chart, width: int) -> list[str]:
    data, n = chart.data, len(chart.data["value"])
    shown = [one for column in ("value", *LINES) for one in data[column]]
    span = domain([*shown, *chart.marks.values()], room=0.04)
    edge = [(value, words) for _, value, words in line_words(chart)]
    margin = max((len(words) for _, words in edge), default=0) + 1
    draft = Canvas((0.0, float(max(n - 1, 0))), span, 1)
    room = max(len(words) for words in left_words(draft).values()) + 2
    canvas = Canvas(draft.x, span, max(width - room - margin, 10))
    at = [round(column * (n - 1) / max(canvas.columns - 1, 1)) for column in range(canvas.columns)] if n else []
    signals = signalled(chart)
    for position, value in enumerate(data["value"]):
        canvas.put(position, value, VALUE)
    for position in signals:
        canvas.put(position, data["value"][position], BROKEN)
    for name in LINES:
        canvas.level([data[name][position] for position in at], CENTRE if name == "centre" else LIMIT)
    for value in chart.marks.values():
        canvas.level([value] * canvas.columns, MARK)
    _name_rules(chart, canvas, signals)
    for start in phase_starts(chart):
        canvas.upright(canvas.column(start - 0.5), PHASE)
    labels = names(chart)
    below = [(canvas.column(position), cut(labels[position], 18)) for position in _spread(n, canvas.columns, labels)]
    lines = framed(canvas, left=left_words(canvas), right=beside(canvas, edge), below=below)
    return [*_phase_words(chart, canvas, room), *lines, *wrapped(_legend(chart), width)]


def _spread(n: int, columns: int, labels: list[str]) -> list[int]:
    """Positions whose names fit below the axis: first, last and some between."""
    longest = min(max(map(len, labels), default=1), 18) + 3
    count = max(min(columns // longest, n, 5), 1)
    return sorted({round(k * (n - 1) / max(count - 1, 1)) for k in range(count)}) if n else []


def _name_rules(chart: Chart, canvas: Canvas, signals: list[int]) -> None:
    """Rules above or below the points that break them first, where there is room."""
    values, centres = chart.data["value"], chart.data["centre"]
    named = [(at, fresh) for at in signals if (fresh := fresh_rules(chart, at))]
    for at, fresh in named[:MOST_WORDS]:
        row, column = canvas.row(values[at]), canvas.column(at)
        up = -1 if centres[at] is None or values[at] >= centres[at] else 1
        over = f" {LIMIT}{MARK}"
        for place in (row + up, row - up):
            if canvas.write(place, column, cut("+".join(fresh), 11), over=over):
                break


def _phase_words(chart: Chart, canvas: Canvas, room: int) -> list[str]:
    """The phases' names over the line that divides them."""
    starts, phases = phase_starts(chart), chart.data.get("phase", [])
    if not starts:
        return []
    column = canvas.column(starts[0] - 0.5)
    before, after = f"phase {cut(phases[starts[0] - 1], 8)} ", f" phase {cut(phases[starts[0]], 8)}"
    before = before[-column:] if column < len(before) else before
    after = after[: max(canvas.columns - column - 1, 0)]
    return [" " * (room + column - len(before)) + before + PHASE + after]


def _legend(chart: Chart) -> list[str]:
    words = [f"{VALUE} value", f"{CENTRE} centre", f"{LIMIT} limits"]
    if signalled(chart):
        first, *more = caption(chart).split("; ")
        words += [f"{BROKEN} breaks a rule: {first}", *more]
    return words
