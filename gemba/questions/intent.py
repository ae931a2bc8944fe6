"""Which kind of question the words ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gemba.questions.said import Sketch
from gemba.questions.types import Direction
from gemba.questions.when import Default


class WorkingBothWaysError(Exception):
    """Words of a question that point up and down at once, or to better without the model saying which that is."""


@dataclass(frozen=True, slots=True)
class Intent:
    """`default_window` if none is said; `groups_mentioned`: a dimension named without `by` means a grouping;
    `note` is the assumption behind the kind, if the text did not say it."""

    kind: str
    default_window: Default = "month"
    groups_mentioned: bool = False
    note: str = ""


_SPECIAL = ("compound", "association", "drivers", "anomaly", "capability", "distribution", "quality", "changes")


def intent_of(said: Sketch) -> Intent:
    """The kind, most specific words first."""
    kinds = set(said.kinds)
    for kind in _SPECIAL:
        if kind in kinds:
            return Intent(kind, "weeks" if kind == "association" else "month")
    if "forecast" in kinds or said.future:
        return Intent("forecast", "weeks")
    held_against = bool(said.other_times or said.other_side or said.rest)
    if "why" in kinds:
        return Intent("why", "week")
    if "share" in kinds:
        return Intent("share", groups_mentioned=True)
    if said.ranks:
        return Intent("top", groups_mentioned=True)
    if said.steps:
        windows: dict[str, Default] = {"hour": "week", "day": "month", "month": "months"}
        return Intent("trend", windows.get(said.steps[0], "weeks"))
    if "trend" in kinds:
        return Intent("trend", "weeks")
    if held_against:
        return Intent("compare", "week")
    grouped = bool(said.groups or said.mentioned)
    if ("compare" in kinds or "breakdown" in kinds) and grouped and len(said.times) < 2:
        return Intent("level", groups_mentioned=True, note=f"read as the level of each {_first(said)}")
    if said.moves or "compare" in kinds:
        return Intent("compare", "week")
    if "breakdown" in kinds:
        return Intent("level")
    note = "" if "level" in kinds or said.asks_member else "read as a question for the level"
    return Intent("level", groups_mentioned=False, note=note)


def _first(said: Sketch) -> str:
    return [*said.groups, *said.mentioned][0].replace("_", " ")


def direction_of(moves: Sequence[str], better: str | None) -> Direction | None:
    """Up or down from the verbs; better and worse by what the model calls better.

    Raises:
        WorkingBothWaysError: The words contradict each other, or the model does not say what is better.
    """
    found: set[Direction] = set()
    for move in moves:
        if move == "up":
            found.add("up")
        elif move == "down":
            found.add("down")
        elif move in ("better", "worse"):
            if better is None:
                raise WorkingBothWaysError(
                    f"the model does not say whether higher or lower is better, so '{move}' has no direction"
                )
            found.add("up" if (better == "higher") == (move == "better") else "down")
    if len(found) > 1:
        raise WorkingBothWaysError("the question asks for a rise and a fall at once")
    return found.pop() if found else None
