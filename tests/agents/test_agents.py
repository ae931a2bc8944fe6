from __future__ import annotations

import logging
import re
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from gemba.agents.base import Brief
from gemba.agents.registry import BUILT_IN, agents, plug_ins
from gemba.agents.run import run_agent
from gemba.errors import InputError, LimitReachedError, SampleTooSmallError
from gemba.evidence.types import FrameEvidence
from gemba.insights.review import review
from gemba.insights.types import Findings, Gap, NotPlanned
from gemba.insights.weigh import weigh
from gemba.planning.plan import make_plan
from tests.agents.world import factory, look
from tests.planning.models import COVERAGE, LINE_3, MODEL, ask

GUIDE = Path(__file__).parents[2] / "docs" / "agents.md"


class Stub:
    name, description, kinds = "stub", "Does as it is told.", ("why",)

    def __init__(self, error: Exception | None = None, found: object = None) -> None:
        self.error, self.found = error, found

    def analyse(self, brief: Brief) -> Findings | Gap:  # noqa: ARG002
        if self.error is not None:
            raise self.error
        return self.found or Findings(agent=self.name)  # type: ignore[return-value]


def brief_for(*chosen: Stub, **fields: object) -> Brief:
    plan = make_plan(ask("why"), MODEL, coverage=COVERAGE, plug_ins=chosen)  # type: ignore[arg-type]
    return Brief(model=MODEL, plan=plan, evidence=FrameEvidence("v"), **fields)  # type: ignore[arg-type]


def test_an_agent_the_plan_did_not_choose_does_not_look() -> None:
    assert run_agent(Stub(error=ValueError("never reached")), brief_for()) == NotPlanned(agent="stub")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (LimitReachedError("deadline", 1, 2), "deadline"),
        (LimitReachedError("queries", 1, 2), "limit"),
        (SampleTooSmallError("mean", 4, 1), "too_little_data"),
        (ValueError("a defect"), "error"),
    ],
)
def test_whatever_an_agent_raises_is_a_gap(error: Exception, reason: str) -> None:
    stub = Stub(error=error)
    outcome = run_agent(stub, brief_for(stub))
    assert isinstance(outcome, Gap)
    assert outcome.reason == reason
    assert str(error) in outcome.message


def test_the_traceback_of_a_defect_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    stub = Stub(error=ValueError("a defect"))
    with caplog.at_level(logging.ERROR):
        outcome = run_agent(stub, brief_for(stub))
    assert outcome == Gap(agent="stub", reason="error", message="ValueError: a defect")
    assert caplog.records[0].exc_info


def test_an_agent_that_speaks_for_another_or_returns_nothing_is_a_gap() -> None:
    for found in (Findings(agent="level"), 7):
        stub = Stub(found=found)
        assert isinstance(run_agent(stub, brief_for(stub)), Gap)


def test_every_built_in_agent_carries_its_own_name() -> None:
    assert {name: agent.name for name, agent in agents().items() if name in BUILT_IN} == {
        name: name for name in BUILT_IN
    }


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("stub", "tests.agents.test_agents:Missing", "Missing"),
        ("stub", "no_such_module:Agent", "no_such_module"),
        ("other", "tests.agents.test_agents:Stub", "calls itself 'stub'"),
        ("level", "gemba.agents.level:LevelAgent", "exists already"),
        ("stub", "tests.agents.test_agents:GUIDE", "identifier"),
    ],
)
def test_a_broken_or_clashing_plug_in_is_a_clear_error(name: str, value: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        plug_ins([EntryPoint(name, value, "gemba.agents")])


def test_a_plug_in_may_not_take_the_name_of_a_step_or_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stub, "name", "gather")
    with pytest.raises(InputError, match="name of a step or job"):
        plug_ins([EntryPoint("gather", "tests.agents.test_agents:Stub", "gemba.agents")])


def test_a_plug_in_is_found_by_its_entry_point() -> None:
    assert list(plug_ins([EntryPoint("stub", "tests.agents.test_agents:Stub", "gemba.agents")])) == ["stub"]


def test_the_agent_of_the_guide_works_as_printed(tmp_path: Path) -> None:
    code = re.findall(r"```python\n(.*?)```", GUIDE.read_text(encoding="utf-8"), flags=re.S)[0]
    assert len([line for line in code.split("class ", 1)[1].splitlines() if line.strip()]) <= 20
    names: dict[str, type] = {}
    exec(compile(code, "docs/agents.md", "exec"), names)  # noqa: S102  (our own documentation)
    agent = names["BestDayAgent"]()
    plan, evidence, _ = look(factory(tmp_path), ask("level", "produced"))
    planned = make_plan(plan.question, MODEL, coverage=COVERAGE, plug_ins=(agent,))
    outcome = run_agent(agent, Brief(model=MODEL, plan=planned, evidence=evidence))
    only = planned.model_copy(update={"agents": planned.agents[-1:]})
    weighed = weigh(only, (outcome,), model=MODEL)
    assert isinstance(outcome, Findings)
    assert outcome.claims
    assert review(weighed, only).reasons == ()


QUESTIONS = [
    ask("why"),
    ask("why", "produced", direction="up"),
    ask("why", "cycle_p90"),
    ask("why", "operators"),
    ask("compare", filters=[LINE_3], baseline={"rest": True}),
    ask("level", "produced", group_by=["line"]),
    ask("level", "cycle_p90", group_by=["shift"]),
    ask("level", "operators"),
    ask("trend", "produced", window={"start": "2026-09-07T00:00:00+02:00", "end": "2026-11-16T00:00:00+01:00"}),
    ask("trend", group_by=["line"]),
    ask("forecast", "produced", horizon="P7D"),
    ask("forecast", horizon="P1D"),
    ask("forecast", "operators", horizon="P14D"),
    ask("top", group_by=["machine"], filters=[{"metric": "scrap_rate", "op": "gt", "values": [1]}]),
    ask("share", "scrapped", group_by=["line"]),
    ask("share", "scrapped", filters=[LINE_3]),
]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda one: f"{one.kind}-{one.metric}")
@pytest.mark.parametrize("skip", [(), ("2026-11-10", "2026-11-12")], ids=["whole", "days missing"])
def test_every_answer_passes_its_own_review(tmp_path: Path, question, skip: tuple[str, ...]) -> None:
    model = factory(tmp_path, worse=2.0, skip=skip)
    plan, _, outcomes = look(model, question)
    weighed = weigh(plan, tuple(outcomes.values()), model=model)
    assert review(weighed, plan).reasons == ()
    assert weighed.looked
    assert not [gap for gap in weighed.gaps if gap.reason == "error"]


def test_the_planted_machine_is_first(tmp_path: Path) -> None:
    model = factory(tmp_path, worse=2.0)
    plan, _, outcomes = look(model, ask("why"))
    first = weigh(plan, tuple(outcomes.values()), model=model).claims[0]
    assert [one.values for one in first.segment] == [("M3",)]
    assert first.significant


def test_a_quiet_week_calls_nothing_significant(tmp_path: Path) -> None:
    model = factory(tmp_path)
    plan, _, outcomes = look(model, ask("why"))
    weighed = weigh(plan, tuple(outcomes.values()), model=model)
    assert not weighed.stands_out
    assert weighed.detectable
    assert "Nothing stands out" in weighed.summary


def test_days_without_rows_come_before_the_change_they_make(tmp_path: Path) -> None:
    model = factory(tmp_path, skip=("2026-11-10", "2026-11-12"))
    plan, _, outcomes = look(model, ask("why", "produced"))
    first = weigh(plan, tuple(outcomes.values()), model=model).claims[0]
    assert (first.kind, first.effect) == ("quality", 2.0)


def test_missing_values_that_coincide_with_the_window_are_a_warning(tmp_path: Path) -> None:
    model = factory(tmp_path, nulls=0.2)
    plan, _, outcomes = look(model, ask("why"))
    weighed = weigh(plan, tuple(outcomes.values()), model=model)
    assert weighed.claims[0].details["check"] == "scrap.nulls"
    assert weighed.summary.startswith("Doubtful data")


def test_the_level_of_a_window_is_a_fact_held_against_what_is_usual(tmp_path: Path) -> None:
    plan, _, outcomes = look(factory(tmp_path), ask("level", "produced"))
    found = outcomes["level"]
    assert isinstance(found, Findings)
    (claim,) = found.claims
    assert claim.exact
    assert claim.ci is None
    assert 0 < float(claim.details["usual_low"] or 0) < claim.effect < float(claim.details["usual_high"] or 0)
    assert "within the usual" in claim.statement
    only = plan.model_copy(update={"agents": tuple(one for one in plan.agents if one.name == "level")})
    assert review(weigh(only, (found,), model=MODEL), only).reasons == ()


def test_the_split_of_a_rate_is_drawn_by_the_named_cause_and_names_no_numerator(tmp_path: Path) -> None:
    plan, _, outcomes = look(factory(tmp_path, worse=4.0), ask("why"))
    weighed = weigh(plan, tuple(outcomes[one.name] for one in plan.agents), model=MODEL)
    splits = [chart.title for chart in weighed.charts if chart.kind == "waterfall"]
    assert splits == ["Change of scrap rate by machine, changes in pp"]
    parts = [one for one in weighed.claims if one.kind == "contribution"]
    assert not any(one.statement.startswith(("Scrapped", "Produced")) for one in parts)
    factors = [str(one.details["factor"]) for one in parts if "factor" in one.details]
    assert sorted(one.split()[0] for one in factors) == ["mix", "rates"]
    assert review(weighed, plan).reasons == ()
