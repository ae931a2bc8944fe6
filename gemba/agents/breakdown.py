"""A change split by the members of a grouping, for every kind of metric."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import cast
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.panel import BASELINE, HISTORY, cube_request, segment_of
from gemba.errors import RefusedError, SampleTooSmallError
from gemba.evidence.measure import PARTS, additive_column, ratio_form, rollup, rows, values
from gemba.evidence.types import TOTAL, Grouping
from gemba.questions.types import Compare, Segment, Why, Window
from gemba.semantics.model import SemanticModel
from gemba.statistics import contribution as exact

Floats = NDArray[np.float64]
MOST_REPLACED = 40
MOST_MEMBERS = 5000
RATE_AND_MIX = "rate and mix"


@dataclass(frozen=True, slots=True)
class Part:
    """One summand of the change, unscaled. `effects` (rate, mix, factors) add up to `value` where given.

    `segment` is empty for a part that belongs to no member: a factor, an overlap, a remainder; `label` names it.
    """

    segment: Segment
    label: str
    value: float
    n: int
    effects: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Breakdown:
    """The parts add up to `after - before`. `way` names the method: additive, rate and mix, shapley, ..."""

    grouping: Grouping
    before: float
    after: float
    parts: tuple[Part, ...]
    way: str


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a `why` or `compare`: aggregates of the window (after) and of what it is held against (before)."""

    brief: Brief
    question: Why | Compare
    before: float
    after: float
    n: int

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def groupings(self) -> tuple[Grouping, ...]:
        return tuple(g for g in cube_request(self.brief, HISTORY).groupings if g != TOTAL)

    def frames(self, grouping: Grouping) -> tuple[pl.DataFrame, pl.DataFrame]:
        """Before and after, one row a member with the leaves' parts."""
        return _frames(self.brief, self.question, grouping)


@dataclass(frozen=True, slots=True)
class _Split:
    """Parts of one metric by member (shape (S,)), and what belongs to none of them."""

    values: Floats
    loose: float
    way: str
    effects: dict[str, Floats] = field(default_factory=dict)
    loose_label: str = "remainder"


def sides(brief: Brief) -> Sides:
    """The totals of both sides.

    Raises:
        SampleTooSmallError: A side has no rows, or its value is undefined (a denominator of zero, all null).
    """
    question = cast("Why | Compare", brief.plan.question)
    frames = _frames(brief, question, TOTAL)
    found = []
    for frame in frames:
        value = values(frame, model=brief.model, metric=question.metric) if frame.height else pl.Series([None])
        number = value.item()
        n = int(rows(frame, model=brief.model, metric=question.metric).item() or 0) if frame.height else 0
        if number is None or not math.isfinite(number) or n == 0:
            raise SampleTooSmallError(f"comparison of {question.metric}", needed=1, got=n if number is not None else 0)
        found.append((float(number), n))
    (before, n0), (after, n1) = found
    return Sides(brief, question, before, after, n0 + n1)


def breakdown(two: Sides, grouping: Grouping) -> Breakdown:
    """Split the change by the members of `grouping`, exactly.

    Raises:
        RefusedError: More than 5,000 members.
        SampleTooSmallError: A side has no denominator.
    """
    model, metric = two.brief.model, two.question.metric
    before, after = two.frames(grouping)
    keys = pl.concat([before.select(grouping), after.select(grouping)]).unique().sort(grouping)
    if keys.height > MOST_MEMBERS:
        raise RefusedError("unsupported", "fewer members", text=f"{keys.height} members, too many to list")
    pair = tuple(_aligned(keys, frame, grouping, model, metric) for frame in (before, after))
    split = _split(two, metric, grouping, pair[0], pair[1], two.frames(TOTAL))
    n = sum(rows(frame, model=model, metric=metric).to_numpy() for frame in pair)
    loose = split.loose + (two.change - (math.fsum(split.values) + split.loose))
    amounts = np.append(split.values, loose)
    negligible = abs(loose) <= 1e-9 * max(float(np.abs(amounts).max()), 1e-300)
    amounts = exact.settle(split.values if negligible else amounts, two.change)
    members = keys.rows()
    parts = [
        Part(
            segment=segment_of(grouping, member),
            label=", ".join("unknown" if value is None else str(value) for value in member),
            value=float(amounts[i]),
            n=int(np.asarray(n)[i]),
            effects={name: float(effect[i]) for name, effect in split.effects.items()},
        )
        for i, member in enumerate(members)
    ]
    if not negligible:
        parts.append(Part(segment=(), label=split.loose_label, value=float(amounts[-1]), n=two.n))
    return Breakdown(grouping, two.before, two.after, tuple(parts), split.way)


def factors(two: Sides) -> tuple[Part, ...]:
    """Shapley contributions of a product's factors; none for other metrics.

    A ratio's numerator and denominator are no factors in this sense: when more is made, more is scrapped, and neither
    says anything about the rate. `rates_and_mix` says what its change is made of.
    """
    model, metric = two.brief.model, two.question.metric
    names = model.metrics[metric].product or ()
    if not names:
        return ()
    frames = two.frames(TOTAL)
    value = [[float(values(frame, model=model, metric=name).item()) for name in names] for frame in frames]
    settled = exact.settle(np.array(exact.product(value[0], value[1])), two.change)
    return tuple(
        Part(segment=(), label=name, value=float(share), n=two.n) for name, share in zip(names, settled, strict=True)
    )


def rates_and_mix(whole: Breakdown) -> tuple[Part, ...]:
    """What a ratio's or mean's change is made of over one dimension: its members' rates, and their shares of the whole.

    Two parts that add up to the change; none for metrics that are not split this way.
    """
    if whole.way != RATE_AND_MIX:
        return ()
    n = sum(part.n for part in whole.parts if part.segment)
    rate = math.fsum(part.effects.get("rate_effect", 0.0) for part in whole.parts)
    by = " and ".join(name.replace("_", " ") for name in whole.grouping)
    return (
        Part(segment=(), label=f"rates within each {by}", value=rate, n=n),
        Part(segment=(), label=f"mix of {by}", value=whole.after - whole.before - rate, n=n),
    )


def _frames(brief: Brief, question: Why | Compare, grouping: Grouping) -> tuple[pl.DataFrame, pl.DataFrame]:
    names = {request.name for request in brief.plan.cubes}
    against = question.baseline.window
    if "window" in names:
        other = BASELINE if against is not None else "baseline_window"
        return tuple(brief.evidence.cube(name, grouping).drop("bucket") for name in (other, "window"))  # type: ignore[return-value]
    zone = ZoneInfo(brief.model.timezone)
    chosen = ((HISTORY, against) if against is not None else (BASELINE, question.window), (HISTORY, question.window))
    found = []
    for name, window in chosen:
        frame = brief.evidence.cube(name, grouping).filter(_inside(window, zone))
        if frame.height:
            frame = rollup(frame, grouping, model=brief.model, metric=question.metric)
        else:
            frame = frame.drop("bucket")
        found.append(frame)
    return found[0], found[1]


def _inside(window: Window, zone: ZoneInfo) -> pl.Expr:
    start, end = (instant.astimezone(zone).replace(tzinfo=None) for instant in (window.start, window.end))
    return (pl.col("bucket") >= start) & (pl.col("bucket") < end)


def _aligned(
    keys: pl.DataFrame, frame: pl.DataFrame, grouping: Grouping, model: SemanticModel, metric: str
) -> pl.DataFrame:
    joined = keys.join(frame, on=list(grouping), how="left", nulls_equal=True, maintain_order="left")
    zero = [
        f"{leaf}.{part}"
        for leaf in model.leaves(metric)
        for part in PARTS[model.metrics[leaf].kind]
        if part in ("sum", "n", "sumsq", "distinct")
    ]
    return joined.with_columns(pl.col(zero).cast(pl.Float64).fill_null(0.0))


def _split(
    two: Sides,
    metric: str,
    grouping: Grouping,
    before: pl.DataFrame,
    after: pl.DataFrame,
    total: tuple[pl.DataFrame, pl.DataFrame],
) -> _Split:
    """Split the change of any metric. Products and nested ratios split each part and weigh it by Shapley."""
    model = two.brief.model
    definition = model.metrics[metric]
    column = additive_column(model, metric)
    if column is not None:
        return _Split(exact.additive(_array(before, column), _array(after, column)), 0.0, "additive")
    form = ratio_form(model, metric)
    if form is not None and form.den is not None:
        columns = [_array(frame, name) for frame in (before, after) for name in (form.num, form.den)]
        split = exact.rate_mix(*columns)
        return _Split(split.rate + split.mix, 0.0, RATE_AND_MIX, {"rate_effect": split.rate, "mix_effect": split.mix})
    if definition.product or definition.ratio:
        return _nested(two, metric, grouping, before, after, total)
    kind = definition.kind
    if kind == "count_distinct":
        name = f"{metric}.distinct"
        own, overlap = exact.overlapping(
            _array(before, name), _array(after, name), *(float(frame[name].item()) for frame in total)
        )
        return _Split(own, overlap, "distinct with overlap", loose_label="overlap between members")
    if kind in ("min", "max"):
        pick = min if kind == "min" else max
        own, remainder = exact.replacement(
            before[f"{metric}.{kind}"].to_list(),
            after[f"{metric}.{kind}"].to_list(),
            lambda present: pick(present) if len(present) else None,
        )
        return _Split(np.array(own), remainder, "sequential replacement, largest change first")
    return _quantile(two, metric, grouping, before, after)


def _nested(
    two: Sides,
    metric: str,
    grouping: Grouping,
    before: pl.DataFrame,
    after: pl.DataFrame,
    total: tuple[pl.DataFrame, pl.DataFrame],
) -> _Split:
    model = two.brief.model
    definition = model.metrics[metric]
    names = definition.product or definition.ratio or ()
    value = [[float(values(frame, model=model, metric=name).item()) for name in names] for frame in total]
    if definition.product:
        shares = exact.product(value[0], value[1])
    else:
        shares = exact.shapley(value[0], value[1], lambda pair: pair[0] / pair[1])
    sums = np.zeros(before.height)
    loose: list[float] = []
    effects: dict[str, Floats] = {}
    for name, share, start, end in zip(names, shares, value[0], value[1], strict=True):
        if end == start:
            effects[f"{name}_effect"] = np.zeros(before.height)
            continue
        inner = _split(two, name, grouping, before, after, total)
        weight = share / (end - start)
        effects[f"{name}_effect"] = inner.values * weight
        sums = sums + inner.values * weight
        loose.append(inner.loose * weight)
    return _Split(sums, math.fsum(loose), "shapley over factors", effects)


def _quantile(two: Sides, metric: str, grouping: Grouping, before: pl.DataFrame, after: pl.DataFrame) -> _Split:
    """Replace the members' values one after another, those with most rows first; the rest is the remainder."""
    names = {request.name for request in two.brief.plan.values}
    label = "×".join(grouping)
    quantile = two.brief.model.metrics[metric].quantile
    members = [row[: len(grouping)] for row in before.select(grouping).rows()]
    own = np.zeros(before.height)
    wanted = [f"{side}_values:{label}" for side in ("baseline", "window")]
    if quantile is None or metric != two.question.metric or not names.issuperset(wanted):
        return _Split(own, float("nan") if quantile is None else two.change, "not split: values were not read")
    pools: list[dict[tuple[str | None, ...], tuple[Floats, Floats]]] = []
    for name in wanted:
        frame = two.brief.evidence.frame(name)
        pools.append(
            {
                tuple(key): (part["value"].to_numpy(), part["n"].to_numpy().astype(float))
                for key, part in frame.group_by(list(grouping))
            }
        )
    n = _array(before, f"{metric}.n") + _array(after, f"{metric}.n")
    state = dict(pools[0])
    last = two.before
    for i in np.argsort(-n, kind="stable")[:MOST_REPLACED]:
        member = members[i]
        if member in pools[1]:
            state[member] = pools[1][member]
        else:
            state.pop(member, None)
        if not state:
            continue
        value = exact.weighted_quantile(
            np.concatenate([one[0] for one in state.values()]),
            np.concatenate([one[1] for one in state.values()]),
            quantile.q,
        )
        if value is not None:
            own[i], last = value - last, value
    return _Split(own, two.after - last, "sequential replacement, most rows first")


def _array(frame: pl.DataFrame, column: str) -> Floats:
    return frame[column].cast(pl.Float64).fill_null(0.0).to_numpy()
