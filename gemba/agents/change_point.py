"""When the metric as a whole changed."""

from __future__ import annotations

import numpy as np
from scipy.special import stdtrit

from gemba.agents.base import Brief
from gemba.agents.candidates import comparison, strength_of_whole
from gemba.agents.dating import Dated, date_change
from gemba.agents.panel import Panel, Setting, panel, setting
from gemba.agents.wording import difference_unit, name_of, number, quantity, sentence
from gemba.errors import SampleTooSmallError
from gemba.evidence.measure import additive_column
from gemba.evidence.types import TOTAL
from gemba.insights.ids import claim_id
from gemba.insights.types import Chart, Claim, Findings, Gap, Test
from gemba.statistics.shift import never_negative

AGENT = "change_point"
METHOD = "change_point"


class ChangePointAgent:
    """Dates the change of the total, allowing for season, drift and memory."""

    name = AGENT
    description = "The date on which the metric changed, with an interval."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            found = setting(brief)
            whole = panel(found, TOTAL)
            strength = strength_of_whole(comparison(found, whole))
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
        dated = date_change(found, whole.num[0], whole.den[0], whole.num[0], whole.den[0], against_rest=False)
        if dated is None:
            observed = int(((whole.den[0] > 0) & ~found.timeline.window).sum())
            return Gap(
                agent=AGENT,
                reason="too_little_data",
                message=f"a change of level needs 20 observed buckets before the end of the window, got {observed}",
            )
        claim = _claim(found, whole, dated, strength=strength)
        test = Test(id=f"{AGENT}:total", p_value=dated.found.p, claim=claim.id)
        return Findings(agent=AGENT, claims=(claim,), tests=(test,), charts=(_chart(found, whole),))


def _claim(found: Setting, whole: Panel, dated: Dated, *, strength: float) -> Claim:
    model, metric = found.model, found.question.metric
    scale, unit = model.metrics[metric].scale, difference_unit(model, metric)
    change = dated.found
    usual = _usual(found, whole)
    factor = scale * (usual if never_negative(whole.num, whole.den, whole.num[0], whole.den[0]) else 1.0)
    effect, se = change.size * factor, change.se * factor
    half = float(stdtrit(max(int((dated.weight > 0).sum()) - 3, 1), 0.975)) * abs(se)
    bucket = "hour" if found.bucket == "hour" else "day"
    per = f" per {bucket}" if change.shape == "ramp" or additive_column(model, metric) else ""
    per = f" per {bucket} and {bucket}" if change.shape == "ramp" and additive_column(model, metric) else per
    shape = "drifts" if change.shape == "ramp" else "moved"
    statement = (
        f"{sentence(name_of(metric))} {shape} by {quantity(effect, unit, signed=True)}{per} from {dated.date} on "
        f"(the start lies between {dated.low} and {dated.high}); "
        f"95 % interval of the size {number(effect - half)} to {number(effect + half)}."
    )
    return Claim(
        id=claim_id("change_point", metric, (), question=found.question, agent=AGENT),
        kind="change_point",
        metric=metric,
        statement=statement,
        effect=effect,
        unit=f"{unit}{per}",
        ci=(effect - half, effect + half),
        p_value=change.p,
        n=int(whole.rows[0].sum()),
        method=METHOD,
        agent=AGENT,
        details={
            "date": dated.date,
            "date_low": dated.low,
            "date_high": dated.high,
            "shape": change.shape,
            "usual_level": usual * scale,
            "positions_tried": change.tried,
            "score": strength,
        },
    )


def _usual(found: Setting, whole: Panel) -> float:
    """Level of the history, or of the baseline where there is none; unscaled."""
    for mask in (found.timeline.history, found.timeline.baseline):
        den = float(whole.den[0][mask].sum())
        if den > 0:
            return float(whole.num[0][mask].sum()) / den
    return 0.0


def _chart(found: Setting, whole: Panel) -> Chart:
    metric = found.question.metric
    scale = found.model.metrics[metric].scale
    timeline = found.timeline
    seen = np.flatnonzero(whole.den[0] > 0)
    part = np.where(timeline.window, "window", np.where(timeline.baseline, "baseline", "history"))
    return Chart(
        title=f"{sentence(name_of(metric))} by {found.bucket}",
        kind="series",
        data={
            "time": [found.starts[t].isoformat() for t in seen],
            "value": [float(whole.num[0][t] / whole.den[0][t] * scale) for t in seen],
            "part": [str(part[t]) for t in seen],
        },
        unit=found.model.metrics[metric].unit,
    )
