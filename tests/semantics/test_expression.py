"""Arithmetic over columns: what is read, what is a plain name, what is refused."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemba.errors import InputError
from gemba.semantics.expression import Binary, Column, Expr, Negate, Number, columns_of, parse_expression


def evaluated(expression: Expr, row: dict[str, float]) -> float:
    match expression:
        case Column(name):
            return row[name]
        case Number(value):
            return value
        case Negate(inner):
            return -evaluated(inner, row)
        case Binary(op, left, right):
            a, b = evaluated(left, row), evaluated(right, row)
            return {"+": a + b, "-": a - b, "*": a * b, "/": a / b if op == "/" else 0.0}[op]
    raise AssertionError(expression)


def test_a_line_amount_is_price_times_quantity_less_discount() -> None:
    expression = parse_expression("unit_price * quantity * (1 - discount)")
    assert columns_of(expression) == ("unit_price", "quantity", "discount")
    assert evaluated(expression, {"unit_price": 10.0, "quantity": 3.0, "discount": 0.1}) == pytest.approx(27.0)


@pytest.mark.parametrize(
    "name",
    ["quantity", "CO2(tCO2)", "Lagging_Current_Reactive.Power_kVar", "sub-category", "Order Date", "größe", "a*b"],
)
def test_a_text_without_an_operator_between_spaces_is_one_column(name: str) -> None:
    assert parse_expression(name) == Column(name)


def test_backticks_quote_names_that_look_like_arithmetic() -> None:
    assert parse_expression("`Sub - Category`") == Column("Sub - Category")
    assert parse_expression("`CO2(tCO2)` / usage") == Binary("/", Column("CO2(tCO2)"), Column("usage"))


def test_operators_bind_as_in_school_and_to_the_left() -> None:
    row = {"a": 7.0, "b": 3.0, "c": 2.0}
    assert evaluated(parse_expression("a - b - c"), row) == 2.0
    assert evaluated(parse_expression("a - b * c"), row) == 1.0
    assert evaluated(parse_expression("-a / c + b"), row) == -0.5


@pytest.mark.parametrize(
    "text",
    [
        "",
        "  ",
        "abs(x) * 2",
        "a + ",
        "(a + b",
        "a + b)",
        "1 + 2",
        "a + b; drop table x",
        "a ** b + 1 ",
        "a + 'text'",
        "a + b -- c, d",
        "`a + b",
        "2x + a",
        " * ".join(["a"] * 200),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse_expression(text)


@st.composite
def arithmetic(draw: st.DrawFn, depth: int = 3) -> str:
    if depth == 0 or draw(st.booleans()):
        return draw(st.sampled_from(["a", "b", "c", "2", "0.5"]))
    left, right = draw(arithmetic(depth=depth - 1)), draw(arithmetic(depth=depth - 1))
    text = f"{left} {draw(st.sampled_from('+-*'))} {right}"
    return f"({text})" if draw(st.booleans()) else text


@given(arithmetic())
def test_it_computes_what_python_computes(text: str) -> None:
    text = f"a + {text}"
    row = {"a": 3.0, "b": -2.0, "c": 0.25}
    by_python = eval(compile(ast.parse(text, mode="eval"), "", "eval"), {}, row)  # noqa: S307 - made above
    assert evaluated(parse_expression(text), row) == pytest.approx(by_python)
