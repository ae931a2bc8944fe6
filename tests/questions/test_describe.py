"""How a typed question is said back."""

from __future__ import annotations

import pytest

from gemba.questions.describe import describe
from tests.questions.worlds import WORLDS

CASES = [
    ("factory", "which 5 lots had the highest scrap in October",
     "Which 5 lots had the highest scrap rate, from 2026-10-01 to 2026-10-31?"),
    ("factory", "top 3 product families by scrap in October",
     "Which 3 product families had the highest scrap rate, from 2026-10-01 to 2026-10-31?"),
    ("factory", "which line had the highest scrap rate last week",
     "Which line had the highest scrap rate, from 2026-11-09 to 2026-11-15?"),
    ("factory", "compare scrap of line 2 with line 3 last week",
     "How does scrap rate of line 2 compare with line 3, from 2026-11-09 to 2026-11-15?"),
    ("factory", "compare scrap on line 2 with line 3 in the night shift last week",
     "How does scrap rate of line 2 compare with line 3, for shift night, from 2026-11-09 to 2026-11-15?"),
    ("factory", "How does line 1 compare to the rest in downtime last month?",
     "How does downtime minutes of line 1 compare with the rest, from 2026-10-01 to 2026-10-31?"),
    ("factory", "Why is the scrap rate higher on line 3 than on line 4 last week",
     "Why was scrap rate higher for line 3 than for line 4, from 2026-11-09 to 2026-11-15?"),
    ("factory", "Why does the night shift have more scrap than the other shifts last week",
     "Why was scrap rate higher for shift night than for the rest, from 2026-11-09 to 2026-11-15?"),
    ("factory", "is scrap on Mondays higher than on Fridays in October",
     "Was scrap rate higher on Mondays than on Fridays, from 2026-10-01 to 2026-10-31?"),
    ("factory", "why did scrap rise on line 3 yesterday excluding the night shift",
     "Why did scrap rate for line 3, without shift night, rise, on 2026-11-17, against 2026-11-16?"),
    ("factory", "output for lines 3 and 4 with speed above 1500 rpm yesterday",
     "What was produced for line 3 or 4, with speed above 1500 rpm, on 2026-11-17?"),
    ("factory", "does downtime lead scrap on line 3 last month",
     "Do downtime minutes and scrap rate go together for line 3, from 2026-10-01 to 2026-10-31?"),
    ("steel", "average power factor on weekends in May",
     "What was power factor on weekends, from 2018-05-01 to 2018-05-31?"),
    ("steel", "energy per day in May", "How did energy develop by day, from 2018-05-01 to 2018-05-31?"),
]  # fmt: skip


@pytest.mark.parametrize(("world", "text", "said"), CASES, ids=lambda part: str(part)[:60])
def test_a_question_is_said_back_as_a_person_would_ask_it(world: str, text: str, said: str) -> None:
    resolution = WORLDS[world].ask(text)
    assert resolution.status == "answered", resolution
    assert describe(resolution.question, model=WORLDS[world].model) == said
