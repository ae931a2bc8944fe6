"""Process control, capability and reliability where nothing is wrong: how often is something said, do intervals hold?

Seeds are fresh in every run and printed.

    python -m benchmarks.process_control [--runs 1000] [--seed N] [-o FILE]
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Callable
from pathlib import Path
from time import process_time

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtri, ndtr

from benchmarks.machine import RESULTS, heading
from gemba.errors import GembaError, SampleTooSmallError
from gemba.statistics.capability import Index, Specification, capability
from gemba.statistics.capability_quantiles import quantile_capability
from gemba.statistics.control_choice import ChosenChart, counts_chart, subgroups_chart, values_chart
from gemba.statistics.multiplicity import benjamini_hochberg
from gemba.statistics.reliability import failure_trend, mtbf, mttr
from gemba.statistics.weibull import weibull_fit

Floats = NDArray[np.float64]
PAST, WINDOW = 91, 7
DAYS = PAST + WINDOW
INSIDE = np.arange(DAYS) >= PAST
WEEKDAY = np.arange(DAYS) % 7
WEEK = np.array([0.0, 1.0, 1.0, 1.0, 1.0, -2.0, -3.0])[WEEKDAY]
ALPHA = 0.05
SPEC = Specification(-4.0, 4.0)


def _ar(rng: np.random.Generator, memory: float) -> Floats:
    noise = rng.normal(size=DAYS + 200)
    values = np.zeros(noise.size)
    for t in range(1, values.size):
        values[t] = memory * values[t - 1] + noise[t]
    return values[-DAYS:]


def _values(values: Floats) -> ChosenChart:
    return values_chart(values, INSIDE, season=WEEKDAY)


def _items(counts: NDArray[np.int64], size: float) -> ChosenChart:
    return counts_chart(counts.astype(float), np.full(DAYS, size), INSIDE, items=True, season=WEEKDAY)


def _subgroups(rng: np.random.Generator, batch: float) -> ChosenChart:
    number = np.repeat(np.arange(DAYS), 5)
    return subgroups_chart(rng.normal(size=number.size) + batch * rng.normal(size=DAYS)[number], number, INSIDE)


IN_CONTROL: dict[str, Callable[[np.random.Generator], ChosenChart]] = {
    "independent normal": lambda rng: _values(rng.normal(size=DAYS)),
    "t with 5 df": lambda rng: _values(rng.standard_t(5, size=DAYS)),
    "t with 3 df": lambda rng: _values(rng.standard_t(3, size=DAYS)),
    "lognormal, sigma 0.5": lambda rng: _values(np.exp(0.5 * rng.normal(size=DAYS))),
    "AR(0.5)": lambda rng: _values(_ar(rng, 0.5)),
    "AR(0.9)": lambda rng: _values(_ar(rng, 0.9)),
    "week": lambda rng: _values(WEEK + rng.normal(size=DAYS)),
    "week and AR(0.5)": lambda rng: _values(WEEK + _ar(rng, 0.5)),
    "items, binomial": lambda rng: _items(rng.binomial(400, 0.03, size=DAYS), 400.0),
    "items, rate varies": lambda rng: _items(rng.binomial(4000, rng.gamma(50.0, 0.03 / 50.0, size=DAYS)), 4000.0),
    "items, rate wanders AR(0.7)": lambda rng: _items(
        rng.binomial(400, np.minimum(0.03 * np.exp(0.15 * _ar(rng, 0.7)), 1.0)), 400.0
    ),
    "events, Poisson 2": lambda rng: counts_chart(
        rng.poisson(2.0, size=DAYS).astype(float), None, INSIDE, items=False, season=WEEKDAY
    ),
    "subgroups of 5": lambda rng: _subgroups(rng, 0.0),
    "subgroups of 5, batches differ": lambda rng: _subgroups(rng, 1.0),
}
DRIFTING: dict[str, Callable[[np.random.Generator], ChosenChart]] = {
    "trend, 2 sigma in all": lambda rng: _values(rng.normal(size=DAYS) + np.linspace(0.0, 2.0, DAYS)),
    "trend and AR(0.9)": lambda rng: _values(_ar(rng, 0.9) + np.linspace(0.0, 5.0, DAYS)),
    "random walk": lambda rng: _values(np.cumsum(rng.normal(size=DAYS))),
}


def _control_row(kind: str, make: Callable[[np.random.Generator], ChosenChart], runs: int, seed: int) -> str:
    significant = beyond = refused = 0
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        try:
            chart = make(rng)
        except GembaError:
            refused += 1
            continue
        p = chart.p[INSIDE]
        significant += bool((benjamini_hochberg(p[~np.isnan(p)]) <= ALPHA).any())
        beyond += bool(np.isin(chart.level.beyond, np.flatnonzero(INSIDE)).any())
    most = float(bdtri(significant, runs, 0.025))
    cells = [kind, *(f"{100.0 * one / runs:.1f}" for one in (significant, beyond, refused)), f"{100.0 * most:.1f}"]
    return "| " + " | ".join([*cells[:2], cells[4], *cells[2:4]]) + " |"


def _power_row(size: float, runs: int, seed: int) -> str:
    seen = beyond = 0
    for run in range(runs):
        values = np.random.default_rng([seed, run]).normal(size=DAYS)
        values[PAST + 3] += size
        chart = _values(values)
        seen += benjamini_hochberg(chart.p[INSIDE])[3] <= ALPHA
        beyond += PAST + 3 in chart.level.beyond
    return f"| {size:g} | {100.0 * seen / runs:.0f} | {100.0 * beyond / runs:.0f} |"


def _holds(index: Index | None, truth: float) -> bool:
    assert index is not None
    return index.low <= truth <= index.high


def _capability_rows(runs: int, seed: int) -> list[str]:
    """True values by construction: N(0.5, 1) within ±4, a lognormal below 6, AR(0.6) of variance 1."""
    ppk, outside = 3.5 / 3.0, float(ndtr(-3.5) + ndtr(-4.5))
    found: dict[str, list[bool]] = {}
    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        normal = capability(rng.normal(0.5, 1.0, size=100), SPEC)
        for name, index, truth in (
            ("Cp, normal, 100 values", normal.cp, 4.0 / 3.0),
            ("Cpk", normal.cpk, ppk),
            ("Pp", normal.pp, 4.0 / 3.0),
            ("Ppk", normal.ppk, ppk),
            ("share outside", normal.outside, outside),
        ):
            found.setdefault(name, []).append(_holds(index, truth))
        remembered = _ar(rng, 0.6) * 0.8
        found.setdefault("Ppk, AR(0.6), 98 values", []).append(_holds(capability(remembered, SPEC).ppk, 4.0 / 3.0))
        if run < runs // 4:
            values = np.exp(0.5 * rng.normal(size=200))
            try:
                made = quantile_capability(values, Specification(None, 6.0), rng=rng)
            except SampleTooSmallError:  # no distribution fits the sample: nothing is stated
                continue
            truth = (6.0 - 1.0) / (np.exp(1.5) - 1.0)
            found.setdefault("Ppk by quantiles, lognormal, 200 values", []).append(_holds(made.ppk, float(truth)))
    return [f"| {name} | {100.0 * np.mean(holds):.1f} | {len(holds)} |" for name, holds in found.items()]


def _reliability_rows(runs: int, seed: int) -> list[str]:
    found: dict[str, list[bool]] = {}

    def note(name: str, *, holds: bool) -> None:
        found.setdefault(name, []).append(holds)

    for run in range(runs):
        rng = np.random.default_rng([seed, run])
        between = mtbf(100.0, int(rng.poisson(20.0)), truncation="time")
        note("MTBF, 20 failures", holds=between.low <= 5.0 <= between.high)
        for name, lengths in (
            ("MTTR, exponential, 30 repairs", rng.exponential(2.0, size=30)),
            ("MTTR, lognormal, 30 repairs", np.exp(rng.normal(0.0, 0.8, size=30)) * 2.0 / np.exp(0.32)),
        ):
            repair = mttr(lengths)
            note(name, holds=repair.low <= 2.0 <= repair.high)
        lives = rng.weibull(2.0, size=60)
        failed = lives < 1.2
        shape = weibull_fit(np.minimum(lives, 1.2), failed).shape
        note("Weibull shape, a quarter censored", holds=shape.low <= 2.0 <= shape.high)
        times = np.sort(rng.uniform(0.0, 100.0, size=max(int(rng.poisson(20.0)), 4)))
        note("no trend found where there is none", holds=failure_trend(times, end=100.0).mil_hdbk_p > ALPHA)
    return [f"| {name} | {100.0 * np.mean(holds):.1f} | {len(holds)} |" for name, holds in found.items()]


def _speed_row(name: str, work: Callable[[], object]) -> str:
    began = process_time()
    work()
    return f"| {name} | {process_time() - began:.2f} |"


def _speed_rows(seed: int) -> list[str]:
    rng, n = np.random.default_rng(seed), 100_000
    window = np.arange(n) >= n - 1000
    values, lives = rng.normal(size=n), np.exp(rng.normal(size=n))
    items, number = rng.binomial(400, 0.03, size=n).astype(float), np.repeat(np.arange(n // 5), 5)
    ages = np.sort(rng.uniform(0.0, 1.0, size=n))
    return [
        _speed_row("one value a point", lambda: values_chart(values, window, season=np.arange(n) % 7)),
        _speed_row("items", lambda: counts_chart(items, np.full(n, 400.0), window, items=True)),
        _speed_row("subgroups of 5", lambda: subgroups_chart(values, number, window[4::5])),
        _speed_row("capability", lambda: capability(values, SPEC)),
        _speed_row("capability by quantiles", lambda: quantile_capability(lives, Specification(None, 9.0), rng=rng)),
        _speed_row("Weibull", lambda: weibull_fit(np.minimum(lives, 2.0), lives < 2.0)),
        _speed_row("failure trend", lambda: failure_trend(ages, end=1.0)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("-o", "--output", type=Path, default=RESULTS / "process_control.md")
    options = parser.parse_args()
    runs, seed = options.runs, options.seed
    lines = [
        heading("Process control, capability, reliability: false alarms and coverage"),
        f"Seed {seed}; {runs} runs a row unless said. {PAST} days of past, {WINDOW} judged.\n",
        "## A process in control\n",
        "A run is a false alarm where any judged point is significant at a false-discovery rate of 5 %.\n",
        "| process | false alarm, % | at most (97.5 %) | any point beyond 3 sigma, % | refused, % |",
        "|---|---|---|---|---|",
    ]

    def tell(new: list[str]) -> None:
        lines.extend(new)
        print("\n".join(new), flush=True)

    for kind, make in IN_CONTROL.items():
        tell([_control_row(kind, make, runs, seed)])
    tell(["\nNot in control, though no single day is special: what drifts is rightly beyond limits of its past.\n"])
    tell(
        [
            "| process | called, % | at most (97.5 %) | any point beyond 3 sigma, % | refused, % |",
            "|---|---|---|---|---|",
        ]
    )
    for kind, make in DRIFTING.items():
        tell([_control_row(kind, make, runs, seed)])
    tell(["\n## One far day in independent noise\n", "| sigma | significant, % | beyond limits, % |", "|---|---|---|"])
    for size in (3.0, 4.0, 5.0, 6.0, 8.0):
        tell([_power_row(size, runs, seed)])
    tell(["\n## Intervals at 95 %\n", "| interval | holds, % | runs |", "|---|---|---|"])
    tell(_capability_rows(runs, seed))
    tell(_reliability_rows(runs, seed))
    tell(["\n## 100,000 values\n", "| method | processor seconds |", "|---|---|"])
    tell(_speed_rows(seed))
    options.output.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
