"""Is a confidence of 0.8 right in 80 of 100 cases? Claims about simulated factories, held against the truth.

A claim that names a segment is right if that is a planted cause (the contract's rule); one that dates a change, if its
dates hold the start of one. In a quiet window every claim is wrong. The constants of `gemba.insights.confidence` are
fitted on factories other than those that figures are reported on, from rows that a study kept:

    python -m benchmarks.plant --seeds 1-120 --rows rows.jsonl -o development.md
    python -m benchmarks.calibration rows.jsonl
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit, log_expit

from gemba.insights.confidence import CAUSE, START, family_of, features_of
from gemba.insights.types import Claim
from gemba.insights.weigh import Weighed
from gemba.plant.truth import TruthEvent

BINS = np.linspace(0.0, 1.0, 11)
LEAST_IN_BIN = 50
ALLOWED = 0.05
RIDGE = 1.0
"""Penalty on the squared weights of the standardised features: as much as a handful of claims say."""


@dataclass(frozen=True, slots=True)
class Judged:
    """One claim: what it is made of, the confidence it was given, and whether it is right."""

    seed: int
    family: str
    features: dict[str, float]
    confidence: float
    significant: bool
    right: bool


def judged(
    found: Weighed, events: Sequence[TruthEvent], finds: Callable[[Claim, TruthEvent], bool], *, seed: int
) -> Iterable[Judged]:
    """Every claim of an answer whose confidence is a regression's, with whether it is right."""
    for claim in found.claims:
        family, features = family_of(claim), features_of(claim, found.claims)
        if features is None or claim.confidence is None:
            continue
        if family == START:
            right = any(_dated(claim, event.start.date().isoformat()) for event in events)
        else:
            right = any(finds(claim, event) for event in events)
        yield Judged(seed, family, features, claim.confidence, bool(claim.significant), right)


def _dated(claim: Claim, start: str) -> bool:
    low, high = claim.details.get("date_low"), claim.details.get("date_high")
    return isinstance(low, str) and isinstance(high, str) and low[:10] <= start <= high[:10]


def keep_rows(claims: Iterable[Judged], path: Path) -> None:
    """Write judged claims as JSON lines."""
    path.write_text("".join(json.dumps(asdict(one)) + "\n" for one in claims), encoding="utf-8")


def kept_rows(path: Path) -> list[Judged]:
    """The claims that `keep_rows` wrote."""
    return [Judged(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]


def fit(claims: list[Judged]) -> str:
    """Weights of a logistic regression a family, as `gemba/insights/confidence.py` holds them."""
    return "\n".join(_fitted(family, [one for one in claims if one.family == family]) for family in (CAUSE, START))


def _fitted(family: str, claims: list[Judged]) -> str:
    names = list(claims[0].features)
    x = np.array([list(one.features.values()) for one in claims])
    y = np.array([one.right for one in claims], dtype=float)
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    design = np.column_stack([np.ones(len(x)), x / scale])

    def loss(weights: np.ndarray) -> float:
        z = design @ weights
        return float(-(y * log_expit(z) + (1 - y) * log_expit(-z)).sum() + RIDGE * (weights[1:] ** 2).sum() / 2)

    best = minimize(loss, np.zeros(design.shape[1])).x
    best[1:] /= scale
    lines = [f'    "{name}": {weight:.3f},' for name, weight in zip(("constant", *names), best, strict=True)]
    told = expit(np.column_stack([np.ones(len(x)), x]) @ best)
    brier = float(((told - y) ** 2).mean())
    head = f"{family}: {len(y)} claims, {int(y.sum())} right; Brier score {brier:.3f}"
    return "\n".join([head, *lines, *_bins(told, y)])


def _bins(told: np.ndarray, right: np.ndarray) -> list[str]:
    """Reliability by bin; bold: more than 5 points off in a bin of 50 claims or more."""
    lines = ["| confidence | claims | mean confidence | right | difference |", "|---|--:|--:|--:|--:|"]
    for low, high in pairwise(BINS):
        inside = (told >= low) & ((told < high) | (high == 1.0))
        n = int(inside.sum())
        if not n:
            continue
        off = float(right[inside].mean() - told[inside].mean())
        mark = "**" if n >= LEAST_IN_BIN and abs(off) > ALLOWED else ""
        lines.append(
            f"| {low:.1f}–{high:.1f} | {n} | {told[inside].mean():.2f} | {right[inside].mean():.2f} |"
            f" {mark}{100 * off:+.1f}{mark} |"
        )
    return lines


def reliability(claims: list[Judged]) -> str:
    """Reliability of all claims and of each family, and how many segments called significant are no planted cause."""
    parts = ["All claims together:", _curve(claims)]
    for family, what in ((CAUSE, "Segments named as causes:"), (START, "Dates of a change:")):
        parts += [what, _curve([one for one in claims if one.family == family])]
    called = [one for one in claims if one.significant and one.family == CAUSE]
    wrong = 100 * float(np.mean([not one.right for one in called])) if called else float("nan")
    parts.append(
        f"Of {len(called)} segments called significant {wrong:.1f} % are no planted cause by the contract's rule: "
        "most share rows with one, and did change."
    )
    return "\n\n".join(parts)


def _curve(claims: list[Judged]) -> str:
    told = np.array([one.confidence for one in claims])
    right = np.array([one.right for one in claims], dtype=float)
    brier = float(((told - right) ** 2).mean()) if claims else float("nan")
    return "\n".join([*_bins(told, right), f"\nBrier score {brier:.3f}, of {len(claims)} claims."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="+", type=Path, help="what `benchmarks.plant --rows` kept")
    options = parser.parse_args()
    print(fit([claim for path in options.rows for claim in kept_rows(path)]))


if __name__ == "__main__":
    main()
