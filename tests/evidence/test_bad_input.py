"""What is wrong with the data is said: what, where, and what to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import sqlalchemy as sa

from gemba.errors import (
    AccessDeniedError,
    GembaError,
    InputError,
    LimitReachedError,
    RefusedError,
    SourceUnavailableError,
    UnreadableFileError,
)
from gemba.evidence.budget import Budget
from gemba.evidence.types import CubeRequest, Limits, QualityRequest, ValuesRequest
from gemba.evidence.warehouse import FrameWarehouse, SourceWarehouse
from gemba.questions.types import Window
from gemba.semantics.model import SemanticModel
from tests.evidence import factory

MEMORY: dict[str, dict[str, Any]] = {name: {"files": "in memory"} for name in ("production", "machines", "downtime")}


def _cube(metric: str = "rows", **options: Any) -> CubeRequest:
    return CubeRequest(name=metric, metric=metric, span=options.pop("span", factory.SPAN), bucket="day", **options)


def _file_model(path: Path, **source: Any) -> SemanticModel:
    return SemanticModel.model_validate(
        {
            "name": "file",
            "timezone": "Europe/Berlin",
            "sources": {"log": {"files": str(path), "time": "at", "partition": "day", **source}},
            "dimensions": {"line": {"source": "log", "column": "line"}},
            "metrics": {"total": {"source": "log", "sum": "value"}},
        }
    )


def _gather_file(path: Path, **source: Any) -> pl.DataFrame:
    request = CubeRequest(name="total", metric="total", span=factory.SPAN, bucket="day")
    return SourceWarehouse().gather(_file_model(path, **source), [request], limits=Limits()).cube("total")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "0 bytes"),
        (b"at,line,value\n2026-10-23 10:00,1,5\n2026-10-23 11", "cut short"),
        ("at,line,value\n2026-10-23 10:00,Süd,5\n".encode("latin-1"), "not UTF-8: byte 0xfc in line 2"),
        ("at,line,value\n2026-10-23 10:00,1,5\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_a_damaged_csv_is_refused_with_its_reason(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    path.write_bytes(content)
    with pytest.raises(UnreadableFileError, match=reason) as caught:
        _gather_file(path)
    assert caught.value.hint
    assert caught.value.exit_code == 2


@pytest.mark.parametrize("keep", [0, 3, 200])
def test_a_truncated_parquet_is_refused(keep: int, tmp_path: Path) -> None:
    factory.production().write_parquet(tmp_path / "log.parquet")
    data = (tmp_path / "log.parquet").read_bytes()
    (tmp_path / "log.parquet").write_bytes(data[:keep])
    with pytest.raises(UnreadableFileError):
        _gather_file(tmp_path / "log.parquet")


def test_a_glob_without_a_match_names_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "logs-1.csv").write_text("at,line,value\n")
    with pytest.raises(InputError, match="no file matches") as caught:
        _gather_file(tmp_path / "log-*.csv")
    assert "logs-1.csv" in caught.value.hint


def test_a_cell_that_is_no_number_is_named_by_its_column(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,line,value\n2026-10-23 10:00,1,5\n2026-10-23 11:00,1,n/a\n")
    with pytest.raises(InputError, match="column 'value' of source 'log' is text"):
        _gather_file(tmp_path / "log.csv")


def test_a_stamp_that_is_no_time_is_shown(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,line,value\n2026-10-23 10:00,1,5\nyesterday,1,5\n")
    with pytest.raises(InputError, match="yesterday"):
        _gather_file(tmp_path / "log.csv")


def test_stamps_with_several_offsets_and_with_none_are_each_read_as_written(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "at,line,value\n"
        "2026-10-23T23:30:00Z,1,1\n"  # 01:30 on the 24th in Berlin
        "2026-10-23T23:30:00+02:00,1,10\n"
        "2026-10-23T23:30:00-0500,1,100\n"  # 06:30 on the 24th
        "2026-10-23 23:30,1,1000\n"  # no offset: the source's zone
        "2026-10-22,1,10000\n"
    )
    frame = _gather_file(tmp_path / "log.csv")
    assert frame["total.sum"].to_list() == [10000.0, 1010.0, 101.0]


def test_a_stamp_at_the_end_of_an_interval_belongs_to_it(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text(
        "at,line,value\n23-10-2026 00:15,1,1\n23-10-2026 23:45,1,2\n23-10-2026 00:00,1,4\n24-10-2026 00:15,1,8\n"
    )
    dirt = {"time_format": "%d-%m-%Y %H:%M", "stamps": "end", "midnight": "ends_day"}
    assert _gather_file(tmp_path / "log.csv", **dirt)["total.sum"].to_list() == [7.0, 8.0]
    clean = {"time_format": "%d-%m-%Y %H:%M", "stamps": "end"}
    assert _gather_file(tmp_path / "log.csv", **clean)["total.sum"].to_list() == [4.0, 3.0, 8.0]


def test_an_all_null_metric_is_rows_without_values_and_no_error(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,line,value\n2026-10-23 10:00,1,\n2026-10-23 11:00,1,\n")
    frame = _gather_file(tmp_path / "log.csv")
    assert frame["total.n"].to_list() == [0.0]
    assert frame["total.sum"].to_list() == [0.0]


def test_an_empty_table_is_outside_the_data_and_says_so(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("at,line,value\n")
    with pytest.raises(RefusedError, match="log holds no row") as caught:
        _gather_file(tmp_path / "log.csv")
    assert caught.value.reason == "outside_data"


def _memory() -> FrameWarehouse:
    frames = {"production": factory.production(), "machines": factory.machines(), "downtime": factory.downtime()}
    return FrameWarehouse(frames)


def test_a_window_outside_the_data_says_what_the_data_covers() -> None:
    later = Window(start=factory.SPAN.start.replace(year=2027), end=factory.SPAN.end.replace(year=2027))
    with pytest.raises(RefusedError, match="production covers 2026-10-21T00:00") as caught:
        _memory().gather(factory.model(MEMORY), [_cube(span=later)], limits=Limits())
    assert caught.value.reason == "outside_data"


def test_filters_that_match_nothing_are_an_empty_answer() -> None:
    nothing = [{"dimension": "line", "values": ["no such line"]}]
    evidence = _memory().gather(factory.model(MEMORY), [_cube(filters=nothing)], limits=Limits())
    assert evidence.cube("rows").height == 0


def test_duplicate_rows_are_counted() -> None:
    request = QualityRequest(name="q", source="production", columns=("scrap",), span=factory.SPAN)
    frame = _memory().gather(factory.model(MEMORY), [request], limits=Limits()).frame("q")
    assert frame["duplicates"].sum() > 0


def test_an_unknown_column_names_the_nearest() -> None:
    model = factory.model(MEMORY)
    metric = model.metrics["produced"].model_copy(update={"sum": "quantty"})
    broken = model.model_copy(update={"metrics": {**model.metrics, "produced": metric}})
    with pytest.raises(InputError, match="quantty") as caught:
        _memory().gather(broken, [_cube("produced")], limits=Limits())
    assert "quantity" in caught.value.hint


@pytest.mark.parametrize("kind", ["csv", "parquet", "sqlite"])
def test_an_unknown_time_column_names_the_nearest_whatever_is_asked(kind: str, tmp_path: Path) -> None:
    places = factory.as_sqlite(tmp_path) if kind == "sqlite" else factory.as_files(tmp_path, kind)
    model = factory.model(places)
    source = model.sources["production"].model_copy(update={"time": "finished"})
    broken = model.model_copy(update={"sources": {**model.sources, "production": source}})
    warehouse = SourceWarehouse()
    for ask in (
        lambda: warehouse.coverage(broken, "production"),
        lambda: warehouse.partitions(broken, "production"),
        lambda: warehouse.gather(broken, [_cube()], limits=Limits()),
    ):
        with pytest.raises(InputError, match="source 'production' has no column 'finished'") as caught:
            ask()
        assert "finished_at" in caught.value.hint


def test_too_many_distinct_values_reach_a_limit() -> None:
    request = ValuesRequest(name="v", metric="cycle", span=factory.SPAN, most_rows=10)
    with pytest.raises(LimitReachedError, match="rows"):
        _memory().gather(factory.model(MEMORY), [request], limits=Limits())


def test_the_number_of_queries_and_the_deadline_are_bounds() -> None:
    model = factory.model(MEMORY)
    with pytest.raises(LimitReachedError, match="queries"):
        _memory().gather(model, [_cube()], limits=Limits(queries=0))
    with pytest.raises(LimitReachedError, match="deadline"):
        _memory().gather(model, [_cube()], limits=Limits(deadline_s=0))


@pytest.mark.parametrize("kind", ["parquet", "sqlite"])
def test_memory_is_a_bound_for_rows_and_for_the_process(kind: str, tmp_path: Path) -> None:
    places = factory.as_sqlite(tmp_path) if kind == "sqlite" else factory.as_files(tmp_path, kind)
    with pytest.raises(LimitReachedError, match=r"rows|memory"):
        SourceWarehouse().gather(factory.model(places), [_cube()], limits=Limits(memory_bytes=100))


def test_growth_of_the_process_beyond_its_memory_reaches_a_limit() -> None:
    held = [100 * 2**20, 100 * 2**20, 190 * 2**20]
    budget = Budget(Limits(memory_bytes=80 * 2**20), resident=lambda: held.pop(0))
    budget.check_memory()
    with pytest.raises(LimitReachedError, match="memory") as caught:
        budget.check_memory()
    assert "90" in str(caught.value)


def test_fewer_rows_fit_where_rows_are_wider() -> None:
    budget = Budget(Limits(memory_bytes=10_000, rows_per_query=50))
    assert budget.rows_that_fit(1) == 50
    assert budget.rows_that_fit(10) == 10


def test_a_variable_that_is_not_set_is_named() -> None:
    places = {name: {"connection": "${NO_SUCH_VARIABLE_HERE}", "table": name} for name in MEMORY}
    with pytest.raises(InputError, match="NO_SUCH_VARIABLE_HERE"):
        SourceWarehouse().coverage(factory.model(places), "production")


def test_a_missing_sqlite_file_is_not_created(tmp_path: Path) -> None:
    places = {name: {"connection": f"sqlite:///{tmp_path}/none.db", "table": name} for name in MEMORY}
    with pytest.raises(InputError, match="does not exist"):
        SourceWarehouse().coverage(factory.model(places), "production")
    assert not (tmp_path / "none.db").exists()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "fake.db").write_bytes(b"no database at all, but long enough to be looked at" * 100)
    places = {name: {"connection": f"sqlite:///{tmp_path}/fake.db", "table": name} for name in MEMORY}
    with pytest.raises(InputError, match="not a database"):
        SourceWarehouse().coverage(factory.model(places), "production")


def test_a_server_that_is_down_is_unavailable_after_a_few_tries() -> None:
    url = "postgresql://ann:s3cret-w0rd@127.0.0.1:1/none"
    model = factory.model({name: {"connection": url, "table": name} for name in MEMORY})
    with pytest.raises(SourceUnavailableError, match="tried 3 times") as caught:
        SourceWarehouse().gather(model, [_cube()], limits=Limits())
    assert "s3cret-w0rd" not in _everything(caught.value)


@pytest.mark.postgres
def test_a_wrong_password_is_access_denied_and_not_shown(new_database: Callable[[str], str]) -> None:
    url = sa.make_url(new_database("denied")).set(password="s3cret-w0rd")
    places = {n: {"connection": url.render_as_string(hide_password=False), "table": n} for n in MEMORY}
    with pytest.raises(AccessDeniedError) as caught:
        SourceWarehouse().gather(factory.model(places), [_cube()], limits=Limits())
    assert "s3cret-w0rd" not in _everything(caught.value)


@pytest.mark.postgres
def test_a_missing_table_names_the_nearest(new_database: Callable[[str], str]) -> None:
    url = new_database("tables")
    places = factory.as_server(url)
    places["production"]["table"] = "productoin"
    with pytest.raises(InputError, match="productoin") as caught:
        SourceWarehouse().gather(factory.model(places), [_cube()], limits=Limits())
    assert "production" in caught.value.hint


@pytest.mark.postgres
def test_a_statement_that_takes_too_long_is_stopped(new_database: Callable[[str], str]) -> None:
    url = new_database("slow")
    places = factory.as_server(url)
    with sa.create_engine(url).begin() as link:
        link.exec_driver_sql("create view slow as select p.* from production p, pg_sleep(5)")
    places["production"]["table"] = "slow"
    began = time.monotonic()
    with pytest.raises(LimitReachedError, match="time of a statement"):
        SourceWarehouse().gather(factory.model(places), [_cube()], limits=Limits(statement_timeout_s=0.2))
    assert time.monotonic() - began < 4


@pytest.mark.postgres
def test_a_connection_dropped_in_the_middle_of_a_query_is_tried_again(new_database: Callable[[str], str]) -> None:
    url = new_database("dropped")
    places = factory.as_server(url)
    engine = sa.create_engine(url)
    with engine.begin() as link:
        link.exec_driver_sql("create view slow as select p.* from production p, pg_sleep(0.5)")
    places["production"]["table"] = "slow"
    model = factory.model(places)
    warehouse = SourceWarehouse()
    with _killing(engine, times=1):
        assert warehouse.gather(model, [_cube()], limits=Limits()).cube("rows").height == 7
    with _killing(engine, times=100), pytest.raises(SourceUnavailableError):
        warehouse.gather(model, [_cube()], limits=Limits())


class _killing:  # noqa: N801  reads as a statement
    """Ends the backends that run `pg_sleep`, at most so many times, while the block runs."""

    def __init__(self, engine: sa.Engine, *, times: int) -> None:
        self.engine = engine
        self.left = times
        self.done = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        find = (
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()"
            " and application_name = 'gemba' and state = 'active' and query like '%%slow%%'"
        )
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as link:
            while not self.done.wait(0.05) and self.left > 0:
                self.left -= len(link.exec_driver_sql(find).all())

    def __enter__(self) -> None:
        self.thread.start()

    def __exit__(self, *_: object) -> None:
        self.done.set()
        self.thread.join()


def _everything(error: BaseException) -> str:
    """What a log could show of an error, its causes included."""
    import traceback

    hint = error.hint if isinstance(error, GembaError) else ""
    return hint + "".join(traceback.format_exception(error))
