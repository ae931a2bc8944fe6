"""A plot made of characters: cells, axes with numbers, words that keep within the width.

Why our own: the libraries for terminals draw lines in a frame. A control chart needs limits as steps with their values
at the edge, marks that differ without colour, and words that do not cover them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil, floor, log10

from gemba.reports import numbers
from gemba.reports.chart_labels import apart, cut

ROWS = 10
"""Height of a plot, lines; axis, title and legend come on top."""


@dataclass(slots=True)
class Canvas:
    """Cells of a plot: `x` and `y` from the least to the greatest value shown."""

    x: tuple[float, float]
    y: tuple[float, float]
    columns: int
    rows: int = ROWS
    cells: list[list[str]] = field(init=False)

    def __post_init__(self) -> None:
        self.cells = [[" "] * self.columns for _ in range(self.rows)]

    def column(self, x: float) -> int:
        """The column of a value; those outside are in the outermost ones."""
        low, high = self.x
        place = 0.5 if high == low else (x - low) / (high - low)
        return min(max(round(place * (self.columns - 1)), 0), self.columns - 1)

    def row(self, y: float) -> int:
        """The row of a value, 0 uppermost; those outside are in the outermost ones."""
        low, high = self.y
        place = 0.5 if high == low else (high - y) / (high - low)
        return min(max(round(place * (self.rows - 1)), 0), self.rows - 1)

    def put(self, x: float, y: float | None, sign: str) -> None:
        """A sign at a place; nothing where there is no value."""
        if y is not None:
            self.cells[self.row(y)][self.column(x)] = sign

    def upright(self, column: int, sign: str) -> None:
        """A sign down a column, behind what is there."""
        for cells in self.cells:
            if cells[column] == " ":
                cells[column] = sign

    def level(self, values: Sequence[float | None], sign: str) -> None:
        """A line with a value for each column, behind what is there."""
        for column, value in enumerate(values):
            if value is not None and self.cells[self.row(value)][column] == " ":
                self.cells[self.row(value)][column] = sign

    def write(self, row: int, column: int, words: str, *, over: str = " ") -> bool:
        """Words centred at a column, if all cells there hold only signs of `over` and no word touches."""
        start = min(max(column - len(words) // 2, 0), max(self.columns - len(words), 0))
        if not 0 <= row < self.rows or len(words) > self.columns:
            return False
        cells = self.cells[row]
        if any(cell not in over for cell in cells[start : start + len(words)]):
            return False
        if any(cell.isalnum() for cell in (*cells[max(start - 1, 0) : start], *cells[start + len(words) :][:1])):
            return False
        self.cells[row][start : start + len(words)] = list(words)
        return True


def framed(
    canvas: Canvas,
    *,
    left: Mapping[int, str],
    below: Sequence[tuple[int, str]],
    right: Mapping[int, str] | None = None,
) -> list[str]:
    """The plot with its axes: words by row to the left and right, words by column below."""
    room = max(map(len, left.values()), default=0)
    lines = []
    for row, cells in enumerate(canvas.cells):
        edge = "┤" if row in left else "│"
        lines.append(f"{left.get(row, ''):>{room}} {edge}{''.join(cells)} {(right or {}).get(row, '')}".rstrip())
    axis, words = ["─"] * canvas.columns, [" "] * canvas.columns
    end = -1
    for column, text in below:
        start = min(max(column - len(text) // 2, 0), max(canvas.columns - len(text), 0))
        if start > end and len(text) <= canvas.columns:
            axis[column] = "┬"
            words[start : start + len(text)] = list(text)
            end = start + len(text)
    margin = " " * room
    return [*lines, f"{margin} └{''.join(axis)}", f"{margin}  {''.join(words)}".rstrip()]


def ticks(low: float, high: float, *, most: int) -> list[float]:
    """Round values from `low` to `high`, at most so many, one at least."""
    span = high - low
    if span <= 0 or not (abs(low) < 1e300 and abs(high) < 1e300):
        return [low]
    least = floor(log10(span)) - 2
    for step in (digit * 10.0**power for power in range(least, least + 4) for digit in (1, 2, 5)):
        first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
        if 1 <= last - first + 1 <= most:
            return [k * step for k in range(first, last + 1)]
    return [low]


def left_words(canvas: Canvas) -> dict[int, str]:
    """Round values beside the rows nearest to them."""
    values = ticks(*canvas.y, most=max(canvas.rows // 2, 2))
    places = numbers.decimals([values[0], values[1]], digits=1) if len(values) > 1 else numbers.decimals(values)
    return {canvas.row(value): numbers.fixed(value, places) for value in values}


def beside(canvas: Canvas, lines: Sequence[tuple[float, str]]) -> dict[int, str]:
    """Words beside the rows of values, given from above; those of one row go to rows near it, in their order."""
    found: dict[int, str] = {}
    for place, (_, words) in zip(apart([canvas.row(value) for value, _ in lines], least=1.0), lines, strict=True):
        row = min(max(floor(place + 0.5), 0), canvas.rows - 1)
        row = row if row not in found else next((one for one in range(row, canvas.rows) if one not in found), row)
        found[row] = words if row not in found else f"{found[row]}, {words}"
    return found


def wrapped(words: Sequence[str], width: int) -> list[str]:
    """Parts of a legend in lines, none broken."""
    lines: list[str] = []
    for part in words:
        part = cut(part, width)
        if lines and len(lines[-1]) + len(part) + 3 <= width:
            lines[-1] += f"   {part}"
        else:
            lines.append(part)
    return lines
