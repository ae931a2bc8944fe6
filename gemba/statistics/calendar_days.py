"""Days as a plant knows them: the holidays of its country, and the hours that a change of the clock leaves a day."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from gemba.errors import UnusableValuesError

Days = NDArray[np.datetime64]
Mask = NDArray[np.bool_]
DAY = np.timedelta64(1, "D")
HOURS = 24


def weekday_of(days: Days) -> NDArray[np.int64]:
    """0 Monday to 6 Sunday, shape (D,), of days as `datetime64[D]`."""
    return (days.astype("datetime64[D]").astype(np.int64) + 3) % 7


def known_countries() -> frozenset[str]:
    """ISO 3166-1 alpha-2 codes whose holidays are known."""
    import holidays

    return frozenset(code for code in holidays.list_supported_countries(include_aliases=False) if len(code) == 2)


def holidays_among(days: Days, country: str | None) -> Mask:
    """Which days are public holidays of a country, shape (D,); none where `country` is None.

    Notes:
        Dates come from the package `holidays`, as announced in law: days declared later (a bridge day, a day of
        mourning) are there once a release knows them. Regional holidays are left out.

    Raises:
        UnusableValuesError: The country's holidays are not known.
    """
    if country is None or days.size == 0:
        return np.zeros(days.size, dtype=bool)
    years = days.astype("datetime64[Y]").astype(np.int64) + 1970
    dates = _dates(country, int(years.min()), int(years.max()))
    return np.isin(days.astype("datetime64[D]"), dates)


@lru_cache(maxsize=8)
def _dates(country: str, first: int, last: int) -> Days:
    import holidays

    try:
        found = holidays.country_holidays(country, years=range(first, last + 1))
    except NotImplementedError as error:
        raise UnusableValuesError("holidays_among", f"no holidays are known of country {country!r}") from error
    return np.array(sorted(found), dtype="datetime64[D]")


def hours_of_day(days: Days, zone: ZoneInfo) -> NDArray[np.float64]:
    """How many hours bear each local hour's name, shape (D, 24): 0 where the clock skips it, 2 where it comes twice.

    All 1 on other days. Clock changes by whole hours; half an hour counts as a half.
    """
    found = np.ones((days.size, HOURS))
    for row, day in enumerate(days.astype("datetime64[D]").tolist()):
        start, end = (datetime.combine(one, time(0), zone).astimezone(UTC) for one in (day, day + timedelta(days=1)))
        halves = round((end - start) / timedelta(minutes=30))
        if halves != 2 * HOURS:
            local = [(start + timedelta(minutes=30 * half)).astimezone(zone).hour for half in range(halves)]
            found[row] = np.bincount(local, minlength=HOURS) / 2
    return found
