"""Of the claims called significant, how many state what is not so? Held against the same factory without its causes.

A factory is simulated twice from one seed: with its planted causes, and without, every random draw the same. What
differs between the two is what the causes did, free of noise. A significant claim is *false* if the causes did nothing
to the quantity that it speaks of, or moved it the other way: what it reports is then noise. The quantity is the one
that the claim states: the whole, between two windows; a segment's level beyond the factor by which the rest moved; its
share of the whole; the mix allowed for where the claim says so. `docs/methods/multiplicity.md` has the definition.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import polars as pl
from scipy.stats import binom

from gemba.insights.confidence import NORMAL_95
from gemba.insights.types import Claim
from gemba.plant.calendar import ZONE
from gemba.plant.score import condition, rows_of
from gemba.plant.simulate import Plant, simulate
from gemba.questions.types import Segment, Why, Window
from gemba.semantics.model import SemanticModel

JUDGED = ("level", "segment", "localisation", "change_point")
NOTHING = 1e-9
"""A difference between the two factories below this part of the level is rounding."""

SLIGHT = 0.5
"""Of a standard error: what the causes did, if less, is there but hardly what made the test significant."""

BOUND = 0.999


@dataclass(frozen=True, slots=True)
class Parts:
    """A metric's source, numerator and denominator columns (None: rows; empty: time), and factor to its unit."""

    source: str
    num: str
    den: str | None
    scale: float


PARTS = {
    "scrap_rate": Parts("production", "scrap", "quantity", 100.0),
    "cycle_time": Parts("production", "cycle_s", None, 1.0),
    "downtime_minutes": Parts("downtime", "minutes", "", 1.0),
    "availability": Parts("runtime", "run_minutes", "planned_minutes", 100.0),
}


@dataclass(frozen=True, slots=True)
class Stated:
    """A significant claim: what it says, its standard error, and what the causes did to the same quantity.

    `alone`: what they did to the segment's own level or share, the rest aside.
    """

    kind: str
    aspect: str
    claimed: float
    error: float
    true: float
    alone: float

    @property
    def false(self) -> bool:
        """The causes did nothing to what the claim speaks of, or the opposite of what it says."""
        return self.true * self.claimed <= 0.0

    @property
    def slight(self) -> bool:
        """Not false, but true to less than half a standard error."""
        return not self.false and abs(self.true) < SLIGHT * self.error

    @property
    def only_rest(self) -> bool:
        """Not false, but only because the rest moved: the segment itself stayed, or moved the other way."""
        return not self.false and self.alone * self.claimed <= 0.0


@dataclass(frozen=True, slots=True)
class Investigated:
    """One investigation: size of its planted cause (0: quiet window), and its significant claims."""

    effect: float
    stated: tuple[Stated, ...]

    def share(self, which: Callable[[Stated], bool]) -> float:
        """Share of the significant claims; 0 without any."""
        return sum(map(which, self.stated)) / len(self.stated) if self.stated else 0.0


@dataclass(frozen=True, slots=True)
class _Side:
    """Numerator and denominator of some rows with the causes, and without them."""

    num: float
    den: float
    bare_num: float
    bare_den: float

    @property
    def level(self) -> float:
        return self.num / self.den if self.den > 0 else 0.0

    @property
    def bare(self) -> float:
        return self.bare_num / self.bare_den if self.bare_den > 0 else 0.0


class Worlds:
    """One factory with its planted causes and without."""

    def __init__(self, plant: Plant, model: SemanticModel) -> None:
        bare = simulate(plant.seed, days=plant.days, start=plant.start, scale=plant.scale, effect=0.0)
        self._plant, self._bare, self._model = plant, bare, model
        self._rows: dict[str, pl.DataFrame] = {}

    def stated(self, claims: Sequence[Claim], question: Why) -> Iterable[Stated]:
        """The significant claims of the kinds `JUDGED`, each with the truth about it."""
        for claim in claims:
            if not claim.significant or claim.kind not in JUDGED:
                continue
            error = (claim.ci[1] - claim.ci[0]) / 2.0 / NORMAL_95 if claim.ci else 0.0
            if claim.kind == "change_point":  # a drift is stated per day: only its direction is judged
                true = self._since(claim, question)
                yield Stated(claim.kind, "date", claim.effect, 0.0, true, true)
                continue
            aspect = str(claim.details.get("aspect") or ("level" if claim.segment else "whole"))
            true, alone = self._between(claim, question, aspect)
            yield Stated(claim.kind, aspect, claim.effect, error, true, alone)

    def done(self, claim: Claim, question: Why) -> float:
        """What the causes did to the quantity of a claim about the whole, in its unit."""
        return self._between(claim, question, "whole")[0]

    def _between(self, claim: Claim, question: Why, aspect: str) -> tuple[float, float]:
        """What the causes did to the claim's quantity from baseline to window, and to the segment alone."""
        assert question.baseline.window is not None
        mixed = "its mix allowed for" in claim.statement
        ask = question.metric, question.filters, claim.segment
        after = self._in(*ask, window=question.window, aspect=aspect, mixed=mixed)
        if aspect == "arrival":  # nothing of it was there before
            return after
        before = self._in(*ask, window=question.baseline.window, aspect=aspect, mixed=mixed)
        factor = 1.0
        if PARTS[question.metric].den == "" and " per " not in claim.unit:  # minutes of the window, not of a day
            factor = float(_days(question.window))
        return factor * (after[0] - before[0]), factor * (after[1] - before[1])

    def _in(
        self, metric: str, filters: Segment, segment: Segment, *, window: Window, aspect: str, mixed: bool
    ) -> tuple[float, float]:
        """What the causes did within one window to the aspect of a segment, and to the segment alone."""
        parts = PARTS[metric]
        rows = self._rows_of(parts).filter(condition(filters) & _inside(window))
        inside = condition(segment)
        days = _days(window) if parts.den == "" else None
        own, rest = (_side(rows.filter(part), mixed=mixed, days=days) for part in (inside, ~inside))
        if aspect == "share":
            now, usual = (
                mine / (mine + other) if mine + other > 0 else 0.0
                for mine, other in ((own.den, rest.den), (own.bare_den, rest.bare_den))
            )
            return 100.0 * _exact(now, usual), 100.0 * _exact(now, usual)
        alone = parts.scale * _exact(own.level, own.bare)
        if aspect == "whole":
            return alone, alone
        factor = rest.level / rest.bare if rest.bare > 0 else 1.0
        return parts.scale * _exact(own.level, own.bare * factor), alone

    def _since(self, claim: Claim, question: Why) -> float:
        """What the causes did to the whole after the claimed start, less what they did for a window's length before."""
        low, high = (
            datetime.combine(date.fromisoformat(str(claim.details[name])[:10]), time(), tzinfo=ZONE)
            for name in ("date_low", "date_high")
        )
        length = timedelta(days=_days(question.window))
        spans = Window(start=high, end=question.window.end), Window(start=low - length, end=low)
        after, before = (
            self._in(question.metric, question.filters, (), window=span, aspect="whole", mixed=False)[0]
            for span in spans
        )
        return after - before

    def _rows_of(self, parts: Parts) -> pl.DataFrame:
        """Rows of both factories; `bare`: without the causes. Columns `num`, `den`, and `usual`.

        `usual`: the numerator that a row of the factory with causes would have at its own rate without them. One
        whose product was exchanged is as good as its new product is: that is mix, not rate.
        """
        key = f"{parts.source} {parts.num}"
        if key not in self._rows:
            planted, bare = (self._read(plant, parts) for plant in (self._plant, self._bare))
            if parts.source == "production":
                there = bare.select("row", "product", rate=pl.col("num") / pl.col("den"))
                same = pl.col("product") == pl.col("product_right")
                usual = pl.when(same).then(pl.col("rate") * pl.col("den")).otherwise(pl.col("num"))
                planted = planted.join(there, on="row", how="left").with_columns(usual=usual).drop("product_right")
            frames = [planted.with_columns(bare=False), bare.with_columns(bare=True)]
            self._rows[key] = pl.concat(frames, how="diagonal")
        return self._rows[key]

    def _read(self, plant: Plant, parts: Parts) -> pl.DataFrame:
        row = ("order_id",) if parts.source == "production" else ()
        keep = tuple(dict.fromkeys(name for name in (*row, parts.num, parts.den) if name))
        frame = rows_of(plant, parts.source, model=self._model, keep=keep)
        den = pl.col(f"{parts.source}.{parts.den}") if parts.den else pl.lit(1.0)
        return frame.with_columns(
            pl.col(f"{parts.source}.{parts.num}").cast(pl.Float64).alias("num"),
            den.cast(pl.Float64).alias("den"),
            *(pl.col(f"{parts.source}.{name}").alias("row") for name in row),
        ).drop([f"{parts.source}.{name}" for name in keep])


def bound(n: int, nominal: float) -> float:
    """The largest share of `n` investigations that are false at the nominal rate, one-sided 99.9 % binomial."""
    return float(binom.ppf(BOUND, n, nominal)) / n


def discoveries(found: Sequence[Investigated], *, alpha: float) -> str:
    """Realised false discovery by size of the planted cause, and by what the claims speak of, as Markdown.

    The rate is the mean over investigations of the false share of the significant claims (0 without any), as
    Benjamini and Hochberg (1995) define it.
    """
    lines = [
        "| planted, in noise | asked | significant claims | false | false discovery rate | bound | false or slight |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    sizes = sorted({one.effect for one in found})
    groups = [(f"{size:g}" if size else "nothing", [one for one in found if one.effect == size]) for size in sizes]
    for title, chosen in [*groups, ("**all**", list(found))]:
        claims = [one for each in chosen for one in each.stated]
        rate = float(np.mean([one.share(lambda claim: claim.false) for one in chosen]))
        wide = float(np.mean([one.share(lambda claim: claim.false or claim.slight) for one in chosen]))
        most = bound(len(chosen), alpha)
        mark = "**" if rate > most else ""
        lines.append(
            f"| {title} | {len(chosen)} | {len(claims)} | {sum(one.false for one in claims)} |"
            f" {mark}{100 * rate:.1f} %{mark} | {100 * most:.1f} % | {100 * wide:.1f} % |"
        )
    lines += [
        "",
        "| claim | of | significant | false | slight | only the rest moved |",
        "|---|---|--:|--:|--:|--:|",
    ]
    claims = [one for each in found for one in each.stated]
    for kind, aspect in sorted({(one.kind, one.aspect) for one in claims}):
        chosen = [one for one in claims if (one.kind, one.aspect) == (kind, aspect)]
        counts = (sum(getattr(one, name) for one in chosen) for name in ("false", "slight", "only_rest"))
        lines.append(f"| {kind} | {aspect} | {len(chosen)} | " + " | ".join(map(str, counts)) + " |")
    return "\n".join(lines)


def _inside(window: Window) -> pl.Expr:
    start, end = window.start.astimezone(UTC), window.end.astimezone(UTC)
    return (pl.col("_time") >= start) & (pl.col("_time") < end)


def _side(rows: pl.DataFrame, *, mixed: bool, days: int | None) -> _Side:
    """Sums over the rows of both factories. `mixed`: what is usual for the rows as they are with the causes."""
    planted, bare = rows.filter(~pl.col("bare")), rows.filter("bare")
    num, den, bare_num, bare_den = (float(part[name].sum()) for part in (planted, bare) for name in ("num", "den"))
    if mixed:
        bare_num, bare_den = float(planted["usual"].sum()), den
    if days is not None:
        den = bare_den = float(days)
    return _Side(num, den, bare_num, bare_den)


def _exact(now: float, usual: float) -> float:
    """The difference, 0 where it is rounding."""
    return now - usual if abs(now - usual) > NOTHING * abs(usual) else 0.0


def _days(window: Window) -> int:
    return (window.end.astimezone(ZONE).date() - window.start.astimezone(ZONE).date()).days
