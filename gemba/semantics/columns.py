"""What each column of a table is good for: an instant, a number to aggregate, a dimension, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

from gemba.semantics.stamps import Stamps, read_stamps
from gemba.semantics.tables import Table
from gemba.semantics.words import identifies, personal, singular, vocabulary, words

Role = Literal["time", "measure", "flag", "dimension", "personal", "left_out"]
MOST_MEMBERS = 1_000
FEW_NUMBERS = 20
_NOT_THE_TIME = vocabulary(
    "birth birthday birthdate dob hire hired required due expiry expires expected planned shipped delivered updated "
    "modified changed deleted cancelled valid until"
)
_THE_TIME = vocabulary("time timestamp date datetime at on ts stamp")
_TOTALS = vocabulary("quantity qty pieces count amount units total")
_CODES = vocabulary(
    "line shift station plant site machine cell class category type grade rank tier zone lane level team "
    "crew band group segment status state cluster"
)
_NOTHING_TO_GROUP_BY = vocabulary("url path homepage phone fax description comment notes zip postal")


@dataclass(frozen=True, slots=True)
class ColumnUse:
    """One column's use. `why` says what it was left out for."""

    name: str
    role: Role
    stamps: Stamps | None = None
    why: str = ""


def uses(table: Table, *, joined: bool) -> dict[str, ColumnUse]:
    """Every column's use, in the table's order.

    Args:
        joined: Other tables refer to this one, so that a text with many different values still groups their rows.
    """
    found = {name: _use(table, name, joined=joined) for name in table.frame.columns}
    time = time_of(found)
    if time is not None and time.stamps is not None:
        for name, use in found.items():
            if use.role in ("measure", "dimension") and _repeats_clock(table.frame[name], time.stamps):
                found[name] = ColumnUse(name, "left_out", why="repeats the time of day")
    return found


def time_of(found: dict[str, ColumnUse]) -> ColumnUse | None:
    """The column of the instant a row belongs to: the first that reads like it; None if none does."""
    times = [use for use in found.values() if use.role == "time" and not _NOT_THE_TIME & set(words(use.name))]
    return max(times, key=lambda use: bool(_THE_TIME & set(words(use.name))), default=None)


def _use(table: Table, name: str, *, joined: bool) -> ColumnUse:
    values = table.frame[name]
    kind = personal(name, table=table.name)
    if values.null_count() == values.len():
        return ColumnUse(name, "left_out", why="empty")
    if kind is not None:
        if name in table.key and values.n_unique() > 50:
            return ColumnUse(name, "left_out", why="a key")
        return ColumnUse(name, "personal")
    stamps = read_stamps(values)
    if stamps is not None:
        return ColumnUse(name, "time", stamps=stamps)
    in_reference = any(name in reference.columns for reference in table.references)
    members = values.drop_nulls().n_unique()
    if values.dtype == pl.Boolean:
        return ColumnUse(name, "flag")
    if values.dtype.is_numeric():
        return _number(table, name, members, in_reference=in_reference)
    if values.dtype != pl.String:
        return ColumnUse(name, "left_out", why=f"of type {values.dtype}")
    return _text(table, name, members, in_reference=in_reference, joined=joined)


def _number(table: Table, name: str, members: int, *, in_reference: bool) -> ColumnUse:
    values = table.frame[name]
    if in_reference or name in table.key:
        return ColumnUse(name, "left_out", why="a key")
    if members < 2:
        return ColumnUse(name, "left_out", why="always the same")
    if values.dtype.is_integer() and set(values.drop_nulls().unique().to_list()) == {0, 1}:
        return ColumnUse(name, "flag")
    if identifies(name):
        few = values.dtype.is_integer() and members <= FEW_NUMBERS and table.rows > 10 * members
        return ColumnUse(name, "dimension") if few else ColumnUse(name, "left_out", why="an identifier")
    few = values.dtype.is_integer() and members <= 8 and table.rows > 50 * members
    if few and not _TOTALS & set(words(name)) and name.lower().rstrip("s") in _CODES:
        return ColumnUse(name, "dimension")
    return ColumnUse(name, "measure")


def _text(table: Table, name: str, members: int, *, in_reference: bool, joined: bool) -> ColumnUse:
    values = table.frame[name].drop_nulls()
    if in_reference:
        return ColumnUse(name, "left_out", why="a key")
    if members < 2:
        return ColumnUse(name, "left_out", why="always the same")
    if (values.str.len_chars().mean() or 0) > 60:  # type: ignore[operator] - the mean of lengths is a number
        return ColumnUse(name, "left_out", why="free text")
    if set(words(name)) & _NOTHING_TO_GROUP_BY:
        return ColumnUse(name, "left_out", why="nothing to group by")
    labels = bool({"name", "title", "label", singular(table.name)} & set(words(name)))
    if name in table.key and members > 50:
        return ColumnUse(name, "left_out", why="a key")
    if members > MOST_MEMBERS or (members * 2 > table.rows > 40 and not labels and not joined):
        return ColumnUse(name, "left_out", why=f"{members} different values")
    return ColumnUse(name, "dimension")


def _repeats_clock(values: pl.Series, stamps: Stamps) -> bool:
    """Whether a number is the seconds or minutes since midnight of the row's stamp."""
    if stamps.instants.dtype == pl.Date or not stamps.has_clock or not values.dtype.is_numeric():
        return False
    clock = stamps.instants.dt
    minutes = clock.hour().cast(pl.Int64) * 60 + clock.minute().cast(pl.Int64)
    seconds = minutes * 60 + clock.second().cast(pl.Int64)
    return any(bool((values == known).all()) for known in (seconds, minutes, clock.hour().cast(pl.Int64)))
