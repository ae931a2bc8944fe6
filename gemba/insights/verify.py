"""Is a recomputed claim the one that was stored?"""

from __future__ import annotations

import math
from dataclasses import dataclass

from gemba.insights.ids import canonical_segment
from gemba.insights.types import Claim

TOLERANCE = 1e-9
_SAME = ("id", "kind", "metric", "unit", "exact", "n", "method", "agent", "ci_level")
_NUMBERS = ("effect", "p_value", "q_value", "confidence")


@dataclass(frozen=True, slots=True)
class Verification:
    """`difference`: the largest relative difference of two numbers; infinite where something other than a number, or
    whether there is a number at all, differs. `differing` names what differs beyond the tolerance."""

    difference: float
    differing: tuple[str, ...] = ()

    @property
    def is_equal(self) -> bool:
        return not self.differing


def compare_claims(stored: Claim, recomputed: Claim, *, tolerance: float = TOLERANCE) -> Verification:
    """Compare everything a claim rests on: effect, interval, p, q, confidence, n, segment, method and details.

    Rank and statement are left out: they follow from the rest and from the wording. A stored claim that was weighed
    must be compared with a weighed one; a missing q-value differs from a number.
    """
    differences: dict[str, float] = {
        name: 0.0 if getattr(stored, name) == getattr(recomputed, name) else math.inf for name in _SAME
    }
    same_segment = canonical_segment(stored.segment) == canonical_segment(recomputed.segment)
    differences["segment"] = 0.0 if same_segment else math.inf
    for name in _NUMBERS:
        differences[name] = _relative(getattr(stored, name), getattr(recomputed, name))
    for place, side in enumerate(("ci_low", "ci_high")):
        differences[side] = _relative(stored.ci and stored.ci[place], recomputed.ci and recomputed.ci[place])
    for name in sorted({*stored.details, *recomputed.details}):
        both = name in stored.details and name in recomputed.details
        differences[f"details.{name}"] = _relative(stored.details[name], recomputed.details[name]) if both else math.inf
    differing = tuple(name for name, value in differences.items() if not value <= tolerance)
    return Verification(difference=max(differences.values()), differing=differing)


def _relative(stored: object, recomputed: object) -> float:
    """Relative difference of two numbers; 0 or infinity for anything else. Two NaN are equal."""
    plain = all(isinstance(one, int | float) and not isinstance(one, bool) for one in (stored, recomputed))
    if not plain:
        return 0.0 if stored == recomputed else math.inf
    a, b = float(stored), float(recomputed)  # type: ignore[arg-type]
    if a == b or (math.isnan(a) and math.isnan(b)):
        return 0.0
    size = max(abs(a), abs(b))
    difference = abs(a - b) / size
    return difference if math.isfinite(difference) else math.inf
