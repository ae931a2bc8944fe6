"""Run rules: patterns of points inside the limits that chance seldom draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from gemba.errors import UnusableValuesError
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

Rule = Literal["W1", "W2", "W3", "W4", "N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8"]
WESTERN_ELECTRIC: tuple[Rule, ...] = ("W1", "W2", "W3", "W4")
NELSON: tuple[Rule, ...] = ("N1", "N2", "N3", "N4", "N5", "N6", "N7", "N8")

MEANING: dict[Rule, str] = {
    "W1": "one point more than 3 sigma from the centre",
    "W2": "two of three points more than 2 sigma from the centre, on one side",
    "W3": "four of five points more than 1 sigma from the centre, on one side",
    "W4": "eight points in a row on one side of the centre",
    "N1": "one point more than 3 sigma from the centre",
    "N2": "nine points in a row on one side of the centre",
    "N3": "six points in a row, each above (below) the one before",
    "N4": "fourteen points in a row, alternating up and down",
    "N5": "two of three points more than 2 sigma from the centre, on one side",
    "N6": "four of five points more than 1 sigma from the centre, on one side",
    "N7": "fifteen points in a row within 1 sigma of the centre",
    "N8": "eight points in a row more than 1 sigma from the centre, on either side",
}

_ZONES: dict[Rule, tuple[int, int, float]] = {  # points needed, out of how many, beyond how many sigma on one side
    "W1": (1, 1, 3.0),
    "W2": (2, 3, 2.0),
    "W3": (4, 5, 1.0),
    "W4": (8, 8, 0.0),
    "N1": (1, 1, 3.0),
    "N2": (9, 9, 0.0),
    "N5": (2, 3, 2.0),
    "N6": (4, 5, 1.0),
}
_RISING, _ALTERNATING, _HUGGING, _AVOIDING = 6, 14, 15, 8


@dataclass(frozen=True, slots=True)
class Signal:
    """A rule that a pattern meets. `end`: position of the point that completes it. `points`: positions of the points
    that make it up, in order; where k of m are needed, only those that lie beyond."""

    rule: Rule
    end: int
    points: tuple[int, ...]


def signals(z: Floats, rules: Sequence[Rule] = WESTERN_ELECTRIC) -> tuple[Signal, ...]:
    """Every point that completes a pattern of the rules that are on, in order of time, then of `rules`.

    Args:
        z: Shape (n,): `(value - centre) / standard error`, in order of time. NaN is a gap and breaks every run.
        rules: Which rules to apply. Each one added adds its false alarms (`false_alarm_rate`): all eight of Nelson
            alarm about once in 40 points of a process that is in control.

    Returns:
        One signal for each rule and end point: a run that goes on is reported at each further point. A point on the
        centre line is on no side; equal neighbours neither rise nor fall.

    Raises:
        UnusableValuesError: A value is infinite, or a rule is unknown.

    Notes:
        For k-of-m rules the last point must be one of those beyond, so that a pattern is reported when it is
        completed and not again while it leaves the window. The rates hold for independent normal points: with memory
        use the residuals of `control_memory`. On moving ranges only W1 / N1 has a meaning.

    References:
        Western Electric Co., "Statistical Quality Control Handbook", 1956, pp. 25-28. L. S. Nelson, "The Shewhart
        Control Chart: Tests for Special Causes", J. Qual. Technol. 16(4), 237-239, 1984.
    """
    unknown = sorted(set(rules) - set(get_args(Rule)))
    if unknown:
        raise UnusableValuesError("signals", f"unknown rules: {', '.join(unknown)}")
    refuse_infinite("signals", z=z)
    found = [signal for rule in dict.fromkeys(rules) for signal in _of(rule, z)]
    return tuple(sorted(found, key=lambda signal: signal.end))


def false_alarm_rate(rule: Rule) -> float:
    """Chance that an independent normal point in control completes this pattern, once enough points precede it.

    The rates of several rules overlap: their sum is an upper bound of the rate of any.
    """
    if rule in _ZONES:
        needed, window, sigmas = _ZONES[rule]
        p = float(ndtr(-sigmas))
        return 2.0 * p * _at_least(needed - 1, window - 1, p)
    inside = float(ndtr(1.0) - ndtr(-1.0))
    if rule == "N3":
        return 2.0 / _factorial(_RISING)
    if rule == "N4":
        return 2.0 * _zigzags(_ALTERNATING) / _factorial(_ALTERNATING)
    return inside**_HUGGING if rule == "N7" else (1.0 - inside) ** _AVOIDING


def _of(rule: Rule, z: Floats) -> list[Signal]:
    if rule in _ZONES:
        needed, window, sigmas = _ZONES[rule]
        sides = (_zone(z > sigmas, needed, window), _zone(z < -sigmas, needed, window))
        return [Signal(rule, end, points) for side in sides for end, points in side]
    if rule == "N7":
        return _runs(rule, np.abs(z) < 1.0, _HUGGING, _HUGGING)
    if rule == "N8":
        return _runs(rule, np.abs(z) > 1.0, _AVOIDING, _AVOIDING)
    step = np.diff(z, prepend=np.nan)
    if rule == "N3":
        return _runs(rule, step > 0, _RISING - 1, _RISING) + _runs(rule, step < 0, _RISING - 1, _RISING)
    turns = np.concatenate(([False], step[1:] * step[:-1] < 0))[: z.size]
    return _runs(rule, turns, _ALTERNATING - 2, _ALTERNATING)


def _zone(beyond: Mask, needed: int, window: int) -> list[tuple[int, tuple[int, ...]]]:
    """End points, themselves beyond, with `needed` or more beyond among the last `window`; and which these are."""
    total = np.concatenate(([0], np.cumsum(beyond)))
    start = np.maximum(np.arange(beyond.size) + 1 - window, 0)
    ends = np.flatnonzero(beyond & (total[1:] - total[start] >= needed))
    return [
        (int(end), tuple(int(start[end]) + int(i) for i in np.flatnonzero(beyond[start[end] : end + 1])))
        for end in ends
    ]


def _runs(rule: Rule, holds: Mask, needed: int, points: int) -> list[Signal]:
    """Ends of `needed` positions in a row that hold; the pattern is the last `points` points."""
    return [Signal(rule, end, tuple(range(end + 1 - points, end + 1))) for end, _ in _zone(holds, needed, needed)]


def _at_least(k: int, n: int, p: float) -> float:
    return sum(
        _factorial(n) // (_factorial(i) * _factorial(n - i)) * p**i * (1.0 - p) ** (n - i) for i in range(k, n + 1)
    )


def _factorial(n: int) -> int:
    return 1 if n < 2 else n * _factorial(n - 1)


def _zigzags(n: int) -> int:
    """Permutations of n that alternate, beginning with a rise (Euler's numbers): Seidel's triangle."""
    row = [1]
    for _ in range(n):
        following = [0]
        for value in reversed(row):
            following.append(following[-1] + value)
        row = following
    return row[-1]
