"""What each kind of claim must bring along before anybody reads it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from gemba.insights.types import Claim, ClaimKind

Rule = Callable[[Claim], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Demand:
    """`says` is what is true of every claim of the kind that satisfies all `rules`; each yields what is missing."""

    says: str
    rules: tuple[Rule, ...]


def _exact(claim: Claim) -> Iterator[str]:
    if not claim.exact:
        yield "it does not say that it is exact"


def _tested(claim: Claim) -> Iterator[str]:
    if claim.p_value is None:
        yield "it has no p-value"


def _bounded(claim: Claim) -> Iterator[str]:
    if claim.ci is None:
        yield "it has no interval"


def _bounded_or_exact(claim: Claim) -> Iterator[str]:
    if claim.ci is None and not claim.exact:
        yield "it has no interval and does not say that it is exact"


def _tested_or_exact(claim: Claim) -> Iterator[str]:
    if claim.p_value is None and not claim.exact:
        yield "it has no p-value and does not say that it is exact"


def _somewhere(claim: Claim) -> Iterator[str]:
    if not claim.segment and claim.details.get("aspect") != "whole":
        yield "it names no segment and does not say that it is about the whole"


def _dated(claim: Claim) -> Iterator[str]:
    dates = [claim.details.get(name) for name in ("date_low", "date", "date_high")]
    texts = [one for one in dates if isinstance(one, str)]
    if len(texts) < len(dates):
        yield "it has no date with an earliest and a latest"
    elif any(first > second for first, second in pairwise(texts)):
        yield f"its date {texts[1]} lies outside {texts[0]} to {texts[2]}"


def _part_of_whole(claim: Claim) -> Iterator[str]:
    if claim.unit in ("%", "pp") and not -100.0 <= claim.effect <= 100.0:
        yield f"a part of {claim.effect:g} {claim.unit} is more than the whole"


def _associated(claim: Claim) -> Iterator[str]:
    if "associated" not in claim.statement.lower():
        yield "it does not say that it is an association"


DEMANDS: Mapping[ClaimKind, Demand] = {
    "contribution": Demand("contributions are exact", (_exact,)),
    "localisation": Demand("combinations of members are named and tested", (_somewhere, _tested)),
    "segment": Demand("segments are named and tested", (_somewhere, _tested)),
    "change_point": Demand("changes are tested and dated, the date within its bounds", (_tested, _dated)),
    "anomaly": Demand("anomalies are tested or exact", (_tested_or_exact,)),
    "trend": Demand("trends have an interval", (_bounded,)),
    "forecast": Demand("forecasts have an interval", (_bounded,)),
    "association": Demand("associations are tested, and called so", (_tested, _associated)),
    "driver": Demand("drivers are tested, and called associated", (_tested, _associated)),
    "process_control": Demand("signals of a control chart are tested or exact", (_tested_or_exact,)),
    "capability": Demand("capabilities have an interval", (_bounded,)),
    "loss": Demand("losses have an interval or are exact", (_bounded_or_exact,)),
    "quality": Demand("faults in data are tested or exact", (_tested_or_exact,)),
    "history": Demand("earlier answers are counted, not estimated", (_exact,)),
    "level": Demand("levels have an interval or are exact", (_bounded_or_exact,)),
    "share": Demand(
        "shares have an interval or are exact, and are no more than the whole", (_bounded_or_exact, _part_of_whole)
    ),
}


def lacking(claim: Claim) -> tuple[str, ...]:
    """What the claim lacks of what its kind demands; empty if nothing."""
    return tuple(reason for rule in DEMANDS[claim.kind].rules for reason in rule(claim))
