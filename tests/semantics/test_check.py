"""A model against its data: what does not fit is told, and what fits can be asked."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gemba.evidence.warehouse import SourceWarehouse
from gemba.questions.resolve import resolve
from gemba.questions.vocabulary import vocabulary_from
from gemba.semantics.check import check_model
from gemba.semantics.load import load_model
from gemba.semantics.model import SemanticModel
from gemba.semantics.suggest import suggested_questions

MODEL = """\
name: plant
sources:
  runs: {files: runs.csv, key: [id], time: at, partition: day, joins: [{to: machines, by: {machine: id}}]}
  machines: {files: machines.csv, key: [id]}
dimensions:
  line: {source: machines, column: line, members: {A: [first line]}}
  shift: {source: runs, column: shift}
metrics:
  pieces: {source: runs, sum: pieces, better: higher}
  scrap: {source: runs, sum: scrap, better: lower}
  scrap_rate: {ratio: [scrap, pieces], unit: "%", better: lower, matters: 0.5}
  speed: {source: runs, mean: pieces / hours}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = ["id,at,machine,shift,pieces,scrap,hours"]
    for day in range(1, 91):
        month, rest = divmod(day - 1, 30)
        for machine in (1, 2, 3):
            shift = "early" if (day + machine) % 2 else "late"
            stamp = f"2026-0{month + 1}-{min(rest + 1, 28):02d} 0{machine}:00"
            rows.append(f"{day * 10 + machine},{stamp},{machine},{shift},{100 + day},{day % 7},{machine}")
    (tmp_path / "runs.csv").write_text("\n".join(rows) + "\n")
    (tmp_path / "machines.csv").write_text("id,line\n1,A\n2,A\n3,B\n")
    return tmp_path


def model_in(folder: Path, text: str = MODEL) -> SemanticModel:
    (folder / "m.yaml").write_text(text)
    return load_model(folder / "m.yaml")


def told(folder: Path, text: str = MODEL) -> str:
    return "\n".join(str(problem) for problem in check_model(model_in(folder, text), SourceWarehouse()))


def test_a_model_that_fits_has_no_problem(folder: Path) -> None:
    assert told(folder) == ""


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("column: shift", "column: shft", "shft"),
        ("sum: scrap,", "sum: scrapped,", "scrapped"),
        ("pieces / hours", "pieces / minutes", "minutes"),
        ("files: machines.csv", "files: machine.csv", "machine.csv"),
        ("members: {A: [first line]}", "members: {C: [third line]}", "'C' does not occur"),
        ("key: [id], time: at", "key: [shift], time: at", "repeat a key of shift"),
        ("time: at", "time: stamped", "stamped"),
    ],
)
def test_what_does_not_fit_is_told(folder: Path, old: str, new: str, what: str) -> None:
    assert old in MODEL
    assert what in told(folder, MODEL.replace(old, new, 1))


def test_a_file_that_is_empty_or_not_utf8_is_told(folder: Path) -> None:
    (folder / "machines.csv").write_bytes(b"")
    assert "machines" in told(folder)
    (folder / "machines.csv").write_bytes(b"id,line\n1,\xe9\n2,A\n3,B\n")
    assert "UTF-8" in told(folder)


def test_suggested_questions_are_read_by_the_resolver(folder: Path) -> None:
    model = model_in(folder)
    vocabulary = vocabulary_from(model, SourceWarehouse())
    as_of = vocabulary.coverage["runs"].last
    assert as_of is not None
    questions = suggested_questions(model, members=vocabulary.members, as_of=as_of)
    assert 8 <= len(questions) <= 12
    assert any("line" in question for question in questions)
    now = datetime(2026, 11, 1, tzinfo=UTC)
    read = {text: resolve(text, model=model, vocabulary=vocabulary, as_of=as_of, now=now).status for text in questions}
    assert set(read.values()) == {"answered"}, read


def test_suggested_questions_name_no_person(folder: Path) -> None:
    model = model_in(
        folder, MODEL.replace("{source: runs, column: shift}", "{source: runs, column: shift, personal: true}")
    )
    members = {"shift": ("early", "late"), "line": ("A", "B")}
    questions = suggested_questions(model, members=members, as_of=datetime(2026, 3, 31, tzinfo=UTC))
    assert not any("early" in question or "late" in question for question in questions)


def test_a_country_without_known_holidays_is_a_warning(folder: Path) -> None:
    (folder / "model.yaml").write_text(MODEL.replace("name: plant\n", "name: plant\ncountry: XX\n"))
    (problem,) = check_model(load_model(folder / "model.yaml"), SourceWarehouse())
    assert problem.path == ("country",)
    assert problem.severity == "warning"
    (folder / "model.yaml").write_text(MODEL.replace("name: plant\n", "name: plant\ncountry: KR\n"))
    assert check_model(load_model(folder / "model.yaml"), SourceWarehouse()) == ()
