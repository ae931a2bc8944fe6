"""What comes next, with intervals calibrated by what earlier forecasts of the same series missed by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import stdtrit

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.calendar_days import Mask, weekday_of
from gemba.statistics.forecast_days import DayGrid, Floats
from gemba.statistics.forecast_intervals import Band, error_band
from gemba.statistics.forecast_smoothing import CANDIDATES, NAIVE, candidate_paths

LEVEL = 0.9
WARM_UP = 14
"""Days before the first forecast of the backtest: two of each weekday."""
LEAST_ORIGINS = 28
LEAST_HORIZONS = 3
"""Horizons, end to end, that the backtest must hold."""
MOST_DAYS = 1_100
"""Days that are learned from, the latest: three years."""
MOST_ORIGINS = 370
MOST_ERRORS = 6_000
"""Origins times days ahead that are kept, but for at least 120 origins."""
SHARPNESS = 8.0
HALF_LIFE = 60.0
ENOUGH = 20
"""Horizons, end to end, from which on quantiles of the total's errors are read; below, Student's t."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """`value`, `low`, `high`: shape (ahead, S), unit of the series. `total` of them: sum or mean, as asked.

    `error`, `naive_error`: mean absolute error of a slot over the backtest, of this forecast and of "the same weekday
    a week before"; `total_error`, `naive_total_error`: the same of the total. `coverage`, `total_coverage`: share of
    the backtest that intervals made in advance held; NaN where too few were made. `origins`: days that the backtest
    forecast from. `weights`: what each candidate counts now, averaged over leads, largest first.
    """

    value: Floats
    low: Floats
    high: Floats
    total: float
    total_low: float
    total_high: float
    level: float
    error: float
    naive_error: float
    total_error: float
    naive_total_error: float
    coverage: float
    total_coverage: float
    origins: int
    weights: dict[str, float]

    @property
    def beats_naive(self) -> bool:
        return self.error < self.naive_error


@dataclass(frozen=True, slots=True)
class _Backtest:
    """Forecasts from every origin and what came, NaN where unknown: (O, H, S). The last origin is the present."""

    origins: NDArray[np.int64]
    stride: int
    combined: Floats
    naive: Floats
    came: Floats
    kind: NDArray[np.int64]
    weights: Floats


def forecast(
    grid: DayGrid, *, ahead: int, skip: int = 0, holiday: Mask, adds_up: bool, level: float = LEVEL
) -> Forecast:
    """Forecast whole days after the last one known.

    Args:
        grid: The past. Missing values are allowed; they teach nothing and are not scored.
        ahead: Days to forecast, after `skip` days that are passed over (days under way, a week that has not begun).
        holiday: Days of the grid and the `skip + ahead` that follow, shape (D + skip + ahead,).
        adds_up: Whether the total is the sum over the horizon; else it is the mean of its slots.
        level: Share that intervals hold.

    Returns:
        The mean of `forecast_smoothing.CANDIDATES`, weighted at every origin and lead by their discounted mean
        absolute error there to the power -8 (half-life 60 origins), so that nothing after an origin enters. Intervals:
        `forecast_intervals.error_band` of the errors that these same forecasts made at earlier origins; of the total,
        where the past holds fewer than 20 horizons end to end, Student's t on as many degrees of freedom as horizons
        less one. Where no value is below nought, no bound is.

    Raises:
        SampleTooSmallError: Fewer than 28 origins, or three horizons end to end, after 14 days of warm-up.
        UnusableValuesError: Every known value is the same.

    References:
        J. M. Bates and C. W. J. Granger, Oper. Res. Quart. 20, 1969; J. H. Stock and M. W. Watson, J. Forecasting 23,
        2004 (discounted weights); L. J. Tashman, Int. J. Forecasting 16, 2000 (rolling origins).
    """
    reach = skip + ahead
    first = max(0, grid.days.size - MOST_DAYS)
    values, flags = grid.values[first:], holiday[first:]
    days = np.concatenate([grid.days[first:], grid.days[-1] + 1 + np.arange(reach)])
    known = values[np.isfinite(values)]
    if known.size >= LEAST_ORIGINS and float(np.ptp(known)) == 0.0:
        raise UnusableValuesError("forecast", f"every one of the {known.size} values is {known[0]:g}")
    possible = values.shape[0] - WARM_UP - reach + 1
    needed = max(LEAST_ORIGINS, LEAST_HORIZONS * ahead)
    seen = int(np.isfinite(values).any(axis=1).sum()) - WARM_UP - reach + 1
    if min(possible, seen) < needed:
        raise SampleTooSmallError(
            "forecast (days)", needed=needed + WARM_UP + reach - 1, got=seen + WARM_UP + reach - 1
        )
    test = _backtest(values, weekday_of(days), flags, reach)
    errors = test.came - test.combined
    naive_errors = test.came - test.naive
    scored = np.isfinite(errors[:, skip:]) & np.isfinite(naive_errors[:, skip:])
    band = error_band(errors, kind=test.kind, level=level, stride=test.stride, since=LEAST_ORIGINS // 2)
    now = test.combined[-1, skip:]
    low, high = now + band.low[-1, skip:], now + band.high[-1, skip:]
    totals = _totals(errors[:, skip:], adds_up)
    naive_totals = _totals(naive_errors[:, skip:], adds_up)
    total_band = _total_band(totals, test.kind[:, skip], level=level, stride=test.stride, reach=reach, ahead=ahead)
    total = float(now.sum() if adds_up else now.mean())
    bounds = [total + float(total_band.low[-1, 0, 0]), total + float(total_band.high[-1, 0, 0])]
    if float(known.min()) >= 0.0:
        now, low, high = np.maximum(now, 0.0), np.maximum(low, 0.0), np.maximum(high, 0.0)
        bounds, total = [max(one, 0.0) for one in bounds], max(total, 0.0)
    both = np.isfinite(totals) & np.isfinite(naive_totals)
    return Forecast(
        value=now,
        low=low,
        high=high,
        total=total,
        total_low=bounds[0],
        total_high=bounds[1],
        level=level,
        error=float(np.abs(errors[:, skip:][scored]).mean()),
        naive_error=float(np.abs(naive_errors[:, skip:][scored]).mean()),
        total_error=float(np.abs(totals[both]).mean()) if both.any() else float("nan"),
        naive_total_error=float(np.abs(naive_totals[both]).mean()) if both.any() else float("nan"),
        coverage=band.coverage,
        total_coverage=total_band.coverage,
        origins=int(scored.any(axis=(1, 2)).sum()),
        weights=_named(test.weights),
    )


def _backtest(values: Floats, weekday: NDArray[np.int64], holiday: Mask, reach: int) -> _Backtest:
    size, slots = values.shape
    stride = min(max(1, reach // 14), 7)
    most = min(MOST_ORIGINS, max(120, MOST_ERRORS // reach))
    origins = np.arange(size, WARM_UP - 1, -stride)[:most][::-1]
    paths = candidate_paths(values, weekday=weekday, holiday=holiday, origins=origins, ahead=reach)
    target = origins[:, None] + np.arange(reach)
    came = np.vstack([values, np.full((reach, slots), np.nan)])[target]
    weights = _weights(paths, came, stride)
    combined = np.einsum("coh,cohs->ohs", weights, paths)
    kind = np.where(holiday[target] | (weekday[target] == 6), 2, np.where(weekday[target] == 5, 1, 0))
    place = [one.name for one in CANDIDATES].index(NAIVE)
    return _Backtest(origins, stride, combined, paths[place], came, kind, weights[:, -1].mean(axis=1))


def _weights(paths: Floats, came: Floats, stride: int) -> Floats:
    """What each candidate counts at each origin and lead, by the errors known there, shape (C, O, H); sums to 1."""
    missed = np.abs(paths - came)
    known = np.isfinite(missed)
    seen = known.any(axis=3)
    error = np.where(known, missed, 0.0).sum(axis=3) / np.maximum(known.sum(axis=3), 1)
    keep = 0.5 ** (stride / HALF_LIFE)
    total: Floats = np.asarray(lfilter([1.0], [1.0, -keep], np.where(seen, error, 0.0), axis=1))
    times: Floats = np.asarray(lfilter([1.0], [1.0, -keep], seen.astype(float), axis=1))
    found = np.ones(error.shape)
    for lead in range(int(error.shape[2])):
        wait = -(-(lead + 1) // stride)
        if wait < error.shape[1]:
            mean = total[:, :-wait, lead] / np.maximum(times[:, :-wait, lead], 1e-9)
            some = times[:, :-wait, lead] > 0
            scale = np.maximum(mean.min(axis=0, where=some, initial=np.inf), 1e-300)
            power = np.where(some, (np.maximum(mean, 1e-12 * scale) / scale) ** -SHARPNESS, 0.0)
            found[:, wait:, lead] = np.where(power.sum(axis=0) > 0, power, 1.0)
    return found / found.sum(axis=0)


def _totals(errors: Floats, adds_up: bool) -> Floats:
    """Errors of the total at each origin, shape (O,); NaN where a slot is unknown."""
    return errors.sum(axis=(1, 2)) if adds_up else errors.mean(axis=(1, 2))


def _total_band(totals: Floats, kind: NDArray[np.int64], *, level: float, stride: int, reach: int, ahead: int) -> Band:
    errors = totals[:, None, None]
    same = np.zeros_like(kind) if ahead >= 7 else kind
    band = error_band(
        errors,
        kind=same[:, None],
        level=level,
        stride=stride,
        since=LEAST_ORIGINS // 2,
        reach=reach,
        window=MOST_ORIGINS,
    )
    known = totals[np.isfinite(totals)]
    horizons = known.size * stride / reach
    if horizons >= ENOUGH and bool(np.isfinite(band.low[-1, 0, 0])):
        return band
    if known.size < 2:
        raise SampleTooSmallError("forecast (whole horizons in the past)", needed=2, got=known.size)
    half = float(stdtrit(max(horizons - 1.0, 1.0), 0.5 + level / 2)) * float(np.sqrt((known**2).mean()))
    low, high = band.low.copy(), band.high.copy()
    low[-1], high[-1] = -half * np.sqrt(1 + 1 / horizons), half * np.sqrt(1 + 1 / horizons)
    return Band(low, high, float("nan"))


def _named(weights: Floats) -> dict[str, float]:
    order = np.argsort(-weights, kind="stable")
    return {CANDIDATES[at].name: float(weights[at]) for at in order if weights[at] >= 0.01}
