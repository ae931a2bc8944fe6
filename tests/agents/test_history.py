from __future__ import annotations

from datetime import UTC, datetime

from gemba.agents.base import Brief, PastInsight
from gemba.agents.history import HistoryAgent
from gemba.evidence.types import FrameEvidence
from gemba.insights.review import review
from gemba.insights.types import Findings
from gemba.insights.weigh import weigh
from gemba.planning.plan import make_plan
from gemba.planning.types import Plan
from gemba.questions.types import Predicate, Question
from tests.insights.test_weigh import M3, a_claim
from tests.planning.models import COVERAGE, LINE_3, MODEL, ask

M5 = (Predicate(dimension="machine", values=("M5",)),)


def said(question: Question, day: int, segment: tuple[Predicate, ...] = M3, *, withdrawn: bool = False) -> PastInsight:
    claim = a_claim(segment=segment, rank=1, significant=True, q_value=0.001)
    return PastInsight(f"i_{day}", question, "", datetime(2026, 11, day, tzinfo=UTC), (claim,), withdrawn)


def recall(*past: PastInsight) -> tuple[Plan, Findings]:
    plan = make_plan(ask("why"), MODEL, coverage=COVERAGE, plug_ins=())
    found = HistoryAgent().analyse(Brief(model=MODEL, plan=plan, evidence=FrameEvidence("v"), past=past))
    assert isinstance(found, Findings)
    only = plan.model_copy(update={"agents": tuple(one for one in plan.agents if one.name == "history")})
    assert review(weigh(only, (found,), model=MODEL), only).reasons == ()
    return plan, found


def test_nothing_said_before_is_a_note() -> None:
    assert recall()[1].claims == ()


def test_a_cause_found_for_different_questions_is_repeated() -> None:
    _, found = recall(said(ask("why"), 16), said(ask("why", filters=[LINE_3]), 17))
    assert [one.effect for one in found.claims] == [2.0]
    assert found.claims[0].segment == M3
    assert found.claims[0].exact


def test_one_question_answered_twice_is_no_repetition() -> None:
    assert recall(said(ask("why"), 16), said(ask("why"), 17))[1].claims == ()


def test_answers_to_one_question_that_name_other_causes_contradict() -> None:
    (claim,) = recall(said(ask("why"), 16, M5), said(ask("why"), 17))[1].claims
    assert claim.statement.startswith("Earlier answers to this question differ")
    assert claim.details["older_segment"] == "machine M5"


def test_withdrawn_answers_are_counted_and_believed_in_nothing_else() -> None:
    (claim,) = recall(said(ask("why"), 16, M5, withdrawn=True), said(ask("why"), 17))[1].claims
    assert claim.statement.startswith("1 of 2 earlier answers")


def test_what_was_found_of_the_whole_is_no_segment_that_comes_back() -> None:
    assert recall(said(ask("why"), 16, ()), said(ask("why", filters=[LINE_3]), 17, ()))[1].claims == ()
