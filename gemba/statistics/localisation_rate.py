"""What a rate's numerators should have been, from earlier windows, and how well that is known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gemba.errors import UnusableValuesError
from gemba.statistics.localisation import LEAST_WINDOWS, METHOD, MOST_SEGMENTS, Localisation, Window, localise
from gemba.statistics.localisation_lattice import Codes

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

PRIOR_EVENTS = 1.0
USUAL = 3.0
MAD_TO_SD = 1.4826


@dataclass(frozen=True, slots=True)
class ExpectedEvents:
    """Expected numerators, shape (n,), and the variance of actual less expected over that of a Poisson count.
    `windows` says which earlier windows were used, shape (t,)."""

    expected: Floats
    inflation: Floats
    windows: Flags


def expected_events(numerators: Floats, denominators: Floats, now: Floats) -> ExpectedEvents:
    """Every leaf's earlier rate, drawn towards the total's by the weight of one event, times its denominator now.

    Args:
        numerators, denominators: Events and exposures in earlier windows, shape (n, t).
        now: Exposure in the window in question, shape (n,).

    Returns:
        Windows whose total rate is more than 3 robust standard deviations from the median are left out, since an
        alarm often comes after the change began.

    Raises:
        UnusableValuesError: If the earlier windows hold no exposure or no events.
    """
    exposure = denominators.sum(axis=0)
    seen = np.flatnonzero(exposure > 0)
    if not seen.size or not numerators[:, seen].any():
        raise UnusableValuesError(METHOD, "the earlier windows hold no events: no rate is expected")
    rates = numerators[:, seen].sum(axis=0) / exposure[seen]
    middle = float(np.median(rates))
    spread = MAD_TO_SD * float(np.median(np.abs(rates - middle)))
    used = seen[np.abs(rates - middle) <= USUAL * spread]
    events, exposed = numerators[:, used].sum(axis=1), denominators[:, used].sum(axis=1)
    overall = float(events.sum() / exposed.sum())
    if overall <= 0:
        raise UnusableValuesError(METHOD, "the usual earlier windows hold no events: no rate is expected")
    windows = np.zeros(denominators.shape[1], bool)
    windows[used] = True
    return ExpectedEvents(*_known(events, exposed, now), windows)


def localise_rate(
    codes: Codes,
    numerator: Floats,
    denominator: Floats,
    earlier_numerators: Floats,
    earlier_denominators: Floats,
    *,
    most: int = MOST_SEGMENTS,
    deepest: int | None = None,
) -> Localisation:
    """Find the segments whose rate changed, given events and exposures now, shape (n,), and earlier, shape (n, t).

    Effects are changes of the rate in proportion. Three or more usual earlier windows show how far the leaves of a
    segment stray together; see `localise`. Errors are those of `localise` and `expected_events`.
    """
    if not (np.isfinite(denominator).all() and np.isfinite(earlier_denominators).all()):
        raise UnusableValuesError(METHOD, "denominators must be finite")
    if (denominator < 0).any() or (earlier_denominators < 0).any():
        raise UnusableValuesError(METHOD, "denominators must not be negative")
    usual = expected_events(earlier_numerators, earlier_denominators, denominator)
    windows = _each_held_out(earlier_numerators[:, usual.windows], earlier_denominators[:, usual.windows])
    return localise(
        codes,
        numerator,
        usual.expected,
        inflation=usual.inflation,
        counting=1.0,
        most=most,
        deepest=deepest,
        earlier=windows,
    )


def _each_held_out(numerators: Floats, denominators: Floats) -> list[Window]:
    """Every earlier window against the others, if there are at least `LEAST_WINDOWS`."""
    windows = numerators.shape[1]
    if windows < LEAST_WINDOWS:
        return []
    out: list[Window] = []
    events, exposed = numerators.sum(axis=1), denominators.sum(axis=1)
    for one in range(windows):
        others, at_risk = events - numerators[:, one], exposed - denominators[:, one]
        if others.sum() > 0:
            out.append((numerators[:, one], *_known(others, at_risk, denominators[:, one])))
    return out


def _known(events: Floats, exposed: Floats, now: Floats) -> tuple[Floats, Floats]:
    """Expected events and their inflation: the rate drawn towards the total's by the weight of one event."""
    overall = float(events.sum() / exposed.sum())
    known = exposed + PRIOR_EVENTS / overall
    return now * (events + PRIOR_EVENTS) / known, 1.0 + now / known
