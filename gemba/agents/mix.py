"""What the mix of every segment lets one expect, from the finest cells at hand."""

from __future__ import annotations

import numpy as np
import polars as pl

from gemba.agents.panel import Setting, cubes
from gemba.evidence.measure import RatioForm, ratio_form
from gemba.evidence.types import Grouping
from gemba.statistics.standardise import main_effects

MOST_MEMBERS = 2_000
NEAR_ONE = 0.5


def mix_of(found: Setting) -> pl.DataFrame | None:
    """Expected numerator of every cell given its members: columns of the cells, `at` (place in time), `exposure`.

    None where the plan asked for no cells, or the metric is no ratio that can be compared as multiples (a share
    above one half is not: what is rare about it is what is missing to one).
    """
    cells = cells_of(found)
    form = ratio_form(found.model, found.question.metric)
    if cells is None or form is None or form.den is None:
        return None
    frame = placed(found, cells, form)
    num, den, at = (frame[name].to_numpy() for name in ("num", "den", "at"))
    if frame.height == 0 or (num < 0).any() or (den < 0).any():
        return None
    if (num <= den).all() and num.sum() > NEAR_ONE * den.sum():
        return None
    codes = {name: frame[name].rank("dense").fill_null(0).cast(pl.Int64).to_numpy() for name in cells}
    factors = [codes[name] for name in free_factors(codes)]
    learn = found.timeline.history[at]
    expected = main_effects(num, den, factors, bucket=at, learn=learn)
    scale = float(den[learn].sum()) / max(float(expected[learn].sum()), 1e-300)
    return frame.select(*cells, "at").with_columns(exposure=pl.Series(expected * scale))


def placed(found: Setting, cells: Grouping, form: RatioForm) -> pl.DataFrame:
    """Every cell in every bucket: columns of the cells, `num`, `den` (1 for what adds up), `at` (place in time)."""
    half = len(found.starts) // (2 if found.two_sided else 1)
    origin = np.array([np.datetime64(s, "us") for s in found.starts[:half]])
    frames = []
    for side, frame in enumerate(cubes(found, cells)):
        at = np.searchsorted(origin, frame["bucket"].cast(pl.Datetime("us")).to_numpy())
        den = pl.lit(1.0) if form.den is None else pl.col(form.den)
        frames.append(
            frame.select(*cells, pl.col(form.num).cast(pl.Float64).alias("num"), den.cast(pl.Float64).alias("den"))
            .with_columns(at=pl.Series(at + side * half), inside=pl.Series(at < half))
            .filter("inside")
            .drop("inside")
        )
    return pl.concat(frames).with_columns(pl.col("num", "den").fill_null(0.0))


def cells_of(found: Setting) -> Grouping | None:
    """The grouping that all single dimensions are part of, if the plan has one."""
    single = {grouping[0] for grouping in found.groupings if len(grouping) == 1}
    return next((g for g in found.groupings if len(g) > 2 and single <= set(g)), None)


def free_factors(codes: dict[str, np.ndarray]) -> list[str]:
    """Factors that no other one determines, and of two that say the same the first."""
    sizes = {name: len(np.unique(code)) for name, code in codes.items()}
    kept = [name for name in codes if 1 < sizes[name] <= MOST_MEMBERS]
    for name in sorted(kept, key=lambda one: sizes[one]):
        for other in kept:
            if other == name or sizes[other] < sizes[name]:
                continue
            both = len(np.unique(codes[other] * (int(codes[name].max()) + 1) + codes[name]))
            if both == sizes[other]:
                kept.remove(name)
                break
    return kept
