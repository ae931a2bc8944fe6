"""How far out a statistic of a stream is: tail probability from its own past peaks, with constant memory.

Peaks over a moving threshold, one per run of exceedances, so that memory in the stream does not count an incident many
times (Leadbetter 1991); excesses follow a generalised Pareto law (Pickands 1975), here fitted by moments from
discounted sums (Hosking and Wallis 1987) instead of kept excesses (Siffer et al., KDD 2017).
"""

from __future__ import annotations

THRESHOLD_SHARE = 0.05
"""Share of points above the threshold."""
RUN = 12
"""Points in a row below the threshold that end a run of exceedances."""
MEMORY = 10_000.0
"""Points that the rates look back on."""
PEAKS = 200.0
"""Peaks that the excesses look back on."""
HEAVIEST = 0.45
"""Largest shape: the variance of the excesses must exist for the fit by moments."""


class UpperTail:
    """Expected number of runs a point whose peak lies above a value. State: ten numbers."""

    __slots__ = (
        "_k",
        "_mean",
        "_peak",
        "_points",
        "_quiet",
        "_runs",
        "_scale",
        "_shape",
        "_spread",
        "_square",
        "threshold",
    )

    def __init__(self, sample: list[float]) -> None:
        """Start from the statistic's values over the warm-up, in order."""
        ordered = sorted(sample)
        n = len(ordered)
        self.threshold = ordered[min(n - 1, int((1.0 - THRESHOLD_SHARE) * n))]
        self._spread = max(self.threshold - ordered[n // 2], 1e-9)
        self._points, self._runs = float(n), 0.5
        # One peak is assumed, of the size of the spread.
        self._k, self._mean, self._square = 1.0, self._spread, 2.0 * self._spread**2
        self._peak, self._quiet = -1.0, RUN
        self._fit()
        for value in sample:
            self.learn(value)

    def rate(self, value: float) -> float:
        """Runs a point with a peak above `value`; 1 where the value lies below the threshold."""
        excess = value - self.threshold
        if excess <= 0.0:
            return 1.0
        shape = self._shape
        return self._runs / self._points * (1.0 + shape * excess / self._scale) ** (-1.0 / shape)

    def value_at(self, rate: float) -> float:
        """The value whose peaks come at a rate a point."""
        share = rate * self._points / self._runs
        if share >= 1.0:
            return self.threshold
        return self.threshold + self._scale / self._shape * (share**-self._shape - 1.0)

    def learn(self, value: float) -> None:
        """Take in a value; the caller bounds what anomalies weigh."""
        excess = value - self.threshold
        if self._points < MEMORY:
            self._points += 1.0
        else:
            self._runs *= 1.0 - 1.0 / MEMORY
        step = self._spread * 4.0 / self._points**0.75
        if excess > 0.0:
            if self._quiet >= RUN:
                self._runs += 1.0
                self._peak = excess
            elif excess > self._peak:
                self._peak = excess
            self._quiet = 0
            self.threshold += step * (1.0 - THRESHOLD_SHARE)
            return
        self.threshold -= step * THRESHOLD_SHARE
        self._quiet += 1
        if self._quiet == RUN and self._peak > 0.0:
            self._take(self._peak)

    def _take(self, peak: float) -> None:
        self._k = min(self._k + 1.0, PEAKS)
        weight = 1.0 / self._k
        self._mean += weight * (peak - self._mean)
        self._square += weight * (peak * peak - self._square)
        self._spread += weight * (2.0 * self._mean - self._spread)
        self._fit()

    def _fit(self) -> None:
        mean = self._mean
        variance = max(self._square - mean * mean, 1e-12 * mean * mean)
        moments = min(max(0.5 * (1.0 - mean * mean / variance), 0.0), HEAVIEST)
        self._scale = max(mean * (1.0 - moments), 1e-12)
        self._shape = max(moments, 1e-3)
