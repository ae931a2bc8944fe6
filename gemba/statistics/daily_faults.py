"""Tests of a window's days against the days before: absent days, volume, shares of bad rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtrc, stdtr, stdtrit

from gemba.errors import SampleTooSmallError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
LEAST_DAYS = 14
USUALLY_THERE = 0.8


@dataclass(frozen=True, slots=True)
class Fault:
    """`effect` with a 95 % interval (None for counted days), two-sided `p`, and the usual value it is held against."""

    effect: float
    ci: tuple[float, float] | None
    p: float
    usual: float


def absent_days(rows: Floats, weekday: NDArray[np.int64], window: Mask) -> tuple[Fault, NDArray[np.intp], int]:
    """Days of the window without rows, on weekdays that usually have some.

    Args:
        rows: Rows by day, shape (n,), 0 for days without.
        weekday: 0 to 6, shape (n,).
        window: The days asked about; all others are the reference. Needs 14 of them.

    Returns:
        The fault (`effect` counts the days; p one-sided, binomial, against the reference's share of absent days with
        Jeffreys' half a day added), the positions of the absent days, and how many days were expected.

    Raises:
        SampleTooSmallError: Fewer than 14 reference days.
    """
    _need_reference(window)
    usual = np.zeros(7, dtype=bool)
    for day in range(7):
        there = rows[(weekday == day) & ~window] > 0
        usual[day] = there.size > 0 and there.mean() >= USUALLY_THERE
    expected = usual[weekday]
    absent = np.flatnonzero(window & expected & (rows == 0))
    reference = expected & ~window
    rate = (float((rows[reference] == 0).sum()) + 0.5) / (float(reference.sum()) + 1.0)
    among = int((window & expected).sum())
    p = 1.0 if absent.size == 0 else float(bdtrc(absent.size - 1, among, rate))
    return Fault(float(absent.size), None, min(p, 1.0), rate), absent, among


def volume_change(rows: Floats, weekday: NDArray[np.int64], window: Mask) -> Fault | None:
    """Rows a day of the window against the usual number on the same weekdays, in per cent of it.

    Days without rows are left to `absent_days`. None when no day of the window has rows on a weekday with a usual
    number. Usual is the median by weekday; scatter is 1.4826 times the median absolute deviation of the relative
    deviations, so that past faults count little (F. R. Hampel, J. Am. Statist. Assoc. 69, 1974), and is widened for
    lag-one autocorrelation. Student's t on the number of weeks of reference less one.

    Raises:
        SampleTooSmallError: Fewer than 14 reference days with rows.
    """
    has = rows > 0
    _need_reference(window | ~has)
    usual = np.full(7, np.nan)
    for day in range(7):
        before = rows[(weekday == day) & ~window & has]
        if before.size >= 2:
            usual[day] = float(np.median(before))
    deviation = rows / usual[weekday] - 1.0
    inside, outside = window & has & np.isfinite(deviation), ~window & has & np.isfinite(deviation)
    if not inside.any() or outside.sum() < LEAST_DAYS:
        return None
    reference = deviation[outside]
    scatter = 1.4826 * float(np.median(np.abs(reference - np.median(reference))))
    phi = min(max(_lag_one(reference), 0.0), 0.9)
    n = int(inside.sum())
    error = scatter * float(np.sqrt((1.0 + phi) / (1.0 - phi) * (1.0 / n + 1.0 / reference.size)))
    effect = float(deviation[inside].mean())
    df = max(reference.size / 7.0 - 1.0, 1.0)
    return _against_zero(100.0 * effect, 100.0 * max(error, 1e-12), df, usual=float(np.nanmedian(usual)))


def share_change(bad: Floats, rows: Floats, window: Mask) -> Fault | None:
    """Share of bad rows in the window less that of the reference, in percentage points. None without rows in either.

    Two-proportion test with the variance multiplied by the Pearson dispersion of the reference's days, at least 1
    (P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed., 1989, section 4.5); Student's t on the number
    of reference days less one.

    Raises:
        SampleTooSmallError: Fewer than 14 reference days with rows.
    """
    has = rows > 0
    _need_reference(window | ~has)
    outside = ~window & has
    n0, n1 = float(rows[outside].sum()), float(rows[window].sum())
    if n0 == 0 or n1 == 0:
        return None
    before, after = float(bad[outside].sum()) / n0, float(bad[window].sum()) / n1
    # Half a row more keeps the scatter of a reference without any bad row above zero.
    pooled = (float(bad[outside].sum() + bad[window].sum()) + 0.5) / (n0 + n1 + 1.0)
    base = (float(bad[outside].sum()) + 0.5) / (n0 + 1.0)
    pearson = ((bad[outside] - rows[outside] * base) ** 2 / (rows[outside] * base * (1.0 - base))).sum()
    dispersion = max(float(pearson) / (float(outside.sum()) - 1.0), 1.0)
    error = float(np.sqrt(dispersion * pooled * (1.0 - pooled) * (1.0 / n0 + 1.0 / n1)))
    return _against_zero(100.0 * (after - before), 100.0 * error, float(outside.sum()) - 1.0, usual=100.0 * before)


def _against_zero(effect: float, error: float, df: float, *, usual: float) -> Fault:
    half = float(stdtrit(df, 0.975)) * error
    return Fault(effect, (effect - half, effect + half), float(2.0 * stdtr(df, -abs(effect / error))), usual)


def _lag_one(values: Floats) -> float:
    centred = values - values.mean()
    square = float((centred**2).sum())
    return float((centred[1:] * centred[:-1]).sum()) / square if square > 0 else 0.0


def _need_reference(not_reference: Mask) -> None:
    days = int((~not_reference).sum())
    if days < LEAST_DAYS:
        raise SampleTooSmallError("a check of the data against its usual days", needed=LEAST_DAYS, got=days)
