"""Root-cause cases: two formats told by their columns, answers never opened, predictions as a scorer reads them."""

from __future__ import annotations

import gzip
import json
import lzma
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from gemba.bench.root_causes import predictions
from gemba.errors import UnreadableFileError
from interfaces.cli.main import app


def forecast_case(path: Path) -> None:
    """A leaf a row; everything in city c2 fell by half."""
    rng = np.random.default_rng(1)
    lines = ["city,shop,real,predict"]
    for city, shop in product(range(6), range(30)):
        predicted = rng.lognormal(4.0, 1.0)
        real = predicted * rng.normal(0.5 if city == 2 else 1.0, 0.03)
        lines.append(f"c{city},s{shop},{real},{predicted}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(lzma.compress("\n".join(lines).encode()))


def minutes_case(path: Path) -> int:
    """A leaf and minute a row; from minute 600 on the failures on line l1 rose. Returns the minute."""
    rng = np.random.default_rng(2)
    lines = ["min,value,cnt,line,shift"]
    for minute, line, shift in product(range(0, 660, 60), range(5), range(6)):
        rate = 0.4 if minute == 600 and line == 1 else 0.02
        lines.append(f"{minute},{rng.binomial(300, rate)},300,l{line},{shift}")
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    return 600


def test_both_formats_are_read_and_localised(tmp_path: Path) -> None:
    forecast_case(tmp_path / "deep" / "17.csv.xz")
    alarm = minutes_case(tmp_path / "case one.csv.gz")
    (tmp_path / "alarms.json").write_text(json.dumps([{"data": "case one", "timestamp": alarm}]))
    found = {one.name: one.found for one in predictions(tmp_path)}
    assert found == {"case one": ("line=l1",), "deep/17": ("city=c2",)}


def test_answers_are_never_opened(tmp_path: Path) -> None:
    forecast_case(tmp_path / "17.csv.xz")
    (tmp_path / "injection_info.csv").mkdir()
    (tmp_path / "labels.json").mkdir()
    assert [one.name for one in predictions(tmp_path)] == ["17"]


def test_the_command_writes_one_list_of_segments_a_case(tmp_path: Path) -> None:
    forecast_case(tmp_path / "cases" / "17.csv.xz")
    out = tmp_path / "made" / "found.json"
    result = CliRunner().invoke(app, ["bench", "rca", str(tmp_path / "cases"), "-o", str(out)])
    assert result.exit_code == 0
    assert json.loads(out.read_text()) == {"17": ["city=c2"]}
    assert "17: " in result.stderr
    assert not result.stdout


def test_a_case_that_cannot_be_localised_has_no_segment_and_a_reason(tmp_path: Path) -> None:
    (tmp_path / "1.csv").write_text("a,b,real,predict\nx,y,1,0\nx,z,2,0\n")
    (only,) = predictions(tmp_path)
    assert only.found == ()
    assert "at least 8" in only.refusal


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "min,value,cnt,a\n0,1,2,x\n"], ids=["no values", "no alarm"])
def test_an_unknown_format_is_an_error(tmp_path: Path, content: str) -> None:
    (tmp_path / "1.csv").write_text(content)
    with pytest.raises(UnreadableFileError):
        list(predictions(tmp_path))


def test_a_folder_without_cases_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFileError, match="no case files"):
        list(predictions(tmp_path))
