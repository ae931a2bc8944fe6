"""The change of the whole between two windows or two sides, and whether it exceeds ordinary variation."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from gemba.agents.base import Brief
from gemba.agents.candidates import comparison
from gemba.agents.panel import Setting, panel, setting
from gemba.agents.wording import difference_unit, name_of, number, quantity, segment_words, sentence
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import additive_column, ratio_form, rollup, values
from gemba.evidence.types import TOTAL
from gemba.insights.ids import claim_id
from gemba.insights.types import Claim, Findings, Test
from gemba.insights.wording import dated
from gemba.planning.requests import rolls_up

AGENT = "level"
METHOD = "level"
POWER = 0.8


def change_findings(brief: Brief) -> Findings:
    """Baseline value, window value, difference with its interval and p-value, and what would have been seen.

    The effect is the plain difference. Its standard error, and the p-value against "no change beyond the calendar",
    come from `shift_tests` of the total; the page of the method says how.

    Raises:
        SampleTooSmallError: The window or the baseline has no value.
    """
    found = setting(brief)
    whole = panel(found, TOTAL)
    metric, model = found.question.metric, brief.model
    form = ratio_form(model, metric)
    before, after, per, factor = _values(found, whole.num[0], whole.den[0])
    shift = comparison(found, whole).own
    scale = model.metrics[metric].scale
    sampled = form is not None or model.metrics[metric].kind in ("product", "quantile", "ratio")
    p, se, df = float(shift.p[0]), float(shift.se[0]) * factor * scale, float(shift.df[0])
    tested = sampled and bool(np.isfinite([p, se, df]).all())
    effect = (after - before) * scale
    half = float(stdtrit(df, 0.975)) * se if tested else 0.0
    both = found.timeline.window | found.timeline.baseline
    unit, shown_unit = difference_unit(model, metric) + per, model.metrics[metric].unit + per
    claim = Claim(
        id=claim_id("level", metric, (), question=found.question, agent=AGENT, extra="change"),
        kind="level",
        metric=metric,
        statement=_statement(found, before * scale, after * scale, effect, half if tested else None, unit, shown_unit),
        effect=effect,
        unit=unit,
        ci=(effect - half, effect + half) if tested else None,
        p_value=p if tested else None,
        exact=not tested,
        n=int(whole.rows[0][both].sum()),
        method=METHOD,
        agent=AGENT,
        details={
            "before": before * scale,
            "after": after * scale,
            "beyond_calendar": float(shift.effect[0]) * factor * scale if tested else None,
            "buckets_window": int(found.timeline.window.sum()),
            "buckets_baseline": int(found.timeline.baseline.sum()),
        },
    )
    notes = () if tested else (_why_untested(sampled),)
    return Findings(
        agent=AGENT,
        claims=(claim,),
        tests=(Test(id=f"{AGENT}:change", p_value=p, claim=claim.id),) if tested else (),
        detectable=float(stdtrit(df, 0.975) + stdtrit(df, POWER)) * se if tested else None,
        notes=notes,
    )


def _why_untested(sampled: bool) -> str:
    if not sampled:
        return "the change has no interval: extremes and distinct counts of a window have no day-to-day variation"
    return "the change has no interval: there is too little history to know the ordinary variation"


def _values(found: Setting, num: np.ndarray, den: np.ndarray) -> tuple[float, float, str, float]:
    """Both values unscaled, ` per day` where windows of different length are compared, and the factor of the shift."""
    brief, metric = found.brief, found.question.metric
    window, baseline = found.timeline.window, found.timeline.baseline
    if additive_column(brief.model, metric) is not None:
        same = int(window.sum()) == int(baseline.sum())
        length = float(window.sum()) if same else 1.0
        per = "" if same else f" per {found.bucket}"
        return float(num[baseline].mean()) * length, float(num[window].mean()) * length, per, length
    if ratio_form(brief.model, metric) is not None:
        d0, d1 = float(den[baseline].sum()), float(den[window].sum())
        if d0 == 0 or d1 == 0:
            raise SampleTooSmallError("a ratio with a denominator that is not 0", needed=1, got=0)
        return float(num[baseline].sum()) / d0, float(num[window].sum()) / d1, "", 1.0
    before, after = _whole(found, baseline=True), _whole(found, baseline=False)
    if before is None or after is None:
        raise SampleTooSmallError("a value on both sides", needed=2, got=(before is not None) + (after is not None))
    return before, after, "", 1.0


def _whole(found: Setting, *, baseline: bool) -> float | None:
    """The metric over a whole side, from its buckets where they roll up, else from its own cube."""
    brief, metric = found.brief, found.question.metric
    if not rolls_up(brief.model, metric):
        name = ("baseline_window" if found.two_sided else "baseline") if baseline else "window"
        frame = brief.evidence.cube(name, TOTAL)
    else:
        frame = brief.evidence.cube("baseline" if found.two_sided and baseline else "history", TOTAL)
        mask = found.timeline.baseline if baseline else found.timeline.window
        starts = [start for start, inside in zip(found.starts, mask, strict=True) if inside]
        frame = frame.filter(frame["bucket"].is_in(starts))
        if frame.height:
            frame = rollup(frame, (), model=brief.model, metric=metric)
    if frame.height == 0:
        return None
    value = values(frame, model=brief.model, metric=metric)[0]
    return None if value is None else float(value)


def _statement(
    found: Setting, before: float, after: float, effect: float, half: float | None, unit: str, shown_unit: str
) -> str:
    question, model = found.question, found.model
    name = sentence(name_of(question.metric))
    within = "" if half is None else f" (95 % interval {number(effect - half)} to {number(effect + half)})"
    difference = f"a difference of {quantity(effect, unit, signed=True)}{within}"
    window = dated(question.window, model)
    if question.baseline.window is not None:
        of = f" of {segment_words(question.filters)}" if question.filters else ""
        earlier = dated(question.baseline.window, model)
        return (
            f"{name}{of} was {quantity(after, shown_unit)} in {window}, against {quantity(before, shown_unit)} in "
            f"{earlier}: {difference}."
        )
    other = segment_words(question.baseline.segment) if question.baseline.segment else "the rest"
    return (
        f"In {window}, {name_of(question.metric)} was {quantity(after, shown_unit)} for "
        f"{segment_words(question.filters)} and {quantity(before, shown_unit)} for {other}: {difference}."
    )
