"""A typed question as one plain sentence with absolute local times."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gemba.questions.calendar import WEEKDAYS
from gemba.questions.lags import default_lag, said_lag
from gemba.questions.types import Compare, Predicate, Question, Why, Window
from gemba.semantics.model import SemanticModel

_SIGNS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_MOVES = {"up": "rise", "down": "fall", None: "change"}


def describe(question: Question, *, model: SemanticModel) -> str:
    """One sentence that says exactly what is asked: metric, selection, grouping, windows in local time."""
    zone = ZoneInfo(model.timezone)
    if question.kind == "compound":
        return " Then: ".join(describe(part, model=model) for part in question.parts)
    window = said_window(question.window, zone)
    where = said_filters(question.filters, model)
    groups = getattr(question, "group_by", ())
    by = f", by {_listed([_plain(name) for name in groups])}" if groups else ""
    if question.kind == "drivers":
        return f"What goes along with {_plain(question.outcome)}{where}, {window}?"
    if question.kind == "changes":
        about = _listed([_plain(name) for name in question.metrics]) if question.metrics else "any metric"
        against = _against(question.baseline.window, zone) if question.baseline and question.baseline.window else ""
        return f"What changed in {about}{where}, {window}{against}?"
    if question.kind == "quality":
        about = f"behind {_plain(question.metric)}" if question.metric else "of every source"
        return f"How good is the data {about}{where}{by}, {window}?"
    metric = _plain(question.metric)
    subject = f"{metric}{where}"
    match question.kind:
        case "why" | "compare":
            return _held_against(question, metric, subject, by, model)
        case "trend":
            return f"How did {subject} develop{f' by {question.bucket}' if question.bucket else ''}{by}, {window}?"
        case "top":
            side = {"high": "highest ", "low": "lowest ", None: ""}[question.direction]
            return f"Which {_members(groups, question.limit)} had the {side}{subject}, {window}?"
        case "share":
            return f"What share of {subject} had each {_listed([_plain(name) for name in groups])}, {window}?"
        case "distribution":
            return f"How is {subject} distributed{by}, {window}?"
        case "anomaly":
            return f"What is unusual about {subject}{by}, {window}?"
        case "capability":
            return f"How capable and stable is {subject}{by}, {window}?"
        case "forecast":
            return f"What will {subject} be {said_window(question.ahead(zone), zone)}?"
        case "association":
            lag = question.max_lag
            apart = f", up to {said_lag(lag)} apart" if lag and lag != default_lag(question.window) else ""
            return f"Do {metric} and {_plain(question.other_metric)} go together{where}{apart}, {window}?"
        case _:
            return f"What was {subject}{by}, {window}?"


def _held_against(question: Why | Compare, metric: str, subject: str, by: str, model: SemanticModel) -> str:
    """A question with two sides: two times, or two selections in one time."""
    zone, why = ZoneInfo(model.timezone), question.kind == "why"
    window = said_window(question.window, zone)
    if question.baseline.window is not None:
        opening = "Why did" if why else "Did"
        subject += "," if ", " in subject else ""
        return (
            f"{opening} {subject} {_MOVES[question.direction]}{by}, {window}{_against(question.baseline.window, zone)}?"
        )
    shared = tuple(item for item in question.filters if item in (question.baseline.segment or ()))
    this = said_filters(tuple(item for item in question.filters if item not in shared), model).strip()
    that = "the rest"
    if question.baseline.segment is not None:
        that = said_filters(tuple(item for item in question.baseline.segment if item not in shared), model).strip()
    context = f", {said_filters(shared, model).strip()}" if shared else ""
    if question.direction is None:
        one, other = _side(this), _side(that)
        if why:
            return f"Why did {metric} differ between {one} and {other}{context}{by}, {window}?"
        return f"How does {metric} of {one} compare with {other}{context}{by}, {window}?"
    state = {"up": "higher", "down": "lower"}[question.direction]
    other = f"for {that}" if question.baseline.rest else that
    return f"{'Why was' if why else 'Was'} {metric} {state} {this} than {other}{context}{by}, {window}?"


def _side(selection: str) -> str:
    return selection.removeprefix("for ").removeprefix("on ")


def _members(groups: tuple[str, ...], limit: int | None) -> str:
    """`line`, `5 lots`, `3 pairs of line and shift`."""
    names = [_plain(name) for name in groups] or ["segment"]
    if limit is None or limit == 1:
        return _listed(names)
    if len(names) == 1:
        return f"{limit} {_plural(names[0])}"
    return f"{limit} combinations of {_listed(names)}"


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def said_window(window: Window, zone: ZoneInfo) -> str:
    """`on 2026-11-09`, `from 2026-11-09 to 2026-11-15` (both days included), or with clock times."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    if _midnight(start) and _midnight(end):
        last = (end - timedelta(days=1)).date()
        if last == start.date():
            return f"on {start:%Y-%m-%d}"
        return f"from {start:%Y-%m-%d} to {last.isoformat()}"
    return f"from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"


def said_filters(filters: tuple[Predicate, ...], model: SemanticModel) -> str:
    """` for line 3 and shift night, without crew A, with speed above 1500 rpm`; empty without filters."""
    selected = [_selected(item, model) for item in filters if item.op == "in"]
    times = [said for said in selected if said.startswith("on ")]
    members = [said for said in selected if not said.startswith("on ")]
    left_out = [_selected(item, model) for item in filters if item.op == "not_in"]
    conditions = [_condition(item, model) for item in filters if item.op not in ("in", "not_in")]
    parts = [f"for {_listed(members)}"] if members else []
    parts.extend(times)
    if left_out:
        parts.append(f"without {_listed([said.removeprefix('on ') for said in left_out])}")
    if conditions:
        parts.append(f"with {_listed(conditions)}")
    return f" {', '.join(parts)}" if parts else ""


def _selected(predicate: Predicate, model: SemanticModel) -> str:
    """`line 3`, `line 3 or 4`, `on Mondays`."""
    values = _values(predicate)
    dimension = model.dimensions.get(predicate.dimension or "")
    if dimension is not None and dimension.derived in ("weekday", "weekend"):
        return f"on {_listed([f'{value.capitalize() if value in WEEKDAYS else value}s' for value in values], 'or')}"
    return f"{_plain(predicate.dimension or predicate.metric or '')} {_listed(values, 'or')}"


def _values(predicate: Predicate) -> list[str]:
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in predicate.values]


def _condition(predicate: Predicate, model: SemanticModel) -> str:
    subject = _plain(predicate.dimension or predicate.metric or "")
    known = model.dimensions.get(predicate.dimension or "") or model.metrics.get(predicate.metric or "")
    unit = f" {known.unit}" if known is not None and known.unit else ""
    values = _values(predicate)
    match predicate.op:
        case "between":
            return f"{subject} between {values[0]} and {values[1]}{unit}"
        case "is_null":
            return f"{subject} missing"
        case op:
            return f"{subject} {_SIGNS[op]} {values[0]}{unit}"


def _against(baseline: Window, zone: ZoneInfo) -> str:
    return f", against {said_window(baseline, zone).removeprefix('from ').removeprefix('on ')}"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _listed(names: list[str], joint: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joint} {names[-1]}" if names else ""


def _midnight(instant: datetime) -> bool:
    return instant.hour == instant.minute == instant.second == instant.microsecond == 0
