"""A rule of drivers as a claim: its conditions in words, its levels, and every number behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping

from gemba.agents.base import Brief
from gemba.agents.wording import name_of, number, quantity
from gemba.insights.ids import claim_id
from gemba.insights.types import Claim
from gemba.questions.types import Drivers, Predicate
from gemba.statistics.drivers import Bound, Driver, DriverRule
from gemba.statistics.drivers_thresholds import Located

METHOD = "drivers"
MOST_MEMBERS_SAID = 5
MOST_ALLOWED = 3
Details = dict[str, float | int | str | bool | None]


def rule_claim(brief: Brief, rule: DriverRule, *, yes_no: bool, units: Mapping[str, str], agent: str) -> Claim:
    """One rule, held against all other rows."""
    question = brief.plan.question
    assert isinstance(question, Drivers)
    scale, unit = share_or_unit(brief, yes_no=yes_no)
    inside, outside = rule.effect.inside * scale, rule.effect.outside * scale
    effect = inside - outside
    conditions = " and ".join(_words(one, units) for one in rule.drivers)
    low, high = rule.effect.low * scale, rule.effect.high * scale
    details: Details = {
        "rule": conditions,
        "inside": inside,
        "outside": outside,
        "n_inside": rule.effect.n_inside,
        "n_outside": rule.effect.n_outside,
        "drivers": len(rule.drivers),
        "score": rule.gain,
        "allowing_for": ", ".join(rule.allowing_for),
        "more_allowed": max(len(rule.allowing_for) - MOST_ALLOWED, 0),
    }
    for at, one in enumerate(rule.drivers, start=1):
        details |= _numbers(one, f"{at}", scale)
    identity = "|".join(sorted(f"{one.name}:{one.shape}:{one.by or ''}" for one in rule.drivers))
    flags = [one.replicated for one in rule.drivers]
    return Claim(
        id=claim_id("driver", question.outcome, (), question=question, agent=agent, extra=identity),
        kind="driver",
        metric=question.outcome,
        segment=_segment(brief, rule),
        statement=_statement(question.outcome, rule, conditions, inside, outside, unit, low, high, yes_no=yes_no),
        effect=effect,
        unit="pp" if unit == "%" else unit,
        ci=(min(low, effect), max(high, effect)),
        p_value=rule.p,
        n=rule.effect.n_inside + rule.effect.n_outside,
        method=METHOD,
        replicated=None if None in flags else all(flags),
        agent=agent,
        details=details,
    )


def share_or_unit(brief: Brief, *, yes_no: bool) -> tuple[float, str]:
    """What a level is multiplied by, and the unit it is then in: shares of rows in per cent."""
    if yes_no:
        return 100.0, "%"
    question = brief.plan.question
    assert isinstance(question, Drivers)
    metric, dimension = brief.model.metrics.get(question.outcome), brief.model.dimensions.get(question.outcome)
    return 1.0, metric.unit if metric is not None else (dimension.unit or "") if dimension is not None else ""


def _statement(
    outcome: str,
    rule: DriverRule,
    conditions: str,
    inside: float,
    outside: float,
    unit: str,
    low: float,
    high: float,
    *,
    yes_no: bool,
) -> str:
    subject = name_of(outcome)
    what = (
        f"{subject} in {quantity(inside, unit)} of {rule.effect.n_inside:,} rows" if yes_no else quantity(inside, unit)
    )
    if rule.drivers[0].shape == "slope":
        rest, among = "in the fifth with the lowest values", " in the fifth of rows with the highest values"
    elif rule.drivers[0].shape == "levels":
        rest = f"for {rule.drivers[0].members[-1]}, the lowest"
        among = f" over {rule.effect.n_inside:,} rows, the highest"
    else:
        rest, among = "elsewhere", "" if yes_no else f" over {rule.effect.n_inside:,} rows"
    higher = "Higher" if inside > outside else "Lower"
    begin = f"{subject[:1].upper()}{subject[1:]}" if yes_no else f"{higher} {subject}"
    difference = quantity(inside - outside, "pp" if unit == "%" else unit, signed=True)
    return (
        f"{begin} is associated with {conditions}: {what}{among}, against {quantity(outside, unit)} {rest}: "
        f"{difference} (95 % interval {number(low)} to {number(high)}){_allowing(rule)}."
    )


def _allowing(rule: DriverRule) -> str:
    """What a numeric outcome was adjusted for, if anything."""
    names = [name_of(name) for name in rule.allowing_for[:MOST_ALLOWED]]
    more = len(rule.allowing_for) - len(names)
    if not names:
        return ""
    return f", allowing for {', '.join(names)}{f' and {more} more' if more else ''}"


def _words(one: Driver, units: Mapping[str, str]) -> str:
    """One driver and its thresholds, for example `process temperature − air temperature below 8.6 K`."""
    name = {"difference": " − ", "product": " × ", "ratio": " / "}.get(one.kind, "").join(map(name_of, one.columns))
    unit = _unit(one, units)
    if one.shape == "slope":
        return f"higher {name}"
    if one.shape == "levels":
        return f"{name} {one.members[0]}"
    if one.shape == "among":
        return f"{name} {_members(one)}"
    if one.by is not None:
        told = [bound for bound in one.bounds if math.isfinite(bound.threshold.at)]
        limits = ", ".join(f"{_at(bound.threshold)} for {bound.member}" for bound in told)
        return f"{name} {one.shape} a limit that depends on {name_of(one.by)} ({limits}{f' {unit}' if unit else ''})"
    bounds = sorted(one.bounds, key=lambda bound: bound.threshold.at)
    values = [f"{_at(bound.threshold)} {unit}".strip() for bound in bounds]
    if one.shape in ("between", "outside"):
        return f"{name} {one.shape} {values[0]} and {values[-1]}"
    return f"{name} {one.shape} {values[0]}"


def _members(one: Driver) -> str:
    """Those inside, or those outside where these are fewer; of many their number only."""
    if len(one.others) < len(one.members) and len(one.others) <= MOST_MEMBERS_SAID:
        return f"other than {' or '.join(one.others)}"
    said = " or ".join(one.members[:MOST_MEMBERS_SAID])
    more = len(one.members) - MOST_MEMBERS_SAID
    return f"{said} or {more} others" if more > 0 else said


def _unit(one: Driver, units: Mapping[str, str]) -> str:
    known = [units.get(name, "") for name in one.columns]
    if one.kind in ("column", "difference"):
        return known[0]
    if not all(known):
        return ""
    return {"product": "·", "ratio": "/"}.get(one.kind, "").join(known)


def _at(threshold: Located) -> str:
    """As many digits as the interval tells, at least three that count."""
    width = threshold.high - threshold.low
    if not math.isfinite(width) or width <= 0:
        return number(threshold.at)
    digits = min(max(1 - math.floor(math.log10(width)), 0), 9)
    text = f"{threshold.at:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _numbers(one: Driver, at: str, scale: float) -> Details:
    """Everything about one driver, by names that end in its place."""
    found: Details = {
        f"driver_{at}": one.name,
        f"shape_{at}": one.shape,
        f"effect_given_rest_{at}": one.effect.difference * scale,
        f"low_given_rest_{at}": one.effect.low * scale,
        f"high_given_rest_{at}": one.effect.high * scale,
        f"p_{at}": one.p,
        f"replicated_{at}": one.replicated,
    }
    if one.members:
        found[f"members_{at}"] = ", ".join(one.members)
        found[f"n_members_{at}"] = len(one.members)
        found[f"more_members_{at}"] = max(len(one.members) - MOST_MEMBERS_SAID, 0)
        found[f"all_members_{at}"] = len(one.members) + len(one.others)
        said = (*one.members[: MOST_MEMBERS_SAID + 1], *one.others[:MOST_MEMBERS_SAID])
        found |= {f"member_{at}_{place}": name for place, name in enumerate(said, start=1)}
    if one.by is not None:
        found |= {f"by_{at}": one.by, f"p_by_{at}": one.group_p}
        found |= {f"group_{at}_{place}": bound.member for place, bound in enumerate(one.bounds, start=1)}
    for bound in one.bounds:
        found |= _bound(bound, at)
    return found


def _bound(bound: Bound, at: str) -> Details:
    name = f"{bound.side}_{at}" + (f"_{bound.member}" if bound.member else "")
    values = {
        "threshold": bound.threshold.at,
        "threshold_low": bound.threshold.low,
        "threshold_high": bound.threshold.high,
    }
    return {f"{key}_{name}": value if math.isfinite(value) else None for key, value in values.items()}


def _segment(brief: Brief, rule: DriverRule) -> tuple[Predicate, ...]:
    """The rule as predicates, where all its conditions can be written as such; else none, and `details` has them."""
    found: list[Predicate] = []
    for one in rule.drivers:
        if one.name not in brief.model.dimensions or one.by is not None or one.shape in ("outside", "slope", "levels"):
            return ()
        if one.shape == "among":
            found.append(Predicate(dimension=one.name, op="in", values=one.members))
        for bound in one.bounds:
            op = "gt" if bound.side == "above" else "lt"
            found.append(Predicate(dimension=one.name, op=op, values=(bound.threshold.at,)))
    return tuple(found)
