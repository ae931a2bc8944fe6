"""Make a plant: the factory of a seed over a span of days, with what was planted in it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property

import polars as pl

from gemba.errors import InputError
from gemba.plant import tables
from gemba.plant.account import account
from gemba.plant.calendar import Calendar, calendar, instant, utc
from gemba.plant.layout import layout
from gemba.plant.lots import lots
from gemba.plant.process import run_normally
from gemba.plant.timeline import CHAPTER, Noise, plant_all
from gemba.plant.truth import Truth

START = date(2026, 6, 20)
"""The first day unless another is given: 150 days end with Monday, 16 November 2026, and the week before is whole."""

DAYS = CHAPTER
"""Days simulated by default. Noise is measured on the first 150 days, however many are asked for."""

_OVERHANG = 10  # days simulated past the last chapter: lots are received up to eight days before they are used
_COPIED = ("quantity", "scrap", "cycle_s", "ideal_s", "rate", "product")


@dataclass(frozen=True)
class Plant:
    """A simulated factory.

    Attributes:
        seed, scale, effect: What it was made from.
        start, end: First day, and the day after the last; local days of Europe/Berlin.
        tables: Facts and dimensions by name. Holds only what was known at `end`: rows recorded later are missing.
        truth: What was planted, as far as it had begun by `end`.
    """

    seed: int
    scale: float
    effect: float | None
    start: date
    end: date
    tables: dict[str, pl.DataFrame]
    truth: Truth

    @cached_property
    def rows(self) -> int:
        """Rows of all tables together."""
        return sum(frame.height for frame in self.tables.values())

    @property
    def days(self) -> int:
        return (self.end - self.start).days

    @property
    def cut(self) -> datetime:
        """The instant up to which everything recorded is known."""
        return utc(instant(self.end))


def simulate(
    seed: int, *, days: int = DAYS, start: date | None = None, scale: float = 1.0, effect: float | None = None
) -> Plant:
    """Simulate `days` days from `start`.

    The first days of a longer simulation are those of a shorter one with the same seed, start and scale: what is
    known of them at the end of the shorter one is equal row by row.

    Args:
        seed: Non-negative. Everything random comes from it.
        days: Local days, at least 1.
        start: First local day; default `START`.
        scale: Multiplies the number of order rows (about 85,000 at 1) while the pieces made stay the same.
        effect: Size of every planted effect in units of noise, instead of one drawn from the ladder 1, 2, 3, 5. 0:
            the same factory without events.

    Raises:
        InputError: A negative seed, no day, a scale that is not positive, a negative effect.
    """
    if seed < 0 or days < 1 or not scale > 0 or (effect is not None and not effect >= 0):
        hint = "seed ≥ 0, days ≥ 1, scale > 0, effect ≥ 0"
        raise InputError(f"cannot simulate seed {seed}, days {days}, scale {scale:g}, effect {effect}", hint=hint)
    first = start or START
    chapters = -(-days // CHAPTER)
    # One day before the first, for the tail of its night shift.
    plan = calendar(first - timedelta(days=1), 1 + chapters * CHAPTER + _OVERHANG)
    rates, supply = layout(seed), lots(seed, plan.days)
    normal = run_normally(seed, plan, rates, supply, scale=scale)
    levels = Noise(normal, plan)
    shop = replace(normal, **{name: getattr(normal, name).copy() for name in _COPIED})
    designs = plant_all(seed, shop, plan, rates, supply, levels, days=days, size=effect)
    end = first + timedelta(days=days)
    worn = [(design.segment["machine"], design.last) for design in designs if design.kind == "tool_wear"]
    facts = {
        "production": tables.production_table(seed, shop, supply),
        "runtime": tables.runtime_table(shop),
        "downtime": tables.downtime_table(shop),
        "quality": tables.quality_table(seed, shop, supply),
        "maintenance": tables.maintenance_table(seed, plan, repairs=worn),
        "energy": tables.energy_table(seed, plan, shop),
    }
    known = {name: _known(frame, name, plan, first, end) for name, frame in facts.items()}
    dimensions = tables.dimension_tables(seed, plan, rates, supply)
    cut = utc(plan.midnights[plan.index_of(end)])
    dimensions["lots"] = dimensions["lots"].filter(pl.col("received_at") < cut)
    return Plant(
        seed=seed,
        scale=scale,
        effect=effect,
        start=first,
        end=end,
        tables=known | dimensions,
        truth=account(seed, designs, plan, levels, until=plan.index_of(end)),
    )


def _known(frame: pl.DataFrame, name: str, plan: Calendar, first: date, end: date) -> pl.DataFrame:
    """Rows that belong to `first` or later and were recorded before `end`, in the order of recording."""
    recorded, happened = tables.FACTS[name]
    begin, cut = (utc(plan.midnights[plan.index_of(day)]) for day in (first, end))
    return frame.filter((pl.col(happened) >= begin) & (pl.col(recorded) < cut)).sort(recorded, *tables.KEYS[name])
