"""Old payloads are lifted when read; what cannot be read says so."""

from __future__ import annotations

from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemba.errors import InputError
from gemba.events import types as ev
from gemba.events.upcast import UPCASTERS, Payload, UnreadableEventError, decode, encode


class Renamed(ev.Event):
    """Version 1 had `name`, version 2 `title`, version 3 has `title` and `words`."""

    VERSION: ClassVar[int] = 3
    title: str
    words: int


def _to_2(payload: Payload) -> Payload:
    return {"title": payload["name"]}


def _to_3(payload: Payload) -> Payload:
    return {**payload, "words": len(payload["title"].split())}


@pytest.fixture
def upcasters(monkeypatch: pytest.MonkeyPatch) -> dict:
    monkeypatch.setitem(ev.EVENT_TYPES, "Renamed", Renamed)
    return {("Renamed", 1): _to_2, ("Renamed", 2): _to_3}


@pytest.mark.parametrize(
    ("version", "payload"),
    [(1, {"name": "two words"}), (2, {"title": "two words"}), (3, {"title": "two words", "words": 2})],
)
@pytest.mark.parametrize("as_text", [True, False])
def test_every_old_version_is_lifted_step_by_step(upcasters: dict, version: int, payload: dict, as_text: bool) -> None:
    import json

    stored = json.dumps(payload) if as_text else payload
    assert decode("Renamed", version, stored, upcasters=upcasters) == Renamed(title="two words", words=2)


def test_a_missing_upcaster_a_newer_version_and_an_unknown_type_are_told(upcasters: dict) -> None:
    with pytest.raises(UnreadableEventError, match="no upcaster from Renamed version 2"):
        decode("Renamed", 2, {"title": "x"}, upcasters={})
    with pytest.raises(UnreadableEventError, match="newer than 3"):
        decode("Renamed", 4, {}, upcasters=upcasters)
    with pytest.raises(UnreadableEventError, match="unknown"):
        decode("Invented", 1, {})
    with pytest.raises(UnreadableEventError, match="vote"):
        decode("FeedbackGiven", 1, {"insight_id": "i_1", "vote": "sideways"})


def test_every_type_can_be_read_from_its_first_version_on() -> None:
    for name, cls in ev.EVENT_TYPES.items():
        missing = [version for version in range(1, cls.VERSION) if (name, version) not in UPCASTERS]
        assert missing == [], name


def test_a_type_that_is_not_listed_is_not_stored() -> None:
    with pytest.raises(InputError, match="not listed"):
        encode(Renamed(title="x", words=1))


@given(
    text=st.text(st.characters(exclude_characters="\x00", exclude_categories=("Cs",))),
    seconds=st.floats(allow_nan=False, allow_infinity=False),
)
def test_what_is_stored_reads_back_equal(text: str, seconds: float) -> None:
    event = ev.ClaimsWeighed(run_id=text, weighed={text: [text, seconds]}, seconds=seconds)
    stored = encode(event)
    assert decode(stored.type, stored.type_version, stored.payload) == event


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_without_a_json_form_are_refused(number: float) -> None:
    with pytest.raises(InputError, match="cannot be stored"):
        encode(ev.ClaimsWeighed(run_id="r", weighed={}, seconds=number))


def test_missing_numbers_in_free_form_data_become_null() -> None:
    stored = encode(ev.ClaimsWeighed(run_id="r", weighed={"q": [float("nan"), 1.5]}, seconds=1.0))
    assert decode(stored.type, stored.type_version, stored.payload) == ev.ClaimsWeighed(
        run_id="r", weighed={"q": [None, 1.5]}, seconds=1.0
    )
