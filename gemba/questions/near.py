"""What a word that nothing knows may have been meant to be."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rapidfuzz import process
from rapidfuzz.distance import OSA

from gemba.questions.names import Lexicon, Name
from gemba.questions.period import DAYS, MONTHS
from gemba.questions.wording import COMMON

_GRAMMAR = sorted(
    {word for word in (*COMMON, *MONTHS, *DAYS, "yesterday", "last", "previous", "past") if len(word) > 3}
)

_KNOWN = COMMON | {"last", "previous", "past", "next", "this", "since", "until"}


@dataclass(frozen=True, slots=True)
class Near:
    """A phrase close to what was written. `names` is empty for words of the grammar."""

    phrase: str
    names: tuple[Name, ...]
    likeness: float


def near(text: str, lexicon: Lexicon, *, dimension: str | None = None, most: int = 5) -> tuple[Near, ...]:
    """Phrases within a slip or two of the keyboard, best first: names of the model and the data, words of the
    grammar. `dimension` restricts to its members.

    Likeness is 1 - OSA distance / length (Damerau's slips: insert, delete, replace, swap neighbours), at least 0.7.
    A text that is some of the words of a longer name is near to it as well. A word of the grammar is no slip for
    another word: `change` is not a misspelt `Chang`.
    """
    phrases = lexicon.phrases(dimension)
    cutoff = 0.7 if len(text) > 3 else 0.6
    found: dict[str, float] = {}
    known = dimension is None and text in _KNOWN
    if not known:
        slips = process.extract(text, phrases, scorer=OSA.normalized_similarity, score_cutoff=cutoff, limit=most)
        found = {phrase: score for phrase, score, _ in slips}
    words = set(text.split())
    if len(text) > 3 and words:
        longest = max(words, key=len)
        partial = (phrase for phrase in phrases if longest in phrase and words < set(phrase.split()))
        for phrase in _first(partial, most):
            found.setdefault(phrase, 0.7)
    if dimension is None and not known and len(text) > 2:
        for word, score, _ in process.extract(
            text, _GRAMMAR, scorer=OSA.normalized_similarity, score_cutoff=max(cutoff, 0.74), limit=most
        ):
            found.setdefault(word, score)
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:most]
    return tuple(Near(phrase, lexicon.named(phrase, dimension), score) for phrase, score in ranked)


def nearest(text: str, candidates: Sequence[str], *, most: int = 5, fill: bool = True) -> tuple[str, ...]:
    """The candidates most like a text, for a refusal to name; with `fill` the first ones where nothing is."""
    ranked = process.extract(text, list(candidates), scorer=OSA.normalized_similarity, score_cutoff=0.4, limit=most)
    return tuple(item[0] for item in ranked) or (tuple(candidates[:most]) if fill else ())


def _first(items: Iterable[str], most: int) -> list[str]:
    found: list[str] = []
    for item in items:
        found.append(item)
        if len(found) == most:
            break
    return found
