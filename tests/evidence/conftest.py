"""A MariaDB of the test run's own: a temporary folder, a free port, stopped and removed at the end."""

from __future__ import annotations

import getpass
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pymysql
import pytest

START_S = 30.0


@pytest.fixture(scope="session")
def new_mariadb() -> Iterator[Callable[[str], str]]:
    """Makes an empty database of a unique name and gives its SQLAlchemy URL. Skips where MariaDB is not installed."""
    server, install = (_program(name) for name in ("mariadbd", "mariadb-install-db"))
    if server is None or install is None:
        pytest.skip("mariadbd and mariadb-install-db are not installed")
    home = Path(tempfile.mkdtemp(prefix="gemba-mariadb-"))
    data, port = home / "data", _free_port()
    common = ["--no-defaults", f"--datadir={data}", f"--user={getpass.getuser()}"]
    subprocess.run(
        [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
        check=True,
        capture_output=True,
    )
    log = (home / "log").open("wb")
    place = [f"--port={port}", "--bind-address=127.0.0.1", f"--socket={home / 'socket'}", f"--pid-file={home / 'pid'}"]
    # Small and without flushing to disk: the data lives for a minute.
    small = ["--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0", "--skip-log-bin"]
    process = subprocess.Popen([server, *common, *place, *small], stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(process, port, home / "log")

        def make(name: str = "test") -> str:
            unique = f"{name}_{uuid4().hex[:8]}"
            with pymysql.connect(host="127.0.0.1", port=port, user="root") as link, link.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {unique}")
                cursor.execute("CREATE USER IF NOT EXISTS gemba@'127.0.0.1' IDENTIFIED BY 'for-tests'")
                cursor.execute(f"GRANT ALL ON {unique}.* TO gemba@'127.0.0.1'")
            return f"mariadb+pymysql://gemba:for-tests@127.0.0.1:{port}/{unique}"

        yield make
    finally:
        process.terminate()
        process.wait(timeout=START_S)
        log.close()
        shutil.rmtree(home)


def _program(name: str) -> str | None:
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin:/usr/libexec")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < end:
        try:
            pymysql.connect(host="127.0.0.1", port=port, user="root").close()
        except pymysql.OperationalError:
            time.sleep(0.1)
        else:
            return
    raise RuntimeError(f"MariaDB did not start:\n{log.read_text(errors='replace')[-2000:]}")
