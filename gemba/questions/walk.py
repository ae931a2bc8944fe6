"""Where names, times and numbers of a question find their place: what is asked about, selected, held against.

A class that goes over the pieces once; `gemba.questions.sketch` places the words of the grammar on top of it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gemba.questions.cover import Dimension, Grammar, Meaning, Metric, Number, Piece, Segment, Time, Unknown
from gemba.questions.said import NotExpressibleError, Sketch, UnclaimedError, UnknownMemberError
from gemba.questions.types import Predicate
from gemba.semantics.model import SemanticModel


class Walk:
    """A position among the pieces, and what they said up to there. Every `_name` method moves past its pieces."""

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
            said.side_by_side = said.side_by_side or (bool(said.times) and not listed)
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
        ranked = self._role(self.at - 1, "rank") is not None or (
            isinstance(before, Number) and self.said.limit is not None
        )
        beside = dimension.plural and not ranked and self._beside_segment()
        if self._role(self.at - 1, "all") is not None or beside:
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


def _is_filler(meaning: Meaning) -> bool:
    return isinstance(meaning, Grammar) and all(word.role == "filler" for word in meaning.roles)
