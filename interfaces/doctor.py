"""`gemba doctor`: is everything here that Gemba needs?"""

from __future__ import annotations

import importlib.metadata
import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

from gemba.errors import GembaError
from gemba.settings import REPOSITORY
from interfaces.services import Services
from interfaces.workspace import Workspace

FREE_GB_NEEDED = 1.0


@dataclass(frozen=True, slots=True)
class Result:
    check: str
    ok: bool
    found: str
    mend: str = ""


def examine(workspace: Workspace) -> list[Result]:
    """Run every check; none stops the others. The embedded server is started if it is down."""
    checks: list[tuple[str, Callable[[], Result]]] = [
        ("python", _python),
        ("packages", _packages),
        ("bytecode", _bytecode),
        ("home", lambda: _home(workspace)),
        ("postgres", lambda: _postgres(workspace)),
        ("schema", lambda: _schema(workspace)),
        ("dagit", lambda: _dagit(workspace)),
        ("models", lambda: _models(workspace)),
    ]
    results = []
    for name, check in checks:
        try:
            results.append(check())
        except GembaError as error:
            results.append(Result(name, False, str(error), error.hint))
    return results


def _python() -> Result:
    version = ".".join(map(str, sys.version_info[:3]))
    return Result("python", sys.version_info >= (3, 11), version, "use Python 3.11 or newer")


def _packages() -> Result:
    """The Dagster family must be of one set."""
    versions = {name: importlib.metadata.version(name) for name in ("dagster", "dagster-postgres", "sqlalchemy")}
    found = ", ".join(f"{name} {version}" for name, version in versions.items())
    return Result("packages", versions["dagster"] == "1.13.27", found, "make setup installs the locked set")


def _bytecode() -> Result:
    unset = not os.environ.get("PYTHONDONTWRITEBYTECODE")
    return Result(
        "bytecode", unset, "written" if unset else "not written", "unset PYTHONDONTWRITEBYTECODE: it slows starts"
    )


def _home(workspace: Workspace) -> Result:
    workspace.prepare_home()
    free = shutil.disk_usage(workspace.settings.home).free / 1e9
    found = f"{workspace.settings.home}, {free:.1f} GB free"
    return Result("home", free >= FREE_GB_NEEDED, found, f"{FREE_GB_NEEDED} GB are needed; set GEMBA_HOME elsewhere")


def _postgres(workspace: Workspace) -> Result:
    from gemba.store.databases import check_server

    server = workspace.server
    check_server(server)
    kind = "embedded" if server.embedded else "external"
    return Result("postgres", True, f"{kind}, {server.host}:{server.port}")


def _schema(workspace: Workspace) -> Result:
    from gemba.store.migrate import migrate

    migrate(workspace.server.url())
    return Result("schema", True, "up to date")


def _dagit(workspace: Workspace) -> Result:
    url = Services(workspace.settings.home).state()["dagit"]
    found = url or "down (asking works without it)"
    return Result("dagit", (REPOSITORY / "workspace.yaml").exists(), found, "run from the repository")


def _models(workspace: Workspace) -> Result:
    names = sorted(path.stem for path in workspace.settings.models.glob("*.yaml"))
    for name in names:
        workspace.model(name)
    return Result("models", True, ", ".join(names) or "none used yet")
