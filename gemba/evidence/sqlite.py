"""What SQLite lacks, given to it as functions of a connection: time zones, quantiles, row hashes."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from gemba.evidence.zones import EPSILON

_HASH_BITS = 44  # sums of a million rows stay within SQLite's 63-bit integers


class UnreadableStampError(ValueError):
    """A stamp that is no time. SQLite hides the reason of a failed function, so the connection remembers it."""


class Functions:
    """The functions of one connection. `problem` is why the last one failed, empty if none did."""

    def __init__(self) -> None:
        self.problem = ""
        self._zone = lru_cache(maxsize=16)(ZoneInfo)

    def install(self, connection: sqlite3.Connection) -> None:
        connection.create_function("gemba_local", 6, self.local, deterministic=True)
        connection.create_function("gemba_hash", -1, row_hash, deterministic=True)
        connection.create_aggregate("gemba_quantile", 2, Quantile)  # type: ignore[arg-type]

    def local(self, value: Any, zone: str, local: str, ends: int, midnight_ends: int, form: str) -> str | None:
        """`YYYY-MM-DD HH:MM:SS.ffffff` in the zone `local`; null for null."""
        if value is None:
            return None
        try:
            moment, is_date = _parse(value, form)
        except (ValueError, TypeError, OverflowError) as error:
            self.problem = f"{value!r} is not a time" + (f" of the format {form!r}" if form else "")
            raise UnreadableStampError(self.problem) from error
        if not is_date:
            if moment.tzinfo is not None:
                moment = moment.astimezone(self._zone(local)).replace(tzinfo=None)
                moment = _moved(moment, ends, midnight_ends)
            else:
                moment = _moved(moment, ends, midnight_ends)
                if zone != local:
                    moment = moment.replace(tzinfo=self._zone(zone)).astimezone(self._zone(local)).replace(tzinfo=None)
        return moment.isoformat(sep=" ", timespec="microseconds")


def _parse(value: Any, form: str) -> tuple[datetime, bool]:
    """The moment, and whether it was only a date."""
    if isinstance(value, int | float):  # seconds since 1970
        return datetime.fromtimestamp(value, UTC), False
    if form:
        return datetime.strptime(value, form), False  # noqa: DTZ007  the model says the zone
    return datetime.fromisoformat(value), len(value) == 10


def _moved(moment: datetime, ends: int, midnight_ends: int) -> datetime:
    if midnight_ends and moment.hour == moment.minute == moment.second == moment.microsecond == 0:
        moment += timedelta(days=1)
    return moment - EPSILON if ends else moment


def row_hash(*values: Any) -> int:
    """The same for equal rows in every process and on every machine."""
    digest = hashlib.blake2b(repr(values).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> (64 - _HASH_BITS)


class Quantile:
    """Linear interpolation between order statistics, as `percentile_cont`. Holds one number a row."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.q = 0.5

    def step(self, value: float | None, q: float) -> None:
        self.q = q
        if value is not None:
            self.values.append(value)

    def finalize(self) -> float | None:
        if not self.values:
            return None
        import numpy as np

        return float(np.quantile(self.values, self.q))
