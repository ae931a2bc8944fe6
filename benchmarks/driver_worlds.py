"""Tables with known drivers of an outcome, and tables without any."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Table:
    """Candidate columns and an outcome. `inside`: rows of the planted rule, for those that have one."""

    numeric: dict[str, Floats]
    categorical: dict[str, Texts]
    outcome: Floats
    inside: NDArray[np.bool_] | None = None


@dataclass(frozen=True, slots=True)
class World:
    """`columns`: what must be found, and nothing else. `thresholds`: by feature name, as planted, lowest first.

    `effect`: level inside the planted rule less that outside.
    """

    make: Callable[[np.random.Generator, int], Table]
    columns: frozenset[str] = frozenset()
    thresholds: dict[str, tuple[float, ...]] | None = None
    effect: float | None = None


def columns(rng: np.random.Generator, n: int, kind: str) -> tuple[dict[str, Floats], dict[str, Texts]]:
    """Eight numbers and two categories: `plain`, `correlated` (0.8 among six) or `heavy` (Student's t, 2 degrees)."""
    x = rng.normal(size=(n, 6))
    if kind == "correlated":
        x = np.sqrt(0.8) * rng.normal(size=(n, 1)) + np.sqrt(0.2) * x
    elif kind == "heavy":
        x = rng.standard_t(2, size=(n, 6))
    numeric = {f"x{place}": x[:, place] for place in range(6)}
    numeric["torque"] = rng.gamma(16, 2.5, n)
    numeric["speed"] = rng.normal(1500, 180, n).round()
    categorical = {
        "kind": rng.choice(["a", "b", "c"], n, p=[0.6, 0.3, 0.1]).astype(object),
        "machine": rng.choice([f"m{place:02}" for place in range(30)], n).astype(object),
    }
    return numeric, categorical


def _null(kind: str, outcome: Callable[[np.random.Generator, int], Floats]) -> World:
    def make(rng: np.random.Generator, n: int) -> Table:
        return Table(*columns(rng, n, kind), outcome(rng, n).astype(np.float64))

    return World(make)


def _share(share: float) -> Callable[[np.random.Generator, int], Floats]:
    return lambda rng, n: (rng.permutation(n) < max(round(share * n), 8)).astype(np.float64)


NULLS: dict[str, World] = {
    "rare (0.4 %), plain": _null("plain", _share(0.004)),
    "rare (0.4 %), heavy tails": _null("heavy", _share(0.004)),
    "5 %, correlated": _null("correlated", _share(0.05)),
    "half, plain": _null("plain", _share(0.5)),
    "95 %, heavy tails": _null("heavy", _share(0.95)),
    "number, normal": _null("correlated", lambda rng, n: rng.normal(size=n)),
    "number, heavy tails": _null("plain", lambda rng, n: rng.standard_t(2, n)),
    "number, skewed, many zeros": _null("heavy", lambda rng, n: rng.lognormal(0, 1.5, n) * (rng.random(n) < 0.4)),
}

Region = Callable[[dict[str, Floats], dict[str, Texts]], NDArray[np.bool_]]


def _yes_no(region: Region, inside: float, outside: float, kind: str = "plain") -> Callable[..., Table]:
    def make(rng: np.random.Generator, n: int) -> Table:
        numeric, categorical = columns(rng, n, kind)
        rows = region(numeric, categorical)
        outcome = (rng.random(n) < np.where(rows, inside, outside)).astype(np.float64)
        return Table(numeric, categorical, outcome, rows)

    return make


def _number(level: Callable[..., Floats], kind: str = "plain", region: Region | None = None) -> Callable[..., Table]:
    def make(rng: np.random.Generator, n: int) -> Table:
        numeric, categorical = columns(rng, n, kind)
        rows = region(numeric, categorical) if region is not None else None
        return Table(numeric, categorical, level(numeric, categorical) + rng.normal(size=n), rows)

    return make


def _logistic(kind: str) -> Callable[..., Table]:
    def make(rng: np.random.Generator, n: int) -> Table:
        numeric, categorical = columns(rng, n, kind)
        share = 1 / (1 + np.exp(2.5 - 1.2 * numeric["x0"]))
        return Table(numeric, categorical, (rng.random(n) < share).astype(np.float64))

    return make


def _limit(kinds: Texts) -> Floats:
    return np.select([kinds == "a", kinds == "b"], [50.0, 58.0], 65.0)


PLANTED: dict[str, World] = {
    "x0 > 1": World(_yes_no(lambda x, _: x["x0"] > 1, 0.4, 0.05), frozenset({"x0"}), {"x0": (1.0,)}, effect=0.35),
    "x0 > 1, correlated": World(
        _yes_no(lambda x, _: x["x0"] > 1, 0.4, 0.05, "correlated"), frozenset({"x0"}), {"x0": (1.0,)}, effect=0.35
    ),
    "x0 > 0.8 and x1 < -0.3": World(
        _yes_no(lambda x, _: (x["x0"] > 0.8) & (x["x1"] < -0.3), 0.5, 0.03),
        frozenset({"x0", "x1"}),
        {"x0": (0.8,), "x1": (-0.3,)},
        effect=0.47,
    ),
    "x0 > 0.5 and x1 > 0.3, correlated": World(
        _yes_no(lambda x, _: (x["x0"] > 0.5) & (x["x1"] > 0.3), 0.5, 0.03, "correlated"),
        frozenset({"x0", "x1"}),
        {"x0": (0.5,), "x1": (0.3,)},
        effect=0.47,
    ),
    "x0 - x1 > 1.8": World(_yes_no(lambda x, _: x["x0"] - x["x1"] > 1.8, 0.5, 0.03), frozenset({"x0", "x1"})),
    "x0 - x1 > 1.2 and kind b": World(
        _yes_no(lambda x, c: (x["x0"] - x["x1"] > 1.2) & (c["kind"] == "b"), 0.6, 0.03),
        frozenset({"x0", "x1", "kind"}),
    ),
    "torque × speed > 80,000": World(
        _yes_no(lambda x, _: x["torque"] * x["speed"] > 80_000, 0.5, 0.03),
        frozenset({"torque", "speed"}),
        {"torque × speed": (80_000.0,)},
        effect=0.47,
    ),
    "torque / speed > 0.037": World(
        _yes_no(lambda x, _: x["torque"] / x["speed"] > 0.037, 0.5, 0.03),
        frozenset({"torque", "speed"}),
        {"torque / speed": (0.037,)},
        effect=0.47,
    ),
    "torque × speed outside 30,000 to 95,000": World(
        _yes_no(lambda x, _: np.abs(x["torque"] * x["speed"] - 62_500) > 32_500, 0.7, 0.01),
        frozenset({"torque", "speed"}),
        {"torque × speed": (30_000.0, 95_000.0)},
        effect=0.69,
    ),
    "machine m03 or m07": World(
        _yes_no(lambda _, c: np.isin(c["machine"], ["m03", "m07"]), 0.4, 0.05), frozenset({"machine"})
    ),
    "x0 > 1.3 or x2 < -1.5": World(
        _yes_no(lambda x, _: (x["x0"] > 1.3) | (x["x2"] < -1.5), 0.5, 0.03), frozenset({"x0", "x2"})
    ),
    "torque > 50, 58, 65 by kind": World(
        _yes_no(lambda x, c: x["torque"] > _limit(c["kind"]), 0.9, 0.01), frozenset({"torque", "kind"})
    ),
    "logistic in x0": World(_logistic("plain"), frozenset({"x0"})),
    "logistic in x0, correlated": World(_logistic("correlated"), frozenset({"x0"})),
    "number: 0.3 x0 + 0.2 x1": World(_number(lambda x, _: 0.3 * x["x0"] + 0.2 * x["x1"]), frozenset({"x0", "x1"})),
    "number: 0.6 x0, correlated": World(_number(lambda x, _: 0.6 * x["x0"], "correlated"), frozenset({"x0"})),
    "number: +1 where x0 > 1": World(
        _number(lambda x, _: 1.0 * (x["x0"] > 1), region=lambda x, _: x["x0"] > 1),
        frozenset({"x0"}),
        {"x0": (1.0,)},
        effect=1.0,
    ),
    "number: +1 where x0 > 1, heavy tails": World(
        _number(lambda x, _: 1.0 * (x["x0"] > 1), "heavy", lambda x, _: x["x0"] > 1),
        frozenset({"x0"}),
        {"x0": (1.0,)},
        effect=1.0,
    ),
    "number: +1.5 where x0 > 0.5 and kind b": World(
        _number(lambda x, c: 1.5 * ((x["x0"] > 0.5) & (c["kind"] == "b"))), frozenset({"x0", "kind"})
    ),
    "number: 0.5 (x0 - x1)": World(_number(lambda x, _: 0.5 * (x["x0"] - x["x1"])), frozenset({"x0", "x1"})),
    "number: torque × speed / 30,000": World(
        _number(lambda x, _: x["torque"] * x["speed"] / 30_000), frozenset({"torque", "speed"})
    ),
    "number: 0.5 x0 squared": World(_number(lambda x, _: 0.5 * x["x0"] ** 2), frozenset({"x0"})),
    "number: kind b +0.5, two machines +1": World(
        _number(lambda _, c: 0.5 * (c["kind"] == "b") + np.isin(c["machine"], ["m03", "m07"])),
        frozenset({"kind", "machine"}),
    ),
}


MEMBERS = {"product": 300, "machine": 30, "line": 4, "shift": 3, "operator": 120, "lot": 800, "supplier": 12}
MEMBERS |= {"material": 40, "tool": 60, "weekday": 7}


def shop_floor(rng: np.random.Generator, n: int, *, yes_no: bool) -> Table:
    """Seven numbers and ten categories of 3 to 800 members; five things act on a number, or make it one of the 5 %."""
    numeric = {f"x{place}": rng.normal(size=n) for place in range(4)}
    numeric |= {"torque": rng.gamma(16, 2.5, n), "speed": rng.normal(1500, 180, n).round()}
    numeric["wear"] = rng.integers(0, 250, n).astype(np.float64)
    codes = {name: rng.integers(0, many, n) for name, many in MEMBERS.items()}
    level = rng.normal(50, 5, MEMBERS["product"])[codes["product"]] + 4.0 * (codes["machine"] % 10 == 3)
    level += 2.0 * (numeric["x0"] > 1) + 0.8 * numeric["x1"] + 3.0 * ((numeric["wear"] > 200) & (codes["shift"] == 1))
    level += 5.0 * rng.normal(size=n)
    categorical = {name: np.array([f"{name}{one}" for one in codes[name]], dtype=object) for name in MEMBERS}
    return Table(numeric, categorical, (level > np.quantile(level, 0.95)).astype(np.float64) if yes_no else level)
