"""As which system user the embedded PostgreSQL runs, and where its files may lie.

PostgreSQL refuses to run as root. When we are root, it runs as an unprivileged system user, which must be able to
reach its files: never under somebody's home folder, and without opening any folder that is closed.
"""

from __future__ import annotations

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYSTEM_USER = "gemba"
SYSTEM_FOLDER = Path("/var/lib/gemba")


@dataclass(frozen=True, slots=True)
class Account:
    """`user` None: the server runs as ourselves. `location`: where a new cluster goes."""

    user: pwd.struct_passwd | None
    location: Path

    def as_user(self) -> dict[str, Any]:
        """Arguments of `subprocess.run` that make it run as this account."""
        if self.user is None:
            return {}
        return {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}

    def own(self, path: Path) -> None:
        if self.user is not None:
            os.chown(path, self.user.pw_uid, self.user.pw_gid)

    def own_folder(self, path: Path) -> None:
        """Make a folder that only this account (and root) can enter."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        self.own(path)

    def short_folder(self, home: Path) -> Path:
        """For sockets: their paths are limited to about 100 bytes."""
        return Path("/tmp") / f"gemba-{_name_of(home)}"  # noqa: S108 - private by its mode, see own_folder

    def binaries(self, folder: Path) -> Path:
        """The folder of programs, or a copy of its installation where this account can reach it."""
        if self.user is None or _reaches(self.user, folder):
            return folder
        copy = SYSTEM_FOLDER / "pginstall" / _name_of(folder)
        if not (copy / "bin" / "pg_ctl").exists():
            unfinished = Path(tempfile.mkdtemp(prefix="copy-", dir=_open_folder(copy.parent)))
            shutil.copytree(folder.parent, unfinished / "it", symlinks=True)
            (unfinished / "it").rename(copy)
            unfinished.rmdir()
        return copy / "bin"


def account_for_server(home: Path) -> Account:
    """Ourselves, or for root a system user with a location that it can reach."""
    if os.geteuid() != 0:
        return Account(None, home / "postgres")
    user = _system_user()
    if _reaches(user, home) and not _under_a_home_folder(home):
        return Account(user, home / "postgres")
    return Account(user, _open_folder(SYSTEM_FOLDER) / _name_of(home))


def _system_user() -> pwd.struct_passwd:
    """The user `gemba`, created if need be; `nobody` where users cannot be created."""
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        pass
    program = shutil.which("useradd")
    if program is not None:
        command = [program, "--system", "--no-create-home", "--home-dir", str(SYSTEM_FOLDER), SYSTEM_USER]
        subprocess.run([*command[:-1], "--shell", "/usr/sbin/nologin", SYSTEM_USER], capture_output=True, check=False)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return pwd.getpwnam("nobody")


def _reaches(user: pwd.struct_passwd, folder: Path) -> bool:
    """Whether the user may pass through the folder and all above it."""
    for part in (folder.resolve(), *folder.resolve().parents):
        status = part.stat()
        if status.st_uid == user.pw_uid:
            needed = stat.S_IXUSR
        elif status.st_gid == user.pw_gid:
            needed = stat.S_IXGRP
        else:
            needed = stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def _under_a_home_folder(folder: Path) -> bool:
    homes = (Path("/root"), Path("/home"), Path("/Users"), Path("/var/root"))
    return any(folder.resolve().is_relative_to(home) for home in homes)


def _open_folder(path: Path) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o755)
    return path


def _name_of(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]
