"""Does the process keep its specification? Capability of single measurements, with intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from gemba.agents.base import Brief
from gemba.agents.measurements import Measurements, measurements
from gemba.agents.wording import name_of, number, quantity, segment_words, sentence
from gemba.errors import SampleTooSmallError, UnusableValuesError
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap
from gemba.insights.wording import dated, during
from gemba.questions.types import Capability as Asked
from gemba.questions.types import Segment
from gemba.statistics.capability import Capability, Index, Specification, capability
from gemba.statistics.capability_quantiles import QuantileCapability, quantile_capability

Floats = NDArray[np.float64]
AGENT = "capability"
METHOD = "capability"
MOST_MEMBERS = 12
MOST_BINS = 40
FEWEST_BINS = 8
CAPABLE = 4.0 / 3.0
"""What Cpk is usually asked to reach (Montgomery, Introduction to SQC, table 8.4): four sigma to the nearer limit."""


class CapabilityAgent:
    """Indices of the window's measurements; by quantiles of the distribution where they are not normal."""

    name = AGENT
    description = "How far the process keeps its specification: Cp, Cpk, Pp, Ppk and the share outside."

    def analyse(self, brief: Brief) -> Findings | Gap:
        question = brief.plan.question
        assert isinstance(question, Asked)
        (whole,) = measurements(brief)
        members = measurements(brief, by=question.group_by)[:MOST_MEMBERS] if question.group_by else ()
        claims, charts, notes = [], [], []
        for one in (whole, *members):
            brief.check_time()
            try:
                found = _Found(brief, one.of_window())
            except (SampleTooSmallError, UnusableValuesError) as error:
                if one is whole:
                    reason = "too_little_data" if isinstance(error, SampleTooSmallError) else "unsupported"
                    return Gap(agent=AGENT, reason=reason, message=str(error))
                notes.append(f"{segment_words(one.segment)}: {error}")
                continue
            claims += found.claims()
            notes += found.notes()
            charts += [found.chart()] if one is whole else []
        return Findings(agent=AGENT, claims=tuple(claims), charts=tuple(charts), notes=tuple(dict.fromkeys(notes)))


class _Found:
    """What the measurements of one member say about the specification.

    Raises:
        SampleTooSmallError, UnusableValuesError: As `capability`.
    """

    def __init__(self, brief: Brief, source: Measurements) -> None:
        self.brief = brief
        self.source = source
        question = brief.plan.question
        assert isinstance(question, Asked)
        self.question = question
        self.metric = brief.model.metrics[question.metric]
        limits = self.metric.limits
        assert limits is not None, "the agent is planned where there are limits"
        self.specification = Specification(limits.lower, limits.upper, limits.target)
        self.normal: Capability = capability(source.values, self.specification, subgroup=source.subgroup)
        self.by_quantiles: QuantileCapability | None = None
        self.unfitted = ""
        if self.normal.normality.rejected:
            try:
                self.by_quantiles = quantile_capability(
                    source.values, self.specification, rng=np.random.default_rng(0), memory=self.normal.memory
                )
            except SampleTooSmallError as error:
                self.unfitted = str(error)

    def claims(self) -> list[Claim]:
        if self.by_quantiles is None and self.unfitted:
            return [self._seen(self.normal.seen_outside)]
        if self.by_quantiles is not None:
            return self._of_quantiles(self.by_quantiles)
        within = "variation within subgroups" if self.source.subgroup is not None else "variation between neighbours"
        overall = "variation of all values"
        named = (("Cpk", self.normal.cpk, within), ("Ppk", self.normal.ppk, overall))
        named += (("Cp", self.normal.cp, within), ("Pp", self.normal.pp, overall))
        made = [self._index(name, index, basis) for name, index, basis in named if index is not None]
        return [*made, self._outside(self.normal.outside, self.normal.seen_outside, "normal distribution")]

    def _of_quantiles(self, found: QuantileCapability) -> list[Claim]:
        read_off = found.distributions == ("values",)
        named = "of the values themselves" if read_off else f"of a {' or '.join(found.distributions)} distribution"
        basis = f"quantiles {named}"
        made = [self._index("Ppk", found.ppk, basis)]
        made += [self._index("Pp", found.pp, basis)] if found.pp is not None else []
        made.append(
            self._seen(found.seen_outside) if read_off else self._outside(found.outside, found.seen_outside, basis)
        )
        return made

    def notes(self) -> list[str]:
        notes = []
        normality = self.normal.normality
        if normality.rejected:
            verdict = f"not normal (Anderson-Darling {normality.statistic:.2f}, {_p(normality.p)})"
            how = f"no index is stated: {self.unfitted}" if self.unfitted else "indices are by quantiles"
            notes.append(f"{self._subject()}: the measurements are {verdict}; {how}")
        else:
            notes.append(
                f"{self._subject()}: nothing speaks against a normal distribution (Anderson-Darling "
                f"{normality.statistic:.2f}, {_p(normality.p)})"
            )
        if self.normal.memory > 0:
            notes.append(
                f"{self._subject()}: neighbouring measurements resemble each other (memory {self.normal.memory:.2f}); "
                "the intervals allow for it"
            )
        if self.source.missing:
            notes.append(f"{self._subject()}: {self.source.missing:,} rows have no measurement")
        return notes

    def chart(self) -> Chart:
        """Histogram with the specification, and what the distribution that was used would give."""
        values = self.source.values
        edges = np.histogram_bin_edges(values, bins="auto")
        bins = int(np.clip(edges.size - 1, FEWEST_BINS, MOST_BINS))
        count, edges = np.histogram(values, bins=bins)
        data: dict[str, list[object]] = {
            "low": [float(edge) for edge in edges[:-1]],
            "high": [float(edge) for edge in edges[1:]],
            "count": [int(one) for one in count],
        }
        if not self.normal.normality.rejected:
            from scipy.special import ndtr

            below = ndtr((edges - self.normal.mean) / self.normal.overall)
            data["curve"] = [float(one) for one in np.diff(below) * values.size]
        spec = self.specification
        marks = {"LSL": spec.lower, "USL": spec.upper, "target": spec.target, "mean": self.normal.mean}
        return Chart(
            title=f"{self._subject()} against its specification, {dated(self.question.window, self.brief.model)}",
            kind="histogram",
            data=data,
            unit=self.metric.unit,
            marks={name: float(at) for name, at in marks.items() if at is not None},
        )

    def _index(self, name: str, index: Index, basis: str) -> Claim:
        spec = self.specification
        if index.low >= CAPABLE:
            verdict = f"at least {number(CAPABLE)}"
        elif index.high < CAPABLE:
            verdict = f"below {number(CAPABLE)}"
        else:
            verdict = f"not to be told from {number(CAPABLE)}"
        limits = " to ".join(quantity(one, self.metric.unit) for one in (spec.lower, spec.upper) if one is not None)
        side = "at least " if spec.upper is None else "at most " if spec.lower is None else ""
        when = during(self.question.window, self.brief.model)
        return self._claim(
            name,
            statement=f"{name} of {self._subject(lower=True)} was {number(index.value)} (95 % interval "
            f"{number(index.low)} to {number(index.high)}) {when}, {verdict}: "
            f"{number(self.normal.n)} measurements against {side}{limits} ({basis}).",
            effect=index.value,
            unit="",
            ci=(index.low, index.high),
            details={
                "index": name,
                "asked": CAPABLE,
                "lower": spec.lower,
                "upper": spec.upper,
                "mean": self.normal.mean,
                "within": self.normal.within,
                "overall": self.normal.overall,
                "basis": basis,
                "interval": index.method,
            },
        )

    def _outside(self, index: Index, seen: Index, basis: str) -> Claim:
        share, low, high, now = (100.0 * one for one in (index.value, index.low, index.high, seen.value))
        return self._claim(
            "outside",
            statement=f"{quantity(share, '%')} of {self._subject(lower=True)} is expected outside the specification "
            f"(95 % interval {number(low)} to {number(high)}; {basis}); {quantity(now, '%')} of the measurements were.",
            effect=share,
            unit="%",
            ci=(low, high),
            details={"aspect": "outside", "seen_pct": now, "basis": basis},
        )

    def _seen(self, seen: Index) -> Claim:
        share, low, high = (100.0 * one for one in (seen.value, seen.low, seen.high))
        return self._claim(
            "outside",
            statement=f"{quantity(share, '%')} of the measurements of {self._subject(lower=True)} were outside the "
            f"specification (95 % interval {number(low)} to {number(high)}).",
            effect=share,
            unit="%",
            ci=(low, high),
            details={"aspect": "outside", "seen_pct": share},
        )

    def _subject(self, *, lower: bool = False) -> str:
        conditions: Segment = (
            *(one for one in self.question.filters if one.dimension is not None),
            *self.source.segment,
        )
        name = name_of(self.question.metric)
        name = name if lower else sentence(name)
        return f"{name} of {segment_words(conditions)}" if conditions else name

    def _claim(self, extra: str, **fields: object) -> Claim:
        question = self.question
        data: dict[str, object] = {
            "id": claim_id(
                "capability", question.metric, self.source.segment, question=question, agent=AGENT, extra=extra
            ),
            "kind": "capability",
            "metric": question.metric,
            "segment": self.source.segment,
            "n": self.normal.n,
            "method": METHOD,
            "agent": AGENT,
            **fields,
        }
        return Claim.model_validate(data)


def _p(value: float) -> str:
    return f"p {number(value)}" if value >= 0.0001 else "p < 0.0001"
