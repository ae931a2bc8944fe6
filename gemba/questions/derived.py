"""How the members of dimensions derived from time are written: `Mondays`, `weekend`.

Only what cannot be anything else. Months, quarters and years are times, and `on Monday` is a day; the plural
`Mondays` is every one of them. Hours count only beside the name of their dimension (`hour 7`).
"""

from __future__ import annotations

from collections.abc import Iterator

from gemba.evidence.labels import WEEKDAYS
from gemba.semantics.model import Derived


def derived_members(part: Derived) -> Iterator[tuple[str, str]]:
    """Pairs of a phrase and the member as the evidence spells it; nothing for parts that are said as times."""
    if part == "hour":
        for hour in range(24):
            yield str(hour), str(hour)
    elif part == "weekday":
        for day in WEEKDAYS:
            yield f"{day}s", day
    elif part == "weekend":
        for phrase in ("weekend", "the weekend", "weekends"):
            yield phrase, "weekend"
        for phrase in ("weekdays", "working days", "workdays"):
            yield phrase, "weekday"
