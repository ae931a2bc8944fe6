"""One small factory in every kind of place: the same rows, so that the same questions must get the same answers."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import sqlalchemy as sa

from gemba.evidence.types import CubeRequest, EvidenceRequest, QualityRequest, RowsRequest, ValuesRequest
from gemba.questions.types import Predicate, Window
from gemba.semantics.model import SemanticModel

ZONE = ZoneInfo("Europe/Berlin")
# Holds the end of summer time: Sunday 25 October 2026 has 25 hours.
FIRST = datetime(2026, 10, 20, 22, 0, tzinfo=UTC)
SPAN = Window(start=datetime(2026, 10, 22, tzinfo=ZONE), end=datetime(2026, 10, 29, tzinfo=ZONE))


def production(rows: int = 1200, *, first: datetime = FIRST) -> pl.DataFrame:
    """A row every ten minutes from `first` on. Deterministic, with nulls in the measured column and in a dimension."""
    numbers = range(rows)
    return pl.DataFrame(
        {
            "order_id": [n if n % 97 else 5 for n in numbers],
            "machine_id": [n * 7 % 5 for n in numbers],
            "finished_at": [first + timedelta(minutes=10 * n) for n in numbers],
            "shift": [None if n % 53 == 0 else ("early", "late", "night")[n // 48 % 3] for n in numbers],
            "quantity": [50 + n * 13 % 31 for n in numbers],
            "scrap": [None if n % 41 == 0 else n * 17 % 7 for n in numbers],
            "cycle_s": [30 + n * 11 % 256 / 10 for n in numbers],
            "rework": [n % 3 == 0 for n in numbers],
        },
        schema_overrides={"finished_at": pl.Datetime("us", "UTC")},
    )


def machines() -> pl.DataFrame:
    return pl.DataFrame({"id": [0, 1, 2, 3], "line": ["1", "1", "2", None], "speed": [10.0, 10.5, 20.0, 30.0]})


def downtime() -> pl.DataFrame:
    """Naive local stamps, in another source."""
    starts = [datetime(2026, 10, 21) + timedelta(hours=5 * n) for n in range(40)]  # noqa: DTZ001
    return pl.DataFrame(
        {"began": starts, "machine_id": [n % 4 for n in range(40)], "minutes": [n % 11 + 0.5 for n in range(40)]},
        schema_overrides={"began": pl.Datetime("us")},
    )


def model(places: dict[str, dict[str, Any]]) -> SemanticModel:
    """The model, with each source where `places` says."""
    return SemanticModel.model_validate(
        {
            "name": "factory",
            "timezone": "Europe/Berlin",
            "sources": {
                "production": {
                    **places["production"],
                    "key": ["order_id"],
                    "time": "finished_at",
                    "partition": "day",
                    "joins": [{"to": "machines", "by": {"machine_id": "id"}}],
                },
                "machines": {**places["machines"], "key": ["id"]},
                "downtime": {
                    **places["downtime"],
                    "time": "began",
                    "partition": "day",
                    "joins": [{"to": "machines", "by": {"machine_id": "id"}}],
                },
            },
            "dimensions": {
                "line": {"source": "machines", "column": "line"},
                "speed": {"source": "machines", "column": "speed", "numeric": True},
                "shift": {"source": "production", "column": "shift"},
                "rework": {"source": "production", "column": "rework"},
                **{
                    part: {"source": "production", "derived": part}
                    for part in ("hour", "weekday", "weekend", "day", "week", "month", "quarter", "year")
                },
            },
            "metrics": {
                "produced": {"source": "production", "sum": "quantity"},
                "scrapped": {"source": "production", "sum": "scrap"},
                "night_scrap": {
                    "source": "production",
                    "sum": "scrap",
                    "where": [{"dimension": "shift", "values": ["night"]}],
                },
                "scrap_rate": {"ratio": ["scrapped", "produced"], "unit": "%"},
                "night_share": {"ratio": ["night_scrap", "scrapped"], "unit": "%"},
                "cycle": {"source": "production", "mean": "cycle_s"},
                "value": {"source": "production", "sum": "quantity * (1 - scrap / quantity) - 3"},
                "odd": {"source": "production", "sum": "quantity / scrap"},
                "rows": {"source": "production", "count": "rows"},
                "measured": {"source": "production", "count": "scrap"},
                "orders": {"source": "production", "count_distinct": "order_id"},
                "fastest": {"source": "production", "min": "cycle_s"},
                "slowest": {"source": "production", "max": "cycle_s"},
                "p90": {"source": "production", "quantile": {"column": "cycle_s", "q": 0.9}},
                "stopped": {"source": "downtime", "sum": "minutes"},
                "stop_per_piece": {"ratio": ["stopped", "produced"]},
                "both": {"product": ["scrap_rate", "stop_per_piece"]},
            },
        }
    )


def requests() -> tuple[EvidenceRequest, ...]:
    """Every kind of request, metric, filter and bucket."""
    made: list[EvidenceRequest] = []

    def cube(metric: str, *, bucket: str = "day", filters: Any = (), groupings: Any = ((), ("line",))) -> None:
        chosen = tuple(Predicate.model_validate(f) for f in filters)
        made.append(
            CubeRequest(
                name=f"{metric}:{len(made)}",
                metric=metric,
                span=SPAN,
                bucket=bucket,
                filters=chosen,
                groupings=groupings,
            )  # type: ignore[arg-type]
        )

    for metric in ("scrap_rate", "night_share", "cycle", "value", "odd", "rows", "measured", "orders", "p90"):
        cube(metric)
    for metric in ("fastest", "slowest", "stop_per_piece", "both"):
        cube(metric)
    for bucket in ("hour", "week", "month", "whole"):
        cube("scrap_rate", bucket=bucket)
    cube("scrap_rate", groupings=(("line", "shift"), ("rework",), ("speed",)))
    cube("rows", bucket="whole", groupings=tuple((part,) for part in ("hour", "weekday", "weekend", "week", "month")))
    cube("rows", bucket="whole", groupings=(("day",), ("quarter",), ("year",)))
    cube("rows", filters=[{"dimension": "line", "values": ["1"]}])
    cube("rows", filters=[{"dimension": "line", "op": "not_in", "values": ["1"]}])
    cube("rows", filters=[{"dimension": "line", "op": "is_null"}])
    cube("rows", filters=[{"dimension": "speed", "values": ["10", "10.5"]}])
    cube("rows", filters=[{"dimension": "speed", "op": "between", "values": [10.2, 20]}])
    for op in ("gt", "ge", "lt", "le"):
        cube("rows", filters=[{"dimension": "speed", "op": op, "values": [20]}])
    cube("rows", filters=[{"dimension": "rework", "values": ["true"]}])
    cube("rows", filters=[{"dimension": "weekday", "values": ["sunday", "monday"]}])
    cube("rows", filters=[{"dimension": "week", "values": ["2026-10-26"]}])
    made.append(ValuesRequest(name="values", metric="cycle", span=SPAN, grouping=("line",)))
    alike = RowsRequest(
        name="rows",
        source="production",
        members=("line", "shift"),
        numbers=("speed",),
        columns=("cycle_s",),
        flag=(Predicate(dimension="shift", values=("night",)),),
        span=SPAN,
    )
    made += [alike, alike.model_copy(update={"name": "timed", "numbers": (), "timed": True})]
    made.append(QualityRequest(name="quality", source="production", columns=("scrap", "shift"), span=SPAN))
    return tuple(made)


def _frames(first: datetime) -> dict[str, pl.DataFrame]:
    return {"production": production(first=first), "machines": machines(), "downtime": downtime()}


def as_files(folder: Path, kind: str, *, first: datetime = FIRST) -> dict[str, dict[str, Any]]:
    places: dict[str, dict[str, Any]] = {}
    for name, frame in _frames(first).items():
        path = folder / f"{name}.{kind}"
        if kind == "parquet":
            frame.write_parquet(path)
        else:
            frame.write_csv(
                path, datetime_format="%Y-%m-%dT%H:%M:%S%z" if name == "production" else "%Y-%m-%d %H:%M:%S"
            )
        places[name] = {"files": str(path)}
    return places


def as_sqlite(folder: Path, *, first: datetime = FIRST) -> dict[str, dict[str, Any]]:
    path = folder / "factory.db"
    with sqlite3.connect(path) as link:
        link.execute(
            "create table production (order_id integer, machine_id integer, finished_at timestamp, shift text,"
            " quantity integer, scrap integer, cycle_s real, rework boolean)"
        )
        link.execute("create table machines (id integer primary key, line text, speed real)")
        link.execute("create table downtime (began timestamp, machine_id integer, minutes real)")
        for name, frame in (
            ("production", production(first=first)),
            ("machines", machines()),
            ("downtime", downtime()),
        ):
            rows = [tuple(v.isoformat(sep=" ") if isinstance(v, datetime) else v for v in row) for row in frame.rows()]
            link.executemany(f"insert into {name} values ({', '.join('?' * frame.width)})", rows)
    link.close()
    return {name: {"connection": f"sqlite:///{path}", "table": name} for name in ("production", "machines", "downtime")}


def as_server(url: str, *, first: datetime = FIRST) -> dict[str, dict[str, Any]]:
    """In a database of a server, made anew."""
    engine = sa.create_engine(url)
    meta = sa.MetaData()
    zoned = sa.TIMESTAMP() if engine.dialect.name in ("mysql", "mariadb") else sa.DateTime(timezone=True)
    tables = {
        "production": sa.Table(
            "production", meta, sa.Column("order_id", sa.Integer), sa.Column("machine_id", sa.Integer),
            sa.Column("finished_at", zoned), sa.Column("shift", sa.String(20)), sa.Column("quantity", sa.Integer),
            sa.Column("scrap", sa.Integer), sa.Column("cycle_s", sa.Double), sa.Column("rework", sa.Boolean),
        ),
        "machines": sa.Table(
            "machines", meta, sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("line", sa.String(20)), sa.Column("speed", sa.Double),
        ),
        "downtime": sa.Table(
            "downtime", meta, sa.Column("began", sa.DateTime), sa.Column("machine_id", sa.Integer),
            sa.Column("minutes", sa.Double),
        ),
    }  # fmt: skip
    meta.drop_all(engine)
    meta.create_all(engine)
    with engine.begin() as link:
        for name, frame in (
            ("production", production(first=first)),
            ("machines", machines()),
            ("downtime", downtime()),
        ):
            link.execute(sa.insert(tables[name]), frame.to_dicts())
    engine.dispose()
    return {name: {"connection": url, "table": name} for name in tables}
