"""The tables for analysts (schema `gemba`), as assets: where answers go, and whether they still equal the events.

Publishing an insight brings the tables up to date at once. This asset reads the newest rows of each, hourly, and the
check on it proves that they are what the events give.
"""

from collections.abc import Iterator

import dagster as dg

from assets.keys import INSIGHT, table_key
from assets.reading import plain
from gemba.store.ports import Archive
from gemba.store.projections.catalogue import VIEWS
from resources.bindings import Prove

GROUP = "tables"


@dg.multi_asset(
    name="analyst_tables",
    specs=[
        dg.AssetSpec(
            table_key(view.name),
            deps=[INSIGHT],
            description=f"{view.comment}\n\n`select * from gemba.{view.name}`",
            group_name=GROUP,
            owners=["team:analytics"],
            kinds={"postgres"},
            metadata={"columns": dg.MetadataValue.md("\n".join(f"* `{column}`" for column in view.columns))},
        )
        for view in VIEWS.values()
    ],
)
def tables(context: dg.AssetExecutionContext, archive: dg.ResourceParam[Archive]) -> Iterator[dg.MaterializeResult]:
    """Read each table, which also lets it catch up with the events."""
    for view in VIEWS.values():
        rows = archive.query(view.name, limit=1000)
        newest = [str(rows[0].get(column)) for column in view.newest_first[:1]] if rows else []
        yield dg.MaterializeResult(
            asset_key=table_key(view.name),
            metadata={
                "rows": f"{len(rows)}" if len(rows) < 1000 else "1000 or more",
                f"newest {view.newest_first[0]}": newest[0] if newest else "—",
            },
        )
    context.log.info(f"{len(VIEWS)} tables are up to date for tenant {archive.tenant}")


@dg.asset_check(
    name="tables_are_what_the_events_say",
    asset=table_key("insight_current"),
    description="All tables, built a second time from the events and compared row by row. `gemba doctor` mends them.",
)
def tables_are_what_the_events_say(reconcile: dg.ResourceParam[Prove]) -> dg.AssetCheckResult:
    results = reconcile()
    differences = [one for result in results for one in result.differences]
    lines = [
        f"* `{one.table}`: {one.missing} rows missing, {one.unexpected} too many, such as {plain(str(one.examples))}"
        for one in differences
    ]
    return dg.AssetCheckResult(
        passed=not differences,
        metadata={
            "events": sum(result.events for result in results),
            "rows": sum(result.rows for result in results),
            "differences": dg.MetadataValue.md("\n".join(lines) or "none"),
        },
    )
