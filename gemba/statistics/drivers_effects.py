"""How large a driver's effect is, whether it is a step or a slope, and what effect would have been seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit, ndtri, stdtrit

from gemba.statistics.drivers_rules import Floats, Mask, Outcome

LEVEL = 0.95
LEAST_MEMBER = 20


@dataclass(frozen=True, slots=True)
class Effect:
    """Level inside less level outside with a 95 % interval, in the outcome's unit (a share for yes/no)."""

    inside: float
    outside: float
    n_inside: int
    n_outside: int
    low: float
    high: float

    @property
    def difference(self) -> float:
        return self.inside - self.outside


def effect(outcome: Outcome, inside: Mask, outside: Mask) -> Effect:
    """Difference of two shares (Newcombe's hybrid score interval) or of two means (Welch).

    Neither says anything about the choice of the region: a threshold is located so much more closely (1/n) than a level
    (1/√n) that its choice does not matter for an effect that is plainly there.

    References:
        R. G. Newcombe, "Interval estimation for the difference between independent proportions", Statistics in
        Medicine 17, 873-890, 1998, method 10. B. L. Welch, Biometrika 34, 28-35, 1947.
    """
    x, y = outcome.values[inside], outcome.values[outside]
    a, b = float(x.mean()), float(y.mean())
    if outcome.yes_no:
        (low_a, high_a), (low_b, high_b) = _wilson(a, x.size), _wilson(b, y.size)
        low = a - b - np.hypot(a - low_a, high_b - b)
        high = a - b + np.hypot(high_a - a, b - low_b)
    else:
        va = float(x.var(ddof=1)) / x.size if x.size > 1 else np.nan
        vb = float(y.var(ddof=1)) / y.size if y.size > 1 else np.nan
        spread = va + vb
        df = spread**2 / (va**2 / (x.size - 1) + vb**2 / (y.size - 1)) if spread > 0 else 1.0
        half = float(stdtrit(df, (1 + LEVEL) / 2)) * float(np.sqrt(spread))
        low, high = a - b - half, a - b + half
    return Effect(a, b, int(x.size), int(y.size), float(low), float(high))


def _wilson(share: float, n: int) -> tuple[float, float]:
    z = float(ndtri((1 + LEVEL) / 2))
    middle = share + z * z / (2 * n)
    half = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return float((middle - half) / (1 + z * z / n)), float((middle + half) / (1 + z * z / n))


def slope_gain(outcome: Outcome, values: Floats, rows: Mask) -> float:
    """Log-likelihood, in nats, by which a line (on the logit scale for yes/no) in a feature beats one level."""
    known = rows & ~np.isnan(values)
    x, y = values[known], outcome.values[known]
    low, high = np.quantile(x, [0.005, 0.995])
    x = np.clip(x, low, high)
    if x.std() == 0 or y.std() == 0:
        return 0.0
    x = (x - x.mean()) / x.std()
    if not outcome.yes_no:
        return float(-0.5 * x.size * np.log1p(-min(float(np.corrcoef(x, y)[0, 1]) ** 2, 1 - 1e-12)))
    return _logistic_gain(x, y)


def levels_gain(y: Floats, codes: Floats) -> float:
    """Log-likelihood, in nats, by which a mean for each member beats one mean, over the rows with a member."""
    known = ~np.isnan(codes)
    y, places = y[known], codes[known].astype(int)
    counts = np.bincount(places).astype(np.float64)
    means = np.bincount(places, weights=y - y.mean()) / np.maximum(counts, 1.0)
    spread = float(((y - y.mean()) ** 2).sum())
    return float(-0.5 * y.size * np.log1p(-min(float((counts * means**2).sum()) / max(spread, 1e-300), 1 - 1e-12)))


def extreme_members(y: Floats, codes: Floats) -> tuple[int, int]:
    """The members with the highest and the lowest mean, of those with 20 rows and 0.5 % of all, if two have them."""
    known = ~np.isnan(codes)
    places = codes[known].astype(int)
    counts = np.bincount(places)
    means = np.bincount(places, weights=y[known]) / np.maximum(counts, 1)
    common = np.flatnonzero(counts >= max(LEAST_MEMBER, 0.005 * places.size))
    chosen = common if common.size > 1 else np.flatnonzero(counts)
    return int(chosen[means[chosen].argmax()]), int(chosen[means[chosen].argmin()])


def _logistic_gain(x: Floats, y: Floats) -> float:
    """By Newton's method with halved steps; x has mean 0 and variance 1."""
    share = float(y.mean())
    b: Floats = np.array([np.log(share / (1 - share)), 0.0])
    base = best = _logistic_likelihood(b, x, y)
    for _ in range(30):
        p = expit(b[0] + b[1] * x)
        w = np.maximum(p * (1 - p), 1e-12)
        gradient = np.array([(y - p).sum(), ((y - p) * x).sum()])
        information = np.array([[w.sum(), (w * x).sum()], [(w * x).sum(), (w * x * x).sum()]])
        step = np.linalg.solve(information + 1e-9 * np.eye(2), gradient)
        size = 1.0
        while size > 1e-3 and _logistic_likelihood(b + size * step, x, y) < best:
            size /= 2
        found = _logistic_likelihood(b + size * step, x, y)
        if found - best < 1e-6:
            break
        b, best = np.asarray(b + size * step, dtype=np.float64), found
    return max(best - base, 0.0)


def _logistic_likelihood(b: Floats, x: Floats, y: Floats) -> float:
    z = b[0] + b[1] * x
    return float((y * z - np.logaddexp(0.0, z)).sum())


def detectable(outcome: Outcome, *, tests: int, alpha: float, share: float = 0.1) -> float:
    """Difference that would be found with 80 % power in a region of a tenth of the rows, in the outcome's unit.

    Args:
        tests: Comparisons that are corrected for.
    """
    y = outcome.values
    n = y.size
    z = float(ndtri(1 - alpha / (2 * max(tests, 1)))) + float(ndtri(0.8))
    base = float(y.mean())
    spread = float(y.std())
    if outcome.yes_no:  # the variance inside grows with the share that is to be found
        for _ in range(20):
            inside = min(base + z * spread / np.sqrt(n * share), 1.0)
            spread = float(np.sqrt(max(inside * (1 - inside), base * (1 - base))))
        return float(min(z * spread / np.sqrt(n * share), 1.0 - base))
    return float(z * spread * np.sqrt(1 / (n * share) + 1 / (n * (1 - share))))
