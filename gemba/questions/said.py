"""What the pieces of a question say together, and why a piece may have no place in it."""

from __future__ import annotations

from dataclasses import dataclass, field

from gemba.questions.time import TimePhrase
from gemba.questions.types import Predicate


class UnclaimedError(Exception):
    """A piece that has no place in the question."""

    def __init__(self, start: int, end: int) -> None:
        self.start = start
        self.end = end
        super().__init__(f"tokens {start} to {end} have no place")


class UnknownMemberError(Exception):
    """Tokens that stand where a member of `dimension` should stand."""

    def __init__(self, dimension: str, start: int, end: int) -> None:
        self.dimension = dimension
        self.start = start
        self.end = end
        super().__init__(f"no member of {dimension}")


class NotExpressibleError(Exception):
    """Understood, but outside what a typed question can say."""


@dataclass(slots=True)
class Sketch:
    """Everything said. `side_by_side`: two times without a word that joins them."""

    kinds: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    filters: list[Predicate] = field(default_factory=list)
    metric_filters: list[Predicate] = field(default_factory=list)
    other_side: list[Predicate] = field(default_factory=list)
    rest: bool = False
    groups: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    times: list[TimePhrase] = field(default_factory=list)
    side_by_side: bool = False
    other_times: list[TimePhrase] = field(default_factory=list)
    moves: list[str] = field(default_factory=list)
    ranks: list[str] = field(default_factory=list)
    parts: list[str] = field(default_factory=list)
    asks_member: bool = False
    limit: int | None = None
    future: bool = False
    mentioned: list[str] = field(default_factory=list)
    units: list[str] = field(default_factory=list)
    inexact: list[tuple[str, str]] = field(default_factory=list)
