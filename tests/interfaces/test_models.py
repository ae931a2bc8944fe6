"""From a file to a model to questions that can be asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.interfaces.conftest import Command

pytestmark = pytest.mark.postgres


def test_a_drafted_model_is_sound_and_its_suggestions_can_be_asked(gemba: Command, folder: Path) -> None:
    drafted = gemba("model", "infer", "batches.csv", "-o", "draft.yaml", "--json")
    assert drafted.code == 0, drafted.err
    assert drafted.data["metrics"] > 0
    checked = gemba("model", "check", "draft.yaml", "--json")
    assert checked.code == 0, checked.out
    suggested = gemba("model", "questions", "draft.yaml", "--json").data["questions"]
    assert len(suggested) >= 5
    import json

    lines = [json.dumps({"id": number, "text": text}) for number, text in enumerate(suggested)]
    (folder / "suggested.jsonl").write_text("\n".join(lines))
    read = gemba("resolve", "--batch", "suggested.jsonl", "-m", "draft.yaml", "--json")
    unread = [one for one in map(json.loads, read.out.splitlines()) if one["status"] != "answered"]
    assert unread == []


def test_an_existing_model_is_never_overwritten(gemba: Command, folder: Path) -> None:
    before = (folder / "bakery.yaml").read_text()
    ran = gemba("model", "infer", "batches.csv", "-o", "bakery.yaml", "--json")
    assert (ran.code, ran.data["error"]["kind"]) == (2, "bad_input")
    assert (folder / "bakery.yaml").read_text() == before


def test_a_draft_from_a_damaged_file_writes_nothing(gemba: Command, folder: Path) -> None:
    (folder / "nothing.csv").write_bytes(b"")
    ran = gemba("model", "infer", "nothing.csv", "-o", "nothing.yaml", "--json")
    assert ran.code == 2
    assert not (folder / "nothing.yaml").exists()


def test_a_model_that_names_what_the_source_does_not_have_is_told(gemba: Command, folder: Path) -> None:
    text = (folder / "bakery.yaml").read_text().replace("sum: burnt", "sum: brunt")
    (folder / "brunt.yaml").write_text(text)
    ran = gemba("model", "check", "brunt.yaml", "--json")
    assert ran.code == 2
    assert any("brunt" in problem["problem"] and problem["severity"] == "error" for problem in ran.data["problems"])


def test_a_join_that_repeats_rows_is_found_by_the_check(gemba: Command, folder: Path) -> None:
    (folder / "ovens.csv").write_text("id,hall\nA,1\nA,2\nB,1\nC,2\n")
    text = (
        (folder / "bakery.yaml")
        .read_text()
        .replace(
            "key: [id]}", "key: [id], joins: [{to: ovens, by: {oven: id}}]}\n  ovens: {files: ovens.csv, key: [id]}"
        )
    )
    (folder / "halls.yaml").write_text(
        text.replace("dimensions:\n", "dimensions:\n  hall: {source: ovens, column: hall}\n")
    )
    ran = gemba("model", "check", "halls.yaml", "--json")
    assert ran.code == 2, ran.out
    assert any("ovens" in problem["problem"] for problem in ran.data["problems"])
