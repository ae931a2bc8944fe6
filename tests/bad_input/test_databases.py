"""A database that is down, refuses, or goes away in the middle of a query."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.bad_input.bakery import WHY, Bakery, rows, told

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def source_url(new_database: Callable[[str], str]) -> str:
    """The bakery's rows in a table, and in a view that takes its time."""
    url = new_database("bakery")
    engine = sa.create_engine(url)
    with engine.begin() as link:
        link.exec_driver_sql(
            "create table batches (id text, at timestamp, oven text, bread text, baked integer, burnt integer)"
        )
        names = ("id", "at", "oven", "bread", "baked", "burnt")
        listed = [dict(zip(names, line.split(","), strict=True)) for line in rows()]
        link.execute(
            sa.text("insert into batches values (:id, :at, :oven, :bread, :baked, :burnt)"),
            [{**row, "baked": int(row["baked"]), "burnt": int(row["burnt"])} for row in listed],
        )
        link.exec_driver_sql("create view slow as select b.* from batches b, pg_sleep(0.2)")
    engine.dispose()
    return url


def _in(folder: Path, url: str, table: str = "batches") -> Bakery:
    return Bakery(folder, place=f"connection: '{url}', table: {table}")


def test_a_database_that_is_down_is_named_without_its_password(tmp_path: Path) -> None:
    bakery = _in(tmp_path, "postgresql+psycopg://ann:s3cret@127.0.0.1:1/bakery")
    answer = bakery.ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 1)
    assert answer.error is not None
    assert answer.error.kind == "source_unavailable"
    for word in ("'batches'", "127.0.0.1:1", "tried 3 times", "Is the server up"):
        assert word in told(answer)
    bakery.left_nothing(answer)


def test_a_wrong_password_is_said_and_not_shown(tmp_path: Path, source_url: str) -> None:
    wrong = sa.make_url(source_url).set(password="s3cret").render_as_string(hide_password=False)
    bakery = _in(tmp_path, wrong)
    answer = bakery.ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 1)
    assert answer.error is not None
    assert answer.error.kind == "access_denied"
    assert "Check the user, the password" in told(answer)
    bakery.left_nothing(answer)


def test_an_unknown_table_is_named_with_the_nearest(tmp_path: Path, source_url: str) -> None:
    bakery = _in(tmp_path, source_url, "bathces")
    answer = bakery.ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 2)
    assert "bathces" in told(answer)
    assert "batches" in told(answer).replace("'batches'", "")
    assert str(sa.make_url(source_url).password) not in answer.model_dump_json()
    bakery.left_nothing(answer)


def test_a_connection_that_drops_in_every_query_fails_whole_and_can_be_asked_again(
    tmp_path: Path, source_url: str
) -> None:
    bakery = _in(tmp_path, source_url, "slow")
    with _dropping(source_url):
        answer = bakery.ask(WHY)
    assert (answer.status, answer.exit_code) == ("failed", 1), told(answer)
    assert answer.question is not None, "the drop came while evidence was gathered"
    assert "dropped the connection" in told(answer)
    assert str(sa.make_url(source_url).password) not in answer.model_dump_json()
    bakery.left_nothing(answer)
    again = bakery.ask(WHY)
    assert (again.status, again.cache) == ("answered", "miss")


@contextmanager
def _dropping(url: str) -> Iterator[None]:
    """Ends every backend that is summing something for Gemba, while the block runs."""
    find = sa.text(
        "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
        " and pid <> pg_backend_pid() and application_name = 'gemba' and state = 'active' and query ilike '%sum(%'"
    )
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    done = threading.Event()

    def drop() -> None:
        with engine.connect() as link:
            while not done.wait(0.02):
                link.execute(find)

    thread = threading.Thread(target=drop)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        engine.dispose()
