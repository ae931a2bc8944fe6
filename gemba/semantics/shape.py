"""The shape of a model file: plain data out of the YAML tree, and pydantic's refusals in words a reader can act on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from gemba.questions.types import Predicate
from gemba.semantics.model import Dimension, Join, Metric, Quantile, SemanticModel, Source
from gemba.semantics.problems import Problem, suggestion

MOST_VALUES = 200_000
MOST_DEPTH = 20
_TYPES: tuple[tuple[tuple[str, ...], type[BaseModel]], ...] = (
    ((), SemanticModel),
    (("sources", "*"), Source),
    (("sources", "*", "joins", "*"), Join),
    (("dimensions", "*"), Dimension),
    (("metrics", "*"), Metric),
    (("metrics", "*", "quantile"), Quantile),
    (("metrics", "*", "where", "*"), Predicate),
)
_SHOULD_BE = {
    "string_type": ("a text", "Put it in quotes."),
    "tuple_type": ("a list", "Put it in brackets: [{value}]."),
    "dict_type": ("a mapping", "Write it as {{name: value}}."),
    "model_type": ("a mapping", "Write it as {{key: value}}."),
    "bool_type": ("true or false", "Write true or false."),
    "bool_parsing": ("true or false", "Write true or false."),
    "float_type": ("a number", "Give a number."),
    "float_parsing": ("a number", "Give a number."),
    "int_type": ("a whole number", "Give a whole number."),
    "int_parsing": ("a whole number", "Give a whole number."),
    "int_from_float": ("a whole number", "Give a whole number."),
}


class TooLargeError(ValueError):
    """A file nests deeper than `MOST_DEPTH`, or holds more than `MOST_VALUES` values with its aliases written out."""


def plain_data(tree: Any) -> dict[str, Any]:
    """The YAML tree as plain dicts, lists and scalars.

    Keys become text. Where values are compared as text (members, their words, `in` and `not_in`), numbers and
    truth values become the text that was meant: `values: [3]` selects the member "3".

    Raises:
        TooLargeError: Deeper or larger than any model.
    """
    data = _plain(tree)
    for dimension in _entries(data, "dimensions"):
        members = dimension.get("members")
        if isinstance(members, dict):
            dimension["members"] = {
                member: [_text(word) for word in words] if isinstance(words, list) else words
                for member, words in members.items()
            }
    for metric in _entries(data, "metrics"):
        for predicate in metric["where"] if isinstance(metric.get("where"), list) else ():
            if isinstance(predicate, dict) and predicate.get("op", "in") in ("in", "not_in"):
                values = predicate.get("values")
                if isinstance(values, list):
                    predicate["values"] = [_text(value) for value in values]
    return data


def shape_problem(detail: Mapping[str, Any], data: Any) -> Problem:
    """One of pydantic's error details as a problem with a mend."""
    kind, value = detail["type"], detail.get("input")
    path = _inside(tuple(detail["loc"]), data)
    last = str(path[-1]) if path else "the model"
    context = detail.get("ctx", {})
    if kind == "extra_forbidden":
        known = _keys_at(path[:-1])
        return Problem(path, f"unknown key {last!r}", suggestion(last, known, what="keys"))
    if kind == "missing" and path[-1:] == ("ratio",):
        return Problem(path, f"a ratio takes two metrics, got {_shown(value)}", "Write ratio: [part, whole].")
    if kind == "missing":
        missing = str(detail["loc"][-1])
        return Problem(path, f"{missing!r} is missing", f"Add {missing}: …")
    if kind == "literal_error":
        if path == ("gemba",):
            return Problem(path, f"version {value!r} of the format is not known", "Write gemba: 1.")
        allowed = [part.strip().strip("'") for part in context["expected"].replace(" or ", ", ").split(",")]
        return Problem(path, f"{last} is {value!r}", suggestion(str(value), allowed, what="values"))
    if kind == "too_long" and path[-1:] == ("ratio",):
        return Problem(path, f"a ratio takes two metrics, got {_shown(value)}", "Write ratio: [part, whole].")
    if kind == "value_error":
        return Problem(path, str(context.get("error", detail["msg"])), "Correct or remove it.")
    if kind in _SHOULD_BE:
        what, mend = _SHOULD_BE[kind]
        return Problem(path, f"{last} should be {what}, got {_shown(value)}", mend.format(value=_shown(value)))
    return Problem(path, f"{last}: {detail['msg'][:1].lower()}{detail['msg'][1:]}", "Correct it.")


def prune(data: dict[str, Any], locations: Sequence[tuple[str | int, ...]]) -> set[tuple[str, str]]:
    """Cut what pydantic refused out of `data`, in place, so that the rest can be checked.

    Returns the entries, as ("metrics", "scrap"), that had to go whole. Where a needed key is missing at the top,
    an empty one takes its place.
    """
    spared: set[tuple[str, str]] = set()
    for location in sorted(locations, key=str, reverse=True):
        path = _inside(location, data)
        if path != location and len(path) <= 1 and location:  # a needed key of the top is missing
            data.setdefault(str(location[0]), "?" if location[0] == "name" else {})
            spared.add((str(location[0]), ""))
            continue
        optional = len(path) >= 3 and path[0] in ("sources", "dimensions", "metrics")
        if len(path) >= 2 and not (optional and path == location[: len(path)] and _may_go(path)):
            path = path[:2]
            spared.add((str(path[0]), str(path[1])))
        _cut(data, path)
    return spared


def _may_go(path: tuple[str | int, ...]) -> bool:
    """Whether the rest of the entry still means something without this key."""
    return len(path) == 3 and path[2] not in ("source", "joins", "ratio", "product")


def _cut(data: Any, path: tuple[str | int, ...]) -> None:
    if not path:
        return
    node = data
    for step in path[:-1]:
        if isinstance(node, dict) and step in node:
            node = node[step]
        else:
            return
    if isinstance(node, dict):
        node.pop(path[-1], None)


def _inside(location: tuple[str | int, ...], data: Any) -> tuple[str | int, ...]:
    """As much of a pydantic location as exists in the data: union branches and missing keys fall off."""
    path: list[str | int] = []
    node: Any = data
    for step in location:
        if not isinstance(node, dict | list):
            break
        try:
            node = node[step]  # type: ignore[index] - a wrong kind of step is a TypeError, below
        except (KeyError, IndexError, TypeError):
            break
        path.append(step)
    return tuple(path)


def _keys_at(path: tuple[str | int, ...]) -> tuple[str, ...]:
    for pattern, model in _TYPES:
        if len(pattern) == len(path) and all(want in ("*", got) for want, got in zip(pattern, path, strict=True)):
            return tuple(model.model_fields)
    return ()


def _entries(data: Any, section: str) -> list[dict[str, Any]]:
    entries = data.get(section) if isinstance(data, dict) else None
    return [entry for entry in entries.values() if isinstance(entry, dict)] if isinstance(entries, dict) else []


def _plain(node: Any, budget: list[int] | None = None, depth: int = 0) -> Any:
    """Plain data; aliases are written out, so a few lines of them could mean millions of values."""
    budget = [MOST_VALUES] if budget is None else budget
    budget[0] -= 1
    if budget[0] < 0 or depth > MOST_DEPTH:
        raise TooLargeError
    if isinstance(node, Mapping):
        return {_text(key): _plain(value, budget, depth + 1) for key, value in node.items()}
    if isinstance(node, list | tuple):
        return [_plain(item, budget, depth + 1) for item in node]
    if node is None or isinstance(node, bool):
        return node
    for scalar in (str, int, float):
        if isinstance(node, scalar):
            return scalar(node)
    return bool(node) if type(node).__name__ == "ScalarBoolean" else node


def _text(value: Any) -> Any:
    if value is None or isinstance(value, dict | list):
        return value
    if isinstance(value, bool) or type(value).__name__ == "ScalarBoolean":
        return "true" if value else "false"
    return str(value)


def _shown(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 40 else text[:39] + "…"
