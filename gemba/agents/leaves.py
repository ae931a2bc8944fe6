"""The finest cells of a question's window as a table of leaves: what they hold, and what they should hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gemba.agents.mix import NEAR_ONE, cells_of, mix_of, placed
from gemba.agents.panel import Setting
from gemba.errors import UnusableValuesError
from gemba.evidence.measure import RatioForm, ratio_form
from gemba.evidence.types import Grouping
from gemba.statistics.leaf_expectation import expected_leaves

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]

METHOD = "localisation"
WHOLE_NUMBERS = 1e-9


@dataclass(frozen=True, slots=True)
class Leaves:
    """One row a combination of members of all `cells`; `codes` (n, k) are places in `members`, a list an attribute.

    `actual` and `expected` of the window, in the numerator's unit, shape (n,); `inflation` and `counting` as in
    `gemba.statistics.localisation.localise`. `mix`: expected numerators by cell and bucket, where there are such.
    """

    cells: Grouping
    members: tuple[tuple[str | None, ...], ...]
    codes: Codes
    actual: Floats
    expected: Floats
    inflation: Floats
    counting: float
    mix: pl.DataFrame | None


def leaves_of(found: Setting) -> Leaves:
    """The leaves of the question's window, expected from all that the evidence holds beside it.

    A ratio's leaf is expected to hold what its mix and its own past let one expect of its denominator; a leaf of what
    adds up, its own past at the window's length. Of a share above one half the leaves hold what is missing to one.

    Raises:
        UnusableValuesError: Values below zero have no relative change.
    """
    cells, form = cells_of(found), ratio_form(found.model, found.question.metric)
    assert cells is not None
    assert form is not None
    mix = mix_of(found)
    frame = placed(found, cells, form)
    if mix is not None:
        frame = frame.join(mix, on=[*cells, "at"], nulls_equal=True, how="left")
    else:
        frame = _with_plain_exposure(frame, form)
    if (frame["num"] < 0).any() or (frame["den"] < 0).any():
        raise UnusableValuesError(METHOD, "values below zero have no relative change")
    num = frame["num"].to_numpy()
    counts = form.floor or bool((np.abs(num - np.round(num)) <= WHOLE_NUMBERS).all())
    at = frame["at"].to_numpy()
    frame = frame.with_columns(
        window=pl.Series(found.timeline.window[at]), history=pl.Series(found.timeline.history[at])
    )
    table = frame.group_by(list(cells), maintain_order=True).agg(
        actual=pl.col("num").filter("window").sum(),
        now=pl.col("exposure").filter("window").sum(),
        before=pl.col("num").filter("history").sum(),
        usual=pl.col("exposure").filter("history").sum(),
    )
    actual, now, before, usual = (table[name].to_numpy() for name in ("actual", "now", "before", "usual"))
    if form.den is None:
        length = float(found.timeline.window.sum()) / float(found.timeline.history.sum())
        expected, inflation = before * length, np.full(before.size, 1.0 + length)
    else:
        level = float(before.sum()) / float(usual.sum()) if usual.sum() > 0 else 0.0
        shrunk = expected_leaves(before, usual * level, now * level)
        expected, inflation = shrunk.expected, shrunk.inflation
    members, codes = [], []
    for name in cells:
        distinct = table[name].unique(maintain_order=True)
        place = pl.DataFrame({name: distinct, "place": np.arange(distinct.len(), dtype=np.int32)})
        codes.append(table.select(name).join(place, on=name, nulls_equal=True, how="left")["place"].to_numpy())
        members.append(tuple(distinct.to_list()))
    return Leaves(
        cells, tuple(members), np.stack(codes, axis=1), actual, expected, inflation, 1.0 if counts else 0.0, mix
    )


def _with_plain_exposure(frame: pl.DataFrame, form: RatioForm) -> pl.DataFrame:
    """Exposure is the denominator; a share that is nearly always met is turned into what is missing to one."""
    num, den = frame["num"].to_numpy(), frame["den"].to_numpy()
    if form.den is not None and (num <= den).all() and num.sum() > NEAR_ONE * den.sum():
        num = den - num
    return frame.with_columns(num=pl.Series(num), exposure=pl.col("den"))
