"""The plant's tables in PostgreSQL: through COPY, in one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import polars as pl
import psycopg
from psycopg import sql

from gemba.errors import AccessDeniedError, InputError, SourceUnavailableError
from gemba.plant.tables import FACTS, KEYS, REFERENCES

MARK = "Made by gemba plant"
"""Comment on the schema. A schema of the same name without it is never replaced."""

CONNECT_TIMEOUT_S = 10


def replace_tables(tables: Mapping[str, pl.DataFrame], url: str, schema: str) -> None:
    """Fill a new schema, then put it in the place of the old one. Readers see the old one until the end.

    Views that others made on the old tables are dropped with it.

    Raises:
        InputError: The URL cannot be read, or the schema exists and was not made here.
        SourceUnavailableError, AccessDeniedError: The server does not answer or refuses.
    """
    with _transaction(url) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [f"gemba plant {schema}"])
        exists = _is_ours(connection, schema)
        staged = f"{schema}_new"
        connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(staged)))
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(staged)))
        for name, frame in tables.items():
            _create(connection, staged, name, frame)
            _copy(connection, sql.Identifier(staged, name), frame)
        for name in tables:
            _add_key(connection, staged, name)
        for name in tables:
            _add_references(connection, staged, name)
        if exists:
            connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))
        rename = sql.SQL("ALTER SCHEMA {} RENAME TO {}")
        connection.execute(rename.format(sql.Identifier(staged), sql.Identifier(schema)))
        comment = sql.SQL("COMMENT ON SCHEMA {} IS {}")
        connection.execute(comment.format(sql.Identifier(schema), sql.Literal(MARK)))
        connection.execute("SET LOCAL client_min_messages TO error")
        for name in tables:
            connection.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(schema, name)))


def add_rows(tables: Mapping[str, pl.DataFrame], url: str, schema: str) -> None:
    """Add the rows whose keys are not there yet, all of them or none. Raises as `replace_tables`."""
    with _transaction(url) as connection:
        if not _is_ours(connection, schema):
            raise InputError(f"there is no plant in schema {schema}", hint="fill it first: gemba plant --out URL")
        for name in sorted(tables, key=lambda name: (name in FACTS, name in REFERENCES, name)):
            staged = sql.Identifier(f"new_{name}")
            target = sql.Identifier(schema, name)
            connection.execute(sql.SQL("CREATE TEMPORARY TABLE {} (LIKE {}) ON COMMIT DROP").format(staged, target))
            _copy(connection, staged, tables[name])
            connection.execute(sql.SQL("INSERT INTO {} SELECT * FROM {} ON CONFLICT DO NOTHING").format(target, staged))


@contextmanager
def _transaction(url: str) -> Iterator[psycopg.Connection]:
    plain = "postgresql://" + url.split("://", 1)[1]
    try:
        with psycopg.connect(plain, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            yield connection
    except (psycopg.errors.InvalidPassword, psycopg.errors.InsufficientPrivilege) as error:
        raise AccessDeniedError("plant", str(error).strip(), hint="check user, password and rights") from error
    except psycopg.OperationalError as error:
        text = str(error).strip()
        if "authentication failed" in text:
            raise AccessDeniedError("plant", text, hint="check user and password") from error
        raise SourceUnavailableError("plant", text, hint="is the server up?") from error
    except psycopg.ProgrammingError as error:
        raise InputError(f"cannot write the plant: {str(error).strip()}") from error


def _is_ours(connection: psycopg.Connection, schema: str) -> bool:
    """Whether the schema exists. InputError if it does and was not made here."""
    query = "SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = %s"
    row = connection.execute(query, [schema]).fetchone()
    if row is not None and row[0] != MARK:
        raise InputError(f"schema {schema} exists and was not made by gemba plant", hint="choose another database")
    return row is not None


def _type_of(dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.Datetime):
        return "timestamptz"
    if dtype.is_integer():
        return "bigint"
    if dtype.is_float():
        return "double precision"
    return "boolean" if dtype == pl.Boolean else "text"


def _create(connection: psycopg.Connection, schema: str, name: str, frame: pl.DataFrame) -> None:
    columns = [
        sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(_type_of(dtype)))  # type: ignore[arg-type]
        for column, dtype in frame.schema.items()
    ]
    create = sql.SQL("CREATE TABLE {} ({})")
    connection.execute(create.format(sql.Identifier(schema, name), sql.SQL(", ").join(columns)))


def _add_key(connection: psycopg.Connection, schema: str, name: str) -> None:
    table = sql.Identifier(schema, name)
    key = sql.SQL(", ").join(map(sql.Identifier, KEYS[name]))
    connection.execute(sql.SQL("ALTER TABLE {} ADD PRIMARY KEY ({})").format(table, key))
    if name in FACTS:
        index = sql.SQL("CREATE INDEX ON {} ({})")
        connection.execute(index.format(table, sql.Identifier(FACTS[name][1])))


def _add_references(connection: psycopg.Connection, schema: str, name: str) -> None:
    for column, target in REFERENCES.get(name, {}).items():
        reference = sql.SQL("ALTER TABLE {} ADD FOREIGN KEY ({}) REFERENCES {}")
        here, there = sql.Identifier(schema, name), sql.Identifier(schema, target)
        connection.execute(reference.format(here, sql.Identifier(column), there))


def _copy(connection: psycopg.Connection, table: sql.Identifier, frame: pl.DataFrame) -> None:
    """COPY in the CSV format: Polars writes it, nothing passes through Python row by row."""
    stamps = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    text = frame.with_columns(pl.col(stamps).dt.strftime("%Y-%m-%d %H:%M:%S%.6f+00")).write_csv(include_header=False)
    copy = sql.SQL("COPY {} FROM STDIN (FORMAT csv)").format(table)
    with connection.cursor() as cursor, cursor.copy(copy) as stream:
        stream.write(text)
