"""Where a series is going, and what it repeats: a slope, seasons and effects of the calendar, from one fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter1d

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.calendar_days import Days, Mask, weekday_of
from gemba.statistics.effect import Effect
from gemba.statistics.finite import refuse_infinite
from gemba.statistics.trend_season_fit import Fit, fit

Floats = NDArray[np.float64]
Bucket = Literal["hour", "day", "week", "month"]

LEAST = 24
SEEN = 3
"""Times that each phase of a season must be there before it is fitted."""
YEARS = 2
YEAR_DAYS = 365.2425
HARMONICS = 2
STEP = {"hour": 3600, "day": 86_400, "week": 604_800}


@dataclass(frozen=True, slots=True)
class Season:
    """A season that was looked for.

    `name`: day, week, year, or the period given. `period`: in buckets. `strength`: 0 none, 1 nothing else moves. `p` of
    no season. `figure`: what each phase adds, in the unit of the series (hours of the day, weekdays from Monday; of a
    year or a given period one value a bucket of the first period). `effects`: the figure with its errors, each phase
    less the mean of all; none for a year.
    """

    name: str
    period: float
    strength: float
    p: float
    figure: Floats
    effects: tuple[Effect, ...]


@dataclass(frozen=True, slots=True)
class TrendSeason:
    """`slope` per bucket. `memory` of the noise: 1 where it wanders. `holiday`: a holiday on Monday to Friday less such
    a day without; None with fewer than two. `line`: the fitted line, shape (T,); where the noise wanders, through the
    middle of the series.
    """

    slope: Effect
    memory: float
    seasons: tuple[Season, ...]
    holiday: Effect | None
    holidays: int
    missing: int
    line: Floats


@dataclass(frozen=True, slots=True)
class _Block:
    """Columns of one season. `phases`: what each row of `figure` columns stands for, rows to show the figure at."""

    name: str
    period: float
    columns: Floats
    shown: Floats
    phases: bool


def trend_season(
    values: Floats,
    starts: NDArray[np.datetime64],
    *,
    bucket: Bucket,
    holiday: Mask | None = None,
    periods: tuple[float, ...] = (),
) -> TrendSeason:
    """Slope, seasons and calendar effects of a series of buckets.

    Args:
        values: Shape (T,); NaN is missing.
        starts: Local start of each bucket, strictly increasing. Absent hours, days and weeks are missing values.
        bucket: What a bucket is. Hours: seasons of day, week and year; days: week and year; weeks and months: year. A
            season is fitted where each phase is there three times, a year where there are two.
        holiday: Whether the bucket's day is a holiday, shape (T,).
        periods: Further seasons, in buckets, above 2.

    Returns:
        Everything from one fit of `trend_season_fit.fit`: line, seasons (means by phase; harmonics for the year and
        for given periods) and holidays with autoregressive noise that may wander, so that a p-value holds where
        neighbours resemble each other. Strength is 1 - Var(R) / Var(S + R), R what remains after a moving mean.

    Raises:
        SampleTooSmallError: Fewer than 24 values, or too few for the noise.
        UnusableValuesError: A value is infinite; time stands still, goes backwards or is unequally spaced; every value
            is the same; a period is no longer than 2.

    References:
        X. Wang, K. Smith and R. Hyndman, Data Min. Knowl. Discov. 13, 2006 (strength); A. C. Harvey, "Forecasting,
        Structural Time Series Models and the Kalman Filter", 1989 (dummies and harmonics). The noise: as `fit`.
    """
    refuse_infinite("trend_season", values=values)
    series, days, hours, kept = _regular(values, starts, bucket)
    known = np.isfinite(series)
    if int(known.sum()) < LEAST:
        raise SampleTooSmallError("trend_season", needed=LEAST, got=int(known.sum()))
    if float(np.ptp(series[known])) == 0.0:
        raise UnusableValuesError("trend_season", f"every one of the {int(known.sum())} values is {series[known][0]:g}")
    if any(not period > 2 for period in periods):
        raise UnusableValuesError("trend_season", "a period must be longer than 2 buckets")
    blocks = _blocks(days, hours, bucket, known, periods)
    time: Floats = np.arange(series.size, dtype=np.float64) - (series.size - 1) / 2
    columns = [np.ones((series.size, 1)), time[:, None], *(one.columns for one in blocks)]
    flags = np.zeros(series.size, dtype=bool)
    if holiday is not None and bucket in ("hour", "day"):
        flags[kept] = holiday
        flags &= weekday_of(days) < 5
    count = np.unique(days[flags & known]).size
    if count >= 2:
        columns.append(flags[:, None].astype(np.float64))
    design = np.hstack(columns)
    found = fit(series, design, slope=1)
    return TrendSeason(
        slope=found.slope,
        memory=found.memory,
        seasons=_seasons(found, blocks, design, series),
        holiday=found.effect(np.eye(design.shape[1])[-1]) if count >= 2 else None,
        holidays=count,
        missing=int((~known).sum()),
        line=_line(found, series, time)[kept],
    )


def _regular(
    values: Floats, starts: NDArray[np.datetime64], bucket: Bucket
) -> tuple[Floats, Days, NDArray[np.int64], NDArray[np.int64]]:
    """The series without gaps in time, the day and hour of each bucket, and where the given ones went."""
    if starts.shape != values.shape or values.ndim != 1:
        raise UnusableValuesError("trend_season", "starts and values are not two series of one length")
    if values.size < 2:
        raise SampleTooSmallError("trend_season", needed=LEAST, got=values.size)
    seconds = starts.astype("datetime64[s]").astype(np.int64)
    if bucket == "month":
        months = starts.astype("datetime64[M]").astype(np.int64)
        place = months - months[0]
    else:
        place = (seconds - seconds[0]) // STEP[bucket]
        if bool(((seconds - seconds[0]) % STEP[bucket] != 0).any()):
            raise UnusableValuesError("trend_season", f"the buckets are not whole {bucket}s apart")
    if bool((np.diff(place) <= 0).any()):
        at = int(np.argmax(np.diff(place) <= 0)) + 1
        raise UnusableValuesError("trend_season", f"time stands still or goes backwards at {starts[at]}")
    series = np.full(int(place[-1]) + 1, np.nan)
    series[place] = values
    steps = np.arange(series.size)
    if bucket == "month":
        days = (starts[0].astype("datetime64[M]") + steps).astype("datetime64[D]")
        return series, days, np.zeros(series.size, dtype=np.int64), place
    clock = seconds[0] + steps * STEP[bucket]
    days = clock.astype("datetime64[s]").astype("datetime64[D]")
    return series, days, (clock % 86_400) // 3600, place


def _blocks(
    days: Days, hours: NDArray[np.int64], bucket: Bucket, known: Mask, periods: tuple[float, ...]
) -> list[_Block]:
    found = []
    if bucket == "hour" and _often(hours[known], 24):
        found.append(_Block("day", 24.0, *_dummies(hours, 24), True))
    weekday = weekday_of(days)
    if bucket in ("hour", "day") and _often(
        np.unique(np.column_stack([days.astype(np.int64), weekday])[known], axis=0)[:, 1], 7
    ):
        found.append(_Block("week", 168.0 if bucket == "hour" else 7.0, *_dummies(weekday, 7), True))
    per_year = {"hour": YEAR_DAYS * 24, "day": YEAR_DAYS, "week": YEAR_DAYS / 7, "month": 12.0}[bucket]
    lengths = [("year", per_year, YEARS), *((f"{one:g} {bucket}s", one, SEEN) for one in periods)]
    for name, period, times in lengths:
        if known.size >= times * period:
            phase = 2 * np.pi * np.arange(known.size) / period
            waves = range(1, min(HARMONICS, int((period - 1e-9) // 2)) + 1)
            columns = np.column_stack([wave(one * phase) for one in waves for wave in (np.cos, np.sin)])
            found.append(_Block(name, period, columns, columns[: int(np.ceil(period))], False))
    return found


def _often(phase: NDArray[np.int64], phases: int) -> bool:
    return bool((np.bincount(phase, minlength=phases) >= SEEN).all())


def _dummies(phase: NDArray[np.int64], phases: int) -> tuple[Floats, Floats]:
    """Columns by phase that sum to nought over all phases, and what they are at each phase."""
    shown = np.vstack([np.eye(phases - 1), -np.ones(phases - 1)])
    return shown[phase], shown


def _seasons(found: Fit, blocks: list[_Block], design: Floats, series: Floats) -> tuple[Season, ...]:
    known = np.isfinite(series)
    rest = series.copy()
    parts, place = [], 2
    for one in blocks:
        columns = np.arange(place, place + one.columns.shape[1])
        place = int(columns[-1]) + 1
        parts.append((one, columns, design[:, columns] @ found.coefficients[columns]))
        rest = rest - parts[-1][2]
    if place < design.shape[1]:
        rest = rest - design[:, place] * found.coefficients[place]
    rest = rest - _moving_mean(rest, int(np.ceil(SEEN * max((one.period for one in blocks[:2]), default=SEEN))))
    seasons = []
    for one, columns, part in parts:
        spread = float(np.var((rest + part)[known]))
        left = float(np.var(rest[known]))
        strength = max(0.0, 1.0 - left / spread) if spread > 0 else 0.0
        figure = one.shown @ found.coefficients[columns]
        rows = np.zeros((one.shown.shape[0], design.shape[1]))
        rows[:, columns] = one.shown
        effects = tuple(found.effect(row) for row in rows) if one.phases else ()
        seasons.append(Season(one.name, one.period, strength, found.joint_p(columns), figure, effects))
    return tuple(seasons)


def _moving_mean(values: Floats, width: int) -> Floats:
    known = np.isfinite(values)
    width = max(1, min(width, values.size))
    total = uniform_filter1d(np.where(known, values, 0.0), width, mode="nearest")
    return total / np.maximum(uniform_filter1d(known.astype(np.float64), width, mode="nearest"), 1e-12)


def _line(found: Fit, series: Floats, time: Floats) -> Floats:
    """The line of the fit, or one with its slope through the mean of what is known."""
    level = found.coefficients[0]
    known = np.isfinite(series)
    if not np.isfinite(level):
        level = float(series[known].mean()) - found.slope.value * float(time[known].mean())
    return level + found.slope.value * time
