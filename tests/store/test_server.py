"""The embedded server comes up, proves that it lives, and survives what happens to servers."""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
import stat
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gemba.errors import InputError
from gemba.store.connect import (
    DATABASE_URL_VARIABLE,
    Server,
    libpq_url,
    locate,
    read_record,
    record_path,
    server_from_url,
)
from gemba.store.server import EmbeddedServer, ServerError

pytestmark = pytest.mark.postgres


@pytest.fixture
def home(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.delenv(DATABASE_URL_VARIABLE, raising=False)
    folder = Path(tempfile.mkdtemp(prefix="gemba-home-"))
    folder.chmod(0o755)
    yield folder
    EmbeddedServer(folder).stop()
    record = read_record(folder)
    if record is not None:
        shutil.rmtree(record.location, ignore_errors=True)
    shutil.rmtree(folder)


def _start(home: Path) -> None:
    EmbeddedServer(home).start()


def _asks(server: Server) -> int:
    with psycopg.connect(server.url(driver="")) as connection:
        row = connection.execute("SELECT 41 + 1").fetchone()
    assert row is not None
    return row[0]


def test_a_server_starts_stops_and_starts_again_with_its_data(home: Path) -> None:
    embedded = EmbeddedServer(home)
    assert locate(home) is None
    server = embedded.start()
    assert locate(home) == server
    with psycopg.connect(server.url(driver="")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
        connection.execute("SELECT '[1,2]'::vector")
    embedded.stop()
    assert locate(home) is None
    assert not embedded.is_alive()
    embedded.stop()  # once more is no error
    again = embedded.start()
    with psycopg.connect(again.url(driver="")) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    assert stat.S_IMODE(record_path(home).stat().st_mode) == 0o600


def test_a_wrong_password_is_refused_on_socket_and_loopback(home: Path) -> None:
    server = EmbeddedServer(home).start()
    record = read_record(home)
    assert record is not None
    for host in ("127.0.0.1", str(record.socket_folder)):
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(host=host, port=server.port, user="postgres", password="guess", dbname="gemba")


def test_processes_that_start_at_once_share_one_server(home: Path) -> None:
    context = multiprocessing.get_context("spawn")
    starters = [context.Process(target=_start, args=(home,)) for _ in range(3)]
    for starter in starters:
        starter.start()
    for starter in starters:
        starter.join(60)
    assert [starter.exitcode for starter in starters] == [0, 0, 0]
    server = locate(home)
    assert server is not None
    assert _asks(server) == 42


def test_a_killed_server_recovers_and_a_reused_pid_fools_nobody(home: Path) -> None:
    embedded = EmbeddedServer(home)
    server = embedded.start()
    with psycopg.connect(server.url(driver="")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    record = read_record(home)
    assert record is not None
    pid_file = record.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    os.kill(int(lines[0]), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while locate(home) is not None and time.monotonic() < deadline:
        time.sleep(0.05)
    # The pid of a process that lives and is no PostgreSQL: our own.
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not embedded.is_alive()
    with psycopg.connect(embedded.start().url(driver="")) as connection:
        assert connection.execute("SELECT n FROM kept").fetchone() == (7,)


def test_a_taken_port_is_changed(home: Path) -> None:
    import socket

    embedded = EmbeddedServer(home)
    first = embedded.start()
    embedded.stop()
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind(("127.0.0.1", first.port))
        taker.listen()
        second = embedded.start()
        assert second.port != first.port
        assert _asks(second) == 42


def test_a_closed_home_is_not_opened_for_the_server(home: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("only root's server needs another user")
    home.chmod(0o700)
    assert _asks(EmbeddedServer(home).start()) == 42
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    record = read_record(home)
    assert record is not None
    assert not record.location.is_relative_to(home)


def test_a_broken_configuration_says_what_the_log_says(home: Path) -> None:
    embedded = EmbeddedServer(home)
    embedded.start()
    embedded.stop()
    record = read_record(home)
    assert record is not None
    with (record.data / "postgresql.conf").open("a") as file:
        file.write("shared_buffers = 'a lot'\n")
    with pytest.raises(ServerError, match="shared_buffers"):
        embedded.start()


def test_an_external_server_is_located_without_touching_the_embedded_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(DATABASE_URL_VARIABLE, "postgresql://ann:p%40ss@db.example:6543/analytics?sslmode=require")
    server = locate(tmp_path)
    assert server is not None
    assert server.url() == "postgresql+psycopg://ann:p%40ss@db.example:6543/analytics?sslmode=require"
    assert server.url("dagster", "psycopg2").startswith("postgresql+psycopg2://ann:p%40ss@db.example:6543/dagster")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("url", ["mysql://h/d", "postgresql://h", "postgresql:///d", "postgresql://h:port/d", "x"])
def test_a_url_that_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=DATABASE_URL_VARIABLE):
        server_from_url(url)


def test_libpq_reads_urls_without_a_driver() -> None:
    assert libpq_url("postgresql+psycopg://a@h/d") == "postgresql://a@h/d"
    assert libpq_url("postgresql://a@h/d") == "postgresql://a@h/d"
