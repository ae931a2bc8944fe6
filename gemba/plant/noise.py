"""Daily values of the metrics that causes are planted in, and their day-to-day noise."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gemba.plant.calendar import SHIFTS, Calendar
from gemba.plant.layout import MACHINE_IDS, MACHINE_LINE
from gemba.plant.process import Shop

METRICS = {"scrap_rate": "%", "cycle_time": "s", "downtime_minutes": "min", "availability": "%"}
"""Metrics with planted causes, and their units as shown."""

WORSE = {"scrap_rate": 1.0, "cycle_time": 1.0, "downtime_minutes": 1.0, "availability": -1.0}
"""Sign of a worse value."""

Scope = Mapping[str, str]
"""Members by dimension: `{"line": "3"}`. Only lines, machines and shifts occur."""

Floats = NDArray[np.float64]


def machines_in(scope: Scope) -> NDArray[np.bool_]:
    """Which machines a scope covers, shape (machines,)."""
    inside = np.ones(len(MACHINE_IDS), dtype=bool)
    if "line" in scope:
        inside &= int(scope["line"]) - 1 == MACHINE_LINE
    if "machine" in scope:
        inside &= np.array(MACHINE_IDS) == scope["machine"]
    return inside


def shifts_in(scope: Scope) -> NDArray[np.bool_]:
    """Which shifts a scope covers, shape (3,)."""
    return np.array([scope.get("shift", name) == name for name in SHIFTS])


def daily(shop: Shop, plan: Calendar, metric: str, scope: Scope) -> Floats:
    """The metric's value by local day, in its unit as shown; NaN on days without rows. Shape (days,)."""
    machines, shifts = machines_in(scope), shifts_in(scope)
    if metric in ("scrap_rate", "cycle_time"):
        inside = machines[shop.machine] & shifts[shop.shift] & (shop.day < plan.days) & (shop.day >= 0)
        day = shop.day[inside]
        if metric == "scrap_rate":
            above, below, scale = shop.scrap[inside], shop.quantity[inside], 100.0
        else:
            above, below, scale = shop.cycle_s[inside], np.ones(len(day)), 1.0
    elif metric == "downtime_minutes":
        cell = shop.stop_cell
        day = plan.day_of(shop.stop_start)
        inside = machines[shop.cell_machine[cell]] & shifts[shop.cell_shift[cell]] & (day < plan.days)
        total = np.bincount(day[inside], shop.stop_minutes[inside], minlength=plan.days)
        return np.where(total > 0, total, np.nan)
    else:
        inside = machines[shop.cell_machine] & shifts[shop.cell_shift]
        day, above, below, scale = shop.cell_day[inside], shop.run_minutes[inside], shop.planned_minutes[inside], 100.0
    top, bottom = (np.bincount(day, part, minlength=plan.days) for part in (above, below))
    return np.where(bottom > 0, scale * top / np.where(bottom > 0, bottom, 1.0), np.nan)


def noise(values: Floats, weekdays: NDArray[np.int64]) -> float:
    """Standard deviation about the weekday's mean.

    Args:
        values: Daily values; days with NaN are left out.
        weekdays: Weekday of each.

    Returns:
        Root of the residual sum of squares by (days - weekdays seen), in the unit of the values.
    """
    seen = ~np.isnan(values)
    values, weekdays = values[seen], weekdays[seen]
    count = np.bincount(weekdays, minlength=7)
    mean = np.bincount(weekdays, values, minlength=7) / np.maximum(count, 1)
    residual = values - mean[weekdays]
    return float(np.sqrt(np.sum(residual**2) / (len(values) - np.count_nonzero(count))))
