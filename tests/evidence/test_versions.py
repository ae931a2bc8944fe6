"""Content versions: a change of content moves exactly the partitions it touches, and nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
import sqlalchemy as sa

from gemba.evidence.memory import VersionMemory
from gemba.evidence.types import CubeRequest, Limits
from gemba.evidence.warehouse import FrameWarehouse, SourceWarehouse
from gemba.semantics.model import SemanticModel
from tests.evidence import factory

REQUEST = CubeRequest(name="rows", metric="rows", span=factory.SPAN, bucket="day", groupings=((), ("line",)))
LATE = "insert into production values (9, 1, '2026-10-23 10:00:00+00:00', 'early', 1, 1, 1.0, {true})"


def _moved(
    warehouse: SourceWarehouse, model: SemanticModel, before: dict[tuple[str, str], str]
) -> set[tuple[str, str]]:
    from gemba.evidence.types import ReadEntry

    entries = [ReadEntry(source=s, partition=p, version=v) for (s, p), v in before.items()]
    now = warehouse.versions(model, entries)
    return {key for key, version in before.items() if now[key] != version}


def _read(warehouse: SourceWarehouse, model: SemanticModel) -> dict[tuple[str, str], str]:
    evidence = warehouse.gather(model, [REQUEST], limits=Limits())
    return {(entry.source, entry.partition): entry.version for entry in evidence.read_set}


SERVERS = {"postgres": "new_database", "mariadb": "new_mariadb"}


@pytest.fixture(params=["sqlite", *(pytest.param(name, marks=getattr(pytest.mark, name)) for name in SERVERS)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[SemanticModel, sa.Engine]:
    if request.param == "sqlite":
        model = factory.model(factory.as_sqlite(tmp_path))
        return model, sa.create_engine(model.sources["production"].connection or "")
    make: Callable[[str], str] = request.getfixturevalue(SERVERS[request.param])
    url = make("versions")
    return factory.model(factory.as_server(url)), sa.create_engine(url)


def _execute(engine: sa.Engine, statement: str) -> None:
    with engine.begin() as link:
        text = statement.format(true="1" if engine.dialect.name == "sqlite" else "true")
        if engine.dialect.name == "mariadb":
            link.exec_driver_sql("set time_zone = '+00:00'")
            text = text.replace("+00:00", "")
        link.exec_driver_sql(text)


def test_the_read_set_is_the_days_of_the_span_and_the_joined_table(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, _ = database
    read = _read(SourceWarehouse(), model)
    days = {partition for source, partition in read if source == "production"}
    assert days == {f"2026-10-{day}" for day in range(22, 29)}
    assert ("machines", "all") in read


def test_a_late_row_moves_its_day_only(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    warehouse = SourceWarehouse()
    before = _read(warehouse, model)
    assert _moved(warehouse, model, before) == set()
    _execute(engine, LATE)
    assert _moved(warehouse, model, before) == {("production", "2026-10-23")}


def test_a_row_outside_the_span_moves_nothing(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    warehouse = SourceWarehouse()
    before = _read(warehouse, model)
    _execute(engine, LATE.replace("2026-10-23", "2026-11-23"))
    assert _moved(warehouse, model, before) == set()


def test_an_update_of_a_joined_row_moves_the_joined_table(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    warehouse = SourceWarehouse()
    before = _read(warehouse, model)
    _execute(engine, "update machines set line = '2' where id = 0")
    assert _moved(warehouse, model, before) == {("machines", "all")}


def test_a_rewrite_with_equal_content_moves_nothing(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    warehouse = SourceWarehouse()
    before = _read(warehouse, model)
    _execute(engine, "update production set quantity = quantity + 0")
    assert _moved(warehouse, model, before) == set()


def test_a_row_twice_is_not_the_row_once(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    warehouse = SourceWarehouse()
    _execute(engine, LATE)
    before = _read(warehouse, model)
    _execute(engine, LATE)
    assert _moved(warehouse, model, before) == {("production", "2026-10-23")}


def test_a_first_row_in_an_empty_day_of_the_span_is_seen(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    warehouse = SourceWarehouse()
    _execute(engine, "delete from production where finished_at >= '2026-10-26 23:00:00+00:00'")
    before = _read(warehouse, model)
    assert before[("production", "2026-10-28")] == "empty"
    _execute(engine, LATE.replace("2026-10-23", "2026-10-28"))
    assert _moved(warehouse, model, before) == {("production", "2026-10-28")}


def test_a_dropped_table_is_gone_and_not_unchanged(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    warehouse = SourceWarehouse()
    before = _read(warehouse, model)
    _execute(engine, "drop table machines")
    assert _moved(warehouse, model, before) == {("machines", "all")}


def test_equal_data_has_an_equal_data_version(database: tuple[SemanticModel, sa.Engine]) -> None:
    model, engine = database
    first = SourceWarehouse().gather(model, [REQUEST], limits=Limits())
    again = SourceWarehouse().gather(model, [REQUEST], limits=Limits())
    assert first.data_version == again.data_version
    _execute(engine, LATE)
    assert SourceWarehouse().gather(model, [REQUEST], limits=Limits()).data_version != first.data_version


def test_what_is_read_and_its_version_are_one_snapshot(database: tuple[SemanticModel, sa.Engine]) -> None:
    """A write in the middle of a gathering is in neither, or in both: never in one."""
    from gemba.evidence import gather as module

    model, engine = database
    if engine.dialect.name == "sqlite":
        pytest.skip("SQLite makes the writer wait for the reader")
    warehouse = SourceWarehouse()
    before = warehouse.gather(model, [REQUEST], limits=Limits())

    original = module.read_set_of

    def write_first(*arguments: object) -> object:
        _execute(engine, LATE)
        return original(*arguments)  # type: ignore[arg-type]

    module.read_set_of = write_first  # type: ignore[assignment]
    try:
        during = warehouse.gather(model, [REQUEST], limits=Limits())
    finally:
        module.read_set_of = original
    assert during.data_version == before.data_version
    assert during.cube("rows").equals(before.cube("rows"))


def test_a_changed_file_moves_its_day_only(tmp_path: Path) -> None:
    model = factory.model(factory.as_files(tmp_path, "parquet"))
    warehouse = SourceWarehouse()
    before = _read(warehouse, model)
    frame = factory.production().with_columns(
        pl.when(pl.col("finished_at").dt.date() == pl.date(2026, 10, 24))
        .then(1)
        .otherwise(pl.col("quantity"))
        .alias("quantity")
    )
    frame.write_parquet(tmp_path / "production.parquet")
    assert _moved(warehouse, model, before) <= {("production", "2026-10-24"), ("production", "2026-10-25")}
    assert ("production", "2026-10-24") in _moved(warehouse, model, before)


def test_a_remembered_fingerprint_spares_reading_and_outlives_the_process(tmp_path: Path) -> None:
    import os

    model = factory.model(factory.as_files(tmp_path, "csv"))
    for path in tmp_path.glob("*.csv"):
        os.utime(path, (1_700_000_000, 1_700_000_000))
    memory = tmp_path / "memory.json"
    before = _read(SourceWarehouse(memory=memory), model)
    assert memory.exists()
    assert _moved(SourceWarehouse(memory=memory), model, before) == set()
    memory.write_text("{ damaged")
    assert _moved(SourceWarehouse(memory=memory), model, before) == set()


def test_a_memory_answers_only_for_the_fingerprint_it_was_given() -> None:
    memory = VersionMemory()
    memory.keep("place", "2026-10-22", "a", "1")
    assert memory.recall("place", "2026-10-22", "a") == "1"
    assert memory.recall("place", "2026-10-22", "b") is None
    assert memory.recall("elsewhere", "2026-10-22", "a") is None


def test_frames_in_memory_move_with_their_rows() -> None:
    frames = {"production": factory.production(), "machines": factory.machines(), "downtime": factory.downtime()}
    model = factory.model({name: {"files": "in memory"} for name in frames})
    warehouse = FrameWarehouse(frames)
    before = warehouse.partitions(model, "production")
    warehouse.frames["production"] = factory.production().with_columns(pl.col("scrap") + 1)
    assert warehouse.partitions(model, "production") != before
    warehouse.frames["production"] = factory.production().reverse()
    assert warehouse.partitions(model, "production") == before
