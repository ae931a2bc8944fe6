"""The factory running normally: stops, orders and scrap with no planted cause.

All arrays are in the order day, shift, machine, and every kind of draw has its own stream, so that the first
days do not depend on how many follow. Formulas: `docs/plant.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.plant.calendar import Calendar
from gemba.plant.layout import (
    CREWS,
    LINES,
    MACHINE_LINE,
    MACHINES,
    OPERATORS_PER_LINE_AND_CREW,
    PRODUCT_MATERIAL,
    Layout,
)
from gemba.plant.lots import Lots
from gemba.plant.streams import stream

MINUTE = 60_000_000
REASONS = ("jam", "tool change", "setup", "material shortage", "sensor fault", "no operator")
REASON_SHARE = np.array([0.34, 0.16, 0.22, 0.10, 0.12, 0.06])
REASON_MINUTES = np.array([5.0, 14.0, 18.0, 12.0, 8.0, 10.0])
ORDERS_PER_SHIFT = 16.0
SHIFT_SCRAP = np.array([1.0, 1.04, 1.12])
WEEKDAY_SCRAP = np.array([1.08, 1.0, 0.98, 1.0, 1.04, 1.06, 1.0])
LEAST_RUNNING = 0.15

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(slots=True)
class Shop:
    """One simulated run, as columns. Cells are machine-shifts that are run.

    Attributes:
        cell_day, cell_shift, cell_machine, cell_start, cell_end: By cell; the day is that of the shift's start.
        stop_cell, stop_start, stop_minutes, stop_reason: By stop.
        cell, finished, day, machine, shift, product, lot, operator: By order; `day` is the local day of `finished`.
        quantity, scrap: Pieces by order; scrapped pieces are part of the quantity.
        cycle_s, ideal_s, rate: Seconds a piece, ideal seconds a piece, expected scrap share, by order.
    """

    cell_day: Ints
    cell_shift: Ints
    cell_machine: Ints
    cell_start: Ints
    cell_end: Ints
    stop_cell: Ints
    stop_start: Ints
    stop_minutes: Floats
    stop_reason: Ints
    cell: Ints
    finished: Ints
    day: Ints
    machine: Ints
    shift: Ints
    product: Ints
    lot: Ints
    operator: Ints
    quantity: Ints
    scrap: Ints
    cycle_s: Floats
    ideal_s: Floats
    rate: Floats

    @property
    def planned_minutes(self) -> Floats:
        return (self.cell_end - self.cell_start) / MINUTE

    @property
    def run_minutes(self) -> Floats:
        """Planned less stopped; a machine that stood for the whole shift still counts a minimum."""
        stopped = np.bincount(self.stop_cell, self.stop_minutes, minlength=len(self.cell_day))
        return np.maximum(self.planned_minutes - stopped, LEAST_RUNNING * self.planned_minutes)


def autoregressive(rng: np.random.Generator, shape: tuple[int, ...], *, phi: float, sd: float) -> Floats:
    """Stationary AR(1) along the first axis with marginal standard deviation `sd`."""
    noise = rng.normal(0, sd * np.sqrt(1 - phi**2), shape)
    noise[0] /= np.sqrt(1 - phi**2)
    for step in range(1, shape[0]):
        noise[step] += phi * noise[step - 1]
    return noise


def run_normally(seed: int, plan: Calendar, rates: Layout, supply: Lots, *, scale: float) -> Shop:
    """Simulate every day of `plan`. `scale` multiplies the number of orders, not the pieces made."""
    days = plan.days
    shape = (days, 3, MACHINES)
    standing = stream(seed, "standing").random(shape) < 0.012  # no crew, no demand: the machine is not planned
    active = (plan.works[:, :, None] & ~standing).ravel()
    day, shift, machine = (index.ravel()[active] for index in np.indices(shape))
    start, end = plan.shift_starts[day, shift], plan.shift_ends[day, shift]
    planned = (end - start) / MINUTE

    stop_load = np.exp(autoregressive(stream(seed, "stop load"), (days,), phi=0.4, sd=0.08))
    expected = np.broadcast_to(stop_load[:, None, None] * rates.stops_machine, shape)
    stop_counts = stream(seed, "stops").poisson(expected).ravel()
    owner = np.repeat(np.arange(active.size), stop_counts)
    total = len(owner)
    reason = np.searchsorted(np.cumsum(REASON_SHARE)[:-1], stream(seed, "reason").random(total))
    minutes = REASON_MINUTES[reason] * np.exp(stream(seed, "minutes").normal(-0.24, 0.7, total))
    position = stream(seed, "stop position").random(total) * 0.9
    kept = active[owner]
    cell_of = np.cumsum(active) - 1
    stop_cell = cell_of[owner[kept]]
    stop_minutes = np.asarray(np.round(np.minimum(minutes[kept], 150.0), 1), dtype=np.float64)
    stop_start = start[stop_cell] + (position[kept] * planned[stop_cell] * MINUTE).astype(np.int64)
    stop_start -= stop_start % 1_000_000

    orders = np.maximum(stream(seed, "orders").poisson(ORDERS_PER_SHIFT * scale, shape).ravel()[active], 1)
    cell = np.repeat(np.arange(len(day)), orders)
    length = stream(seed, "length").standard_gamma(6.0, len(cell))
    ends = np.cumsum(length)
    before = np.concatenate([[0.0], ends])[np.cumsum(orders) - orders]
    whole = np.add.reduceat(length, np.cumsum(orders) - orders)
    fraction, done = length / whole[cell], (ends - before[cell]) / whole[cell]
    finished = start[cell] + (done * planned[cell] * 0.998 * MINUTE).astype(np.int64)
    finished -= finished % 1_000_000

    product = _products(seed, rates, days)[active][cell, _second_half(seed, len(day), cell, done)]
    silo = _silos(seed, days)[active][cell]
    local_day = plan.day_of(finished)
    lot = supply.used[np.minimum(local_day, days - 1), PRODUCT_MATERIAL[product], silo]

    ideal = rates.ideal_cycle_s[product]
    pace = autoregressive(stream(seed, "pace"), (days,), phi=0.5, sd=0.008)
    own_pace = autoregressive(stream(seed, "own pace"), (days, MACHINES), phi=0.4, sd=0.015)
    cycle = ideal * rates.cycle_machine[machine[cell]]
    cycle *= np.exp(pace[day] + own_pace[day, machine])[cell]
    cycle *= np.exp(stream(seed, "cycle").normal(0, 0.05, len(cell)))

    common = autoregressive(stream(seed, "scrap"), (days,), phi=0.5, sd=0.06)
    own = autoregressive(stream(seed, "own scrap"), (days, MACHINES), phi=0.3, sd=0.12)
    season = 0.05 * np.cos(2 * np.pi * (_day_of_year(plan) - 205) / 365.25)  # warm halls in July
    rate = rates.scrap_product[product] * rates.scrap_machine[machine[cell]] * supply.factor[lot]
    rate *= SHIFT_SCRAP[shift[cell]] * WEEKDAY_SCRAP[plan.weekdays[day]][cell]
    rate *= np.exp(common[day] + season[day] + own[day, machine])[cell]

    shop = Shop(
        cell_day=day, cell_shift=shift, cell_machine=machine, cell_start=start, cell_end=end,
        stop_cell=stop_cell, stop_start=stop_start, stop_minutes=stop_minutes, stop_reason=reason[kept],
        cell=cell, finished=finished, day=local_day, machine=machine[cell], shift=shift[cell],
        product=product, lot=lot, operator=_operators(seed, plan, shape)[active][cell],
        quantity=np.empty(0, dtype=np.int64), scrap=np.empty(0, dtype=np.int64),
        cycle_s=np.round(cycle, 2), ideal_s=ideal, rate=rate,
    )  # fmt: skip
    seconds = shop.run_minutes[cell] * 60 * fraction
    shop.quantity = np.maximum(np.round(seconds / cycle), 1).astype(np.int64)
    spread = stream(seed, "spread").standard_gamma(3.0, len(cell)) / 3.0
    drawn = stream(seed, "scrapped").poisson(shop.quantity * rate * spread)
    shop.scrap = np.minimum(drawn, shop.quantity)
    return shop


def _products(seed: int, rates: Layout, days: int) -> Ints:
    """The two products that a machine may run in a shift, shape (cells, 2), cells of every day and shift."""
    growth = np.exp(rates.drift * np.arange(days)[:, None])
    weight = rates.weight[None] * growth[:, None]
    upto = np.cumsum(weight / weight.sum(axis=2, keepdims=True), axis=2)
    drawn = stream(seed, "product").random((days, 3, MACHINES, 2))
    chosen = (drawn[..., None] > upto[:, None, :, None, :-1]).sum(axis=-1)
    return chosen.reshape(-1, 2)


def _second_half(seed: int, cells: int, cell: Ints, done: Floats) -> Ints:
    """0 before the change-over of the shift, 1 after. One shift in two has none."""
    change = stream(seed, "change-over").uniform(0.1, 1.9, cells)
    return (done > change[cell]).astype(np.int64)


def _silos(seed: int, days: int) -> Ints:
    """Silo by cell: a machine draws four times in five from the silo nearer to it."""
    near = np.arange(MACHINES) % 2
    other = stream(seed, "silo").random((days, 3, MACHINES)) < 0.2
    return np.where(other, 1 - near, near).ravel()


def _operators(seed: int, plan: Calendar, shape: tuple[int, int, int]) -> Ints:
    """Operator by cell. Crews rotate through the shifts week by week; one man minds about one machine."""
    days = np.arange(shape[0])[:, None, None]
    week = (days + plan.start.weekday()) // 7
    crew = (week + np.arange(3)[None, :, None]) % CREWS
    line = MACHINE_LINE[None, None, :]
    seat = np.arange(MACHINES)[None, None, :] % OPERATORS_PER_LINE_AND_CREW
    moved = stream(seed, "operator").integers(0, OPERATORS_PER_LINE_AND_CREW, shape)
    swaps = stream(seed, "swap").random(shape) < 0.25
    seat = np.where(swaps, moved, seat)
    return ((line % LINES * CREWS + crew) * OPERATORS_PER_LINE_AND_CREW + seat).ravel()


def _day_of_year(plan: Calendar) -> Ints:
    return np.array([plan.date_of(day).timetuple().tm_yday for day in range(plan.days)])
