"""Files that cannot be read, and models that name what is not there or join in a circle."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bad_input.bakery import MODEL, WHY, Bakery, assert_clean, csv, rows, told


@pytest.fixture
def bakery(tmp_path: Path) -> Bakery:
    return Bakery(tmp_path)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", ["0 bytes", "Write the file again"]),
        (csv(rows()).encode()[:-60], ["cut short", "Copy the file again"]),
        (csv(rows()).replace("oat", "süß").encode("latin-1"), ["not UTF-8", "line 3", "iconv"]),
    ],
    ids=["0 bytes", "truncated", "not UTF-8"],
)
def test_a_damaged_csv_is_named_with_its_fault_and_its_mend(bakery: Bakery, content: bytes, says: list[str]) -> None:
    bakery.data.write_bytes(content)
    answer = bakery.ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 2)
    for word in ["batches.csv", *says]:
        assert word in told(answer)
    bakery.left_nothing(answer)


def test_a_missing_file_is_named_with_what_is_there_instead(bakery: Bakery) -> None:
    (bakery.folder / "batch.csv").write_text(csv(rows()))
    answer = bakery.ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 2)
    assert "batches.csv" in told(answer)
    assert "batch.csv" in told(answer).replace("batches.csv", "")
    bakery.left_nothing(answer)


@pytest.mark.parametrize(
    ("column", "misspelt"), [("sum: burnt", "brunt"), ("column: oven", "ovn"), ("time: at", "att")]
)
def test_an_unknown_column_is_named_with_the_nearest(bakery: Bakery, column: str, misspelt: str) -> None:
    bakery.data.write_text(csv(rows()))
    key, right = column.split(": ")
    text = MODEL.format(place="files: batches.csv")
    bakery.model_file.write_text(text.replace(column, f"{key}: {misspelt}"))
    answer = bakery.ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 2)
    for word in ("'batches'", f"'{misspelt}'", right):
        assert word in told(answer)
    bakery.left_nothing(answer)


CYCLE = """
gemba: 1
name: circle
sources:
  a: {files: a.csv, time: at, key: [id], joins: [{to: b, by: {b_id: id}}]}
  b: {files: b.csv, key: [id], joins: [{to: c, by: {c_id: id}}]}
  c: {files: c.csv, key: [id], joins: [{to: a, by: {a_id: id}}]}
metrics:
  n: {source: a, count: rows}
"""
FAN_OUT = """
gemba: 1
name: fan
sources:
  orders: {files: orders.csv, time: at, key: [id]}
  lines: {files: lines.csv, time: at, key: [id], joins: [{to: orders, by: {order_id: id}}]}
dimensions:
  product: {source: lines, column: product}
metrics:
  orders: {source: orders, count: rows, where: [{dimension: product, values: [x]}]}
"""


@pytest.mark.parametrize(("text", "says"), [(CYCLE, ["circle"]), (FAN_OUT, ["many-to-one"])], ids=["cycle", "fan-out"])
def test_joins_that_would_count_rows_twice_are_refused_at_their_line(
    bakery: Bakery, text: str, says: list[str]
) -> None:
    answer = bakery.refuses_model(text)
    assert (answer.status, answer.exit_code) == ("failed", 2)
    assert "model.yaml:" in told(answer)
    for word in says:
        assert word in told(answer), told(answer)
    assert_clean(answer.model_dump_json())


def test_a_join_that_matches_several_rows_is_refused_before_it_multiplies(bakery: Bakery) -> None:
    """The model says many-to-one and the data does not hold it."""
    bakery.data.write_text(csv(rows()))
    (bakery.folder / "ovens.csv").write_text("id,hall\nA,1\nA,2\nB,1\nC,2\n")
    text = MODEL.format(place="files: batches.csv").replace(
        "key: [id]}", "key: [id], joins: [{to: ovens, by: {oven: id}}]}\n  ovens: {files: ovens.csv, key: [id]}"
    )
    bakery.model_file.write_text(text.replace("dimensions:\n", "dimensions:\n  hall: {source: ovens, column: hall}\n"))
    answer = bakery.ask("how much was baked last week by hall?")
    assert (answer.status, answer.exit_code) == ("failed", 2), told(answer)
    assert "ovens" in told(answer)
    bakery.left_nothing(answer)
