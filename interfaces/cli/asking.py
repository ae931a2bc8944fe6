"""`gemba ask` and `gemba resolve`."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from gemba.answers import Reply
from gemba.asking import Launch, Reason
from gemba.errors import GembaError, InputError
from gemba.questions.types import Clarification, Refusal, Resolution
from gemba.semantics.model import SemanticModel
from interfaces.cli.output import answer_data, print_json, say, working
from interfaces.workspace import Workspace, open_workspace


def ask(
    text: str,
    reference: str,
    *,
    as_of: datetime | None,
    fresh: bool,
    choose: int | None,
    tenant: str | None,
    as_json: bool,
) -> int:
    """Answer a question; exit code by the answer's status."""
    workspace = for_tenant(tenant)
    model = workspace.model(reference)
    workspace.register(model)
    asker = workspace.asker(model)
    with working() as tell:
        told = replace(asker, launch=_telling(asker.launch, tell))
        answer = told.ask(text, as_of=_local(as_of, model), fresh=fresh, choose=choose)
    if as_json:
        print_json(answer_data(answer))
        return answer.exit_code
    from rich.console import Console

    from gemba.questions.describe import describe
    from gemba.reports.terminal import show_answer

    reading = describe(answer.question, model=model) if answer.question is not None else ""
    show_answer(answer, Console(), reading=reading)
    return answer.exit_code


def resolve(text: str, reference: str, *, as_of: datetime | None, as_json: bool) -> int:
    """Say how a question is read."""
    workspace = open_workspace()
    model = workspace.model(reference)
    reply = Reply()
    found = _resolve(text, model, workspace, _local(as_of, model))
    if as_json:
        print_json(resolution_data(found, reply))
    else:
        _show(found, model)
    return exit_code(found)


def resolve_batch(path: Path, reference: str) -> int:
    """JSON lines in, JSON lines out, in order. A line that cannot be read ends as `failed` and the rest goes on."""
    workspace = open_workspace()
    model = workspace.model(reference)
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: {error}", hint="--batch takes a UTF-8 file of JSON lines") from error
    for number, line in enumerate(lines, start=1):
        if line.strip():
            print(json.dumps(_batch_line(line, number, model, workspace), ensure_ascii=False))
    return 0


def _batch_line(line: str, number: int, model: SemanticModel, workspace: Workspace) -> dict[str, Any]:
    reply = Reply()
    identity: Any = None
    try:
        request = json.loads(line)
        identity = request.get("id")
        as_of = datetime.fromisoformat(request["as_of"]) if request.get("as_of") else None
        found = _resolve(str(request["text"]), model, workspace, _local(as_of, model))
        return {"id": identity, **resolution_data(found, reply)}
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        problem = InputError(f"line {number}: {error}", hint='each line is {"id": …, "text": …, "as_of": …}')
        return {"id": identity, **answer_data(reply.error(problem))}
    except GembaError as error:
        return {"id": identity, **answer_data(reply.error(error))}


def _resolve(text: str, model: SemanticModel, workspace: Workspace, as_of: datetime | None) -> Resolution:
    from gemba.asking import Asker

    def never(_partition: str, _reason: str) -> str:
        raise AssertionError("resolving launches nothing")

    # Reading a question needs the words of the data and no archive, so no server is started for it.
    asker = Asker(
        model=model,
        archive=None,  # type: ignore[arg-type]
        warehouse=workspace.warehouse,
        launch=never,
        vocabulary=workspace.vocabulary(model),
    )
    return asker.resolve(text, as_of=as_of)


def resolution_data(found: Resolution, reply: Reply) -> dict[str, Any]:
    """A resolution in the shape of an answer."""
    if isinstance(found, Clarification):
        return answer_data(reply.clarify(found))
    if isinstance(found, Refusal):
        return answer_data(reply.refuse(found))
    return {
        "status": "answered",
        "question": found.question.model_dump(mode="json"),
        "text": found.text,
        "assumptions": list(found.assumptions),
        "elapsed_ms": reply.elapsed_ms,
    }


def exit_code(found: Resolution) -> int:
    return {"answered": 0, "clarify": 3, "refused": 4}[found.status]


def _telling(launch: Launch, tell: Callable[[str], None]) -> Launch:
    """The same launch, saying when it begins."""

    def launched(partition: str, reason: Reason) -> str:
        tell(f"investigating {partition}: plan, evidence, agents, checks")
        return launch(partition, reason)

    return launched


def for_tenant(tenant: str | None) -> Workspace:
    """The workspace of the environment, for another tenant if one is named."""
    workspace = open_workspace()
    if tenant is None:
        return workspace
    os.environ["GEMBA_TENANT"] = tenant
    return Workspace(replace(workspace.settings, tenant=tenant))


def _local(instant: datetime | None, model: SemanticModel) -> datetime | None:
    if instant is None or instant.tzinfo is not None:
        return instant
    return instant.replace(tzinfo=ZoneInfo(model.timezone))


def _show(found: Resolution, model: SemanticModel) -> None:
    from gemba.questions.describe import describe

    if isinstance(found, Clarification):
        say(found.text)
        for number, choice in enumerate(found.choices, start=1):
            print(f"{number}  {choice.reading}")
    elif isinstance(found, Refusal):
        say(f"cannot answer ({found.reason}): {found.text}")
        if found.nearest:
            say(f"closest: {', '.join(found.nearest)}")
    else:
        print(describe(found.question, model=model))
        for assumption in found.assumptions:
            print(f"assumed: {assumption}")
