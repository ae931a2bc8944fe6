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
from gemba.statistics.leaf_expectation import expected_leaves, factor_of_rest
from gemba.statistics.shift import Timeline

Floats = NDArray[np.float64]
Codes = NDArray[np.int32]

METHOD = "localisation"
WHOLE_NUMBERS = 1e-9
LEAST_WINDOWS = 3
MOST_WINDOWS = 16


@dataclass(frozen=True, slots=True)
class Leaves:
    """One row a combination of members of all `cells`; `codes` (n, k) are places in `members`, a list an attribute.

    `actual` and `expected` of the window, in the numerator's unit, shape (n,); `inflation`, `earlier` and `counting` as
    in `gemba.statistics.localisation.localise`. `mix`: expected numerators by cell and bucket, where there are such.
    """

    cells: Grouping
    members: tuple[tuple[str | None, ...], ...]
    codes: Codes
    actual: Floats
    expected: Floats
    inflation: Floats
    earlier: tuple[tuple[Floats, Floats, Floats], ...]
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
    leaf, members, codes = _coded(frame, cells)
    exposure = frame["exposure"].to_numpy()

    def within(buckets: NDArray[np.bool_]) -> tuple[Floats, Floats]:
        here = buckets[at]
        sums = (np.bincount(leaf[here], part[here], minlength=codes.shape[0]) for part in (num, exposure))
        return tuple(one.astype(np.float64) for one in sums)  # type: ignore[return-value]

    timeline = found.timeline
    actual, now = within(timeline.window)
    before, usual = within(timeline.history)
    expect = _ratio_expectation if form.den is not None else _sum_expectation
    expected, inflation = expect(before, usual, now, timeline.window, timeline.history)
    earlier: list[tuple[Floats, Floats, Floats]] = []
    for one in earlier_windows(timeline):
        seen, then = within(one)
        should, widening = expect(before - seen, usual - then, then, one, timeline.history & ~one)
        if should.any():
            earlier.append((seen, should * factor_of_rest(codes, seen, should), widening))
    counting = 1.0 if counts else 0.0
    return Leaves(cells, members, codes, actual, expected, inflation, tuple(earlier), counting, mix)


def earlier_windows(timeline: Timeline) -> list[NDArray[np.bool_]]:
    """The history cut into windows as long as the question's, the latest first, shape (T,) each; at most
    `MOST_WINDOWS`, none where there are fewer than `LEAST_WINDOWS` of them."""
    length = int(timeline.window.sum())
    usable = np.flatnonzero(timeline.history)
    out = []
    for end in range(usable.size, length - 1, -length):
        one = np.zeros(timeline.history.size, bool)
        one[usable[end - length : end]] = True
        out.append(one)
    return out[:MOST_WINDOWS] if len(out) >= LEAST_WINDOWS else []


def _ratio_expectation(
    before: Floats, usual: Floats, now: Floats, _window: NDArray[np.bool_], _history: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    level = float(before.sum()) / float(usual.sum()) if usual.sum() > 0 else 0.0
    shrunk = expected_leaves(before, usual * level, now * level)
    return shrunk.expected, shrunk.inflation


def _sum_expectation(
    before: Floats, _usual: Floats, _now: Floats, window: NDArray[np.bool_], history: NDArray[np.bool_]
) -> tuple[Floats, Floats]:
    length = float(window.sum()) / float(history.sum())
    return before * length, np.full(before.size, 1.0 + length)


def _coded(frame: pl.DataFrame, cells: Grouping) -> tuple[NDArray[np.int64], tuple[tuple[str | None, ...], ...], Codes]:
    """The leaf of every row; the members of every dimension; and the leaves as places in these, shape (n, k)."""
    leaf = frame.select(pl.struct(cells).rank("dense").cast(pl.Int64) - 1).to_series().to_numpy()
    first = np.unique(leaf, return_index=True)[1]
    members, codes = [], []
    for name in cells:
        distinct = frame[name].unique(maintain_order=True)
        place = pl.DataFrame({name: distinct, "place": np.arange(distinct.len(), dtype=np.int32)})
        every = frame.select(name).join(place, on=name, nulls_equal=True, how="left", maintain_order="left")["place"]
        codes.append(every.to_numpy()[first])
        members.append(tuple(distinct.to_list()))
    return leaf, tuple(members), np.stack(codes, axis=1)


def _with_plain_exposure(frame: pl.DataFrame, form: RatioForm) -> pl.DataFrame:
    """Exposure is the denominator; a share that is nearly always met is turned into what is missing to one."""
    num, den = frame["num"].to_numpy(), frame["den"].to_numpy()
    if form.den is not None and (num <= den).all() and num.sum() > NEAR_ONE * den.sum():
        num = den - num
    return frame.with_columns(num=pl.Series(num), exposure=pl.col("den"))
