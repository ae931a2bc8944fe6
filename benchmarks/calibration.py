"""Is a confidence of 0.8 right in 80 of 100 cases? Claims about simulated factories, held against the truth.

A claim that names a segment is right if that is a planted cause (the contract's rule); one that dates a change, if its
dates hold the start of one: in a quiet window every such claim is wrong. A change of the whole is right, where it is
called significant, if the causes moved the whole that way, else if its interval holds what they did.

The constants of `gemba.insights.confidence` are fitted on factories other than those that figures are reported on, from
rows that a study kept:

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
from scipy.optimize import isotonic_regression, minimize
from scipy.special import expit, log_expit

from gemba.insights.confidence import CAUSE, START, family_of, features_of
from gemba.insights.types import Claim
from gemba.insights.weigh import Weighed
from gemba.plant.truth import TruthEvent

WHOLE = "level"
BINS = np.linspace(0.0, 1.0, 11)
LEAST_IN_BIN = 50
ALLOWED = 0.05
FOLDS = 10
APART = 3.0
"""Standard errors by which the shares right of two neighbouring grades differ: claims are told apart no more finely."""

GRADE_ERROR = 0.05
"""Largest standard error of the share right in a grade."""

RIDGE = 1.0
"""Penalty on the squared weights of the standardised features: as much as a handful of claims say."""

Steps = tuple[tuple[float, float], ...]
"""Grades: where each begins on the scale of the regression, rising from 0, and the share of its claims right."""


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
    found: Weighed,
    events: Sequence[TruthEvent],
    finds: Callable[[Claim, TruthEvent], bool],
    done: Callable[[Claim], float],
    *,
    seed: int,
) -> Iterable[Judged]:
    """Every claim of an answer whose confidence is a regression's, or that is about the whole, and if it is right.

    Args:
        finds: Whether a claim names a cause.
        done: What the causes did to the quantity of a claim about the whole, in its unit.
    """
    for claim in found.claims:
        family, features = family_of(claim), features_of(claim, found.claims)
        if claim.confidence is None:
            continue
        if claim.kind == WHOLE and claim.q_value is not None and claim.ci is not None:
            true = done(claim)
            right = true * claim.effect > 0 if claim.significant else claim.ci[0] <= true <= claim.ci[1]
            yield Judged(seed, WHOLE, {}, claim.confidence, bool(claim.significant), right)
        if features is None:
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
    """A logistic regression a family and its grades, as `gemba/insights/confidence.py` holds them, with their curves.

    The curves are out of fold: for the claims of every tenth of the factories both come from the other nine tenths.
    """
    weights, steps, curves = ["WEIGHTS = {"], ["GRADES = {"], []
    told, right = np.zeros(0), np.zeros(0)
    for family, name in ((CAUSE, "CAUSE"), (START, "START")):
        chosen = [one for one in claims if one.family == family]
        features = ("constant", *chosen[0].features)
        x = np.array([list(one.features.values()) for one in chosen])
        y = np.array([one.right for one in chosen], dtype=float)
        fold = np.unique([one.seed for one in chosen], return_inverse=True)[1] % FOLDS
        fitted, shares = _fitted(x, y, fold)
        weights.append(f"    {name}: {{")
        weights += [f'        "{feature}": {weight:.3f},' for feature, weight in zip(features, fitted, strict=True)]
        weights.append("    },")
        steps.append(f"    {name}: (" + ", ".join(f"({low:.3g}, {share:.3g})" for low, share in shares) + "),")
        out = np.zeros(len(y))
        for held in range(FOLDS):
            one = fold == held
            inner, its_steps = _fitted(x[~one], y[~one], fold[~one])
            out[one] = graded(_told(x[one], inner), its_steps)
        brier = float(((out - y) ** 2).mean())
        curves.append(f"{family}: {len(y)} claims, {int(y.sum())} right; Brier score out of fold {brier:.4f}")
        curves += [*_bins(out, y), ""]
        told, right = np.concatenate([told, out]), np.concatenate([right, y])
    return "\n".join([*weights, "}", *steps, "}", "", *curves, "all", *_bins(told, right)])


def _fitted(x: np.ndarray, y: np.ndarray, fold: np.ndarray) -> tuple[np.ndarray, Steps]:
    """Weights on all claims, and grades from what each fold is told by the weights of the others."""
    out = np.zeros(len(y))
    for held in np.unique(fold):
        one = fold == held
        out[one] = _told(x[one], _weights(x[~one], y[~one]))
    return _weights(x, y), grades(out, y)


def _weights(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Constant and weights of a logistic regression with a ridge on the standardised features."""
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    design = np.column_stack([np.ones(len(x)), x / scale])
    penalty = np.concatenate([[0.0], np.full(x.shape[1], RIDGE)])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        z = design @ weights
        likelihood = (y * log_expit(z) + (1 - y) * log_expit(-z)).sum()
        return float(penalty @ weights**2 / 2 - likelihood), design.T @ (expit(z) - y) + penalty * weights

    best = minimize(loss, np.zeros(design.shape[1]), jac=True).x
    best[1:] /= scale
    return best


def _told(x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return expit(np.column_stack([np.ones(len(x)), x]) @ weights)


def grades(told: np.ndarray, right: np.ndarray) -> Steps:
    """Where a grade begins, and the share of its claims that are right (with half a claim right and half wrong added).

    Isotonic regression of right on told. Then the neighbours that differ least, in standard errors, are joined until
    all differ by `APART`; and a grade whose share is not known to `GRADE_ERROR` joins the neighbour nearer to it.

    References:
        B. Zadrozny and C. Elkan, "Transforming classifier scores into accurate multiclass probability estimates",
        KDD 2002 (isotonic calibration); R. E. Barlow et al., "Statistical Inference under Order Restrictions", 1972.
    """
    values, place = np.unique(told, return_inverse=True)
    n, hits = np.bincount(place).astype(float), np.bincount(place, right)
    edges = isotonic_regression(hits / n, weights=n).blocks
    lows = np.concatenate([[0.0], (values[edges[1:-1] - 1] + values[edges[1:-1]]) / 2])
    counts, sums = (np.add.reduceat(part, edges[:-1]) for part in (n, hits))
    while True:
        share = (sums + 0.5) / (counts + 1.0)
        variance = share * (1.0 - share) / (counts + 1.0)
        apart = np.concatenate([[np.inf], np.diff(share) / np.sqrt(variance[1:] + variance[:-1]), [np.inf]])
        least, vaguest = int(np.argmin(apart)), int(np.argmax(variance))
        if apart[least] < APART:
            upper = least
        elif len(share) > 1 and variance[vaguest] > GRADE_ERROR**2:
            upper = vaguest + int(apart[vaguest + 1] < apart[vaguest])
        else:
            return tuple(zip(lows.tolist(), share.tolist(), strict=True))
        counts[upper - 1] += counts[upper]
        sums[upper - 1] += sums[upper]
        lows, counts, sums = (np.delete(part, upper) for part in (lows, counts, sums))


def graded(told: np.ndarray, steps: Steps) -> np.ndarray:
    """The share of each value's grade."""
    lows, shares = np.array(steps).T
    return shares[np.searchsorted(lows, told, side="right") - 1]


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
    for family, what in (
        (CAUSE, "Segments named as causes:"),
        (START, "Dates of a change:"),
        (WHOLE, "Changes of the whole:"),
    ):
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
