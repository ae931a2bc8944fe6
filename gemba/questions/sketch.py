"""What the pieces of a question say together, before it is decided which kind of question that is.

The walk goes over the pieces once. Each piece must find its place: a piece that has none is refused by its words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gemba.questions.cover import Dimension, Grammar, Meaning, Metric, Number, Piece, Segment, Time, Unknown
from gemba.questions.said import Sketch
from gemba.questions.walk import Walk
from gemba.semantics.model import SemanticModel


def sketch(pieces: Sequence[Piece], words: Callable[[int, int], str], model: SemanticModel) -> Sketch:
    """Walk the pieces.

    Raises:
        UnclaimedError, UnknownMemberError, NotExpressibleError: A piece without a place.
    """
    return _Sketcher(pieces, words, model).run()


class _Sketcher(Walk):
    def run(self) -> Sketch:
        while self.at < len(self.pieces):
            before = self.at
            self._step(self.pieces[self.at].meaning)
            assert self.at > before, "every step moves on"
        return self.said

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
