"""Shewhart charts of counts: nonconforming items (p, np) and nonconformities (c, u), overdispersed or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc

from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.statistics.control_chart import LEAST, ControlCharts, Reference, drawn
from gemba.statistics.control_constants import d2
from gemba.statistics.finite import refuse_infinite

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]
Kind = Literal["p", "np", "c", "u"]


@dataclass(frozen=True, slots=True)
class Overdispersion:
    """Whether counts scatter more than binomial (Poisson) chance does.

    `ratio`: variance seen over the theoretical one. `statistic`: sum of squared standardised counts, chi-square with
    `df` degrees of freedom in control. `p`: chance of as much or more scatter.
    """

    ratio: float
    statistic: float
    df: int
    p: float


def attribute_chart(
    counts: Floats,
    sizes: Floats | None = None,
    *,
    kind: Kind,
    laney: bool = False,
    reference: Reference | None = None,
    excluded: Mask | None = None,
) -> ControlCharts:
    """p, np, c or u chart; p' and u' after Laney with `laney`.

    Args:
        counts: Shape (n,), whole numbers: nonconforming items (p, np) or nonconformities (c, u). NaN is a gap.
        sizes: Shape (n,): items inspected (p, np) or area of opportunity in any unit (u). Not for c.
            0 with a count of 0 means nothing was inspected: a gap.
        laney: Widen or narrow the limits by how far the standardised counts move from point to point, instead of
            believing in binomial or Poisson scatter. For large sizes, where any small variation of the true rate
            puts most points beyond the limits. p and u only.
        reference: Of phase I, for frozen limits. None: phase I.
        excluded: Shape (n,). Points left out of the estimates, drawn and judged all the same.

    Returns:
        Only the level is drawn. Of p and u: count over size; of np and c: the count. Limits vary with the sizes.

    Raises:
        SampleTooSmallError: Phase I with fewer than 8 points.
        UnusableValuesError: A count is infinite, negative, not whole, above its size, or comes from nothing
            inspected; all counts are 0 or all items nonconforming; sizes are missing or given for a c chart;
            the reference is of another chart.

    Notes:
        Three-sigma limits are symmetric, counts are skew: below an expectation of about 5 the true false-alarm
        rate is above 0.27 % at the upper limit and 0 at the lower, which is then no limit at all.

    References:
        W. A. Shewhart, 1931; NIST/SEMATECH e-Handbook, section 6.3.3. D. B. Laney, "Improved Control Charts for
        Attributes", Qual. Eng. 14(4), 531-537, 2002.
    """
    counts, sizes = _checked(counts, sizes, kind)
    name = f"{kind}'" if laney else kind
    if laney and kind in ("np", "c"):
        raise UnusableValuesError("attribute_chart", f"Laney's limits are for p and u charts, not for {kind}")
    there = ~np.isnan(counts)
    if reference is None:
        kept = there if excluded is None else there & ~excluded
        if kept.sum() < LEAST:
            raise SampleTooSmallError("attribute_chart", needed=LEAST, got=int(kept.sum()))
        rate = float(counts[kept].sum() / sizes[kept].sum())
        inflation = _movement(counts, sizes, rate, kind, kept) if laney else 1.0
        reference = Reference(name, rate, inflation, int(kept.sum()))
    if reference.kind != name:
        raise UnusableValuesError("attribute_chart", f"the reference is of a {reference.kind} chart, not of {name}")
    if not there.any():
        raise SampleTooSmallError("attribute_chart", needed=1, got=0)
    se = reference.sigma * _standard_error(sizes, reference.centre, kind)
    shown = sizes if kind in ("np", "c") else np.ones(sizes.size)
    level = drawn(
        {"p": "proportion", "np": "nonconforming items", "c": "nonconformities", "u": "nonconformities per unit"}[kind],
        np.divide(counts, sizes, out=np.full(counts.size, np.nan), where=there) * shown,
        reference.centre * shown,
        se * shown,
        least=0.0,
        most=1.0 if kind == "p" else np.inf,
    )
    return ControlCharts(level, None, reference)


def overdispersion(counts: Floats, sizes: Floats | None = None, *, kind: Kind) -> Overdispersion:
    """Test of binomial (p, np) or Poisson scatter (c, u): null, one rate and nothing but chance.

    Args:
        counts, sizes, kind: As for `attribute_chart`.

    Returns:
        One-sided for too much scatter. A change of the rate, an outlier and true overdispersion all make it small:
        look at the chart before choosing Laney's limits.

    Raises:
        SampleTooSmallError, UnusableValuesError: As `attribute_chart`.

    References:
        G. B. Wetherill and D. W. Brown, "Statistical Process Control", 1991, pp. 216-218.
    """
    counts, sizes = _checked(counts, sizes, kind)
    there = ~np.isnan(counts)
    if there.sum() < LEAST:
        raise SampleTooSmallError("overdispersion", needed=LEAST, got=int(there.sum()))
    rate = float(counts[there].sum() / sizes[there].sum())
    z = (counts[there] / sizes[there] - rate) / _standard_error(sizes[there], rate, kind)
    statistic, df = float((z**2).sum()), int(there.sum()) - 1
    return Overdispersion(statistic / df, statistic, df, float(chdtrc(df, statistic)))


def _movement(counts: Floats, sizes: Floats, rate: float, kind: str, kept: Mask) -> float:
    """Laney's sigma of the standardised counts, from their moving range."""
    z = (counts / sizes - rate) / _standard_error(sizes, rate, kind)
    pairs = kept[1:] & kept[:-1]
    if not pairs.any():
        raise SampleTooSmallError("attribute_chart (points next to each other)", needed=2, got=1)
    moved = float(np.abs(np.diff(z))[pairs].mean()) / d2(2)
    if moved == 0:
        raise UnusableValuesError("attribute_chart", "the rates do not vary: there is nothing to set Laney's limits by")
    return moved


def _standard_error(sizes: Floats, rate: float, kind: str) -> Floats:
    """Of count over size; NaN where nothing was inspected."""
    variance = rate * (1.0 - rate) if kind in ("p", "np") else rate
    if variance <= 0:
        said = "no nonconformity at all" if rate == 0 else "every item is nonconforming"
        raise UnusableValuesError("attribute_chart", f"{said}: there is nothing to set limits by")
    return np.sqrt(np.divide(variance, sizes, out=np.full(sizes.size, np.nan), where=sizes > 0))


def _checked(counts: Floats, sizes: Floats | None, kind: str) -> tuple[Floats, Floats]:
    """Counts and sizes as floats; points where nothing was inspected or counted are NaN and 1."""
    if (sizes is None) != (kind == "c"):
        raise UnusableValuesError("attribute_chart", "sizes are for p, np and u charts, and needed there")
    counts = counts.astype(np.float64)
    sizes = np.ones(counts.size) if sizes is None else sizes.astype(np.float64)
    refuse_infinite("attribute_chart", counts=counts, sizes=sizes)
    there = ~(np.isnan(counts) | np.isnan(sizes))
    n, size = counts[there], sizes[there]
    problems = {
        "counts are negative": int((n < 0).sum()),
        "counts are not whole numbers": int((n != np.floor(n)).sum()),
        "sizes are negative": int((size < 0).sum()),
        "counts come from nothing inspected (size 0)": int(((size == 0) & (n > 0)).sum()),
    }
    if kind in ("p", "np"):
        problems["sizes are not whole numbers"] = int((size != np.floor(size)).sum())
        problems["counts exceed their size"] = int((n > size).sum())
    found = [f"{count} {what}" for what, count in problems.items() if count]
    if found:
        raise UnusableValuesError("attribute_chart", "; ".join(found))
    usable = there & (sizes > 0)
    return np.where(usable, counts, np.nan), np.where(usable, sizes, 1.0)
