from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from gemba.agents.base import Brief
from gemba.agents.echoes import causes
from gemba.agents.overlap import Overlaps
from gemba.agents.segments import SegmentsAgent
from gemba.evidence.types import Limits
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.types import Findings
from gemba.insights.weigh import Weighed, weigh
from gemba.planning.plan import make_plan
from gemba.questions.types import Baseline, Why, Window
from gemba.semantics.load import parse_model

ZONE = ZoneInfo("UTC")
END = datetime(2026, 11, 16, tzinfo=ZONE)
WEEK = timedelta(days=7)
MODEL = parse_model(
    """
gemba: 1
name: works
sources:
  orders:
    files: orders.parquet
    key: [id]
    time: at
    partition: day
    joins: [{to: machines, by: {machine_id: id}}, {to: shifts, by: {shift_id: id}}]
  machines: {files: machines.parquet, key: [id]}
  shifts: {files: shifts.parquet, key: [id]}
dimensions:
  maker: {source: machines, column: maker}
  machine: {source: machines, column: id}
  shift: {source: shifts, column: id}
  product: {source: orders, column: product}
metrics:
  made: {source: orders, sum: quantity}
  scrap: {source: orders, sum: scrap}
  scrap_rate: {ratio: [scrap, made], unit: "%"}
""",
    name="works",
)


def works(factors: dict[tuple[str, str], float], *, seed: int = 1) -> FrameWarehouse:
    """Eight machines of three makers, two shifts, each machine mostly with a product of its own.

    In the last week the scrap rate of rows with (column, member) is multiplied.
    """
    rng = np.random.default_rng(seed)
    n, days = 105 * 120, 105
    day = np.repeat(np.arange(days), 120)
    number = rng.integers(1, 9, n)
    columns = {
        "machine_id": np.array([f"m{one}" for one in number]),
        "shift_id": rng.choice(["early", "late"], n),
        "product": np.where(rng.random(n) < 0.7, [f"p{one}" for one in number], [f"p{1 + one % 8}" for one in number]),
    }
    rate = np.full(n, 0.03)
    for (column, member), factor in factors.items():
        rate = rate * np.where((day >= days - 7) & (columns[column] == member), factor, 1.0)
    quantity = rng.poisson(200, n) + 1
    minute = rng.integers(0, 1440, n)
    start = END - timedelta(days=days)
    frame = pl.DataFrame(
        {
            "id": np.arange(n),
            "at": [start + timedelta(days=int(d), minutes=int(m)) for d, m in zip(day, minute, strict=True)],
            **columns,
            "quantity": quantity,
            "scrap": rng.binomial(quantity, np.minimum(rate * rng.gamma(50.0, 0.02, n), 1.0)),
        }
    )  # fmt: skip
    makers = {f"m{one}": "Arno" if one < 3 else "Brand" if one < 8 else "Cole" for one in range(1, 9)}
    machines = pl.DataFrame({"id": list(makers), "maker": list(makers.values())})
    return FrameWarehouse({"orders": frame, "machines": machines, "shifts": pl.DataFrame({"id": ["early", "late"]})})


def brief(warehouse: FrameWarehouse) -> Brief:
    question = Why(
        metric="scrap_rate",
        window=Window(start=END - WEEK, end=END),
        baseline=Baseline(window=Window(start=END - 3 * WEEK, end=END - WEEK)),
    )
    plan = make_plan(question, MODEL, coverage={"orders": warehouse.coverage(MODEL, "orders")}, plug_ins=())
    evidence = warehouse.gather(MODEL, (*plan.cubes, *plan.quality), limits=Limits(queries=200))
    return Brief(model=MODEL, plan=plan, evidence=evidence)


def found(given: Brief) -> tuple[Findings, Weighed]:
    findings = SegmentsAgent().analyse(given)
    assert isinstance(findings, Findings)
    only = given.plan.model_copy(update={"agents": tuple(one for one in given.plan.agents if one.name == "segments")})
    return findings, weigh(only, (findings,), model=MODEL)


def named(weighed: Weighed) -> list[tuple[tuple[str, str], ...]]:
    return [
        tuple((one.dimension or "", str(one.values[0])) for one in claim.segment)
        for claim in weighed.claims
        if claim.significant
    ]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_shadows_of_a_cause_are_one_note_and_no_claims(seed: int) -> None:
    findings, weighed = found(brief(works({("machine_id", "m3"): 2.5}, seed=seed)))
    assert named(weighed) == [(("machine", "m3"),)]
    note = next(one for one in findings.notes if "also seen through" in one)
    assert note.startswith("machine m3")
    assert "product p3" in note


def test_every_test_counts_although_echoes_make_no_claim() -> None:
    findings, weighed = found(brief(works({("machine_id", "m3"): 2.5})))
    assert weighed.tests_run == len(findings.tests) > 30
    assert any("product=p3" in test.id and test.claim is None for test in findings.tests)


def test_two_causes_are_both_named_and_the_summary_says_both() -> None:
    _, weighed = found(brief(works({("machine_id", "m3"): 2.5, ("machine_id", "m6"): 2.2})))
    assert named(weighed)[:2] == [(("machine", "m3"),), (("machine", "m6"),)]
    assert "machine m3" in weighed.summary
    assert "Apart from that, machine m6" in weighed.summary
    assert weighed.headline[-1] == weighed.claims[0].id


def test_a_member_that_explains_its_parent_is_named_in_its_place() -> None:
    """Maker Arno has two machines, and only one of them is worse."""
    given = brief(works({("machine_id", "m1"): 3.0}))
    _, weighed = found(given)
    assert named(weighed)[0] == (("machine", "m1"),)
    assert (("maker", "Arno"),) not in named(weighed)


def test_a_parent_whose_members_are_all_worse_keeps_its_name() -> None:
    _, weighed = found(brief(works({("machine_id", f"m{one}"): 2.0 for one in range(3, 8)})))
    assert named(weighed)[0] == (("maker", "Brand"),)


def test_nothing_is_sifted_where_nothing_stands_out() -> None:
    findings, weighed = found(brief(works({})))
    assert named(weighed) == []
    assert not any("also seen" in note for note in findings.notes)
    assert causes([], [], Overlaps([]), alpha=0.05) == []
