"""Which agents look, by kind of question and complexity. A table, so that a choice can be read and versioned.

Complexity: 1 simple (one number a group), 2 analytical (several numbers held against each other), 3 computational
(against a model of the past), 4 investigative (a search over the segments of the data).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from gemba.errors import RefusedError
from gemba.questions.types import Question

Complexity = Literal[1, 2, 3, 4]

VALUE = ("level", "gives the values asked for, with their intervals")
CHANGE = ("level", "gives both values and tests the difference against the ordinary variation")
PARTS = ("contribution", "splits the change into parts that sum to it exactly")
SEARCH = ("segments", "searches for the segments where the change sits")
COMBINATIONS = ("localisation", "searches all combinations of members at once for those that changed as one")
WHEN = ("change_point", "looks for the date on which it began")
DATA = ("data_quality", "looks for faults in the data that would explain it away")
RULES = ("drivers", "searches the columns of single rows for what goes with the outcome")
LAGS = ("association", "tests whether both metrics go together, and which leads")
CHARTS = ("process_control", "draws the control chart, and tests the points against what came before")
INDICES = ("capability", "compares what the process does with its specification")
ODD = ("anomaly", "holds every day or hour against what the others let one expect")
LOSSES = ("losses", "splits what is lost into its factors, the largest first")
FEW = ("pareto", "says how few members make up most of it, and whether the first is really first")
LIVES = ("reliability", "estimates the time between failures and to repair, and whether failures come faster")
AHEAD = ("forecast", "forecasts the days asked about, as well as it forecast days that are over")
SLOPE = ("trend", "tests for a trend, and says what the calendar adds")
PAST = ("history", "looks up what was said about the metric before")


@dataclass(frozen=True, slots=True)
class Strategy:
    """`agents` are names with the reason each is chosen for. A new `version` means other agents or other evidence."""

    name: str
    version: int
    agents: tuple[tuple[str, str], ...]


STRATEGIES: dict[tuple[str, Complexity], Strategy] = {
    ("why", 4): Strategy("why.search", 2, (CHANGE, PARTS, SEARCH, COMBINATIONS, WHEN, DATA, PAST)),
    ("why", 3): Strategy("why.total", 1, (CHANGE, PARTS, WHEN, DATA, PAST)),
    ("compare", 4): Strategy("compare.search", 2, (CHANGE, PARTS, SEARCH, COMBINATIONS, DATA, PAST)),
    ("compare", 2): Strategy("compare.total", 1, (CHANGE, PARTS, DATA, PAST)),
    ("trend", 2): Strategy("trend.series", 2, (SLOPE, VALUE, DATA, PAST)),
    ("trend", 3): Strategy("trend.groups", 2, (SLOPE, VALUE, DATA, PAST)),
    ("level", 1): Strategy("level.total", 2, (VALUE, LOSSES, LIVES, DATA, PAST)),
    ("level", 2): Strategy("level.groups", 2, (VALUE, LOSSES, LIVES, DATA, PAST)),
    ("top", 1): Strategy("top.groups", 2, (VALUE, FEW, DATA, PAST)),
    ("top", 2): Strategy("top.combinations", 1, (VALUE, DATA, PAST)),
    ("anomaly", 3): Strategy("anomaly.series", 1, (ODD, DATA, PAST)),
    ("share", 1): Strategy("share.groups", 2, (VALUE, FEW, DATA, PAST)),
    ("drivers", 4): Strategy("drivers.rules", 1, (RULES, DATA)),
    ("association", 3): Strategy("association.lags", 1, (LAGS, DATA, PAST)),
    ("capability", 3): Strategy("capability.limits", 1, (CHARTS, INDICES, DATA, PAST)),
    ("capability", 2): Strategy("capability.control", 1, (CHARTS, DATA, PAST)),
    ("forecast", 3): Strategy("forecast.series", 1, (AHEAD, DATA, PAST)),
    ("share", 2): Strategy("share.combinations", 1, (VALUE, DATA, PAST)),
}
SUPPORTED: tuple[str, ...] = tuple(dict.fromkeys(kind for kind, _ in STRATEGIES))


def complexity_of(question: Question, *, candidates: int) -> Complexity:
    """How much work the question asks for. `candidates`: dimensions that a search could run over."""
    groups = len(getattr(question, "group_by", ()))
    match question.kind:
        case "why":
            return 4 if candidates else 3
        case "compare":
            return 4 if candidates else 2
        case "drivers":
            return 4
        case "association" | "anomaly" | "forecast":
            return 3
        case "trend":
            return 3 if groups else 2
        case "level":
            return 2 if groups else 1
        case _:
            return 2 if groups > 1 else 1


def require_supported(question: Question) -> None:
    """Refuse a kind without a strategy.

    Raises:
        RefusedError: `unsupported`, naming the kinds that work.
    """
    if question.kind in SUPPORTED:
        return
    works = ", ".join(SUPPORTED[:-1]) + f" and {SUPPORTED[-1]}"
    raise RefusedError(
        "unsupported",
        f"a strategy for questions of kind {question.kind!r}",
        nearest=SUPPORTED,
        text=f"Questions of kind {question.kind!r} cannot be answered yet. Kinds that work: {works}.",
    )
