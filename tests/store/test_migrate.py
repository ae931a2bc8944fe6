"""Migrations run once, whoever calls them at once, and servers that cannot hold the data are told."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psycopg
import pytest

from gemba.errors import AccessDeniedError, SourceUnavailableError
from gemba.store import databases
from gemba.store.archive import PostgresArchive
from gemba.store.connect import DATABASE_URL_VARIABLE, Server, libpq_url, read_record
from gemba.store.databases import StoreUnsuitableError, check_server
from gemba.store.migrate import HEAD, migrate
from gemba.store.server import EmbeddedServer, open_server
from tests.conftest import postgres_home
from tests.store.examples import asked

pytestmark = pytest.mark.postgres


@pytest.fixture
def superuser_url(new_database: Callable[[str], str]) -> str:
    """An empty database, as its server's superuser sees it."""
    name = libpq_url(new_database("super")).rpartition("/")[2]
    record = read_record(postgres_home())
    assert record is not None
    return record.superuser().url(name)


def test_those_who_migrate_at_once_queue_up(new_database: Callable[[str], str]) -> None:
    url = new_database("race")
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(migrate, [url] * 4))
    migrate(url)
    archive = PostgresArchive(url, "default")
    assert archive.ask("a", asked("k"))
    archive.close()


def test_the_head_is_the_newest_migration() -> None:
    folder = Path(databases.__file__).parent / "migrations" / "versions"
    assert sorted(path.name[:4] for path in folder.glob("[0-9]*.py"))[-1] == HEAD


def test_a_database_without_our_schema_says_what_to_do(new_database: Callable[[str], str]) -> None:
    archive = PostgresArchive(new_database("bare"), "default")
    with pytest.raises(StoreUnsuitableError, match="no Gemba schema") as caught:
        archive.current("k")
    assert "gemba up" in caught.value.hint


def test_a_superusers_url_does_not_pass_row_level_security(superuser_url: str) -> None:
    migrate(superuser_url)
    archives = {tenant: PostgresArchive(superuser_url, tenant) for tenant in ("north", "south")}
    assert archives["north"].ask("a", asked("k"))
    assert archives["south"].question("a") is None
    assert archives["south"].ask("a", asked("k"))
    with archives["north"]._connections.transaction() as cursor:
        cursor.execute("SELECT current_user, count(*) FROM gemba.event")
        assert cursor.fetchone() == ("gemba_app", 1)
    for archive in archives.values():
        archive.close()


def test_a_login_without_rights_is_told(new_database: Callable[[str], str], postgres_server: Server) -> None:
    url = new_database("rights")
    login = f"nobody_{url.rpartition('_')[2]}"
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(f"CREATE ROLE {login} LOGIN PASSWORD 'x'")
    with pytest.raises(AccessDeniedError, match="permission denied"):
        migrate(postgres_server.url_as(login, "x", database=libpq_url(url).rpartition("/")[2]))
    with pytest.raises(AccessDeniedError, match="authentication failed"):
        migrate(postgres_server.url_as(login, "y"))
    with pytest.raises(AccessDeniedError, match="authentication failed"):
        PostgresArchive(postgres_server.url_as(login, "y"), "default").current("k")


def test_a_server_that_is_down_is_told() -> None:
    nowhere = Server("127.0.0.1", 1, "gemba", "x")
    for attempt in (
        lambda: migrate(nowhere.url()),
        lambda: check_server(nowhere),
    ):
        with pytest.raises(SourceUnavailableError) as caught:
            attempt()
        assert "up?" in caught.value.hint


def test_an_external_server_is_checked_and_the_embedded_one_left_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_database: Callable[[str], str]
) -> None:
    url = libpq_url(new_database("external"))
    monkeypatch.setenv(DATABASE_URL_VARIABLE, url)
    server = open_server(tmp_path)
    assert server.url(driver="") == url
    migrate(server.url())
    assert list(tmp_path.iterdir()) == []
    assert not EmbeddedServer(tmp_path).is_alive()
    monkeypatch.setattr(databases, "OLDEST_SERVER", 990000)
    with pytest.raises(StoreUnsuitableError, match="or newer is needed"):
        open_server(tmp_path)
