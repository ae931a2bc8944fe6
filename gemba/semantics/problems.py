"""What is wrong with a model: where, what, and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz, process


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong. `path` leads to it from the top of the model, for example `("metrics", "scrap", "sum")`.

    A `warning` leaves the model usable: some questions will have no answer.
    """

    path: tuple[str | int, ...]
    what: str
    mend: str
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        warning = "warning: " if self.severity == "warning" else ""
        return f"{warning}{'.'.join(str(step) for step in self.path)}: {self.what}. {self.mend}"


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` is most likely a misspelling of; None where nothing is close."""
    match = process.extractOne(name, list(known), scorer=fuzz.ratio, processor=str.lower, score_cutoff=60)
    return None if match is None else match[0]


def suggestion(name: str, known: Iterable[str], *, what: str) -> str:
    """A mend for an unknown name: the nearest known one, or the list of them."""
    names = tuple(known)
    close = nearest(name, names)
    if close is not None:
        return f"Did you mean {close!r}?"
    if not names:
        return f"The model has no {what} yet: add one."
    shown = ", ".join(names[:12]) + (", …" if len(names) > 12 else "")
    return f"Known {what}: {shown}."
