from __future__ import annotations

import re

import pytest

from gemba.reports.chart import chart_png, chart_svg
from gemba.reports.page import insight_page
from tests.reports.insights import CHARTS, NASTY, claim, insight


@pytest.fixture(scope="module")
def page() -> str:
    query = {"source": "batches", "sql": f"SELECT '{NASTY}'", "seconds": 0.1, "rows": 3}
    return insight_page(
        insight(), text=f"Why {NASTY}?", reading="as said", queries=(query,), withdrawn=f"moved {NASTY}"
    )


def test_the_page_needs_nothing_from_elsewhere(page: str) -> None:
    without_names = re.sub(r'xmlns(:\w+)?="[^"]+"', "", page)
    assert not re.findall(r"(?:https?:)?//[\w.]+", without_names)
    assert "<script" not in page
    assert "<link" not in page


def test_names_are_text_on_the_page(page: str) -> None:
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "alert(1)</script>" not in page


def test_findings_exact_parts_and_the_rest_stand_apart(page: str) -> None:
    found, exact, rest = (page.index(title) for title in ("Findings", "How the change adds up", "Also looked at"))
    assert found < page.index("It moved.") < exact < page.index("Part.") < rest < page.index("Nothing here.")
    assert "95.9 %" in page[exact:rest]
    assert "+5.73 pp" in page[found:exact]
    assert "gemba verify c_1" in page


def test_what_was_counted_is_not_said_to_add_up() -> None:
    counted = claim(1, kind="process_control", exact=True, ci=None, p_value=None, q_value=None, significant=None,
                    confidence=None, effect=1.0, unit="days", statement="1 day lies beyond.")  # fmt: skip
    page = insight_page(insight(claims=(counted, claim(2))), text="?", reading="?")
    assert page.index("Counted") < page.index("1 day lies beyond.") < page.index("Findings"), "the answer first"
    assert "How the change adds up" not in page
    assert "of the change" not in page


def test_charts_have_names_for_those_who_cannot_see_them(page: str) -> None:
    assert page.count('<figure role="img" aria-label="') == len(CHARTS)
    assert 'aria-label="Rate by day"' in page


def test_withdrawal_and_gaps_are_said(page: str) -> None:
    assert "does not hold any more" in page
    assert "history could not look" in page


def test_a_page_without_claims_says_so() -> None:
    empty = insight_page(insight(claims=(), charts=(), gaps=()), text="?", reading="?")
    assert "None." in empty
    assert "<svg" not in empty


@pytest.mark.parametrize("chart", CHARTS, ids=lambda chart: chart.kind)
def test_every_kind_of_chart_is_drawn(chart: object) -> None:
    assert chart_svg(chart).startswith("<svg")  # type: ignore[arg-type]
    assert chart_png(chart)[:4] == b"\x89PNG"  # type: ignore[arg-type]
