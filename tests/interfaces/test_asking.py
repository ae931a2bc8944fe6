"""`gemba ask` and `gemba resolve` as commands: one document on standard output, and the contract's exit codes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bad_input.bakery import HEADER, csv, rows
from tests.interfaces.conftest import Command

pytestmark = pytest.mark.postgres

WHY = "Why did the burnt rate rise last week?"
ALWAYS = {"status", "question", "text", "assumptions", "elapsed_ms"}


def test_an_answer_has_the_fields_of_its_status_and_no_others(answered: Any) -> None:
    assert set(answered) == ALWAYS | {"insight", "cache", "run_id"}
    assert (answered["status"], answered["cache"]) == ("answered", "miss")
    assert answered["insight"]["claims"][0]["segment"][0]["values"] == ["B"]


def test_asked_again_it_comes_from_the_cache(gemba: Command, answered: Any) -> None:
    again = gemba("ask", "what drove the increase of the burnt rate last week?", "-m", "bakery", "--json")
    assert (again.code, again.data["cache"]) == (0, "hit")
    assert again.data["insight"]["id"] == answered["insight"]["id"]


def test_for_a_person_it_is_text(gemba: Command, answered: Any) -> None:
    ran = gemba("ask", WHY, "-m", "bakery.yaml")
    assert ran.code == 0
    assert "oven B" in ran.out
    assert "from the cache" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


@pytest.mark.parametrize(
    ("text", "code", "status", "adds"),
    [
        ("Why did burnt loaves rise for bread ryee last week?", 3, "clarify", {"choices", "about"}),
        ("Why did customer satisfaction fall last week?", 4, "refused", {"reason", "missing", "nearest"}),
        ("how much was baked in 2031?", 4, "refused", {"reason", "missing", "nearest"}),
    ],
)
def test_what_is_not_answered_says_so_by_status_and_exit_code(
    gemba: Command, answered: Any, text: str, code: int, status: str, adds: set[str]
) -> None:
    asked = gemba("ask", text, "-m", "bakery.yaml", "--json")
    assert (asked.code, asked.data["status"]) == (code, status)
    assert set(asked.data) == ALWAYS | adds
    read = gemba("resolve", text, "-m", "bakery.yaml", "--json")
    assert (read.code, read.data["status"]) == (code, status)


def test_a_reading_is_chosen_by_its_number(gemba: Command, answered: Any) -> None:
    text = "Why did burnt loaves rise for bread ryee last week?"
    ran = gemba("ask", text, "-m", "bakery.yaml", "--choose", "1", "--json")
    assert ran.code in (0, 5), ran.out
    assert ran.data["question"]["filters"][0]["values"] == ["rye"]
    wrong = gemba("ask", text, "-m", "bakery.yaml", "--choose", "9", "--json")
    assert (wrong.code, wrong.data["error"]["kind"]) == (2, "bad_input")


def test_a_gap_makes_the_answer_partial(gemba: Command, folder: Path) -> None:
    (folder / "zero.csv").write_text(csv(rows(baked=0)))
    text = (folder / "bakery.yaml").read_text().replace("batches.csv", "zero.csv").replace("name: bakery", "name: zero")
    (folder / "zero.yaml").write_text(text)
    ran = gemba("ask", "what was the burnt rate last week?", "-m", "zero.yaml", "--json")
    assert (ran.code, ran.data["status"]) == (5, "partial")
    assert set(ran.data) == ALWAYS | {"insight", "cache", "run_id", "gaps", "limit"}


@pytest.mark.parametrize(
    ("content", "code", "kind"),
    [("", 2, "unreadable_file"), (HEADER + "\n", 4, None)],
    ids=["0 bytes", "empty table"],
)
def test_data_that_cannot_be_used_leaves_nothing(
    gemba: Command, folder: Path, content: str, code: int, kind: str | None
) -> None:
    name = f"damaged{code}"
    (folder / f"{name}.csv").write_text(content)
    text = (folder / "bakery.yaml").read_text().replace("batches.csv", f"{name}.csv")
    (folder / f"{name}.yaml").write_text(text.replace("name: bakery", f"name: {name}"))
    ran = gemba("ask", WHY, "-m", f"{name}.yaml", "--json", "--tenant", name)
    assert ran.code == code
    if kind is not None:
        assert ran.data["error"]["kind"] == kind
        assert ran.data["error"]["hint"]
    assert gemba("insights", "list", "--all", "--json", "--tenant", name).data == []


def test_a_source_that_is_down_is_a_failure_without_a_password(gemba: Command, folder: Path) -> None:
    place = "connection: 'postgresql+psycopg://ann:s3cret@127.0.0.1:1/x', table: batches"
    text = (folder / "bakery.yaml").read_text().replace("files: batches.csv", place)
    (folder / "down.yaml").write_text(text.replace("name: bakery", "name: down"))
    ran = gemba("ask", WHY, "-m", "down.yaml", "--json")
    assert (ran.code, ran.data["error"]["kind"]) == (1, "source_unavailable")
    assert "trying again" in ran.err


def test_our_own_server_being_down_is_said(gemba: Command) -> None:
    url = "postgresql://ann:s3cret@127.0.0.1:1/gemba"
    ran = gemba("ask", WHY, "-m", "bakery.yaml", "--json", GEMBA_DATABASE_URL=url)
    assert (ran.code, ran.data["error"]["kind"]) == (1, "source_unavailable")
    assert "127.0.0.1" in ran.data["text"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ask", WHY, "-m", "nowhere.yaml"), "nowhere.yaml"),
        (("ask", WHY, "-m", "no_such_model"), "gemba model infer"),
        (("ask", WHY), "model"),
        (("ask", WHY, "-m", "bakery.yaml", "--frehs"), "--frehs"),
        (("ask", WHY, "-m", "bakery.yaml", "--as-of", "yesterday"), "ISO 8601"),
        (("resolve", "-m", "bakery.yaml"), "--batch"),
        (("frobnicate",), "frobnicate"),
    ],
)
def test_bad_usage_exits_with_2_and_says_what_is_wrong(gemba: Command, arguments: tuple[str, ...], says: str) -> None:
    ran = gemba(*arguments)
    assert ran.code == 2
    assert says in ran.err
    assert ran.out == ""


def test_an_invalid_model_names_every_problem_with_its_line(gemba: Command, folder: Path) -> None:
    (folder / "broken.yaml").write_text((folder / "bakery.yaml").read_text().replace("[burnt, baked]", "[brunt, bakd]"))
    ran = gemba("ask", WHY, "-m", "broken.yaml", "--json")
    assert (ran.code, ran.data["error"]["kind"]) == (2, "invalid_model")
    problems = ran.data["error"]["problems"]
    assert len(problems) == 2
    assert all(problem.startswith("broken.yaml:") for problem in problems), problems


def test_a_batch_keeps_its_order_and_survives_bad_lines(gemba: Command, folder: Path) -> None:
    lines = [
        json.dumps({"id": 1, "text": WHY}),
        "not json",
        json.dumps({"id": "three", "text": "Why did joy fall last week?"}),
        json.dumps(["no", "object"]),
        json.dumps({"id": 5, "text": WHY, "as_of": "never"}),
        json.dumps({"id": 6, "text": "how much was baked last week?", "as_of": "2024-03-04T08:00"}),
    ]
    (folder / "batch.jsonl").write_text("\n".join(lines) + "\n")
    ran = gemba("resolve", "--batch", "batch.jsonl", "-m", "bakery.yaml", "--json")
    assert ran.code == 0
    found = [json.loads(line) for line in ran.out.splitlines()]
    assert [one["id"] for one in found] == [1, None, "three", None, 5, 6]
    assert [one["status"] for one in found] == ["answered", "failed", "refused", "failed", "failed", "answered"]
    assert found[5]["question"]["window"]["start"].startswith("2024-02-26")
    assert gemba("resolve", "--batch", "nothing.jsonl", "-m", "bakery.yaml").code == 2
