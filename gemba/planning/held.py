"""What the sources of a metric hold, and how a window lies to it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from gemba.errors import InputError, RefusedError
from gemba.evidence.types import Coverage
from gemba.planning.spans import floor
from gemba.questions.types import Window
from gemba.semantics.model import SemanticModel


def held_by_sources(
    metric: str, model: SemanticModel, coverage: Mapping[str, Coverage], windows: tuple[Window, ...]
) -> Window:
    """What all sources of the metric hold in common.

    Raises:
        RefusedError: `not_in_model` for a source without a time, `too_little_data` for an empty one, `outside_data`
            where a window does not touch what they hold.
        InputError: The coverage of a source is missing.
    """
    first: datetime | None = None
    last: datetime | None = None
    for leaf in model.leaves(metric):
        source = model.metrics[leaf].source or ""
        if model.time_column(source) is None:
            text = f"{metric} reads {source}, which has no time column: no window can be cut from it."
            raise RefusedError("not_in_model", f"a time column of source {source!r}", text=text)
        if source not in coverage:
            raise InputError(f"the coverage of source {source!r} was not given")
        held = coverage[source]
        if held.first is None or held.last is None or not held.rows:
            text = f"Source {source} holds no row with a time."
            raise RefusedError("too_little_data", f"rows in source {source!r}", text=text)
        first = held.first if first is None else max(first, held.first)
        last = held.last if last is None else min(last, held.last)
    assert first is not None
    assert last is not None
    zone = ZoneInfo(model.timezone)
    reach = f"{first.astimezone(zone):%Y-%m-%d} to {last.astimezone(zone):%Y-%m-%d}"
    for window in windows:
        if window.start > last or window.end <= first:
            text = f"{shown(window, zone)} is outside the data, which covers {reach}."
            raise RefusedError("outside_data", f"data in {shown(window, zone)}", nearest=(reach,), text=text)
    return Window.model_construct(start=first, end=last)


def reaches_past(window: Window, held: Window, zone: ZoneInfo) -> str:
    """A note where the window starts before the data, or ends after its last day."""
    parts = []
    if floor(held.start, "day", zone) > window.start:
        parts.append(f"the data starts on {held.start.astimezone(zone):%Y-%m-%d}")
    if window.end.astimezone(zone).date() > held.end.astimezone(zone).date() and not _closes(held.end, window, zone):
        parts.append(f"the data ends on {held.end.astimezone(zone):%Y-%m-%d at %H:%M}")
    return f"{shown(window, zone)} is not wholly covered: {' and '.join(parts)}." if parts else ""


def _closes(last: datetime, window: Window, zone: ZoneInfo) -> bool:
    """Whether the last row lies on the last day of the window."""
    return (window.end.astimezone(zone).date() - last.astimezone(zone).date()).days == 1 and (
        window.end.astimezone(zone) == floor(window.end, "day", zone)
    )


def shown(window: Window, zone: ZoneInfo) -> str:
    """The window in absolute dates, both inclusive; with times where it does not consist of days."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    if start != floor(start, "day", zone) or end != floor(end, "day", zone):
        return f"{start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
    last = end.date().fromordinal(end.date().toordinal() - 1)
    return f"{start:%Y-%m-%d}" if last == start.date() else f"{start:%Y-%m-%d} to {last:%Y-%m-%d}"
