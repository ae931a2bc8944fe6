"""A small factory in Parquet files, and an investigation of it from question to weighed claims."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import polars as pl

from gemba.agents.base import Brief
from gemba.agents.registry import agents
from gemba.agents.run import run_agent
from gemba.evidence.types import Evidence, Limits
from gemba.evidence.warehouse import SourceWarehouse
from gemba.insights.types import Outcome
from gemba.planning.plan import make_plan
from gemba.planning.types import Plan
from gemba.questions.types import Question
from gemba.semantics.model import SemanticModel
from tests.planning.models import MODEL

FIRST, LAST = datetime(2026, 8, 3), datetime(2026, 11, 16)  # noqa: DTZ001  (local stamps, as files hold them)
WINDOW = datetime(2026, 11, 9)  # noqa: DTZ001


def factory(
    folder: Path, *, worse: float = 1.0, skip: tuple[str, ...] = (), nulls: float = 0.0, seed: int = 1
) -> SemanticModel:
    """Orders of six machines on three lines. In the week of 9 November machine M3 scraps `worse` times as much.

    `skip`: dates without rows. `nulls`: share of that week's rows without scrap.
    """
    rng = np.random.default_rng(seed)
    rows = []
    day, order = FIRST, 0
    while day < LAST:
        in_window = day >= WINDOW
        for machine in range(1, 7):
            for shift in ("early", "late"):
                order += 1
                quantity = int(rng.poisson(400 if day.weekday() < 5 else 200))
                rate = 0.03 * (worse if in_window and machine == 3 else 1.0) * rng.gamma(100.0, 0.01)
                scrap = int(rng.binomial(quantity, min(rate, 1.0)))
                lost = in_window and rng.random() < nulls
                if f"{day:%Y-%m-%d}" not in skip:
                    stamp = day + timedelta(hours=8 if shift == "early" else 16)
                    rows.append(
                        (
                            order,
                            f"M{machine}",
                            shift,
                            stamp,
                            quantity,
                            None if lost else scrap,
                            float(rng.normal(60, 5)),
                        )
                    )
        day += timedelta(days=1)
    names = ["order_id", "machine_id", "shift", "finished_at", "quantity", "scrap", "cycle_s"]
    frame = pl.DataFrame(rows, schema=names, orient="row", infer_schema_length=None)
    frame = frame.with_columns(pl.lit("somebody").alias("operator"), pl.lit(900.0).alias("speed_rpm"))
    frame.write_parquet(folder / "production.parquet")
    pl.DataFrame({"id": [f"M{n}" for n in range(1, 7)], "line": ["1", "1", "2", "2", "3", "3"]}).write_parquet(
        folder / "machines.parquet"
    )
    sources = {
        name: source.model_copy(update={"files": str(folder / f"{name}.parquet")})
        for name, source in MODEL.sources.items()
    }
    return MODEL.model_copy(update={"sources": sources})


def look(model: SemanticModel, question: Question) -> tuple[Plan, Evidence, dict[str, Outcome]]:
    """Plan, gather, and run every agent."""
    warehouse = SourceWarehouse()
    plan = make_plan(question, model, coverage={"production": warehouse.coverage(model, "production")}, plug_ins=())
    evidence = warehouse.gather(model, plan.requests, limits=Limits())
    brief = Brief(model=model, plan=plan, evidence=evidence)
    return plan, evidence, {name: run_agent(agent, brief) for name, agent in agents().items()}
