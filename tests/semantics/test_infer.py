"""Drafts from files and databases: they load, and say what a person would have said first."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from gemba.errors import InputError, SourceUnavailableError, UnreadableFileError
from gemba.semantics.graph import dimensions_of
from gemba.semantics.infer import infer_model
from gemba.semantics.load import parse_model
from gemba.semantics.model import SemanticModel
from gemba.semantics.stamps import read_stamps
from gemba.semantics.words import personal, unit_of

STEEL = Path(__file__).parents[2] / "examples" / "steel" / "steel_energy.csv"


def drafted(*sources: str, name: str = "draft") -> SemanticModel:
    return parse_model(infer_model(sources, name=name), name="draft")


@pytest.fixture
def shop(tmp_path: Path) -> str:
    """A small shop in SQLite: lines without a date, orders, products, employees."""
    path = tmp_path / "shop.db"
    with sqlite3.connect(path) as link:
        link.executescript(
            """
            create table employees (employee_id integer primary key, first_name text, last_name text, email text,
                                    birth_date text, office text);
            create table products (product_id integer primary key, product_name text, category text);
            create table orders (order_id integer primary key, order_date text, required_date text,
                                 employee_id integer references employees, freight real, late integer);
            create table order_lines (order_id integer references orders, product_id integer references products,
                                      unit_price real, quantity integer, discount real,
                                      primary key (order_id, product_id));
            """
        )
        people = [(n, f"F{n}", f"L{n}", f"p{n}@x.org", f"19{60 + n}-01-01", ("Bonn", "Kiel")[n % 2]) for n in range(6)]
        link.executemany("insert into employees values (?,?,?,?,?,?)", people)
        link.executemany("insert into products values (?,?,?)", [(n, f"P{n}", f"C{n % 3}") for n in range(12)])
        start = datetime(2025, 1, 1)  # noqa: DTZ001 - dates
        for n in range(120):
            day = (start + timedelta(days=n)).date()
            row = (n, str(day), str(day + timedelta(days=9)), n % 6, n * 0.7, int(n % 5 == 0))
            link.execute("insert into orders values (?,?,?,?,?,?)", row)
            for k in range(3):
                link.execute(
                    "insert into order_lines values (?,?,?,?,?)",
                    (n, (n + k) % 12, 2.5 + k, n % 9 + 1, k / 10),
                )
    return f"sqlite:///{path}"


def test_day_first_dates_and_stamps_that_end_the_day_are_seen() -> None:
    source = drafted(str(STEEL)).sources["steel_energy"]
    assert (source.time, source.time_format, source.stamps, source.midnight) == (
        "date",
        "%d-%m-%Y %H:%M",
        "end",
        "ends_day",
    )
    assert source.key == ("date",)


def test_units_and_what_adds_up_come_from_names() -> None:
    metrics = drafted(str(STEEL)).metrics
    assert (metrics["usage"].kind, metrics["usage"].unit) == ("sum", "kWh")
    assert (metrics["co2"].column, metrics["co2"].unit) == ("CO2(tCO2)", "t")
    assert metrics["lagging_current_power_factor"].kind == "mean"
    assert metrics["co2_per_usage"].ratio == ("co2", "usage")


def test_a_column_that_repeats_the_clock_is_left_out_and_said() -> None:
    text = infer_model([str(STEEL)], name="steel")
    assert "NSM (repeats the time of day)" in text
    assert "nsm" not in parse_model(text, name="m").metrics


def test_a_database_gives_joins_and_borrowed_time(shop: str) -> None:
    model = drafted(shop)
    assert model.sources["order_lines"].time == "orders.order_date"
    assert model.sources["orders"].time == "order_date"
    assert {join.to for join in model.sources["order_lines"].joins} == {"orders", "products"}
    assert {"category", "product", "office"} <= set(dimensions_of(model, "revenue"))


def test_money_is_price_times_quantity_less_discount(shop: str) -> None:
    model = drafted(shop)
    assert model.metrics["revenue"].sum == "unit_price * quantity * (1 - discount)"
    assert model.metrics["average_order_value"].ratio == ("revenue", "orders")
    assert model.metrics["late_rate"].ratio == ("late", "orders")


def test_personal_data_is_marked(shop: str) -> None:
    dimensions = drafted(shop).dimensions
    marked = {dimension.column for dimension in dimensions.values() if dimension.personal}
    assert marked == {"first_name", "last_name", "email", "birth_date"}
    assert not dimensions["office"].personal


def test_a_password_does_not_get_into_the_draft(monkeypatch: pytest.MonkeyPatch, shop: str) -> None:
    monkeypatch.setenv("SHOP_URL", shop)
    assert drafted("${SHOP_URL}").sources["orders"].connection == "${SHOP_URL}"


def test_a_folder_of_parquet_files_is_linked_by_names_and_values(tmp_path: Path) -> None:
    stamps = [datetime(2026, 1, 1) + timedelta(hours=n) for n in range(400)]  # noqa: DTZ001 - as stored
    pl.DataFrame(
        {
            "order_id": list(range(400)),
            "finished_at": stamps,
            "machine_id": [n % 4 for n in range(400)],
            "shift": [["early", "late", "night"][n % 3] for n in range(400)],
            "operator": [f"op{n % 7}" for n in range(400)],
            "quantity": [100 + n % 17 for n in range(400)],
            "scrap": [n % 6 for n in range(400)],
            "cycle_s": [30.5 + n % 3 for n in range(400)],
        }
    ).write_parquet(tmp_path / "production.parquet")
    pl.DataFrame({"id": [0, 1, 2, 3], "line": ["1", "1", "2", "2"]}).write_parquet(tmp_path / "machines.parquet")
    model = drafted(str(tmp_path))
    assert model.sources["production"].joins[0].by == {"machine_id": "id"}
    assert model.metrics["scrap_rate"].ratio == ("scrap", "quantity")
    assert (model.metrics["cycle"].kind, model.metrics["cycle"].unit) == ("mean", "s")
    assert model.dimensions["operator"].personal
    assert {"line", "shift", "weekday", "hour"} <= set(dimensions_of(model, "scrap_rate"))


def test_a_glob_is_one_source(tmp_path: Path) -> None:
    for month in ("01", "02"):
        rows = "".join(f"2026-{month}-{day:02d},{day}\n" for day in range(1, 28))
        (tmp_path / f"sales-2026-{month}.csv").write_text("day,amount_eur\n" + rows)
    model = drafted(str(tmp_path / "sales-*.csv"))
    assert list(model.sources) == ["sales"]
    assert (model.metrics["amount"].kind, model.metrics["amount"].unit) == ("sum", "EUR")


def test_a_duckdb_file_is_read(tmp_path: Path) -> None:
    import duckdb

    path = tmp_path / "plant.duckdb"
    with duckdb.connect(str(path)) as link:
        link.execute("create table machines (id integer primary key, line varchar)")
        link.execute(
            "create table runs (finished timestamp, machine integer references machines(id), energy_kwh double)"
        )
        link.execute("insert into machines values (1, 'A'), (2, 'B')")
        link.execute(
            "insert into runs select timestamp '2026-01-01' + interval (n) hour, 1 + n % 2, n from range(100) t(n)"
        )
    model = drafted(f"duckdb:///{path}")
    assert model.sources["runs"].joins[0].to == "machines"
    assert model.metrics["energy"].unit == "kWh"


@pytest.mark.parametrize(
    ("content", "error", "what"),
    [
        (b"", UnreadableFileError, "0 bytes"),
        (b"day,name\n2026-01-01,caf\xe9\n", UnreadableFileError, "line 2 is not UTF-8"),
        (b"day,amount\n", UnreadableFileError, "no rows"),
        (b"day;amount\n2026-01-01;5\n", UnreadableFileError, "separated by ';'"),
        (b"name,amount\na,1\nb,2\n", InputError, "tells when its rows happened"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, content: bytes, error: type[InputError], what: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(error, match=what) as caught:
        infer_model([str(path)], name="a")
    assert caught.value.hint


@pytest.mark.parametrize(
    "source", ["none.csv", "none/*.csv", "sqlite:///none.db", "duckdb:///none.db", "nonsense://x/y"]
)
def test_a_source_that_is_not_there_is_told(source: str) -> None:
    with pytest.raises(InputError):
        infer_model([source], name="a")


def test_a_database_that_is_down_is_told_without_its_password() -> None:
    with pytest.raises(SourceUnavailableError) as caught:
        infer_model(["postgresql+psycopg://me:secret@127.0.0.1:1/db"], name="a")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("values", "form", "unsure"),
    [
        (["13/01/2026", "14/01/2026"], "%d/%m/%Y", False),
        (["01/13/2026", "01/14/2026"], "%m/%d/%Y", False),
        (["05/01/2026", "06/01/2026", "01/02/2026"], "%d/%m/%Y", False),
        (["01/02/2026", "01/02/2026"], "%m/%d/%Y", True),
        (["13.01.2026 08:00", "14.01.2026 08:00"], "%d.%m.%Y %H:%M", False),
        (["2026-01-13T08:00:00+01:00"], "%Y-%m-%dT%H:%M:%S%z", False),
    ],
)
def test_dates_are_read_by_their_values(values: list[str], form: str, unsure: bool) -> None:
    stamps = read_stamps(pl.Series(values))
    assert stamps is not None
    assert (stamps.format, stamps.unsure) == (form, unsure)


@pytest.mark.parametrize("values", [["12345", "23456"], ["a", "b"], ["2026-01-01", "soon"]])
def test_other_text_is_no_time(values: list[str]) -> None:
    assert read_stamps(pl.Series(values)) is None


def test_names_give_units_and_people_away() -> None:
    assert unit_of("Torque [Nm]") == ("Nm", False)
    assert unit_of("speed_rpm") == ("rpm", False)
    assert unit_of("scrap_pct") == ("%", False)
    assert unit_of("orders") is None
    assert personal("company_name", table="customers") is None
    assert personal("name", table="employees") == "name"
    assert personal("home_phone", table="x") == "contact"
    assert personal("dob", table="x") == "birth"
