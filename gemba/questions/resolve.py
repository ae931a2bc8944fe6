"""From a text to a typed question, a clarification or a refusal. Deterministic; no data is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from gemba.questions.assemble import assemble
from gemba.questions.cover import Piece, Unknown, readings
from gemba.questions.describe import describe
from gemba.questions.key import canonical
from gemba.questions.names import Lexicon, index
from gemba.questions.near import Near, near, nearest
from gemba.questions.period import NoSuchTimeError
from gemba.questions.reading import Built, Context, ManyWaysError, RefusedReadingError
from gemba.questions.said import NotExpressibleError, UnclaimedError, UnknownMemberError
from gemba.questions.sketch import sketch
from gemba.questions.tokens import Token, tokens_of
from gemba.questions.types import Choice, Clarification, Question, Refusal, RefusalReason, Resolution, Resolved
from gemba.questions.vocabulary import Vocabulary
from gemba.semantics.model import SemanticModel

MOST_CHARACTERS = 1000
_MOST_TOKENS = 200
_MOST_CHOICES = 5
About = Literal["member", "metric", "time", "kind"]


def resolve(
    text: str,
    *,
    model: SemanticModel,
    vocabulary: Vocabulary,
    as_of: datetime | None = None,
    now: datetime,
) -> Resolution:
    """Read a question.

    Args:
        text: As typed. More than 1,000 characters are refused.
        as_of: Instant that relative words are read from; None: the earlier of `now` and the end of the data.
        now: The present, with an offset.

    Returns:
        `Resolved` only if every word of the text was accounted for and exactly one reading is left.
    """
    if len(text) > MOST_CHARACTERS:
        missing = f"the text has {len(text):,} characters; a question has at most {MOST_CHARACTERS:,}"
        return Refusal(text=text[:MOST_CHARACTERS], reason="unsupported", missing=missing)
    tokens = tokens_of(text)
    if not any(token.kind != "sign" for token in tokens):
        return Refusal(
            text=text, reason="unknown_word", missing="the text asks nothing", nearest=tuple(model.metrics)[:5]
        )
    if len(tokens) > _MOST_TOKENS:
        return Refusal(text=text, reason="unsupported", missing=f"more than {_MOST_TOKENS} words and signs")
    lexicon = index(model, vocabulary)
    context = Context(model, vocabulary, as_of, now)
    return _Reader(text, lexicon, context).read(tokens)


class _Outcome:
    """What the readings of one token sequence came to."""

    def __init__(self) -> None:
        self.built: list[Built] = []
        self.pieces: list[tuple[Piece, ...]] = []
        self.many: list[ManyWaysError] = []
        self.refused: list[RefusedReadingError] = []
        self.no_time: list[NoSuchTimeError] = []
        self.inexpressible: list[NotExpressibleError] = []
        self.unclaimed: list[UnclaimedError] = []
        self.no_member: list[UnknownMemberError] = []
        self.unknown: list[tuple[int, int]] = []
        self.has_metric = False

    def keep_plainest(self) -> None:
        """Drop readings that spread a list of members over more dimensions than another reading of the same time
        needs: `USA and UK` are two countries rather than a supplier's country and a customer's."""
        fewest: dict[object, int] = {}
        for built in self.built:
            window, count = _window(built.question), len(_selected(built.question))
            fewest[window] = min(count, fewest.get(window, count))
        self.built = [
            built for built in self.built if len(_selected(built.question)) == fewest[_window(built.question)]
        ]


class _Reader:
    def __init__(self, text: str, lexicon: Lexicon, context: Context) -> None:
        self.text = text
        self.lexicon = lexicon
        self.context = context
        self.model = context.model

    def read(self, tokens: Sequence[Token]) -> Resolution:
        outcome = self._outcome(tokens)
        outcome.keep_plainest()
        if len(outcome.built) == 1 and not outcome.many:
            built = outcome.built[0]
            return self._guard_amount(tokens, built) or Resolved(
                question=built.question, assumptions=built.assumptions, text=self.text
            )
        if outcome.built or outcome.many:
            return self._several(outcome)
        if outcome.unknown:
            return self._unknown(tokens, outcome)
        return self._refusal(tokens, outcome)

    def _outcome(self, tokens: Sequence[Token]) -> _Outcome:
        outcome = _Outcome()
        seen: set[str] = set()
        for pieces in readings(tokens, self.lexicon):
            runs = _unknown_runs(pieces, tokens)
            if runs:
                outcome.unknown = outcome.unknown or runs
                outcome.has_metric = outcome.has_metric or any(
                    type(piece.meaning).__name__ == "Metric" for piece in pieces
                )
                try:
                    sketch(pieces, lambda start, end: _words(tokens, start, end), self.model)
                except UnknownMemberError as error:
                    outcome.no_member.append(error)
                except (UnclaimedError, NotExpressibleError):
                    continue
                continue
            try:
                said = sketch(pieces, lambda start, end: _words(tokens, start, end), self.model)
                built = assemble(said, self.context)
            except UnclaimedError as error:
                outcome.unclaimed.append(error)
            except UnknownMemberError as error:
                outcome.no_member.append(error)
            except NotExpressibleError as error:
                outcome.inexpressible.append(error)
            except NoSuchTimeError as error:
                outcome.no_time.append(error)
            except ManyWaysError as error:
                outcome.many.append(error)
            except RefusedReadingError as error:
                outcome.refused.append(error)
            else:
                identity = str(canonical(built.question))
                if identity not in seen:
                    seen.add(identity)
                    outcome.built.append(built)
                    outcome.pieces.append(pieces)
        return outcome

    def _guard_amount(self, tokens: Sequence[Token], built: Built) -> Clarification | None:
        """`How much scrap`, where scrap names a rate and another metric of the same word is an amount."""
        metric = getattr(built.question, "metric", None)
        asks_amount = any(
            (tokens[at].norm, tokens[at + 1].norm) in (("how", "much"), ("how", "many"))
            for at in range(len(tokens) - 1)
        )
        if metric is None or not asks_amount or self.model.metrics[metric].kind not in ("ratio", "product", "mean"):
            return None
        rivals: dict[str, None] = {}
        for at in range(len(tokens)):
            names = self.lexicon.related((tokens[at].norm,))
            if any(name.kind == "metric" and name.name == metric for name in names):
                rivals.update({name.name: None for name in names if name.kind == "metric" and name.name != metric})
        rivals = {name: None for name in rivals if self.model.metrics[name].kind in ("sum", "count", "count_distinct")}
        if not rivals:
            return None
        questions = [built.question.model_copy(update={"metric": name}) for name in (*rivals, metric)]
        return self._clarify("metric", questions)

    def _several(self, outcome: _Outcome) -> Clarification:
        questions = [built.question for built in outcome.built]
        for many in outcome.many:
            questions.extend(many.readings)
        about = outcome.many[0].about if outcome.many and not outcome.built else _difference(questions)
        return self._clarify(about, questions)  # type: ignore[arg-type]

    def _clarify(self, about: About, questions: Sequence[Question]) -> Clarification:
        choices = tuple(
            Choice(question=question, reading=describe(question, model=self.model))
            for question in questions[:_MOST_CHOICES]
        )
        return Clarification(text=self.text, about=about, choices=choices)

    def _unknown(self, tokens: Sequence[Token], outcome: _Outcome) -> Resolution:
        """Offer what the unknown words may have been; refuse where nothing is near."""
        start, end = outcome.unknown[0]
        written = _words(tokens, start, end)
        dimension = outcome.no_member[0].dimension if outcome.no_member else None
        candidates = self._candidates(tokens, start, end, dimension)
        found: dict[str, tuple[Question, Near]] = {}
        for candidate, replaced in candidates:
            for built, _ in self._repaired(replaced, depth=len(outcome.unknown) - 1):
                found.setdefault(str(canonical(built.question)), (built.question, candidate))
        if found:
            about = _about(next(iter(found.values()))[1])
            return self._clarify(about, [question for question, _ in found.values()])
        return self._unknown_refusal(tokens, start, written, outcome, candidates)

    def _candidates(
        self, tokens: Sequence[Token], start: int, end: int, dimension: str | None
    ) -> list[tuple[Near, tuple[Token, ...]]]:
        found: list[tuple[Near, tuple[Token, ...]]] = []
        for first, last in dict.fromkeys([(start, end), (start, start + 1), (start - 1, end), (start, end + 1)]):
            if first < 0 or last > len(tokens):
                continue
            for item in near(_words(tokens, first, last), self.lexicon, dimension=dimension):
                if (first, last) in ((start - 1, end), (start, end + 1)) and item.likeness < 0.75:
                    continue
                phrase = tokens_of(item.phrase)
                if dimension is not None and item.names:
                    phrase = tokens_of(item.names[0].value)
                found.append((item, (*tokens[:first], *phrase, *tokens[last:])))
        return sorted(found, key=lambda pair: -pair[0].likeness)[:8]

    def _repaired(self, tokens: Sequence[Token], *, depth: int) -> list[tuple[Built, None]]:
        outcome = self._outcome(tokens)
        if outcome.built:
            return [(built, None) for built in outcome.built]
        if depth <= 0 or not outcome.unknown:
            return []
        start, end = outcome.unknown[0]
        found: list[tuple[Built, None]] = []
        for _, replaced in self._candidates(tokens, start, end, None)[:3]:
            found.extend(self._repaired(replaced, depth=min(depth - 1, 1)))
        return found

    def _unknown_refusal(
        self,
        tokens: Sequence[Token],
        start: int,
        written: str,
        outcome: _Outcome,
        candidates: Sequence[tuple[Near, tuple[Token, ...]]],
    ) -> Refusal:
        close = tuple(dict.fromkeys(item.phrase for item, _ in candidates))
        reason: RefusalReason = "unknown_word"
        if outcome.no_member:
            dimension = outcome.no_member[0].dimension
            members = self.context.vocabulary.members.get(dimension, ())
            return self._refuse("unknown_member", f"{dimension} '{written}'", close or nearest(written, members))
        if not outcome.has_metric:
            reason = "unknown_metric"
            close = close or nearest(written, tuple(self.model.metrics))
        elif start and tokens[start - 1].norm in ("on", "in", "for", "at", "from", "excluding", "except", "without"):
            reason = "unknown_member"
            members = [value for values in self.context.vocabulary.members.values() for value in values]
            close = close or nearest(written, members, fill=False)
        return self._refuse(reason, f"'{written}'", close)

    def _refusal(self, tokens: Sequence[Token], outcome: _Outcome) -> Refusal:
        if outcome.refused:
            first = min(outcome.refused, key=lambda item: _RANK.index(item.reason))
            refusal = self._refuse(first.reason, first.missing, first.nearest)
            return refusal.model_copy(update={"question": first.question})
        if outcome.no_time:
            return self._refuse("outside_data", str(outcome.no_time[0]), ())
        if outcome.no_member:
            error = outcome.no_member[0]
            members = self.context.vocabulary.members.get(error.dimension, ())
            written = _words(tokens, error.start, error.end)
            return self._refuse("unknown_member", f"{error.dimension} '{written}'", nearest(written, members))
        if outcome.inexpressible:
            return self._refuse("unsupported", str(outcome.inexpressible[0]), ())
        if outcome.unclaimed:
            error = max(outcome.unclaimed, key=lambda item: item.start)
            written = _words(tokens, error.start, error.end)
            return self._refuse("unknown_word", f"'{written}' has no place in the question as it stands", ())
        return self._refuse("unknown_word", "nothing in the text can be read", ())

    def _refuse(self, reason: RefusalReason, missing: str, near_by: Sequence[str]) -> Refusal:
        return Refusal(text=self.text, reason=reason, missing=missing, nearest=tuple(near_by)[:8])


_RANK: tuple[RefusalReason, ...] = (
    "unsupported",
    "outside_data",
    "not_in_model",
    "not_permitted",
    "unknown_member",
    "unknown_metric",
    "unknown_word",
    "too_little_data",
)


def _window(question: Question) -> object:
    return getattr(question, "window", None)


def _selected(question: Question) -> set[str | None]:
    return {item.dimension for item in getattr(question, "filters", ())}


def _unknown_runs(pieces: Sequence[Piece], tokens: Sequence[Token]) -> list[tuple[int, int]]:
    """Stretches of neighbouring unknown tokens."""
    runs: list[tuple[int, int]] = []
    for piece in pieces:
        if isinstance(piece.meaning, Unknown):
            if runs and runs[-1][1] == piece.start:
                runs[-1] = (runs[-1][0], piece.end)
            else:
                runs.append((piece.start, piece.end))
    return [(start, _glued_end(tokens, end)) for start, end in runs]


def _glued_end(tokens: Sequence[Token], end: int) -> int:
    """`op` of `OP-001` reaches to the end of what was written without a space."""
    while end < len(tokens) and tokens[end].glued and tokens[end].norm not in "?!.,;:)":
        end += 1
    return end


def _words(tokens: Sequence[Token], start: int, end: int) -> str:
    return " ".join(token.norm for token in tokens[start:end] if token.kind != "sign") or tokens[start].norm


def _about(item: Near) -> About:
    kinds = {name.kind for name in item.names}
    if "metric" in kinds:
        return "metric"
    if kinds:
        return "member"
    return "kind"


def _difference(questions: Sequence[Question]) -> About:
    """What the readings differ in, the first that does."""
    data = [canonical(question) for question in questions]
    if len({str(item.get("kind")) for item in data}) > 1:
        return "kind"
    if len({str(item.get("metric")) for item in data}) > 1:
        return "metric"
    if len({str((item.get("filters"), item.get("group_by"))) for item in data}) > 1:
        return "member"
    baselines = [item.get("baseline") or {} for item in data]
    if len({str(item.get("segment")) for item in baselines}) > 1:
        return "member"
    return "time"
