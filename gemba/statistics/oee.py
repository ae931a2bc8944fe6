"""Overall equipment effectiveness: where the planned minutes went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import fsum, isfinite
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gemba.errors import UnusableValuesError
from gemba.statistics.finite import refuse_unknown

Floats = NDArray[np.float64]

Category = Literal["availability", "performance", "quality"]
BigLoss = Literal[
    "equipment failure",
    "setup and adjustment",
    "idling and minor stops",
    "reduced speed",
    "process defects",
    "reduced yield",
    "downtime",
    "speed and minor stops",
]
"""Nakajima's six, and two for data that do not tell them apart."""

_ROUNDING = 1e-9  # share of the running time by which cycle times given in decimals may overshoot it


@dataclass(frozen=True, slots=True)
class Loss:
    """Minutes lost to one reason. `share`: of the planned time."""

    reason: str
    category: Category
    big_loss: BigLoss
    minutes: float
    share: float


@dataclass(frozen=True, slots=True)
class Oee:
    """The three factors and their product, each a share; None where it would be nothing over nothing (no running
    time: no performance; no pieces: no quality). `oee` is then 0, since nothing good was made.

    `losses`, largest first, add up to `planned_min - productive_min`.
    """

    planned_min: float
    running_min: float
    productive_min: float
    availability: float
    performance: float | None
    quality: float | None
    oee: float
    losses: tuple[Loss, ...]


def oee(
    planned_min: float,
    *,
    ideal_cycle_min: Floats,
    pieces: Floats,
    good: Floats,
    downtime_min: Mapping[str, float],
    startup_rejects: Floats | None = None,
    big_losses: Mapping[str, BigLoss] | None = None,
) -> Oee:
    """OEE of a machine over a period, exact.

    Args:
        planned_min: Time planned for production, minutes (breaks and planned maintenance already taken out).
        ideal_cycle_min: Shape (k,), shortest time a piece of each of k products can take, minutes.
        pieces: Shape (k,), pieces made, good or not (or another amount, with the cycle time per unit of it).
        good: Shape (k,), of these right the first time.
        downtime_min: Minutes of each reason while production was planned. Reasons must not overlap.
        startup_rejects: Shape (k,), of the pieces that are not good those made while starting up.
        big_losses: Which of the big losses a reason belongs to; the others are "downtime". A reason of
            "idling and minor stops" is a loss of performance (Nakajima) and is not counted as downtime.

    Returns:
        Availability = running / planned, performance = ideal time of all pieces / running, quality = ideal time of
        the good pieces / that of all, and `oee = productive_min / planned_min`. With one product, quality is good
        over all pieces. Time lost without a reason is "speed and minor stops" ("reduced speed" where minor stops
        are told).

    Raises:
        UnusableValuesError: Amounts that are infinite, missing or negative; no planned time; more downtime than
            planned time; more good pieces (and start-up rejects) than pieces; a cycle time of 0; or performance above
            1: the ideal cycle time is then longer than the machine needs, and every loss would be understated.

    References:
        S. Nakajima, "Introduction to TPM", 1988. Weighting products by their ideal time: A. J. de Ron and J. E.
        Rooda, "OEE and equipment effectiveness: an evaluation", Int. J. Prod. Res. 44(23), 2006.
    """
    big_losses = big_losses or {}
    rejects = np.zeros(pieces.size) if startup_rejects is None else startup_rejects
    _refuse(planned_min, ideal_cycle_min, pieces, good, rejects, downtime_min)
    stops = {r: m for r, m in downtime_min.items() if big_losses.get(r) == "idling and minor stops"}
    down = {r: m for r, m in downtime_min.items() if r not in stops}
    running = planned_min - fsum(down.values())
    ideal = fsum(ideal_cycle_min * pieces)
    productive = fsum(ideal_cycle_min * good)
    slow = running - ideal - fsum(stops.values())
    if running < -_ROUNDING * planned_min:
        said = f"{fsum(down.values()):g} min of downtime in {planned_min:g} min of planned time"
        raise UnusableValuesError("oee", f"{said}: reasons overlap, or breaks are counted as downtime")
    if slow < -_ROUNDING * planned_min:
        _refuse_too_fast(running, ideal, fsum(stops.values()))
    starting = fsum(ideal_cycle_min * rejects)
    rest: BigLoss = "reduced speed" if stops else "speed and minor stops"
    found: list[tuple[str, Category, BigLoss, float]] = [
        *((reason, "availability", big_losses.get(reason, "downtime"), minutes) for reason, minutes in down.items()),
        *((reason, "performance", "idling and minor stops", minutes) for reason, minutes in stops.items()),
        (rest, "performance", rest, max(slow, 0.0)),
        ("rejects", "quality", "process defects", ideal - productive - starting),
    ]
    if startup_rejects is not None:
        found.append(("start-up rejects", "quality", "reduced yield", starting))
    losses = [Loss(*loss, loss[3] / planned_min) for loss in sorted(found, key=lambda loss: -loss[3])]
    return Oee(
        planned_min=planned_min,
        running_min=running,
        productive_min=productive,
        availability=running / planned_min,
        performance=min(ideal / running, 1.0) if running > 0 else None,
        quality=productive / ideal if ideal > 0 else None,
        oee=productive / planned_min,
        losses=tuple(losses),
    )


def _refuse(
    planned: float, cycle: Floats, pieces: Floats, good: Floats, rejects: Floats, downtime: Mapping[str, float]
) -> None:
    refuse_unknown("oee", ideal_cycle_min=cycle, pieces=pieces, good=good, startup_rejects=rejects)
    bad = sorted(reason for reason, minutes in downtime.items() if not isfinite(minutes) or minutes < 0)
    problems = {
        f"planned time is {planned}: it must be above 0": not isfinite(planned) or planned <= 0,
        f"downtime of {', '.join(bad)} is negative, infinite or missing": bool(bad),
        "an ideal cycle time is not above 0": bool((cycle <= 0).any()),
        "numbers of pieces are negative": bool((np.concatenate([pieces, good, rejects]) < 0).any()),
        "more good pieces and start-up rejects than pieces": bool((good + rejects > pieces * (1 + 1e-12)).any()),
    }
    found = [problem for problem, holds in problems.items() if holds]
    if found:
        raise UnusableValuesError("oee", "; ".join(found))


def _refuse_too_fast(running: float, ideal: float, stops: float) -> None:
    said = f"the pieces take {ideal:g} min at the ideal cycle time, but the machine ran {running - stops:g} min"
    share = f" (performance {ideal / running:.3f})" if running > 0 else ""
    raise UnusableValuesError("oee", f"{said}{share}: the ideal cycle time is too long, or downtime is overstated")
