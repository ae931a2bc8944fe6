"""The expectations on claims, evaluated by Great Expectations itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from assets.checks import expectations_of_claims, frame_to_check
from gemba.insights.kinds import DEMANDS
from gemba.insights.review import claims_frame
from gemba.insights.types import Claim
from gemba.insights.weigh import Weighed
from resources.expectations import Expect, Expectations
from tests.assets.world import a_claim


@pytest.fixture(scope="module")
def expectations() -> Iterator[Expectations]:
    evaluated = Expectations()
    evaluated.warm_up()
    yield evaluated
    evaluated.close()


def broken(expectations: Expectations, *claims: Claim) -> set[str]:
    frame = frame_to_check(claims_frame(Weighed(summary="", claims=claims)))
    expects = expectations_of_claims(0.05, {claim.kind for claim in claims})
    return {one.claim for one in expectations.validate(frame, expects) if not one.passed}


def sound(**changes: Any) -> Claim:
    return a_claim(
        **{
            "rank": 1,
            "p_value": 0.001,
            "q_value": 0.004,
            "significant": True,
            "confidence": 0.9,
            **changes,
        }
    )


def test_a_sound_claim_passes_every_expectation(expectations: Expectations) -> None:
    exact = sound(
        id="c_exact", kind="contribution", exact=True, n=0, ci=None, p_value=None, q_value=None, significant=None
    )
    assert broken(expectations, sound(), exact) == set()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"p_value": 1.2, "q_value": 1.2, "significant": False}, "p-values are probabilities"),
        ({"q_value": -0.1, "p_value": None}, "q-values are probabilities"),
        ({"confidence": 1.5}, "confidence is from 0 to 1"),
        ({"q_value": 0.0005}, "no q-value is below its p-value"),
        ({"q_value": 0.2}, "what is called significant has its q-value within the allowed rate"),
        ({"ci": (2.1, 2.5)}, "the effect is not below its interval"),
        ({"ci": (1.1, 1.5)}, "the effect is not above its interval"),
        ({"n": 0}, "every claim rests on observations"),
        ({"statement": ""}, "every claim is a sentence"),
        ({"statement": "It rose by 17 %."}, "every number of a statement is backed by its claim"),
    ],
)
def test_each_fault_breaks_the_expectation_that_names_it(
    expectations: Expectations, changes: dict[str, Any], says: str
) -> None:
    assert says in broken(expectations, sound(**changes))


@pytest.mark.parametrize("kind", sorted(DEMANDS))
def test_a_claim_of_any_kind_that_lacks_what_its_kind_demands_is_not_published(
    expectations: Expectations, kind: str
) -> None:
    """Nothing but a sentence and an effect: no test, no interval, no date, no segment, and not exact."""
    bare = sound(kind=kind, segment=(), ci=None, p_value=None, q_value=None, significant=None, exact=False, details={})
    assert broken(expectations, bare) == {DEMANDS[bare.kind].says}


@pytest.mark.parametrize(
    ("kind", "details", "holds"),
    [
        ("change_point", {"date_low": "2026-10-05", "date": "2026-10-07", "date_high": "2026-10-08"}, True),
        ("change_point", {"date_low": "2026-10-08", "date": "2026-10-07", "date_high": "2026-10-09"}, False),
        ("segment", {"aspect": "whole"}, True),
    ],
)
def test_dates_lie_within_their_bounds_and_the_whole_needs_no_segment(
    expectations: Expectations, kind: str, details: dict[str, Any], holds: bool
) -> None:
    claim = sound(kind=kind, segment=(), details=details)
    assert (DEMANDS[claim.kind].says not in broken(expectations, claim)) is holds


def test_the_same_claim_twice_is_noticed(expectations: Expectations) -> None:
    assert "no claim is told twice" in broken(expectations, sound(), sound(rank=2))


def test_an_expectation_that_cannot_be_evaluated_has_not_passed(expectations: Expectations) -> None:
    frame = claims_frame(Weighed(summary="", claims=(sound(),)))
    absent = Expect("there is such a column", "ExpectColumnValuesToNotBeNull", {"column": "absent"})
    (observed,) = expectations.validate(frame, [absent])
    assert not observed.passed
    assert "could not be evaluated" in observed.seen


def test_the_offending_values_are_reported(expectations: Expectations) -> None:
    frame = claims_frame(Weighed(summary="", claims=(sound(confidence=1.5),)))
    expect = Expect("confidence", "ExpectColumnValuesToBeBetween", {"column": "confidence", "max_value": 1})
    (observed,) = expectations.validate(frame, [expect])
    assert observed.offending == (1.5,)
    assert "max_value 1" in observed.seen
