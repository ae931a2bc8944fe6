"""Tables of a DuckDB file. SQLAlchemy's reflection does not know DuckDB; its own catalogue does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from gemba.errors import InputError, SourceUnavailableError
from gemba.semantics.tables import Reference, Table
from gemba.semantics.words import words

_UNREAD = ("BLOB", "STRUCT", "MAP", "UNION", "BIT")


def duckdb_tables(database: str, *, connection: str, sample_rows: int) -> tuple[Table, ...]:
    """Every table with its sample, key and references.

    Raises:
        InputError: There is no such file, or no table in it.
        SourceUnavailableError: The file is locked by another program or damaged.
    """
    import duckdb

    if not Path(database).is_file():
        raise InputError(f"{database}: there is no such database file", hint="Check the path in the URL.")
    try:
        with duckdb.connect(database, read_only=True) as link:
            return _read(link, connection, sample_rows)
    except duckdb.Error as error:
        hint = "Close other programs that have it open, or check the file."
        raise SourceUnavailableError(database, str(error).splitlines()[0], hint=hint) from error


def _read(link: Any, connection: str, sample_rows: int) -> tuple[Table, ...]:
    listed = link.execute(
        "SELECT schema_name, table_name FROM duckdb_tables() WHERE NOT internal ORDER BY schema_name, table_name"
    ).fetchall()
    if not listed:
        raise InputError("the DuckDB file holds no table", hint="Name the file that holds your data.")
    names = {(schema, table): "_".join(words(table)) or "table" for schema, table in listed}
    tables: list[Table] = []
    for (schema, table), name in names.items():
        columns = link.execute(
            "SELECT column_name, data_type FROM duckdb_columns() WHERE schema_name = ? AND table_name = ? "
            "ORDER BY column_index",
            [schema, table],
        ).fetchall()
        readable = [column for column, kind in columns if not kind.startswith(_UNREAD) and not kind.endswith("]")]
        if not readable:
            continue
        place = f"{_quoted(schema)}.{_quoted(table)}"
        sample = link.sql(f"SELECT {', '.join(map(_quoted, readable))} FROM {place} LIMIT {sample_rows}")
        frame = pl.DataFrame(sample.to_arrow_table())
        rows = link.execute(f"SELECT count(*) FROM {place}").fetchone()[0]
        decimals = [column for column, kind in frame.schema.items() if kind.is_decimal()]
        frame = frame.with_columns(pl.col(decimals).cast(pl.Float64)) if decimals else frame
        key, references = _constraints(link, schema, table, names)
        shown = table if schema == "main" else f"{schema}.{table}"
        where = {"connection": connection, "table": shown}
        tables.append(Table(name, where, frame, rows, key=key, references=references))
    return tuple(tables)


def _constraints(
    link: Any, schema: str, table: str, names: dict[tuple[str, str], str]
) -> tuple[tuple[str, ...], tuple[Reference, ...]]:
    found = link.execute(
        "SELECT constraint_type, constraint_column_names, referenced_table, referenced_column_names "
        "FROM duckdb_constraints() WHERE schema_name = ? AND table_name = ?",
        [schema, table],
    ).fetchall()
    key: tuple[str, ...] = ()
    references: list[Reference] = []
    for kind, columns, target, target_columns in found:
        if kind == "PRIMARY KEY":
            key = tuple(columns)
        elif kind == "FOREIGN KEY" and (schema, target) in names:
            references.append(Reference(tuple(columns), names[(schema, target)], tuple(target_columns)))
    return key, tuple(references)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
