"""Make a plant: the factory of a seed over a span of days, with what was planted in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import polars as pl

from gemba.errors import InputError
from gemba.plant import tables
from gemba.plant.calendar import Calendar, calendar, utc
from gemba.plant.layout import layout
from gemba.plant.lots import lots
from gemba.plant.process import run_normally

START = date(2026, 6, 19)
"""The first day unless another is given: with 150 days the data ends with Sunday, 15 November 2026."""

DAYS = 150
"""Days simulated by default. Noise is measured on the first 150 days, however many are asked for."""


@dataclass(frozen=True)
class Plant:
    """A simulated factory.

    Attributes:
        seed, scale: What it was made from.
        start, end: First day, and the day after the last; local days of Europe/Berlin.
        tables: Facts and dimensions by name. Holds only what was known at `end`: rows recorded later are missing.
    """

    seed: int
    scale: float
    start: date
    end: date
    tables: dict[str, pl.DataFrame]

    @cached_property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(frame.height for frame in self.tables.values())


def simulate(seed: int, *, days: int = DAYS, start: date | None = None, scale: float = 1.0) -> Plant:
    """Simulate `days` days from `start`.

    The first days of a longer simulation are those of a shorter one with the same seed, start and scale: what is
    known of them at the end of the shorter one is equal row by row.

    Args:
        seed: Non-negative. Everything random comes from it.
        days: Local days, at least 1.
        start: First local day; default `START`.
        scale: Multiplies the number of order rows (about 100,000 at 1) while the pieces made stay the same.

    Raises:
        InputError: A negative seed, no day, or a scale that is not positive.
    """
    if seed < 0 or days < 1 or not scale > 0:
        raise InputError(
            f"cannot simulate seed {seed}, days {days}, scale {scale:g}", hint="seed ≥ 0, days ≥ 1, scale > 0"
        )
    first = start or START
    plan = calendar(first - timedelta(days=1), max(days, DAYS) + 1)  # one day before, for the first night's tail
    rates, supply = layout(seed), lots(seed, plan.days)
    shop = run_normally(seed, plan, rates, supply, scale=scale)
    end = first + timedelta(days=days)
    facts = {
        "production": tables.production_table(seed, shop, supply),
        "runtime": tables.runtime_table(shop),
        "downtime": tables.downtime_table(shop),
        "quality": tables.quality_table(seed, shop, supply),
        "maintenance": tables.maintenance_table(seed, plan),
        "energy": tables.energy_table(seed, plan, shop),
    }
    known = {name: _known(frame, name, plan, first, end) for name, frame in facts.items()}
    dimensions = tables.dimension_tables(seed, plan, rates, supply)
    cut = utc(plan.midnights[plan.index_of(end)])
    dimensions["lots"] = dimensions["lots"].filter(pl.col("received_at") < cut)
    return Plant(seed=seed, scale=scale, start=first, end=end, tables=known | dimensions)


def _known(frame: pl.DataFrame, name: str, plan: Calendar, first: date, end: date) -> pl.DataFrame:
    """Rows that belong to `first` or later and were recorded before `end`, in the order of recording."""
    recorded = tables.FACTS[name]
    begin, cut = (utc(plan.midnights[plan.index_of(day)]) for day in (first, end))
    happened = "finished_at" if name == "production" else "inspected_at" if name == "quality" else "started_at"
    return frame.filter((pl.col(happened) >= begin) & (pl.col(recorded) < cut)).sort(recorded, *tables.KEYS[name])
