"""Load Northwind into the schema `northwind` of a PostgreSQL database.

From the command line: `python load.py [URL]`; without an argument the URL is taken from `NORTHWIND_URL`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import psycopg

DUMP = Path(__file__).with_name("northwind.sql")
SCHEMA = "northwind"

_COMPUTED = """
ALTER TABLE orders
    ADD COLUMN days_to_ship integer GENERATED ALWAYS AS (shipped_date - order_date) STORED,
    ADD COLUMN late integer GENERATED ALWAYS AS ((shipped_date > required_date)::integer) STORED;
COMMENT ON COLUMN orders.days_to_ship IS 'days from order to shipment; empty before shipping';
COMMENT ON COLUMN orders.late IS '1 if shipped after the required date, 0 if not; empty before shipping';
"""


def load(url: str) -> int:
    """Create the schema afresh and fill it, in one transaction: all of it or nothing.

    Args:
        url: PostgreSQL URL, with or without a SQLAlchemy driver (`postgresql+psycopg://…`).

    Returns:
        The number of orders loaded.

    Raises:
        psycopg.Error: The server is down, refuses, or the role may not create a schema. Nothing was changed.
    """
    scheme, _, rest = url.partition("://")
    with psycopg.connect(f"{scheme.partition('+')[0]}://{rest}") as connection, connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        cursor.execute(f"SET LOCAL search_path TO {SCHEMA}")
        cursor.execute(DUMP.read_bytes())
        cursor.execute(_COMPUTED)
        return cursor.execute("SELECT * FROM orders").rowcount


def main() -> int:
    url = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("NORTHWIND_URL", "")
    if not url:
        print("Give a PostgreSQL URL, or set NORTHWIND_URL.", file=sys.stderr)
        return 2
    try:
        orders = load(url)
    except psycopg.Error as error:
        print(f"Northwind was not loaded: {error}".strip(), file=sys.stderr)
        return 1
    print(f"{orders} orders in the schema {SCHEMA}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
