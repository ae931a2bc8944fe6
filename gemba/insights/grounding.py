"""Is every number in a text one of the numbers it claims to report?"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence

from gemba.insights.types import Claim
from gemba.questions.types import Predicate

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:[+-]\d{2}:\d{2}|Z)?)?|\b\d{2}:\d{2}(?::\d{2})?\b")
_NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:[eE][-+]?\d+)?(?![\w])")


def ungrounded(text: str, *, numbers: Iterable[float], words: Iterable[str]) -> tuple[str, ...]:
    """The numbers in `text` that are none of `numbers` after rounding, as written.

    `words` are names that may hold digits (members, dimensions, metrics, units, dates); they are taken out first,
    longest first. A number written with d decimals stands for every value that rounds to it; the sign is not compared,
    because words carry it ("fell by 3").
    """
    rest = text
    for word in sorted(
        {word for word in words if any(sign.isdigit() for sign in word)}, key=lambda one: (-len(one), one)
    ):
        rest = re.sub(rf"(?<![\w.,]){re.escape(word)}(?!\w|[.,]\d)", " ", rest)
    rest = _DATE.sub(" ", rest)
    known = [abs(float(one)) for one in numbers if math.isfinite(float(one))]
    return tuple(token for token in _NUMBER.findall(rest) if not any(_is_shown_as(value, token) for value in known))


def _is_shown_as(value: float, token: str) -> bool:
    plain = token.replace(",", "")
    mantissa, _, power = plain.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    half = 0.5 * 10.0 ** ((int(power) if power else 0) - decimals)
    return abs(float(plain) - value) <= half * (1 + 1e-9) + abs(value) * 1e-12


def numbers_of(claim: Claim) -> tuple[float, ...]:
    """Every number a claim carries: effect, interval and its level in per cent, p, q, n, details; also lengths."""
    plain = [claim.effect, claim.n, claim.ci_level * 100.0, *(claim.ci or ())]
    plain += [value for value in (claim.p_value, claim.q_value, claim.confidence) if value is not None]
    plain += [
        value for value in claim.details.values() if isinstance(value, int | float) and not isinstance(value, bool)
    ]
    return tuple(float(value) for value in plain)


def words_of(claim: Claim, filters: Sequence[Predicate] = ()) -> tuple[str, ...]:
    """Names in a claim that may hold digits, in the spellings that statements use."""
    names = [claim.metric, claim.unit, *(value for value in claim.details.values() if isinstance(value, str))]
    for predicate in (*claim.segment, *filters):
        names.append(predicate.dimension or predicate.metric or "")
        names.extend(str(value) for value in predicate.values)
    spaced = [name.replace("_", " ") for name in names]
    return tuple(
        dict.fromkeys(
            form for name in (*names, *spaced) for form in (name, name.capitalize(), name[:1].upper() + name[1:])
        )
    )
