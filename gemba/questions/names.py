"""Names of the model and of the data, found in the tokens of a question."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from gemba.questions.derived import derived_members
from gemba.questions.members import Members, cut_short, running_words
from gemba.questions.tokens import Token, stem, words_of
from gemba.questions.vocabulary import Vocabulary
from gemba.questions.wording import COMMON
from gemba.semantics.model import SemanticModel

NameKind = Literal["metric", "dimension", "member"]


@dataclass(frozen=True, slots=True)
class Name:
    """What a phrase names. For a member, `name` is its dimension and `value` the member as stored."""

    kind: NameKind
    name: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A name at tokens [start, end). `exact` is False where only the inflection differs."""

    end: int
    names: tuple[Name, ...]
    exact: bool


def index(model: SemanticModel, vocabulary: Vocabulary) -> Lexicon:
    """The names of a model and a vocabulary, built once for the two and kept with the vocabulary."""
    kept = vocabulary.indexes.get(id(model))
    if isinstance(kept, Lexicon) and kept.model is model:
        return kept
    built = Lexicon(model, vocabulary)
    vocabulary.indexes[id(model)] = built
    return built


class Lexicon:
    """Every phrase that names a metric, a dimension or a member.

    Members written as a number, one letter or a common word (`3`, `A`, `on`) are *weak*: they count only next to
    the name of their dimension.
    """

    def __init__(self, model: SemanticModel, vocabulary: Vocabulary) -> None:
        self.model = model
        self.units = _units(model)
        self._exact: dict[tuple[str, ...], dict[Name, None]] = {}
        self._stems: dict[tuple[str, ...], dict[Name, tuple[str, ...]]] = {}
        self._longest = 1
        for name, metric in model.metrics.items():
            for phrase in (name, *metric.synonyms):
                self._add(phrase, Name("metric", name))
        for name, dimension in model.dimensions.items():
            for phrase in (name, *dimension.synonyms):
                self._add(phrase, Name("dimension", name))
        self.members = Members({name: list(_written(model, vocabulary, name)) for name in model.dimensions})
        self._phrases: list[str] | None = None

    def _add(self, phrase: str, name: Name) -> None:
        words = words_of(phrase)
        if not words:
            return
        self._longest = max(self._longest, len(words))
        self._exact.setdefault(words, {})[name] = None
        stems = tuple(stem(word) for word in words)
        self._stems.setdefault(stems, {}).setdefault(name, words)
        if len(words) > 1:
            joined = ("".join(words),)
            self._stems.setdefault(joined, {}).setdefault(name, joined)

    def at(self, tokens: Sequence[Token], start: int) -> list[Found]:
        """Names that begin at a token, shortest first; at each length exact names hide inflected ones."""
        exact: dict[int, list[Name]] = {}
        inflected: dict[int, list[Name]] = {}
        words: tuple[str, ...] = ()
        for end, word in islice(running_words(tokens, start), self._longest):
            words = (*words, word)
            exact.setdefault(end, []).extend(self._exact.get(words, ()))
            stems = self._stems.get(tuple(stem(word) for word in words), {})
            inflected.setdefault(end, []).extend(name for name, said in stems.items() if not cut_short(words, said))
        for hit in self.members.at(tokens, start):
            exact.setdefault(hit.end, []).extend(self._strong(hit.exact))
            # `on Monday` is a day, `on Mondays` is every Monday: members that are times keep their number
            inflected.setdefault(hit.end, []).extend(
                name for name in self._strong(hit.inflected) if self.model.dimensions[name.name].derived is None
            )
        found: list[Found] = []
        for end in sorted({*exact, *inflected}):
            names = exact.get(end) or inflected.get(end)
            if names:
                found.append(Found(end, tuple(dict.fromkeys(names)), bool(exact.get(end))))
        return found

    def members_at(self, tokens: Sequence[Token], start: int, dimension: str) -> list[Found]:
        """Members of one dimension that begin at a token, weak ones included, shortest first."""
        return [
            Found(hit.end, tuple(dict.fromkeys(self._member(row) for row in hit.exact)), True)
            for hit in self.members.at(tokens, start, dimension)
            if hit.exact
        ]

    def _member(self, row: int) -> Name:
        return Name("member", self.members.dimensions[row], self.members.values[row])

    def _strong(self, rows: Sequence[int]) -> Iterator[Name]:
        return (self._member(row) for row in rows if not _is_weak(self.members.phrases[row]))

    def related(self, metric_words: Sequence[str]) -> tuple[Name, ...]:
        """Every metric and dimension whose name differs from these words in inflection only."""
        return tuple(self._stems.get(tuple(stem(word) for word in metric_words), ()))

    def phrases(self, dimension: str | None = None) -> list[str]:
        """Every phrase that is a name by itself; of one dimension's members, weak ones included, if it is given."""
        if dimension is not None:
            rows = self.members.rows(dimension)
            return self.members.phrases[rows.start : rows.stop]
        if self._phrases is None:
            strong = (phrase for phrase in self.members.phrases if phrase and not _is_weak(phrase))
            self._phrases = list(dict.fromkeys([*(" ".join(words) for words in self._exact), *strong]))
        return self._phrases

    def named(self, phrase: str, dimension: str | None = None) -> tuple[Name, ...]:
        """What one of `phrases` names; nothing for any other text."""
        tokens = tuple(Token(word, word, "word") for word in phrase.split(" "))
        found = self.at(tokens, 0) if dimension is None else self.members_at(tokens, 0, dimension)
        return next((item.names for item in found if item.end == len(tokens) and item.exact), ())


def _written(model: SemanticModel, vocabulary: Vocabulary, name: str) -> Iterator[tuple[str, str]]:
    """How the members of a dimension are written, each with the member as stored."""
    dimension = model.dimensions[name]
    members = vocabulary.members.get(name, ())
    known = set(members)
    if dimension.derived is not None:
        yield from derived_members(dimension.derived)
    for value in members:
        yield value, value
    for value, synonyms in dimension.members.items():
        if dimension.personal and value not in known:
            continue
        for phrase in (value, *synonyms):
            yield phrase, value


def _is_weak(phrase: str) -> bool:
    """Numbers, single letters and words of the grammar."""
    if len(phrase) == 1 or phrase.isdigit():
        return True
    words = phrase.split(" ")
    return all(word in COMMON for word in words) or all(word.isdigit() for word in words)


_SAID_UNITS = {"%": ("%", "percent", "per cent"), "s": ("s", "seconds"), "min": ("min", "minutes"), "h": ("h",)}


def _units(model: SemanticModel) -> dict[tuple[str, ...], str]:
    """How the model's units are said: words to the unit."""
    units = {metric.unit for metric in model.metrics.values()} | {item.unit for item in model.dimensions.values()}
    said: dict[tuple[str, ...], str] = {}
    for unit in sorted(unit for unit in units if unit):
        for phrase in _SAID_UNITS.get(unit, (unit,)):
            said[words_of(phrase)] = unit
    return said
