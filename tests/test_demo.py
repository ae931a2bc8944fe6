"""The demo does what it announces, from nothing to Dagit up, and everything it started can be stopped."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from gemba.settings import REPOSITORY

pytestmark = [pytest.mark.slow, pytest.mark.postgres, pytest.mark.timeout(600)]


@pytest.fixture
def environment() -> Iterator[dict[str, str]]:
    """A home of its own, directly under the temporary folder so that the server's user can reach it as root."""
    with tempfile.TemporaryDirectory(prefix="gemba-demo-", ignore_cleanup_errors=True) as home:
        variables = {name: value for name, value in os.environ.items() if not name.startswith(("GEMBA_", "DAGSTER_"))}
        variables |= {"GEMBA_HOME": home, "DAGSTER_DISABLE_TELEMETRY": "yes"}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)
        yield variables
        run(variables, "-m", "interfaces.cli.main", "down")


def run(variables: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=REPOSITORY, env=variables, capture_output=True, text=True, check=False)


def test_the_demo_does_the_main_job_and_can_be_stopped(environment: dict[str, str]) -> None:
    done = run(environment, "-m", "interfaces.demo")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    lines = {line.split(":", 1)[0]: line.split(":", 1)[1].strip() for line in done.stdout.splitlines() if ":" in line}
    with urllib.request.urlopen(lines["Dagit"].split("/assets")[0] + "/server_info") as answer:
        assert answer.status == 200
    select = subprocess.run(lines["SQL"], shell=True, capture_output=True, text=True, check=False)  # noqa: S602
    assert select.returncode == 0, select.stderr
    assert "Scrap rate of line 3" in select.stdout
    assert "<svg" in Path(lines["Page"]).read_text(encoding="utf-8")
    stopped = run(environment, "-m", "interfaces.cli.main", "down")
    assert stopped.returncode == 0
    home = environment["GEMBA_HOME"]
    left = [
        process
        for process in psutil.process_iter(["environ"])
        if (process.info["environ"] or {}).get("GEMBA_HOME") == home
    ]
    assert not left
