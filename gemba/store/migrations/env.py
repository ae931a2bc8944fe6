"""Run by alembic. The connection comes from `gemba.store.migrate`, which holds the lock and the transaction."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table="schema_version", version_table_schema="gemba")
context.run_migrations()
