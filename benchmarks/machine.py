"""Where and from what a figure was made: stands at the head of every result."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil

REPOSITORY = Path(__file__).resolve().parent.parent
RESULTS = REPOSITORY / "benchmarks" / "results"


def machine() -> str:
    """Processor count, memory and interpreter, in one line."""
    memory = psutil.virtual_memory().total / 2**30
    system = f"{platform.system()} {platform.machine()}"
    return f"{os.cpu_count()} cores, {memory:.0f} GiB, {system}, Python {platform.python_version()}"


def commit() -> str:
    """The commit measured; `+` after it: the tree had changes."""
    run = ["git", "-C", str(REPOSITORY)]
    head = subprocess.run([*run, "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=True).stdout
    changed = subprocess.run(
        [*run, "status", "--porcelain", "--untracked-files=no"], capture_output=True, text=True, check=True
    ).stdout
    return head.strip() + ("+" if changed.strip() else "")


def heading(title: str) -> str:
    """The head of a Markdown result: title, command, commit, machine, day."""
    command = " ".join(["python", "-m", _module(), *sys.argv[1:]])
    day = datetime.now(UTC).date().isoformat()
    return f"# {title}\n\n`{command}` at {commit()}, {day}. {machine()}.\n"


def write(name: str, text: str) -> Path:
    """Keep a result under `benchmarks/results`."""
    RESULTS.mkdir(parents=True, exist_ok=True)
    path = RESULTS / f"{name}.md"
    path.write_text(text, encoding="utf-8")
    return path


def _module() -> str:
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    return spec.name if spec is not None else Path(sys.argv[0]).stem
