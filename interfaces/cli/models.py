"""`gemba model`: draft, check, suggest."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from gemba.errors import InputError
from gemba.investigation import utc_now
from gemba.settings import load_connections
from interfaces.cli.output import print_json, say
from interfaces.workspace import open_workspace


def infer(sources: list[str], output: Path, *, name: str | None, as_json: bool) -> int:
    """Write a drafted model. An existing file is never overwritten."""
    from gemba.semantics.infer import infer_model
    from gemba.semantics.load import parse_model

    if output.exists():
        raise InputError(f"{output} exists already", hint="give another -o, or remove it first")
    if not output.parent.is_dir():
        raise InputError(f"the folder {output.parent} does not exist", hint="make it first")
    load_connections(open_workspace().settings.home)
    text = infer_model(sources, name=name or output.stem)
    model = parse_model(text, name=str(output))
    output.write_text(text, encoding="utf-8")
    facts = {
        "model": str(output),
        "sources": len(model.sources),
        "dimensions": len(model.dimensions),
        "metrics": len(model.metrics),
    }
    if as_json:
        print_json(facts)
    else:
        say(
            f"{output}: {facts['sources']} sources, {facts['dimensions']} dimensions, {facts['metrics']} metrics.\n"
            f"Read it through, then: gemba model questions {output}"
        )
    return 0


def check(reference: str, *, as_json: bool) -> int:
    """Problems with their mends; exit code 2 if one is an error, 0 for warnings."""
    from gemba.semantics.check import check_model

    workspace = open_workspace()
    model = workspace.model(reference)
    problems = check_model(model, workspace.warehouse)
    if as_json:
        listed = [{"severity": problem.severity, "problem": str(problem)} for problem in problems]
        print_json({"model": model.name, "problems": listed})
    for problem in problems if not as_json else ():
        say(f"{problem.severity}: {problem}")
    wrong = any(problem.severity == "error" for problem in problems)
    if not wrong:
        say(f"{model.name}: the sources hold all that the model names")
    return 2 if wrong else 0


def questions(reference: str, *, as_of: datetime | None, as_json: bool) -> int:
    """Suggested questions, one a line."""
    from gemba.semantics.suggest import suggested_questions

    workspace = open_workspace()
    model = workspace.model(reference)
    words = workspace.vocabulary(model)(True)
    ends = [one.last for one in words.coverage.values() if one.last is not None]
    now = utc_now()
    instant = as_of or min([now, max(ends, default=now)])
    suggested = suggested_questions(model, members=words.members, as_of=instant.astimezone(ZoneInfo(model.timezone)))
    if as_json:
        print_json({"model": model.name, "as_of": instant.isoformat(), "questions": list(suggested)})
    else:
        print("\n".join(suggested))
    return 0
