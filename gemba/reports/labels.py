"""A claim in a few words, for tables: what it is about, and from where to where it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gemba.reports import numbers

if TYPE_CHECKING:
    from gemba.insights.types import Claim

CHANGES = ("anomaly", "segment", "localisation", "contribution", "change_point", "trend", "driver")


def label(claim: Claim) -> str:
    """A few words; the whole statement where there is nothing shorter to say."""
    about = numbers.segment(claim.segment) if claim.segment else ""
    date = claim.details.get("date")
    if claim.kind in ("segment", "localisation"):
        return f"{about or 'all parts alike'}{_course(claim)}"
    if claim.kind == "contribution":
        return f"{about or claim.details.get('factor') or claim.metric}, part of the change"
    if claim.kind == "change_point" and date:
        return f"change of level on {date}" + (f", {about}" if about else "")
    if claim.kind == "anomaly" and date:
        return f"{about or 'the whole'}, {date}"
    if claim.kind == "trend" and "aspect" in claim.details:
        return f"{about or 'the whole'}, {claim.details['aspect']}"
    if claim.kind == "trend":
        return f"{about or 'the whole'}, first day to last"
    if claim.kind == "association":
        return _together(claim)
    if "vital" in claim.details:
        return f"the first {claim.details['vital']} of {claim.details['members']}"
    if "second" in claim.details:
        return f"{about}, against {claim.details['second']}"
    if claim.method == "reliability":
        return f"{about or 'the whole'}, {claim.details['aspect']}"
    if claim.kind in ("level", "share"):
        return f"{about or 'the whole'}{_course(claim)}"
    return claim.statement


def effect(claim: Claim) -> str:
    """The effect with its unit, with a plus where it is a change."""
    return numbers.quantity(claim.effect, claim.unit, signed=is_change(claim))


def is_change(claim: Claim) -> bool:
    """Whether the effect is a difference, not a value."""
    return claim.kind in CHANGES or "before" in claim.details


def _together(claim: Claim) -> str:
    """`scrap rate and downtime, downtime 2 days ahead`."""
    one, other = (str(name).replace("_", " ") for name in (claim.metric, claim.details.get("other_metric")))
    lag, leads, bucket = (claim.details.get(name) for name in ("lag", "leads", "bucket"))
    size = abs(lag) if isinstance(lag, int) else 0
    if not size:
        return f"{one} and {other}, same {bucket}"
    return f"{one} and {other}, {str(leads).replace('_', ' ')} {size} {bucket}{'' if size == 1 else 's'} ahead"


def _course(claim: Claim) -> str:
    """From where to where, if the claim says so."""
    before, after = claim.details.get("before"), claim.details.get("after")
    if not isinstance(before, int | float) or not isinstance(after, int | float):
        return ""
    unit = "%" if claim.unit == "pp" else claim.unit
    return f": {numbers.number(before)} to {numbers.quantity(after, unit)}"
