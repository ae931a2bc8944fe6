"""Tables as `gemba model infer` sees them: a sample of rows, keys, references. Read from files and databases."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from glob import glob, has_magic
from pathlib import Path
from typing import Any

import polars as pl
import sqlalchemy as sa
from sqlalchemy import exc

from gemba.errors import AccessDeniedError, InputError, SourceUnavailableError, UnreadableFileError
from gemba.semantics.connection import expand
from gemba.semantics.words import identifies, singular, words

SAMPLE_ROWS = 50_000
_SYSTEM_SCHEMAS = frozenset({"information_schema", "pg_catalog", "pg_toast", "mysql", "performance_schema", "sys"})
_FILE_ENDINGS = (".csv", ".parquet", ".pq", ".tsv")


@dataclass(frozen=True, slots=True)
class Reference:
    """`columns` here name one row of `table` by its `keys`."""

    columns: tuple[str, ...]
    table: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table or set of files. `place` is what the model says about where it is.

    `frame` holds at most `SAMPLE_ROWS` rows, in stored order; `rows` counts all, and `whole` says they are the same.
    """

    name: str
    place: dict[str, Any]
    frame: pl.DataFrame
    rows: int
    key: tuple[str, ...] = ()
    references: tuple[Reference, ...] = field(default=())

    @property
    def whole(self) -> bool:
        return self.frame.height == self.rows


def read_tables(source: str, *, name: str) -> tuple[Table, ...]:
    """The tables behind a file, a glob, a folder of files, or a database URL (`${NAME}` from the environment).

    Raises:
        InputError: There is nothing there, or the URL cannot be read.
        UnreadableFileError: A file is empty, truncated or not UTF-8.
        SourceUnavailableError, AccessDeniedError: The database does not answer or refuses.
    """
    if "://" in source or source.startswith("${"):
        return _database(source, name=name)
    path = Path(source).expanduser()
    if path.is_dir():
        found = sorted(item for item in path.iterdir() if item.suffix.lower() in _FILE_ENDINGS)
        if not found:
            raise InputError(f"{source}: no CSV or Parquet file in this folder", hint="Name a file, a glob or a URL.")
        return linked(tuple(_files(str(item)) for item in found))
    return (_files(str(path)),)


def linked(tables: Sequence[Table]) -> tuple[Table, ...]:
    """Tables of files with references found by name and value: `machine_id` here, all of it a key of `machines`."""
    return tuple(
        table if table.references else replace(table, references=tuple(_references(table, tables))) for table in tables
    )


def _references(table: Table, tables: Sequence[Table]) -> list[Reference]:
    found: list[Reference] = []
    for other in tables:
        if other.name == table.name or len(other.key) != 1 or not other.whole or other.rows > table.rows:
            continue
        key = other.key[0]
        one = singular(other.name)
        for column in table.frame.columns:
            # A table's own key may be a reference only by another name, else twins would refer to each other.
            named = column.lower() in {f"{one}_{key}".lower(), f"{one}_id", f"{one}id"} or (
                column == key and identifies(key)
            )
            if not named or table.key == (column,) or table.frame[column].dtype != other.frame[key].dtype:
                continue
            if table.frame[column].drop_nulls().is_in(other.frame[key].implode()).all():
                found.append(Reference((column,), other.name, (key,)))
                break
    return found


def _files(pattern: str) -> Table:
    paths = sorted(glob(pattern, recursive=True)) if has_magic(pattern) else [pattern]  # noqa: PTH207 - any pattern
    if not paths:
        raise InputError(f"{pattern}: no file matches", hint="Check the folder, or quote the pattern.")
    scans = [_scan(Path(path)) for path in paths]
    try:
        lazy = pl.concat(scans, how="vertical_relaxed") if len(scans) > 1 else scans[0]
        frame = lazy.head(SAMPLE_ROWS).collect()
        rows = int(lazy.select(pl.len()).collect().item())
    except pl.exceptions.PolarsError as error:
        raise UnreadableFileError(pattern, _reason(error), hint="Check that the files are whole and alike.") from error
    if frame.width == 1 and ";" in frame.columns[0]:
        raise UnreadableFileError(pattern, "columns are separated by ';'", hint="Save it with commas, or as Parquet.")
    if rows == 0:
        raise UnreadableFileError(pattern, "it has a header but no rows", hint="Give a file with rows to draft from.")
    stem = re.sub(r"[*?\[\]\d]+", "", Path(pattern).stem)
    name = "_".join(words(stem)) or "_".join(words(Path(pattern).parent.name)) or "data"
    name = f"n_{name}" if name[0].isdigit() else name
    table = Table(name, {"files": str(Path(pattern).resolve())}, frame, rows)
    return replace(table, key=_key(table))


def _scan(path: Path) -> pl.LazyFrame:
    if not path.is_file():
        raise InputError(
            f"{path}: there is no such file", hint="Name a CSV or Parquet file, a folder, a glob or a URL."
        )
    if path.stat().st_size == 0:
        raise UnreadableFileError(str(path), "the file is empty (0 bytes)", hint="Write it again, or leave it out.")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            return pl.scan_parquet(path)
        head = path.read_bytes()[:1_000_000] if path.stat().st_size < 50_000_000 else b""
        _check_text(path, head)
        scan = pl.scan_csv(path, infer_schema_length=10_000, separator="\t" if path.suffix.lower() == ".tsv" else ",")
        scan.collect_schema()
    except pl.exceptions.PolarsError as error:
        raise UnreadableFileError(str(path), _reason(error), hint="Check that it is a whole CSV file.") from error
    return scan


def _check_text(path: Path, head: bytes) -> None:
    try:
        head[: head.rfind(b"\n") + 1 or None].decode("utf-8")
    except UnicodeDecodeError as error:
        line = head.count(b"\n", 0, error.start) + 1
        reason = f"line {line} is not UTF-8"
        raise UnreadableFileError(str(path), reason, hint="Save the file as UTF-8.") from error


def _key(table: Table) -> tuple[str, ...]:
    """A column whose values are all there and all different; an identifier or the first column before others."""
    if not table.whole or table.rows < 2:
        return ()
    frame = table.frame
    unique = [
        column
        for column in frame.columns
        if not frame[column].dtype.is_float() and not frame[column].null_count() and frame[column].is_unique().all()
    ]
    named = [column for column in unique if identifies(column)]
    return tuple((named or [column for column in unique if column == frame.columns[0]])[:1])


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split("\n\n")[0].split())[:200]


def _database(url: str, *, name: str) -> tuple[Table, ...]:
    expanded = expand(url)
    try:
        parsed = sa.make_url(expanded)
    except exc.ArgumentError as error:
        hint = "Write driver://user:password@host/database, for example postgresql+psycopg://…"
        raise InputError(f"{url.split('@')[-1]!r} is no SQLAlchemy URL", hint=hint) from error
    connection = url
    if "${" not in url and parsed.password:
        connection = f"${{{name.upper()}_URL}}"
    if parsed.get_backend_name() == "duckdb":
        from gemba.semantics.duckdb_tables import duckdb_tables

        return duckdb_tables(parsed.database or ":memory:", connection=connection, sample_rows=SAMPLE_ROWS)
    if parsed.get_backend_name() == "postgresql" and parsed.drivername == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() in ("mysql", "mariadb") and "+" not in parsed.drivername:
        parsed = parsed.set(drivername=f"{parsed.drivername}+pymysql")
    if parsed.get_backend_name() == "sqlite" and parsed.database and not Path(parsed.database).is_file():
        raise InputError(f"{parsed.database}: there is no such database file", hint="Check the path in the URL.")
    shown = parsed.render_as_string(hide_password=True)
    try:
        engine = sa.create_engine(parsed)
    except (exc.NoSuchModuleError, ModuleNotFoundError) as error:
        raise InputError(f"{shown}: no driver for this database is installed", hint=str(error)) from error
    try:
        with engine.connect() as link:
            tables = _reflected(link, connection)
    except exc.DBAPIError as error:
        reason = _reason(error.orig or error)
        if re.search(r"password|access denied|authentication|permission denied", reason, re.IGNORECASE):
            raise AccessDeniedError(shown, reason, hint="Check user and password in the URL.") from error
        raise SourceUnavailableError(shown, reason, hint="Check that it runs and that the URL is right.") from error
    finally:
        engine.dispose()
    if not tables:
        raise InputError(f"{shown}: no tables that this user can read", hint="Check the database and its grants.")
    return tuple(tables)


def _reflected(link: sa.Connection, connection: str) -> list[Table]:
    inspector = sa.inspect(link)
    default = inspector.default_schema_name
    on_file = link.dialect.name == "sqlite"
    schemas = [
        schema
        for schema in ([None] if on_file else inspector.get_schema_names())
        if schema is None or (schema not in _SYSTEM_SCHEMAS and not schema.startswith("pg_"))
    ]
    if link.dialect.name in ("mysql", "mariadb"):
        schemas = [default]
    tables: list[Table] = []
    taken: set[str] = set()
    names: dict[tuple[str | None, str], str] = {}
    for schema in schemas:
        for table in inspector.get_table_names(schema=schema):
            name = "_".join(words(table)) or "table"
            name = name if name not in taken else f"{schema}_{name}"
            taken.add(name)
            names[(schema, table)] = name
    for (schema, table), name in names.items():
        columns = inspector.get_columns(table, schema=schema)
        readable = [sa.column(column["name"]) for column in columns if _is_plain(column["type"])]
        if not readable:
            continue
        place = sa.table(table, schema=schema)
        sample = link.execute(sa.select(*readable).select_from(place).limit(SAMPLE_ROWS))
        frame = pl.DataFrame(
            [tuple(_simple(value) for value in row) for row in sample],
            schema=list(sample.keys()),
            orient="row",
            infer_schema_length=None,
            strict=False,
        )
        rows = frame.height
        if rows == SAMPLE_ROWS:
            rows = link.execute(sa.select(sa.func.count()).select_from(place)).scalar_one()
        references = []
        for foreign in inspector.get_foreign_keys(table, schema=schema):
            target = names.get((foreign.get("referred_schema") or schema, foreign["referred_table"]))
            if target is not None and target != name:
                columns_here, keys = foreign["constrained_columns"], foreign["referred_columns"]
                references.append(Reference(tuple(columns_here), target, tuple(keys)))
        shown = table if schema in (None, default) else f"{schema}.{table}"
        key = tuple(inspector.get_pk_constraint(table, schema=schema).get("constrained_columns") or ())
        where = {"connection": connection, "table": shown}
        tables.append(Table(name, where, frame, rows, key=key, references=tuple(references)))
    return tables


def _is_plain(kind: Any) -> bool:
    unread = (sa.LargeBinary, sa.JSON, sa.ARRAY, sa.types.NullType)
    return not isinstance(kind, unread)


def _simple(value: Any) -> Any:
    from decimal import Decimal
    from uuid import UUID

    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, UUID):
        return str(value)
    return None if isinstance(value, memoryview | bytes) else value
