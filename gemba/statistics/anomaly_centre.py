"""What a stream's next value should be: a level or a profile of the day or week, and how far it is followed.

Each centre is updated by clipped residuals (Huber 1964): one wild point moves it by no more than an ordinary one.
"""

from __future__ import annotations

DAY_S, WEEK_S = 86_400, 604_800
CLIP = 3.0
"""Residuals count up to so many mean absolute deviations."""


class Centre:
    """A profile of `slots` over `period_s` seconds, with the memory of deviations from it. One slot: a plain level."""

    __slots__ = (
        "_counts",
        "_cross",
        "_first_s",
        "_period_s",
        "_power",
        "_slot",
        "_values",
        "follow",
        "last",
        "loss",
        "returned",
        "spread",
        "value",
    )

    def __init__(self, period_s: int, slots: int) -> None:
        self._period_s = period_s
        self._values = [0.0] * slots
        self._counts = [0] * slots
        self._slot = 0
        self._cross = self._power = 0.0
        self.value = 0.0
        """What the profile says at the time last looked at."""
        self.returned = 0
        """Points since the first whole period."""
        self._first_s = float("nan")
        self.last = 0.0
        """Last deviation from the profile, clipped."""
        self.follow = 0.0
        """Memory of deviations from one point to the next, 0 to 1."""
        self.loss = self.spread = 0.0
        """Mean absolute error of the forecast and mean absolute deviation from the profile, both clipped."""

    @property
    def level(self) -> float:
        return self._values[0]

    def look(self, time_s: float, fallback: float) -> None:
        """Place the centre at a time; a slot not yet seen gives the fallback."""
        if self._first_s != self._first_s:
            self._first_s = time_s
        self.returned += time_s - self._first_s >= self._period_s
        slot = self._slot = int(time_s % self._period_s * len(self._values) / self._period_s)
        self.value = self._values[slot] if self._counts[slot] else fallback

    def learn(self, deviation: float, error: float, *, slowest: float, rate: float) -> None:
        """Take in a deviation from the profile, and the error of the forecast that followed the one before."""
        if self.returned and len(self._values) > 1:
            # A profile is judged by what it foretold; how it looked while its slots were new says nothing.
            rate = max(rate, 1.0 / self.returned)
            if self.returned == 1:
                self.spread = self.loss = self._cross = self._power = 0.0
        size = abs(deviation)
        spread = self.spread
        bound = CLIP * spread if spread > 0.0 else size
        self.spread = spread + rate * (min(size, bound) - spread) if spread > 0.0 else size
        clipped = min(max(deviation, -bound), bound)
        self._cross += rate * (clipped * self.last - self._cross)
        self._power += rate * (self.last * self.last - self._power)
        self.follow = min(max(self._cross / self._power, 0.0), 1.0) if self._power > 0.0 else 0.0
        self.loss += rate * (min(abs(error), bound) - self.loss)
        self.last = clipped
        slot = self._slot
        count = self._counts[slot] = self._counts[slot] + 1
        if count == 1:
            self._values[slot] = self.value + deviation
        else:
            self._values[slot] += max(1.0 / count, slowest) * clipped
