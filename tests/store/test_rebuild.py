"""Projections follow from events alone: dropped and rebuilt they are the same rows."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from gemba.store.archive import PostgresArchive
from gemba.store.connect import libpq_url
from gemba.store.install import install
from gemba.store.migrate import migrate
from gemba.store.projections.catalogue import TABLES
from gemba.store.projections.sql import SCHEMA
from gemba.store.rebuild import rebuild, tenants
from gemba.store.reconcile import reconcile
from tests.store.examples import every_event

pytestmark = pytest.mark.postgres


def _fill(url: str, tenant: str, questions: int = 1) -> int:
    archive = PostgresArchive(url, tenant)
    count = 0
    for number in range(questions):
        for stream, events in every_event(f"k{number}").items():
            archive.record(f"{stream}-{number}", *events)
            count += len(events)
    archive.close()
    return count


def _rows(url: str, tenant: str) -> dict[str, list[str]]:
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute("SELECT set_config('gemba.tenant', %s, true)", [tenant])
        return {
            table: [row[0] for row in connection.execute(f"SELECT t::text FROM {SCHEMA}.{table} AS t ORDER BY 1")]
            for table in TABLES
        }


def test_a_rebuild_gives_the_same_rows(postgres_url: str, tenant: str) -> None:
    count = _fill(postgres_url, tenant, questions=3)
    before = _rows(postgres_url, tenant)
    assert all(before.values()), "every table has rows"
    assert rebuild(postgres_url, tenant) == {tenant: count}
    assert _rows(postgres_url, tenant) == before


def test_dropped_tables_are_made_and_filled_again(new_database: Callable[[str], str]) -> None:
    url = new_database("dropped")
    migrate(url)
    for tenant in ("one", "two"):
        _fill(url, tenant)
    before = {tenant: _rows(url, tenant) for tenant in ("one", "two")}
    with psycopg.connect(libpq_url(url)) as connection:
        install(connection)
    assert not any(_rows(url, "one").values())
    assert tenants(url) == ("one", "two")
    rebuild(url)
    assert {tenant: _rows(url, tenant) for tenant in ("one", "two")} == before


def test_a_changed_definition_rebuilds_at_the_next_migration(new_database: Callable[[str], str]) -> None:
    url = new_database("changed")
    migrate(url)
    _fill(url, "one")
    before = _rows(url, "one")
    with psycopg.connect(libpq_url(url)) as connection:
        connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS 'an older fingerprint'")
        connection.execute(f"ALTER TABLE {SCHEMA}.feedback ADD COLUMN old text")
    migrate(url)
    assert _rows(url, "one") == before


def test_reconciliation_finds_equal_projections_equal(postgres_url: str, tenant: str) -> None:
    count = _fill(postgres_url, tenant)
    (found,) = reconcile(postgres_url, tenant)
    assert found.is_equal
    assert found.events == count
    assert found.rows == sum(len(rows) for rows in _rows(postgres_url, tenant).values())


def test_reconciliation_names_tables_and_rows_that_were_tampered_with(postgres_url: str, tenant: str) -> None:
    _fill(postgres_url, tenant)
    with psycopg.connect(libpq_url(postgres_url)) as connection:
        connection.execute("SELECT set_config('gemba.tenant', %s, true)", [tenant])
        connection.execute(f"UPDATE {SCHEMA}.claim SET effect = 99 WHERE insight_id = 'i_2' AND claim_id = 'c_1'")
        connection.execute(f"DELETE FROM {SCHEMA}.feedback")
    (found,) = reconcile(postgres_url, tenant)
    assert [(one.table, one.missing, one.unexpected) for one in found.differences] == [
        ("claim", 1, 1),
        ("feedback", 1, 0),
    ]
    assert found.differences[0].examples == ("i_2 / c_1",)
    rebuild(postgres_url, tenant)
    (found,) = reconcile(postgres_url, tenant)
    assert found.is_equal
