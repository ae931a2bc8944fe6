"""What a question is read as: the tables beside this file, and properties that hold for any text."""

from __future__ import annotations

import time
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemba.questions.assemble import ANSWERED
from gemba.questions.describe import describe
from gemba.questions.key import question_key
from gemba.questions.types import question_from
from gemba.questions.vocabulary import Vocabulary
from tests.questions.worlds import FACTORY, NORTHWIND, STEEL, WORLDS, World, shorthand

HERE = Path(__file__).parent


def table(name: str, sign: str) -> list[tuple[str, list[str]]]:
    """Lines of a table with the world they stand under."""
    rows: list[tuple[str, list[str]]] = []
    world = ""
    for line in (HERE / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            world = line.strip("[]")
        elif line.strip() and not line.startswith("#"):
            rows.append((world, [part.strip() for part in line.split(sign)]))
    return rows


def key(world: World, text: str) -> str:
    resolution = world.ask(text)
    assert resolution.status == "answered", (text, resolution)
    return question_key(resolution.question, model=world.model, tenant="t")


@pytest.mark.parametrize(("world", "row"), table("plain.txt", "=>"), ids=lambda part: str(part)[:70])
def test_a_plain_question_is_read_exactly_so(world: str, row: list[str]) -> None:
    text, expected = row
    resolution = WORLDS[world].ask(text)
    assert resolution.status == "answered", resolution
    assert shorthand(resolution.question, WORLDS[world].model) == expected


@pytest.mark.parametrize(("world", "row"), table("refused.txt", "=>"), ids=lambda part: str(part)[:70])
def test_what_is_not_certain_is_refused_or_asked_back(world: str, row: list[str]) -> None:
    text, expected = row
    resolution = WORLDS[world].ask(text)
    if expected.startswith("clarify"):
        assert resolution.status == "clarify", resolution
        assert f"clarify {resolution.about}" == expected
        assert resolution.choices
        for choice in resolution.choices:
            assert choice.reading == describe(choice.question, model=WORLDS[world].model)
    else:
        assert resolution.status == "refused", resolution
        assert resolution.reason == expected
        assert resolution.missing


@pytest.mark.parametrize(("world", "texts"), table("near_misses.txt", "|"), ids=lambda part: str(part)[:90])
def test_texts_that_only_look_alike_do_not_share_an_answer(world: str, texts: list[str]) -> None:
    first, second = (WORLDS[world].ask(text) for text in texts)
    assert first.status == "answered"
    if second.status == "answered":
        assert key(WORLDS[world], texts[0]) != key(WORLDS[world], texts[1])


@pytest.mark.parametrize(("world", "texts"), table("paraphrases.txt", "|"), ids=lambda part: str(part)[:60])
def test_texts_that_ask_the_same_share_an_answer(world: str, texts: list[str]) -> None:
    assert len({key(WORLDS[world], text) for text in texts}) == 1


@pytest.mark.parametrize(("world", "row"), table("plain.txt", "=>"), ids=lambda part: str(part)[:70])
def test_one_word_more_that_nothing_knows_is_never_passed_over(world: str, row: list[str]) -> None:
    words = row[0].split()
    for at in (0, len(words) // 2, len(words)):
        text = " ".join([*words[:at], "zzyqx", *words[at:]])
        assert WORLDS[world].ask(text).status != "answered", text


def test_the_default_window_and_baseline_are_stated() -> None:
    resolution = FACTORY.ask("why did scrap rise on line 3")
    assert resolution.status == "answered"
    assert any("no time was said" in note and "2026-11-09 to 2026-11-15" in note for note in resolution.assumptions)
    assert any("no comparison was said" in note for note in resolution.assumptions)


def test_nothing_is_assumed_where_everything_was_said() -> None:
    text = "why did scrap rise on line 3 from 2026-11-09 to 2026-11-15 compared with 2026-11-02 to 2026-11-08"
    resolution = FACTORY.ask(text)
    assert resolution.status == "answered"
    assert resolution.assumptions == ()


def test_the_end_of_the_data_is_where_relative_words_are_read_from_and_is_stated() -> None:
    resolution = STEEL.ask("energy last month")
    assert resolution.status == "answered"
    assert "read from 2018-06-30, where the data ends" in resolution.assumptions
    dated = STEEL.ask("What was the energy in May 2018?")
    assert not any("where the data ends" in note for note in dated.assumptions)


def test_as_of_moves_relative_words() -> None:
    as_of = datetime.fromisoformat("2026-10-05T08:00+02:00")
    resolution = FACTORY.ask("scrap last week", as_of=as_of)
    assert resolution.status == "answered"
    assert shorthand(resolution.question, FACTORY.model) == "level scrap_rate | 2026-09-28..2026-10-04"


def test_a_misspelt_member_is_offered_with_its_reading_and_never_assumed() -> None:
    resolution = FACTORY.ask("why did scrap rise for Nordplst last week")
    assert resolution.status == "clarify"
    assert resolution.choices[0].reading == (
        "Why did scrap rate for supplier Nordplast rise, from 2026-11-09 to 2026-11-15, "
        "against 2026-11-02 to 2026-11-08?"
    )


def test_a_member_of_two_dimensions_is_asked_back() -> None:
    resolution = NORTHWIND.ask("revenue in Germany in 1997")
    assert resolution.status == "clarify"
    assert {choice.question.filters[0].dimension for choice in resolution.choices} == {"country", "supplier_country"}


def test_a_refusal_outside_the_data_says_what_the_data_covers() -> None:
    resolution = FACTORY.ask("scrap in 2024")
    assert resolution.status == "refused"
    assert "2026-05-01 to 2026-11-18" in resolution.missing


def test_a_dimension_that_a_metric_cannot_be_told_apart_by_is_named() -> None:
    resolution = FACTORY.ask("oee by product last week")
    assert resolution.status == "refused"
    assert "oee" in resolution.missing
    assert "product" in resolution.missing
    assert "line" in resolution.nearest


def test_a_personal_dimension_selects_only_with_a_known_member_and_never_groups() -> None:
    members = {**FACTORY.vocabulary.members, "operator": ("OP-001",)}
    knowing = World(FACTORY.model, Vocabulary(members, FACTORY.vocabulary.coverage), FACTORY.now)
    resolution = knowing.ask("scrap for operator OP-001 last week")
    assert resolution.status == "answered"
    grouped = knowing.ask("scrap by operator last week")
    assert grouped.status == "refused"
    assert grouped.reason == "not_permitted"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("what will scrap be next week", "forecast"),
        ("anything unusual in cycle time last week", "anomaly"),
        ("distribution of cycle time last week", "distribution"),
        ("capability of cycle time last week", "capability"),
        ("is cycle time capable on M03", "capability"),
        ("is scrap in control on line 3 last week", "capability"),
        ("what changed last week", "changes"),
        ("data quality of production last week", "quality"),
    ],
)
def test_every_kind_is_read_and_refused_with_its_typed_question_where_it_cannot_be_answered(
    text: str, kind: str
) -> None:
    resolution = FACTORY.ask(text)
    if kind in ANSWERED:
        assert resolution.status == "answered"
    else:
        assert resolution.status == "refused"
        assert resolution.reason == "unsupported"
    assert resolution.question is not None
    assert resolution.question.kind == kind


def test_a_typed_question_survives_json() -> None:
    resolution = FACTORY.ask("why did scrap rise on line 3 last week")
    assert resolution.status == "answered"
    again = question_from(resolution.question.model_dump_json())
    settings_ = {"model": FACTORY.model, "tenant": "t"}
    assert question_key(again, **settings_) == question_key(resolution.question, **settings_)


def test_a_vocabulary_survives_json() -> None:
    assert Vocabulary.from_json(NORTHWIND.vocabulary.to_json()) == NORTHWIND.vocabulary


@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS)
def test_the_names_of_the_model_are_read_as_themselves(world: World) -> None:
    for name in world.model.metrics:
        resolution = world.ask(f"{name} since 2018-05-01" if world is STEEL else f"{name} last month")
        assert resolution.status == "answered", (name, resolution)
        assert resolution.question.metric == name


@pytest.mark.parametrize(
    "text", ["x" * 100_000, "why " * 30_000, "line 3 and " * 90, "\x00\x01\x02", "(" * 900, "a" * 999, "3," * 450]
)
def test_long_or_odd_texts_are_refused_quickly(text: str) -> None:
    started = time.perf_counter()
    assert FACTORY.ask(text).status != "answered"
    assert time.perf_counter() - started < 2.0


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200))
def test_any_text_gets_a_resolution(text: str) -> None:
    assert FACTORY.ask(text).status in ("answered", "clarify", "refused")


_KNOWN = """why did does is was scrap oee output line 3 4 lines shift night by per each vs than compared with not
excluding last week month yesterday between and or , from to since until March 2026 Q3 top 5 highest worst
above 1500 speed % rest all other week 45 before the same year 12 May ? trend share of Kestrel jam P-101 how
much will -"""
_WORDS = st.sampled_from(_KNOWN.split())


@settings(max_examples=400, deadline=None)
@given(st.lists(_WORDS, max_size=14))
def test_any_order_of_known_words_gets_a_resolution_that_describes_itself(words: list[str]) -> None:
    resolution = FACTORY.ask(" ".join(words))
    if resolution.status == "answered":
        assert describe(resolution.question, model=FACTORY.model)
