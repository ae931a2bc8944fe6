"""From columns of numbers to the tables of a factory: keys, names, records that come late or never."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gemba.plant import layout as names
from gemba.plant.calendar import SHIFT_HOURS, SHIFTS, Calendar
from gemba.plant.layout import Layout
from gemba.plant.lots import Lots
from gemba.plant.process import MINUTE, REASONS, Shop, autoregressive
from gemba.plant.streams import stream

HOUR = 60 * MINUTE
DEFECTS = ("short shot", "flash", "sink mark", "scratch", "dimension")
DEFECT_SHARE = np.array([0.3, 0.25, 0.2, 0.15, 0.1])
FACTS = {
    "production": ("recorded_at", "finished_at"),
    "runtime": ("recorded_at", "started_at"),
    "downtime": ("ended_at", "started_at"),
    "quality": ("inspected_at", "inspected_at"),
    "maintenance": ("finished_at", "started_at"),
    "energy": ("recorded_at", "started_at"),
}
"""The tables that grow, and for each the columns of the instant a row becomes known and of that it belongs to."""

KEYS = {
    "production": ("order_id",),
    "runtime": ("machine_id", "started_at"),
    "downtime": ("stop_id",),
    "quality": ("inspection_id",),
    "maintenance": ("maintenance_id",),
    "energy": ("line_id", "started_at"),
    "lines": ("id",),
    "machines": ("id",),
    "products": ("id",),
    "shifts": ("id",),
    "operators": ("id",),
    "lots": ("id",),
    "suppliers": ("id",),
    "stop_reasons": ("id",),
}
"""Primary keys of all tables."""


REFERENCES = {
    "production": {
        "machine_id": "machines",
        "product_id": "products",
        "shift_id": "shifts",
        "operator_id": "operators",
        "lot_id": "lots",
    },
    "runtime": {"machine_id": "machines", "shift_id": "shifts"},
    "downtime": {"machine_id": "machines", "shift_id": "shifts", "reason_id": "stop_reasons"},
    "quality": {"machine_id": "machines", "product_id": "products", "shift_id": "shifts", "lot_id": "lots"},
    "maintenance": {"machine_id": "machines"},
    "energy": {"line_id": "lines"},
    "machines": {"line_id": "lines"},
    "lots": {"supplier_id": "suppliers"},
}
"""Columns that point to the `id` of another table."""


def _pick(texts: tuple[str, ...], index: NDArray[np.int64]) -> pl.Series:
    return pl.Series(texts, dtype=pl.String).gather(index)


def _stamp(instants: NDArray[Any]) -> pl.Series:
    return pl.Series(instants.astype(np.int64)).cast(pl.Datetime("us", "UTC"))


def dimension_tables(seed: int, plan: Calendar, rates: Layout, supply: Lots) -> dict[str, pl.DataFrame]:
    """The tables that facts point to."""
    rng = stream(seed, "machines")
    ahead = stream(seed, "delivery").integers(2, 9, len(supply.ids))
    machines = np.arange(names.MACHINES)
    crew = (np.arange(len(names.OPERATOR_IDS)) // names.OPERATORS_PER_LINE_AND_CREW) % names.CREWS
    suppliers = tuple(f"S{number}" for number in range(1, len(names.SUPPLIERS) + 1))
    arrived = plan.midnights[np.clip(supply.first_day, 0, plan.days)] - ahead * 24 * HOUR
    return {
        "lines": pl.DataFrame(
            {"id": range(1, names.LINES + 1), "name": [f"Line {n}" for n in range(1, names.LINES + 1)],
             "hall": ["North", "North", "South", "South"]}
        ),
        "machines": pl.DataFrame(
            {"id": names.MACHINE_IDS, "line_id": names.MACHINE_LINE[machines] + 1,
             "maker": rng.choice(["Arbura", "Engelhardt", "Kraus"], names.MACHINES),
             "built": rng.integers(2004, 2024, names.MACHINES)}
        ),
        "products": pl.DataFrame(
            {"id": names.PRODUCT_IDS, "family": _pick(names.FAMILIES, names.PRODUCT_FAMILY),
             "material": _pick(names.MATERIALS, names.PRODUCT_MATERIAL), "ideal_cycle_s": rates.ideal_cycle_s}
        ),
        "shifts": pl.DataFrame(
            {"id": SHIFTS, "starts": [f"{hour:02d}:00" for hour in SHIFT_HOURS],
             "ends": [f"{hour:02d}:00" for hour in (*SHIFT_HOURS[1:], SHIFT_HOURS[0])]}
        ),
        "operators": pl.DataFrame({"id": names.OPERATOR_IDS, "crew": _pick(("A", "B", "C"), crew)}),
        "suppliers": pl.DataFrame({"id": suppliers, "name": names.SUPPLIERS,
                                   "country": ["Germany", "Germany", "Netherlands", "Italy", "Poland"]}),
        "lots": pl.DataFrame(
            {"id": supply.ids, "supplier_id": _pick(suppliers, supply.supplier),
             "material": _pick(names.MATERIALS, supply.material), "received_at": _stamp(arrived)}
        ),
        "stop_reasons": pl.DataFrame(
            {"id": REASONS, "planned": [reason in ("tool change", "setup") for reason in REASONS]}
        ),
    }  # fmt: skip


def production_table(seed: int, shop: Shop, supply: Lots) -> pl.DataFrame:
    """One row an order. Some rows never arrive, some arrive hours or days late, some have no operator."""
    n = len(shop.cell)
    lag = stream(seed, "lag").random((n, 2))
    late = lag[:, 0] < 0.012
    delay = np.where(late, lag[:, 1] ** 2 * 60 * HOUR + HOUR, (1 + lag[:, 1] * 240) * 1e6).astype(np.int64)
    fate = stream(seed, "fate").random((n, 3))
    lost_cells = stream(seed, "lost cells").random(len(shop.cell_day)) < 0.003
    kept = (fate[:, 0] > 0.004) & ~lost_cells[shop.cell]
    wobble = stream(seed, "speed").normal(1, 0.01, n)
    frame = pl.DataFrame(
        {
            "order_id": np.arange(1_000_001, 1_000_001 + n),
            "finished_at": _stamp(shop.finished),
            "recorded_at": _stamp(shop.finished + delay),
            "machine_id": _pick(names.MACHINE_IDS, shop.machine),
            "product_id": _pick(names.PRODUCT_IDS, shop.product),
            "shift_id": _pick(SHIFTS, shop.shift),
            "operator_id": _pick(names.OPERATOR_IDS, shop.operator),
            "lot_id": _pick(supply.ids, shop.lot),
            "quantity": shop.quantity,
            "scrap": shop.scrap,
            "good": shop.quantity - shop.scrap,
            "cycle_s": shop.cycle_s,
            "speed_rpm": np.round(1450 * shop.ideal_s / shop.cycle_s * wobble).astype(np.int64),
            "ideal_minutes": np.round(shop.quantity * shop.ideal_s / 60, 3),
            "_nobody": fate[:, 1] < 0.02,
            "_kept": kept,
        }
    )
    nobody = pl.when(pl.col("_nobody")).then(None).otherwise(pl.col("operator_id")).alias("operator_id")
    return frame.with_columns(nobody).filter("_kept").drop("_nobody", "_kept")


def runtime_table(shop: Shop) -> pl.DataFrame:
    """One row a machine and shift: minutes planned and minutes run."""
    return pl.DataFrame(
        {
            "machine_id": _pick(names.MACHINE_IDS, shop.cell_machine),
            "started_at": _stamp(shop.cell_start),
            "recorded_at": _stamp(shop.cell_end),
            "shift_id": _pick(SHIFTS, shop.cell_shift),
            "planned_minutes": shop.planned_minutes,
            "run_minutes": np.round(shop.run_minutes, 1),
        }
    )


def downtime_table(shop: Shop) -> pl.DataFrame:
    """One row a stop."""
    order = np.lexsort((shop.cell_machine[shop.stop_cell], shop.stop_start))
    cell, start = shop.stop_cell[order], shop.stop_start[order]
    minutes = shop.stop_minutes[order]
    return pl.DataFrame(
        {
            "stop_id": np.arange(500_001, 500_001 + len(order)),
            "started_at": _stamp(start),
            "ended_at": _stamp(start + minutes * MINUTE),
            "machine_id": _pick(names.MACHINE_IDS, shop.cell_machine[cell]),
            "shift_id": _pick(SHIFTS, shop.cell_shift[cell]),
            "reason_id": _pick(REASONS, shop.stop_reason[order]),
            "minutes": minutes,
        }
    )


def quality_table(seed: int, shop: Shop, supply: Lots) -> pl.DataFrame:
    """One row an inspected order and type of defect found; one row with type `none` where nothing was found."""
    n = len(shop.cell)
    chosen = np.flatnonzero(stream(seed, "inspected").random(n) < 0.12)
    rng = stream(seed, "defects")
    found = rng.poisson(shop.scrap[chosen, None] * DEFECT_SHARE)
    clean = found.sum(axis=1) == 0
    table = np.column_stack([found, clean])
    order, kind = np.nonzero(table)
    row = chosen[order]
    return pl.DataFrame(
        {
            "inspection_id": row * 10 + kind,
            "inspected_at": _stamp(shop.finished[row] + 20 * MINUTE),
            "order_id": 1_000_001 + row,
            "machine_id": _pick(names.MACHINE_IDS, shop.machine[row]),
            "product_id": _pick(names.PRODUCT_IDS, shop.product[row]),
            "shift_id": _pick(SHIFTS, shop.shift[row]),
            "lot_id": _pick(supply.ids, shop.lot[row]),
            "defect": _pick((*DEFECTS, "none"), kind),
            "defects": np.where(kind == len(DEFECTS), 0, table[order, kind]),
        }
    )


def energy_table(seed: int, plan: Calendar, shop: Shop) -> pl.DataFrame:
    """Kilowatt-hours by line and quarter-hour, also while nothing runs. Some quarters and hours are missing."""
    quarter = 15 * MINUTE
    starts = np.arange(plan.midnights[0], plan.midnights[-1], quarter)
    running = np.zeros((len(starts), names.LINES))
    first = (shop.cell_start - starts[0]) // quarter
    share = shop.run_minutes / shop.planned_minutes
    for offset in range(36):  # a night of nine hours has 36 quarters
        inside = (first + offset < len(starts)) & (shop.cell_start + offset * quarter < shop.cell_end)
        np.add.at(running, (first[inside] + offset, names.MACHINE_LINE[shop.cell_machine[inside]]), share[inside])
    shape = running.shape
    day = plan.day_of(starts)
    base = np.array([4.5, 4.0, 5.2, 3.8])
    per_machine = np.array([6.1, 5.4, 6.8, 5.0])
    mood = np.exp(autoregressive(stream(seed, "energy"), (plan.days, names.LINES), phi=0.4, sd=0.02))[day]
    noise = stream(seed, "quarter").normal(1, 0.03, shape)
    kwh = np.round((base + running * per_machine) * mood * noise, 2)
    missing = stream(seed, "energy missing").random(shape) < 0.002
    outage = np.repeat(stream(seed, "energy outage").random((plan.days + 1, 4, names.LINES)) < 0.002, 6, axis=1)
    hour = np.minimum((starts - plan.midnights[day]) // HOUR, 23)
    missing |= outage[day, hour]
    row, line = np.nonzero(~missing)
    return pl.DataFrame(
        {
            "line_id": line + 1,
            "started_at": _stamp(starts[row]),
            "recorded_at": _stamp(starts[row] + quarter),
            "kwh": kwh[row, line],
        }
    )


def maintenance_table(seed: int, plan: Calendar, *, repairs: Sequence[tuple[str, int]] = ()) -> pl.DataFrame:
    """Planned and corrective maintenance by machine. `repairs`: machines and days on which a worn tool is changed."""
    rng = stream(seed, "maintenance")
    drawn = rng.random((plan.days, names.MACHINES, 4))
    day, machine = np.nonzero((drawn[:, :, 0] < 0.06) & plan.works[:, :1])
    detail = drawn[day, machine]
    mended = np.array([names.MACHINE_IDS.index(name) for name, _ in repairs], dtype=np.int64)
    mended_on = np.array([min(last, plan.days - 1) for _, last in repairs], dtype=np.int64)
    number = np.concatenate([np.arange(9_001, 9_001 + len(day)), np.arange(80_001, 80_001 + len(repairs))])
    planned = np.concatenate([detail[:, 1] < 0.7, np.zeros(len(repairs), dtype=bool)])
    usual = np.where(detail[:, 1] < 0.7, 0.5 + detail[:, 2] * 2, 1 + detail[:, 2] ** 2 * 6)
    hours = np.round(np.concatenate([usual, np.full(len(repairs), 3.5)]), 1)
    after_midnight = np.concatenate([7 + np.floor(detail[:, 3] * 9), np.full(len(repairs), 6)])
    start = plan.midnights[np.concatenate([day, mended_on])] + (after_midnight * HOUR).astype(np.int64)
    return pl.DataFrame(
        {
            "maintenance_id": number,
            "started_at": _stamp(start),
            "finished_at": _stamp(start + hours * HOUR),
            "machine_id": _pick(names.MACHINE_IDS, np.concatenate([machine, mended])),
            "kind": np.where(planned, "planned", "corrective"),
            "hours": hours,
            "cost_eur": np.round(hours * 85 + np.where(planned, 40, 160)),
        }
    )
