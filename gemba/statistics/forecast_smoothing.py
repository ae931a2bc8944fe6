"""Candidate forecasts: exponential smoothing of a level and of the figure of a day, by kind of day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gemba.statistics.calendar_days import Mask
from gemba.statistics.forecast_days import Floats

KEYS = 7
REST = 6
"""The key of Sundays, whose figure a holiday is likened to."""
LEARN_HOLIDAYS = 0.5
"""Weight, in days, of the opinion held before the first holiday: that it is a day like others."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to go on. The forecast of a day is level + drift + figure of its key.

    `key`: days that share a figure: `weekday` seven, `workday` three (Monday to Friday, Saturday, Sunday), `any` one.
    `level`, `figure`, `drift`: how much of an error each takes up, 0 to 1; `damping`: how much drift a day keeps.
    """

    name: str
    key: Literal["weekday", "workday", "any"]
    level: float
    figure: float
    drift: float = 0.0
    damping: float = 1.0


NAIVE = "the same weekday a week before"
CANDIDATES = (
    Candidate(NAIVE, "weekday", 0.0, 1.0),
    Candidate("the day before", "any", 0.0, 1.0),
    Candidate("recent days of the same weekday", "weekday", 0.0, 0.2),
    Candidate("slow level, figure by weekday", "weekday", 0.05, 0.1),
    Candidate("quick level, figure by weekday", "weekday", 0.2, 0.1),
    Candidate("recent workdays, Saturdays, Sundays", "workday", 0.0, 0.2),
    Candidate("slow level, figure by workday", "workday", 0.05, 0.1),
    Candidate("quick level, figure by workday", "workday", 0.2, 0.1),
    Candidate("drifting level, figure by workday", "workday", 0.1, 0.07, 0.05, 0.98),
    Candidate("recent days", "any", 0.0, 0.2),
    Candidate("slow level, one figure", "any", 0.02, 0.03),
    Candidate("drifting level, one figure", "any", 0.2, 0.05, 0.05, 0.98),
)
"""Fixed for all series; NAIVE is what a forecast has to beat."""


def key_of(kind: str, weekday: NDArray[np.int64]) -> NDArray[np.int64]:
    """The figure that each day uses, 0 to 6."""
    if kind == "any":
        return np.zeros_like(weekday)
    return weekday if kind == "weekday" else np.where(weekday < 5, 0, weekday)


def candidate_paths(
    values: Floats, *, weekday: NDArray[np.int64], holiday: Mask, origins: NDArray[np.int64], ahead: int
) -> Floats:
    """What every candidate says at every origin.

    Args:
        values: Days by slots, shape (D, S); NaN is missing.
        weekday: 0 Monday to 6 Sunday of the D days and the `ahead` that follow, shape (D + ahead,).
        holiday: The same days, shape (D + ahead,).
        origins: Increasing, in 0 to D; at origin `o` the days before `o` are known, no other.
        ahead: Days forecast from each origin.

    Returns:
        Shape (candidates, origins, ahead, S).

    Notes:
        Holidays teach no figure. A holiday's forecast lies between that of its weekday and that of a Sunday, where
        past holidays lay (least squares, one number for all slots); the naive candidates take days as they are.
        O(D · candidates · S).

    References:
        P. R. Winters, Management Science 6, 1960 (level, season and trend by smoothing); E. S. Gardner and E.
        McKenzie, Management Science 31, 1985 (damped trend); the start by plain means after A. J. Lawton, 1998.
    """
    state = _State(values.shape[1])
    found = np.full((len(CANDIDATES), origins.size, ahead, values.shape[1]), np.nan)
    keys = np.array([key_of(one.key, weekday) for one in CANDIDATES])
    wanted = iter(origins.tolist())
    origin, row = next(wanted, None), 0
    for day in range(values.shape[0] + 1):
        if day == origin:
            for lead in range(ahead):
                found[:, row, lead] = state.ahead(keys[:, day + lead], lead, bool(holiday[day + lead]))
            origin, row = next(wanted, None), row + 1
        if day < values.shape[0]:
            state.learn(values[day], keys[:, day], bool(holiday[day]))
    return found


class _State:
    """Levels, drifts and figures of all candidates after the days learned so far."""

    def __init__(self, slots: int) -> None:
        count = len(CANDIDATES)
        self.row = np.arange(count)
        self.gain_level = np.array([[one.level] for one in CANDIDATES])
        self.gain_drift = np.array([[one.drift] for one in CANDIDATES])
        self.gain_figure = np.array([one.figure for one in CANDIDATES])
        self.damping = np.array([[one.damping] for one in CANDIDATES])
        self.plain = np.array([one.figure >= 1.0 for one in CANDIDATES])
        self.rest = np.array([0 if one.key == "any" else REST for one in CANDIDATES])
        self.level = np.zeros((count, 1))
        self.drift = np.zeros((count, 1))
        self.figure = np.zeros((count, KEYS, slots))
        self.times = np.zeros((count, KEYS, slots))
        self.toward, self.spread, self.holidays = 0.0, 0.0, 0
        self.begun = False

    def ahead(self, keys: NDArray[np.int64], lead: int, holiday: bool) -> Floats:
        """Forecasts of the day `lead` days after the next one, shape (candidates, S). NaN before any day is known."""
        if not self.begun:
            return np.full((self.row.size, self.figure.shape[2]), np.nan)
        base = self.level + self.drift * (self.damping ** np.arange(1, lead + 2)).sum(axis=1, keepdims=True)
        usual = base + self._figure(keys)
        if not holiday:
            return usual
        part = 0.0
        if self.spread > 0:
            part = min(max(self.toward / (self.spread * (1.0 + LEARN_HOLIDAYS / self.holidays)), 0.0), 1.0)
        return np.where(self.plain[:, None], usual, (1 - part) * usual + part * (base + self._figure(self.rest)))

    def _figure(self, keys: NDArray[np.int64]) -> Floats:
        """The figures of the keys; of one never seen, the mean of those that were."""
        figure, times = self.figure[self.row, keys], self.times[self.row, keys]
        if bool((times > 0).all()):
            return figure
        seen = self.times > 0
        mean = (self.figure * seen).sum(axis=1) / np.maximum(seen.sum(axis=1), 1)
        return np.where(times > 0, figure, mean)

    def learn(self, day: Floats, keys: NDArray[np.int64], holiday: bool) -> None:
        known = np.isfinite(day)
        if not bool(known.any()):
            return
        if not self.begun:
            self.level += float(day[known].mean())
            self.begun = True
        if holiday:
            self._learn_holiday(day, keys, known)
        teaches = known[None, :] & (self.plain[:, None] | (not holiday))
        before = self.times[self.row, keys]
        times = before + teaches
        self.times[self.row, keys] = times
        base = self.level + self.damping * self.drift
        error = np.where(teaches, day - base - self.figure[self.row, keys], 0.0)
        old = teaches & (before > 0)
        mean = np.divide(
            (error * old).sum(axis=1), old.sum(axis=1), out=np.zeros(self.row.size), where=old.any(axis=1)
        )[:, None]
        drifting = self.gain_drift > 0
        self.level = np.where(drifting, base, self.level) + self.gain_level * mean
        self.drift = np.where(drifting, self.damping * self.drift + self.gain_drift * self.gain_level * mean, 0.0)
        gain = np.maximum(self.gain_figure[:, None], 1.0 / np.maximum(times, 1.0))
        self.figure[self.row, keys] += gain * np.where(teaches, error - self.gain_level * mean, 0.0)

    def _learn_holiday(self, day: Floats, keys: NDArray[np.int64], known: Mask) -> None:
        """How far holidays lie from their weekday towards Sunday, by the candidate with the slow weekday figure."""
        usual, rest = self.figure[SLOW, keys[SLOW]], self.figure[SLOW, REST]
        seen = known & (self.times[SLOW, keys[SLOW]] > 0) & (self.times[SLOW, REST] > 0)
        apart = np.where(seen, usual - rest, 0.0)
        self.toward += float(apart @ np.where(seen, usual + self.level[SLOW] - day, 0.0))
        self.spread += float(apart @ apart)
        self.holidays += 1


SLOW = next(place for place, one in enumerate(CANDIDATES) if one.key == "weekday" and one.level == 0.05)
