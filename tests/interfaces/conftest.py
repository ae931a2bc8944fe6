"""The real command, in processes of its own, with a home of its own and the test server behind it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gemba.settings import REPOSITORY
from tests.bad_input.bakery import MODEL, assert_clean, csv, rows


@dataclass(frozen=True)
class Ran:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document of standard output."""
        return json.loads(self.out)


@dataclass(frozen=True)
class Command:
    """Runs `gemba` in a folder."""

    folder: Path
    environment: dict[str, str]

    def __call__(self, *arguments: str, timeout: float = 120, **environment: str) -> Ran:
        done = subprocess.run(
            [sys.executable, "-m", "interfaces.cli.main", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert_clean(done.stdout + done.stderr)
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def folder() -> Iterator[Path]:
    """A folder with a sound model and its data."""
    with tempfile.TemporaryDirectory(prefix="gemba-cli-") as name:
        folder = Path(name)
        (folder / "batches.csv").write_text(csv(rows()))
        (folder / "bakery.yaml").write_text(MODEL.format(place="files: batches.csv"))
        yield folder


@pytest.fixture(scope="session")
def gemba(folder: Path, new_database: Callable[[str], str]) -> Command:
    """The command with the test server as its own; the schema is brought up by the command itself."""
    left_out = ("GEMBA_", "DAGSTER_", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    return Command(
        folder,
        {
            **kept,
            "GEMBA_HOME": str(folder / "home"),
            "GEMBA_DATABASE_URL": new_database("cli"),
            "PYTHONPATH": str(REPOSITORY),
            "COLUMNS": "100",
        },
    )


@pytest.fixture(scope="session")
def answered(gemba: Command) -> Any:
    """One investigation, run by the command; the answer as `--json` gave it."""
    ran = gemba("ask", "Why did the burnt rate rise last week?", "-m", "bakery.yaml", "--json")
    assert ran.code == 0, ran.err
    return ran.data
