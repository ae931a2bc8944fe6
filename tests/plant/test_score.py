"""A claim is matched to a cause by the contract's rule."""

from __future__ import annotations

from datetime import timedelta

from gemba.plant.score import Matcher, found
from gemba.plant.truth import TruthEvent
from gemba.questions.types import Predicate, Window
from gemba.semantics.model import SemanticModel
from tests.plant.conftest import SEEDS, plant_of


def only(dimension: str, *values: str) -> Predicate:
    return Predicate(dimension=dimension, op="in", values=values)


def an_event(kind: str, *, scoped: bool | None = None) -> tuple[int, TruthEvent]:
    for seed in SEEDS:
        for event in plant_of(seed).truth.events:
            if event.kind == kind and (scoped is None or bool(event.scope) == scoped):
                return seed, event
    raise AssertionError(f"no seed has {kind}")


def test_equal_segments_match_whatever_the_order_of_values(model: SemanticModel) -> None:
    seed, event = an_event("lot")
    assert found(event.segment, event, plant_of(seed), model=model)
    wide = event.model_copy(update={"segment": (only("machine", "M01", "M02"),)})
    assert found((only("machine", "M02", "M01"),), wide, plant_of(seed), model=model)


def test_another_member_and_a_claim_about_everything_do_not_match(model: SemanticModel) -> None:
    seed, event = an_event("lot")
    assert not found((only("lot", "L-2003"),), event, plant_of(seed), model=model)
    assert not found((), event, plant_of(seed), model=model)
    assert not found((only("no_such_dimension", "x"),), event, plant_of(seed), model=model)


def test_a_refinement_matches_only_where_its_rows_are_nearly_the_same(model: SemanticModel) -> None:
    seed, event = an_event("tool_wear")
    matcher = Matcher(plant_of(seed), model)
    assert matcher.found((*event.segment, only("shift", "early", "late", "night")), event)
    assert not matcher.found((*event.segment, only("shift", "early")), event)
    hall = "North" if str(event.segment[0].values[0]) <= "M08" else "South"
    assert matcher.found((*event.segment, only("hall", hall)), event)
    assert not matcher.found((*event.segment, only("hall", hall), only("shift", "early", "late", "night")), event)


def test_the_questions_own_filter_makes_no_difference(model: SemanticModel) -> None:
    seed, event = an_event("tool_wear", scoped=True)
    matcher = Matcher(plant_of(seed), model)
    assert matcher.found((*event.segment, *event.scope), event)
    assert not matcher.found(event.scope, event)


def test_a_dated_claim_must_cover_the_start(model: SemanticModel) -> None:
    seed, event = an_event("lot")
    matcher = Matcher(plant_of(seed), model)
    day = timedelta(days=1)
    assert matcher.found(event.segment, event, interval=Window(start=event.start - day, end=event.start + day))
    assert not matcher.found(event.segment, event, interval=Window(start=event.start + day, end=event.end + day))


def test_a_month_without_a_cause_is_never_found(model: SemanticModel) -> None:
    seed, event = an_event("none")
    assert not found((), event, plant_of(seed), model=model)


def test_an_equal_segment_overlaps_wholly(model: SemanticModel) -> None:
    for seed in SEEDS[:3]:
        matcher = Matcher(plant_of(seed), model)
        for event in plant_of(seed).truth.events:
            if event.kind != "none":
                assert matcher.overlap(event.segment, event) == 1.0
