"""From what was said to a typed question: kind, windows, baseline, and every assumption made on the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from gemba.errors import InvalidModelError
from gemba.questions.calendar import Span
from gemba.questions.describe import said_window
from gemba.questions.intent import Intent, WorkingBothWaysError, direction_of, intent_of
from gemba.questions.sketch import Sketch
from gemba.questions.time import TimePhrase
from gemba.questions.types import (
    QUESTION,
    Baseline,
    Predicate,
    Question,
    RefusalReason,
    Window,
)
from gemba.questions.vocabulary import Vocabulary
from gemba.questions.when import Clock, OutsideDataError, check_covered, clock_for, default_span, read_beside, read_time
from gemba.semantics.graph import dimensions_of
from gemba.semantics.model import SemanticModel

ANSWERED = frozenset({"why", "compare", "trend", "level", "top", "share"})


class RefusedReadingError(Exception):
    """This reading is not a question that can be answered. `question` is what was asked, where that is complete."""

    def __init__(
        self, reason: RefusalReason, missing: str, *, nearest: Sequence[str] = (), question: Question | None = None
    ) -> None:
        self.reason: RefusalReason = reason
        self.missing = missing
        self.nearest = tuple(nearest)
        self.question = question
        super().__init__(f"{reason}: {missing}")


class ManyWaysError(Exception):
    """Something needed was not said, and it could be one of few things."""

    def __init__(self, about: str, readings: Sequence[Question]) -> None:
        self.about = about
        self.readings = tuple(readings)
        super().__init__(f"{len(self.readings)} readings")


@dataclass(frozen=True, slots=True)
class Context:
    model: SemanticModel
    vocabulary: Vocabulary
    as_of: datetime | None
    now: datetime


@dataclass(frozen=True, slots=True)
class Built:
    question: Question
    assumptions: tuple[str, ...]


def assemble(said: Sketch, context: Context) -> Built:
    """Build the typed question.

    Raises:
        RefusedReadingError, ManyWaysError: It cannot be built, or can in several ways.
        gemba.questions.periods.NoSuchTimeError: A time does not exist.
    """
    return _Builder(said, context).build()


class _Builder:
    def __init__(self, said: Sketch, context: Context) -> None:
        self.said = said
        self.context = context
        self.model = context.model
        self.notes: list[str] = [f"'{text}' is read as {name.replace('_', ' ')}" for text, name in said.inexact]

    def build(self) -> Built:
        said = self.said
        intent = intent_of(said)
        if intent.kind == "compound":
            raise RefusedReadingError("unsupported", "several questions at once; ask them one by one")
        metrics = self._metrics(intent)
        self._check_parts(metrics)
        self._check_units(metrics)
        self._check_used(intent)
        if intent.note:
            self.notes.append(intent.note)
        clock = self._clock(metrics)
        groups = self._groups(intent)
        self._check_reach(metrics, groups)
        data: dict[str, Any] = {"kind": intent.kind, "filters": tuple(said.filters)}
        if metrics:
            data["metric"] = metrics[0]
        if intent.kind in ("why", "compare"):
            self._sides(data, groups, clock, metrics[0])
            return self._finish(intent, data)
        span = self._window(intent, clock)
        data["window"] = span.window
        self._shape(intent, data, groups, metrics)
        if intent.kind in ANSWERED:
            try:
                self.notes.extend(check_covered(span.window, clock, whole=False, what="the time asked about"))
            except OutsideDataError as error:
                raise RefusedReadingError("outside_data", str(error)) from error
        if said.metric_filters:
            data["filters"] = (*data["filters"], *said.metric_filters)
        return self._finish(intent, data)

    def _clock(self, metrics: tuple[str, ...]) -> Clock:
        context = self.context
        try:
            return clock_for(context.model, context.vocabulary, metrics, as_of=context.as_of, now=context.now)
        except InvalidModelError as error:
            raise RefusedReadingError("not_in_model", str(error)) from error

    def _finish(self, intent: Intent, data: dict[str, Any]) -> Built:
        said = self.said
        question = QUESTION.validate_python(data)
        if intent.kind not in ANSWERED:
            raise RefusedReadingError(
                "unsupported", f"questions of the kind '{intent.kind}' cannot be answered yet", question=question
            )
        if said.metric_filters:
            raise RefusedReadingError(
                "unsupported", "selecting groups by the value of a metric cannot be answered yet", question=question
            )
        return Built(question, tuple(dict.fromkeys(self.notes)))

    def _metrics(self, intent: Intent) -> tuple[str, ...]:
        metrics = tuple(self.said.metrics)
        if intent.kind in ("changes", "quality"):
            return metrics
        if not metrics:
            raise RefusedReadingError(
                "unknown_metric", "no metric of the model is named", nearest=tuple(self.model.metrics)[:8]
            )
        if len(metrics) > (2 if intent.kind == "association" else 1):
            raise RefusedReadingError(
                "unsupported", f"several metrics in one question ({', '.join(metrics)}); ask about one at a time"
            )
        if intent.kind == "association" and len(metrics) == 1:
            raise RefusedReadingError("unsupported", f"what {metrics[0]} should be held against is not a metric")
        return metrics

    def _check_parts(self, metrics: Sequence[str]) -> None:
        """`average` and `total` must be what the metric is; they do not change it."""
        accepted = {
            "sum": {"sum"},
            "count": {"sum"},
            "count_distinct": {"sum"},
            "mean": {"mean"},
            "ratio": {"mean"},
            "product": {"mean"},
            "max": {"max"},
            "min": {"min"},
            "quantile": {"median"},
        }
        for part in self.said.parts:
            for metric in metrics:
                kind = self.model.metrics[metric].kind
                if part not in accepted[kind]:
                    word = {"sum": "total", "mean": "average", "max": "maximum", "min": "minimum"}.get(part, part)
                    raise RefusedReadingError(
                        "not_in_model", f"{metric} is a {kind}; its {word} is no metric of the model"
                    )

    def _check_used(self, intent: Intent) -> None:
        """Nothing that was said may be without effect."""
        said, kind = self.said, intent.kind
        if (said.ranks or said.limit is not None) and kind not in ("top", "share"):
            raise RefusedReadingError("unsupported", f"a ranking in a question of the kind '{kind}'")
        directed = set(said.moves) - {"any"}
        if directed and kind in ("top", "share", "level", "trend", "distribution", "capability"):
            missing = "a ranking by change" if kind == "top" else f"a direction in a question of the kind '{kind}'"
            raise RefusedReadingError("unsupported", missing)

    def _check_units(self, metrics: Sequence[str]) -> None:
        for unit in self.said.units:
            for metric in metrics:
                has = self.model.metrics[metric].unit
                if unit != has:
                    raise RefusedReadingError("unsupported", f"{metric} is in {has or 'no unit'}, not in {unit}")

    def _groups(self, intent: Intent) -> tuple[str, ...]:
        said = self.said
        groups = list(said.groups)
        loose = [name for name in said.mentioned if name not in groups]
        if loose and intent.groups_mentioned and not groups:
            groups, loose = loose, []
        selected = {predicate.dimension for predicate in (*said.filters, *said.other_side)}
        loose = [name for name in loose if name not in selected]
        if loose:
            raise RefusedReadingError(
                "unknown_member",
                f"'{loose[0]}' is a dimension; the question does not say which, or 'by {loose[0]}'",
                nearest=self.context.vocabulary.members.get(loose[0], ())[:5],
            )
        for step in said.steps:
            derived = [name for name, dimension in self.model.dimensions.items() if dimension.derived == step]
            if intent.kind != "trend":
                if len(derived) == 1:
                    groups.append(derived[0])
                    continue
                raise RefusedReadingError("not_in_model", f"no dimension of the model is the {step}")
        for name in groups:
            if self.model.dimensions[name].personal:
                raise RefusedReadingError("not_permitted", f"{name} is personal: it can select, not group")
            if self.model.dimensions[name].numeric:
                raise RefusedReadingError("unsupported", f"{name} is a number: it can select, not group")
        return tuple(dict.fromkeys(groups))

    def _check_reach(self, metrics: Sequence[str], groups: Sequence[str]) -> None:
        said = self.said
        used = dict.fromkeys(
            [*groups, *(item.dimension for item in (*said.filters, *said.other_side) if item.dimension is not None)]
        )
        for metric in metrics:
            reachable = dimensions_of(self.model, metric)
            for name in used:
                if name not in reachable:
                    raise RefusedReadingError(
                        "not_in_model", f"{metric} cannot be told apart by {name}", nearest=reachable[:8]
                    )

    def _window(self, intent: Intent, clock: Clock) -> Span:
        times = self.said.times
        if self.said.other_times or self.said.other_side or self.said.rest:
            raise RefusedReadingError(
                "unsupported", f"a question of the kind '{intent.kind}' with something to hold against"
            )
        if len(times) > 1:
            raise RefusedReadingError("unsupported", "several times in one question; say one")
        if not times or intent.kind == "forecast":
            span = default_span(clock, intent.default_window)
        else:
            span = read_time(times[0], clock)
        self._note_span(span, clock, relative=not times or times[0].relative)
        return span

    def _note_span(self, span: Span, clock: Clock, *, relative: bool) -> None:
        self.notes.extend(span.notes)
        if relative and clock.note and clock.note not in self.notes:
            self.notes.append(clock.note)

    def _shape(self, intent: Intent, data: dict[str, Any], groups: tuple[str, ...], metrics: Sequence[str]) -> None:
        """What the kinds without a baseline have beyond metric, filters and window."""
        said = self.said
        kind = intent.kind
        if kind in ("level", "trend", "distribution", "anomaly", "capability", "quality", "top", "share"):
            data["group_by"] = groups
        elif groups:
            raise RefusedReadingError("unsupported", f"a question of the kind '{kind}' by {', '.join(groups)}")
        if kind == "share" and not groups:
            raise RefusedReadingError("unsupported", "a share needs 'by' and a dimension")
        if kind == "trend" and said.steps:
            question = QUESTION.validate_python(data)
            raise RefusedReadingError(
                "unsupported",
                f"a trend by {said.steps[0]}: the step follows from the window's length",
                question=question,
            )
        if kind == "top":
            if not groups:
                candidates = [
                    name
                    for name in dimensions_of(self.model, metrics[0])
                    if not (self.model.dimensions[name].personal or self.model.dimensions[name].numeric)
                    and name not in {item.dimension for item in said.filters}
                ]
                data["limit"], data["direction"] = said.limit, self._extreme(metrics[0])
                raise ManyWaysError(
                    "kind", [QUESTION.validate_python({**data, "group_by": (name,)}) for name in candidates[:6]]
                )
            data["limit"], data["direction"] = said.limit, self._extreme(metrics[0])
        if kind == "drivers":
            data["outcome"] = data.pop("metric")
        if kind == "association":
            data["other_metric"] = metrics[1]
        if kind == "changes":
            data["metrics"] = tuple(metrics) or None
            data.pop("metric", None)
        if kind == "forecast":
            data["horizon"] = self._horizon()

    def _horizon(self) -> str:
        return "P7D"

    def _extreme(self, metric: str) -> str:
        """Which end of a ranking. Best and worst follow `better`."""
        ranks = set(self.said.ranks) - {"order"}
        if len(ranks) > 1 and ranks != {"high", "best"}:
            if "high" in ranks and "low" in ranks:
                raise RefusedReadingError("unsupported", "both ends of a ranking at once")
            ranks -= {"high"}
        rank = ranks.pop() if ranks else "high"
        if rank in ("high", "low"):
            return rank
        better = self.model.metrics[metric].better
        if better is None:
            raise RefusedReadingError(
                "not_in_model",
                f"the model does not say whether a high or a low {metric} is better; say highest or lowest",
            )
        good_is_high = better == "higher"
        self.notes.append(f"{'best' if rank == 'best' else 'worst'}: {better} {metric.replace('_', ' ')} is better")
        return "high" if good_is_high == (rank == "best") else "low"

    def _sides(self, data: dict[str, Any], groups: tuple[str, ...], clock: Clock, metric: str) -> None:
        said = self.said
        try:
            direction = direction_of(said.moves, self.model.metrics[metric].better)
        except WorkingBothWaysError as error:
            raise RefusedReadingError("unsupported", str(error)) from error
        data["group_by"] = groups
        data["direction"] = direction
        by_segment = bool(said.other_side) or said.rest
        self._check_between(data, clock, by_segment=by_segment)
        span, other = self._two_windows(clock, by_segment=by_segment)
        data["window"] = span.window
        try:
            self.notes.extend(check_covered(span.window, clock, whole=True, what="the time asked about"))
            if by_segment:
                data["baseline"] = self._other_side()
                return
            assert other is not None
            if other.window == span.window:
                raise RefusedReadingError("unsupported", "a time held against itself")
            self.notes.extend(check_covered(other.window, clock, whole=True, what="the time to compare with"))
        except OutsideDataError as error:
            raise RefusedReadingError("outside_data", str(error)) from error
        data["baseline"] = Baseline(window=other.window)

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

    def _two_windows(self, clock: Clock, *, by_segment: bool) -> tuple[Span, Span | None]:
        """The window asked about, and the one to compare with."""
        said, calendar = self.said, clock.calendar
        times, others = list(said.times), list(said.other_times)
        if len(times) + len(others) > 2 or (len(times) > 1 and others):
            raise RefusedReadingError("unsupported", "more than two times in one question")
        if len(times) == 2:
            times, others = [times[0]], [times[1]]
            if times[0].year is None and times[0].in_year and others[0].year is not None:
                times = [replace(times[0], at=times[0].in_year(others[0].year), beside=None, in_year=None)]
            first, second = read_time(times[0], clock), read_beside(others[0], clock, read_time(times[0], clock))
            if second.start > first.start:
                times, others = others, times
        if len(times) == 1 and not others and times[0].pair and not by_segment and said.moves and not times[0].between:
            before, after = (at(calendar) for at in times[0].pair)
            if before.unit == after.unit and before.unit not in (None, "day") and before.end <= after.start:
                self._note_span(before, clock, relative=times[0].relative)
                self._note_span(after, clock, relative=times[0].relative)
                return after, before
        if times and self._between_two(times[0], clock) and not others and not by_segment:
            return self._between(times[0].pair, clock)
        span = read_time(times[0], clock) if times else self._beside_default(others, clock)
        relative = not times or times[0].relative
        if others:
            if by_segment:
                raise RefusedReadingError("unsupported", "a selection and a time to compare with at once")
            whole = calendar.whole_days(span) if others[0].beside is not None else span
            other = read_beside(others[0], clock, whole)
            if span.to_date:
                span = calendar.whole_days(span)
                other = self._same_part(span, other, clock)
            self._note_span(span, clock, relative=relative or others[0].relative)
            self._note_span(other, clock, relative=relative or others[0].relative)
            return span, other
        span = calendar.whole_days(span)
        self._note_span(span, clock, relative=relative)
        if by_segment:
            return span, None
        other = calendar.before(span)
        self.notes.append(
            f"no comparison was said: against the time of the same length before, "
            f"{said_window(other.window, calendar.zone)}"
        )
        return span, other

    def _beside_default(self, others: Sequence[TimePhrase], clock: Clock) -> Span:
        """The window where only the time to compare with was said: `higher than last week` asks about this week."""
        if others and others[0].relative and others[0].at is not None:
            other = others[0].at(clock.calendar)
            if other.unit not in (None, "hour") and other.count == 1:
                span = clock.calendar.running(other.unit)
                note = f"no time was said: this {other.unit}, beside the one named"
                return replace(span, notes=(note, *span.notes))
        return default_span(clock, "week")

    def _between_two(self, phrase: TimePhrase, clock: Clock) -> bool:
        """`change between March and April`: two periods of a kind held against each other."""
        if not phrase.between or phrase.pair is None:
            return False
        before, after = (at(clock.calendar) for at in phrase.pair)
        return before.unit == after.unit and before.unit not in (None, "day", "hour") and before.start != after.start

    def _check_between(self, data: dict[str, Any], clock: Clock, *, by_segment: bool) -> None:
        """`rise between March and April` may mean April against March, or both months as one time; and a period
        without a year beside one with a year may lie in that year or be the most recent one."""
        said = self.said
        if by_segment or len(said.times) != 1:
            return
        phrase = said.times[0]
        directed = bool(set(said.moves) - {"any"}) or not said.moves
        if not said.other_times and self._between_two(phrase, clock) and "compare" not in said.kinds and directed:
            after, before = self._between(phrase.pair, clock)
            whole = read_time(phrase, clock)
            self._offer(data, [(after, before), (whole, clock.calendar.before(whole))])
        if len(said.other_times) == 1:
            other = said.other_times[0]
            for unsaid, dated in ((phrase, other), (other, phrase)):
                if unsaid.in_year is None or dated.year is None or unsaid.at is None or dated.at is None:
                    continue
                fixed = dated.at(clock.calendar)
                spans = [unsaid.at(clock.calendar), unsaid.in_year(dated.year)(clock.calendar)]
                if spans[0].window != spans[1].window:
                    pairs = [(span, fixed) if unsaid is phrase else (fixed, span) for span in spans]
                    self._offer(data, pairs)

    def _offer(self, data: dict[str, Any], pairs: Sequence[tuple[Span, Span]]) -> None:
        questions = [
            QUESTION.validate_python({**data, "window": span.window, "baseline": Baseline(window=other.window)})
            for span, other in pairs
        ]
        raise ManyWaysError("time", questions)

    def _between(self, pair: Any, clock: Clock) -> tuple[Span, Span]:
        before, after = sorted((at(clock.calendar) for at in pair), key=lambda item: item.start)
        self._note_span(before, clock, relative=True)
        self._note_span(after, clock, relative=False)
        return after, before

    def _same_part(self, span: Span, other: Span, clock: Clock) -> Span:
        """A whole period beside one that is still running is cut to the same days."""
        length = span.end.date() - span.start.date()
        if other.unit != span.unit or other.end - other.start <= span.end - span.start:
            return other
        end = clock.calendar.midnight(other.start.date() + length).replace(hour=span.end.hour)
        cut = Window(start=other.start, end=end)
        note = f"the time to compare with is cut to the same days, {said_window(cut, clock.calendar.zone)}"
        return Span(other.start, end, None, notes=(*other.notes, note))


def _sorted(predicates: list[Predicate]) -> list[Predicate]:
    return sorted(predicates, key=lambda item: item.model_dump_json())
