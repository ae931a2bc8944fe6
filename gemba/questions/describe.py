"""A typed question as one plain sentence with absolute local times."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gemba.questions.types import Baseline, Predicate, Question, Window
from gemba.semantics.model import SemanticModel

_SIGNS = {"gt": "above", "ge": "at least", "lt": "below", "le": "at most"}
_MOVES = {"up": "rise", "down": "fall", None: "change"}


def describe(question: Question, *, model: SemanticModel) -> str:
    """One sentence that says exactly what is asked: metric, selection, grouping, windows in local time."""
    zone = ZoneInfo(model.timezone)
    if question.kind == "compound":
        return " Then: ".join(describe(part, model=model) for part in question.parts)
    window = said_window(question.window, zone)
    where = said_filters(question.filters)
    groups = getattr(question, "group_by", ())
    by = f", by {_listed([_plain(name) for name in groups])}" if groups else ""
    if question.kind == "drivers":
        return f"What goes along with {_plain(question.outcome)}{where}, {window}?"
    if question.kind == "changes":
        about = _listed([_plain(name) for name in question.metrics]) if question.metrics else "any metric"
        return f"What changed in {about}{where}, {window}{_against(question.baseline, zone, where)}?"
    if question.kind == "quality":
        about = f"behind {_plain(question.metric)}" if question.metric else "of every source"
        return f"How good is the data {about}{where}{by}, {window}?"
    metric = _plain(question.metric)
    subject = f"{metric}{where}"
    match question.kind:
        case "why":
            against = _against(question.baseline, zone, where)
            if question.baseline.window is None:
                state = {"up": "higher", "down": "lower", None: "different"}[question.direction]
                return f"Why was {subject} {state}{by}, {window}{against}?"
            return f"Why did {subject} {_MOVES[question.direction]}{by}, {window}{against}?"
        case "compare":
            against = _against(question.baseline, zone, where)
            return f"Did {subject} {_MOVES[question.direction]}{by}, {window}{against}?"
        case "trend":
            return f"How did {subject} develop{by}, {window}?"
        case "top":
            side = {"high": "highest ", "low": "lowest ", None: ""}[question.direction]
            count = f"{question.limit} " if question.limit else ""
            whose = _listed([_plain(name) for name in groups]) or "segment"
            return f"Which {count}{whose} had the {side}{subject}, {window}?"
        case "share":
            return f"What share of {subject} had each {_listed([_plain(name) for name in groups])}, {window}?"
        case "distribution":
            return f"How is {subject} distributed{by}, {window}?"
        case "anomaly":
            return f"What is unusual about {subject}{by}, {window}?"
        case "capability":
            return f"How capable and stable is {subject}{by}, {window}?"
        case "forecast":
            return f"What will {subject} be over the next {question.horizon}, learnt from {window}?"
        case "association":
            return f"Do {subject} and {_plain(question.other_metric)} go together, {window}?"
        case _:
            return f"What was {subject}{by}, {window}?"


def said_window(window: Window, zone: ZoneInfo) -> str:
    """`on 2026-11-09`, `from 2026-11-09 to 2026-11-15` (both days included), or with clock times."""
    start, end = window.start.astimezone(zone), window.end.astimezone(zone)
    if _midnight(start) and _midnight(end):
        last = (end - timedelta(days=1)).date()
        if last == start.date():
            return f"on {start:%Y-%m-%d}"
        return f"from {start:%Y-%m-%d} to {last.isoformat()}"
    return f"from {start:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"


def said_filters(filters: tuple[Predicate, ...]) -> str:
    """` where line is 3 and shift is not night`; empty without filters."""
    if not filters:
        return ""
    return " where " + " and ".join(_condition(predicate) for predicate in filters)


def _condition(predicate: Predicate) -> str:
    subject = _plain(predicate.dimension or predicate.metric or "")
    values = [f"{value:g}" if isinstance(value, float) else str(value) for value in predicate.values]
    match predicate.op:
        case "in":
            return f"{subject} is {_listed(values, 'or')}"
        case "not_in":
            return f"{subject} is not {_listed(values, 'or')}"
        case "between":
            return f"{subject} is between {values[0]} and {values[1]}"
        case "is_null":
            return f"{subject} is missing"
        case op:
            return f"{subject} is {_SIGNS[op]} {values[0]}"


def _against(baseline: Baseline | None, zone: ZoneInfo, where: str) -> str:
    if baseline is None:
        return ""
    if baseline.window is not None:
        return f", against {said_window(baseline.window, zone).removeprefix('from ').removeprefix('on ')}"
    if baseline.segment is not None:
        return f", against{said_filters(baseline.segment)}"
    return ", against the rest" if where else ", against everything else"


def _plain(name: str) -> str:
    return name.replace("_", " ")


def _listed(names: list[str], joint: str = "and") -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} {joint} {names[-1]}" if names else ""


def _midnight(instant: datetime) -> bool:
    return instant.hour == instant.minute == instant.second == instant.microsecond == 0
