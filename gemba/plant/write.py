"""Put a plant into a folder of Parquet files or into a database, all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from gemba.errors import InputError
from gemba.plant import database, postgres
from gemba.plant.calendar import instant, utc
from gemba.plant.model import model_for_folder
from gemba.plant.simulate import Plant, simulate
from gemba.plant.tables import FACTS


def write_truth(plant: Plant, path: Path) -> Path:
    """Write `truth.json` and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    staged = path.with_name(f".{path.name}.new")
    staged.write_text(plant.truth.model_dump_json(indent=1), encoding="utf-8")
    return staged.replace(path)


def write_parquet(plant: Plant, folder: Path) -> tuple[Path, ...]:
    """Write one Parquet file a table, `model.yaml` and `truth.json` into `folder`, made if needed.

    Files of the same names are replaced, each in one step, and only after all of them have been written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    staged = Path(tempfile.mkdtemp(prefix=".plant-", dir=folder))
    try:
        for name, frame in plant.tables.items():
            frame.write_parquet(staged / f"{name}.parquet")
        model_for_folder(staged)
        write_truth(plant, staged / "truth.json")
        names = sorted(path.name for path in staged.iterdir())
        for name in names:
            (staged / name).replace(folder / name)
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return tuple(folder / name for name in names)


def write_database(plant: Plant, url: str, *, schema: str | None = "plant") -> int:
    """Write all tables into a database, in one transaction; what was there from an earlier plant is replaced.

    PostgreSQL is filled through COPY, others by inserts through SQLAlchemy (where data definition is not
    transactional, as in MySQL, a failure leaves tables half-filled; running it again mends that).
    The truth is not written into the database: a reader of the data must not find it. See `write_truth`.

    Args:
        url: SQLAlchemy URL.
        schema: Where the tables go, made if needed. SQLite has none, so there the tables go without
            (`model_text(schema=None)` is their model).

    Returns:
        Rows written.

    Raises:
        InputError: The URL cannot be read, or the schema exists and was not made by this command.
        SourceUnavailableError, AccessDeniedError: The server does not answer or refuses.
    """
    if _is_postgres(url):
        postgres.replace_tables(plant.tables, url, schema or "plant")
    else:
        database.replace_tables(plant.tables, url, None if _is_sqlite(url) else schema)
    return plant.rows


def later_rows(
    seed: int,
    *,
    days: int,
    more: int,
    start: date | None = None,
    scale: float = 1.0,
    effect: float | None = None,
) -> Plant:
    """The plant of `days + more` days, with only those fact rows that became known after the first `days`.

    Appended to the tables of `simulate(seed, days=days)` they give those of `simulate(seed, days=days + more)`.
    Among them are late rows of days already past. Dimension tables are whole. Raises as `simulate`.
    """
    if more < 1:
        raise InputError(f"cannot append {more} days", hint="at least 1")
    longer = simulate(seed, days=days + more, start=start, scale=scale, effect=effect)
    cut = utc(instant(longer.end - timedelta(days=more)))
    tables = {
        name: frame.filter(pl.col(FACTS[name][0]) >= cut) if name in FACTS else frame
        for name, frame in longer.tables.items()
    }
    return replace(longer, tables=tables)


def append_days(
    seed: int,
    url: str,
    *,
    days: int,
    more: int,
    start: date | None = None,
    scale: float = 1.0,
    effect: float | None = None,
    schema: str | None = "plant",
    only: tuple[str, ...] = (),
) -> int:
    """Add the next days of the same factory to a database that holds its first `days`, in one transaction.

    Args:
        seed, start, scale, effect: As the factory in the database was made.
        days: Days it holds. more: Days to add.
        only: Fact tables to append to; default all. A factory may report its energy before its orders.

    Returns:
        New fact rows, including late ones. Repeating the call adds nothing.

    Raises:
        InputError: Unknown table, no days, or nothing to append to.
        SourceUnavailableError, AccessDeniedError: As `write_database`.
    """
    unknown = set(only) - set(FACTS)
    if unknown:
        raise InputError(f"no such fact table: {', '.join(sorted(unknown))}", hint=f"tables: {', '.join(FACTS)}")
    news = later_rows(seed, days=days, more=more, start=start, scale=scale, effect=effect).tables
    chosen = {name: frame for name, frame in news.items() if not only or name in only or name not in FACTS}
    if _is_postgres(url):
        postgres.add_rows(chosen, url, schema or "plant")
    else:
        database.add_rows(chosen, url, None if _is_sqlite(url) else schema)
    return sum(frame.height for name, frame in chosen.items() if name in FACTS)


def _is_sqlite(url: str) -> bool:
    return url.startswith("sqlite")


def _is_postgres(url: str) -> bool:
    return url.split("://")[0].split("+")[0] in ("postgresql", "postgres")
