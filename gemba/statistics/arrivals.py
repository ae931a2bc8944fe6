"""Members without a past of their own (a new lot, a new product): are they unlike the others of their kind?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammainc, gammaincc, stdtr, stdtrit

from gemba.statistics.finite import refuse_infinite
from gemba.statistics.shift import Exposure, Timeline

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEAST_PEERS = 8


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Level of each member relative to the rest, against what is usual for its kind; shape (S,), NaN where untold.

    `ratio`: level over the usual one (1: as usual). `effect`: level in the window minus the usual one, in the unit of
    numerator over denominator; `low`, `high`: its 95 % interval. `p` two-sided.
    """

    ratio: Floats
    effect: Floats
    low: Floats
    high: Floats
    usual: Floats
    level: Floats
    p: Floats


def arrival_tests(
    num: Floats,
    den: Floats,
    total_num: Floats,
    total_den: Floats,
    *,
    timeline: Timeline,
    chosen: Mask,
    exposure: Exposure | None = None,
) -> Arrivals:
    """Test the `chosen` members against their peers' levels outside the window.

    Args:
        num, den: Shape (S, T), numerators never negative. total_num, total_den: of the whole, shape (T,).
        chosen: Members to test, shape (S,).
        exposure: As in `shift_tests`: what the numerators are proportional to, in place of the denominators.

    Returns:
        A member's level is its amount over what the rest of the total would have made of its denominators, bucket
        by bucket. Null: its logarithm is drawn from the same distribution as the peers'; Student's t with the peers'
        median and scale (the larger of MAD and interdecile range, since peers may be of several kinds), their number
        less one degrees of freedom. A member with less exposure than its peers has its variance widened in proportion.
        p is at least that of a Poisson test in units of the peers' dispersion. All NaN with fewer than 8 peers.

    Raises:
        UnusableValuesError: An amount is infinite.

    References:
        P. J. Rousseeuw and C. Croux, "Alternatives to the median absolute deviation", JASA 88, 1993 (scale).
    """
    refuse_infinite("arrival_tests", num=num, den=den, total_num=total_num, total_den=total_den)
    own, whole = (den, total_den) if exposure is None else exposure
    rest_den = whole - own
    rate = np.divide(total_num - num, rest_den, out=np.zeros_like(num), where=rest_den > 0)
    expected = np.where(den > 0, own * rate, 0.0)
    w = timeline.window
    outside = (timeline.history | timeline.baseline) & ~w
    level = _level(num, expected, outside)
    known = np.where(outside, expected, 0.0).sum(axis=1)
    peers = np.isfinite(level) & (known > 0)
    if peers.any():
        peers &= known >= 0.1 * np.median(known[peers])
    size = num.shape[0]
    nothing = np.full(size, np.nan)
    if int(peers.sum()) < LEAST_PEERS:
        return Arrivals(nothing, nothing, nothing, nothing, nothing, nothing, nothing)
    middle = float(np.median(level[peers]))
    outer = np.quantile(level[peers], (0.1, 0.9))
    spread = max(1.4826 * float(np.median(np.abs(level[peers] - middle))), float(outer[1] - outer[0]) / 2.563)
    now = _level(num, expected, w)
    here = np.where(w, expected, 0.0).sum(axis=1)
    thin = np.sqrt(np.maximum(1.0, np.median(known[peers]) / np.maximum(here, 1e-300)))
    se = spread * thin * np.sqrt(1.0 + 1.57 / peers.sum())
    df = float(peers.sum() - 1)
    told = chosen & np.isfinite(now) & (se > 0)
    p = np.where(
        told, 2.0 * stdtr(df, -np.abs(np.where(told, (now - middle) / np.where(se > 0, se, 1.0), 0.0))), np.nan
    )
    typical = float(np.median(known[peers]))
    if spread > 0:
        p = np.maximum(p, _few(np.where(w, num, 0.0).sum(axis=1), here * np.exp(middle), spread**2 * typical))
    d1 = np.where(w, den, 0.0).sum(axis=1)
    n1 = np.where(w, num, 0.0).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        actual = n1 / d1
        usual = np.exp(middle) * here / d1
        half = stdtrit(df, 0.975) * se
        low, high = (usual * (np.exp(now - middle + sign * half) - 1.0) for sign in (-1.0, 1.0))
    keep = lambda values: np.where(told, values, np.nan)  # noqa: E731
    return Arrivals(
        ratio=keep(np.exp(now - middle)),
        effect=keep(actual - usual),
        low=keep(np.minimum(low, actual - usual)),  # the floor under a logarithm moves the bounds by a hair
        high=keep(np.maximum(high, actual - usual)),
        usual=keep(usual),
        level=keep(actual),
        p=p,
    )


def _few(amount: Floats, usual: Floats, dispersion: float) -> Floats:
    """Two-sided Poisson p of amounts in units of their dispersion: what holds where next to nothing is expected."""
    k, mean = amount / dispersion, usual / dispersion
    upper = np.where(k > 0, gammainc(np.maximum(k, 1e-9), mean), 1.0)
    return np.minimum(1.0, 2.0 * np.minimum(upper, gammaincc(k + 1.0, mean)))


def _level(num: Floats, expected: Floats, mask: Mask) -> Floats:
    """Log of amount over expectation; half a thousandth of the usual is added so that a zero has a logarithm."""
    top = np.where(mask & (expected > 0), num, 0.0).sum(axis=1)
    bottom = np.where(mask, expected, 0.0).sum(axis=1)
    positive = bottom[bottom > 0]
    floor = 5e-4 * float(np.median(positive)) if positive.size else 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(bottom > 0, np.log((top + floor) / (bottom + floor)), np.nan)
