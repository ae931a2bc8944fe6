"""`gemba up`, `down`, `status`, `doctor`."""

from __future__ import annotations

import time
from typing import Any

from interfaces.cli.output import print_json, say
from interfaces.services import Services
from interfaces.workspace import Workspace, open_workspace


def up(*, port: int, as_json: bool) -> int:
    """Start what is not up yet and wait until Dagit answers."""
    workspace = open_workspace()
    workspace.start_server()
    workspace.export_environment()
    services = Services(workspace.settings.home)
    url = services.start(port=port)
    facts = {"dagit": url, "postgres": f"127.0.0.1:{workspace.server.port}", "logs": str(services.logs)}
    if as_json:
        print_json(facts)
    else:
        say(f"Dagit: {url}\nlogs:  {services.logs}\nstop:  gemba down")
    return 0


def down(*, as_json: bool) -> int:
    """Stop Dagit, the daemon and the embedded server. Nothing up is fine."""
    from gemba.store.server import EmbeddedServer

    workspace = open_workspace()
    stopped = Services(workspace.settings.home).stop()
    if workspace.settings.database_url is None:
        server = EmbeddedServer(workspace.settings.home)
        if server.is_alive():
            server.stop()
            stopped = [*stopped, "postgres"]
    if as_json:
        print_json({"stopped": stopped})
    else:
        say("stopped: " + (", ".join(stopped) or "nothing was up"))
    return 0


def status(*, watch: bool, as_json: bool) -> int:
    """What runs, and what is being investigated."""
    workspace = open_workspace()
    while True:
        facts = _status(workspace)
        if as_json:
            print_json(facts)
        else:
            _print_status(facts)
        if not watch:
            return 0
        time.sleep(2)


def _status(workspace: Workspace) -> dict[str, Any]:
    from gemba.store.connect import locate

    services = Services(workspace.settings.home)
    server = locate(workspace.settings.home)
    facts: dict[str, Any] = {
        "home": str(workspace.settings.home),
        "postgres": f"{server.host}:{server.port}" if server else None,
        **services.state(),
        "running": [],
        "current_insights": None,
    }
    if server is not None:
        archive = workspace.archive
        facts["running"] = [record.partition_key for record in archive.questions(state="running")]
        facts["current_insights"] = len(archive.insights(limit=1_000_000))
    return facts


def _print_status(facts: dict[str, Any]) -> None:
    for name in ("home", "postgres", "dagit", "daemon", "current_insights"):
        value = facts[name]
        print(f"{name.replace('_', ' '):<17} {'down' if value is None else value}")
    for partition in facts["running"]:
        print(f"investigating     {partition}")


def doctor(*, as_json: bool) -> int:
    """Run every check; exit code 1 if one fails."""
    from interfaces.doctor import examine

    results = examine(open_workspace())
    if as_json:
        print_json([{"check": one.check, "ok": one.ok, "found": one.found, "mend": one.mend} for one in results])
    else:
        for one in results:
            print(f"{'ok  ' if one.ok else 'FAIL'}  {one.check:<22} {one.found}")
            if not one.ok:
                print(f"      {one.mend}")
    return 0 if all(one.ok for one in results) else 1
