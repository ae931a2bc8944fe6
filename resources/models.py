"""The semantic models in use: one YAML file each in a folder, named after the model.

The first `gemba ask -m MODEL` or `gemba up -m MODEL` puts a copy there. Copies name connections as `${NAME}`, so they
hold no secret, and their paths are absolute.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from gemba.errors import InputError, InvalidModelError
from gemba.semantics.model import SemanticModel


@dataclass(frozen=True, slots=True)
class ModelFolder:
    """Models by name, read from their files when asked for."""

    folder: Path

    def names(self) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in self.folder.glob("*.yaml")))

    def model(self, name: str) -> SemanticModel:
        """The model of that name.

        Raises:
            InputError: There is none; the message names those that exist.
            InvalidModelError: Its file breaks the format.
        """
        from gemba.semantics.load import load_model

        if name not in self.names():
            known = ", ".join(self.names()) or "none yet"
            raise InputError(
                f"no model {name!r} is in use (known: {known})", hint="`gemba ask ... -m FILE` puts one into use"
            )
        return load_model(self.folder / f"{name}.yaml")

    def readable(self) -> tuple[dict[str, SemanticModel], dict[str, str]]:
        """Models that can be read, and why the others cannot. One broken file must not hide the others."""
        models, broken = {}, {}
        for name in self.names():
            try:
                models[name] = self.model(name)
            except InvalidModelError as error:
                broken[name] = str(error)
        return models, broken
