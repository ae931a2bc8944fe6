"""Which points of a stream are unusual: judged one at a time, with constant memory, before they are learnt from.

A forecast with level, day and week gives each point an error and a deviation. Ten statistics are read from them: the
error, the deviation, its moving means over two spans (Roberts 1959) and the spread of errors, each upwards and
downwards. Each has its own tail probability from its own past peaks (`anomaly_tail`); their harmonic mean is
the point's (Wilson, PNAS 116, 2019).
"""

from __future__ import annotations

from math import asinh, inf, isfinite, isnan, log

from gemba.errors import UnusableValuesError
from gemba.statistics.anomaly_centre import DAY_S, WEEK_S, Centre
from gemba.statistics.anomaly_tail import UpperTail

FALSE_ALARM_RATE = 1.0 / 1000.0
"""Expected false alarms a point at a score of 0.5."""
RAREST = 1e-12
"""Least rate told of one statistic."""
WARM_UP = 150
"""Points seen before any is judged."""
UNSETTLED = 20
"""First points of the warm-up, while level and spread are still found, that no tail learns from."""
QUIET = 64
"""Ordinary points in a row that end an incident."""
WORSE = 0.1
"""An incident whose rate falls to this part of its lowest yet is a new alarm."""
CALM = 0.49
"""Highest score of a point that belongs to an incident already told."""
MEMORY = 500
"""Points that spreads and memories look back on."""
LEVEL_RATE, PROFILE_RATE = 0.01, 0.1
"""Least share of a clipped residual by which the level, and a slot of a profile, moves."""
SHORT, LONG, ENERGY = 8.0, 64.0, 32.0
"""Spans, in points, of the moving means of deviations and of the size of errors."""
TRIED = 32
"""Points that a profile must have told beforehand, before it is listened to."""
GAP = 3.0
"""A step of more than so many usual steps is a gap."""
STATISTICS = tuple(
    f"{name} {way}" for name in ("error", "deviation", "short mean", "long mean", "spread") for way in ("up", "down")
)


class AnomalyStream:
    """Scores of one stream, point by point.

    Missing values score 0 and teach nothing. Equal times are judged like any others. After a gap what was remembered
    from before fades as if the points between had come. Points judged unusual move level, profiles and spreads by a
    clipped residual, and tails by no more than the value at which alarms begin.
    """

    __slots__ = (
        "_centres", "_energy", "_error", "_long", "_quiet", "_seen", "_short", "_step_s", "_tails", "_time_s", "_warm",
        "_worst", "cause", "rate",
    )  # fmt: skip

    def __init__(self) -> None:
        self._centres = (Centre(DAY_S, 1), Centre(DAY_S, 96), Centre(WEEK_S, 168))
        self._tails: list[UpperTail] = []
        self._warm: list[list[float]] = []
        self._seen = 0
        self._time_s, self._step_s = -inf, 0.0
        self._error = self._short = self._long = self._energy = 0.0
        self._quiet, self._worst = QUIET, 1.0
        self.cause = 0
        """Place in `STATISTICS` of what was least usual about the last point."""
        self.rate = 1.0
        """Expected alarms a point, were the last point's surprise the limit; 1: nothing unusual."""

    def score(self, time_s: float, value: float | None) -> float:
        """Judge a point, then learn from it.

        Args:
            time_s: Seconds of the wall clock since any midnight from Sunday to Monday; no less than the last.
            value: Any unit; None or NaN where missing.

        Returns:
            0 to 1. `r / (r + rate)` with r = FALSE_ALARM_RATE; 0.5 and above is a new alarm. 0 during the warm-up.

        Raises:
            UnusableValuesError: Time goes back or is no number, or the value is infinite. The state is as before.
        """
        if not time_s >= self._time_s or not isfinite(time_s):
            raise UnusableValuesError("anomaly", f"time goes back or is no number: {time_s} after {self._time_s}")
        if value is None or isnan(value):
            return 0.0
        if not isfinite(value):
            raise UnusableValuesError("anomaly", f"the value at {time_s} is infinite")
        self._pass_time(time_s)
        self._seen += 1
        statistics = self._statistics(time_s, value)
        if self._tails:
            return self._judged(statistics)
        self._warm.append(statistics)
        if self._seen == WARM_UP:
            self._tails = [UpperTail(list(column)) for column in zip(*self._warm[UNSETTLED:], strict=True)]
            self._warm = []
        return 0.0

    def _pass_time(self, time_s: float) -> None:
        """Learn the usual step, as a running median of its logarithm; fade what a gap makes old."""
        step_s = time_s - self._time_s
        self._time_s = time_s
        if step_s <= 0.0 or step_s == inf:
            return
        if self._step_s == 0.0:
            self._step_s = step_s
        elif step_s > GAP * self._step_s:
            missed = step_s / self._step_s - 1.0
            self._short *= (1.0 - 1.0 / SHORT) ** missed
            self._long *= (1.0 - 1.0 / LONG) ** missed
            for centre in self._centres:
                centre.last *= centre.follow**missed
            self._step_s *= 1.05
        elif step_s != self._step_s:
            self._step_s = (
                min(self._step_s * 1.05, step_s) if step_s > self._step_s else max(self._step_s / 1.05, step_s)
            )

    def _statistics(self, time_s: float, value: float) -> list[float]:
        """Ten statistics of a point, in the order of `STATISTICS`; then learn its value."""
        rate = max(1.0 / self._seen, 1.0 / MEMORY)
        level = self._centres[0].level if self._seen > 1 else value
        error = deviation = spread = 0.0
        least_loss = least_spread = inf
        for centre in self._centres:
            centre.look(time_s, level)
            own_deviation = value - centre.value
            own_error = own_deviation - centre.follow * centre.last
            tried = centre is self._centres[0] or centre.returned >= TRIED
            if tried and centre.loss < least_loss:
                least_loss, error = centre.loss, own_error
            if tried and centre.spread < least_spread:
                least_spread, deviation, spread = centre.spread, own_deviation, centre.spread
            slowest = LEVEL_RATE if centre is self._centres[0] else PROFILE_RATE
            centre.learn(own_deviation, own_error, slowest=slowest, rate=rate)
        least = 1e-9 + 1e-6 * abs(level)
        error_z, deviation_z = error / (self._error + least), deviation / (spread + least)
        bound = 5.0 * self._error + least if self._seen > UNSETTLED else inf
        self._error += rate * (min(abs(error), bound) - self._error)
        held = asinh(deviation_z)
        self._short += (held - self._short) / SHORT
        self._long += (held - self._long) / LONG
        self._energy += (asinh(abs(error_z)) - self._energy) / ENERGY
        energy = log(self._energy + 0.02)
        short, long = self._short, self._long
        return [error_z, -error_z, deviation_z, -deviation_z, short, -short, long, -long, energy, -energy]

    def _judged(self, statistics: list[float]) -> float:
        limit = FALSE_ALARM_RATE / len(statistics)
        smallest, cause, inverse = 1.0, 0, 0.0
        for place, tail in enumerate(self._tails):
            value = statistics[place]
            rate = max(tail.rate(value), RAREST)
            inverse += 1.0 / rate
            if rate < smallest:
                smallest, cause = rate, place
            tail.learn(value if rate >= limit else tail.value_at(limit))
        rate = self.rate = len(statistics) / inverse
        self.cause = cause
        score = FALSE_ALARM_RATE / (FALSE_ALARM_RATE + rate)
        if score < 0.5:
            self._quiet += 1
            return min(score, CALM) if self._quiet < QUIET else score
        new = self._quiet >= QUIET or rate < WORSE * self._worst
        self._worst = rate if self._quiet >= QUIET else min(self._worst, rate)
        self._quiet = 0
        return score if new else CALM
