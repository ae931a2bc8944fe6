"""Writes `docs/tables.md` from the definitions of the views: `python -m gemba.store.document > docs/tables.md`."""

from __future__ import annotations

import sys

from gemba.store.projections.catalogue import TABLES, VIEWS

INTRODUCTION = """# Tables for analysts

Views in the schema `gemba` of our PostgreSQL. Names and meaning are kept as an interface is; columns may be added.
The same texts are comments in the database: `\\d+ gemba.insight_current`. Written by `python -m gemba.store.document`.

Get a login with `gemba.store.analysts.add_analyst`; it sees the rows of its tenant only. Then, for example:

```sql
SELECT summary, confidence, published_at FROM insight_current ORDER BY published_at DESC;
SELECT statement, effect, unit, ci_low, ci_high, q_value FROM claim WHERE is_current AND significant ORDER BY rank;
INSERT INTO question (text, model) VALUES ('Why did scrap rise on line 3 last week?', 'factory');
INSERT INTO feedback (insight_id, vote, why) VALUES ('i_0123456789abcdef', 'up', 'confirmed on the floor');
```

Instants are `timestamptz`. Every view also has `tenant`. The tables of assessments (`assessment`,
`assessment_finding`, `recommendation`, `control_result`) come with that feature.
"""


def tables_page() -> str:
    """The page as Markdown."""
    parts = [INTRODUCTION]
    for view in VIEWS.values():
        rows = [
            f"| `{column}` | {TABLES[table].columns[source].type} | {TABLES[table].columns[source].comment} |"
            for column, (table, source) in view.columns.items()
        ]
        parts.append(
            "\n".join([f"## {view.name}", "", view.comment, "", "| column | type | meaning |", "|---|---|---|", *rows])
        )
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


if __name__ == "__main__":
    sys.stdout.write(tables_page())
