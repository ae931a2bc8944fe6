"""A series cut into days and slots of the day, the form in which it is forecast."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.calendar_days import DAY, Days
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class DayGrid:
    """`values[d, s]`: slot `s` of day `d`, shape (D, S), NaN where nothing is known; `days` without gaps.

    `dropped`: values of an unfinished last day that were left out.
    """

    days: Days
    values: Floats
    dropped: int

    @property
    def missing(self) -> int:
        return int(np.isnan(self.values).sum())


def day_grid(starts: NDArray[np.datetime64], values: Floats) -> DayGrid:
    """Lay a series on days.

    Args:
        starts: Local start of each bucket, strictly increasing, shape (T,). Buckets may be absent: they are missing.
        values: Shape (T,); NaN is missing.

    Returns:
        Slots as long as the smallest step between two starts, at most a day. A last day whose last slot is not there
        is left out, since a part of a day is no day.

    Raises:
        SampleTooSmallError: Fewer than two buckets.
        UnusableValuesError: A value is infinite; time stands still or goes backwards; the steps do not divide a day
            into equal slots.
    """
    if starts.shape != values.shape or values.ndim != 1:
        raise UnusableValuesError("day_grid", "starts and values are not two series of one length")
    if values.size < 2:
        raise SampleTooSmallError("day_grid", needed=2, got=values.size)
    refuse_infinite("day_grid", values=values)
    seconds = starts.astype("datetime64[s]").astype(np.int64)
    steps = np.diff(seconds)
    if bool((steps <= 0).any()):
        at = int(np.argmax(steps <= 0)) + 1
        what = "stands still (a bucket comes twice)" if steps[at - 1] == 0 else "goes backwards"
        raise UnusableValuesError("day_grid", f"time {what} at {starts[at]}")
    step = min(int(steps.min()), SECONDS)
    if SECONDS % step or bool((seconds % step != seconds[0] % step).any()):
        raise UnusableValuesError("day_grid", "the buckets are not equally spaced parts of a day")
    shift = int(seconds[0] % step)
    slots = SECONDS // step
    place = (seconds - shift) // step
    first = place[0] // slots
    finished = int((place[-1] + 1) // slots - first)
    grid = np.full((int(place[-1] // slots - first) + 1) * slots, np.nan)
    grid[place - first * slots] = values
    dropped = int(np.isfinite(grid[finished * slots :]).sum())
    start = np.datetime64(int(first), "D")
    return DayGrid(start + np.arange(finished) * DAY, grid.reshape(-1, slots)[:finished], dropped)
