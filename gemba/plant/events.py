"""Planting a cause: the change that makes a metric's daily value shift by just so much.

Each `plant_*` finds, by bisection or in closed form, the strength at which the mean shift over the days of the
window is the one asked for, and changes the shop in place. Rows outside window and segment stay as they were,
except that a machine that stands or slows down makes fewer pieces in its own orders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gemba.plant.calendar import Calendar
from gemba.plant.layout import PRODUCT_FAMILY, PRODUCT_IDS, Layout
from gemba.plant.lots import Lots
from gemba.plant.noise import Scope, machines_in, shifts_in
from gemba.plant.process import MINUTE, REASONS, Shop

MOST_SCRAP = 0.40
MOST_SLOWING = 0.9
MOST_STANDING = 0.70
"""Bounds of what is believable in the segment: share scrapped, share added to the cycle, share of a shift stopped."""

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Design:
    """A cause to plant. Days index the calendar, `last` excluded. `segment` and `scope` are members by dimension."""

    kind: str
    metric: str
    segment: Scope
    scope: Scope
    first: int
    last: int
    size: float


class OutOfReachError(Exception):
    """The cause would have to be stronger than is believable. The caller draws another one."""


def plant(
    design: Design, shift: float, shop: Shop, plan: Calendar, rates: Layout, supply: Lots, rng: np.random.Generator
) -> None:
    """Change `shop` so that the daily metric in the design's scope is worse by `shift` on average.

    Args:
        shift: Positive, in the metric's unit as shown.

    Raises:
        OutOfReachError: Not reachable within the bounds; `shop` is unchanged.
    """
    if design.kind == "mix_shift":
        _plant_mix(design, shift / 100, shop, rates, rng)
    elif design.metric == "scrap_rate":
        _plant_scrap(design, shift / 100, shop, plan, supply, rng)
    elif design.metric == "cycle_time":
        _plant_slowness(design, shift, shop, plan, supply, rng)
    else:
        _plant_stops(design, shift, shop, plan, rng)


def orders_in(design: Design, shop: Shop, supply: Lots, members: Scope) -> Booleans:
    """Orders of the window that have these members."""
    inside = (shop.day >= design.first) & (shop.day < design.last)
    inside &= machines_in(members)[shop.machine] & shifts_in(members)[shop.shift]
    if "lot" in members:
        inside &= shop.lot == supply.ids.index(members["lot"])
    if "product" in members:
        inside &= shop.product == PRODUCT_IDS.index(members["product"])
    return inside


def bisect(reached: Callable[[float], float], target: float, most: float) -> float:
    """The smallest strength in (0, most], to 1e-6 of it, at which the rising function reaches the target."""
    if reached(most) < target:
        raise OutOfReachError
    low, high = 0.0, most
    while high - low > 1e-6 * most:
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) >= target else (middle, high)
    return high


def _ramp(design: Design, instants: NDArray[np.int64], plan: Calendar) -> NDArray[np.float64]:
    """Course over the window: tool wear grows from nothing to twice its mean, everything else is a step."""
    if design.kind != "tool_wear":
        return np.ones(len(instants))
    start, end = plan.midnights[design.first], plan.midnights[design.last]
    return 2.0 * (instants - start) / (end - start)


def _daily_mean(day: NDArray[np.int64], above: NDArray[Any], below: NDArray[Any]) -> float:
    """Mean over the days that have anything below the line of the day's sum above by `below` (by day)."""
    total = np.bincount(day, above, minlength=len(below))
    return float(np.mean(total[below > 0] / below[below > 0]))


def _plant_scrap(
    design: Design, shift: float, shop: Shop, plan: Calendar, supply: Lots, rng: np.random.Generator
) -> None:
    scope = orders_in(design, shop, supply, design.scope)
    rows = np.flatnonzero(scope & orders_in(design, shop, supply, design.segment))
    made = np.bincount(shop.day[scope] - design.first, shop.quantity[scope], minlength=design.last - design.first)
    quantity, room = shop.quantity[rows], shop.quantity[rows] - shop.scrap[rows]
    burden = quantity * rng.standard_gamma(4.0, len(rows)) / 4.0 * _ramp(design, shop.finished[rows], plan)
    chance = rng.random(len(rows))
    day = shop.day[rows] - design.first

    def extra(strength: float) -> NDArray[np.int64]:
        return np.minimum(np.floor(burden * strength + chance), room).astype(np.int64)

    strength = bisect(lambda at: _daily_mean(day, extra(at), made), shift, MOST_SCRAP)
    shop.scrap[rows] += extra(strength)
    shop.rate[rows] += strength


def _plant_slowness(
    design: Design, shift: float, shop: Shop, plan: Calendar, supply: Lots, rng: np.random.Generator
) -> None:
    scope = orders_in(design, shop, supply, design.scope)
    rows = np.flatnonzero(scope & orders_in(design, shop, supply, design.segment))
    orders = np.bincount(shop.day[scope] - design.first, minlength=design.last - design.first).astype(float)
    ramp = _ramp(design, shop.finished[rows], plan)
    per_strength = _daily_mean(shop.day[rows] - design.first, shop.cycle_s[rows] * ramp, orders)
    strength = shift / per_strength if per_strength > 0 else np.inf
    if strength > MOST_SLOWING:
        raise OutOfReachError
    shop.cycle_s[rows] = np.round(shop.cycle_s[rows] * (1 + strength * ramp), 2)
    _make_fewer(shop, rows, 1 / (1 + strength * ramp), rng)


def _plant_stops(design: Design, shift: float, shop: Shop, plan: Calendar, rng: np.random.Generator) -> None:
    members = {**design.scope, **design.segment}
    window = (shop.cell_day >= design.first) & (shop.cell_day < design.last)
    of_scope = window & machines_in(design.scope)[shop.cell_machine]
    chosen = of_scope & machines_in(members)[shop.cell_machine]
    cells = np.flatnonzero(chosen)
    if "stop_reason" in members:
        cells = cells[rng.random(len(cells)) < 0.4]
    owner = np.repeat(cells, 1 + rng.poisson(1.0, len(cells)))
    weight = np.exp(rng.normal(0, 0.5, len(owner)))
    begin = shop.cell_start[owner] + (rng.random(len(owner)) * 0.85 * shop.planned_minutes[owner] * MINUTE).astype(
        np.int64
    )
    begin -= begin % 1_000_000
    in_window = begin < plan.midnights[design.last]
    owner, weight, begin = owner[in_window], weight[in_window], begin[in_window]
    whole = np.bincount(owner, weight, minlength=len(window))[owner]
    room = np.maximum(shop.run_minutes - (1 - MOST_STANDING) * shop.planned_minutes, 0.0)[owner]

    def minutes(strength: float) -> NDArray[np.float64]:
        asked = weight * strength
        return np.asarray(np.round(np.minimum(asked, room * weight / whole), 1), dtype=np.float64)

    length = design.last - design.first
    if design.metric == "availability":
        day = shop.cell_day[owner] - design.first
        below = (
            np.bincount(shop.cell_day[of_scope] - design.first, shop.planned_minutes[of_scope], minlength=length) / 100
        )
    else:
        day = plan.day_of(begin) - design.first
        stops = plan.day_of(shop.stop_start) - design.first
        inside = (stops >= 0) & (stops < length) & machines_in(design.scope)[shop.cell_machine[shop.stop_cell]]
        below = (np.bincount(stops[inside], minlength=length) > 0).astype(float)
    strength = bisect(lambda at: _daily_mean(day, minutes(at), below), shift, 400.0)
    added = minutes(strength)
    kept = added > 0
    if "stop_reason" in members:
        reason = np.full(len(owner), REASONS.index(members["stop_reason"]))
    else:
        reason = rng.choice(len(REASONS), len(owner), p=[0.4, 0.1, 0.1, 0.1, 0.2, 0.1])
    ran = shop.run_minutes
    shop.stop_cell = np.concatenate([shop.stop_cell, owner[kept]])
    shop.stop_start = np.concatenate([shop.stop_start, begin[kept]])
    shop.stop_minutes = np.concatenate([shop.stop_minutes, added[kept]])
    shop.stop_reason = np.concatenate([shop.stop_reason, reason[kept]])
    less = shop.run_minutes / ran
    rows = np.flatnonzero(less[shop.cell] < 1)
    _make_fewer(shop, rows, less[shop.cell[rows]], rng)


def _plant_mix(design: Design, shift: float, shop: Shop, rates: Layout, rng: np.random.Generator) -> None:
    worse = PRODUCT_IDS.index(design.segment["product"])
    machines = machines_in(design.scope)[shop.machine]
    scope = (shop.day >= design.first) & (shop.day < design.last) & machines
    family = PRODUCT_FAMILY[shop.product] == PRODUCT_FAMILY[worse]
    rows = np.flatnonzero(scope & family & (shop.product != worse))
    old = shop.product[rows]
    rate = shop.rate[rows] * rates.scrap_product[worse] / rates.scrap_product[old]
    slower = rates.ideal_cycle_s[worse] / rates.ideal_cycle_s[old]
    quantity = np.maximum(np.round(shop.quantity[rows] / slower), 1).astype(np.int64)
    scrap = np.minimum(rng.poisson(quantity * rate * rng.standard_gamma(3.0, len(rows)) / 3.0), quantity)
    _, of_cell = np.unique(shop.cell[rows], return_inverse=True)
    turn = 0.7 * rng.random(len(rows))[of_cell] + 0.3 * rng.random(len(rows))  # whole shifts turn, more or less
    days = design.last - design.first
    day_all, day = shop.day[scope] - design.first, shop.day[rows] - design.first
    scrap_before = np.bincount(day_all, shop.scrap[scope], minlength=days)
    made_before = np.bincount(day_all, shop.quantity[scope], minlength=days)
    works = made_before > 0

    def reached(share: float) -> float:
        turned = turn < share
        more = np.bincount(day[turned], (scrap - shop.scrap[rows])[turned], minlength=days)
        made = made_before + np.bincount(day[turned], (quantity - shop.quantity[rows])[turned], minlength=days)
        return float(np.mean((scrap_before + more)[works] / made[works] - scrap_before[works] / made_before[works]))

    turned = turn < bisect(reached, shift, 0.85)
    changed = rows[turned]
    shop.product[changed] = worse
    shop.rate[changed] = rate[turned]
    shop.cycle_s[changed] = np.round(shop.cycle_s[changed] * slower[turned], 2)
    shop.ideal_s[changed] = rates.ideal_cycle_s[worse]
    shop.quantity[changed], shop.scrap[changed] = quantity[turned], scrap[turned]


def _make_fewer(shop: Shop, rows: NDArray[np.int64], share: NDArray[np.float64], rng: np.random.Generator) -> None:
    """Keep a share of each order's pieces; its scrap is thinned alike, so that the rate stays."""
    shop.quantity[rows] = np.maximum(np.round(shop.quantity[rows] * share), 1).astype(np.int64)
    shop.scrap[rows] = np.minimum(rng.binomial(shop.scrap[rows], np.minimum(share, 1.0)), shop.quantity[rows])
