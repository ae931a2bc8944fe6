"""Claims and insights: the contract's shapes."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from gemba.evidence.types import ReadEntry
from gemba.questions.types import Choice, Predicate, Question

ClaimKind = Literal[
    "contribution",
    "localisation",
    "segment",
    "change_point",
    "anomaly",
    "trend",
    "forecast",
    "association",
    "driver",
    "process_control",
    "capability",
    "loss",
    "quality",
    "history",
    "level",
    "share",
]


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Claim(_Frozen):
    """One statement with its proof.

    `effect` and `ci` are in `unit`, as shown to a person (a share in "%" is already times 100).
    `exact`: an arithmetic identity, with no p-value. `q_value`, `significant`, `material`, `confidence`, `rank`,
    `replicated` are filled when the claims of an investigation are weighed together; agents leave them.
    `details` are further numbers that the statement or a chart uses, by name; `method` names a page of
    `docs/methods/`. `statement` may contain only numbers found in the claim.
    """

    id: str
    kind: ClaimKind
    metric: str
    segment: tuple[Predicate, ...] = ()
    statement: str
    effect: float
    unit: str
    ci: tuple[float, float] | None = None
    ci_level: float = 0.95
    p_value: float | None = None
    q_value: float | None = None
    significant: bool | None = None
    material: bool | None = None
    exact: bool = False
    n: int
    method: str
    confidence: float | None = None
    rank: int | None = None
    replicated: bool | None = None
    agent: str
    details: dict[str, float | int | str | bool | None] = Field(default_factory=dict)


class Test(_Frozen):
    """A hypothesis test that was run, whether or not a claim came of it. All of them count for the q-values.

    `weight`: its part of the false-discovery budget, fixed before looking; an agent's weights should have the mean 1.
    """

    __test__ = False  # not a pytest class

    id: str
    p_value: float
    claim: str | None = None
    weight: float = Field(default=1.0, gt=0.0)


ChartKind = Literal[
    "series", "bars", "waterfall", "points", "control", "pareto", "histogram", "probability"
]  # fmt: skip


class Chart(_Frozen):
    """Numbers to draw; drawing is `gemba.reports`. `kind` and `data` (column -> values) as in `gemba.reports.chart`.

    `marks`: reference lines by name, in the unit of the values: LSL, USL, target, mean. `scale`: the distribution on
    whose scale a `probability` chart draws its shares, so that it becomes a straight line. All columns have one
    length; a number that is not finite is kept as null, which is not drawn.
    """

    title: str
    kind: ChartKind
    data: dict[str, list[Any]]
    unit: str = ""
    marks: dict[str, float] = Field(default_factory=dict)
    scale: Literal["normal", "lognormal", "weibull", "exponential"] = "normal"

    @field_validator("data")
    @classmethod
    def _is_a_table(cls, data: dict[str, list[Any]]) -> dict[str, list[Any]]:
        lengths = {name: len(values) for name, values in data.items()}
        if len(set(lengths.values())) > 1:
            raise ValueError(f"columns of unequal length: {lengths}")
        return {
            name: [None if isinstance(one, float) and not isfinite(one) else one for one in values]
            for name, values in data.items()
        }

    @field_validator("marks")
    @classmethod
    def _are_places(cls, marks: dict[str, float]) -> dict[str, float]:
        return {name: value for name, value in marks.items() if isfinite(value)}


class Findings(_Frozen):
    """What an agent found. No claim at all is a finding too: `detectable` says what would have been seen."""

    outcome: Literal["findings"] = "findings"
    agent: str
    claims: tuple[Claim, ...] = ()
    tests: tuple[Test, ...] = ()
    charts: tuple[Chart, ...] = ()
    detectable: float | None = None
    notes: tuple[str, ...] = ()


class NotPlanned(_Frozen):
    """The plan did not choose this agent."""

    outcome: Literal["not_planned"] = "not_planned"
    agent: str


class Gap(_Frozen):
    """The agent should have looked and could not."""

    outcome: Literal["gap"] = "gap"
    agent: str
    reason: Literal["error", "deadline", "limit", "too_little_data", "unsupported"]
    message: str


Outcome = Findings | NotPlanned | Gap


class Insight(_Frozen):
    """The answer to one typed question on one version of the data. `version` counts answers to the question."""

    id: str
    key: str
    summary: str
    confidence: float | None
    claims: tuple[Claim, ...]
    detectable: float | None = None
    data_version: str
    read_set: tuple[ReadEntry, ...]
    valid_until: datetime | None
    created_at: datetime
    strategy: str
    version: int = 1
    question: Question
    model: str
    assumptions: tuple[str, ...] = ()
    gaps: tuple[Gap, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()
    tests_run: int = 0
    alpha: float = 0.05
    code_version: str = ""
    status: Literal["published", "partial", "pending_approval", "withdrawn"] = "published"


class AnswerError(_Frozen):
    kind: str
    message: str
    hint: str = ""


class Answer(_Frozen):
    """What `gemba ask` gives back, in every interface. Fields by status as in the contract."""

    status: Literal["answered", "partial", "clarify", "refused", "failed"]
    question: Question | None = None
    text: str
    assumptions: tuple[str, ...] = ()
    elapsed_ms: float
    insight: Insight | None = None
    cache: Literal["hit", "miss", "joined"] | None = None
    run_id: str | None = None
    gaps: tuple[Gap, ...] = ()
    limit: str | None = None
    about: str | None = None
    choices: tuple[Choice, ...] = ()
    reason: str | None = None
    missing: str | None = None
    nearest: tuple[str, ...] = ()
    error: AnswerError | None = None

    @property
    def exit_code(self) -> int:
        codes = {"answered": 0, "failed": 1, "clarify": 3, "refused": 4, "partial": 5}
        if self.error is not None and self.error.kind in ("bad_input", "invalid_model", "unreadable_file"):
            return 2
        return codes[self.status]
