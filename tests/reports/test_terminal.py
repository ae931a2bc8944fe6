from __future__ import annotations

import io

import pytest
from rich.console import Console

from gemba.insights.types import Answer, AnswerError
from gemba.reports import numbers
from gemba.reports.labels import effect, label
from gemba.reports.plot import chart_lines
from gemba.reports.terminal import show_answer
from tests.reports.insights import CHARTS, CLAIMS, NASTY, claim, insight


def _shown(answer: Answer, width: int) -> list[str]:
    out = io.StringIO()
    show_answer(answer, Console(file=out, width=width), reading="Why did it rise?")
    return out.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 120])
def test_an_answer_fits_the_terminal(width: int) -> None:
    answer = Answer(status="partial", text="", elapsed_ms=3.2, insight=insight(), cache="hit")
    lines = _shown(answer, width)
    assert max(map(len, lines)) <= width
    text = "\n".join(lines)
    assert "+5.73 pp" in text
    assert "exact" in text
    assert "from the cache" in text
    assert "[bold]" in text, "a name in brackets is shown, not obeyed"


def test_a_claim_takes_one_line_of_the_table() -> None:
    answer = Answer(status="answered", text="", elapsed_ms=3.2, insight=insight(charts=()), cache="miss")
    rows = [line for line in _shown(answer, 80) if line[:1].isdigit()]
    assert [line[0] for line in rows] == ["1", "2", "3", "4"]


def test_a_failure_says_what_and_how_to_mend() -> None:
    error = AnswerError(kind="unreadable_file", message=f"{NASTY}: is empty", hint="Write it again.")
    text = "\n".join(_shown(Answer(status="failed", text=error.message, elapsed_ms=1, error=error), 80))
    assert NASTY in text
    assert "Write it again." in text


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.kind)
def test_charts_are_drawn_in_text(chart: object) -> None:
    lines = chart_lines(chart, width=80)  # type: ignore[arg-type]
    assert max(map(len, lines)) <= 80


def test_the_difference_of_a_share_is_in_percentage_points() -> None:
    lines = chart_lines(CHARTS[0], width=80)
    assert "3 %" in lines[2]
    assert "+2 pp" in lines[3]


def test_changes_have_a_sign_and_values_have_none() -> None:
    assert [effect(one) for one in CLAIMS] == ["+5.73 pp", "+2 pp", "+1.95 pp", "-0.1 pp"]
    assert effect(claim(1, kind="level", unit="loaves", details={})) == "5.73 loaves"


def test_a_label_says_what_a_claim_is_about() -> None:
    assert label(claim(1, segment=())) == "all parts alike: 3.1 to 9 %"
    assert label(CLAIMS[1]) == "change of level on 2024-04-01"
    assert label(claim(1, kind="quality", statement="The data has holes.")) == "The data has holes."


@pytest.mark.parametrize(
    ("value", "text"),
    [(1234567.0, "1,234,567"), (0.04567, "0.0457"), (-2.0, "-2"), (0.0, "0"), (-0.0, "0"), (1e-7, "0.0000001"),
     (float("nan"), "n/a"), (999.7, "1,000"), (12.345, "12.3")],
)  # fmt: skip
def test_numbers_have_three_digits_and_no_powers(value: float, text: str) -> None:
    assert numbers.number(value) == text
