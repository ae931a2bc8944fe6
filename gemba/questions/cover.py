"""A question's tokens covered by things that mean something, so that every word is accounted for.

Each position offers what may begin there (names, segments, times, numbers, grammar). The covers kept are those
with the fewest pieces; a token that nothing claims stays as `Unknown` and is expensive.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, product

from gemba.questions.names import Lexicon, Name
from gemba.questions.time import TimePhrase, time_phrases
from gemba.questions.tokens import Token
from gemba.questions.wording import Word, words_at


@dataclass(frozen=True, slots=True)
class Metric:
    name: str
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Dimension:
    """`plural`: said as `lines`, of which none is chosen."""

    name: str
    plural: bool = False


@dataclass(frozen=True, slots=True)
class Segment:
    """Members of one dimension. `exact` is False where only the inflection of a member differs."""

    dimension: str
    values: tuple[str, ...]
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Time:
    phrase: TimePhrase


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Grammar:
    roles: tuple[Word, ...]

    def value(self, role: str) -> str | None:
        """What the phrase says in a role; None if it does not play it."""
        return next((word.value for word in self.roles if word.role == role), None)


@dataclass(frozen=True, slots=True)
class Unknown:
    pass


Meaning = Metric | Dimension | Segment | Time | Number | Grammar | Unknown


@dataclass(frozen=True, slots=True)
class Piece:
    """Tokens [start, end) with one meaning."""

    start: int
    end: int
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Covered:
    start: int
    end: int
    meanings: tuple[Meaning, ...]


_UNKNOWN_COST = 6.0
_LISTING = ("and", "or", "&", ",")


def readings(
    tokens: Sequence[Token], lexicon: Lexicon, *, most_covers: int = 6, most: int = 48
) -> Iterator[tuple[Piece, ...]]:
    """Sequences of pieces that cover all tokens as cheaply as any, each piece with one meaning."""
    seen: set[tuple[Piece, ...]] = set()
    for cover in _covers(tokens, lexicon, most_covers):
        for chosen in islice(product(*(covered.meanings for covered in cover)), most):
            pieces = tuple(
                Piece(covered.start, covered.end, meaning) for covered, meaning in zip(cover, chosen, strict=True)
            )
            if pieces not in seen:
                seen.add(pieces)
                yield pieces


def _covers(tokens: Sequence[Token], lexicon: Lexicon, most: int) -> list[list[Covered]]:
    count = len(tokens)
    best: list[float] = [0.0] * (count + 1)
    ways: list[list[list[Covered]]] = [[] for _ in range(count + 1)]
    ways[count] = [[]]
    for start in range(count - 1, -1, -1):
        options = _options(tokens, start, lexicon)
        costs = {end: best[end] + _cost(meanings, end - start) for end, meanings in options.items()}
        best[start] = min(costs.values())
        for end in sorted(costs, reverse=True):
            if costs[end] < best[start] + 1e-9:
                covered = Covered(start, end, tuple(options[end]))
                ways[start].extend([covered, *rest] for rest in ways[end])
        ways[start] = ways[start][:most]
    return ways[0]


def _cost(meanings: Sequence[Meaning], tokens: int) -> float:
    """A metric's whole name costs a little less: `discount share` is not `discount` and a question for shares."""
    if isinstance(meanings[0], Unknown):
        return _UNKNOWN_COST
    whole_name = isinstance(meanings[0], Metric) and meanings[0].exact
    return 1.0 - 0.01 * (tokens - 1) * whole_name


def _options(tokens: Sequence[Token], start: int, lexicon: Lexicon) -> dict[int, list[Meaning]]:
    options: dict[int, list[Meaning]] = {}

    def offer(end: int, meaning: Meaning) -> None:
        listed = options.setdefault(end, [])
        if meaning not in listed:
            listed.append(meaning)

    for found in lexicon.at(tokens, start):
        for name in found.names:
            offer(found.end, _named(name, found.exact, tokens[found.end - 1].norm))
            if name.kind == "dimension":
                for end, segment in _after_dimension(tokens, found.end, name.name, lexicon):
                    offer(end, segment)
            elif name.kind == "member":
                for end in _dimension_after(tokens, found.end, name.name, lexicon):
                    offer(end, Segment(name.name, (name.value,), found.exact))
    for phrase in time_phrases(tokens, start):
        offer(phrase.end, Time(phrase))
    for words, unit in lexicon.units.items():
        if tuple(token.norm for token in tokens[start : start + len(words)]) == words:
            offer(start + len(words), Grammar((Word("unit", unit),)))
    token = tokens[start]
    if token.kind == "number":
        offer(start + 1, Number(float(token.norm)))
    elif token.norm in _SMALL_NUMBERS:
        offer(start + 1, Number(float(_SMALL_NUMBERS[token.norm])))
    for end, roles in words_at(tokens, start):
        named = any(not isinstance(meaning, Time) for meaning in options.get(end, ()))
        as_dimension = any(isinstance(meaning, Dimension) for meaning in options.get(end, ()))
        hidden = {"filler"} if named else set()
        hidden |= {"step"} if as_dimension else set()
        kept = tuple(role for role in roles if role.role not in hidden)
        if kept:
            offer(end, Grammar(kept))
    if token.kind == "sign" and token.norm in "-/" and _between_words(tokens, start):
        offer(start + 1, Grammar((Word("filler"),)))
    if not options:
        split = _split(token)
        if not split or not lexicon.at(split, 0):
            offer(start + 1, Unknown())
        else:
            for found in lexicon.at(split, 0):
                for name in found.names:
                    members = lexicon.members_at(split, found.end, name.name) if name.kind == "dimension" else []
                    for member in members:
                        if member.end == len(split):
                            offer(start + 1, Segment(name.name, tuple(item.value for item in member.names)))
            if not options:
                offer(start + 1, Unknown())
    elif not any(end == start + 1 for end in options):
        offer(start + 1, Unknown())
    return options


_WORDS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SMALL_NUMBERS = {word: n for n, word in enumerate(_WORDS, start=2)}


def _named(name: Name, exact: bool, last_word: str) -> Meaning:
    if name.kind == "metric":
        return Metric(name.name, exact)
    if name.kind == "dimension":
        return Dimension(name.name, plural=not exact and last_word.endswith("s"))
    return Segment(name.name, (name.value,), exact)


def _between_words(tokens: Sequence[Token], at: int) -> bool:
    """A hyphen or slash that joins two words, or hangs loose; between figures it would mean something."""
    before = tokens[at - 1] if at else None
    after = tokens[at + 1] if at + 1 < len(tokens) else None
    return not (before and after and before.kind != "word" and after.kind != "word")


def _after_dimension(
    tokens: Sequence[Token], start: int, dimension: str, lexicon: Lexicon
) -> Iterator[tuple[int, Segment]]:
    """`line 3`, `lines 3, 4 and 7`: members after their dimension's name. One reading an ambiguous member."""
    at = start
    while at < len(tokens) and tokens[at].norm in ("number", "no", "#", "nr", ":", "=", "is"):
        at += 1
    first = lexicon.members_at(tokens, at, dimension)
    if not first:
        return
    longest = first[-1]
    for first_name in longest.names:
        values, end = [first_name.value], longest.end
        yield end, Segment(dimension, tuple(values))
        while end < len(tokens) and tokens[end].norm in _LISTING:
            after = end + 1
            if after < len(tokens) and tokens[after].norm in _LISTING:
                after += 1
            following = lexicon.members_at(tokens, after, dimension)
            alike = following[-1].names if following else ()
            if len(alike) != 1:
                break
            values.extend(name.value for name in alike)
            end = following[-1].end
            yield end, Segment(dimension, tuple(dict.fromkeys(values)))


def _dimension_after(tokens: Sequence[Token], at: int, dimension: str, lexicon: Lexicon) -> Iterator[int]:
    """`night shift`: the dimension's name after its member."""
    for found in lexicon.at(tokens, at):
        if any(name.kind == "dimension" and name.name == dimension for name in found.names):
            yield found.end


def _split(token: Token) -> tuple[Token, ...]:
    """`line3` as `line`, `3`."""
    letters = token.norm.rstrip("0123456789")
    if token.kind != "word" or not letters or letters == token.norm:
        return ()
    figures = token.norm[len(letters) :]
    return (Token(letters, letters, "word"), Token(figures, figures, "number", glued=True))
