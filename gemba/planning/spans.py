"""Calendar of a plan: buckets and how far back the evidence reaches."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from gemba.evidence.types import Bucket
from gemba.questions.types import Window

LOOKBACK_DAYS = 91  # 13 weeks: a quarter, and enough of each weekday to know its usual value
LOOKBACK_HOURLY_DAYS = 28
LATEST_FIRST_HOUR = 6  # a first day that starts later than this is not whole


def is_day_aligned(window: Window, zone: ZoneInfo) -> bool:
    """Whether both ends are midnights of the zone. True on days of a clock change too."""
    return all(end.astimezone(zone).time() == time(0) for end in (window.start, window.end))


def comparison_bucket(windows: tuple[Window, ...], zone: ZoneInfo) -> Bucket:
    """Days where every window consists of days, else hours."""
    return "day" if all(is_day_aligned(window, zone) for window in windows) else "hour"


def series_bucket(window: Window, zone: ZoneInfo) -> Bucket:
    """Buckets that a series over the window is drawn in: fine enough for some dozens of points.

    Up to 3 days or without whole days, up to 2 weeks: hours. Up to 26 weeks: days. Up to 3 years: weeks. Else months.
    """
    length = window.end - window.start
    if length <= timedelta(days=3, hours=1) or (not is_day_aligned(window, zone) and length <= timedelta(days=14)):
        return "hour"
    if length <= timedelta(days=182, hours=1):
        return "day"
    return "week" if length <= timedelta(days=3 * 366) else "month"


def level_bucket(window: Window) -> Bucket:
    """Buckets whose variation gives a level its interval: days, or hours for a window of less than a week."""
    if window.end - window.start < timedelta(days=6, hours=23):
        return "hour"
    return "day"


def floor(instant: datetime, bucket: Bucket, zone: ZoneInfo) -> datetime:
    """Start of the hour or local day that holds the instant."""
    local = instant.astimezone(zone)
    if bucket == "hour":
        return local.replace(minute=0, second=0, microsecond=0)
    return datetime.combine(local.date(), time(0), zone)


def back(instant: datetime, days: int, zone: ZoneInfo) -> datetime:
    """The same local time `days` earlier: a calendar step, not a number of hours."""
    local = instant.astimezone(zone)
    return datetime.combine(local.date() - timedelta(days=days), local.time(), zone)


def history_span(
    windows: tuple[Window, ...], *, bucket: Bucket, first: datetime, zone: ZoneInfo, days: int | None = None
) -> Window:
    """From `days` before the earliest window (`LOOKBACK_DAYS`; hours: `LOOKBACK_HOURLY_DAYS`) to the end of the latest.

    Not before the first whole bucket that the data holds; a first day that begins after 6 o'clock is not whole.
    A window itself is never cut.
    """
    start = min(window.start for window in windows)
    end = max(window.end for window in windows).astimezone(zone)
    usual_days = LOOKBACK_DAYS if bucket == "day" else LOOKBACK_HOURLY_DAYS
    lookback = back(floor(start, bucket, zone), usual_days if days is None else days, zone)
    earliest = floor(first, bucket, zone)
    if bucket == "day" and first.astimezone(zone).hour >= LATEST_FIRST_HOUR:
        earliest = back(earliest, -1, zone)
    return Window(start=min(max(lookback, earliest), start.astimezone(zone)), end=end)


def whole_days(span: Window, zone: ZoneInfo) -> Window:
    """The local days that the span touches: a cut day would look like one with rows missing."""
    start, end = floor(span.start, "day", zone), floor(span.end, "day", zone)
    return Window(start=start, end=end if end == span.end else back(end, -1, zone))
