"""Names of the model and of the data, found in the tokens of a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from gemba.questions.tokens import Token, stem, words_of
from gemba.questions.vocabulary import Vocabulary
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


class Lexicon:
    """Every phrase that names a metric, a dimension or a member.

    Members written as a number, one letter or a common word (`3`, `A`, `on`) are *weak*: they count only next to
    the name of their dimension.
    """

    def __init__(self, model: SemanticModel, vocabulary: Vocabulary, *, common: frozenset[str]) -> None:
        self._exact: dict[tuple[str, ...], dict[Name, None]] = {}
        self._stems: dict[tuple[str, ...], dict[Name, tuple[str, ...]]] = {}
        self._of_dimension: dict[str, dict[tuple[str, ...], dict[str, None]]] = {}
        self.phrases: dict[str, dict[Name, None]] = {}
        self._longest = 1
        self.units = _units(model)
        for name, metric in model.metrics.items():
            for phrase in (name, *metric.synonyms):
                self._add(phrase, Name("metric", name))
        for name, dimension in model.dimensions.items():
            for phrase in (name, *dimension.synonyms):
                self._add(phrase, Name("dimension", name))
            members = vocabulary.members.get(name, ())
            known = set(members)
            for value in members:
                self._add_member(name, value, value, common)
            for value, synonyms in dimension.members.items():
                if dimension.personal and value not in known:
                    continue
                for phrase in (value, *synonyms):
                    self._add_member(name, value, phrase, common)

    def _add(self, phrase: str, name: Name) -> None:
        words = words_of(phrase)
        if not words:
            return
        self._longest = max(self._longest, len(words))
        self._exact.setdefault(words, {})[name] = None
        stems = tuple(stem(word) for word in words)
        self._stems.setdefault(stems, {}).setdefault(name, words)
        if len(words) > 1 and name.kind != "member":
            joined = ("".join(words),)
            self._stems.setdefault(joined, {}).setdefault(name, joined)
        self.phrases.setdefault(" ".join(words), {})[name] = None

    def _add_member(self, dimension: str, value: str, phrase: str, common: frozenset[str]) -> None:
        words = words_of(phrase)
        if not words:
            return
        self._longest = max(self._longest, len(words))
        self._of_dimension.setdefault(dimension, {}).setdefault(words, {})[value] = None
        single = len(words) == 1 and len(words[0]) == 1
        weak = single or all(word in common for word in words) or all(word.isdigit() for word in words)
        if not weak:
            self._add(phrase, Name("member", dimension, value))

    def at(self, tokens: Sequence[Token], start: int) -> list[Found]:
        """Names that begin at a token, shortest first; at each length exact names hide inflected ones."""
        found: list[Found] = []
        for end, words in self._spans(tokens, start):
            names = self._exact.get(words)
            if names:
                found.append(Found(end, tuple(names), True))
                continue
            stems = self._stems.get(tuple(stem(word) for word in words), {})
            inflected = tuple(name for name, said in stems.items() if not _cut_short(words, said))
            if inflected:
                found.append(Found(end, inflected, False))
        return found

    def members_at(self, tokens: Sequence[Token], start: int, dimension: str) -> list[Found]:
        """Members of one dimension that begin at a token, weak ones included, shortest first."""
        members = self._of_dimension.get(dimension, {})
        found: list[Found] = []
        for end, words in self._spans(tokens, start):
            values = members.get(words)
            if values:
                found.append(Found(end, tuple(Name("member", dimension, value) for value in values), True))
        return found

    def related(self, metric_words: Sequence[str]) -> tuple[Name, ...]:
        """Every name that differs from these words in inflection only."""
        return tuple(self._stems.get(tuple(stem(word) for word in metric_words), ()))

    def _spans(self, tokens: Sequence[Token], start: int) -> list[tuple[int, tuple[str, ...]]]:
        """Runs of words from a token on; signs between two words of a run do not count."""
        spans: list[tuple[int, tuple[str, ...]]] = []
        words: list[str] = []
        at = start
        while at < len(tokens) and len(words) < self._longest:
            token = tokens[at]
            if token.kind == "sign":
                joins = token.norm in "-./&'+,()" and words and at + 1 < len(tokens)
                if not joins:
                    break
                at += 1
                continue
            words.append(token.norm)
            at += 1
            spans.append((at, tuple(words)))
        return spans

    def members_of(self, dimension: str) -> dict[str, dict[Name, None]]:
        """Phrases of one dimension's members, weak ones included."""
        return {
            " ".join(words): {Name("member", dimension, value): None for value in values}
            for words, values in self._of_dimension.get(dimension, {}).items()
        }


_SAID_UNITS = {"%": ("%", "percent", "per cent"), "s": ("s", "seconds"), "min": ("min", "minutes"), "h": ("h",)}


def _units(model: SemanticModel) -> dict[tuple[str, ...], str]:
    """How the model's units are said: words to the unit."""
    units = {metric.unit for metric in model.metrics.values()} | {item.unit for item in model.dimensions.values()}
    said: dict[tuple[str, ...], str] = {}
    for unit in sorted(unit for unit in units if unit):
        for phrase in _SAID_UNITS.get(unit, (unit,)):
            said[words_of(phrase)] = unit
    return said


def _cut_short(words: Sequence[str], name: Sequence[str]) -> bool:
    """Whether a word lacks its final e, or has one too many: a slip (`lin`), not an inflection."""
    return any(
        said != meant and (said + "e" == meant or meant + "e" == said) for said, meant in zip(words, name, strict=False)
    )
