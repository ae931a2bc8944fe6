"""How values are distributed, as text: a histogram with its limits, a probability plot."""

from __future__ import annotations

from itertools import pairwise
from math import exp, log
from typing import TYPE_CHECKING

from gemba.reports import numbers
from gemba.reports.captions import caption
from gemba.reports.chart_distribution import scaled_rows, share_ticks
from gemba.reports.chart_labels import cut
from gemba.reports.chart_plane import decades, domain
from gemba.reports.chart_style import Rows, rows
from gemba.reports.plot_canvas import Canvas, framed, ticks, wrapped

if TYPE_CHECKING:
    from gemba.insights.types import Chart

BINS = 14
"""Rows; neighbouring bins are drawn as one where there are more."""
INSIDE, OUTSIDE, CURVE = "█", "▒", "┃"
POINT, FIT, BAND, MARK = "●", "─", "·", "┆"


def histogram_lines(chart: Chart, width: int) -> list[str]:
    """A line for each bin: where it begins, its count as a bar, the marks that lie in it."""
    bins = _merged([row for row in rows(chart) if None not in (row["low"], row["high"], row["count"])])
    if not bins:
        return ["no values"]
    places = numbers.decimals([row["low"] for row in bins] + [bins[-1]["high"]])
    edges = [f"{numbers.fixed(row['low'], places)} to {numbers.fixed(row['high'], places)}" for row in bins]
    counts = [numbers.number(row["count"]) for row in bins]
    marked = _marked(chart, bins)
    column, amounts = max(map(len, edges)), max(map(len, counts))
    room = max(width - column - amounts - max(len(words) for words in marked) - 4, 4)
    most = max(max(row["count"], row.get("curve") or 0.0) for row in bins) or 1.0
    limits = {name.lower(): value for name, value in chart.marks.items()}
    low, high = limits.get("lsl", float("-inf")), limits.get("usl", float("inf"))
    lines = [*_beyond(chart, bins)]
    for row, edge, count, words in zip(bins, edges, counts, marked, strict=True):
        sign = OUTSIDE if row["high"] <= low or row["low"] >= high else INSIDE
        length = round(row["count"] / most * room)
        cells = list((sign * (length or (1 if row["count"] else 0))).ljust(room))
        if row.get("curve") is not None:
            cells[min(round(row["curve"] / most * room), room - 1)] = CURVE
        lines.append(f"{edge:>{column}} {count:>{amounts}} {''.join(cells)} {words}".rstrip())
    legend = [f"{CURVE} fitted distribution"] if "curve" in chart.data else []
    legend += [f"{OUTSIDE} outside the limits"] if any(OUTSIDE in line for line in lines) else []
    return [*(line[:width] for line in lines), *wrapped(legend, width)]


def probability_lines(chart: Chart, width: int) -> list[str]:
    table = scaled_rows(chart)
    seen = [row["y"] for row in table if row["y"] is not None]
    if not seen:
        return ["no values"]
    fitted = [row["fit"] for row in table if row["fit"] is not None]
    logarithmic = chart.scale != "normal"
    marks = [(name, log(value) if logarithmic else value, value) for name, value in chart.marks.items() if value > 0 or not logarithmic]  # fmt: skip  # noqa: E501
    x = domain([*(row["x"] for row in table), *(place for _, place, _ in marks)], room=0.02)
    y = domain([*seen, *fitted], room=0.04)
    canvas = Canvas(x, y, max(width - 9, 10), rows=12)
    lows, highs, fits = (_by_column(canvas, table, name) for name in ("low", "high", "fit"))
    for column in lows.keys() & highs.keys():
        for cells in canvas.cells[canvas.row(highs[column]) : canvas.row(lows[column]) + 1]:
            cells[column] = BAND
    for column, value in fits.items():
        canvas.cells[canvas.row(value)][column] = FIT
    for row in table:
        canvas.put(row["x"], row["y"], POINT)
    for _, place, _ in marks:
        canvas.upright(canvas.column(place), MARK)
    shares = share_ticks(chart.scale, *y, least=(y[1] - y[0]) / 9.0)
    left = {canvas.row(place): f"{words:>7}" for place, words in shares}
    values = decades(exp(x[0]), exp(x[1]), most=6) if logarithmic else ticks(*x, most=6)
    digits = 3 if logarithmic else 4
    below = [(canvas.column(log(one) if logarithmic else one), numbers.number(one, digits=digits)) for one in values]
    legend = [f"{POINT} value", *([f"{FIT} fitted"] if fitted else []), *caption(chart).split("; ")[:1]]
    legend += [f"{MARK} {cut(name, 12)} {numbers.quantity(value, chart.unit)}" for name, _, value in marks]
    without = sum(row["censored"] for row in table)
    legend += [f"{without:,} without a failure, not drawn"] if without else []
    return [*framed(canvas, left=left, below=below), *wrapped(legend, width)]


def _by_column(canvas: Canvas, table: Rows, name: str) -> dict[int, float]:
    """A line through the values of a column, where each column of the plot meets it."""
    known = [(row["x"], row[name]) for row in table if row[name] is not None]
    found = {canvas.column(x): y for x, y in known}
    for (x, y), (next_x, next_y) in pairwise(known):
        first, last = canvas.column(x), canvas.column(next_x)
        for column in range(first + 1, last):
            found[column] = y + (next_y - y) * (column - first) / (last - first)
    return found


def _merged(bins: Rows) -> Rows:
    together = -(-len(bins) // BINS)
    groups = [bins[at : at + together] for at in range(0, len(bins), together or 1)]
    return [
        {
            "low": group[0]["low"],
            "high": group[-1]["high"],
            "count": sum(row["count"] for row in group),
            "curve": sum(row["curve"] for row in group) if all(row.get("curve") is not None for row in group) else None,
        }
        for group in groups
    ]


def _marked(chart: Chart, bins: Rows) -> list[str]:
    """For each bin the marks that lie in it; the last bin holds its upper end too."""
    found = [""] * len(bins)
    for name, value in sorted(chart.marks.items(), key=lambda one: one[1]):
        for at, row in enumerate(bins):
            if row["low"] <= value < row["high"] or (at == len(bins) - 1 and value == row["high"]):
                words = f"{cut(name, 12)} {numbers.number(value, digits=4)}"
                found[at] = f"{found[at]}, {words}" if found[at] else f"← {words}"
    return found


def _beyond(chart: Chart, bins: Rows) -> list[str]:
    """The marks that lie outside of all bins."""
    outside = [
        f"{cut(name, 12)} {numbers.quantity(value, chart.unit)}"
        for name, value in sorted(chart.marks.items(), key=lambda one: one[1])
        if not bins[0]["low"] <= value <= bins[-1]["high"]
    ]
    return [f"beyond what was seen: {', '.join(outside)}"] if outside else []
