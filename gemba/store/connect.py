"""Where the PostgreSQL server is, without starting one and without importing a database driver.

A `Server` is an address with credentials. `locate` finds a running one in milliseconds: a command that may be
answered from the cache must not pay for more.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

from gemba.errors import InputError

DATABASE_URL_VARIABLE = "GEMBA_DATABASE_URL"
GEMBA_DATABASE = "gemba"
DAGSTER_DATABASE = "dagster"
DRIVERS = ("psycopg", "psycopg2", "")


@dataclass(frozen=True, slots=True)
class Server:
    """Address of a PostgreSQL server, with the credentials of the owner of our databases.

    `gemba_database` is the name that `gemba` has there: with `GEMBA_DATABASE_URL` it is the database of the URL.
    `options` are further parameters of the URL, such as `sslmode`. `log` is the embedded server's log file.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    gemba_database: str = GEMBA_DATABASE
    options: tuple[tuple[str, str], ...] = ()
    embedded: bool = False
    log: Path | None = None

    def url(self, database: str = GEMBA_DATABASE, driver: str = "psycopg") -> str:
        """SQLAlchemy URL of a database: driver `psycopg` (ours), `psycopg2` (Dagster's), or "" for libpq's form."""
        return self.url_as(self.user, self.password, database=database, driver=driver)

    def url_as(self, user: str, password: str, *, database: str = GEMBA_DATABASE, driver: str = "psycopg") -> str:
        """The same for another login role, for example an analyst's."""
        if driver not in DRIVERS:
            raise InputError(f"driver {driver!r} is none of {', '.join(map(repr, DRIVERS))}")
        name = self.gemba_database if database == GEMBA_DATABASE else database
        scheme = f"postgresql+{driver}" if driver else "postgresql"
        login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
        query = f"?{urlencode(self.options)}" if self.options else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{scheme}://{login}@{host}:{self.port}/{quote(name, safe='')}{query}"


def libpq_url(url: str) -> str:
    """A SQLAlchemy URL as libpq and psycopg read it: without the driver."""
    scheme, separator, rest = url.partition("://")
    return f"{scheme.split('+')[0]}{separator}{rest}"


def server_from_url(url: str) -> Server:
    """Read the address of an external server.

    Raises:
        InputError: It is not a PostgreSQL URL with a host and a database.
    """
    hint = f"set {DATABASE_URL_VARIABLE} to postgresql://user:password@host:5432/database"
    parts = urlsplit(url)
    if parts.scheme.split("+")[0] not in ("postgresql", "postgres"):
        raise InputError(f"{DATABASE_URL_VARIABLE}: not a PostgreSQL URL", hint=hint)
    database = unquote(parts.path.lstrip("/"))
    try:
        port = parts.port or 5432
    except ValueError as error:
        raise InputError(f"{DATABASE_URL_VARIABLE}: {error}", hint=hint) from error
    if not parts.hostname or not database:
        raise InputError(f"{DATABASE_URL_VARIABLE}: host and database must be named", hint=hint)
    return Server(
        host=parts.hostname,
        port=port,
        user=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        gemba_database=database,
        options=tuple(parse_qsl(parts.query)),
    )


@dataclass(frozen=True, slots=True)
class Record:
    """What the supervisor wrote down about the embedded server: `postgres.json` in home, readable by its owner only.

    `location` holds the cluster, the log and the socket. It is `home/postgres` unless the server's system user
    could not reach that.
    """

    location: Path
    port: int
    password: str = field(repr=False)
    owner_password: str = field(repr=False)
    socket_folder: Path

    @property
    def data(self) -> Path:
        return self.location / "data"

    @property
    def log(self) -> Path:
        return self.location / "postgres.log"

    def server(self) -> Server:
        return Server("127.0.0.1", self.port, GEMBA_DATABASE, self.owner_password, embedded=True, log=self.log)

    def superuser(self) -> Server:
        """For the supervisor alone: superusers pass row-level security."""
        return Server("127.0.0.1", self.port, "postgres", self.password, embedded=True, log=self.log)


def record_path(home: Path) -> Path:
    return home / "postgres.json"


def read_record(home: Path) -> Record | None:
    """The record of home's embedded server; None if there never was one.

    Raises:
        InputError: The file is there and cannot be read.
    """
    path = record_path(home)
    try:
        data = json.loads(path.read_text())
        return Record(
            location=Path(data["location"]),
            port=int(data["port"]),
            password=data["password"],
            owner_password=data["owner_password"],
            socket_folder=Path(data["socket_folder"]),
        )
    except FileNotFoundError:
        return None
    except (PermissionError, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path}: cannot be read ({type(error).__name__}: {error})",
            hint="run as the user who started Gemba here, or restore the file; it holds the server's password",
        ) from error


def listens(record: Record) -> bool:
    """Whether the cluster of this record accepts connections.

    Asks on the Unix socket in its own folder: nothing but that cluster listens there, whatever process has its
    pid or its port by now.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(str(record.socket_folder / f".s.PGSQL.{record.port}"))
        except OSError:
            return False
    return True


def locate(home: Path) -> Server | None:
    """The server to use, if one is up: `GEMBA_DATABASE_URL`'s, else home's embedded one. Starts nothing.

    An external server is not asked whether it is up; connecting will tell.
    """
    url = os.environ.get(DATABASE_URL_VARIABLE)
    if url:
        return server_from_url(url)
    record = read_record(home)
    return record.server() if record is not None and listens(record) else None
