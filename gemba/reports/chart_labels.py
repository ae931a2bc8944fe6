"""Labels that do not overlap: cut, moved apart, or left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LETTER = 6.5
"""Width of a letter of the labels, pixels; a little more than the mean, since fonts differ."""
LINE = 12.0
"""Height of a line of labels, pixels."""


@dataclass(frozen=True, slots=True)
class Label:
    """Words at a point: `x`, `y` pixels from the upper left corner, of the point, then of the middle of the words.

    `above`: on which side of its point it should stand.
    """

    x: float
    y: float
    text: str
    above: bool = True


def cut(text: object, most: int) -> str:
    """Words of at most so many letters; what is left out is an ellipsis."""
    words = " ".join(str(text).split())
    return words if len(words) <= most else words[: max(most - 1, 1)].rstrip() + "…"


def apart(places: Sequence[float], *, least: float) -> list[float]:
    """Places moved as little as it takes to lie `least` apart, in their order; ties keep the order given."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    groups: list[tuple[float, list[int]]] = []  # middle of a group whose members lie `least` apart, and its members
    for i in order:
        groups.append((places[i], [i]))
        while len(groups) > 1:
            (lower, first), (upper, second) = groups[-2:]
            if upper - lower >= least * (len(first) + len(second)) / 2.0:
                break
            members = first + second
            groups[-2:] = [(sum(places[one] for one in members) / len(members), members)]
    found = [0.0] * len(places)
    for middle, members in groups:
        for slot, i in enumerate(members):
            found[i] = middle + (slot - (len(members) - 1) / 2.0) * least
    return found


def placed(
    points: Iterable[Label],
    *,
    width: float,
    height: float,
    dots: Iterable[tuple[float, float]] = (),
    offset: float = 11.0,
) -> list[Label]:
    """Each label beside its point, or on the other side, or left out where both would cover a label before it.

    A side that covers none of the `dots` (pixels) is preferred. Those given first win. Labels keep within the area.
    """
    found: list[Label] = []
    spots = [Label(x, y, "i") for x, y in dots]
    for point in points:
        half = len(point.text) * LETTER / 2.0
        x = min(max(point.x, half), max(width - half, half))
        sides = [
            Label(x, point.y - offset if above else point.y + offset, point.text, above)
            for above in (point.above, not point.above)
        ]
        free = [
            one
            for one in sides
            if LINE / 2.0 <= one.y <= height - LINE / 2.0 and not any(_overlap(one, other) for other in found)
        ]
        clear = [one for one in free if not any(_overlap(one, spot) for spot in spots)]
        found += (clear or free)[:1]
    return found


def staggered(labels: Sequence[tuple[float, str]], *, most: int = 4) -> list[int]:
    """Line (0 uppermost) for each label at pixel x, so that none of a line overlap; the last line takes the rest."""
    ends = [float("-inf")] * most
    lines = [0] * len(labels)
    for i in sorted(range(len(labels)), key=lambda i: labels[i][0]):
        x, text = labels[i]
        half = len(text) * LETTER / 2.0 + 3.0
        free = [line for line in range(most) if ends[line] <= x - half]
        lines[i] = free[0] if free else most - 1
        ends[lines[i]] = x + half
    return lines


def _overlap(one: Label, other: Label) -> bool:
    reach = (len(one.text) + len(other.text)) * LETTER / 2.0 + 4.0
    return abs(one.x - other.x) < reach and abs(one.y - other.y) < LINE
