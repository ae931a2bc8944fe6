"""A plant is written whole or not at all, and can be written again and continued."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import polars as pl
import psycopg
import pytest
import sqlalchemy as sa

from gemba.errors import InputError, SourceUnavailableError
from gemba.plant.model import model_text
from gemba.plant.simulate import simulate
from gemba.plant.truth import Truth
from gemba.plant.write import append_days, later_rows, write_database, write_parquet, write_truth
from gemba.semantics.load import load_model

SMALL = {"days": 40, "scale": 0.1}


def test_a_folder_holds_tables_model_and_truth(tmp_path: Path) -> None:
    plant = simulate(1, **SMALL)
    folder = tmp_path / "deep" / "factory"
    write_parquet(plant, folder)
    assert write_parquet(plant, folder) == tuple(sorted(folder.iterdir()))
    assert pl.read_parquet(folder / "production.parquet").equals(plant.tables["production"])
    assert Truth.model_validate_json((folder / "truth.json").read_text()) == plant.truth
    model = load_model(folder / "model.yaml")
    assert all(Path(source.files or "").name == f"{name}.parquet" for name, source in model.sources.items())


def test_the_example_is_the_model_that_ships() -> None:
    example = Path(__file__).parents[2] / "examples" / "factory" / "model.yaml"
    assert example.read_text() == model_text()


def test_sqlite_holds_all_rows_and_takes_later_ones(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plant.db'}"
    plant = simulate(1, **SMALL)
    assert write_database(plant, url, schema=None) == write_database(plant, url) == plant.rows
    longer = simulate(1, days=43, scale=0.1)
    append_days(1, url, **SMALL, more=3)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        for name, frame in longer.tables.items():
            assert connection.scalar(sa.text(f"SELECT count(*) FROM {name}")) == frame.height, name
    engine.dispose()


def test_a_failed_write_leaves_what_was_there(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'plant.db'}"
    plant = simulate(1, **SMALL)
    write_database(plant, url, schema=None)
    twice = {**plant.tables, "downtime": pl.concat([plant.tables["downtime"]] * 2)}
    with pytest.raises(sa.exc.IntegrityError):
        write_database(type(plant)(**{**_fields(plant), "tables": twice}), url, schema=None)
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        assert connection.scalar(sa.text("SELECT count(*) FROM production")) == plant.tables["production"].height
    engine.dispose()


def _fields(plant: object) -> dict:
    return {name: getattr(plant, name) for name in plant.__dataclass_fields__}  # type: ignore[attr-defined]


def test_later_rows_complete_the_shorter_plant() -> None:
    more = later_rows(1, **SMALL, more=3)
    shorter, longer = simulate(1, **SMALL), simulate(1, days=43, scale=0.1)
    for name in ("production", "energy", "downtime"):
        assert pl.concat([shorter.tables[name], more.tables[name]]).equals(longer.tables[name]), name


def test_a_database_that_cannot_be_used_is_an_error_that_says_so(tmp_path: Path) -> None:
    plant = simulate(1, **SMALL)
    with pytest.raises(InputError, match="cannot use"):
        write_database(plant, "nonsense://x")
    with pytest.raises(SourceUnavailableError):
        write_database(plant, f"sqlite:///{tmp_path}/no/such/folder/plant.db", schema=None)
    with pytest.raises(SourceUnavailableError):
        write_database(plant, "postgresql+psycopg://nobody@127.0.0.1:1/none")
    with pytest.raises(InputError, match="sales"):
        append_days(1, "sqlite://", **SMALL, more=1, only=("sales",))
    with pytest.raises(InputError, match="0 days"):
        append_days(1, "sqlite://", **SMALL, more=0)


def test_the_truth_can_lie_elsewhere(tmp_path: Path) -> None:
    plant = simulate(1, **SMALL)
    path = write_truth(plant, tmp_path / "new" / "truth.json")
    assert Truth.model_validate_json(path.read_text()) == plant.truth


@pytest.mark.postgres
def test_postgres_holds_the_plant_and_replaces_and_continues_it(new_database: Callable[[str], str]) -> None:
    url = new_database("plant")
    plant = simulate(1, **SMALL)
    write_database(plant, url)
    write_database(plant, url)
    longer = simulate(1, days=43, scale=0.1)
    append_days(1, url, **SMALL, more=3, only=("energy",))
    append_days(1, url, **SMALL, more=3, only=("energy",))
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for name, frame in plant.tables.items():
            wanted = longer.tables[name] if name in ("energy", "lots") else frame
            assert connection.execute(f"SELECT count(*) FROM plant.{name}").fetchone() == (wanted.height,), name
        columns = ["finished_at", "machine_id", "operator_id", "quantity", "cycle_s"]
        first = f"SELECT {', '.join(columns)} FROM plant.production ORDER BY order_id LIMIT 1"
        row = connection.execute(first).fetchone()
        assert row == plant.tables["production"].sort("order_id").select(columns).row(0)
        nulls = connection.execute("SELECT count(*) FROM plant.production WHERE operator_id IS NULL").fetchone()
        assert nulls == (plant.tables["production"]["operator_id"].null_count(),)
    append_days(1, url, **SMALL, more=3)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        for name, frame in longer.tables.items():
            assert connection.execute(f"SELECT count(*) FROM plant.{name}").fetchone() == (frame.height,), name


@pytest.mark.postgres
def test_a_schema_of_somebody_else_is_left_alone(new_database: Callable[[str], str]) -> None:
    url = new_database("plant")
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE SCHEMA plant")
        connection.execute("CREATE TABLE plant.precious AS SELECT 1 AS x")
    with pytest.raises(InputError, match="not made by"):
        write_database(simulate(1, **SMALL), url)
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        assert connection.execute("SELECT x FROM plant.precious").fetchone() == (1,)
