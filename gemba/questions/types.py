"""The typed question: what was asked, exactly. The contract's union, one class a kind.

Two texts share an answer only if they resolve to equal questions (`gemba.questions.key`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, TypeAdapter, model_validator

Op = Literal["in", "not_in", "gt", "ge", "lt", "le", "between", "is_null"]
Value = str | float | bool
Direction = Literal["up", "down"]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Window(_Frozen):
    """Half-open interval of absolute instants, with the offset of the model's time zone."""

    start: AwareDatetime
    end: AwareDatetime

    @model_validator(mode="after")
    def _not_empty(self) -> Window:
        if self.start >= self.end:
            raise ValueError(f"window ends ({self.end.isoformat()}) before it starts ({self.start.isoformat()})")
        return self

    def contains(self, instant: datetime) -> bool:
        return self.start <= instant < self.end


class Predicate(_Frozen):
    """A condition on a dimension (selects rows) or on a metric (selects groups of `group_by`).

    Values of `in` and `not_in` are compared as text; the others as numbers, in the unit of the model.
    """

    dimension: str | None = None
    metric: str | None = None
    op: Op = "in"
    values: tuple[Value, ...] = ()

    @model_validator(mode="after")
    def _one_subject(self) -> Predicate:
        if (self.dimension is None) == (self.metric is None):
            raise ValueError("a predicate names either a dimension or a metric")
        needed = {"between": 2, "is_null": 0, "gt": 1, "ge": 1, "lt": 1, "le": 1}.get(self.op)
        if needed is not None and len(self.values) != needed:
            raise ValueError(f"{self.op} takes {needed} values, got {len(self.values)}")
        if needed is None and not self.values:
            raise ValueError(f"{self.op} takes at least one value")
        return self


Segment = tuple[Predicate, ...]


class Baseline(_Frozen):
    """What a `why` or `compare` is measured against. Exactly one is given."""

    window: Window | None = None
    segment: tuple[Predicate, ...] | None = None
    rest: Literal[True] | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Baseline:
        if sum(part is not None for part in (self.window, self.segment, self.rest)) != 1:
            raise ValueError("a baseline is one of window, segment, rest")
        return self


class _AboutMetric(_Frozen):
    metric: str
    filters: tuple[Predicate, ...] = ()
    window: Window


class _Grouped(_AboutMetric):
    group_by: tuple[str, ...] = ()


class Level(_Grouped):
    kind: Literal["level"] = "level"


class Trend(_Grouped):
    """`bucket`: what the time is cut into; None: by the window's length."""

    kind: Literal["trend"] = "trend"
    bucket: Literal["hour", "day", "week", "month"] | None = None


class Distribution(_Grouped):
    kind: Literal["distribution"] = "distribution"


class Anomaly(_Grouped):
    kind: Literal["anomaly"] = "anomaly"


class Capability(_Grouped):
    kind: Literal["capability"] = "capability"


class Quality(_Frozen):
    """Asks about the data's quality. `metric` None: of every source."""

    kind: Literal["quality"] = "quality"
    metric: str | None = None
    filters: tuple[Predicate, ...] = ()
    window: Window
    group_by: tuple[str, ...] = ()


class _Against(_Grouped):
    baseline: Baseline
    direction: Direction | None = None
    limit: int | None = None


class Why(_Against):
    kind: Literal["why"] = "why"


class Compare(_Against):
    kind: Literal["compare"] = "compare"


class _Ranked(_Grouped):
    limit: int | None = None
    direction: Literal["high", "low"] | None = None


class Top(_Ranked):
    kind: Literal["top"] = "top"


class Share(_Ranked):
    kind: Literal["share"] = "share"


class Forecast(_AboutMetric):
    """`horizon`: ISO 8601 duration of whole days or weeks, for example `P7D`, from where `window` ends."""

    kind: Literal["forecast"] = "forecast"
    horizon: Annotated[str, Field(pattern=r"^P[1-9][0-9]{0,3}[DW]$")]

    @property
    def days(self) -> int:
        return int(self.horizon[1:-1]) * (7 if self.horizon.endswith("W") else 1)

    def ahead(self, zone: ZoneInfo) -> Window:
        """The days asked about, in the calendar of `zone`."""
        start = self.window.end.astimezone(zone)
        end = datetime.combine(start.date() + timedelta(days=self.days), start.time(), zone)
        return Window(start=start, end=end)


class Association(_AboutMetric):
    """`max_lag`: ISO 8601 duration of weeks, days and hours, for example `P7D`; either metric may lead."""

    kind: Literal["association"] = "association"
    other_metric: str
    max_lag: str | None = Field(default=None, pattern=r"^P(\d+W(\d+D)?(T\d+H)?|\d+D(T\d+H)?|T\d+H)$")


class Drivers(_Frozen):
    """`outcome`: a metric or a column. `candidates` None: all."""

    kind: Literal["drivers"] = "drivers"
    outcome: str
    candidates: tuple[str, ...] | None = None
    filters: tuple[Predicate, ...] = ()
    window: Window


class Changes(_Frozen):
    """ "What changed?" `metrics` None: all."""

    kind: Literal["changes"] = "changes"
    metrics: tuple[str, ...] | None = None
    filters: tuple[Predicate, ...] = ()
    window: Window
    baseline: Baseline | None = None


class Compound(_Frozen):
    kind: Literal["compound"] = "compound"
    parts: tuple[Question, ...]


Question = Annotated[
    Level
    | Trend
    | Distribution
    | Anomaly
    | Capability
    | Quality
    | Why
    | Compare
    | Top
    | Share
    | Forecast
    | Association
    | Drivers
    | Changes
    | Compound,
    Field(discriminator="kind"),
]

Compound.model_rebuild()
QUESTION: TypeAdapter[Question] = TypeAdapter(Question)

RefusalReason = Literal[
    "unknown_metric",
    "unknown_member",
    "unknown_word",
    "outside_data",
    "not_in_model",
    "not_permitted",
    "too_little_data",
    "unsupported",
]


class Choice(_Frozen):
    """One reading of an ambiguous text. `reading` says in words what it would answer."""

    question: Question
    reading: str


class Resolved(_Frozen):
    """The text was understood. `assumptions` are everything that was not said but had to be decided."""

    status: Literal["answered"] = "answered"
    question: Question
    assumptions: tuple[str, ...] = ()
    text: str = ""


class Clarification(_Frozen):
    """Several readings, none of them certain."""

    status: Literal["clarify"] = "clarify"
    question: None = None
    text: str
    about: Literal["member", "metric", "time", "kind"]
    choices: tuple[Choice, ...]
    assumptions: tuple[str, ...] = ()


class Refusal(_Frozen):
    """Cannot be answered. `missing` names the missing piece, `nearest` what exists close to it."""

    status: Literal["refused"] = "refused"
    question: Question | None = None
    text: str
    reason: RefusalReason
    missing: str
    nearest: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()


Resolution = Resolved | Clarification | Refusal


def question_from(data: Any) -> Question:
    """Parse a typed question from JSON text, bytes or plain data.

    Raises:
        pydantic.ValidationError: The data is not a typed question.
    """
    if isinstance(data, str | bytes):
        return QUESTION.validate_json(data)
    return QUESTION.validate_python(data)
