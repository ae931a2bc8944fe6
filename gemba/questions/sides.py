"""The two sides of `why` and `compare`: the window asked about, and the window or selection it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from gemba.questions.calendar import Span
from gemba.questions.describe import said_window
from gemba.questions.intent import WorkingBothWaysError, direction_of
from gemba.questions.reading import ManyWaysError, RefusedReadingError
from gemba.questions.said import Sketch
from gemba.questions.time import TimePhrase
from gemba.questions.types import QUESTION, Baseline, Direction, Predicate, Window
from gemba.questions.when import Clock, OutsideDataError, check_covered, default_span, note_of, read_beside, read_time


@dataclass(frozen=True, slots=True)
class Sides:
    """What `why` and `compare` have beyond metric and filters. `notes` are the assumptions made on the way."""

    direction: Direction | None
    window: Window
    baseline: Baseline
    notes: tuple[str, ...]


def two_sides(said: Sketch, data: dict[str, Any], clock: Clock, *, better: str | None) -> Sides:
    """Find what is held against what.

    Args:
        data: The typed question so far, for the choices that are offered.
        better: Which way the model calls better, for `improve` and `worse`.

    Raises:
        RefusedReadingError, ManyWaysError: The sides cannot be told, or in several ways.
        gemba.questions.period.NoSuchTimeError: A time does not exist.
    """
    return _Sides(said, data, clock).find(better)


class _Sides:
    def __init__(self, said: Sketch, data: dict[str, Any], clock: Clock) -> None:
        self.said = said
        self.data = data
        self.clock = clock
        self.notes: list[str] = []

    def find(self, better: str | None) -> Sides:
        said, clock = self.said, self.clock
        try:
            direction = direction_of(said.moves, better)
        except WorkingBothWaysError as error:
            raise RefusedReadingError("unsupported", str(error)) from error
        self.data = {**self.data, "direction": direction}
        by_segment = bool(said.other_side) or said.rest
        self._check_between(by_segment=by_segment)
        span, other = self._two_windows(by_segment=by_segment)
        try:
            self.notes.extend(check_covered(span.window, clock, whole=True, what="the time asked about"))
            if other is None:
                return self._sides(direction, span, self._other_side())
            if other.window == span.window:
                raise RefusedReadingError("unsupported", "a time held against itself")
            self.notes.extend(check_covered(other.window, clock, whole=True, what="the time to compare with"))
        except OutsideDataError as error:
            raise RefusedReadingError("outside_data", str(error)) from error
        return self._sides(direction, span, Baseline(window=other.window))

    def _sides(self, direction: Direction | None, span: Span, baseline: Baseline) -> Sides:
        return Sides(direction, span.window, baseline, tuple(self.notes))

    def _note(self, span: Span, *, relative: bool) -> None:
        self.notes.extend(note_of(span, self.clock, relative=relative))

    def _other_side(self) -> Baseline:
        said = self.said
        if said.rest:
            if said.other_side or not said.filters:
                raise RefusedReadingError("unsupported", "'the rest' needs one selection that it is the rest of")
            return Baseline(rest=True)
        asked = {item.dimension for item in said.filters}
        missing = [item for item in said.other_side if item.dimension not in asked]
        if missing or not said.filters:
            dimension = (missing or said.other_side)[0].dimension
            raise RefusedReadingError("unsupported", f"a selection of {dimension} held against nothing of its kind")
        shared = [item for item in said.filters if item.dimension not in {other.dimension for other in said.other_side}]
        return Baseline(segment=tuple(_sorted([*said.other_side, *shared])))

    def _two_windows(self, *, by_segment: bool) -> tuple[Span, Span | None]:
        """The window asked about, and the one to compare with."""
        said, clock, calendar = self.said, self.clock, self.clock.calendar
        times, others = list(said.times), list(said.other_times)
        if len(times) + len(others) > 2 or (len(times) > 1 and others):
            raise RefusedReadingError("unsupported", "more than two times in one question")
        if len(times) == 2:
            if said.side_by_side:
                raise RefusedReadingError("unsupported", "two times side by side; say 'compared with' between them")
            times, others = [times[0]], [times[1]]
            if times[0].year is None and times[0].in_year and others[0].year is not None:
                times = [replace(times[0], at=times[0].in_year(others[0].year), beside=None, in_year=None)]
            first, second = read_time(times[0], clock), read_beside(others[0], clock, read_time(times[0], clock))
            if second.start > first.start:
                times, others = others, times
        if len(times) == 1 and not others and times[0].pair and not by_segment and said.moves and not times[0].between:
            before, after = (at(calendar) for at in times[0].pair)
            if before.unit == after.unit and before.unit not in (None, "day") and before.end <= after.start:
                self._note(before, relative=times[0].relative)
                self._note(after, relative=times[0].relative)
                return after, before
        if times and self._between_two(times[0]) and not others and not by_segment:
            return self._between(times[0].pair)
        span = read_time(times[0], clock) if times else self._beside_default(others)
        relative = not times or times[0].relative
        if others:
            if by_segment:
                raise RefusedReadingError("unsupported", "a selection and a time to compare with at once")
            whole = calendar.whole_days(span) if others[0].beside is not None else span
            other = read_beside(others[0], clock, whole)
            if span.to_date:
                span = calendar.whole_days(span)
                other = self._same_part(span, other)
            self._note(span, relative=relative or others[0].relative)
            self._note(other, relative=relative or others[0].relative)
            return span, other
        span = calendar.whole_days(span)
        self._note(span, relative=relative)
        if by_segment:
            return span, None
        other = calendar.before(span)
        self.notes.append(
            f"no comparison was said: against the time of the same length before, "
            f"{said_window(other.window, calendar.zone)}"
        )
        return span, other

    def _beside_default(self, others: Sequence[TimePhrase]) -> Span:
        """The window where only the time to compare with was said: `higher than last week` asks about this week."""
        if others and others[0].relative and others[0].at is not None:
            other = others[0].at(self.clock.calendar)
            if other.unit not in (None, "hour") and other.count == 1:
                span = self.clock.calendar.running(other.unit)
                note = f"no time was said: this {other.unit}, beside the one named"
                return replace(span, notes=(note, *span.notes))
        return default_span(self.clock, "week")

    def _between_two(self, phrase: TimePhrase) -> bool:
        """`change between March and April`: two periods of a kind held against each other."""
        if not phrase.between or phrase.pair is None:
            return False
        before, after = (at(self.clock.calendar) for at in phrase.pair)
        return before.unit == after.unit and before.unit not in (None, "day", "hour") and before.start != after.start

    def _check_between(self, *, by_segment: bool) -> None:
        """`rise between March and April` may mean April against March, or both months as one time; and a period
        without a year beside one with a year may lie in that year or be the most recent one."""
        said = self.said
        if by_segment or len(said.times) != 1:
            return
        phrase = said.times[0]
        directed = bool(set(said.moves) - {"any"}) or not said.moves
        if not said.other_times and self._between_two(phrase) and "compare" not in said.kinds and directed:
            after, before = self._between(phrase.pair)
            whole = read_time(phrase, self.clock)
            self._offer([(after, before), (whole, self.clock.calendar.before(whole))])
        if len(said.other_times) == 1:
            other = said.other_times[0]
            for unsaid, dated in ((phrase, other), (other, phrase)):
                if unsaid.in_year is None or dated.year is None or unsaid.at is None or dated.at is None:
                    continue
                fixed = dated.at(self.clock.calendar)
                spans = [unsaid.at(self.clock.calendar), unsaid.in_year(dated.year)(self.clock.calendar)]
                if spans[0].window != spans[1].window:
                    pairs = [(span, fixed) if unsaid is phrase else (fixed, span) for span in spans]
                    self._offer(pairs)

    def _offer(self, pairs: Sequence[tuple[Span, Span]]) -> None:
        questions = [
            QUESTION.validate_python({**self.data, "window": span.window, "baseline": Baseline(window=other.window)})
            for span, other in pairs
        ]
        raise ManyWaysError("time", questions)

    def _between(self, pair: Any) -> tuple[Span, Span]:
        before, after = sorted((at(self.clock.calendar) for at in pair), key=lambda item: item.start)
        self._note(before, relative=True)
        self._note(after, relative=False)
        return after, before

    def _same_part(self, span: Span, other: Span) -> Span:
        """A whole period beside one that is still running is cut to the same days."""
        length = span.end.date() - span.start.date()
        if other.unit != span.unit or other.end - other.start <= span.end - span.start:
            return other
        end = self.clock.calendar.midnight(other.start.date() + length).replace(hour=span.end.hour)
        cut = Window(start=other.start, end=end)
        note = f"the time to compare with is cut to the same days, {said_window(cut, self.clock.calendar.zone)}"
        return Span(other.start, end, None, notes=(*other.notes, note))


def _sorted(predicates: list[Predicate]) -> list[Predicate]:
    return sorted(predicates, key=lambda item: item.model_dump_json())
