"""The long-running processes beside PostgreSQL: Dagit (dagster-webserver) and the daemon."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gemba.errors import WorldError
from gemba.settings import REPOSITORY

START_TIMEOUT_S = 90.0
STOP_TIMEOUT_S = 15.0


@dataclass(frozen=True, slots=True)
class Services:
    """Starts and stops the processes of one Gemba home. What runs is written down in `home/services.json`."""

    home: Path

    @property
    def logs(self) -> Path:
        # Not `logs`: Dagster sends all that lies in `DAGSTER_HOME/logs` to its maker and deletes it, whatever the
        # setting `telemetry` says (`dagster._core.telemetry_upload`).
        return self.home / "service_logs"

    @property
    def _record(self) -> Path:
        return self.home / "services.json"

    def start(self, *, port: int) -> str:
        """Start what is not up yet; return Dagit's address once it answers.

        The environment must hold what Dagster reads (`Workspace.export_environment`).

        Raises:
            WorldError: A process ended or Dagit did not answer in time; the message names its log.
        """
        known = self._read()
        if not self._lives(known.get("daemon")):
            known["daemon"] = self._spawn("daemon", "-m", "dagster._daemon", "run", "-w", str(_workspace_file()))
        if not self._lives(known.get("dagit")):
            port = _free_port(port)
            known["port"] = port
            arguments = ("-m", "dagster_webserver", "-h", "127.0.0.1", "-p", str(port), "-w", str(_workspace_file()))
            known["dagit"] = self._spawn("dagit", *arguments)
        self._record.write_text(json.dumps(known))
        url = f"http://127.0.0.1:{known['port']}"
        self._await(url, known)
        return url

    def stop(self) -> list[str]:
        """Stop what was started; return the names of what was up."""
        import psutil

        known = self._read()
        stopped = []
        for name in ("dagit", "daemon"):
            if not self._lives(known.get(name)):
                continue
            process = psutil.Process(known[name]["pid"])
            family = [process, *process.children(recursive=True)]
            for member in family:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.terminate()
            _, alive = psutil.wait_procs(family, timeout=STOP_TIMEOUT_S)
            for member in alive:
                with contextlib.suppress(psutil.NoSuchProcess):
                    member.kill()
            stopped.append(name)
        self._record.unlink(missing_ok=True)
        return stopped

    def state(self) -> dict[str, str | None]:
        """Dagit's address and the daemon's process, None where it is down."""
        known = self._read()
        dagit = f"http://127.0.0.1:{known['port']}" if self._lives(known.get("dagit")) else None
        daemon = f"process {known['daemon']['pid']}" if self._lives(known.get("daemon")) else None
        return {"dagit": dagit, "daemon": daemon}

    def _read(self) -> dict[str, Any]:
        try:
            return json.loads(self._record.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def _lives(self, known: dict[str, Any] | None) -> bool:
        """The same process, not another that got its number."""
        import psutil

        if known is None:
            return False
        try:
            process = psutil.Process(known["pid"])
            return process.create_time() == known["created"] and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def _spawn(self, name: str, *arguments: str) -> dict[str, Any]:
        import psutil

        self.logs.mkdir(parents=True, exist_ok=True)
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
        with (self.logs / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=REPOSITORY,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        return {"pid": process.pid, "created": psutil.Process(process.pid).create_time()}

    def _await(self, url: str, known: dict[str, Any]) -> None:
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:
            for name in ("dagit", "daemon"):
                if not self._lives(known.get(name)):
                    raise WorldError(f"{name} ended at once", hint=f"its log: {self.logs / f'{name}.log'}")
            try:
                with urllib.request.urlopen(f"{url}/server_info", timeout=2):  # noqa: S310  (our own address)
                    return
            except (urllib.error.URLError, TimeoutError, ConnectionError):
                time.sleep(0.2)
        raise WorldError(f"Dagit did not answer at {url} within {START_TIMEOUT_S:.0f} s", hint=f"logs: {self.logs}")


def _workspace_file() -> Path:
    return REPOSITORY / "workspace.yaml"


def _free_port(wanted: int) -> int:
    """`wanted`, or the next port above it that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise WorldError(f"no free port from {wanted} to {wanted + 99}", hint="give another --port")
