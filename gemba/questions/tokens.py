"""Text cut into tokens, all spelled one way.

A name of the model and the text of a question go through the same cutting, so that they meet: letters are
compared without case and accents, `scrap_rate`, `Scrap-Rate` and `scrap rate` are the same two words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

TokenKind = Literal["word", "number", "date", "sign"]

_CONTRACTIONS = (
    (re.compile(r"\bcan't\b"), "can not"),
    (re.compile(r"\bwon't\b"), "will not"),
    (re.compile(r"n't\b"), " not"),
    (re.compile(r"\b(what|why|how|where|who|which|it|that|there)'s\b"), r"\1 is"),
    (re.compile(r"\b(what|how|why)'re\b"), r"\1 are"),
    (re.compile(r"(?<=\w)'s\b"), ""),
    (re.compile(r"(?<=s)'(?=\s|$)"), ""),
)

_LEXEME = re.compile(
    r"""
    (?P<date>\d{4}-\d{2}-\d{2}(?:[t\s]\d{2}:\d{2}(?::\d{2})?)?(?![\w-])
      | \d{4}-w\d{1,2}(?!\w) | \d{4}-q[1-4](?!\w) | \d{4}-\d{2}(?![\w-])
      | \d{1,2}[./-]\d{1,2}[./-]\d{4}(?!\w) | \d{1,2}[./]\d{1,2}[./]\d{2}(?![\w./])
      | \d{1,2}:\d{2}(?!\w))
  | (?P<number>(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)(?!\w))
  | (?P<word>[^\W_]+)
  | (?P<sign>>=|<=|!=|<>|[^\w\s]|_)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """`norm` is the spelling compared; `text` is what an answer shows. `glued`: no space before it."""

    text: str
    norm: str
    kind: TokenKind
    glued: bool = False


def spelled(text: str) -> str:
    """The one spelling of a text: compatibility forms folded, no accents, no case, straight quotes."""
    if text.isascii():
        return text.casefold().replace("`", "'")
    folded = unicodedata.normalize("NFKD", text).casefold()
    folded = "".join(char for char in folded if not unicodedata.combining(char))
    return folded.translate(str.maketrans({"’": "'", "‘": "'", "`": "'", "–": "-", "—": "-", "−": "-", "‐": "-"}))


def tokens_of(text: str) -> tuple[Token, ...]:
    """Cut a text. Control characters separate words like spaces do. Linear in the length of the text."""
    plain = spelled(text)
    if "'" in plain:
        for pattern, replacement in _CONTRACTIONS:
            plain = pattern.sub(replacement, plain)
    found: list[Token] = []
    last_end = -1
    for match in _LEXEME.finditer(plain):
        kind: TokenKind = match.lastgroup  # type: ignore[assignment]
        norm = match.group()
        if kind == "number":
            norm = norm.replace(",", "")
        if kind != "sign" or norm != "_":
            found.append(Token(match.group(), norm, kind, match.start() == last_end))
        last_end = match.end()
    return tuple(found)


def words_of(name: str) -> tuple[str, ...]:
    """The words by which a name is found: signs between them do not count, except in a name of signs only."""
    tokens = tokens_of(name)
    words = tuple(token.norm for token in tokens if token.kind != "sign")
    return words or tuple(token.norm for token in tokens)


GAP = "\x1f"
"""Stands for a space inside one token (`2026-11-09 10:00`), where words are joined by spaces."""

_ODD = re.compile(r"\d[.,:/-]\d|\d-[wq]|'")
_BLANK = {code: " " for code in range(128) if not chr(code).isalnum()}


def phrases_of(names: Sequence[str]) -> list[str]:
    """The words of many names, each joined by spaces; as `words_of`, quickly where a name is plain."""
    return [_phrase(name) for name in names]


def _phrase(name: str) -> str:
    plain = spelled(name)
    if plain.isascii() and _ODD.search(plain) is None:
        phrase = " ".join(plain.translate(_BLANK).split())
        if phrase:
            return phrase
    return " ".join(word.replace(" ", GAP) for word in words_of(name))


_DOUBLED = re.compile(r"([bdgklmnprt])\1$")


def stem(word: str) -> str:
    """A word without its inflection: plural, `-ed`, `-ing`, final e. Nothing derivational: `product` and
    `production` stay apart, `produce`, `produced` and `producing` meet."""
    if len(word) < 4 or not word.isalpha():
        return word
    for ending, kept in (("ies", "y"), ("sses", "ss"), ("xes", "x"), ("ches", "ch"), ("shes", "sh")):
        if word.endswith(ending) and len(word) > len(ending) + 1:
            return word[: -len(ending)] + kept
    if word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if word.endswith(ending) and len(word) >= len(ending) + 3 and re.search(r"[aeiouy]", word[: -len(ending)]):
            return _DOUBLED.sub(r"\1", word[: -len(ending)])
    return word[:-1] if word.endswith("e") and len(word) > 3 else word
