"""Which columns go with the outcome of single rows, alone or together, and from which threshold on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.driver_claims import rule_claim, share_or_unit
from gemba.agents.driver_columns import candidate_columns
from gemba.agents.wording import name_of, quantity
from gemba.insights.types import Findings, Gap, Test
from gemba.planning.drivers import ROWS, measured
from gemba.planning.row_outcome import RowOutcome, row_outcome
from gemba.questions.types import Drivers
from gemba.semantics.model import SemanticModel
from gemba.statistics.drivers import DriverReport, find_drivers

if TYPE_CHECKING:
    import polars as pl

AGENT = "drivers"
SEED = 0  # equal evidence gives equal halves
Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


class DriversAgent:
    """Searches rows for rules that go with a yes/no or numeric outcome."""

    name = AGENT
    description = "Which columns go with the outcome of single rows, alone or together, and from which threshold on."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, Drivers)
        outcome = row_outcome(brief.model, question.outcome)
        frame = brief.evidence.frame(ROWS)
        if not outcome.flag and np.isinf(outcome.of_rows(frame)).any():
            return Gap(agent=AGENT, reason="unsupported", message="the outcome is infinite in some rows")
        rng = np.random.default_rng(SEED)
        y, numeric, categorical = _table(frame, outcome, measured(brief.model, outcome), rng)
        units = {name: unit_of(brief.model, name) for name in numeric}
        brief.check_time()
        found = find_drivers(y, numeric, categorical, units=units, rng=rng, alpha=brief.plan.alpha)
        claims = tuple(rule_claim(brief, rule, yes_no=found.yes_no, units=units, agent=AGENT) for rule in found.rules)
        tests = tuple(Test(id=f"{AGENT}:{claim.id}", p_value=claim.p_value or 0.0, claim=claim.id) for claim in claims)
        scale, unit = share_or_unit(brief, yes_no=found.yes_no)
        seen = quantity(found.detectable * scale, "pp" if unit == "%" else unit)
        would = (
            f"A difference of {seen} between a tenth of the rows and the others would have been seen four times out of "
            "five."
        )
        return Findings(
            agent=AGENT,
            claims=claims,
            tests=tests or (Test(id=f"{AGENT}:search", p_value=found.smallest_p),),
            detectable=found.detectable * scale,
            notes=(*_notes(found), *([] if claims else [would])),
        )


def unit_of(model: SemanticModel, name: str) -> str:
    """Of a numeric dimension, or of the metric that measures a column."""
    if name in model.dimensions:
        return model.dimensions[name].unit or ""
    return model.metrics[name].unit if name in model.metrics else ""


def _table(
    frame: pl.DataFrame, outcome: RowOutcome, columns: dict[str, str], rng: np.random.Generator
) -> tuple[Floats, dict[str, Floats], dict[str, Texts]]:
    """Outcome and candidates row by row, in an order that says nothing: the evidence is sorted."""
    counts = frame["n"].to_numpy().astype(np.int64)
    if outcome.flag:
        hits = frame["hits"].to_numpy().astype(np.int64)
        rows = np.concatenate(
            (np.repeat(np.arange(frame.height), hits), np.repeat(np.arange(frame.height), counts - hits))
        )
        y = np.concatenate((np.ones(int(hits.sum())), np.zeros(int((counts - hits).sum()))))
    else:
        rows = np.repeat(np.arange(frame.height), counts)
        y = outcome.of_rows(frame)[rows]
    order = rng.permutation(rows.size)
    rows, y = rows[order], y[order]
    hidden = {
        "n",
        "hits",
        *(f"column:{name}" for name in outcome.columns),
        *([outcome.member] if outcome.member else ()),
    }
    numeric, categorical = candidate_columns(frame, leave_out=hidden)
    named = {columns.get(name.removeprefix("column:"), name): values for name, values in numeric.items()}
    return (
        y,
        {name: values[rows] for name, values in named.items()},
        {name: values[rows] for name, values in categorical.items()},
    )


def _notes(found: DriverReport) -> tuple[str, ...]:
    built = f"{found.searched} columns, and differences, products and ratios of columns, were searched"
    notes = [f"{built} over {found.rows:,} rows."]
    if found.dropped_rows:
        notes.append(f"{found.dropped_rows:,} rows without an outcome were left out.")
    notes += [f"{name_of(one.column)} was not searched: {one.reason}." for one in found.excluded]
    return tuple(notes)
