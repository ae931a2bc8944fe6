"""`gemba bench ai4i` names drivers of every flag of a file, and none of a flag that comes at random."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from typer.testing import CliRunner

from interfaces.cli.main import app


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rng = np.random.default_rng(3)
    n = 3000
    heat, load = rng.normal(80, 10, n).round(1), rng.normal(40, 10, n).round(1)
    frame = pl.DataFrame(
        {
            "serial": [f"s{place}" for place in range(n)],
            "heat": heat,
            "load": load,
            "burnt": ((heat > 90) & (load > 45)).astype(int),
            "stray": (rng.permutation(n) < 12).astype(int),
        }
    )
    frame.write_csv(tmp_path / "failures.csv")
    return tmp_path / "failures.csv"


def test_flags_are_found_in_the_file_and_explained_by_the_other_columns(table: Path, tmp_path: Path) -> None:
    output = tmp_path / "out" / "predicted.json"
    done = CliRunner().invoke(app, ["bench", "ai4i", str(table), "-o", str(output)])
    assert done.exit_code == 0, done.output
    predicted = json.loads(output.read_text())
    assert set(predicted["burnt"]) == {"heat", "load"}
    assert predicted["stray"] == []
    details = json.loads(output.with_suffix(".details.json").read_text())
    assert details["burnt"]["rules"][0]["p"] < 0.001


def test_a_column_that_is_not_there_is_bad_input(table: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["bench", "ai4i", str(table), "-o", str(tmp_path / "p"), "--outcome", "melted"])
    assert "melted" in str(done.exception)
