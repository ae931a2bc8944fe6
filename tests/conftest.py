"""Shared fixtures. One embedded PostgreSQL serves a whole test run, whatever number of workers it has."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from gemba.store.connect import DATABASE_URL_VARIABLE, Server
from gemba.store.databases import ensure_database
from gemba.store.migrate import migrate
from gemba.store.server import EmbeddedServer

# How fast a busy machine draws examples says nothing about the code.
settings.register_profile("patient", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("patient")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """The embedded server of this run, fresh, stopped and removed when its last worker ends."""
    home = postgres_home()
    users = home / "users"
    users.mkdir(parents=True, exist_ok=True)
    me = users / str(os.getpid())
    embedded = EmbeddedServer(home)
    with _alone(home):
        me.touch()
        server = embedded.start()
    yield server
    with _alone(home):
        me.unlink()
        last = not any(users.iterdir())
        if last:
            embedded.stop()
    if last:
        shutil.rmtree(home)


def postgres_home() -> Path:
    """Directly under the temporary folder: as root, the server's own user must be able to reach it."""
    run = os.environ.get("PYTEST_XDIST_TESTRUNUID") or str(os.getpid())
    return Path(tempfile.gettempdir()) / f"gemba-tests-{run}"


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    with (home / "tests.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def new_database(postgres_server: Server) -> Callable[[str], str]:
    """Makes an empty database of a unique name and gives its SQLAlchemy URL (psycopg 3)."""

    def make(name: str = "test") -> str:
        unique = f"{name}_{uuid4().hex[:8]}"
        ensure_database(postgres_server, unique)
        return postgres_server.url(unique)

    return make


@pytest.fixture(scope="session")
def postgres_url(new_database: Callable[[str], str]) -> str:
    """A database of this worker with our schema in it. Keep tests apart by `tenant`."""
    url = new_database("gemba")
    migrate(url)
    return url


@pytest.fixture
def tenant() -> str:
    """A tenant that no other test uses."""
    return f"tenant-{uuid4().hex[:8]}"


@pytest.fixture
def no_external_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(DATABASE_URL_VARIABLE, raising=False)
