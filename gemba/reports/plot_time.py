"""Values over time as text: points in their band, incidents, parts, a forecast; several metrics by letters."""

from __future__ import annotations

from itertools import pairwise
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from gemba.reports import numbers
from gemba.reports.captions import has_forecast
from gemba.reports.chart_labels import cut
from gemba.reports.chart_plane import domain
from gemba.reports.chart_style import Rows, rows
from gemba.reports.plot_canvas import Canvas, beside, framed, left_words, wrapped
from gemba.reports.times import milliseconds, stamps

if TYPE_CHECKING:
    from gemba.insights.types import Chart

VALUE, OUTSIDE, EXPECTED, BAND, INNER, START, MARK = "●", "X", "╌", "·", "░", "┆", "┄"
LETTERED = 8
"""Lines that get a letter; more are not told apart."""


def time_lines(chart: Chart, width: int) -> list[str]:
    table = [{**row, "at": milliseconds(row["time"])} for row in rows(chart) if row["time"] is not None]
    table.sort(key=lambda row: row["at"])
    values = [row.get(name) for row in table for name in ("value", "expected", "low", "high")]
    if all(value is None for value in values):
        return ["no values"]
    span = domain([*values, *chart.marks.values()], room=0.03)
    x = (table[0]["at"], table[-1]["at"])
    edge = [
        (value, f"{cut(name, 12)} {numbers.number(value)}")
        for name, value in sorted(chart.marks.items(), key=lambda one: -one[1])
    ]
    margin = max((len(words) + 1 for _, words in edge), default=0)
    room = max(len(words) for words in left_words(Canvas(x, span, 1)).values()) + 2
    canvas = Canvas(x, span, max(width - room - margin, 10))
    _draw_band(canvas, table)
    lettered = _letters(table)
    for row in table:
        canvas.put(row["at"], row["value"], lettered.get(row.get("label"), VALUE))
    _draw_incidents(canvas, table)
    for value in chart.marks.values():
        canvas.level([value] * canvas.columns, MARK)
    if has_forecast(chart):
        canvas.upright(canvas.column(next(row["at"] for row in table if row.get("part") == "forecast")), START)
    lines = framed(canvas, left=left_words(canvas), right=beside(canvas, edge), below=_dates(canvas, table))
    parts, letters = _part_line(canvas, table)
    said = [f"{' ' * room}{parts}"] if parts else []
    return [*lines, *said, *wrapped([*_legend(chart, table, lettered), *letters], width)]


def _draw_band(canvas: Canvas, table: Rows) -> None:
    """The band of each column from the rows that fall into it, or that of the row before."""
    for low, high, sign in (("low", "high", BAND), ("inner_low", "inner_high", INNER)):
        held: dict[int, tuple[float, float]] = {}
        for row in table:
            if row.get(low) is not None and row.get(high) is not None:
                column = canvas.column(row["at"])
                before = held.get(column, (row[low], row[high]))
                held[column] = (min(before[0], row[low]), max(before[1], row[high]))
        for column, (least, most) in _filled(held).items():
            for cells in canvas.cells[canvas.row(most) : canvas.row(least) + 1]:
                cells[column] = sign
    expected = {canvas.column(row["at"]): row["expected"] for row in table if _only_expected(row)}
    for column, value in _filled(expected).items():
        canvas.cells[canvas.row(value)][column] = EXPECTED


def _only_expected(row: dict[str, Any]) -> bool:
    """Where there is a value, the middle of its band would only hide it."""
    return row["value"] is None and row.get("expected") is not None


def _filled(held: dict[int, Any]) -> dict[int, Any]:
    """Columns between two that hold something not far apart take it from the one before."""
    columns = sorted(held)
    steps = [after - before for before, after in pairwise(columns)]
    usual = sorted(steps)[len(steps) // 2] if steps else 1
    found = dict(held)
    for before, step in zip(columns, steps, strict=False):
        if step <= 2 * usual:
            found |= dict.fromkeys(range(before, before + step), held[before])
    return found


def _draw_incidents(canvas: Canvas, table: Rows) -> None:
    """Signs where something stands out, then words where a run of the same words begins and there is room."""
    found = [at for at, row in enumerate(table) if row.get("signal") and row["value"] is not None]
    for at in found:
        canvas.put(table[at]["at"], table[at]["value"], OUTSIDE)
    for at in found:
        row = table[at]
        if at and table[at - 1].get("signal") == row["signal"]:
            continue
        line, up = canvas.row(row["value"]), -1 if row["value"] >= (row.get("expected") or row["value"]) else 1
        words, column = cut(row["signal"], 20), canvas.column(row["at"])
        aside = len(words) // 2 + 2
        for place, middle in ((line + up, column), (line - up, column), (line, column + aside), (line, column - aside)):
            if canvas.write(place, middle, words, over=f" {BAND}"):
                break


def _letters(table: Rows) -> dict[Any, str]:
    labels = list(dict.fromkeys(row["label"] for row in table if "label" in row))
    return dict(zip(labels[:LETTERED], ascii_lowercase, strict=False))


def _dates(canvas: Canvas, table: Rows) -> list[tuple[int, str]]:
    """First and last time and some between, below their columns."""
    every = sorted({row["at"]: row["time"] for row in table}.items())
    count = max(min(canvas.columns // 20, len(every), 5), 1)
    chosen = sorted({round(k * (len(every) - 1) / max(count - 1, 1)) for k in range(count)})
    words = stamps([every[at][1] for at in chosen])
    return [(canvas.column(every[at][0]), text) for at, text in zip(chosen, words, strict=True)]


def _part_line(canvas: Canvas, table: Rows) -> tuple[str, list[str]]:
    """A line below the axis that says where baseline, window and forecast lie, and what its letters mean."""
    cells, letters = [" "] * canvas.columns, []
    for part in ("baseline", "window", "forecast"):
        columns = [canvas.column(row["at"]) for row in table if row.get("part") == part]
        if not columns:
            continue
        first, span = min(columns), max(columns) - min(columns) + 1
        fits = span >= len(part) + 2
        cells[first : first + span] = list(f" {part} ".center(span, "═") if fits else part[0] * span)
        letters += [] if fits else [f"{part[0]} {part}"]
    return "".join(cells).rstrip(), letters


def _legend(chart: Chart, table: Rows, lettered: dict[Any, str]) -> list[str]:
    words = [f"{letter} {cut(label, 24)}" for label, letter in lettered.items()]
    if "low" in chart.data:
        forecast = has_forecast(chart)
        words.append(f"{VALUE} value")
        words += [f"{EXPECTED} {'forecast' if forecast else 'expected'}"] if any(map(_only_expected, table)) else []
        words.append(f"{BAND} {'its interval' if forecast else 'expected range'}")
    if any(chart.data.get("signal", ())):
        words.append(f"{OUTSIDE} stands out")
    return words
