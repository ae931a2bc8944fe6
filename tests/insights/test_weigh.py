from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemba.insights.ids import claim_id
from gemba.insights.review import claims_frame, review
from gemba.insights.types import Claim, Findings, Gap, NotPlanned, Test
from gemba.insights.verify import compare_claims
from gemba.insights.weigh import weigh
from gemba.planning.plan import make_plan
from gemba.planning.types import Plan
from gemba.questions.types import Predicate
from gemba.statistics.multiplicity import benjamini_hochberg, benjamini_yekutieli
from tests.planning.models import COVERAGE, MODEL, ask

QUESTION = ask("why")
M3 = (Predicate(dimension="machine", values=("M3",)),)


def a_plan(*agents: str) -> Plan:
    plan = make_plan(QUESTION, MODEL, coverage=COVERAGE, plug_ins=())
    return plan.model_copy(update={"agents": tuple(one for one in plan.agents if one.name in agents)})


def a_claim(kind: str = "segment", segment: tuple[Predicate, ...] = M3, **fields: object) -> Claim:
    agent = str(fields.pop("agent", "segments"))
    data = {
        "id": claim_id(kind, "scrap_rate", segment, question=QUESTION, agent=agent, extra=str(fields.pop("extra", ""))),
        "kind": kind,
        "metric": "scrap_rate",
        "segment": segment,
        "statement": "Machine M3 moved by +2.69 pp (95 % interval 1.93 to 3.46).",
        "effect": 2.693,
        "unit": "pp",
        "ci": (1.93, 3.456),
        "p_value": 1e-6,
        "n": 100,
        "method": "segments",
        "agent": agent,
        **fields,
    }
    return Claim.model_validate(data)


def test_bh_gives_the_published_rejections() -> None:
    """The 15 p-values of Benjamini and Hochberg (1995), section 3.2: four are rejected at 0.05."""
    small = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
    p = np.array([*small, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0])
    assert int((benjamini_hochberg(p) <= 0.05).sum()) == 4
    assert int((benjamini_yekutieli(p) <= 0.05).sum()) == 3


@given(st.lists(st.floats(0, 1), max_size=40))
def test_q_values_keep_the_order_and_are_never_below_p(values: list[float]) -> None:
    p = np.array(values)
    q = benjamini_hochberg(p)
    assert (q >= p).all()
    assert (q <= 1).all()
    assert (np.diff(q[np.argsort(p, kind="stable")]) >= 0).all()


def test_all_tests_count_whether_or_not_a_claim_came_of_them() -> None:
    claim = a_claim(p_value=0.01)
    alone = Findings(agent="segments", claims=(claim,), tests=(Test(id="a", p_value=0.01, claim=claim.id),))
    many = alone.model_copy(
        update={"tests": (*alone.tests, *(Test(id=str(place), p_value=0.9) for place in range(99)))}
    )
    (sole,) = weigh(a_plan("segments"), (alone,), model=MODEL).claims
    (crowded,) = weigh(a_plan("segments"), (many,), model=MODEL).claims
    assert sole.significant
    assert not crowded.significant
    assert crowded.q_value == pytest.approx(0.91, abs=0.02)


def test_a_p_value_without_a_test_joins_the_family() -> None:
    weighed = weigh(a_plan("segments"), (Findings(agent="segments", claims=(a_claim(),)),), model=MODEL)
    assert weighed.tests_run == 1
    assert weighed.claims[0].q_value == pytest.approx(1e-6)


def test_a_specific_cause_comes_before_the_arithmetic_and_faulty_data_before_all() -> None:
    level = a_claim("level", (), agent="level", statement="Scrap rate moved by +2.69 pp.")
    part = a_claim(
        "contribution", agent="contribution", exact=True, p_value=None, ci=None, statement="M3 explains +2.69."
    )
    fault = a_claim("quality", (), agent="data_quality", statement="+2.69 pp", details={"invalidates": True})
    outcomes = [
        Findings(
            agent=one.agent, claims=(one,), tests=(Test(id=one.id, p_value=1e-6, claim=one.id),) if one.p_value else ()
        )
        for one in (level, part, a_claim(), fault)
    ]
    plan = a_plan("level", "contribution", "segments", "data_quality")
    weighed = weigh(plan, outcomes, model=MODEL)
    assert [one.kind for one in weighed.claims] == ["quality", "segment", "contribution", "level"]
    assert [one.rank for one in weighed.claims] == [1, 2, 3, 4]
    assert weighed == weigh(plan, outcomes[::-1], model=MODEL)
    assert weighed.data_doubtful
    assert review(weighed, plan).reasons == ()


def test_matters_is_read_in_percentage_points() -> None:
    big = a_claim()
    small = a_claim(segment=(Predicate(dimension="shift", values=("late",)),), effect=0.4, ci=(0.3, 0.5), statement="")
    weighed = weigh(a_plan("segments"), (Findings(agent="segments", claims=(small, big)),), model=MODEL)
    assert [one.material for one in weighed.claims] == [True, False]


def test_a_claim_about_the_same_rows_is_dropped_with_a_note() -> None:
    twin = a_claim(segment=(Predicate(dimension="operator", values=("o7",)),))
    weighed = weigh(a_plan("segments"), (Findings(agent="segments", claims=(a_claim(), twin)),), model=MODEL)
    assert len(weighed.claims) == 1
    assert any("operator o7" in note for note in weighed.notes)


def test_nothing_significant_says_what_would_have_been_seen() -> None:
    weighed = weigh(a_plan("level"), (Findings(agent="level", detectable=0.436),), model=MODEL)
    assert weighed.summary == "Nothing stands out: a change of 0.436 pp would have been seen four times out of five."
    assert review(weighed, a_plan("level")).may_publish


def test_a_plan_that_chooses_none_is_weighed_with_a_note() -> None:
    weighed = weigh(a_plan(), (NotPlanned(agent="level"),), model=MODEL)
    assert not weighed.claims
    assert not weighed.failed
    assert any("chose no agent" in note for note in weighed.notes)


def test_when_every_agent_fails_the_failure_is_visible() -> None:
    gaps = [Gap(agent=name, reason="error", message="ValueError: 7") for name in ("level", "segments")]
    weighed = weigh(a_plan("level", "segments"), gaps, model=MODEL)
    assert weighed.failed
    assert "Nothing could be analysed" in weighed.summary
    assert len(weighed.gaps) == 2


def test_a_planned_agent_without_an_outcome_is_a_gap() -> None:
    weighed = weigh(a_plan("level", "segments"), (Findings(agent="level"),), model=MODEL)
    assert [gap.agent for gap in weighed.gaps] == ["segments"]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"p_value": 1.5}, "not in [0, 1]"),
        ({"ci": (3.0, 4.0)}, "does not contain"),
        ({"exact": True}, "identity with a p-"),
        ({"n": 0}, "at least 1 needed"),
        ({"statement": "Machine M3 moved by +7 pp."}, "7 in the statement"),
        ({"statement": "Scrap rose due to machine M3."}, "associations"),
        ({"statement": "Machine M3 caused it."}, "associations"),
        ({"effect": math.nan}, "not a number"),
    ],
)
def test_a_claim_that_breaks_a_rule_holds_the_insight_back(fields: dict[str, object], reason: str) -> None:
    weighed = weigh(a_plan("segments"), (Findings(agent="segments", claims=(a_claim(**fields),)),), model=MODEL)
    verdict = review(weighed, a_plan("segments"))
    assert any(reason in one for one in verdict.reasons)
    assert len(verdict.claims) == len(verdict.reasons)


def test_significance_beyond_alpha_is_found() -> None:
    weighed = weigh(a_plan("segments"), (Findings(agent="segments", claims=(a_claim(),)),), model=MODEL)
    forged = weighed.model_copy(update={"claims": (weighed.claims[0].model_copy(update={"q_value": 0.2}),)})
    assert any("called significant" in one for one in review(forged, a_plan("segments")).reasons)


def test_parts_that_miss_the_change_are_found() -> None:
    parts = tuple(
        a_claim(
            "contribution",
            (Predicate(dimension="machine", values=(name,)),),
            agent="contribution",
            effect=effect,
            ci=None,
            p_value=None,
            exact=True,
            statement="",
            details={"whole_change": 3.0, "parts": 2, "way": "additive"},
        )
        for name, effect in (("M1", 1.0), ("M2", 1.9999))
    )
    weighed = weigh(a_plan("contribution"), (Findings(agent="contribution", claims=parts),), model=MODEL)
    assert any("miss the change" in one for one in review(weighed, a_plan("contribution")).reasons)
    assert claims_frame(weighed)["sum_error"].max() > 1e-9


def test_a_recomputed_claim_equals_its_stored_one_to_a_billionth() -> None:
    claim = a_claim(details={"before": 2.0})
    assert compare_claims(claim, claim).is_equal
    assert compare_claims(claim, claim.model_copy(update={"effect": 2.693 * (1 + 1e-12)})).is_equal
    moved = compare_claims(claim, claim.model_copy(update={"details": {"before": 2.1}}))
    assert moved.differing == ("details.before",)
    assert moved.difference == pytest.approx(0.1 / 2.1)
    assert compare_claims(claim, claim.model_copy(update={"ci": None})).difference == math.inf


def test_weights_move_power_and_keep_the_rate() -> None:
    p = np.array([0.004, 0.3, 0.6, 0.9])
    assert benjamini_hochberg(p, np.array([3.0, 1.0, 1.0, 1.0]))[0] < benjamini_hochberg(p)[0]
    assert benjamini_hochberg(p, np.full(4, 7.0)) == pytest.approx(benjamini_hochberg(p))
    rng = np.random.default_rng(21)
    weights = np.repeat([4.0, 0.5], [10, 60])
    false = [(benjamini_hochberg(rng.random(70), weights) <= 0.05).any() for _ in range(2000)]
    assert np.mean(false) < 0.065


def test_a_segment_found_by_two_agents_is_listed_once_and_says_so() -> None:
    twice = (
        Findings(agent="segments", claims=(a_claim(details={"score": 0.5}),)),
        Findings(agent="localisation", claims=(a_claim(agent="localisation", details={"score": 0.4}),)),
    )
    weighed = weigh(a_plan("segments", "localisation"), twice, model=MODEL)
    (one,) = (claim for claim in weighed.claims if claim.segment == M3)
    assert one.agent == "segments"
    assert one.details["also_found_by"] == "localisation"
    assert any("listed once" in note for note in weighed.notes)
    assert "also_found_by" not in weigh(a_plan("segments"), twice[:1], model=MODEL).claims[0].details
