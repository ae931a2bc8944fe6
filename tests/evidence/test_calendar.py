"""Days, weeks and months are those of the local calendar, wherever the rows are.

A row every ten minutes counts the hours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gemba.evidence.types import CubeRequest, Limits
from gemba.evidence.warehouse import SourceWarehouse
from gemba.questions.types import Window
from gemba.semantics.model import SemanticModel
from tests.evidence import factory

SPRING = datetime(2026, 3, 26, 23, tzinfo=UTC)  # summer time begins on Sunday 29 March
YEAR_END = datetime(2026, 12, 27, 23, tzinfo=UTC)  # a Monday; the week that begins there belongs to both years
SERVERS = {"postgres": "new_database", "mariadb": "new_mariadb"}
Made = Callable[[datetime], SemanticModel]


@pytest.fixture(params=["parquet", "sqlite", *(pytest.param(n, marks=getattr(pytest.mark, n)) for n in SERVERS)])
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Made:
    def make(first: datetime) -> SemanticModel:
        if request.param in SERVERS:
            new = request.getfixturevalue(SERVERS[request.param])
            return factory.model(factory.as_server(new("calendar"), first=first))
        if request.param == "sqlite":
            return factory.model(factory.as_sqlite(tmp_path, first=first))
        return factory.model(factory.as_files(tmp_path, request.param, first=first))

    return make


def _rows(model: SemanticModel, bucket: Any, first: str, end: str) -> dict[str, float]:
    start, stop = (datetime.fromisoformat(day).replace(tzinfo=factory.ZONE) for day in (first, end))
    request = CubeRequest(name="n", metric="rows", span=Window(start=start, end=stop), bucket=bucket)
    warehouse = SourceWarehouse()
    frame = warehouse.gather(model, [request], limits=Limits()).cube("n")
    warehouse.close()
    return {f"{at:%Y-%m-%d %H}": n / 6 for at, n in frame.select("bucket", "rows.n").iter_rows()}


def test_the_day_on_which_summer_time_begins_has_23_hours(made: Made) -> None:
    model = made(SPRING)
    days = _rows(model, "day", "2026-03-27", "2026-04-01")
    assert [days[f"2026-03-{day} 00"] for day in (27, 28, 29, 30, 31)] == [24, 24, 23, 24, 24]
    hours = _rows(model, "hour", "2026-03-29", "2026-03-30")
    assert "2026-03-29 02" not in hours  # the clocks go from 2 to 3
    assert set(hours.values()) == {1}
    assert len(hours) == 23


def test_weeks_and_months_across_the_end_of_the_year(made: Made) -> None:
    model = made(YEAR_END)
    assert _rows(model, "week", "2026-12-28", "2027-01-05") == {"2026-12-28 00": 7 * 24, "2027-01-04 00": 24}
    assert _rows(model, "month", "2026-12-28", "2027-01-05") == {"2026-12-01 00": 4 * 24, "2027-01-01 00": 4 * 24}
    days = _rows(model, "day", "2026-12-31", "2027-01-02")
    assert days == {"2026-12-31 00": 24, "2027-01-01 00": 24}


def test_partitions_across_the_end_of_the_year_are_named_by_their_day(made: Made) -> None:
    model = made(YEAR_END)
    assert sorted(SourceWarehouse().partitions(model, "production"))[3:6] == [
        "2026-12-31",
        "2027-01-01",
        "2027-01-02",
    ]
