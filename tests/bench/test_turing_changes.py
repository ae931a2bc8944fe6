"""Published change points: series read, answers never opened, predictions as the scorer reads them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gemba.bench.turing_changes import predictions, read_series
from gemba.errors import UnreadableFileError
from interfaces.cli.main import app


def series(path: Path, *, rows: int = 100) -> None:
    """A step at row 60, one value missing."""
    values = np.random.default_rng(1).normal(size=rows) + 8.0 * (np.arange(rows) >= 60)
    raw = [None if row == 30 else float(value) for row, value in enumerate(values)]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"n_obs": rows, "time": {"index": list(range(rows))}, "series": [{"raw": raw}]}))


def test_missing_values_are_read_as_missing(tmp_path: Path) -> None:
    series(tmp_path / "a.json")
    values, time = read_series(tmp_path / "a.json")
    assert values.shape == (100, 1)
    assert np.flatnonzero(np.isnan(values[:, 0])).tolist() == [30]
    assert time[-1] == 99


def test_answers_are_never_opened(tmp_path: Path) -> None:
    series(tmp_path / "a.json")
    (tmp_path / "annotations.json").mkdir()
    assert [(one.name, one.found) for one in predictions(tmp_path)] == [("a", (60,))]


def test_the_command_writes_one_list_of_rows_a_series(tmp_path: Path) -> None:
    series(tmp_path / "in" / "a.json")
    series(tmp_path / "in" / "short.json", rows=10)
    out = tmp_path / "made" / "found.json"
    result = CliRunner().invoke(app, ["bench", "tcpd", str(tmp_path / "in"), "-o", str(out)])
    assert result.exit_code == 0
    assert json.loads(out.read_text()) == {"a": [60], "short": []}
    assert "a: " in result.stderr
    assert "at least 20" in result.stderr
    assert not result.stdout


def test_an_unknown_format_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1, 2]")
    with pytest.raises(UnreadableFileError, match="Turing"):
        list(predictions(tmp_path))


def test_a_folder_without_series_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no series"):
        list(predictions(tmp_path))
