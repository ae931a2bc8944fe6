"""Plants and their event-free twins, each simulated once."""

from __future__ import annotations

from functools import cache

import polars as pl
import pytest

from gemba.plant.model import model_text
from gemba.plant.simulate import Plant, simulate
from gemba.questions.types import Predicate
from gemba.semantics.load import parse_model
from gemba.semantics.model import SemanticModel

SEEDS = tuple(range(1, 8))


@cache
def plant_of(seed: int, effect: float | None = None, days: int = 150, scale: float = 1.0) -> Plant:
    return simulate(seed, effect=effect, days=days, scale=scale)


@pytest.fixture(scope="session")
def model() -> SemanticModel:
    return parse_model(model_text(), name="model.yaml")


def member(segment: tuple[Predicate, ...], dimension: str) -> str | None:
    return next((str(predicate.values[0]) for predicate in segment if predicate.dimension == dimension), None)


def daily_value(plant: Plant, metric: str, scope: tuple[Predicate, ...]) -> pl.DataFrame:
    """`day` and `value`, computed from the published tables: independent of the generator's own arithmetic."""
    source, moment, value = {
        "scrap_rate": ("production", "finished_at", 100 * pl.sum("scrap") / pl.sum("quantity")),
        "cycle_time": ("production", "finished_at", pl.mean("cycle_s")),
        "downtime_minutes": ("downtime", "started_at", pl.sum("minutes")),
        "availability": ("runtime", "started_at", 100 * pl.sum("run_minutes") / pl.sum("planned_minutes")),
    }[metric]
    frame = plant.tables[source].join(plant.tables["machines"], left_on="machine_id", right_on="id")
    line = member(scope, "line")
    if line is not None:
        frame = frame.filter(pl.col("line_id") == int(line))
    day = pl.col(moment).dt.convert_time_zone("Europe/Berlin").dt.date().alias("day")
    return frame.group_by(day).agg(value=value).sort("day")
