"""The examples' models are valid, and Northwind loads as its README says."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from uuid import uuid4

import pytest
import sqlalchemy as sa

from gemba.evidence.warehouse import SourceWarehouse
from gemba.semantics.check import check_model
from gemba.semantics.graph import dimensions_of
from gemba.semantics.infer import infer_model
from gemba.semantics.load import load_model, parse_model
from gemba.store.connect import Server
from gemba.store.databases import ensure_database

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture(scope="session")
def northwind() -> ModuleType:
    spec = importlib.util.spec_from_file_location("northwind_load", EXAMPLES / "northwind" / "load.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def a_database(server: Server) -> str:
    name = f"northwind_{uuid4().hex[:8]}"
    ensure_database(server, name)
    return server.url(name)


@pytest.mark.parametrize("name", ["steel", "northwind"])
def test_the_model_of_an_example_is_valid(name: str) -> None:
    assert load_model(EXAMPLES / name / "model.yaml").name == name


def test_the_steel_file_is_found_beside_its_model() -> None:
    files = load_model(EXAMPLES / "steel" / "model.yaml").sources["energy"].files
    assert files is not None
    assert Path(files).is_file()


def test_the_steel_model_fits_its_data() -> None:
    assert check_model(load_model(EXAMPLES / "steel" / "model.yaml"), SourceWarehouse()) == ()


def test_an_order_value_cannot_be_asked_by_product() -> None:
    model = load_model(EXAMPLES / "northwind" / "model.yaml")
    assert "product" in dimensions_of(model, "revenue")
    assert "product" not in dimensions_of(model, "average_order_value")


@pytest.mark.postgres
def test_northwind_loads_and_loads_again_to_the_same(
    northwind: ModuleType, postgres_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = a_database(postgres_server)
    assert northwind.load(url) == 830
    assert northwind.load(url) == 830
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        lines = connection.execute(sa.text("select count(*) from northwind.order_details")).scalar()
        late = connection.execute(sa.text("select sum(late), count(late) from northwind.orders")).one()
    engine.dispose()
    assert lines == 2155
    assert tuple(late) == (37, 809)
    monkeypatch.setenv("NORTHWIND_URL", url)
    assert check_model(load_model(EXAMPLES / "northwind" / "model.yaml"), SourceWarehouse()) == ()


@pytest.mark.postgres
def test_a_draft_of_northwind_knows_what_people_would_ask(northwind: ModuleType, postgres_server: Server) -> None:
    url = a_database(postgres_server)
    northwind.load(url)
    text = infer_model([url], name="northwind")
    model = parse_model(text, name="draft")
    assert sa.make_url(url).password not in text
    assert model.sources["order_details"].connection == "${NORTHWIND_URL}"
    assert model.sources["order_details"].time == "orders.order_date"
    assert model.metrics["revenue"].sum == "unit_price * quantity * (1 - discount)"
    assert {"category", "customer", "country", "shipper"} <= set(dimensions_of(model, "revenue"))
    assert model.dimensions["last_name"].personal
