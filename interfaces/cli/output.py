"""What the command line prints: one JSON document or text on standard output, all else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from gemba.errors import GembaError, InvalidModelError, RefusedError
from gemba.insights.types import Answer

ALWAYS = ("status", "question", "text", "assumptions", "elapsed_ms")
BY_STATUS: dict[str, tuple[str, ...]] = {
    "answered": ("insight", "cache", "run_id"),
    "partial": ("insight", "cache", "run_id", "gaps", "limit"),
    "clarify": ("choices", "about"),
    "refused": ("reason", "missing", "nearest"),
    "failed": ("error", "run_id"),
}


def answer_data(answer: Answer) -> dict[str, Any]:
    """An answer in the contract's shape: the fields of its status and no others."""
    return answer.model_dump(mode="json", include={*ALWAYS, *BY_STATUS[answer.status]})


def print_json(data: Any) -> None:
    """Exactly one document."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False, default=str) + "\n")


def say(text: str) -> None:
    """Progress, for a person: standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


@contextmanager
def working() -> Iterator[Callable[[str], None]]:
    """A sign of life on standard error while the block runs, where a person watches. Yields what changes its text."""
    if not sys.stderr.isatty():
        yield lambda _text: None
        return
    from rich.console import Console
    from rich.markup import escape

    with Console(stderr=True).status("reading the question") as sign:
        yield lambda text: sign.update(escape(text))


def error_data(error: GembaError) -> dict[str, Any]:
    """An error as the answer it amounts to."""
    base: dict[str, Any] = {"question": None, "text": str(error), "assumptions": [], "elapsed_ms": 0}
    if isinstance(error, RefusedError):
        return {"status": "refused", **base, **_refusal(error)}
    facts: dict[str, Any] = {"kind": error.kind, "message": str(error), "hint": error.hint}
    if isinstance(error, InvalidModelError):
        facts["problems"] = list(error.problems)
    return {"status": "failed", **base, "error": facts}


def _refusal(error: RefusedError) -> dict[str, Any]:
    return {"reason": error.reason, "missing": error.missing, "nearest": list(error.nearest)}


def print_error(error: GembaError, *, as_json: bool) -> None:
    if as_json:
        print_json(error_data(error))
        return
    say(f"gemba: {error}")
    if error.hint:
        say(f"  {error.hint}")
