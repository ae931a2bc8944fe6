from __future__ import annotations

import pytest

from gemba.agents.wording import segment_words
from gemba.questions.types import Predicate


@pytest.mark.parametrize(
    ("predicate", "words"),
    [
        (Predicate(dimension="machine", values=("M3",)), "machine M3"),
        (Predicate(dimension="line", op="not_in", values=("2", "3")), "line not 2 or 3"),
        (Predicate(dimension="speed", op="gt", values=(900,)), "speed > 900.0"),
        (Predicate(dimension="speed", op="between", values=(1, 9)), "speed from 1.0 to 9.0"),
        (Predicate(dimension="stop_reason", op="is_null"), "stop reason unknown"),
    ],
)
def test_a_condition_reads_as_what_it_selects(predicate: Predicate, words: str) -> None:
    assert segment_words((predicate,)) == words


def test_no_condition_is_the_whole() -> None:
    assert segment_words(()) == "the whole"
