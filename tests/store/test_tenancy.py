"""Tenants see nothing of each other, people only their own, and nobody changes what happened."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from sqlalchemy import text

from gemba.errors import InputError
from gemba.store.analysts import add_analyst, analyst_url
from gemba.store.archive import PostgresArchive
from gemba.store.connect import Server, libpq_url
from gemba.store.connections import Connections
from gemba.store.engine import engine
from gemba.store.migrate import migrate
from gemba.store.projections.catalogue import TABLES, VIEWS
from gemba.store.projections.sql import SCHEMA
from tests.store.examples import every_event

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    """Two tenants with the same keys and ids."""
    made = new_database("tenancy")
    migrate(made)
    for tenant in ("north", "south"):
        archive = PostgresArchive(made, tenant)
        for stream, events in every_event("k").items():
            archive.record(stream, *events)
        archive.close()
    return made


@pytest.fixture
def analyst(url: str, postgres_server: Server) -> psycopg.Connection:
    login = "ann_" + url.rpartition("_")[2]
    add_analyst(url, login, tenant="north", password="s'ecret")
    database = libpq_url(url).rpartition("/")[2]
    return psycopg.connect(postgres_server.url_as(login, "s'ecret", database=database, driver=""), autocommit=True)


def test_without_a_tenant_nothing_is_seen(url: str) -> None:
    with psycopg.connect(libpq_url(url)) as connection:
        for table in ("gemba.event", *(f"{SCHEMA}.{table}" for table in TABLES), *(f"gemba.{view}" for view in VIEWS)):
            assert connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table


def test_pooled_connections_carry_no_tenant_over(url: str) -> None:
    pools = {tenant: Connections(url, tenant) for tenant in ("north", "south")}
    shared = pools["north"]
    pools["south"]._idle = shared._idle  # both tenants draw from the same connections

    def seen(number: int) -> set[str]:
        with pools[("north", "south")[number % 2]].transaction() as cursor:
            cursor.execute(f"SELECT DISTINCT tenant FROM {SCHEMA}.claim UNION SELECT tenant FROM gemba.event")
            return {row[0] for row in cursor}

    with ThreadPoolExecutor(6) as threads:
        for number, tenants in enumerate(threads.map(seen, range(120))):
            assert tenants == {("north", "south")[number % 2]}
    with shared.new() as connection:
        assert connection.execute("SELECT count(*) FROM gemba.event").fetchone() == (0,)


def test_the_application_may_not_write_for_another_tenant(url: str) -> None:
    connections = Connections(url, "north")
    refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security")
    with refused, connections.transaction() as cursor:
        cursor.execute(
            "INSERT INTO gemba.event (tenant, stream, version, event_id, type, type_version, payload)"
            " VALUES ('south', 'question/x', 1, gen_random_uuid(), 'CacheServed', 1, '{}')"
        )
    with connections.transaction() as cursor:
        cursor.execute(f"UPDATE {SCHEMA}.insight SET summary = 'x' WHERE tenant = 'south'")
        assert cursor.rowcount == 0
    connections.close()


def test_events_cannot_be_changed_even_by_the_owner(url: str) -> None:
    for command in ("UPDATE gemba.event SET type = 'x'", "DELETE FROM gemba.event", "TRUNCATE gemba.event"):
        with psycopg.connect(libpq_url(url)) as connection:
            connection.execute("SELECT set_config('gemba.tenant', 'north', true)")
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                connection.execute(command)
        connections = Connections(url, "north")
        refused = pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied")
        with refused, connections.transaction() as cursor:
            cursor.execute(command)
        connections.close()


def test_an_engine_is_bound_to_its_tenant(url: str) -> None:
    made = engine(url, "south")
    for _ in range(3):
        with made.connect() as connection:
            assert connection.execute(text("SELECT DISTINCT tenant FROM gemba.claim")).scalars().all() == ["south"]
            assert connection.execute(text("SELECT current_user")).scalar() == "gemba_app"
    made.dispose()


def test_an_analyst_reads_the_views_of_one_tenant_whatever_the_session_sets(analyst: psycopg.Connection) -> None:
    analyst.execute("SET gemba.tenant = 'south'")
    for view in VIEWS:
        tenants = {row[0] for row in analyst.execute(f"SELECT tenant FROM {view}")}
        assert tenants == {"north"}, view
    for command in (
        "SELECT * FROM gemba.event",
        "SELECT * FROM gemba.lease",
        "SELECT * FROM gemba.analyst",
        "INSERT INTO gemba.analyst VALUES ('ann', 'south')",
        "SET ROLE gemba_app",
        f"UPDATE {SCHEMA}.insight SET summary = 'x'",
        f"DELETE FROM {SCHEMA}.feedback",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            analyst.execute(command)


def test_an_analyst_asks_by_inserting_a_row(analyst: psycopg.Connection, url: str) -> None:
    question = "Why did output fall on line 3?"
    analyst.execute("INSERT INTO question (text, model) VALUES (%s, 'factory')", [question])
    analyst.execute(
        "INSERT INTO gemba.question (text, model, as_of) VALUES (%s, 'factory', '2026-11-16 08:00+01')", [question]
    )
    archive = PostgresArchive(url, "north")
    asked = [one for one in archive.submissions() if one.text == question]
    assert [one.asked_by for one in asked] == [analyst.info.user] * 2
    assert [one.as_of is None for one in asked] == [True, False]
    assert all(one.stream.startswith("intake/") for one in asked)
    rows = analyst.execute("SELECT state FROM question WHERE text = %s", [question]).fetchall()
    assert rows == [("submitted",), ("submitted",)]
    archive.close()
    south = PostgresArchive(url, "south")
    assert question not in {one.text for one in south.submissions()}
    south.close()


def test_an_analyst_gives_feedback_by_inserting_a_row(analyst: psycopg.Connection, url: str) -> None:
    analyst.execute("INSERT INTO feedback (insight_id, vote, why) VALUES ('i_2', 'up', 'spot on')")
    archive = PostgresArchive(url, "north")
    assert [row["vote"] for row in archive.query("feedback") if row["given_by"] == analyst.info.user] == ["up"]
    archive.close()


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("INSERT INTO question (text, model) VALUES ('', 'factory')", "text and model"),
        ("INSERT INTO question (text) VALUES ('why?')", "text and model"),
        ("INSERT INTO question (tenant, text, model) VALUES ('south', 'why?', 'factory')", "not yours"),
        ("INSERT INTO feedback (insight_id, vote) VALUES ('i_2', 'maybe')", "up or down"),
        ("INSERT INTO feedback (insight_id, vote) VALUES ('i_404', 'up')", "no insight i_404"),
    ],
)
def test_rows_that_mean_nothing_are_refused(analyst: psycopg.Connection, command: str, message: str) -> None:
    with pytest.raises(psycopg.Error, match=message):
        analyst.execute(command)


def test_a_first_look_needs_no_setting(url: str, postgres_server: Server) -> None:
    server = replace(postgres_server, gemba_database=libpq_url(url).rpartition("/")[2])
    for _ in range(2):
        with psycopg.connect(analyst_url(server, "south")) as connection:
            assert connection.execute("SELECT DISTINCT tenant FROM insight_current").fetchall() == [("south",)]


def test_a_login_that_is_no_analysts_is_left_alone(url: str) -> None:
    with pytest.raises(InputError, match="no analyst"):
        add_analyst(url, "postgres", tenant="north", password="x")


def test_every_table_and_column_is_commented(url: str) -> None:
    with psycopg.connect(libpq_url(url)) as connection:
        bare = connection.execute(
            "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0"
            " WHERE c.relnamespace = 'gemba'::regnamespace AND c.relkind = 'v'"
            " AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid) IS NULL)"
        ).fetchall()
        views = connection.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'gemba'::regnamespace AND relkind = 'v'"
        ).fetchall()
    assert bare == []
    assert {view for (view,) in views} == set(VIEWS)


def test_row_level_security_is_forced_on_every_table_with_a_tenant(url: str) -> None:
    with psycopg.connect(libpq_url(url)) as connection:
        open_tables = connection.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relkind = 'r' AND a.attname = 'tenant' AND c.relnamespace::regnamespace::text LIKE 'gemba%'"
            " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
        ).fetchall()
    assert open_tables == [("analyst",)], "which only the owner can read"
