"""Arithmetic over the columns of one source: `unit_price * quantity * (1 - discount)`.

The grammar is columns, numbers, `+ - * /`, a leading minus and parentheses. Nothing else is accepted, so that an
expression can be compiled to SQL and to Polars and can do nothing but arithmetic.

The rule that tells a column from an expression: a text is one column name, whatever signs are in it
(`CO2(tCO2)`, `Lagging_Current_Reactive.Power_kVar`, `sub-category`), unless it contains an operator between
spaces (` * `) or a backtick. In an expression a name is letters, digits and `_`; any other name is quoted with
backticks: `` `CO2(tCO2)` / usage ``.

Division: whoever evaluates an expression divides as real numbers and gives null where the divisor is 0.
A null operand makes the result null.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from gemba.errors import InputError

Operator = Literal["+", "-", "*", "/"]
MOST_TOKENS = 200

_OPERATOR_BETWEEN_SPACES = re.compile(r"\s[-+*/](?:\s|$)")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)(?!\w)|(?P<name>[^\W\d]\w*)|`(?P<quoted>[^`]+)`|(?P<sign>[-+*/()]))"
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the metric's source, named as it is stored."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    value: float


@dataclass(frozen=True, slots=True)
class Negate:
    inner: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    op: Operator
    left: Expr
    right: Expr


Expr = Column | Number | Negate | Binary


def parse_expression(text: str) -> Expr:
    """The expression, or a single `Column` where the text is a column's name (see the module's rule).

    Raises:
        InputError: The text is empty, is no arithmetic, or has more than `MOST_TOKENS` tokens.
    """
    stripped = text.strip()
    if not stripped:
        raise InputError("an empty expression", hint="Name a column.")
    if "`" not in stripped and not _OPERATOR_BETWEEN_SPACES.search(stripped):
        return Column(stripped)
    return _Parser(stripped).parse()


def columns_of(expression: Expr) -> tuple[str, ...]:
    """The columns an expression reads, each once, in order of appearance."""
    found: dict[str, None] = {}
    pending: list[Expr] = [expression]
    while pending:
        match pending.pop():
            case Column(name):
                found[name] = None
            case Negate(inner):
                pending.append(inner)
            case Binary(_, left, right):
                pending += [right, left]
            case Number():
                pass
    return tuple(found)


class _Parser:
    """Recursive descent: sum → product → signed → atom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = self._tokens()
        self.at = 0

    def parse(self) -> Expr:
        expression = self._sum()
        if self.at < len(self.tokens):
            raise self._refuse(f"{self._shown()} was not expected")
        if not columns_of(expression):
            raise self._refuse("it names no column")
        return expression

    def _tokens(self) -> list[tuple[str, str]]:
        tokens: list[tuple[str, str]] = []
        position = 0
        while position < len(self.text):
            match = _TOKEN.match(self.text, position)
            if match is None:
                raise self._refuse(f"{self.text[position:].strip()[:20]!r} is no column, number or operator")
            assert match.lastgroup is not None
            tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        if len(tokens) > MOST_TOKENS:
            raise self._refuse(f"it has {len(tokens)} tokens, {MOST_TOKENS} are allowed")
        return tokens

    def _sum(self) -> Expr:
        left = self._product()
        while self._sign() in ("+", "-"):
            left = Binary(self._take_operator(), left, self._product())
        return left

    def _product(self) -> Expr:
        left = self._signed()
        while self._sign() in ("*", "/"):
            left = Binary(self._take_operator(), left, self._signed())
        return left

    def _signed(self) -> Expr:
        if self._sign() == "-":
            self.at += 1
            return Negate(self._signed())
        return self._atom()

    def _atom(self) -> Expr:
        if self.at == len(self.tokens):
            raise self._refuse("it ends where a column or number should follow")
        kind, value = self.tokens[self.at]
        if kind == "number":
            self.at += 1
            return Number(float(value))
        if kind in ("name", "quoted"):
            self.at += 1
            if self._sign() == "(":
                raise self._refuse(f"functions such as {value}(…) are not allowed")
            return Column(value)
        if value != "(":
            raise self._refuse(f"{value!r} stands where a column or number should be")
        self.at += 1
        inner = self._sum()
        if self._sign() != ")":
            raise self._refuse("a parenthesis is not closed")
        self.at += 1
        return inner

    def _sign(self) -> str:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "sign":
            return self.tokens[self.at][1]
        return ""

    def _take_operator(self) -> Operator:
        sign = self.tokens[self.at][1]
        self.at += 1
        assert sign in ("+", "-", "*", "/")
        return sign

    def _shown(self) -> str:
        return repr(self.tokens[self.at][1])

    def _refuse(self, reason: str) -> InputError:
        return InputError(
            f"{self.text!r} cannot be read as arithmetic over columns: {reason}",
            hint="Use columns, numbers, + - * / and parentheses; quote a column with odd signs in `backticks`.",
        )
