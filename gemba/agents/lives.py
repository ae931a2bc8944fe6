"""Ages at failure: running time counted from the first moment that was watched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
LEAST_GAP = 1e-9  # of the running time: two failures at one moment are so far apart


@dataclass(frozen=True, slots=True)
class Lives:
    """`times`: running time of the member at each failure, in order, above 0. `running`: until watching ended."""

    member: str
    times: Floats
    running: float

    def gaps(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Running time from each failure to the next, and from the last to the end, which has not failed yet.

        What came before the first failure is left out: when that life began is not known.
        """
        ends = np.append(self.times, self.running)
        gaps = np.maximum(np.diff(ends), LEAST_GAP * self.running)
        return gaps, np.append(np.ones(max(self.times.size - 1, 0), dtype=np.bool_), [False])[: gaps.size]


def lives_of(member: str, failures: Sequence[datetime], edges: Sequence[datetime], ran: Floats) -> Lives:
    """Place failures on the running time of a member.

    Args:
        failures: Local times, in any order.
        edges: n + 1 local times in order; between two of them the member ran `ran`, evenly.
        ran: Shape (n,), running time of each bucket.
    """
    at = np.array([np.datetime64(one, "us") for one in edges]).astype(np.int64).astype(np.float64)
    age = np.concatenate(([0.0], np.cumsum(ran)))
    when = np.sort(np.array([np.datetime64(one, "us") for one in failures]).astype(np.int64).astype(np.float64))
    running = float(age[-1])
    times = np.interp(when, at, age) if when.size else np.zeros(0)
    return Lives(member, np.clip(times, LEAST_GAP * running, running), running)
