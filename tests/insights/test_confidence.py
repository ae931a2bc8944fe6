"""How far a claim is trusted follows from what else the investigation found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.calibration import graded, grades
from gemba.insights.confidence import GRADES, confidence_of
from gemba.insights.types import Claim
from gemba.questions.types import Predicate, Segment

M3: Segment = (Predicate(dimension="machine", op="in", values=("M03",)),)
M4: Segment = (Predicate(dimension="machine", op="in", values=("M04",)),)
DATED = {"date": "2026-11-09", "date_low": "2026-11-08", "date_high": "2026-11-10"}


def a_claim(kind: str, segment: Segment = (), *, name: str = "one", **fields: Any) -> Claim:
    plain = {
        "id": name, "metric": "scrap_rate", "statement": "", "effect": 1.0, "unit": "pp", "ci": (0.5, 1.5),
        "p_value": 1e-6, "q_value": 1e-4, "significant": True, "n": 1000, "method": "segments", "agent": "segments",
    }  # fmt: skip
    return Claim(kind=kind, segment=segment, **(plain | fields))  # type: ignore[arg-type]


def a_cause(segment: Segment, score: float, **fields: Any) -> Claim:
    details = {"score": score, "explained_pct": 90.0, "ranks_agree": True, **fields.pop("details", DATED)}
    return a_claim("segment", segment, name=f"{segment[0].values[0]}", details=details, **fields)


def trust(claim: Claim, *others: Claim, doubtful: bool = False) -> float:
    told = confidence_of(claim, [claim, *others], doubtful_data=doubtful)
    assert told is not None
    return told


def test_the_leading_cause_is_trusted_more_than_one_that_follows_it() -> None:
    first, second = a_cause(M3, 0.5), a_cause(M4, 0.1)
    assert trust(first, second) > 2 * trust(second, first)


def test_a_cause_that_is_not_significant_is_hardly_trusted() -> None:
    weak = a_cause(M3, 0.1, q_value=0.6, p_value=0.05, significant=False)
    assert trust(weak) < 0.5 < trust(a_cause(M3, 0.1))


def test_a_cause_that_two_agents_found_is_trusted_at_least_as_much() -> None:
    once, twice = a_cause(M3, 0.1), a_cause(M3, 0.1, details={**DATED, "also_found_by": "localisation"})
    assert trust(twice, a_cause(M4, 0.2)) >= trust(once, a_cause(M4, 0.2))


def test_a_date_is_trusted_more_where_a_cause_began_on_the_same_days() -> None:
    date = a_claim("change_point", name="date", agent="change_point", details={**DATED, "shape": "step"})
    later = {"date": "2026-11-20", "date_low": "2026-11-19", "date_high": "2026-11-21"}
    with_it, against_it = trust(date, a_cause(M3, 0.5)), trust(date, a_cause(M3, 0.5, details=later))
    assert with_it > against_it
    assert with_it > trust(date.model_copy(update={"significant": False, "q_value": 0.9, "p_value": 0.5}))


def test_a_significant_change_of_the_whole_is_as_sure_as_its_test() -> None:
    assert trust(a_claim("level", q_value=0.03)) == pytest.approx(0.97)


def test_an_interval_without_a_significant_effect_is_trusted_as_an_interval() -> None:
    assert trust(a_claim("level", q_value=0.7, significant=False)) == pytest.approx(0.95, abs=0.01)


def test_a_fault_in_the_data_halves_trust() -> None:
    cause = a_cause(M3, 0.5)
    assert trust(cause, doubtful=True) == pytest.approx(trust(cause) / 2)


def test_an_identity_has_no_confidence() -> None:
    assert confidence_of(a_claim("contribution", M3, exact=True), [], doubtful_data=False) is None


def test_grades_rise_and_are_never_certain() -> None:
    for steps in GRADES.values():
        lows, shares = zip(*steps, strict=True)
        assert lows[0] == 0.0
        assert list(lows) == sorted(set(lows))
        assert list(shares) == sorted(shares)
        assert 0.0 < shares[0] <= shares[-1] < 1.0


def test_grades_mend_a_regression_that_is_too_sure() -> None:
    rng = np.random.default_rng(7)
    chance = rng.uniform(size=20_000)
    right = (rng.uniform(size=chance.size) < chance).astype(float)
    too_sure = np.where(chance < 0.5, chance / 3, 1 - (1 - chance) / 3)
    steps = grades(too_sure[:10_000], right[:10_000])
    told = graded(too_sure, steps)[10_000:]
    for share in np.unique(told):
        one = told == share
        assert abs(right[10_000:][one].mean() - share) < 0.05


def test_few_claims_are_not_told_apart() -> None:
    rng = np.random.default_rng(8)
    told = rng.uniform(size=60)
    right = (rng.uniform(size=60) < told).astype(float)
    assert len(grades(told, right)) < len(grades(*(np.tile(part, 50) for part in (told, right))))
