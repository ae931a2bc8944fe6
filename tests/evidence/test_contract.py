"""The same requests over the same rows give the same frames, wherever the rows are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from gemba.evidence.types import CubeRequest, Evidence, Limits
from gemba.evidence.warehouse import FrameWarehouse, SourceWarehouse
from tests.evidence import factory

MEMORY = {name: {"files": "in memory"} for name in ("production", "machines", "downtime")}
GENEROUS = Limits(queries=1000)


@pytest.fixture(scope="module")
def expected() -> Evidence:
    frames = {"production": factory.production(), "machines": factory.machines(), "downtime": factory.downtime()}
    return FrameWarehouse(frames).gather(factory.model(MEMORY), factory.requests(), limits=GENEROUS)


def _assert_same(actual: Evidence, expected: Evidence) -> None:
    for request in factory.requests():
        for grouping in request.groupings if isinstance(request, CubeRequest) else (None,):
            got = actual.frame(request.name) if grouping is None else actual.cube(request.name, grouping)
            want = expected.frame(request.name) if grouping is None else expected.cube(request.name, grouping)
            try:
                assert_frame_equal(got, want, check_exact=False, rel_tol=1e-9, abs_tol=1e-9)
            except AssertionError as error:
                raise AssertionError(f"{request.name} {grouping}: {error}\n{got}\n{want}") from error


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_files_and_sqlite_answer_as_memory_does(kind: str, expected: Evidence, tmp_path: Path) -> None:
    places = factory.as_sqlite(tmp_path) if kind == "sqlite" else factory.as_files(tmp_path, kind)
    _assert_same(SourceWarehouse().gather(factory.model(places), factory.requests(), limits=GENEROUS), expected)


@pytest.mark.postgres
def test_postgres_answers_as_memory_does(expected: Evidence, new_database: Callable[[str], str]) -> None:
    places = factory.as_server(new_database("factory"))
    warehouse = SourceWarehouse()
    _assert_same(warehouse.gather(factory.model(places), factory.requests(), limits=GENEROUS), expected)
    warehouse.close()


@pytest.mark.mariadb
def test_mariadb_answers_as_memory_does(expected: Evidence, new_mariadb: Callable[[str], str]) -> None:
    places = factory.as_server(new_mariadb("factory"))
    warehouse = SourceWarehouse()
    _assert_same(warehouse.gather(factory.model(places), factory.requests(), limits=GENEROUS), expected)
    warehouse.close()


def test_a_day_with_25_hours_holds_25_hours(expected: Evidence) -> None:
    rows = expected.cube("rows:5")
    by_day = dict(zip(rows["bucket"].dt.date().cast(pl.String), rows["rows.n"], strict=True))
    assert by_day["2026-10-24"] == 24 * 6
    assert by_day["2026-10-25"] == 25 * 6


def test_a_leaf_without_rows_is_zero_beside_one_with_rows(expected: Evidence) -> None:
    frame = expected.cube("night_share:1")
    assert frame["night_scrap.sum"].null_count() == 0
    assert frame.height == 7


def test_division_by_zero_is_null_and_not_infinite(expected: Evidence) -> None:
    assert expected.cube("odd:4")["odd.sum"].is_finite().all()
