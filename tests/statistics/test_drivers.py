"""Planted drivers are found with their thresholds; where there are none, none are named."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.driver_worlds import NULLS, PLANTED, Table
from gemba.errors import SampleTooSmallError
from gemba.statistics.drivers import DriverReport, find_drivers
from gemba.statistics.drivers_rules import Outcome
from gemba.statistics.drivers_sum import Block, fitted
from gemba.statistics.drivers_tests import tails, tails_each


def search(table: Table) -> DriverReport:
    return find_drivers(table.outcome, table.numeric, table.categorical, rng=np.random.default_rng(0))


def named(found: DriverReport) -> set[str]:
    by = {one.by for one in found.drivers if one.by is not None}
    return {name for one in found.drivers for name in one.columns} | by


def machines(rng: np.random.Generator, n: int = 6000) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Temperatures recorded in tenths, whole rotations, and a serial number."""
    air = (300 + 2 * rng.normal(size=n)).round(1)
    numeric = {
        "number": np.arange(n, dtype=float),
        "air": air,
        "process": (air + 10 + 1.5 * rng.normal(size=n)).round(1),
        "speed": (1380 + rng.gamma(2, 90, n) - 30).round(),
        "torque": rng.normal(40, 10, n).clip(4).round(1),
        "wear": rng.integers(0, 250, n).astype(float),
    }
    serial = np.array([f"s{place}" for place in range(n)], dtype=object)
    return numeric, {"grade": rng.choice(["H", "L", "M"], n, p=[0.1, 0.6, 0.3]).astype(object), "serial": serial}


@pytest.mark.parametrize("name", sorted(PLANTED))
def test_what_was_planted_is_found_and_nothing_else(name: str) -> None:
    world = PLANTED[name]
    found = search(world.make(np.random.default_rng(5), 4000))
    assert named(found) == world.columns
    for driver in found.drivers:
        for bound, truth in zip(
            sorted(driver.bounds, key=lambda one: one.threshold.at),
            (world.thresholds or {}).get(driver.name, ()),
            strict=False,
        ):
            assert bound.threshold.at == pytest.approx(truth, rel=0.05, abs=0.05)


@pytest.mark.parametrize("name", sorted(NULLS))
def test_where_nothing_is_planted_nothing_is_named(name: str) -> None:
    false = [bool(search(NULLS[name].make(np.random.default_rng(seed), 800)).rules) for seed in range(8)]
    assert sum(false) <= 2  # at 5 %: 3 or more in 8 has a chance of 0.6 %


def test_a_difference_and_a_limit_that_hold_together() -> None:
    numeric, categorical = machines(np.random.default_rng(1))
    failed = (numeric["process"] - numeric["air"] < 8.6) & (numeric["speed"] < 1380)
    found = search(Table(numeric, categorical, failed.astype(float)))
    assert set(found.columns) == {"process - air", "speed"}
    limits = {one.name: one.bounds[0].threshold for one in found.drivers}
    assert limits["process - air"].at == pytest.approx(8.6, abs=0.1)
    assert limits["speed"].at == pytest.approx(1380, abs=3)
    assert limits["speed"].low <= 1380 <= limits["speed"].high
    assert all(one.replicated for one in found.drivers)
    assert found.rules[0].effect.inside == 1.0


def test_two_tails_of_a_product_are_one_driver() -> None:
    numeric, categorical = machines(np.random.default_rng(2))
    power = numeric["torque"] * numeric["speed"]
    found = search(Table(numeric, categorical, ((power < 25_000) | (power > 90_000)).astype(float)))
    (driver,) = found.drivers
    assert driver.shape == "outside"
    assert set(found.columns) == {"torque", "speed"}
    limits = {bound.side: bound.threshold.at for bound in driver.bounds}
    assert limits == {"below": pytest.approx(25_000, rel=0.02), "above": pytest.approx(90_000, rel=0.02)}


def test_a_limit_that_depends_on_the_grade() -> None:
    numeric, categorical = machines(np.random.default_rng(3))
    limit = np.select([categorical["grade"] == "L", categorical["grade"] == "M"], [8500.0, 9300.0], 10000.0)
    found = search(Table(numeric, categorical, (numeric["wear"] * numeric["torque"] > limit).astype(float)))
    assert set(found.columns) == {"wear", "torque", "grade"}
    limits = {bound.member: bound.threshold.at for bound in found.drivers[0].bounds}
    assert limits["L"] == pytest.approx(8500, rel=0.02)
    assert limits["M"] == pytest.approx(9300, rel=0.02)


def test_a_missing_value_meets_no_condition() -> None:
    table = PLANTED["x0 > 1"].make(np.random.default_rng(4), 4000)
    table.numeric["x0"][::7] = np.nan
    found = search(table)
    assert named(found) == {"x0"}
    assert found.drivers[0].bounds[0].threshold.at == pytest.approx(1.0, abs=0.05)


def test_columns_that_are_no_candidates_are_left_out_and_said_why() -> None:
    rng = np.random.default_rng(6)
    table = PLANTED["x0 > 1"].make(rng, 12_000)
    n = table.outcome.size
    table.numeric.update(
        constant=np.ones(n),
        empty=np.full(n, np.nan),
        infinite=np.append(np.inf, rng.normal(size=n - 1)),
        row=np.arange(n) * 0.5,
        code=rng.permutation(n) + 7.0,
        copy=table.outcome.copy(),
    )
    table.categorical["serial"] = np.array([f"s{place}" for place in range(n)], dtype=object)
    table.categorical["order"] = np.array([f"o{place % 4000}" for place in range(n)], dtype=object)
    found = search(table)
    reasons = {one.column: one.reason for one in found.excluded}
    assert set(reasons) == {"constant", "empty", "infinite", "row", "code", "copy", "serial", "order"}
    assert "infinite" in reasons["infinite"]
    assert "4000 members" in reasons["order"]
    assert named(found) == {"x0"}


@pytest.mark.parametrize(
    ("outcome", "error", "says"),
    [
        (np.zeros(30), SampleTooSmallError, "at least 50"),
        (np.zeros(500), SampleTooSmallError, "different values"),
        (np.r_[np.ones(4), np.zeros(496)], SampleTooSmallError, "rarer"),
        (np.full(500, np.nan), SampleTooSmallError, "known outcome"),
        (np.r_[np.inf, np.arange(499.0)], ValueError, "infinite"),
    ],
)
def test_an_outcome_that_tells_nothing_is_refused(outcome: np.ndarray, error: type[Exception], says: str) -> None:
    x = np.random.default_rng(0).normal(size=outcome.size)
    with pytest.raises(error, match=says):
        find_drivers(outcome, {"x": x}, {}, rng=np.random.default_rng(0))


def test_an_outcome_that_takes_few_values_over_tied_columns_is_searched() -> None:
    rng = np.random.default_rng(8)
    level = rng.integers(0, 4, 3000).astype(float)
    scrap = rng.poisson(0.3 + 0.5 * (level >= 3)).astype(float)
    found = find_drivers(scrap, {"level": level, "other": rng.integers(0, 4, 3000) * 1.0}, {}, rng=rng)
    assert named(found) == {"level"}


def test_the_same_data_give_the_same_report() -> None:
    table = PLANTED["x0 > 0.8 and x1 < -0.3"].make(np.random.default_rng(9), 3000)
    assert search(table) == search(table)


def test_a_sum_of_terms_is_fitted_as_with_a_matrix_of_rows_by_members() -> None:
    rng = np.random.default_rng(10)
    n = 500
    codes, inside, line = rng.integers(0, 7, n).astype(float), rng.random(n) < 0.3, rng.normal(size=n)
    y = rng.normal(size=n) + codes + 2.0 * inside
    among = rng.random(n) < 0.8
    parts = fitted(y, [Block.members(codes, 7), Block.column(inside * 1.0), Block.column(line)], among)
    dense = np.column_stack([np.ones(n), *(codes == member for member in range(1, 7)), inside, line])
    weights, *_ = np.linalg.lstsq(dense[among], y[among], rcond=None)
    assert parts[0] == pytest.approx(dense[:, 1:7] @ weights[1:7], abs=1e-6)
    assert parts[1] == pytest.approx(inside * weights[7], abs=1e-6)
    assert parts[2] == pytest.approx(line * weights[8], abs=1e-6)


def test_members_that_lie_within_others_still_have_a_fit() -> None:
    rng = np.random.default_rng(11)
    product = rng.integers(0, 12, 600).astype(float)
    line = product // 3
    y = line + rng.normal(size=600)
    everyone = np.ones(600, dtype=bool)
    alone = fitted(y, [Block.members(product, 12)], everyone)[0]
    both = sum(fitted(y, [Block.members(product, 12), Block.members(line, 4)], everyone))
    assert both - np.mean(both) == pytest.approx(alone - np.mean(alone), abs=1e-5)


@pytest.mark.parametrize("yes_no", [True, False])
@pytest.mark.parametrize("strata", [1, 5])
def test_every_member_is_tested_as_if_it_were_the_only_one(yes_no: bool, strata: int) -> None:
    rng = np.random.default_rng(12)
    member, stratum = rng.integers(0, 6, 400), rng.integers(0, strata, 400)
    y = (rng.random(400) < 0.1 + 0.05 * member).astype(float) if yes_no else rng.normal(size=400) + member
    outcome, rows = Outcome(y, yes_no), np.ones(400, dtype=bool)
    upper, lower = tails_each(outcome, rows, member, stratum, 6)
    for one in range(6):
        alone = tails(outcome, rows, np.where(member == one, 0, 1), stratum, 2)
        assert (upper[one], lower[one]) == pytest.approx((alone[0][0], alone[1][0]))
