"""Settings from the environment, each with the safe choice as default.

| variable | meaning | default |
|---|---|---|
| `GEMBA_HOME` | folder of all that Gemba keeps: server, evidence, models, runs | `dagster_home` of the repository |
| `GEMBA_DATABASE_URL` | use this PostgreSQL instead of the embedded one | embedded |
| `GEMBA_TENANT` | whose data this process works with | `default` |
| `GEMBA_MAX_SECONDS`, `GEMBA_MAX_QUERIES`, `GEMBA_STATEMENT_SECONDS` | bounds of one investigation | 1800, 100, 30 |
"""

from __future__ import annotations

import os
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from gemba.errors import InputError
from gemba.evidence.types import Limits

REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Settings:
    """Read once at the edge and handed down."""

    home: Path
    database_url: str | None
    tenant: str
    limits: Limits

    @property
    def evidence(self) -> Path:
        return self.home / "evidence"

    @property
    def models(self) -> Path:
        """Copies of the models in use, one YAML file each, named after the model."""
        return self.home / "models"

    @property
    def vocabularies(self) -> Path:
        return self.home / "vocabularies"

    @property
    def reports(self) -> Path:
        return self.home / "reports"


def settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings.

    Raises:
        InputError: A variable holds something that cannot be read; the message names it.
    """
    defaults = Limits()
    return Settings(
        home=Path(environment.get("GEMBA_HOME") or REPOSITORY / "dagster_home").resolve(),
        database_url=environment.get("GEMBA_DATABASE_URL") or None,
        tenant=environment.get("GEMBA_TENANT") or "default",
        limits=Limits(
            deadline_s=_number(environment, "GEMBA_MAX_SECONDS", defaults.deadline_s),
            queries=int(_number(environment, "GEMBA_MAX_QUERIES", defaults.queries)),
            statement_timeout_s=_number(environment, "GEMBA_STATEMENT_SECONDS", defaults.statement_timeout_s),
        ),
    )


def _number(environment: Mapping[str, str], name: str, default: float) -> float:
    text = environment.get(name)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(
            f"{name}={text!r} is not a number", hint=f"unset it, or give one such as {default:g}"
        ) from error
    if value <= 0:
        raise InputError(f"{name}={text!r} is not above zero", hint=f"unset it, or give one such as {default:g}")
    return value


def load_connections(home: Path, environment: MutableMapping[str, str] = os.environ) -> None:
    """Add the variables of `home/connections.env` that are not set yet: `NAME=value` lines, `#` comments.

    Models name their connections as `${NAME}`; this file keeps the values beside the server's own password, readable
    by its owner only, so that Dagit, the daemon and the command line find the same ones.
    """
    path = home / "connections.env"
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.partition("=")
        if separator and not name.lstrip().startswith("#"):
            environment.setdefault(name.strip(), value.strip())


def save_connection(home: Path, name: str, value: str) -> None:
    """Keep one variable in `home/connections.env`, replacing an earlier value."""
    path = home / "connections.env"
    home.mkdir(parents=True, exist_ok=True)
    kept = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    lines = [line for line in kept if line.partition("=")[0].strip() != name]
    temporary = path.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text("\n".join([*lines, f"{name}={value}"]) + "\n", encoding="utf-8")
    temporary.replace(path)
