"""Joins: what they reach, and that nothing that repeats rows is accepted."""

from __future__ import annotations

import pytest

from gemba.errors import InvalidModelError
from gemba.semantics.graph import Hop, dimensions_of, join_path, time_source
from gemba.semantics.load import parse_model
from gemba.semantics.model import SemanticModel, TimeColumn

SALES = """\
name: sales
timezone: Europe/Berlin
sources:
  lines:
    files: lines.csv
    key: [line]
    time: orders.ordered
    joins: [{to: orders, by: {order: id}}, {to: products, by: {product: id}}]
  orders:
    files: orders.csv
    key: [id]
    time: ordered
    stamps: end
    timezone: Asia/Seoul
    joins: [{to: customers, by: {customer: id}}]
  products: {files: products.csv, key: [id]}
  customers: {files: customers.csv, key: [id]}
dimensions:
  product: {source: products, column: name}
  customer: {source: customers, column: name}
  weekday: {source: orders, derived: weekday}
metrics:
  revenue: {source: lines, sum: price * pieces}
  orders: {source: orders, count: rows}
  order_value: {ratio: [revenue, orders]}
  index: {product: [order_value, revenue]}
"""


@pytest.fixture
def sales() -> SemanticModel:
    return parse_model(SALES, name="m")


def test_joins_are_followed_to_their_end(sales: SemanticModel) -> None:
    assert join_path(sales, "lines", "customers") == (
        Hop("lines", "orders", {"order": "id"}),
        Hop("orders", "customers", {"customer": "id"}),
    )
    assert join_path(sales, "lines", "lines") == ()


def test_joins_are_not_followed_from_the_one_to_the_many(sales: SemanticModel) -> None:
    with pytest.raises(InvalidModelError, match="no many-to-one join"):
        join_path(sales, "orders", "lines")


def test_a_ratio_is_grouped_by_what_every_part_reaches(sales: SemanticModel) -> None:
    assert dimensions_of(sales, "revenue") == ("product", "customer", "weekday")
    assert dimensions_of(sales, "order_value") == ("customer", "weekday")
    assert dimensions_of(sales, "index") == ("customer", "weekday")


def test_a_borrowed_time_is_read_as_the_source_it_lives_in_says(sales: SemanticModel) -> None:
    assert time_source(sales, "revenue") == "orders"
    assert sales.time_column("lines") == TimeColumn(
        source="orders",
        column="ordered",
        borrowed=True,
        format=None,
        timezone="Asia/Seoul",
        stamps="end",
        midnight="starts_day",
    )
    own = sales.time_column("orders")
    assert own is not None
    assert not own.borrowed


def test_a_dot_in_a_column_that_names_no_source_is_part_of_its_name() -> None:
    model = parse_model(SALES.replace("time: ordered", "time: at.local"), name="m")
    time = model.time_column("orders")
    assert time is not None
    assert (time.source, time.column) == ("orders", "at.local")


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("products: {files: products.csv, key: [id]}", "products: {files: products.csv}", "has no key"),
        ("products: {files: products.csv, key: [id]}", "products: {files: p.csv, key: [id, day]}", "leaves out day"),
        (
            "customers: {files: customers.csv, key: [id]}",
            "customers: {files: c.csv, key: [id], joins: [{to: orders, by: {last: id}}]}",
            "joins go in a circle: orders → customers → orders",
        ),
        (
            "products: {files: products.csv, key: [id]}",
            "products: {files: p.csv, key: [id], joins: [{to: customers, by: {buyer: id}}]}",
            "two ways lead from 'lines' to 'customers'",
        ),
        (
            "{to: products, by: {product: id}}",
            "{to: orders, by: {again: id}}",
            "two ways lead from 'lines' to 'orders'",
        ),
        ("{to: products, by: {product: id}}", "{to: lines, by: {parent: line}}", "joins go in a circle: lines → lines"),
        ("time: orders.ordered", "time: customers.since\n    stamps: end", "stamps is given"),
        (
            "orders: {source: orders, count: rows}",
            "orders: {source: orders, count: rows, where: [{dimension: product, values: [a]}]}",
            "filtering by 'product' could repeat rows",
        ),
        (
            "products: {files: products.csv,",
            "products: {connection: 'sqlite:///a.db', table: p,",
            "leaves its database",
        ),
    ],
)
def test_what_could_repeat_rows_is_refused(old: str, new: str, what: str) -> None:
    assert old in SALES
    with pytest.raises(InvalidModelError) as caught:
        parse_model(SALES.replace(old, new, 1), name="m")
    assert what in str(caught.value)


def test_a_time_borrowed_from_a_source_that_is_not_joined_is_refused() -> None:
    text = SALES.replace("    joins: [{to: orders, by: {order: id}}, {to: products, by: {product: id}}]\n", "")
    with pytest.raises(InvalidModelError, match="which no join of 'lines' reaches"):
        parse_model(text, name="m")
