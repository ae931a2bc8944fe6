"""Runs whose process is not a worker of Dagster's but that of whoever asked (`gemba ask`)."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass

OWN_PROCESS_TAG = "gemba/own_process"
PARENT_TAG = "dagster/parent_run_id"


@dataclass(frozen=True, slots=True)
class OwnProcess:
    """Where a run is executed. `started`: the process's start in whole seconds of the epoch, as numbers are reused."""

    host: str
    pid: int
    started: int

    @property
    def tag(self) -> str:
        return f"{self.host}/{self.pid}/{self.started}"

    def is_gone(self) -> bool | None:
        """None on another host: that cannot be seen from here."""
        import psutil

        if self.host != socket.gethostname():
            return None
        try:
            process = psutil.Process(self.pid)
            return int(process.create_time()) != self.started or process.status() == psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return True


def this_process() -> OwnProcess:
    import psutil

    return OwnProcess(socket.gethostname(), os.getpid(), int(psutil.Process().create_time()))


def own_process(tags: Mapping[str, str]) -> OwnProcess | None:
    """The process that a run's tags name. None for a run with a worker, such as a re-execution, which inherits tags."""
    value = tags.get(OWN_PROCESS_TAG)
    if value is None or PARENT_TAG in tags:
        return None
    host, pid, started = value.rsplit("/", 2)
    return OwnProcess(host, int(pid), int(started))
