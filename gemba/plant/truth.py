"""What was planted: the content of `truth.json`."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict

from gemba.questions.types import Predicate, Question

GENERATOR = "gemba plant 1"
LADDER = (1.0, 2.0, 3.0, 5.0)
"""Sizes of planted effects, in units of the metric's day-to-day noise."""

Kind = Literal["lot", "tool_wear", "mix_shift", "crew", "calendar", "downtime", "none"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TruthEvent(_Frozen):
    """One planted cause, or a month without one (`none`).

    Attributes:
        effect: The shift of the metric's daily value in `scope`, averaged over the days of the window on which it
            has a value, in units of `noise`. Positive is worse, whichever way the metric goes.
        unit: Always `noise`.
        scope: Filters of the questions that the effect is measured at; empty: the whole factory.
        noise: Standard deviation of the metric's daily value in `scope` about its weekday's mean, on the same factory
            without events, over its first 150 days; in `metric_unit`.
        shift: The same shift as `effect`, signed, in `metric_unit`.
    """

    id: str
    metric: str
    kind: Kind
    segment: tuple[Predicate, ...]
    start: AwareDatetime
    end: AwareDatetime
    effect: float
    unit: Literal["noise"] = "noise"
    scope: tuple[Predicate, ...] = ()
    noise: float = 0.0
    shift: float = 0.0
    metric_unit: str = ""


class QuietWindow(_Frozen):
    """A window in which nothing was planted, on any metric; nor in `baseline_start`–`baseline_end` before it."""

    metric: str
    start: AwareDatetime
    end: AwareDatetime
    scope: tuple[Predicate, ...] = ()
    baseline_start: AwareDatetime
    baseline_end: AwareDatetime


class TruthQuestion(_Frozen):
    """A question as a person types it, the same as a typed question, and the ids of the events that answer it."""

    text: str
    typed: Question
    answers: tuple[str, ...]


class TruthMetric(_Frozen):
    """Mean and noise of a metric's daily value for the whole factory without events, in `unit`."""

    mean: float
    noise: float
    unit: str


class Truth(_Frozen):
    seed: int
    generator: str = GENERATOR
    metrics: dict[str, TruthMetric]
    events: tuple[TruthEvent, ...]
    quiet: tuple[QuietWindow, ...]
    questions: tuple[TruthQuestion, ...]

    def event(self, event_id: str) -> TruthEvent:
        """The event of that id. KeyError if there is none."""
        for event in self.events:
            if event.id == event_id:
                return event
        raise KeyError(event_id)
