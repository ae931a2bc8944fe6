"""Questions to begin with: eight to twelve that a model can answer, in words that the resolver reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from gemba.semantics.graph import dimensions_of
from gemba.semantics.model import SemanticModel

MOST = 12
_MONTHS = (
    "January February March April May June July August September October November December".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class _Subject:
    """A metric worth asking about, as it is said, with a dimension that has members, if any."""

    metric: str
    said: str
    dimension: str | None
    members: tuple[str, ...]
    rises: bool


def suggested_questions(
    model: SemanticModel, *, members: Mapping[str, Sequence[str]], as_of: datetime
) -> tuple[str, ...]:
    """Eight to twelve questions (fewer for a model of a single bare metric), the most useful first.

    Args:
        members: Members of dimensions as stored, most frequent first. Dimensions without members, and personal ones,
            are not named in questions.
        as_of: The instant up to which there is data. Windows are the last whole month and week before it.
    """
    subjects = [_subject(model, metric, members) for metric in _ranked(model)]
    found: dict[str, None] = {}
    for question in _questions(subjects, as_of):
        found.setdefault(question)
        if len(found) == MOST:
            break
    return tuple(found)


def _ranked(model: SemanticModel) -> list[str]:
    """Metrics by how much a person probably cares: a threshold, a direction and words for it were given."""

    def weight(name: str) -> tuple[bool, bool, int]:
        metric = model.metrics[name]
        return (metric.matters is not None, metric.better is not None, min(len(metric.synonyms), 3))

    return sorted(model.metrics, key=weight, reverse=True)[:6]


def _subject(model: SemanticModel, metric: str, members: Mapping[str, Sequence[str]]) -> _Subject:
    usable = [
        name
        for name in dimensions_of(model, metric)
        if len(members.get(name, ())) >= 2
        and not model.dimensions[name].personal
        and not model.dimensions[name].numeric
        and model.dimensions[name].derived is None
    ]
    # Few members first: their questions have rows enough to be answered.
    chosen = min(usable, key=lambda name: (len(members[name]) > 30, len(members[name]) < 3), default=None)
    named = tuple(member for member in members.get(chosen or "", ()) if _can_be_said(member))
    rises = model.metrics[metric].better == "lower"
    return _Subject(metric, metric.replace("_", " "), chosen, named, rises)


def _can_be_said(member: str) -> bool:
    return bool(member.strip()) and member.isprintable() and len(member) <= 40


def _questions(subjects: Sequence[_Subject], as_of: datetime) -> Iterator[str]:
    """One form after the other, each about the next metric, so that any first eight differ in both."""
    month, before = _last_months(as_of.date())
    this, that = _said_month(month), _said_month(before)
    grouped = [subject for subject in subjects if subject.dimension is not None and len(subject.members) >= 2]
    for shift in range(len(subjects)):
        turn = [subjects[(shift + step) % len(subjects)] for step in range(6)]
        main = turn[0]
        moved = "rise" if main.rises else "fall"
        yield f"Why did {main.said} {moved} in {this} compared with {that}?"
        for step, subject in enumerate(grouped[shift:] + grouped[:shift]):
            named = (subject.dimension or "").replace("_", " ")
            first, second = subject.members[:2]
            if step == 0:
                yield f"Which {named} had the highest {subject.said} in {this}?"
                yield f"Why did {subject.said} change for {named} {first} last month?"
            elif step == 1:
                yield f"Compare {subject.said} of {named} {first} with {named} {second} in {this}"
        yield f"What was the trend of {main.said} over the last 3 months?"
        yield f"Why did {turn[1].said} change last week?"
        yield f"Compare {turn[2].said} in {this} with {that}"
        yield f"What was {turn[3].said} last week?"
        yield f"What was {turn[4].said} in {this}?"
        yield f"How did {turn[5].said} develop in {this}?"


def _last_months(day: date) -> tuple[date, date]:
    """First days of the last whole month before `day`, and of the one before that. A month's last day closes it."""
    tomorrow = day + timedelta(days=1)
    this_month = tomorrow.replace(day=1)
    month = (this_month - timedelta(days=1)).replace(day=1)
    return month, (month - timedelta(days=1)).replace(day=1)


def _said_month(day: date) -> str:
    return f"{_MONTHS[day.month - 1]} {day.year}"
