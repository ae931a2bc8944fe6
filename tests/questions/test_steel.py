"""Relative times over the real data of the steel plant, whose stamps close their interval."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from gemba.evidence.warehouse import SourceWarehouse
from gemba.questions.resolve import resolve
from gemba.questions.vocabulary import Vocabulary, vocabulary_from
from tests.questions.worlds import STEEL

_NOW = datetime(2026, 11, 18, 10, tzinfo=UTC)
_SEOUL = ZoneInfo("Asia/Seoul")


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return vocabulary_from(STEEL.model, SourceWarehouse())


@pytest.mark.parametrize(
    "as_of", [None, datetime(2018, 6, 30, 23, 59, 59, 990_000, _SEOUL), datetime(2018, 7, 1, tzinfo=_SEOUL)]
)
def test_since_march_ends_with_the_last_day_of_the_data(vocabulary: Vocabulary, as_of: datetime | None) -> None:
    for text in ("energy since March", "why did energy rise since March"):
        resolution = resolve(text, model=STEEL.model, vocabulary=vocabulary, as_of=as_of, now=_NOW)
        if resolution.status == "answered":
            assert resolution.question.window.end <= datetime(2018, 7, 1, tzinfo=_SEOUL)
            assert resolution.question.window.start == datetime(2018, 3, 1, tzinfo=_SEOUL)
    level = resolve("energy since March", model=STEEL.model, vocabulary=vocabulary, as_of=as_of, now=_NOW)
    assert level.status == "answered"
    assert level.question.window.end == datetime(2018, 7, 1, tzinfo=_SEOUL)


def test_the_last_instant_of_a_day_belongs_to_that_day(vocabulary: Vocabulary) -> None:
    as_of = datetime(2018, 6, 30, 23, 59, 59, 990_000, _SEOUL)
    resolution = resolve("energy today", model=STEEL.model, vocabulary=vocabulary, as_of=as_of, now=_NOW)
    assert resolution.status == "answered"
    window = resolution.question.window
    assert (window.start, window.end) == (datetime(2018, 6, 30, tzinfo=_SEOUL), datetime(2018, 7, 1, tzinfo=_SEOUL))
