"""Do forecast intervals hold what they say, is repeating the week before beaten, and is a trend rarely called on none?

The steel plant: every day of April to June 2018 is forecast at its midnight from the days before it, by the setting
that is fixed in the code. Simulated series: forecasts from the end of fresh series, and slopes of series without any.
Seeds are fresh in every run and printed.

    python -m benchmarks.forecast [--runs 100] [--nulls 1000] [--seed N] [-o FILE]
"""

from __future__ import annotations

import argparse
import secrets
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from time import process_time

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.signal import lfilter

from benchmarks.machine import REPOSITORY, RESULTS, heading
from gemba.statistics.calendar_days import holidays_among
from gemba.statistics.forecast import forecast
from gemba.statistics.forecast_days import DayGrid, day_grid
from gemba.statistics.trend_season import trend_season

Floats = NDArray[np.float64]
STEEL = REPOSITORY / "examples" / "steel" / "steel_energy.csv"
FIRST, QUARTER = date(2018, 1, 1), (90, 181)
QUARTER_HOURS = 96
KINDS = ("AR(0.9)", "weekly", "trend", "uneven", "heavy tail", "random walk")
NULLS = ("independent", "AR(0.5)", "AR(0.9)", "AR(0.97)", "random walk", "heavy tail", "weekly AR(0.9)")
LENGTHS = (30, 91, 182)
START = np.datetime64("2020-01-01", "D")
POINTS = 100_000


def steel() -> Iterator[str]:
    """Rows of the table: coverage and errors by size of slot."""
    usage = pl.read_csv(STEEL)["Usage_kWh"].to_numpy().reshape(-1, QUARTER_HOURS)
    days = np.datetime64(FIRST, "D") + np.arange(usage.shape[0])
    holiday = holidays_among(days, "KR")
    for name, slots in (("days", 1), ("hours", 24), ("quarter-hours", QUARTER_HOURS)):
        values = usage.reshape(usage.shape[0], slots, -1).sum(axis=2)
        held, total, mine, week, day, width, total_mine, total_week = (np.zeros(values.shape[0]) for _ in range(8))
        for at in range(*QUARTER):
            grid = DayGrid(days[:at], values[:at], 0)
            found = forecast(grid, ahead=1, holiday=holiday[: at + 1], adds_up=True)
            came = values[at]
            held[at] = ((came >= found.low[0]) & (came <= found.high[0])).mean()
            total[at] = found.total_low <= came.sum() <= found.total_high
            mine[at] = np.abs(came - found.value[0]).mean()
            week[at], day[at] = np.abs(came - values[at - 7]).mean(), np.abs(came - values[at - 1]).mean()
            total_mine[at] = abs(came.sum() - found.total)
            total_week[at] = abs(came.sum() - values[at - 7].sum())
            width[at] = (found.high - found.low).mean()
        judged = slice(*QUARTER)
        part = [float(one[judged].mean()) for one in (held, total, mine, week, day, width, total_mine, total_week)]
        yield (
            f"| {name} | {100 * part[0]:.1f} % | {100 * part[1]:.1f} % | {part[2]:.1f} | {part[3]:.1f} | "
            f"{part[4]:.1f} | {part[2] / part[3]:.2f} | {part[5]:.0f} | {part[6]:.0f} | {part[7]:.0f} |"
        )


def simulated(kind: str, rng: np.random.Generator, days: int, slots: int) -> Floats:
    """Days by slots, level 50, noise of standard deviation about 1."""
    count = days * slots
    noise = rng.standard_normal(count)
    week = np.repeat(np.tile([0.0, 0.3, 0.2, 0.1, -0.2, -3.0, -4.0], days // 7 + 1)[:days], slots)
    slot = np.arange(count) % slots
    figure = week + (2.0 * np.sin(2 * np.pi * slot / slots) if slots > 1 else 0.0)
    match kind:
        case "AR(0.9)":
            series = np.asarray(lfilter([1.0], [1.0, -0.9], noise))
        case "weekly":
            series = figure + np.asarray(lfilter([1.0], [1.0, -0.5], noise))
        case "trend":
            series = figure + 0.03 * np.arange(count) / slots + noise
        case "uneven":
            loud = (week > -1) & ((slot >= slots / 2) | (slots == 1))
            series = figure + noise * np.where(loud, 3.0, 1.0)
        case "heavy tail":
            series = figure + rng.standard_t(3, count)
        case _:
            series = noise.cumsum() / np.sqrt(slots)
    return (50 + series).reshape(days, slots)


def coverage(kind: str, rng: np.random.Generator, runs: int, *, days: int, slots: int, ahead: int) -> str:
    """One cell: what the intervals of slots, and of the total, held; error over that of the naive."""
    held, total, ratio = [], [], []
    origins = range(days, days + 4 * ahead, ahead)
    for _ in range(runs):
        values = simulated(kind, rng, days + 4 * ahead, slots)
        for at in origins:
            grid = DayGrid(START + np.arange(at), values[:at], 0)
            found = forecast(grid, ahead=ahead, holiday=np.zeros(at + ahead, dtype=bool), adds_up=True)
            came = values[at : at + ahead]
            held.append(((came >= found.low) & (came <= found.high)).mean())
            total.append(found.total_low <= came.sum() <= found.total_high)
        ratio.append(found.error / found.naive_error)
    return f"{100 * np.mean(held):.1f} % / {100 * np.mean(total):.1f} % / {np.mean(ratio):.2f}"


def null(kind: str, rng: np.random.Generator, count: int) -> Floats:
    noise = rng.standard_normal(count + 200)
    memory = {"AR(0.5)": 0.5, "AR(0.9)": 0.9, "AR(0.97)": 0.97, "weekly AR(0.9)": 0.9, "heavy tail": 0.5}.get(kind)
    if kind == "heavy tail":
        noise = rng.standard_t(3, count + 200)
    if kind == "random walk":
        return noise.cumsum()[200:]
    series = noise[200:] if memory is None else np.asarray(lfilter([1.0], [1.0, -memory], noise))[200:]
    return series + (3.0 * np.sin(2 * np.pi * np.arange(count) / 7) if kind.startswith("weekly") else 0.0)


def trends(kind: str, rng: np.random.Generator, runs: int, count: int) -> str:
    """One cell: share of series without a slope that are given one."""
    starts = (START + np.arange(count)).astype("datetime64[s]")
    called = sum(trend_season(null(kind, rng, count), starts, bucket="day").slope.p < 0.05 for _ in range(runs))
    return f"{100 * called / runs:.1f} %{' **!**' if called / runs > 0.073 else ''}"


def speed(rng: np.random.Generator) -> Iterator[str]:
    starts = (START.astype("datetime64[h]") + np.arange(POINTS)).astype("datetime64[s]")
    values = 50 + 5 * np.sin(2 * np.pi * np.arange(POINTS) / 24) + rng.standard_normal(POINTS)
    for ahead in (1, 2):
        begun = process_time()
        grid = day_grid(starts, values)
        forecast(grid, ahead=ahead, holiday=np.zeros(grid.days.size + ahead, dtype=bool), adds_up=True)
        yield f"| forecast, {ahead} day(s) ahead, hours | {process_time() - begun:.2f} |"
    for ahead in (7, 30, 90):
        daily = DayGrid(START + np.arange(1_500), values[:1_500, None], 0)
        begun = process_time()
        forecast(daily, ahead=ahead, holiday=np.zeros(1_500 + ahead, dtype=bool), adds_up=True)
        yield f"| forecast, {ahead} days ahead, 1,500 days | {process_time() - begun:.2f} |"
    begun = process_time()
    trend_season(values, starts, bucket="hour")
    yield f"| trend & season, hours | {process_time() - begun:.2f} |"


def report(seed: int, runs: int, nulls: int) -> str:
    rng = np.random.default_rng(seed)
    lines = [
        heading("Forecasts and trends"),
        f"Seed {seed}. Nominal: 90 % of intervals, 5 % of false alarms.\n",
        "## Steel plant, April to June 2018, each day forecast at its midnight",
        "",
        "Mean absolute errors in kWh a slot; country KR. `week`: the same time a week before, `day`: a day before.",
        "",
        "| by | slots held | totals held | error | week | day | error / week | width | error of totals | week |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
        *steel(),
        "",
        f"## Simulated, {runs} series a cell, four origins each",
        "",
        "Held by intervals of slots / of the total / error over that of repeating the week before.",
        "",
        "| | one day ahead, 200 days | a week ahead, 300 days | one day ahead, 100 days of hours |",
        "|---|--:|--:|--:|",
    ]
    for kind in KINDS:
        cells = (
            coverage(kind, rng, runs, days=200, slots=1, ahead=1),
            coverage(kind, rng, runs, days=300, slots=1, ahead=7),
            coverage(kind, rng, max(runs // 3, 1), days=100, slots=24, ahead=1),
        )
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines += [
        "",
        f"## Slopes called at 5 % where there is none, {nulls} series a cell; **!**: above 7.3 %",
        "",
        f"| | {' | '.join(f'{count} days' for count in LENGTHS)} |",
        f"|---|{'--:|' * len(LENGTHS)}",
        *(f"| {kind} | {' | '.join(trends(kind, rng, nulls, count) for count in LENGTHS)} |" for kind in NULLS),
        "",
        "A slope lies in its interval as often as none is called: a line added moves estimate and slope alike.",
        "",
        f"## CPU seconds, {POINTS:,} points",
        "",
        "| | s |",
        "|---|--:|",
        *speed(rng),
        "",
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--nulls", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("-o", "--out", type=Path, default=RESULTS / "forecast.md")
    given = parser.parse_args()
    seed = secrets.randbits(32) if given.seed is None else given.seed
    text = report(seed, given.runs, given.nulls)
    given.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
