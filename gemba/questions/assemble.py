"""From what was said to a typed question: kind, windows, baseline, and every assumption made on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gemba.errors import InvalidModelError
from gemba.questions.calendar import Span
from gemba.questions.horizon import NoForecastError, horizon_of
from gemba.questions.intent import Intent, intent_of
from gemba.questions.lags import default_lag, said_lag
from gemba.questions.reading import Built, Context, ManyWaysError, RefusedReadingError
from gemba.questions.said import Sketch
from gemba.questions.sides import two_sides
from gemba.questions.types import QUESTION
from gemba.questions.when import Clock, OutsideDataError, check_covered, clock_for, default_span, note_of, read_time
from gemba.semantics.graph import dimensions_of

ANSWERED = frozenset(
    {"why", "compare", "trend", "level", "top", "share", "drivers", "association", "capability", "anomaly", "forecast"}
)


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
        self._cut_by_time()
        intent = intent_of(said)
        if intent.kind == "compound":
            raise RefusedReadingError("unsupported", "several questions at once; ask them one by one")
        if "when" in said.kinds and intent.kind != "anomaly":
            raise RefusedReadingError("unsupported", "a question for a date, other than when something was unusual")
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
            data["group_by"] = groups
            sides = two_sides(said, data, clock, better=self.model.metrics[metrics[0]].better)
            data.update(direction=sides.direction, window=sides.window, baseline=sides.baseline)
            self.notes.extend(sides.notes)
            return self._finish(intent, data)
        if intent.kind == "forecast":
            data.update(self._ahead(clock))
        else:
            data["window"] = self._window(intent, clock).window
        self._shape(intent, data, groups, metrics)
        if intent.kind in ANSWERED and intent.kind != "forecast":
            try:
                self.notes.extend(check_covered(data["window"], clock, whole=False, what="the time asked about"))
            except OutsideDataError as error:
                raise RefusedReadingError("outside_data", str(error)) from error
        if said.metric_filters:
            data["filters"] = (*data["filters"], *said.metric_filters)
        return self._finish(intent, data)

    def _cut_by_time(self) -> None:
        """`By month` cuts the time, also where the model has months to group by."""
        said = self.said
        if intent_of(said).kind in ("trend", "level"):
            for name in list(said.groups):
                part = self.model.dimensions[name].derived
                if part in ("day", "week", "month"):
                    said.groups.remove(name)
                    said.steps.append(part)

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

    def _ahead(self, clock: Clock) -> dict[str, Any]:
        """Window and horizon of a forecast."""
        self._check_one_time("forecast")
        try:
            found = horizon_of(self.said.times, clock)
        except NoForecastError as error:
            raise RefusedReadingError("unsupported", str(error)) from error
        self.notes.extend(found.notes)
        return {"window": found.window, "horizon": found.duration}

    def _check_one_time(self, kind: str) -> None:
        if self.said.other_times or self.said.other_side or self.said.rest:
            raise RefusedReadingError("unsupported", f"a question of the kind '{kind}' with something to hold against")
        if len(self.said.times) > 1:
            raise RefusedReadingError("unsupported", "several times in one question; say one")

    def _window(self, intent: Intent, clock: Clock) -> Span:
        times = self.said.times
        self._check_one_time(intent.kind)
        span = read_time(times[0], clock) if times else default_span(clock, intent.default_window)
        self.notes.extend(note_of(span, clock, relative=not times or times[0].relative))
        return span

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
            data["bucket"] = self._bucket(data)
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
            data["max_lag"] = default_lag(data["window"])
            self.notes.append(f"no largest lag was said: up to {said_lag(data['max_lag'])} either way")
        if kind == "changes":
            data["metrics"] = tuple(metrics) or None
            data.pop("metric", None)

    def _bucket(self, data: dict[str, Any]) -> str:
        steps = list(dict.fromkeys(self.said.steps))
        if len(steps) == 1 and steps[0] in ("hour", "day", "week", "month"):
            return steps[0]
        raise RefusedReadingError(
            "unsupported",
            f"a trend by {' and by '.join(steps)}; one of hour, day, week, month is possible",
            question=QUESTION.validate_python(data),
        )

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
