"""Questions that name what is not there, or ask about a time without data."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_input.bakery import LEVEL, WHY, Bakery, csv, rows, told


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    bakery = Bakery(tmp_path)
    bakery.data.write_text(csv(rows()))
    return bakery


@pytest.mark.parametrize(
    ("text", "reason", "says"),
    [
        ("Why did customer satisfaction fall last week?", "unknown_metric", ["customer satisfaction", "burnt_rate"]),
        ("Why did the burnt rate rise for bread zzzz last week?", "unknown_member", ["zzzz", "rye", "oat"]),
        ("Why did the burnt rate rise on oven Q last week?", "unknown_member", ["oven", "A", "B", "C"]),
        ("Why did the burnt rate rise frobnicated last week?", "unknown_word", ["frobnicated"]),
        ("how much was baked in 2031?", "outside_data", ["2031-01-01", "2024-01-01", "2024-04-07"]),
        ("how much was baked in 2019?", "outside_data", ["2019-01-01", "2024-01-01", "2024-04-07"]),
    ],
)
def test_what_is_not_there_is_refused_and_what_is_there_is_named(
    bakery: Bakery, text: str, reason: str, says: list[str]
) -> None:
    answer = bakery.ask(text)
    assert (answer.status, answer.exit_code, answer.reason) == ("refused", 4, reason)
    for word in says:
        assert word in told(answer)
    bakery.left_nothing(answer)


@pytest.mark.parametrize(
    ("text", "about", "offered"),
    [
        ("Why did the burnt rate rise for bread ryee last week?", "member", "bread rye"),
        ("Why did bakedd change last week?", "metric", "baked"),
    ],
)
def test_what_is_misspelt_is_offered_and_never_assumed(bakery: Bakery, text: str, about: str, offered: str) -> None:
    answer = bakery.ask(text)
    assert (answer.status, answer.exit_code, answer.about) == ("clarify", 3, about)
    assert offered in answer.choices[0].reading
    bakery.left_nothing(answer)


def test_sound_questions_about_sound_data_are_answered(bakery: Bakery) -> None:
    """What the refusals of this package are held against."""
    for text in (WHY, LEVEL):
        assert bakery.ask(text).status == "answered"
