"""A question for drivers travels from words to claims that can be recomputed; what has no row value is refused."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
import pytest

from gemba.agents.base import Brief
from gemba.agents.registry import agents
from gemba.agents.run import run_agent
from gemba.errors import RefusedError
from gemba.evidence.types import Coverage, Evidence, Limits
from gemba.evidence.warehouse import FrameWarehouse
from gemba.insights.review import review
from gemba.insights.types import Outcome
from gemba.insights.verify import compare_claims
from gemba.insights.weigh import Weighed, weigh
from gemba.planning import drivers as planning
from gemba.planning.plan import make_plan
from gemba.planning.types import Plan
from gemba.questions.types import Drivers, Predicate, Window
from gemba.semantics.load import parse_model
from gemba.semantics.model import SemanticModel

ZONE = ZoneInfo("UTC")
ROWS = 4000
TEXT = """
gemba: 1
name: oven
sources:
  batches: {files: batches.parquet, key: [id], time: made_at, partition: day, joins: [{to: ovens, by: {oven: id}}]}
  ovens: {files: ovens.parquet, key: [id]}
dimensions:
  batch: {source: batches, column: id}
  oven: {source: batches, column: oven}
  hall: {source: ovens, column: hall}
  state: {source: batches, column: state}
  baker: {source: batches, column: baker, personal: true}
  core: {source: batches, column: core_c, numeric: true, unit: °C}
  shell: {source: batches, column: shell_c, numeric: true, unit: °C}
  weekday: {source: batches, derived: weekday}
metrics:
  pieces: {source: batches, sum: pieces, unit: pieces}
  burnt: {source: batches, sum: burnt, unit: pieces}
  burnt_rate: {ratio: [burnt, pieces], unit: "%", better: lower, matters: 0.5}
  batches_made: {source: batches, count: rows, unit: batches}
  rejected: {source: batches, count: rows, where: [{dimension: state, op: in, values: [rejected]}], unit: batches}
  reject_rate: {ratio: [rejected, batches_made], unit: "%", better: lower, matters: 1}
  draught: {source: batches, mean: draught_pa, unit: Pa}
  speed: {product: [burnt_rate, reject_rate], unit: "%"}
  draught_median: {source: batches, quantile: {column: draught_pa, q: 0.5}, unit: Pa}
"""
MODEL: SemanticModel = parse_model(TEXT, name="oven")


def tables(*, nothing: bool = False) -> dict[str, pl.DataFrame]:
    rng = np.random.default_rng(4)
    shell = rng.normal(210, 4, ROWS).round(1)
    core = (shell - rng.normal(12, 2, ROWS)).round(1)
    draught = rng.normal(50, 10, ROWS).round(2)
    bad = np.zeros(ROWS, dtype=bool) if nothing else (shell - core < 10) & (draught > 52)
    rejected = rng.random(ROWS) < np.where(bad, 0.7, 0.02)
    pieces = rng.integers(80, 120, ROWS)
    batches = pl.DataFrame(
        {
            "id": [f"b{place}" for place in range(ROWS)],
            "made_at": [datetime(2026, 9, 1) + timedelta(minutes=20 * place) for place in range(ROWS)],  # noqa: DTZ001
            "oven": rng.choice(["O1", "O2", "O3"], ROWS),
            "state": np.where(rejected, "rejected", "fine"),
            "baker": rng.choice(["ann", "bob"], ROWS),
            "core_c": core,
            "shell_c": shell,
            "draught_pa": draught,
            "pieces": pieces,
            "burnt": rng.binomial(pieces, np.where(bad, 0.12, 0.04)),
        }
    )
    return {"batches": batches, "ovens": pl.DataFrame({"id": ["O1", "O2", "O3"], "hall": ["N", "N", "S"]})}


def question(outcome: str, **more: object) -> Drivers:
    window = Window(start=datetime(2026, 9, 1, tzinfo=ZONE), end=datetime(2026, 10, 27, tzinfo=ZONE))
    return Drivers(outcome=outcome, window=window, **more)  # type: ignore[arg-type]


def look(asked: Drivers, frames: dict[str, pl.DataFrame]) -> tuple[Plan, Evidence, Weighed, dict[str, Outcome]]:
    warehouse = FrameWarehouse(frames)
    plan = make_plan(asked, MODEL, coverage={"batches": warehouse.coverage(MODEL, "batches")}, plug_ins=())
    evidence = warehouse.gather(MODEL, plan.requests, limits=Limits())
    found = {
        name: run_agent(agent, Brief(model=MODEL, plan=plan, evidence=evidence)) for name, agent in agents().items()
    }
    return plan, evidence, weigh(plan, tuple(found.values()), model=MODEL), found


@pytest.mark.parametrize("outcome", ["rejected", "reject_rate", "burnt_rate", "state"])
def test_a_planted_rule_is_the_first_claim_and_passes_review(outcome: str) -> None:
    plan, _, weighed, _ = look(question(outcome), tables())
    first = next(claim for claim in weighed.claims if claim.kind == "driver")
    assert {first.details["driver_1"], first.details["driver_2"]} == {"shell - core", "draught"}
    assert first.significant
    assert first.replicated
    assert "associated with" in first.statement
    assert first.statement in weighed.summary
    limits = {value for name, value in first.details.items() if name.startswith("threshold_") and "_low" not in name}
    assert any(abs(float(value or 0) - 10) < 0.5 for value in limits)
    assert any(abs(float(value or 0) - 52) < 1 for value in limits)
    assert review(weighed, plan).reasons == ()


def test_a_share_of_rows_is_told_in_points_and_a_rate_too() -> None:
    _, _, weighed, _ = look(question("reject_rate"), tables())
    assert weighed.claims[0].unit == "pp"
    assert 55 < weighed.claims[0].effect < 80
    _, _, weighed, _ = look(question("burnt_rate"), tables())
    assert weighed.claims[0].unit == "pp"
    assert 6 < weighed.claims[0].effect < 9
    assert any("row by row" in note for note in weighed.notes)


def test_where_nothing_is_planted_nothing_is_claimed() -> None:
    plan, _, weighed, _ = look(question("reject_rate"), tables(nothing=True))
    assert not [claim for claim in weighed.claims if claim.kind == "driver"]
    assert "No column stands out" in weighed.summary
    assert weighed.detectable is not None
    assert weighed.tests_run >= 1
    assert review(weighed, plan).reasons == ()


def test_the_claims_of_equal_evidence_are_equal() -> None:
    plan, evidence, weighed, _ = look(question("rejected"), tables())
    brief = Brief(model=MODEL, plan=plan, evidence=evidence)
    again = weigh(plan, tuple(run_agent(agent, brief) for agent in agents().values()), model=MODEL)
    for claim, other in zip(weighed.claims, again.claims, strict=True):
        assert compare_claims(claim, other).is_equal


def test_personal_columns_and_those_of_the_outcome_are_no_candidates() -> None:
    plan, evidence, _, _ = look(question("reject_rate"), tables())
    columns = set(evidence.frame("rows").columns)
    assert not {"baker", "state"} & columns
    assert "column:draught_pa" in columns
    assert {"batch", "oven", "hall", "weekday", "core", "shell"} <= columns
    assert plan.rows[0].flag == MODEL.metrics["rejected"].where


def test_named_candidates_are_the_only_ones() -> None:
    _, evidence, weighed, _ = look(question("reject_rate", candidates=("oven", "draught")), tables())
    assert set(evidence.frame("rows").columns) == {"oven", "column:draught_pa", "n", "hits"}
    assert weighed.claims[0].details["driver_1"] == "draught"


def test_a_filter_narrows_the_rows() -> None:
    _, evidence, _, _ = look(question("rejected", filters=(Predicate(dimension="oven", values=("O2",)),)), tables())
    assert 1000 < int(evidence.frame("rows")["n"].sum()) < 1700
    assert "oven" not in evidence.frame("rows").columns


def test_of_too_many_rows_the_latest_are_searched_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "MOST_ROWS", 1000)
    plan, evidence, weighed, _ = look(question("rejected"), tables())
    assert 900 < int(evidence.frame("rows")["n"].sum()) < 1100
    assert any("latest 1,000" in note for note in weighed.notes)
    assert plan.rows[0].span.end == question("rejected").window.end


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (question("speed"), "unsupported"),
        (question("draught_median"), "unsupported"),
        (question("batches_made"), "unsupported"),
        (question("weekday"), "unsupported"),
        (question("baker"), "not_permitted"),
        (question("nothing"), "not_in_model"),
        (question("hall"), "not_in_model"),
        (question("rejected", candidates=("baker",)), "not_in_model"),
    ],
)
def test_what_a_single_row_has_not_is_refused(asked: Drivers, reason: str) -> None:
    held = Coverage(datetime(2026, 9, 1, tzinfo=ZONE), datetime(2026, 10, 26, tzinfo=ZONE), ROWS)
    with pytest.raises(RefusedError) as refused:
        make_plan(asked, MODEL, coverage={"batches": held}, plug_ins=())
    assert refused.value.reason == reason


def test_too_few_rows_are_a_gap_and_no_claim() -> None:
    frames = tables()
    frames["batches"] = frames["batches"].head(30)
    _, _, weighed, found = look(question("rejected"), frames)
    assert found["drivers"].outcome == "gap"
    assert not [claim for claim in weighed.claims if claim.kind == "driver"]


def test_files_keep_what_was_read(tmp_path: Path) -> None:
    from gemba.evidence.store import EvidenceStore

    plan, evidence, _, _ = look(question("rejected"), tables())
    store = EvidenceStore(tmp_path)
    store.save(evidence, plan.requests)
    assert store.load(evidence.data_version).frame("rows").equals(evidence.frame("rows"))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"details": {"inside": 1.0}}, "level inside"),
        ({"details": {"p_1": 0.9}}, "below that of one"),
        ({"details": {"drivers": 3}}, "2 of them tested"),
        ({"details": {"rule": ""}}, "without its rule"),
    ],
)
def test_a_driver_that_does_not_prove_its_rule_is_held_back(change: dict[str, dict[str, object]], says: str) -> None:
    plan, _, weighed, _ = look(question("rejected"), tables())
    first, *rest = weighed.claims
    broken = first.model_copy(update={"details": first.details | change["details"]})
    reasons = review(weighed.model_copy(update={"claims": (broken, *rest)}), plan).reasons
    assert any(says in reason for reason in reasons)
