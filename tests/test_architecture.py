"""Rules about the code itself: imports point down, heavy imports stay out of the hot path, files stay small."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGES = ("gemba", "assets", "resources", "sensors", "pipelines", "interfaces")
MOST_LINES = 400
HEAVY = ("dagster", "great_expectations", "pandas", "statsmodels", "altair", "vl_convert", "scipy.stats", "duckdb")


def sources() -> list[Path]:
    return sorted(path for package in PACKAGES for path in (REPOSITORY / package).rglob("*.py"))


def test_imports_point_down() -> None:
    """The contracts in pyproject.toml: layers, and a core without Dagster and Great Expectations."""
    linter = Path(sys.executable).with_name("lint-imports")
    result = subprocess.run([linter, "--no-cache"], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize("module", ["interfaces.cli.main", "interfaces.cli.asking", "gemba.asking", "gemba.freshness"])
def test_a_cached_answer_imports_nothing_heavy(module: str) -> None:
    program = f"import sys, {module}; print('\\n'.join(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    loaded = set(result.stdout.split())
    assert not loaded.intersection(HEAVY)


def test_modules_stay_small() -> None:
    long = {str(path.relative_to(REPOSITORY)): n for path in sources() if (n := _lines(path)) > MOST_LINES}
    assert not long, "look for the second idea in each"


def test_no_module_is_a_drawer() -> None:
    drawers = {"utils", "util", "helpers", "misc", "common", "manager"}
    assert not [path for path in sources() if path.stem in drawers]


def test_every_package_module_has_a_docstring() -> None:
    bare = [str(path) for path in sources() if path.name != "__init__.py" and not path.read_text().startswith('"""')]
    assert not bare


def _lines(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())
