"""Published series: read without labels, scored in order, written as a scorer reads them."""

from __future__ import annotations

import csv
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gemba.bench.anomalies import scored_series
from gemba.errors import UnreadableFileError
from interfaces.cli.main import app


def series(path: Path, *, spike_at: int | None = 700, points: int = 800) -> None:
    rng = np.random.default_rng(3)
    start = datetime(2026, 3, 1, tzinfo=UTC)
    lines = ["timestamp,value"]
    for i, noise in enumerate(rng.normal(size=points)):
        value = noise + (15.0 if i == spike_at else 0.0)
        lines.append(f"{start + timedelta(minutes=5 * i):%Y-%m-%d %H:%M:%S},{value}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def test_the_command_writes_a_score_for_every_row(tmp_path: Path) -> None:
    series(tmp_path / "part" / "data" / "kind" / "one.csv")
    (tmp_path / "part" / "labels.json").mkdir()
    (tmp_path / "part" / "windows.json").mkdir()
    result = CliRunner().invoke(app, ["bench", "nab", str(tmp_path / "part"), "-o", str(tmp_path / "out")])
    assert result.exit_code == 0, result.output
    assert "a point" in result.stderr
    assert not result.stdout
    with (tmp_path / "out" / "kind" / "one.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 800
    assert all(0.0 <= float(row["anomaly_score"]) <= 1.0 for row in rows)
    assert float(rows[700]["anomaly_score"]) >= 0.5


def test_a_clock_set_back_is_read_and_a_missing_value_is_no_alarm(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(
        "timestamp,value\n2026-10-25 02:55:00,1\n2026-10-25 02:00:00,\n2026-10-25 03:00:00,2\n"
    )
    (only,) = scored_series(tmp_path)
    assert only.name == "a.csv"
    assert only.found.scores == (0.0, 0.0, 0.0)


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n", "timestamp,value\n", "timestamp,value\nnever,1\n", "timestamp,value\n2026-01-01,x\n"]
)
def test_an_unreadable_series_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(UnreadableFileError):
        list(scored_series(tmp_path))


def test_a_folder_without_series_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no series"):
        list(scored_series(tmp_path))
