"""A join that finds several rows would count every row before it several times. It is refused before it does."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from gemba.errors import InputError
from gemba.evidence.query import Aggregate, Hop, Query, Session
from gemba.evidence.types import TOTAL
from gemba.semantics.expression import Column


def refuse_fan_out(queries: Iterable[Query], sessions: Callable[[str], Session]) -> None:
    """Look once at the key of every source that the queries join.

    A key of one column may be null: such rows match nothing.

    Raises:
        InputError: The columns joined by repeat; names source, columns and how many rows are too many.
    """
    hops = {(hop.there, _columns(hop)): hop for query in queries for hop in query.hops}
    for (there, columns), hop in hops.items():
        found = sessions(there).run(_query(there, columns))[TOTAL].row(0, named=True)
        repeated = int(found["rows"] - found["keys"])
        if repeated:
            raise InputError(
                f"{hop.here} joins {there} by {', '.join(columns)}, which repeats in {repeated:,} rows of {there}:"
                f" a row of {hop.here} would be counted several times",
                hint=f"Joins are many-to-one: remove the repeated rows of {there}, or join by columns that are unique.",
            )


def _columns(hop: Hop) -> tuple[str, ...]:
    return tuple(there for _, there in hop.by)


def _query(source: str, columns: tuple[str, ...]) -> Query:
    if len(columns) == 1:
        value = Column(columns[0])
        aggregates = (Aggregate("rows", "count", value), Aggregate("keys", "distinct", value))
    else:
        aggregates = (Aggregate("rows", "rows"), Aggregate("keys", "keys", columns=columns))
    return Query(request=f"key:{source}", source=source, aggregates=aggregates)
