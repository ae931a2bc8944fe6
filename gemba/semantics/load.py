"""Reading and writing the model file.

All problems are found in one run, each as `file:line: what is wrong. How to mend it.`
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from gemba.errors import InvalidModelError
from gemba.semantics import graph, rules
from gemba.semantics.connection import anchored
from gemba.semantics.connection import expand as expand
from gemba.semantics.durations import parse_life as parse_life
from gemba.semantics.model import SemanticModel
from gemba.semantics.problems import Problem
from gemba.semantics.shape import TooLargeError, plain_data, prune, shape_problem

_HINT = "The format is described in docs/model.md; gemba model infer drafts a model from your data."


def load_model(path: Path) -> SemanticModel:
    """Read a model file. Relative `files` and SQLite or DuckDB files become absolute against its folder.

    Raises:
        InvalidModelError: The file is missing, unreadable, empty, not UTF-8 or breaks the format. Carries every
            problem found.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError as error:
        raise InvalidModelError((f"{path}: there is no such file. Check the path given with -m.",)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise InvalidModelError((f"{path}: {reason}. Name a model file that can be read.",)) from error
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        what = f"{path}:{line}: byte {error.object[error.start]:#04x} is not UTF-8. Save the file as UTF-8."
        raise InvalidModelError((what,)) from error
    return parse_model(text, name=str(path), folder=path.resolve().parent)


def parse_model(text: str, *, name: str, folder: Path | None = None) -> SemanticModel:
    """Read a model from text. `name` stands for the file in messages; `folder` anchors relative paths.

    Raises:
        InvalidModelError: As `load_model`.
    """
    tree = _tree(text, name)
    try:
        data = plain_data(tree)
    except TooLargeError as error:
        what = f"{name}:1: it nests or repeats itself beyond any model. Remove the aliases that refer to themselves."
        raise InvalidModelError((what,), hint=_HINT) from error
    model, found = _checked(data)
    if model is None or any(problem.severity == "error" for problem in found):
        placed = sorted({(_line(tree, problem.path), _told(problem)) for problem in found})
        raise InvalidModelError(tuple(f"{name}:{line}: {told}" for line, told in placed), hint=_HINT)
    return model if folder is None else _anchored(model, folder)


def dump_model(data: SemanticModel | dict[str, Any]) -> str:
    """The model as YAML that `parse_model` reads back equal. Plain data keeps its order; short entries take a line."""
    plain = data
    if isinstance(data, SemanticModel):
        plain = {"gemba": data.gemba, **data.model_dump(mode="json", exclude_defaults=True)}
    stream = io.StringIO()
    _yaml().dump(_laid_out(plain), stream)
    return stream.getvalue()


def _laid_out(node: Any, depth: int = 0) -> Any:
    """The data with short lists and short entries written on one line."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    if isinstance(node, dict):
        laid: Any = CommentedMap({key: _laid_out(value, depth + 1) for key, value in node.items()})
        short = depth >= 2 and len(str(node)) <= 100
    elif isinstance(node, list | tuple):
        laid = CommentedSeq([_laid_out(item, depth + 1) for item in node])
        short = len(str(node)) <= 100
    else:
        return node
    if short:
        laid.fa.set_flow_style()
    return laid


def _yaml() -> Any:
    from ruamel.yaml import YAML

    yaml = YAML(typ="rt")
    yaml.width = 120
    yaml.indent(mapping=2, sequence=4, offset=2)
    return yaml


def _tree(text: str, name: str) -> Any:
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.reader import ReaderError

    try:
        tree = _yaml().load(text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = 1 if mark is None else mark.line + 1
        reason = " ".join((error.problem or error.context or "cannot be read").split())
        mend = "Check indentation, colons and quotes in this line and the one before."
        if "duplicate key" in reason:
            mend = "Rename or remove one of the two."
        raise InvalidModelError((f"{name}:{line}: not valid YAML: {reason}. {mend}",), hint=_HINT) from error
    except ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        what = f"{name}:{line}: a control character cannot stand in YAML. Remove it."
        raise InvalidModelError((what,), hint=_HINT) from error
    except RecursionError as error:
        what = f"{name}:1: it nests deeper than any model. Remove brackets or indentation."
        raise InvalidModelError((what,), hint=_HINT) from error
    except (YAMLError, ValueError) as error:
        what = f"{name}:1: not valid YAML: {' '.join(str(error).split())}. Check what stands at the top of the file."
        raise InvalidModelError((what,), hint=_HINT) from error
    if tree is None:
        raise InvalidModelError((f"{name}:1: the file is empty. Draft a model: gemba model infer DATA -o {name}.",))
    if not isinstance(tree, dict):
        raise InvalidModelError(
            (f"{name}:1: a model is a mapping (name:, sources:, metrics:), not {type(tree).__name__}.",), hint=_HINT
        )
    return tree


def _checked(data: dict[str, Any]) -> tuple[SemanticModel | None, list[Problem]]:
    """The model, or what of it can be read, and everything wrong with it.

    What pydantic refuses is reported and cut out, so that the rest is still checked in the same run.
    """
    found: list[Problem] = []
    spared: set[tuple[str, str]] = set()
    whole = True
    for _ in range(20):  # cutting one thing out can uncover another; every round cuts, twenty is plenty
        try:
            model = SemanticModel.model_validate(data)
        except ValidationError as error:
            whole = False
            details = error.errors(include_url=False)
            found += [shape_problem(detail, data) for detail in details]
            spared |= prune(data, [tuple(detail["loc"]) for detail in details])
            continue
        found += rules.problems(model, spared=frozenset(spared))
        found += graph.problems(model)
        return (model if whole else None), found
    return None, found


def _anchored(model: SemanticModel, folder: Path) -> SemanticModel:
    sources = {}
    for name, source in model.sources.items():
        if source.files is not None and "://" not in source.files:
            source = source.model_copy(update={"files": str(folder / Path(source.files).expanduser())})
        if source.connection is not None:
            source = source.model_copy(update={"connection": anchored(source.connection, folder)})
        sources[name] = source
    return model.model_copy(update={"sources": sources})


def _told(problem: Problem) -> str:
    where = " ".join(str(step) for step in problem.path[:2])
    singular = where.replace("sources ", "source ").replace("dimensions ", "dimension ").replace("metrics ", "metric ")
    return f"{singular}: {problem.what}. {problem.mend}" if singular else f"{problem.what}. {problem.mend}"


def _line(tree: Any, path: tuple[str | int, ...]) -> int:
    """The line that a path leads to, or as far along it as the file goes."""
    from ruamel.yaml.comments import CommentedMap, CommentedSeq

    line = 1
    node = tree
    for step in path:
        if isinstance(node, CommentedMap):
            key = next((known for known in node if str(known) == str(step)), None)
            if key is None:
                break
            if key in node.lc.data:  # not there for a key merged in with <<
                line = node.lc.key(key)[0] + 1
            node = node[key]
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line = node.lc.item(step)[0] + 1
            node = node[step]
        else:
            break
    return line
