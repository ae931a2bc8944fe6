"""How members are spelled as text, the same for every source.

| derived | spelled |
|---|---|
| hour | `0` … `23` |
| weekday | `monday` … `sunday` |
| weekend | `weekend`, `weekday` |
| day, week | date of the start, `2026-11-09` |
| month | `2026-11` |
| quarter | `2026q4` |
| year | `2026` |

Queries group by a code (a number, or the start of the period), which is turned into text in the result.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING

from gemba.semantics.model import Derived, Weekday

if TYPE_CHECKING:
    import polars as pl

WEEKDAYS: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def code_of(part: Derived, text: str) -> int | datetime | None:
    """The code of a spelled member; None if it is no member that could exist."""
    word = text.strip().lower()
    if part == "weekday":
        return WEEKDAYS.index(word) + 1 if word in WEEKDAYS else None
    if part == "weekend":
        return {"weekend": 1, "weekday": 0}.get(word)
    if part in ("hour", "year"):
        return int(word) if re.fullmatch(r"\d{1,4}", word) else None
    if part == "quarter":
        match = re.fullmatch(r"(\d{4})-?q([1-4])", word)
        return int(match[1]) * 10 + int(match[2]) if match else None
    try:
        day = date.fromisoformat(f"{word}-01" if part == "month" and word.count("-") == 1 else word)
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day)  # noqa: DTZ001  local and naive, as the buckets are


def spell_codes(part: Derived, codes: pl.Series) -> pl.Series:
    """Text of the codes of a derived field; null stays null."""
    import polars as pl

    if part in ("day", "week", "month"):
        return codes.cast(pl.Datetime("us")).dt.strftime("%Y-%m" if part == "month" else "%Y-%m-%d")
    numbers = codes.cast(pl.Int64)
    if part == "weekday":
        return numbers.replace_strict(dict(enumerate(WEEKDAYS, start=1)), return_dtype=pl.String)
    if part == "weekend":
        return numbers.replace_strict({0: "weekday", 1: "weekend"}, return_dtype=pl.String)
    text = numbers.cast(pl.String)
    return text.str.slice(0, 4) + "q" + text.str.slice(4) if part == "quarter" else text


def spell_members(values: pl.Series) -> pl.Series:
    """Text of stored values: whole numbers without a fraction, booleans in lower case, dates in ISO.

    NaN is no member: null.
    """
    import polars as pl

    kind = values.dtype
    if kind == pl.String:
        return values
    if kind == pl.Null:
        return values.cast(pl.String)
    if kind.is_float() or kind.is_decimal():
        return (
            values.cast(pl.Float64).fill_nan(None).map_elements(spell_number, return_dtype=pl.String, skip_nulls=True)
        )
    if isinstance(kind, pl.Datetime):
        return values.map_elements(lambda value: value.isoformat(sep=" "), return_dtype=pl.String, skip_nulls=True)
    if kind == pl.Object:
        return pl.Series(values.name, [None if value is None else str(value) for value in values], dtype=pl.String)
    return values.cast(pl.String)


def spell_number(value: float) -> str:
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else repr(value)
