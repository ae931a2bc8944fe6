"""The members of dimensions as a tree of words, grown where questions look.

A vocabulary may hold 100,000 members, of which a question names two. Cutting each into words once takes a fraction
of a second; what lies below the first word is only taken apart when a question begins with that word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from gemba.questions.tokens import GAP, Token, phrases_of, stem


@dataclass(slots=True)
class _Node:
    """Phrases that share their first `depth` words, whatever the inflection. `below` is None until it is asked for."""

    rows: list[int]
    depth: int = 0
    ends: list[int] = field(default_factory=list)
    below: dict[str, _Node] | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """Members that a run of tokens up to `end` names. `exact`: `(row, …)` of the same words; `inflected`: others."""

    end: int
    exact: tuple[int, ...]
    inflected: tuple[int, ...]


class Members:
    """Phrases with the member each names, by row.

    `dimensions[row]` and `values[row]` say which member a row is; `phrases[row]` is its phrase in words.
    """

    def __init__(self, written: Mapping[str, Sequence[tuple[str, str]]]) -> None:
        """`written`: for each dimension, pairs of a phrase and the member as stored."""
        self.dimensions: list[str] = []
        self.values: list[str] = []
        said: list[str] = []
        self._rows: dict[str, range] = {}
        for dimension, pairs in written.items():
            self._rows[dimension] = range(len(said), len(said) + len(pairs))
            self.dimensions.extend([dimension] * len(pairs))
            said.extend(phrase for phrase, _ in pairs)
            self.values.extend(value for _, value in pairs)
        self.phrases = phrases_of(said)
        self._all = _Node(list(range(len(said))))
        self._of: dict[str, _Node] = {}

    def rows(self, dimension: str) -> range:
        return self._rows.get(dimension, range(0))

    def at(self, tokens: Sequence[Token], start: int, dimension: str | None = None) -> Iterator[Hit]:
        """Members that begin at a token, shortest first; those of one dimension, if it is given."""
        node = self._all if dimension is None else self._node_of(dimension)
        said: list[str] = []
        for end, word in running_words(tokens, start):
            said.append(word)
            node = self._below(node).get(stem(word))
            if node is None:
                return
            self._below(node)
            if node.ends:
                phrase = " ".join(said)
                exact = tuple(row for row in node.ends if self.phrases[row] == phrase)
                others = () if exact else tuple(row for row in node.ends if not _cut_short(said, self.phrases[row]))
                if exact or others:
                    yield Hit(end, exact, others)

    def _node_of(self, dimension: str) -> _Node:
        if dimension not in self._of:
            self._of[dimension] = _Node(list(self.rows(dimension)))
        return self._of[dimension]

    def _below(self, node: _Node) -> dict[str, _Node]:
        if node.below is not None:
            return node.below
        rows: dict[str, list[int]] = {}
        stems: dict[str, str] = {}
        depth = node.depth
        for row in node.rows:
            words = self.phrases[row].split(" ", depth + 1)
            if len(words) == depth or not words[depth]:
                node.ends.append(row)
                continue
            word = words[depth]
            if word not in stems:
                stems[word] = stem(word)
            rows.setdefault(stems[word], []).append(row)
        node.below = {word: _Node(inner, depth + 1) for word, inner in rows.items()}
        return node.below


def running_words(tokens: Sequence[Token], start: int) -> Iterator[tuple[int, str]]:
    """Words from a token on, each with where it ends; signs between two words of a run do not count."""
    first = True
    for at in range(start, len(tokens)):
        token = tokens[at]
        if token.kind == "sign":
            if first or token.norm not in "-./&'+,()" or at + 1 == len(tokens):
                return
            continue
        first = False
        yield at + 1, token.norm.replace(" ", GAP)


def _cut_short(words: Sequence[str], phrase: str) -> bool:
    return cut_short(words, phrase.split(" "))


def cut_short(words: Sequence[str], name: Sequence[str]) -> bool:
    """Whether a word lacks its final e, or has one too many: a slip (`lin`), not an inflection."""
    return any(
        said != meant and (said + "e" == meant or meant + "e" == said) for said, meant in zip(words, name, strict=False)
    )
