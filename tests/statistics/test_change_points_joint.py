"""The joint fit is generalised least squares; changes without strong evidence are not called."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import lfilter

from gemba.statistics.change_points import change_points
from gemba.statistics.change_points_cost import Shape, whiten
from gemba.statistics.change_points_joint import joint, rows_left, squares_of
from gemba.statistics.change_points_search import STRONG, supported
from gemba.statistics.change_points_search import segment as segmented

Floats = NDArray[np.float64]
EDGES = (20, 41)
N = 60


def uneven(rng: np.random.Generator) -> tuple[Floats, Floats]:
    time = np.cumsum(rng.integers(1, 4, N)).astype(np.float64)
    time = time - time.mean()
    return time, rng.normal(size=N) + 3.0 * (time > 5)


@pytest.mark.parametrize("shape", ["level", "line"])
@pytest.mark.parametrize("memory", [0.0, 0.7, 0.98])
def test_the_joint_fit_is_generalised_least_squares_of_the_whole_series(shape: Shape, memory: float) -> None:
    time, values = uneven(np.random.default_rng(0))
    columns = []
    for start, end in zip((0, *EDGES), (*EDGES, N), strict=True):
        inside = np.zeros(N)
        inside[start:end] = 1.0
        columns += [inside] if shape == "level" else [inside, inside * time]
    design = np.column_stack(columns)
    noise = memory ** np.abs(time[:, None] - time[None, :]) if memory else np.eye(N)
    inverse = np.linalg.inv(noise)
    left = values - design @ np.linalg.solve(design.T @ inverse @ design, design.T @ inverse @ values)
    sums = whiten(time, values, memory)
    fit = joint(sums, EDGES, shape)
    assert fit.squares == pytest.approx(float(left @ inverse @ left), rel=1e-6)
    assert squares_of(sums, EDGES, shape) == pytest.approx(fit.squares, rel=1e-6)
    assert float(np.sum(rows_left(sums, EDGES, fit) ** 2)) == pytest.approx(fit.squares, rel=1e-6)
    jump, variance = fit.change(0, float(time[EDGES[0]]))[0]
    assert np.isfinite(jump)
    assert variance > 0


def test_a_step_in_noise_that_remembers_is_found_with_its_size() -> None:
    rng = np.random.default_rng(4)
    drawn = rng.normal(size=300) * np.sqrt(1 - 0.9**2)
    step: Floats = np.where(np.arange(300) >= 150, 5.0, 0.0)
    values: Floats = np.asarray(lfilter([1.0], [1.0, -0.9], drawn)) + step
    (only,) = change_points(values).changes
    assert abs(only.at - 150) <= 1
    assert only.jump[0] == pytest.approx(5.0, abs=1.3)


def test_only_changes_with_strong_evidence_stay() -> None:
    rng = np.random.default_rng(5)
    time: Floats = np.asarray(np.arange(100.0) - 49.5, dtype=np.float64)
    values = rng.normal(size=100) + 4.0 * (time > 0)
    sums = (whiten(time, (values - values.mean()) / values.std(), 0.0),)
    found = segmented(sums, (0.0,), "level")
    assert [abs(edge - 50) <= 1 for edge in found.edges] == [True]
    assert supported(found, found).edges == found.edges
    assert found.plain - found.length > STRONG
    none = (whiten(time, rng.normal(size=100), 0.0),)
    quiet = segmented(none, (0.0,), "level")
    assert not supported(quiet, quiet).edges


def test_random_walks_are_seldom_cut() -> None:
    rng = np.random.default_rng(6)
    called = sum(bool(change_points(np.cumsum(rng.normal(size=200))).changes) for _ in range(25))
    assert called <= 4
