"""A significant claim is false if the planted causes did nothing to what it speaks of."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks.false_discovery import Investigated, Stated, Worlds, bound, discoveries
from gemba.insights.types import Claim, ClaimKind
from gemba.plant.truth import TruthEvent
from gemba.questions.types import Predicate, Segment, Why
from gemba.semantics.model import SemanticModel
from tests.plant.conftest import SEEDS, plant_of


@pytest.fixture(scope="module")
def worn(model: SemanticModel) -> tuple[Worlds, TruthEvent, Why]:
    """A factory with a worn tool that makes scrap, and a question about it."""
    for seed in SEEDS:
        truth = plant_of(seed).truth
        for event in truth.events:
            if event.kind == "tool_wear" and event.metric == "scrap_rate":
                question = next(one.typed for one in truth.questions if event.id in one.answers)
                assert isinstance(question, Why)
                return Worlds(plant_of(seed), model), event, question
    raise AssertionError("no seed has one")


def a_claim(segment: Segment, effect: float, *, aspect: str = "level", kind: ClaimKind = "segment") -> Claim:
    return Claim(
        id="c", kind=kind, metric="scrap_rate", segment=segment, statement="", effect=effect, unit="pp",
        ci=(effect - 0.2, effect + 0.2), p_value=0.001, significant=True, n=100, method="segments", agent="segments",
        details={"aspect": aspect},
    )  # fmt: skip


def another(event: TruthEvent) -> Segment:
    """A machine of another line: no row of it is the event's."""
    worn = str(event.segment[0].values[0])
    return (Predicate(dimension="machine", op="in", values=("M01" if worn > "M08" else "M16",)),)


def test_the_worn_machine_is_worse_than_it_would_have_been(worn: tuple[Worlds, TruthEvent, Why]) -> None:
    worlds, event, question = worn
    (up,) = worlds.stated([a_claim(event.segment, 2.0)], question)
    assert up.true > 0
    assert up.alone > 0
    assert not up.false
    assert not up.only_rest
    (down,) = worlds.stated([a_claim(event.segment, -2.0)], question)
    assert down.false


def test_a_machine_that_nothing_happened_to_did_not_get_worse(worn: tuple[Worlds, TruthEvent, Why]) -> None:
    worlds, event, question = worn
    unfiltered = question.model_copy(update={"filters": ()})
    (worse,) = worlds.stated([a_claim(another(event), 0.5)], unfiltered)
    assert worse.alone == 0.0
    assert worse.false
    (better,) = worlds.stated([a_claim(another(event), -0.5)], unfiltered)
    assert better.only_rest, "it is better than the rest only because the rest became worse"


def test_the_whole_rose_by_the_shift_that_was_planted(worn: tuple[Worlds, TruthEvent, Why]) -> None:
    worlds, event, question = worn
    exactly = question.model_copy(
        update={"window": question.window.model_copy(update={"start": event.start, "end": event.end})}
    )
    (whole,) = worlds.stated([a_claim((), 1.0, aspect="whole")], exactly)
    assert whole.true == pytest.approx(event.shift, rel=0.15)  # the shift is a mean of days, this one of pieces


def test_whatever_is_called_in_a_quiet_window_is_false(model: SemanticModel) -> None:
    seed, quiet = next(
        (seed, one.typed)
        for seed in SEEDS
        for one in plant_of(seed).truth.questions
        if not one.answers and isinstance(one.typed, Why) and one.typed.metric == "scrap_rate"
    )
    segment = (Predicate(dimension="machine", op="in", values=("M03",)),)
    claims = [a_claim(segment, 1.0), a_claim((), 1.0, aspect="whole"), a_claim(segment, 1.0, aspect="share")]
    assert all(one.false for one in Worlds(plant_of(seed), model).stated(claims, quiet))


def test_claims_without_a_test_are_not_counted(worn: tuple[Worlds, TruthEvent, Why]) -> None:
    worlds, event, question = worn
    silent = a_claim(event.segment, 2.0).model_copy(update={"significant": False})
    exact = a_claim(event.segment, 2.0, kind="contribution").model_copy(update={"significant": None})
    assert not list(worlds.stated([silent, exact], question))


def test_the_rate_is_the_mean_over_investigations_of_the_false_share() -> None:
    true = Stated("segment", "level", 1.0, 0.1, 1.0, 1.0)
    false = replace(true, true=0.0)
    found = [Investigated(3.0, (true, false)), Investigated(3.0, (true,)), Investigated(0.0, ()), Investigated(0.0, ())]
    text = discoveries(found, alpha=0.05)
    assert "| **all** | 4 | 3 | 1 | 12.5 % |" in text
    assert "| segment | level | 3 | 1 | 0 | 0 |" in text


def test_the_bound_is_above_the_nominal_rate_and_comes_down_to_it() -> None:
    assert bound(100, 0.05) == pytest.approx(0.13)
    assert 0.05 < bound(100_000, 0.05) < 0.053


def test_a_date_is_true_where_the_whole_was_moved_from_then_on(worn: tuple[Worlds, TruthEvent, Why]) -> None:
    worlds, event, question = worn
    start = event.start.date().isoformat()
    details = {"date_low": start, "date_high": start, "shape": "step"}
    up = a_claim((), 0.5, kind="change_point").model_copy(update={"details": details})
    down = up.model_copy(update={"effect": -0.5, "ci": (-0.7, -0.3)})
    assert [one.false for one in worlds.stated([up, down], question)] == [False, True]
