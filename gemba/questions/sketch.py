"""What the pieces of a question say together, before it is decided which kind of question that is.

The walk goes over the pieces once. Each piece must find its place: a piece that has none is refused by its words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from gemba.questions.cover import Dimension, Grammar, Meaning, Metric, Number, Piece, Segment, Time, Unknown
from gemba.questions.time import TimePhrase
from gemba.questions.types import Predicate
from gemba.semantics.model import SemanticModel


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
    """Everything said. `pairs`: segments of one dimension that stand against each other."""

    kinds: list[str] = field(default_factory=list)
    metrics: list[str] = field(default_factory=list)
    filters: list[Predicate] = field(default_factory=list)
    metric_filters: list[Predicate] = field(default_factory=list)
    other_side: list[Predicate] = field(default_factory=list)
    rest: bool = False
    groups: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    times: list[TimePhrase] = field(default_factory=list)
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


def sketch(pieces: Sequence[Piece], words: Callable[[int, int], str], model: SemanticModel) -> Sketch:
    """Walk the pieces.

    Raises:
        UnclaimedError, UnknownMemberError, NotExpressibleError: A piece without a place.
    """
    return _Walk(pieces, words, model).run()


class _Walk:
    def __init__(self, pieces: Sequence[Piece], words: Callable[[int, int], str], model: SemanticModel) -> None:
        self.pieces = [piece for piece in pieces if not _is_filler(piece.meaning)]
        self.words = words
        self.model = model
        self.said = Sketch()
        self.at = 0
        self.comparing = any(
            isinstance(piece.meaning, Grammar)
            and (piece.meaning.value("than") is not None or piece.meaning.value("kind") == "compare")
            for piece in self.pieces
        )
        self.side = 0  # 0: what is asked about; 1: what it is held against

    def run(self) -> Sketch:
        while self.at < len(self.pieces):
            before = self.at
            self._step(self.pieces[self.at].meaning)
            assert self.at > before, "every step moves on"
        return self.said

    def _meaning(self, at: int) -> Meaning | None:
        return self.pieces[at].meaning if 0 <= at < len(self.pieces) else None

    def _role(self, at: int, role: str) -> str | None:
        meaning = self._meaning(at)
        return meaning.value(role) if isinstance(meaning, Grammar) else None

    def _skip(self, at: int, *roles: str) -> int:
        while any(self._role(at, role) is not None for role in roles):
            at += 1
        return at

    def _comparison(self, at: int) -> int:
        """Past `is` and prepositions, up to a word that compares with a number."""
        while self._role(at, "is") is not None or self._role(at, "prep") is not None:
            if self._role(at, "compare") is not None and isinstance(self._meaning(at + 1), Number):
                break
            at += 1
        return at

    def _unclaimed(self) -> UnclaimedError:
        piece = self.pieces[self.at]
        return UnclaimedError(piece.start, piece.end)

    def _step(self, meaning: Meaning) -> None:
        if isinstance(meaning, Metric):
            self._metric(meaning)
        elif isinstance(meaning, Segment):
            self._segments(negated=False)
        elif isinstance(meaning, Time):
            self._time(meaning)
        elif isinstance(meaning, Dimension):
            self._dimension(meaning)
        elif isinstance(meaning, Number):
            self._number(meaning)
        elif isinstance(meaning, Grammar):
            self._grammar(meaning)
        else:
            assert isinstance(meaning, Unknown)
            raise self._unclaimed()

    def _metric(self, metric: Metric) -> None:
        if self._predicate(self._comparison(self.at + 1), metric=metric.name):
            if metric.name not in self.said.metrics:
                self.said.metrics.append(metric.name)
            return
        if metric.name not in self.said.metrics:
            self.said.metrics.append(metric.name)
        if not metric.exact:
            piece = self.pieces[self.at]
            self.said.inexact.append((self.words(piece.start, piece.end), metric.name))
        self.at += 1

    def _time(self, time: Time) -> None:
        said = self.said
        listed = self._role(self.at - 1, "and") is not None
        if (self.side == 1 and not (said.other_side or said.rest)) or (said.times and self.comparing and not listed):
            said.other_times.append(time.phrase)
        else:
            said.times.append(time.phrase)
        said.future = said.future or time.phrase.future
        self.at += 1

    def _segments(self, *, negated: bool) -> None:
        """One segment, or several joined by a comma, `and` or `or`."""
        found: list[Segment] = []
        at = self.at
        joined_by_or = False
        while True:
            segment = self._meaning(at)
            assert isinstance(segment, Segment)
            found.append(segment)
            if not segment.exact:
                piece = self.pieces[at]
                self.said.inexact.append(
                    (self.words(piece.start, piece.end), f"{segment.dimension} {segment.values[0]}")
                )
            after = self._skip(at + 1, "and", "or", "comma")
            follows = self._meaning(after)
            if after == at + 1 or not isinstance(follows, Segment):
                break
            if any(self._role(step, "or") is not None for step in range(at + 1, after)):
                joined_by_or = True
            at = after
        self.at = at + 1
        dimensions = list(dict.fromkeys(segment.dimension for segment in found))
        if joined_by_or and len(dimensions) > 1 and not negated:
            raise NotExpressibleError("'or' between different dimensions")
        sides = self._role_anywhere("kind", "compare") and not self._has_than() and self.side == 0
        if sides and not negated and len(found) == 2 and len(dimensions) == 1:
            # "compare line 3 and line 4": two sides
            self._filter(found[0], negated=False)
            self._filter(found[1], negated=False, other=True)
            return
        for dimension in dimensions:
            values = [value for segment in found if segment.dimension == dimension for value in segment.values]
            self._filter(Segment(dimension, tuple(dict.fromkeys(values))), negated=negated)

    def _role_anywhere(self, role: str, value: str) -> bool:
        return any(self._role(at, role) == value for at in range(len(self.pieces)))

    def _has_than(self) -> bool:
        return any(self._role(at, "than") is not None for at in range(len(self.pieces)))

    def _filter(self, segment: Segment, *, negated: bool, other: bool = False) -> None:
        predicate = Predicate(dimension=segment.dimension, op="not_in" if negated else "in", values=segment.values)
        same = [
            kept
            for kept in self.said.filters
            if kept.dimension == segment.dimension
            and kept.op == "in"
            and not negated
            and kept.values != predicate.values
        ]
        if other or (self.side == 1 and not self.said.other_times) or (same and self.comparing):
            self.said.other_side.append(predicate)
        elif same:
            raise NotExpressibleError(f"two different selections of {segment.dimension}")
        elif predicate not in self.said.filters:
            self.said.filters.append(predicate)

    def _dimension(self, dimension: Dimension) -> None:
        if self._predicate(self._comparison(self.at + 1), dimension=dimension.name):
            return
        before = self._meaning(self.at - 1)
        if self._role(self.at - 1, "all") is not None or (dimension.plural and self._beside_segment()):
            self.at += 1
            return
        following = self._meaning(self.at + 1)
        if isinstance(following, Number | Unknown) and not self.model.dimensions[dimension.name].numeric:
            piece = self.pieces[self.at + 1]
            asked = self._role(self.at - 1, "which") is not None or self._role(self.at - 1, "rank") is not None
            if isinstance(following, Unknown) and asked:
                raise UnclaimedError(piece.start, piece.end)
            if self._role(self.at + 2, "compare") is None:
                raise UnknownMemberError(dimension.name, piece.start, piece.end)
        ranked = self._role(self.at - 1, "rank") is not None or (
            isinstance(before, Number) and self.said.limit is not None
        )
        asked = self._role(self.at - 1, "which") is not None or self._role(self.at - 1, "kind") == "level"
        if ranked or asked:
            self.said.asks_member = self.said.asks_member or asked
            self._group(dimension.name)
            self.at += 1
            return
        self.said.mentioned.append(dimension.name)
        self.at += 1

    def _beside_segment(self) -> bool:
        """`customers in Brazil`, `Kestrel lots`: a plural that only says what the members are of."""
        before = self._meaning(self.at - 1)
        at = self.at
        while isinstance(following := self._meaning(at), Dimension) and following.plural:
            at = self._skip(at + 1, "prep", "not")
        after_preposition = isinstance(self._meaning(at), Segment) and self._role(at - 1, "prep") is not None
        return isinstance(before, Segment) or after_preposition

    def _group(self, dimension: str) -> None:
        if dimension not in self.said.groups:
            self.said.groups.append(dimension)

    def _number(self, number: Number) -> None:
        ranked = self._role(self.at - 1, "rank") is not None or self._role(self.at + 1, "rank") is not None
        following = self._meaning(self.at + 1)
        if isinstance(following, Dimension) and following.plural:
            # "which 5 products have the highest": the count stands with the dimension
            ranked = ranked or any(self._role(at, "rank") is not None for at in range(len(self.pieces)))
        if ranked and number.value.is_integer() and 1 <= number.value <= 1000 and self.said.limit is None:
            self.said.limit = int(number.value)
            self.at += 1
            return
        raise self._unclaimed()

    def _predicate(self, at: int, *, dimension: str | None = None, metric: str | None = None) -> bool:
        """`speed above 1500 rpm`, `between 1000 and 1500`; moves on if there is one."""
        if dimension is not None and not self.model.dimensions[dimension].numeric:
            return False
        op = self._role(at, "compare")
        first = self._meaning(at + 1)
        if op is not None and isinstance(first, Number):
            predicate = Predicate(dimension=dimension, metric=metric, op=op, values=(first.value,))  # type: ignore[arg-type]
            end = at + 2
        elif self._role(at, "between") is not None and isinstance(first, Number):
            second = self._meaning(at + 3)
            if self._role(at + 2, "and") is None or not isinstance(second, Number):
                return False
            low, high = first.value, second.value
            if low > high:
                raise NotExpressibleError(f"between {low:g} and {high:g}")
            predicate = Predicate(dimension=dimension, metric=metric, op="between", values=(low, high))
            end = at + 4
        else:
            return False
        (self.said.filters if dimension is not None else self.said.metric_filters).append(predicate)
        self.at = self._unit(end, dimension=dimension, metric=metric)
        return True

    def _unit(self, at: int, *, dimension: str | None, metric: str | None) -> int:
        """Past the unit, where the one of the model follows a number."""
        unit = self.model.dimensions[dimension].unit if dimension else self.model.metrics[metric or ""].unit
        said = self._role(at, "unit")
        if said is None:
            return at
        if said != unit:
            raise NotExpressibleError(f"{dimension or metric} is in {unit or 'no unit'}, not in {said}")
        return at + 1

    def _grammar(self, grammar: Grammar) -> None:
        for place in (
            self._place_not, self._place_than, self._place_group, self._place_rank, self._place_kind, self._place_move,
            self._place_future, self._place_rest, self._place_which, self._place_part, self._place_joint,
            self._place_unit, self._place_plain,
        ):  # fmt: skip
            if place(grammar):
                return
        raise self._unclaimed()

    def _place_not(self, grammar: Grammar) -> bool:
        if grammar.value("not") is None:
            return False
        after = self._skip(self.at + 1, "prep", "all")
        if not isinstance(self._meaning(after), Segment):
            raise self._unclaimed()
        self.at = after
        self._segments(negated=True)
        return True

    def _place_than(self, grammar: Grammar) -> bool:
        if grammar.value("than") is None or isinstance(self._meaning(self.at + 1), Number):
            return False
        comparative = grammar.value("compare")
        after = self._skip(self.at + 1, "prep", "is")
        following = self._meaning(after)
        if isinstance(following, Segment | Time) or self._role(after, "rest") is not None:
            if comparative is not None:
                self.said.moves.append("up" if comparative == "gt" else "down")
            self.side = 1
            self.at = after
            return True
        raise self._unclaimed()

    def _place_group(self, grammar: Grammar) -> bool:
        if grammar.value("group") is None:
            return False
        after = self.at + 1
        following = self._meaning(after)
        ranked = bool(self.said.ranks) or self._role(self.at - 1, "rank") is not None
        if isinstance(following, Metric) and (ranked or not self.said.metrics):
            self.at += 1
            return True
        step = self._role(after, "step")
        if step is not None:
            self.said.steps.append(step)
            self.at = after + 1
            return True
        if not isinstance(following, Dimension):
            return False
        while isinstance(following, Dimension):
            if self._predicate(self._skip(after + 1, "is"), dimension=following.name):
                raise self._unclaimed()
            self._group(following.name)
            after += 1
            beyond = self._skip(after, "and", "comma", "group")
            if beyond == after or not isinstance(self._meaning(beyond), Dimension):
                break
            after, following = beyond, self._meaning(beyond)
        self.at = after
        return True

    def _place_rank(self, grammar: Grammar) -> bool:
        rank = grammar.value("rank")
        if rank is None:
            return False
        following = self._meaning(self._skip(self.at + 1, "prep"))
        part = grammar.value("part")
        asks = self.said.asks_member or any(self._role(at, "which") is not None for at in range(self.at))
        if part is not None and not asks and not isinstance(following, Dimension | Number):
            self.said.parts.append(part)
        else:
            self.said.ranks.append(rank)
        self.at += 1
        return True

    def _place_kind(self, grammar: Grammar) -> bool:
        kind = grammar.value("kind")
        if kind is None:
            return False
        if kind == "level" and isinstance(self._meaning(self.at + 1), Dimension):
            self.at += 1
            return True
        self.said.kinds.append(kind)
        self.at += 1
        return True

    def _place_move(self, grammar: Grammar) -> bool:
        move = grammar.value("move")
        if move is None:
            return False
        self.said.moves.append(move)
        self.at += 1
        return True

    def _place_future(self, grammar: Grammar) -> bool:
        if grammar.value("future") is None:
            return False
        self.said.future = True
        self.at += 1
        return True

    def _place_rest(self, grammar: Grammar) -> bool:
        if grammar.value("rest") is None or not (self.comparing or self.said.moves):
            return False
        self.said.rest = True
        self.at = self._skip(self.at + 1, "prep")
        if isinstance(self._meaning(self.at), Dimension):
            self.at += 1
        return True

    def _place_which(self, grammar: Grammar) -> bool:
        if grammar.value("which") is None:
            return False
        self.said.asks_member = True
        self.at += 1
        return True

    def _place_part(self, grammar: Grammar) -> bool:
        part = grammar.value("part")
        if part is None:
            return False
        self.said.parts.append(part)
        self.at += 1
        return True

    def _place_unit(self, grammar: Grammar) -> bool:
        unit = grammar.value("unit")
        if unit is None:
            return False
        self.said.units.append(unit)
        self.at += 1
        return True

    def _place_joint(self, grammar: Grammar) -> bool:
        """`and` and commas: between things that stand side by side, or before a further condition."""
        if grammar.value("comma") is not None:
            self.at += 1
            return True
        if grammar.value("and") is None:
            return False
        following = self._meaning(self.at + 1)
        condition = isinstance(following, Segment | Time | Metric) or any(
            self._role(self.at + 1, role) is not None for role in ("prep", "not", "group", "rest")
        )
        if self._role(self.at + 1, "kind") is not None or self._role(self.at + 1, "which") is not None:
            self.said.kinds.append("compound")
            self.at += 1
            return True
        if not condition:
            return False
        self.at += 1
        return True

    def _place_plain(self, grammar: Grammar) -> bool:
        if grammar.value("step") is not None and self.said.kinds[-1:] != ["why"]:
            text = self.words(self.pieces[self.at].start, self.pieces[self.at].end)
            if text.endswith("ly") or text.startswith("a ") or " by " in text:
                self.said.steps.append(grammar.value("step") or "")
                self.at += 1
                return True
            return False
        between = grammar.value("between") is not None and self.comparing
        if between and isinstance(self._meaning(self.at + 1), Segment):
            self.at += 1
            return True
        if any(grammar.value(role) is not None for role in ("prep", "is", "stop", "all")):
            if grammar.value("stop") is not None and self._asks_again():
                self.said.kinds.append("compound")
            if grammar.value("prep") is not None and not self._leads_somewhere():
                return False
            self.at += 1
            return True
        return False

    def _asks_again(self) -> bool:
        """Another question begins after this end of a sentence."""
        return self.said.kinds != [] and (
            self._role(self.at + 1, "kind") is not None or self._role(self.at + 1, "which") is not None
        )

    def _leads_somewhere(self) -> bool:
        """A preposition followed by something it can govern."""
        after = self._skip(self.at + 1, "prep", "all", "comma", "is")
        return after < len(self.pieces)


def _is_filler(meaning: Meaning) -> bool:
    return isinstance(meaning, Grammar) and all(word.role == "filler" for word in meaning.roles)
