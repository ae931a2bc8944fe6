"""The date on which a series of the question changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.agents.candidates import Candidate
from gemba.agents.panel import Setting
from gemba.errors import SampleTooSmallError
from gemba.statistics.change_point import ChangePoint, change_point
from gemba.statistics.noise import estimate_noise
from gemba.statistics.shift import Exposure, residuals

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Dated:
    """A change with its dates as ISO text in the model's time zone. `relative`: sizes are multiples of the level."""

    found: ChangePoint
    date: str
    low: str
    high: str
    deviation: Floats
    weight: Floats


def date_change(
    found: Setting,
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    against_rest: bool,
    exposure: Exposure | None = None,
) -> Dated | None:
    """When the level of one series (shape (T,)) changed: in the window, or up to twice its length before.

    `exposure` as in `shift_tests`, shape (T,) each.
    None where the question compares two sides of one window (there is no before), or the series is too short.
    """
    if found.two_sided:
        return None
    timeline = found.timeline
    own, whole = (den, total_den) if exposure is None else exposure

    def with_rest(part: Floats, total: Floats) -> Floats:
        return np.stack([part, total if found.additive else total - part]) if against_rest else part[None]

    nums = np.stack([num, total_num - num]) if against_rest else num[None]
    residual, _, weight = residuals(
        nums,
        with_rest(den, total_den),
        total_num,
        total_den,
        timeline=timeline,
        against_rest=against_rest,
        exposure=(with_rest(own, whole), whole),
    )
    residual, weight = residual[:1], weight[:1]
    noise = estimate_noise(residual, weight, history=timeline.history, block=timeline.block)
    deviation = np.divide(residual[0], weight[0], out=np.zeros_like(residual[0]), where=weight[0] > 0)
    where = np.flatnonzero(timeline.window)
    length = int(where[-1] - where[0]) + 1
    at = np.arange(deviation.size)
    candidates = (at > where[0] - 2 * length) & (at <= where[-1])
    upto = where[-1] + 1
    try:
        change = change_point(
            deviation[:upto], weight[0][:upto], candidates=candidates[:upto], memory=float(noise.memory[0])
        )
    except SampleTooSmallError:
        return None
    return Dated(
        found=change,
        date=_iso(found, change.at),
        low=_iso(found, change.low),
        high=_iso(found, change.high),
        deviation=deviation,
        weight=weight[0],
    )


def dates_of(candidate: Candidate) -> dict[str, str]:
    """Start of the change with its interval, as details of a claim; empty where it cannot be dated."""
    found = candidate.compared.found
    if candidate.aspect == "arrival":
        first = first_seen(found, candidate.panel.rows[candidate.index])
        return {"date": first, "date_low": first, "date_high": first}
    num, den, total_num, total_den = candidate.series
    dated = date_change(
        found, num, den, total_num, total_den, against_rest=candidate.aspect == "level", exposure=candidate.exposure
    )
    return {} if dated is None else {"date": dated.date, "date_low": dated.low, "date_high": dated.high}


def first_seen(found: Setting, rows: Floats) -> str:
    """The first bucket that holds a row of the series, as ISO text."""
    return _iso(found, int(np.flatnonzero(rows > 0)[0]))


def _iso(found: Setting, bucket: int) -> str:
    start = found.starts[bucket]
    return start.isoformat(timespec="minutes") if found.bucket == "hour" else start.date().isoformat()
