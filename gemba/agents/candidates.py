"""Candidate causes of a change: every member of a grouping, with its tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from gemba.agents.breakdown import sides
from gemba.agents.panel import Panel, Setting
from gemba.evidence.measure import RatioForm, additive_column, ratio_form
from gemba.questions.types import Segment
from gemba.statistics.noise import sampling_dispersion
from gemba.statistics.segments import Localised, localise, localise_arrivals, localise_shares, score, unknown_past
from gemba.statistics.shift import MOST_DF, Shift, Timeline, never_negative, shift_tests

Floats = NDArray[np.float64]
Aspect = Literal["level", "share", "arrival"]


PER_PREDICATE = 0.65


@dataclass(frozen=True, slots=True)
class Comparison:
    """The question's total, as the candidates are held against it.

    `change`: of the total, unscaled; of an additive metric at the window's length, so that windows of unequal
    length compare. `own`: test of the total against its own past (one series).
    """

    found: Setting
    whole: Panel
    form: RatioForm | None
    additive: bool
    change: float
    own: Shift


@dataclass(frozen=True, slots=True)
class Candidate:
    """Member `index` of `panel` under one aspect: its own level, its share of the whole, or its arrival."""

    compared: Comparison
    panel: Panel
    index: int
    aspect: Aspect
    tests: Localised

    @property
    def p(self) -> float:
        return float(self.tests.p[self.index])

    @property
    def score(self) -> float:
        """Strength as a cause. A combination must be clearly stronger than a single member to come before it."""
        return float(self.tests.score[self.index]) * PER_PREDICATE ** (len(self.panel.grouping) - 1)

    @property
    def segment(self) -> Segment:
        return self.panel.segment(self.index)

    @property
    def label(self) -> str:
        """Stable name of the test: aspect, grouping and member."""
        member = "×".join("null" if value is None else value for value in self.panel.members[self.index])
        return f"{self.aspect}:{'×'.join(self.panel.grouping)}={member}"

    @property
    def series(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Numerator and denominator of the aspect's series, and of the whole it is seen against; shape (T,) each."""
        whole = self.compared.whole
        if self.aspect == "share":
            return self.panel.den[self.index], whole.den[0], whole.den[0], whole.den[0]
        return self.panel.num[self.index], self.panel.den[self.index], whole.num[0], whole.den[0]

    @property
    def exposure(self) -> tuple[Floats, Floats] | None:
        """What the level's numerators are proportional to, of the member and of the whole; None for shares."""
        if self.aspect == "share":
            return None
        return self.panel.exposure[self.index], self.compared.whole.exposure[0]


def comparison(found: Setting, whole: Panel) -> Comparison:
    """Set up the comparison with the total's change."""
    metric = found.question.metric
    additive = additive_column(found.model, metric) is not None
    timeline = found.timeline
    num = whole.num[0]
    if additive:
        length, before = float(timeline.window.sum()), float(timeline.baseline.sum())
        change = float(num[timeline.window].sum()) - float(num[timeline.baseline].sum()) * length / before
    else:
        change = sides(found.brief).change
    form = ratio_form(found.model, metric)
    own = shift_tests(
        whole.num,
        whole.den,
        num,
        whole.den[0],
        timeline=timeline,
        least=_least(form, whole, timeline),
        against_rest=False,
        exposure=(whole.exposure, whole.exposure[0]),
    )
    return Comparison(found, whole, form, additive, change, own)


def strength_of_whole(compared: Comparison) -> float:
    """Score of "the whole moved" as a cause, comparable with those of segments; 0 where it cannot be told."""
    own = compared.own
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = own.effect / np.abs(own.expected)
    strength = float(score(own.p, deviation, np.ones(1))[0])
    return strength if np.isfinite(strength) else 0.0


def candidates(compared: Comparison, members: Panel) -> list[Candidate]:
    """Every member that can be tested, under every aspect that applies, in order of the panel."""
    timeline = compared.found.timeline
    whole_num, whole_den = compared.whole.num[0], compared.whole.den[0]
    least = _least(compared.form, members, timeline)
    weight = _weight(compared, members)
    exposure = (members.exposure, compared.whole.exposure[0])
    common = {"weight": weight, "change": compared.change, "timeline": timeline}
    new = unknown_past(members.rows, timeline)
    tests: list[tuple[Aspect, Localised, NDArray[np.bool_]]] = [
        (
            "level",
            localise(
                members.num,
                members.den,
                whole_num,
                whole_den,
                least=least,
                ratio=_is_ratio(compared),
                most_df=_most_df(compared.form, members, timeline),
                exposure=exposure,
                **common,
            ),
            ~new,
        )
    ]
    if _is_ratio(compared):
        gap = _rate_gap(members, whole_num, whole_den, timeline.baseline | timeline.history)
        noise = float(np.nan_to_num(compared.own.se[0]))
        shares = localise_shares(
            members.den, whole_den, rate_gap=gap, change=compared.change, noise=noise, timeline=timeline
        )
        tests.append(("share", shares, ~new))
    if new.any() and never_negative(members.num, members.den, whole_num, whole_den):
        den = np.where(members.rows > 0, members.den, 0.0)
        arrivals = localise_arrivals(members.num, den, whole_num, whole_den, chosen=new, exposure=exposure, **common)
        tests.append(("arrival", arrivals, new))
    return [
        Candidate(compared, members, int(index), aspect, test)
        for aspect, test, applies in tests
        for index in np.flatnonzero(np.isfinite(test.p) & applies)
    ]


def weights(every: Sequence[Candidate]) -> Floats:
    """Weight of each test in the false-discovery control, mean 1: half of the budget for the single members.

    The combinations are many more; without this the search among them would cost the members their power.
    """
    single = np.array([len(one.panel.grouping) == 1 for one in every], dtype=bool)
    if single.all() or not single.any():
        return np.ones(single.size)
    return np.where(single, single.size / (2.0 * single.sum()), single.size / (2.0 * (~single).sum()))


def _is_ratio(compared: Comparison) -> bool:
    return compared.form is not None and compared.form.den is not None


def _least(form: RatioForm | None, members: Panel, timeline: Timeline) -> float | Floats:
    """Lower bound of the dispersion that the rows themselves give."""
    if form is None or form.floor:
        return 1.0 if form is not None else 0.0
    if form.den is None:
        return sampling_dispersion(
            members.num, members.squares, members.rows, season=timeline.season, history=timeline.history
        )
    return 0.0


def _most_df(form: RatioForm | None, members: Panel, timeline: Timeline) -> float | Floats:
    """Degrees of freedom that the rows themselves allow: a quarter of their number where a metric sums a column."""
    if form is None or form.floor or form.den is not None:
        return MOST_DF
    compared = timeline.window | timeline.baseline
    return np.maximum(np.where(compared, members.rows, 0.0).sum(axis=1) / 4.0, 2.0)


def _weight(compared: Comparison, members: Panel) -> Floats:
    """What one unit more of a member's level adds to the total in the window."""
    window = compared.found.timeline.window
    den = members.den if compared.form is not None else members.rows
    total = compared.whole.den[0] if compared.form is not None else compared.whole.rows[0]
    own = np.where(window, den, 0.0).sum(axis=1)
    if compared.additive:
        return own
    whole = float(total[window].sum())
    return own / whole if whole > 0 else np.zeros_like(own)


def _rate_gap(members: Panel, whole_num: Floats, whole_den: Floats, mask: NDArray[np.bool_]) -> Floats:
    """The member's rate minus the rest's, over the buckets of `mask`; 0 where either is undefined."""
    num, den = (np.where(mask, part, 0.0).sum(axis=1) for part in (members.num, members.den))
    rest_num, rest_den = float(whole_num[mask].sum()) - num, float(whole_den[mask].sum()) - den
    fine = (den > 0) & (rest_den > 0)
    own = np.divide(num, den, out=np.zeros_like(num), where=fine)
    rest = np.divide(rest_num, rest_den, out=np.zeros_like(num), where=fine)
    return np.where(fine, own - rest, 0.0)
