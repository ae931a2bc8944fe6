"""The truth file: the contract's shape, quiet windows that are quiet, questions that can be asked."""

from __future__ import annotations

import json

import numpy as np
import polars as pl

from gemba.plant.truth import Truth
from gemba.questions.types import Why
from tests.plant.conftest import SEEDS, daily_value, plant_of


def test_the_truth_survives_its_file() -> None:
    truth = plant_of(1).truth
    data = json.loads(truth.model_dump_json())
    assert Truth.model_validate(data) == truth
    assert {"seed", "generator", "metrics", "events", "quiet", "questions"} <= set(data)
    assert {"id", "metric", "kind", "segment", "start", "end", "effect", "unit"} <= set(data["events"][0])
    assert {"metric", "start", "end"} <= set(data["quiet"][0])
    assert {"text", "typed", "answers"} <= set(data["questions"][0])


def test_nothing_is_planted_in_a_quiet_window_nor_in_its_baseline() -> None:
    for seed in SEEDS:
        truth = plant_of(seed).truth
        events = [event for event in truth.events if event.kind != "none"]
        assert len(truth.quiet) >= 3
        for quiet in truth.quiet:
            assert quiet.baseline_end <= quiet.start
            assert not any(event.start < quiet.end and quiet.baseline_start < event.end for event in events)
        for one in truth.quiet:
            assert sum(one.start < other.end and other.start < one.end for other in truth.quiet) == 1


def test_baselines_of_questions_are_free_of_causes() -> None:
    for seed in SEEDS:
        truth = plant_of(seed).truth
        events = [event for event in truth.events if event.kind != "none"]
        for question in truth.questions:
            assert isinstance(question.typed, Why)
            baseline = question.typed.baseline.window
            assert baseline is not None
            assert not any(event.start < baseline.end and baseline.start < event.end for event in events)
            for answer in question.answers:
                event = truth.event(answer)
                assert event.start < question.typed.window.end
                assert question.typed.window.start < event.end
                assert event.metric == question.typed.metric
                assert event.scope == question.typed.filters


def test_every_cause_that_lies_early_enough_is_asked_about() -> None:
    for seed in SEEDS:
        truth = plant_of(seed).truth
        asked = {answer for question in truth.questions for answer in question.answers}
        planted = {event.id for event in truth.events if event.kind != "none"}
        assert asked == planted


def test_quiet_windows_differ_from_their_baselines_by_noise_alone() -> None:
    """Standardised differences of window and baseline means: mean near 0, about as wide as the noise makes them."""
    scores = []
    for seed in SEEDS:
        plant = plant_of(seed)
        for quiet in plant.truth.quiet:
            days = daily_value(plant, quiet.metric, quiet.scope).filter(pl.col("day").dt.weekday() <= 5)
            inside = days.filter((pl.col("day") >= quiet.start.date()) & (pl.col("day") < quiet.end.date()))["value"]
            before = days.filter(
                (pl.col("day") >= quiet.baseline_start.date()) & (pl.col("day") < quiet.baseline_end.date())
            )["value"]
            spread = float(daily_value(plant_of(seed, 0.0), quiet.metric, quiet.scope)["value"].std())  # type: ignore[arg-type]
            difference = float(inside.mean()) - float(before.mean())  # type: ignore[arg-type]
            scores.append(difference / (spread * np.sqrt(1 / len(inside) + 1 / len(before))))
    assert abs(np.mean(scores)) < 4 / np.sqrt(len(scores))
    assert np.std(scores) < 1.8  # 1 without autocorrelation
    assert np.max(np.abs(scores)) < 5


def test_months_without_a_cause_are_listed() -> None:
    for seed in SEEDS:
        truth = plant_of(seed).truth
        none = [event for event in truth.events if event.kind == "none"]
        assert any(event.start.month == 6 for event in none)
        for event in none:
            assert event.effect == 0
            assert not any(e.kind != "none" and e.start < event.end and event.start < e.end for e in truth.events)
