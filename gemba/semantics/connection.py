"""Connections of sources: `${NAME}` stands for a variable of the environment and is read only when connecting."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from gemba.errors import InputError

_VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)\}")
_ON_DISK = re.compile(r"(?P<scheme>(?:sqlite|duckdb)(?:\+\w+)?:///)(?P<path>[^/:?][^?]*)(?P<rest>\?.*)?")


def expand(connection: str, *, environment: Mapping[str, str] | None = None) -> str:
    """The connection with every `${NAME}` replaced. `environment` defaults to the process's own.

    Raises:
        InputError: A variable is not set, or set to nothing. Names all of them, never their values.
    """
    variables = os.environ if environment is None else environment
    missing = sorted({name for name in _VARIABLE.findall(connection) if not variables.get(name)})
    if missing:
        raise InputError(
            f"the environment variable {' and '.join(missing)} is not set; a source's connection needs it",
            hint=f"For example: export {missing[0]}=postgresql+psycopg://user:password@host/database",
        )
    return _VARIABLE.sub(lambda match: variables[match["name"]], connection)


def connection_problem(connection: str) -> str | None:
    """Why a connection as written in a model cannot be one; None where it can. Nothing is connected."""
    if re.search(r"\$(?!\{)", re.sub(r"//[^/]*@", "//", connection)) or re.search(
        r"\$\{(?![A-Za-z_][A-Za-z0-9_]*\})", connection
    ):
        return "a $ stands without {NAME}"
    if _VARIABLE.search(connection):
        return None
    if not re.match(r"[A-Za-z][\w+]*://", connection):
        return f"{connection.split('@')[-1]!r} is no SQLAlchemy URL"
    return None


def anchored(connection: str, folder: Path) -> str:
    """A SQLite or DuckDB file named relatively, made absolute against `folder`; anything else as it is."""
    match = _ON_DISK.fullmatch(connection)
    if match is None or "${" in match["path"]:
        return connection
    return f"{match['scheme']}{(folder / match['path']).resolve()}{match['rest'] or ''}"
