"""Data that can be read and does not hold what a question needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from gemba.insights.types import Answer, Claim
from tests.bad_input.bakery import HEADER, LEVEL, WEEKS, WHY, Bakery, csv, rows, told

RATE = "what was the burnt rate last week?"
TREND = "trend of burnt since January 2024"


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    return Bakery(tmp_path)


def _effect(answer: Answer, kind: str) -> Claim:
    assert answer.insight is not None, told(answer)
    return next(claim for claim in answer.insight.claims if claim.kind == kind)


@pytest.mark.parametrize("text", [WHY, LEVEL])
def test_an_empty_table_is_too_little_data(bakery: Bakery, text: str) -> None:
    bakery.data.write_text(HEADER + "\n")
    answer = bakery.ask(text)
    assert (answer.status, answer.exit_code, answer.reason) == ("refused", 4, "too_little_data")
    assert "batches holds no row" in answer.text
    bakery.left_nothing(answer)


@pytest.mark.parametrize("text", [WHY, RATE, TREND, "how much was burnt last week?"])
def test_a_metric_without_a_value_is_not_reported_as_zero(bakery: Bakery, text: str) -> None:
    bakery.data.write_text(csv(rows(burnt="")))
    answer = bakery.ask(text)
    assert (answer.status, answer.exit_code, answer.reason) == ("refused", 4, "too_little_data")
    assert "'burnt'" in answer.text
    assert "'batches'" in answer.text
    assert "null in all" in answer.text
    assert "mend the column" in answer.text
    bakery.left_nothing(answer)


def test_a_week_without_values_is_refused_and_other_weeks_are_answered(bakery: Bakery) -> None:
    lines = [",".join([*line.split(",")[:5], ""]) if n >= (WEEKS - 1) * 42 else line for n, line in enumerate(rows())]
    bakery.data.write_text(csv(lines))
    refused = bakery.ask(RATE)
    assert (refused.exit_code, refused.reason) == (4, "too_little_data")
    assert bakery.ask("what was the burnt rate in February 2024?").status == "answered"


def test_a_series_that_never_changes_has_no_finding(bakery: Bakery) -> None:
    bakery.data.write_text(csv(rows(burnt=7)))
    answer = bakery.ask(WHY)
    assert answer.insight is not None, told(answer)
    assert answer.exit_code in (0, 5)
    assert _effect(answer, "level").effect == 0
    assert not [claim for claim in answer.insight.claims if claim.significant]
    assert "Nothing stands out" in answer.text


@pytest.mark.parametrize("text", [WHY, RATE])
def test_a_denominator_of_zero_gives_no_number_and_says_why(bakery: Bakery, text: str) -> None:
    bakery.data.write_text(csv(rows(baked=0)))
    answer = bakery.ask(text)
    assert (answer.status, answer.exit_code) == ("partial", 5)
    assert answer.insight is not None
    assert answer.insight.claims == ()
    assert answer.text == "The data gives no answer: see the gaps."
    assert {gap.reason for gap in answer.gaps} == {"too_little_data"}


def test_days_with_a_denominator_of_zero_are_left_out_of_the_rate(bakery: Bakery) -> None:
    sound = [line for n, line in enumerate(rows()) if n % 42 >= 6]
    closed = [line.replace(",200,", ",0,") for n, line in enumerate(rows(burnt=0)) if n % 42 < 6]
    bakery.data.write_text(csv(closed + sound))
    with_zeros = _effect(bakery.ask(RATE), "level").effect
    bakery.data.write_text(csv(sound))
    assert _effect(bakery.ask(RATE), "level").effect == pytest.approx(with_zeros, rel=1e-12)


def test_a_negative_denominator_makes_no_finding(bakery: Bakery) -> None:
    bakery.data.write_text(csv(rows(baked=-200)))
    answer = bakery.ask(WHY)
    assert answer.insight is not None, told(answer)
    assert not [claim for claim in answer.insight.claims if claim.significant]


def test_duplicate_rows_are_said_first(bakery: Bakery) -> None:
    lines = rows()
    bakery.data.write_text(csv(lines + lines[-42:]))
    answer = bakery.ask(WHY)
    assert answer.text.startswith("Doubtful data")
    assert "duplicate rows" in answer.text
    assert "batches" in answer.text


def test_instants_with_several_offsets_fall_on_the_model_s_days(bakery: Bakery) -> None:
    lines = [
        "a,2024-04-06T23:30:00+02:00,A,rye,1,0",
        "b,2024-04-06T23:30:00Z,A,rye,10,0",  # 01:30 on the 7th in Berlin
        "c,2024-04-06T23:30:00-05:00,A,rye,100,0",  # 06:30 on the 7th
        "d,2024-04-06 23:30,A,rye,1000,0",  # no offset: local time
        "e,2024-04-08 00:00,A,rye,10000,0",
    ]
    bakery.data.write_text(csv(lines))
    assert _effect(bakery.ask("how much was baked on 2024-04-06?"), "level").effect == 1001
    assert _effect(bakery.ask("how much was baked on 2024-04-07?"), "level").effect == 110


def test_the_day_on_which_clocks_go_forward_has_its_own_rows_once(bakery: Bakery) -> None:
    """31 March 2024 has 23 hours in Berlin: from 23:00 UTC the day before to 22:00 UTC."""
    hours = [f"{day:02d}T{hour:02d}:30:00Z" for day in (30, 31) for hour in range(24)]
    lines = [f"{n},2024-03-{hour},A,rye,1,0" for n, hour in enumerate(hours)]
    bakery.data.write_text(csv(lines))
    assert _effect(bakery.ask("how much was baked on 2024-03-31?"), "level").effect == 23
    answer = bakery.ask("how much was baked on 2024-03-31?")
    assert answer.question is not None
    window = answer.question.window  # type: ignore[union-attr]
    assert (window.start.utcoffset(), window.end.utcoffset()) != (window.start.utcoffset(),) * 2
