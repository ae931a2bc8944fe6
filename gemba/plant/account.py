"""The account of what was planted: `truth.json`."""

from __future__ import annotations

from datetime import date

from gemba.plant.calendar import Calendar, local
from gemba.plant.events import Design
from gemba.plant.noise import METRICS, WORSE
from gemba.plant.questions import Span, questions_about, quiet_windows, segment_of, window_of
from gemba.plant.timeline import CHAPTER, Noise
from gemba.plant.truth import Truth, TruthEvent, TruthMetric


def account(seed: int, designs: list[Design], plan: Calendar, levels: Noise, *, until: int) -> Truth:
    """What was planted, as known on day `until`: causes that had begun, questions about windows that were over."""
    events: list[TruthEvent] = []
    questions = []
    for index, design in enumerate(designs):
        if design.first >= until:
            continue
        event = _event(f"e{index + 1}", design, plan, levels)
        events.append(event)
        others = [other for other in designs if other is not design]
        questions.extend(questions_about(seed, index, design, event.id, others, plan, until=until))
    quiet = []
    for chapter in range(-(-(until - 1) // CHAPTER)):
        begin = 1 + chapter * CHAPTER
        quiet.extend(quiet_windows(seed, chapter, designs, plan, begin=begin, until=until))
    return Truth(
        seed=seed,
        metrics={name: TruthMetric(mean=mean, noise=deviation, unit=unit)
                 for name, unit in METRICS.items() for mean, deviation in [levels.of(name, {})]},
        events=(*events, *_months_without(designs, plan, until)),
        quiet=tuple(window for window, _ in quiet),
        questions=(*questions, *(question for _, question in quiet)),
    )  # fmt: skip


def _event(event_id: str, design: Design, plan: Calendar, levels: Noise) -> TruthEvent:
    _, deviation = levels.of(design.metric, dict(design.scope))
    window = window_of(Span(design.first, design.last), plan)
    return TruthEvent.model_validate(
        {
            "id": event_id,
            "metric": design.metric,
            "kind": design.kind,
            "segment": segment_of(design.segment),
            "start": window.start,
            "end": window.end,
            "effect": design.size,
            "scope": segment_of(design.scope),
            "noise": deviation,
            "shift": WORSE[design.metric] * design.size * deviation,
            "metric_unit": METRICS[design.metric],
        }
    )


def _months_without(designs: list[Design], plan: Calendar, until: int) -> list[TruthEvent]:
    """One event of kind `none` and size 0 for every calendar month in which nothing was planted."""
    months: dict[date, list[int]] = {}
    for day in range(1, until):
        months.setdefault(plan.date_of(day).replace(day=1), []).append(day)
    calm = [
        (month, span)
        for month, within in months.items()
        for span in [Span(within[0], within[-1] + 1)]
        if not any(span.overlaps(design.first, design.last) for design in designs)
    ]
    return [
        TruthEvent(
            id=f"none-{month:%Y-%m}",
            metric="scrap_rate",
            kind="none",
            segment=(),
            start=local(plan.midnights[span.first]),
            end=local(plan.midnights[span.last]),
            effect=0.0,
        )
        for month, span in calm
    ]
