"""OEE equals worked examples, losses add up to the minute, and impossible figures are refused rather than clipped."""

from __future__ import annotations

from math import fsum

import numpy as np
import pytest

from gemba.errors import UnusableValuesError
from gemba.statistics.oee import Oee, oee


def _one(planned: float, down: dict[str, float], cycle: float, pieces: float, good: float, **more: object) -> Oee:
    return oee(
        planned,
        ideal_cycle_min=np.array([cycle]),
        pieces=np.array([pieces]),
        good=np.array([good]),
        downtime_min=down,
        **more,  # type: ignore[arg-type]
    )


def test_oee_equals_the_shift_of_19271_widgets() -> None:
    """Vorne, oee.com, "Calculate OEE": 19,271 made, 423 rejected, 74.79 % (420 min planned, 47 down, 1 s a piece)."""
    found = _one(420, {"breakdown": 47}, 1 / 60, 19_271, 19_271 - 423)
    assert found.oee == pytest.approx(0.7479, abs=5e-5)


def test_oee_equals_the_example_of_480_minutes() -> None:
    """waycalculator.com, example 1: 87.5 %, 95.2 %, 95 % and 79.1 % (the product of the rounded factors)."""
    found = _one(480, {"stops": 60}, 1.0, 400, 380)
    assert found.availability == pytest.approx(0.875)
    assert found.performance == pytest.approx(0.952, abs=5e-4)
    assert found.quality == pytest.approx(0.95)
    assert found.oee == pytest.approx(0.791, abs=1e-3)


def test_availability_and_losses_equal_the_filling_machine_example() -> None:
    """Provideam, "Calculating OEE", part 2: 660 min planned, 50 min lost: 92.4 %."""
    down = {"changeover": 25.0, "no caps in hopper": 10.0, "no air": 15.0}
    found = _one(660, down, 0.05, 11_000, 11_000, big_losses={"changeover": "setup and adjustment"})
    assert found.availability == pytest.approx(0.924, abs=5e-4)
    assert found.oee == pytest.approx(550 / 660)
    assert [loss.reason for loss in found.losses][:2] == ["speed and minor stops", "changeover"]
    assert found.losses[1].big_loss == "setup and adjustment"


def test_losses_add_up_to_what_was_not_productive() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        down = {f"reason {i}": float(m) for i, m in enumerate(rng.uniform(0, 30, 6))}
        down["jams"] = float(rng.uniform(0, 10))
        pieces = rng.integers(10, 90, 3).astype(float)
        good = np.floor(pieces * rng.uniform(0.5, 1, 3))
        found = oee(
            480.0,
            ideal_cycle_min=rng.uniform(0.2, 1.0, 3),
            pieces=pieces,
            good=good,
            downtime_min=down,
            startup_rejects=np.floor((pieces - good) / 2),
            big_losses={"jams": "idling and minor stops", "reason 0": "equipment failure"},
        )
        assert fsum(loss.minutes for loss in found.losses) == pytest.approx(480 - found.productive_min, abs=1e-9)
        assert found.performance is not None
        assert found.quality is not None
        assert found.availability * found.performance * found.quality == pytest.approx(found.oee)
        assert [loss.minutes for loss in found.losses] == sorted((x.minutes for x in found.losses), reverse=True)
        assert all(loss.minutes >= -1e-9 for loss in found.losses)


def test_minor_stops_are_a_loss_of_performance() -> None:
    found = _one(100, {"jams": 10.0}, 1.0, 80, 80, big_losses={"jams": "idling and minor stops"})
    assert found.availability == 1.0
    assert found.performance == pytest.approx(0.8)
    assert {loss.reason: loss.category for loss in found.losses}["jams"] == "performance"


def test_performance_above_one_is_refused_not_clipped() -> None:
    with pytest.raises(UnusableValuesError, match=r"performance 1\.250.*ideal cycle time is too long"):
        _one(100, {}, 1.25, 100, 100)
    assert _one(0.3, {}, 0.1, 3, 3).performance == 1.0


def test_a_shift_without_pieces_or_running_time_has_no_factors() -> None:
    idle = _one(480, {}, 1.0, 0, 0)
    assert (idle.oee, idle.performance, idle.quality) == (0.0, 0.0, None)
    down = _one(480, {"fire": 480.0}, 1.0, 0, 0)
    assert (down.oee, down.availability, down.performance, down.quality) == (0.0, 0.0, None, None)


@pytest.mark.parametrize(
    ("planned", "down", "cycle", "pieces", "good", "said"),
    [
        (0.0, {}, 1.0, 0, 0, "planned time"),
        (np.inf, {}, 1.0, 0, 0, "planned time"),
        (480.0, {"a": -1.0}, 1.0, 10, 10, "downtime of a"),
        (480.0, {"a": float("nan")}, 1.0, 10, 10, "downtime of a"),
        (480.0, {"a": 300.0, "b": 200.0}, 1.0, 0, 0, "overlap"),
        (480.0, {}, 0.0, 10, 10, "cycle time"),
        (480.0, {}, 1.0, 10, 11, "more good"),
        (480.0, {}, 1.0, -1, -2, "negative"),
        (480.0, {}, 1.0, np.nan, 1, "missing"),
    ],
)
def test_impossible_figures_are_refused(
    planned: float, down: dict[str, float], cycle: float, pieces: float, good: float, said: str
) -> None:
    with pytest.raises(UnusableValuesError, match=said):
        _one(planned, down, cycle, pieces, good)
