"""Time between failures and to repair, and whether failures come faster."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import chdtri

from gemba.agents.base import Brief
from gemba.agents.lives import Lives, lives_of
from gemba.agents.wording import name_of, number, quantity, segment_words
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.evidence.measure import values
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap, Test
from gemba.insights.wording import during
from gemba.planning.failures import FAILURES, RUNNING, failures_metric
from gemba.questions.types import Level, Predicate, Segment
from gemba.semantics.model import Failures
from gemba.statistics.reliability import MeanTime, failure_trend, mtbf, mttr
from gemba.statistics.weibull import Weibull, weibull_fit

Floats = NDArray[np.float64]
AGENT = "reliability"
METHOD = "reliability"
LEVEL = 0.95
SUSPECT = 0.05
"""p-value up to which the trend of a member is told; whether it stands is decided over all tests."""


class ReliabilityAgent:
    """Mean time between failures, mean time to repair, the shape of lives, and trends of single members."""

    name = AGENT
    description = "Time between failures and to repair with intervals, wear-out, and whether failures come faster."

    def analyse(self, brief: Brief) -> Findings | Gap:
        found = _Failures(brief)
        if not found.members:
            return Gap(agent=AGENT, reason="too_little_data", message="no member ran in the window")
        claims, tests, notes = [found.between(found.members, ())], [], list(found.notes)
        for part in (found.repair, found.shape):
            try:
                claims += part()
            except (SampleTooSmallError, UnusableValuesError) as error:
                notes.append(str(error))
        for one in found.members:
            brief.check_time()
            try:
                claim = found.trend(one)
            except (SampleTooSmallError, UnusableValuesError):
                continue  # too few failures of this member to speak of a trend
            told = (claim.p_value or 0.0) <= SUSPECT
            tests.append(
                Test(id=f"{AGENT}:trend:{one.member}", p_value=claim.p_value or 0.0, claim=claim.id if told else None)
            )
            claims += [claim] * told
        if tests:
            notes.append(f"{len(tests)} members were tested for failures that come faster or more slowly")
        charts = (found.chart(),) if found.fitted is not None else ()
        return Findings(agent=AGENT, claims=tuple(claims), tests=tuple(tests), charts=charts, notes=tuple(notes))


class _Failures:
    """The failures of the window, by member that fails."""

    def __init__(self, brief: Brief) -> None:
        question = brief.plan.question
        assert isinstance(question, Level)
        self.brief, self.question = brief, question
        self.metric = failures_metric(brief.model, question.metric) or ""
        declared = brief.model.metrics[self.metric].failures
        assert declared is not None, "planned where the model declares failures"
        self.declared: Failures = declared
        self.notes: list[str] = []
        self.frame = self._rows()
        self.members = self._members()
        self.fitted: Weibull | None = None
        self.lives: tuple[Floats, NDArray[np.bool_]] | None = None

    def _rows(self) -> pl.DataFrame:
        frame = self.brief.evidence.frame(FAILURES).filter(pl.col(self.declared.of).is_not_null())
        return frame.select(pl.exclude("n", "hits").repeat_by("n").explode()).sort("time")

    @property
    def unit(self) -> str:
        """Of running time: that of the metric, or hours of the calendar."""
        running = self.declared.running
        return (self.brief.model.metrics[running].unit or "units of time") if running else "h"

    def _members(self) -> tuple[Lives, ...]:
        zone = ZoneInfo(self.brief.model.timezone)
        times = {member: part["time"].to_list() for (member,), part in self.frame.group_by(self.declared.of)}
        if self.declared.running is None:
            self.notes.append("the model names no running time: lives are hours of the calendar")
            start, end = (
                one.astimezone(zone).replace(tzinfo=None) for one in (self.question.window.start, self._end())
            )
            hours = np.array([(end - start).total_seconds() / 3600.0])
            return tuple(lives_of(str(member), when, (start, end), hours) for member, when in sorted(times.items()))
        cube = self.brief.evidence.cube(RUNNING, (self.declared.of,))
        cube = cube.with_columns(values(cube, model=self.brief.model, metric=self.declared.running).alias("ran"))
        made = []
        for (member,), part in sorted(cube.group_by(self.declared.of), key=lambda one: str(one[0][0])):
            if member is None or not float(part["ran"].fill_null(0.0).sum()) > 0:
                continue
            days = part.sort("bucket").with_columns(pl.col("ran").fill_null(0.0))
            whole = pl.DataFrame({"bucket": pl.datetime_range(days["bucket"][0], days["bucket"][-1], "1d", eager=True)})
            ran = whole.join(days, on="bucket", how="left")["ran"].fill_null(0.0)
            edges = (*whole["bucket"].to_list(), whole["bucket"][-1] + timedelta(days=1))
            made.append(lives_of(str(member), times.get(member, []), edges, ran.to_numpy()))
        lost = sum(len(when) for member, when in times.items() if str(member) not in {one.member for one in made})
        if lost:
            self.notes.append(f"{lost} failures of members without running time were left out")
        return tuple(made)

    def _end(self) -> datetime:
        as_of = self.brief.evidence.as_of
        return self.question.window.end if as_of is None else min(self.question.window.end, as_of)

    def segment(self, one: Lives) -> Segment:
        return (Predicate(dimension=self.declared.of, op="in", values=(one.member,)),)

    def between(self, members: tuple[Lives, ...], segment: Segment) -> Claim:
        """Mean running time between failures."""
        ran, failed = sum(one.running for one in members), sum(one.times.size for one in members)
        found = mtbf(ran, failed, truncation="time")
        details = {"aspect": "between failures", "failures": failed, "running": ran, "interval": found.method}
        per = f"{number(failed)} failures in {quantity(ran, self.unit)} of running time"
        when = during(self.question.window, self.brief.model)
        if found.value is None:
            least = quantity(found.low, self.unit)
            statement = (
                f"{self._subject(segment)} had no failure {when}: the mean running time between failures is at "
                f"least {least} (95 % confidence; {per})."
            )
            details |= {"at_least": True}
            return self._claim(
                "between", segment, statement, found.low, self.unit, None, failed, exact=True, details=details
            )
        statement = (
            f"Mean running time between failures of {self._subject(segment, lower=True)} was "
            f"{quantity(found.value, self.unit)} {when} (95 % interval {number(found.low)} to "
            f"{number(found.high)}; {per})."
        )
        ci = (found.low, found.high)
        return self._claim("between", segment, statement, found.value, self.unit, ci, failed, details=details)

    def repair(self) -> list[Claim]:
        """Mean time to repair."""
        columns = [name for name in self.frame.columns if name.startswith("column:")]
        if not columns:
            return []
        repair = self.declared.repair or ""
        known = self.frame[columns[0]].drop_nulls().to_numpy()
        finished = known[known > 0]
        if finished.size < known.size:
            self.notes.append(f"{known.size - finished.size} repairs of no length were left out")
        found: MeanTime = mttr(finished)
        assert found.value is not None
        unit = self.brief.model.metrics[repair].unit
        statement = (
            f"Mean time to repair of {self._subject((), lower=True)} was {quantity(found.value, unit)} (95 % interval "
            f"{number(found.low)} to {number(found.high)}; {number(found.n)} repairs, {found.method})."
        )
        details: dict[str, object] = {"aspect": "to repair", "repairs": found.n, "interval": found.method}
        ci = (found.low, found.high)
        return [self._claim("repair", (), statement, found.value, unit, ci, found.n, details=details)]

    def shape(self) -> list[Claim]:
        """Do lives speak of early failures, chance or wear-out? Weibull with the running lives as survivors."""
        gaps = [one.gaps() for one in self.members]
        times = np.concatenate([times for times, _ in gaps])
        failed = np.concatenate([flags for _, flags in gaps])
        self.lives = (times, failed)
        self.fitted = found = weibull_fit(times, failed)
        if found.shape.high < 1.0:
            reading = "failures come early after a repair"
        elif found.shape.low > 1.0:
            reading = "they come with age, as wear-out does"
        else:
            reading = "nothing speaks against chance at any age"
        statement = (
            f"Running times between failures of {self._subject((), lower=True)} have Weibull shape "
            f"{number(found.shape.value)} (95 % interval {number(found.shape.low)} to {number(found.shape.high)}; "
            f"{number(found.failures)} lives ended, {number(found.survivors)} go on): {reading}."
        )
        details: dict[str, object] = {
            "aspect": "shape",
            "scale": found.scale.value,
            "b10": found.b10.value,
            "ended": found.failures,
            "going_on": found.survivors,
        }
        ci = (found.shape.low, found.shape.high)
        return [self._claim("shape", (), statement, found.shape.value, "", ci, found.failures, details=details)]

    def trend(self, one: Lives) -> Claim:
        """Whether the failures of a member come faster, by the MIL-HDBK-189 test.

        Raises:
            SampleTooSmallError, UnusableValuesError: As `failure_trend`.
        """
        found = failure_trend(one.times, end=one.running)
        tail = (1.0 - LEVEL) / 2.0
        low, high = (float(chdtri(found.df, side)) / found.mil_hdbk for side in (1.0 - tail, tail))
        clear = "neither faster nor more slowly, as far as can be told"
        clear = "faster" if low > 1.0 else "more slowly" if high < 1.0 else clear
        segment = self.segment(one)
        statement = (
            f"Failures of {segment_words(segment)} came {clear} as it ran on: power-law shape {number(found.shape)} "
            f"(95 % interval {number(low)} to {number(high)}; 1 is no trend; {number(found.n)} failures)."
        )
        details: dict[str, object] = {
            "aspect": "trend",
            "no_trend": 1,
            "laplace": found.laplace,
            "laplace_p": found.laplace_p,
        }
        return self._claim(
            "trend",
            segment,
            statement,
            found.shape,
            "",
            (low, high),
            found.n,
            p_value=found.mil_hdbk_p,
            details=details,
        )

    def chart(self) -> Chart:
        """Weibull probability plot of the lives that ended, at median ranks among all (Kaplan-Meier)."""
        assert self.lives is not None
        assert self.fitted is not None
        times, failed = self.lives
        order = np.argsort(times, kind="stable")
        at, ended = times[order], failed[order]
        left = np.arange(times.size, 0, -1)
        survival = np.cumprod(np.where(ended, 1.0 - 1.0 / left, 1.0))
        before = np.concatenate(([1.0], survival[:-1]))
        share = 1.0 - (survival + before)[ended] / 2.0
        x = at[ended]
        fit = 1.0 - np.exp(-((x / self.fitted.scale.value) ** self.fitted.shape.value))
        return Chart(
            title=f"Weibull plot of running time between failures, {self._subject((), lower=True)}",
            kind="probability",
            data={"value": x.tolist(), "share": share.tolist(), "fit": fit.tolist()},
            unit=self.unit,
            scale="weibull",
        )

    def _subject(self, segment: Segment, *, lower: bool = False) -> str:
        conditions = (*(one for one in self.question.filters if one.dimension is not None), *segment)
        name = segment_words(conditions) if conditions else f"every {name_of(self.declared.of)}"
        return name if lower else name[:1].upper() + name[1:]

    def _claim(
        self,
        extra: str,
        segment: Segment,
        statement: str,
        effect: float,
        unit: str,
        ci: tuple[float, float] | None,
        n: int,
        **fields: object,
    ) -> Claim:
        question = self.question
        data: dict[str, object] = {
            "id": claim_id("level", question.metric, segment, question=question, agent=AGENT, extra=extra),
            "kind": "level",
            "metric": question.metric,
            "segment": segment,
            "statement": statement,
            "effect": effect,
            "unit": unit,
            "ci": ci,
            "n": n,
            "method": METHOD,
            "agent": AGENT,
            **fields,
        }
        return Claim.model_validate(data)
