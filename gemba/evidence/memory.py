"""What content versions were last computed from, so that an unchanged partition is not read again.

A fingerprint is cheap and says only "surely unchanged". A version is of the content. A fingerprint that moved
costs time, never truth.
"""

from __future__ import annotations

import json
import os
import tempfile
import threading
from pathlib import Path


class VersionMemory:
    """Fingerprint and version by place and partition. With a `path` it outlives the process.

    A memory file that cannot be read is forgotten: everything in it can be computed again.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._known: dict[str, dict[str, tuple[str, str]]] = {}
        self._changed = False
        if path is not None and path.exists():
            self._known = _read(path)

    def recall(self, place: str, partition: str, fingerprint: str) -> str | None:
        """The version that belongs to a fingerprint; None if it is not the one remembered."""
        with self._lock:
            known = self._known.get(place, {}).get(partition)
        return known[1] if known is not None and known[0] == fingerprint else None

    def knows(self, place: str) -> bool:
        """Whether anything is remembered of the place."""
        with self._lock:
            return place in self._known

    def keep(self, place: str, partition: str, fingerprint: str, version: str) -> None:
        with self._lock:
            entry = (fingerprint, version)
            if self._known.setdefault(place, {}).get(partition) != entry:
                self._known[place][partition] = entry
                self._changed = True

    def save(self) -> None:
        """Write the file if there is one and something was learnt; whole or not at all."""
        with self._lock:
            if self.path is None or not self._changed:
                return
            text = json.dumps(self._known, separators=(",", ":"))
            self._changed = False
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.path.parent, prefix=self.path.name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(self.path)


def _read(path: Path) -> dict[str, dict[str, tuple[str, str]]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return {place: {part: (pair[0], pair[1]) for part, pair in parts.items()} for place, parts in data.items()}
    except (ValueError, AttributeError, IndexError, TypeError):
        return {}
