"""Events, leases, tenants, roles and row-level security.

Projections are not here: they are made from their definitions and refilled from events (gemba.store.install).
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE
    role text;
BEGIN
    FOREACH role IN ARRAY ARRAY['gemba_app', 'gemba_analyst'] LOOP
        BEGIN
            IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = role) THEN
                EXECUTE format('CREATE ROLE %I NOLOGIN', role);
            END IF;
        EXCEPTION
            WHEN duplicate_object OR unique_violation THEN NULL;  -- another database's migration was faster
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'role % cannot be created by %: grants to it are left out', role, current_user;
        END;
    END LOOP;
    BEGIN
        IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gemba_app') THEN
            NULL;
        ELSIF current_setting('server_version_num')::int >= 160000 THEN
            IF NOT pg_has_role(current_user, 'gemba_app', 'SET') THEN
                EXECUTE format('GRANT gemba_app TO %I WITH SET TRUE, INHERIT FALSE', current_user);
            END IF;
        ELSIF NOT pg_has_role(current_user, 'gemba_app', 'MEMBER') THEN
            EXECUTE format('GRANT gemba_app TO %I', current_user);
        END IF;
    EXCEPTION WHEN insufficient_privilege OR invalid_grant_operation THEN
        RAISE NOTICE 'gemba_app cannot be granted to %', current_user;
    END;
END $$
"""

TABLES = """
CREATE TABLE gemba.tenant (
    tenant      text PRIMARY KEY CHECK (tenant <> ''),
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE gemba.tenant IS 'Tenants that have events.';

CREATE TABLE gemba.analyst (
    login   text PRIMARY KEY,
    tenant  text NOT NULL CHECK (tenant <> '')
);
COMMENT ON TABLE gemba.analyst IS
    'Login roles of people. The tenant of such a session is the one named here, whatever it sets.';

CREATE TABLE gemba.event (
    position      bigint GENERATED ALWAYS AS IDENTITY,
    tenant        text NOT NULL,
    stream        text NOT NULL CHECK (stream <> ''),
    version       bigint NOT NULL CHECK (version > 0),
    event_id      uuid NOT NULL UNIQUE,
    type          text NOT NULL,
    type_version  integer NOT NULL CHECK (type_version > 0),
    payload       jsonb NOT NULL,
    recorded_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant, position),
    UNIQUE (tenant, stream, version)
);
COMMENT ON TABLE gemba.event IS 'Everything that ever happened. Append-only; all other tables follow from it.';
COMMENT ON COLUMN gemba.event.position IS 'Order of all events. Grows; may have gaps.';
COMMENT ON COLUMN gemba.event.tenant IS 'Whose event it is.';
COMMENT ON COLUMN gemba.event.stream IS
    'What it is about: question/KEY, source/MODEL/SOURCE, intake/UUID, feedback/ID.';
COMMENT ON COLUMN gemba.event.version IS 'Order within the stream, from 1, without gaps.';
COMMENT ON COLUMN gemba.event.event_id IS 'Unique for ever; appending it again does nothing.';
COMMENT ON COLUMN gemba.event.type IS 'Name of the event, a class of gemba.events.types.';
COMMENT ON COLUMN gemba.event.type_version IS 'Version of the payload''s shape.';
COMMENT ON COLUMN gemba.event.payload IS 'The event''s data.';
COMMENT ON COLUMN gemba.event.recorded_at IS 'When it was stored.';

CREATE TABLE gemba.lease (
    tenant      text NOT NULL,
    key         text NOT NULL,
    holder      text,
    fence       bigint NOT NULL,
    expires_at  timestamptz NOT NULL,
    PRIMARY KEY (tenant, key)
);
COMMENT ON TABLE gemba.lease IS 'Who investigates a question alone. Not history: it lapses.';
COMMENT ON COLUMN gemba.lease.holder IS 'NULL: released.';
COMMENT ON COLUMN gemba.lease.fence IS 'Grows with every holder; work under an older fence is void.';
COMMENT ON COLUMN gemba.lease.expires_at IS 'Until when, unless renewed.';
"""

# Sessions of people are bound to their tenant by login, which they cannot change; the application names the
# tenant of each transaction.
SESSION_TENANT = """
CREATE FUNCTION gemba.session_tenant() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog
    RETURN coalesce(
        (SELECT a.tenant FROM gemba.analyst a WHERE a.login = session_user),
        nullif(current_setting('gemba.tenant', true), '')
    )
"""

APPEND_ONLY = """
CREATE FUNCTION gemba.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'events are append-only' USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON gemba.event
    FOR EACH STATEMENT EXECUTE FUNCTION gemba.refuse_change();
"""

# The locks' first number is ours by convention: 1196245313 is 'GMBA', the next one is for streams.
APPEND = """
CREATE FUNCTION gemba.append_events(
    p_stream text, p_expected bigint, p_ids uuid[], p_types text[], p_versions int[], p_payloads text[],
    OUT appended boolean, OUT stream_version bigint
) LANGUAGE plpgsql AS $$
DECLARE
    t text := gemba.session_tenant();
BEGIN
    IF t IS NULL THEN
        RAISE EXCEPTION 'no tenant: set gemba.tenant in the transaction' USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM pg_advisory_xact_lock_shared(1196245313, hashtext(t));
    PERFORM pg_advisory_xact_lock(1196245314, hashtext(t || ' ' || p_stream));
    SELECT coalesce(max(version), 0) INTO stream_version
        FROM gemba.event WHERE tenant = t AND stream = p_stream;
    IF EXISTS (SELECT 1 FROM gemba.event WHERE event_id = ANY (p_ids)) THEN
        appended := true;  -- by an earlier try
        RETURN;
    END IF;
    IF p_expected IS NOT NULL AND p_expected <> stream_version THEN
        appended := false;
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT 1 FROM gemba.tenant WHERE tenant = t) THEN
        INSERT INTO gemba.tenant (tenant) VALUES (t) ON CONFLICT DO NOTHING;
    END IF;
    INSERT INTO gemba.event (tenant, stream, version, event_id, type, type_version, payload)
        SELECT t, p_stream, stream_version + e.n, e.id, e.type, e.type_version, e.payload::jsonb
        FROM unnest(p_ids, p_types, p_versions, p_payloads) WITH ORDINALITY
            AS e (id, type, type_version, payload, n)
        ORDER BY e.n;
    stream_version := stream_version + cardinality(p_ids);
    appended := true;
END $$;
CREATE FUNCTION gemba.event_horizon() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    t text := gemba.session_tenant();
BEGIN
    PERFORM pg_advisory_xact_lock(1196245313, hashtext(t));
    RETURN (SELECT coalesce(max(position), 0) FROM gemba.event WHERE tenant = t);
END $$;
"""

SECURITY = """
ALTER TABLE gemba.{table} ENABLE ROW LEVEL SECURITY;
ALTER TABLE gemba.{table} FORCE ROW LEVEL SECURITY;
CREATE POLICY own_tenant ON gemba.{table} USING (tenant = (SELECT gemba.session_tenant()));
"""

# The owner must know for whom to rebuild projections. Names only; no row of any tenant's data.
OWNER_LISTS_TENANTS = "CREATE POLICY owner_lists ON gemba.tenant FOR SELECT TO CURRENT_USER USING (true)"

GRANTS = """
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gemba_app') THEN
        GRANT USAGE ON SCHEMA gemba TO gemba_app;
        GRANT SELECT, INSERT ON gemba.event, gemba.tenant TO gemba_app;
        GRANT SELECT, INSERT, UPDATE ON gemba.lease TO gemba_app;
    END IF;
    IF EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'gemba_analyst') THEN
        GRANT USAGE ON SCHEMA gemba TO gemba_analyst;
    END IF;
END $$
"""


def upgrade() -> None:
    op.execute(ROLES)
    op.execute(TABLES)
    op.execute(SESSION_TENANT)
    op.execute(APPEND_ONLY)
    op.execute(APPEND)
    for table in ("tenant", "event", "lease"):
        op.execute(SECURITY.format(table=table))
    op.execute(OWNER_LISTS_TENANTS)
    op.execute(GRANTS)


def downgrade() -> None:
    raise RuntimeError("events are never thrown away; restore a backup instead")
