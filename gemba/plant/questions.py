"""The questions that a plant can be asked, with their answers: about its causes, and about windows without one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from gemba.plant.calendar import Calendar, holidays, local
from gemba.plant.events import Design
from gemba.plant.layout import LINES
from gemba.plant.noise import METRICS, WORSE, Scope
from gemba.plant.streams import stream
from gemba.plant.truth import QuietWindow, TruthQuestion
from gemba.questions.types import Baseline, Predicate, Why, Window

QUIET_PER_CHAPTER = 5
_WORDS = {
    "scrap_rate": ("scrap", "the scrap rate", "scrap rate"),
    "cycle_time": ("cycle time", "the cycle time"),
    "downtime_minutes": ("downtime", "the downtime"),
    "availability": ("availability", "the availability"),
}


@dataclass(frozen=True, slots=True)
class Span:
    """Days, `last` excluded."""

    first: int
    last: int

    def overlaps(self, first: int, last: int) -> bool:
        return self.first < last and first < self.last


def segment_of(members: Scope) -> tuple[Predicate, ...]:
    """Members by dimension as filters of the contract."""
    return tuple(Predicate(dimension=name, op="in", values=(value,)) for name, value in sorted(members.items()))


def window_of(span: Span, plan: Calendar) -> Window:
    """The days as a window with the factory's offset."""
    return Window(start=local(plan.midnights[span.first]), end=local(plan.midnights[span.last]))


def questions_about(
    seed: int, index: int, design: Design, event_id: str, others: list[Design], plan: Calendar, *, until: int
) -> list[TruthQuestion]:
    """Two questions about a cause: about the calendar week it mostly lies in, and about days near its own.

    The baseline is free of causes and ends before this one begins; a question that cannot have one is left out.
    """
    rng = stream(seed, "questions", index)
    direction = "up" if WORSE[design.metric] > 0 else "down"
    verb = "go up" if direction == "up" else "fall"
    asked: list[TruthQuestion] = []
    week = _week_of_most(design, plan, until)
    drawn = int(rng.integers(-2, 2)), int(rng.integers(-1, 3))
    near = Span(design.first + drawn[0], min(design.last + drawn[1], until))
    lengths = (7 * int(rng.choice([1, 2, 4])), 7 * int(rng.choice([1, 2])))
    for number, (window, length) in enumerate(zip((week, near), lengths, strict=True)):
        baseline = _baseline(window, length, [design, *others])
        if baseline is None or window.last - window.first < 3 or window.last > until:
            continue
        words = _WORDS[design.metric][int(rng.integers(0, len(_WORDS[design.metric])))]
        where = f" on line {design.scope['line']}" if "line" in design.scope else ""
        when = _said(window, plan, as_week=number == 0, until=until)
        against = _against(baseline, window, plan, as_week=number == 0)
        asked.append(
            TruthQuestion(
                text=f"Why did {words} {verb}{where} {when} compared with {against}?",
                typed=Why(
                    metric=design.metric,
                    direction=direction,
                    filters=segment_of(design.scope),
                    window=window_of(window, plan),
                    baseline=Baseline(window=window_of(baseline, plan)),
                ),
                answers=(event_id,),
            )
        )
    return asked


def quiet_windows(
    seed: int, chapter: int, designs: list[Design], plan: Calendar, *, begin: int, until: int
) -> list[tuple[QuietWindow, TruthQuestion]]:
    """Windows of one chapter with nothing planted in them nor in their baselines, and no holiday.

    Windows do not overlap one another; baselines may.
    """
    rng = stream(seed, "quiet", chapter)
    free = np.ones(plan.days + 1, dtype=bool)
    for design in designs:
        free[design.first : design.last] = False
    for day in range(plan.days):
        date_ = plan.date_of(day)
        if date_ in holidays(date_.year):
            free[day] = False
    taken = np.zeros(plan.days + 1, dtype=bool)
    end = begin + 150
    found: list[tuple[QuietWindow, TruthQuestion]] = []
    for _ in range(200):
        if len(found) == QUIET_PER_CHAPTER:
            break
        as_week = bool(rng.random() < 0.7)
        length = 7 if as_week else int(rng.integers(5, 13))
        first = int(rng.integers(begin + 14, end - length + 1))
        if as_week:
            first -= (int(plan.weekdays[first])) % 7
        before = 7 * int(rng.choice([1, 2, 4]))
        metric = str(rng.choice(list(METRICS), p=[0.5, 0.2, 0.2, 0.1]))
        line = int(rng.integers(0, LINES)) + 1
        scope = {"line": str(line)} if rng.random() < 0.4 else {}
        asks_up = bool(rng.random() < 0.5)
        window, baseline = Span(first, first + length), Span(first - before, first)
        if baseline.first < begin or taken[first : window.last].any() or not free[baseline.first : window.last].all():
            continue
        taken[first : window.last] = True
        found.append(_quiet(metric, scope, window, baseline, plan, as_week=as_week, asks_up=asks_up))
    return [pair for pair in found if pair[0].end <= local(plan.midnights[until])]


def _quiet(
    metric: str, scope: Scope, window: Span, baseline: Span, plan: Calendar, *, as_week: bool, asks_up: bool
) -> tuple[QuietWindow, TruthQuestion]:
    asked, against = window_of(window, plan), window_of(baseline, plan)
    words = _WORDS[metric][0]
    where = f" on line {scope['line']}" if scope else ""
    when = _said(window, plan, as_week=as_week)
    versus = _against(baseline, window, plan, as_week=as_week)
    direction = ("up" if WORSE[metric] > 0 else "down") if asks_up else None
    verb = {"up": "go up", "down": "fall", None: "change"}[direction]
    question = TruthQuestion(
        text=f"Why did {words} {verb}{where} {when} compared with {versus}?",
        typed=Why(
            metric=metric,
            direction=direction,
            filters=segment_of(scope),
            window=asked,
            baseline=Baseline(window=against),
        ),
        answers=(),
    )
    quiet = QuietWindow(
        metric=metric,
        scope=segment_of(scope),
        start=asked.start,
        end=asked.end,
        baseline_start=against.start,
        baseline_end=against.end,
    )
    return quiet, question


def _week_of_most(design: Design, plan: Calendar, until: int) -> Span:
    """The whole week, Monday to Monday, with most days of the cause; of two alike the earlier."""
    monday = design.first - int(plan.weekdays[design.first])
    weeks = [Span(start, start + 7) for start in range(monday, design.last, 7)]
    whole = [week for week in weeks if week.last <= until] or weeks[:1]
    return max(whole, key=lambda week: (min(week.last, design.last) - max(week.first, design.first), -week.first))


def _baseline(window: Span, length: int, designs: list[Design]) -> Span | None:
    """The latest `length` days, a whole number of weeks before the window, that no cause touches; None: none."""
    for back in range(0, 28, 7):
        span = Span(window.first - back - length, window.first - back)
        if span.first >= 1 and not any(span.overlaps(design.first, design.last) for design in designs):
            return span
    return None


def _said(span: Span, plan: Calendar, *, as_week: bool, until: int = 0) -> str:
    """A window in words. `until`: the day of asking; the whole week before it is called last week."""
    first, last = plan.date_of(span.first), plan.date_of(span.last) - timedelta(days=1)
    if as_week and span.last == (until - 1) - int(plan.weekdays[until - 1]):
        return "last week"
    return f"in the week of {_day(first)}" if as_week else f"from {_day(first)} to {_day(last)}"


def _against(span: Span, window: Span, plan: Calendar, *, as_week: bool) -> str:
    """A baseline in words."""
    first, last = plan.date_of(span.first), plan.date_of(span.last) - timedelta(days=1)
    if as_week and span.last - span.first == 7:
        return "the week before" if span.last == window.first else f"the week of {_day(first)}"
    return f"{_day(first)} to {_day(last)}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B} {day.year}"
