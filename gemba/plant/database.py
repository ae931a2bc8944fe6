"""The plant's tables in other databases, by inserts through SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import polars as pl
import sqlalchemy as sa
from sqlalchemy import event, exc
from sqlalchemy.schema import CreateSchema

from gemba.errors import InputError, SourceUnavailableError
from gemba.plant.tables import FACTS, KEYS

BATCH = 10_000


def replace_tables(tables: Mapping[str, pl.DataFrame], url: str, schema: str | None) -> None:
    """Make the tables anew and fill them, in one transaction where the database has such for tables.

    Stamps are stored as UTC without an offset, since SQLite and MySQL keep none.

    Raises:
        InputError: The URL cannot be read or its driver is missing. SourceUnavailableError: the database fails.
    """
    with _transaction(url) as connection:
        if schema is not None and schema not in sa.inspect(connection).get_schema_names():
            connection.execute(CreateSchema(schema))
        for name, frame in tables.items():
            table = _table(name, frame, schema)
            table.drop(connection, checkfirst=True)
            table.create(connection)
            _insert(connection, table, frame)


def add_rows(tables: Mapping[str, pl.DataFrame], url: str, schema: str | None) -> None:
    """Add the rows whose keys are not there yet, all of them or none. Raises as `replace_tables`."""
    with _transaction(url) as connection:
        for name in sorted(tables, key=lambda name: (name in FACTS, name)):
            frame = tables[name]
            table = _table(name, frame, schema)
            key = KEYS[name]
            there = {tuple(map(str, row)) for row in connection.execute(sa.select(*(table.c[part] for part in key)))}
            plain = _plain(frame)
            new = [tuple(map(str, row)) not in there for row in plain.select(key).iter_rows()]
            _insert(connection, table, frame.filter(pl.Series(new, dtype=pl.Boolean)))


@contextmanager
def _transaction(url: str) -> Iterator[sa.Connection]:
    try:
        engine = sa.create_engine(url)
    except (exc.ArgumentError, exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise InputError(
            f"cannot use {url.split('@')[-1]}: {error}", hint="give a folder or a SQLAlchemy URL"
        ) from error
    if engine.dialect.name == "sqlite":
        # The driver commits before CREATE and DROP unless it is told not to begin by itself.
        @event.listens_for(engine, "connect")
        def _by_hand(connection: object, _: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]

        @event.listens_for(engine, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    try:
        with engine.begin() as connection:
            yield connection
    except exc.OperationalError as error:
        raise SourceUnavailableError("plant", str(error.orig), hint="is the database there, and writable?") from error
    finally:
        engine.dispose()


def _table(name: str, frame: pl.DataFrame, schema: str | None) -> sa.Table:
    columns = [
        sa.Column(
            column,
            _type_of(dtype),
            primary_key=column in KEYS[name],
            autoincrement=False,
        )
        for column, dtype in frame.schema.items()
    ]
    return sa.Table(name, sa.MetaData(), *columns, schema=schema)


def _type_of(dtype: pl.DataType) -> sa.types.TypeEngine:
    if isinstance(dtype, pl.Datetime):
        return sa.DateTime()
    if dtype.is_integer():
        return sa.BigInteger()
    if dtype.is_float():
        return sa.Double()
    return sa.Boolean() if dtype == pl.Boolean else sa.String(40)


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    stamps = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    return frame.with_columns(pl.col(stamps).dt.replace_time_zone(None))


def _insert(connection: sa.Connection, table: sa.Table, frame: pl.DataFrame) -> None:
    for batch in _plain(frame).iter_slices(BATCH):
        if batch.height:
            connection.execute(table.insert(), batch.to_dicts())
