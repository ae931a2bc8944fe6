"""Makes the projections' tables and the analysts' views from their definitions, and fills them from the events.

They hold nothing that the events do not, so they are not migrated: when a definition changes they are dropped,
made anew and rebuilt.
"""

from __future__ import annotations

import hashlib
from importlib.resources import files

import psycopg
from psycopg import sql

from gemba.store.connections import Cursor
from gemba.store.projections.catalogue import PROJECTIONS, TABLES, VIEWS
from gemba.store.projections.sql import SCHEMA, create_table, create_view, literal

CHECKPOINT = f"""
CREATE TABLE {SCHEMA}.checkpoint (
    tenant    text PRIMARY KEY,
    position  bigint NOT NULL
);
COMMENT ON TABLE {SCHEMA}.checkpoint IS 'The last event that the projections of a tenant have taken in.';
ALTER TABLE {SCHEMA}.checkpoint ENABLE ROW LEVEL SECURITY;
ALTER TABLE {SCHEMA}.checkpoint FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON {SCHEMA}.checkpoint USING (tenant = (SELECT gemba.session_tenant()))
"""


def fingerprint() -> str:
    """Hash of all definitions: what is installed under another one is out of date."""
    text = "\n".join(_statements()) + repr([(projection.name, projection.version) for projection in PROJECTIONS])
    return hashlib.sha256(text.encode()).hexdigest()


def installed(cursor: Cursor) -> str | None:
    """The fingerprint of what the database has; None without projections."""
    cursor.execute("SELECT obj_description(to_regnamespace(%s), 'pg_namespace')", [SCHEMA])
    row = cursor.fetchone()
    return row[0] if row is not None else None


def install(connection: psycopg.Connection) -> None:
    """Drop and make all projections, empty, in the transaction under way. The caller rebuilds them."""
    with connection.cursor() as cursor:
        for statement in _statements():
            cursor.execute(statement)  # type: ignore[arg-type]
        cursor.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(SCHEMA), fingerprint()))


def _statements() -> tuple[str, ...]:
    views = ", ".join(f"gemba.{name}" for name in VIEWS)
    made = [statement for table in TABLES.values() for statement in create_table(table)]
    seen = [statement for view in VIEWS.values() for statement in create_view(view)]
    intake = files("gemba.store").joinpath("intake.sql").read_text()
    return (
        f"DROP VIEW IF EXISTS {views}",
        f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE",
        f"CREATE SCHEMA {SCHEMA}",
        CHECKPOINT,
        *made,
        *seen,
        intake,
        _grants(),
    )


def _grants() -> str:
    views = ", ".join(f"gemba.{name}" for name in VIEWS)
    tables = ", ".join(f"{SCHEMA}.{name}" for name in TABLES)
    app = (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO gemba_app",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA} TO gemba_app",
        f"GRANT SELECT ON {views} TO gemba_app",
        "GRANT INSERT ON gemba.question, gemba.feedback TO gemba_app",
    )
    # The views run with the reader's rights, so the tables under them are granted too; row-level security holds.
    analyst = (
        f"GRANT USAGE ON SCHEMA {SCHEMA} TO gemba_analyst",
        f"GRANT SELECT ON {tables} TO gemba_analyst",
        f"GRANT SELECT ON {views} TO gemba_analyst",
        "GRANT INSERT ON gemba.question, gemba.feedback TO gemba_analyst",
    )
    parts = []
    for role, grants in (("gemba_app", app), ("gemba_analyst", analyst)):
        body = " ".join(f"{grant};" for grant in grants)
        parts.append(f"IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = {literal(role)}) THEN {body} END IF;")
    return f"DO $$ BEGIN {' '.join(parts)} END $$"
