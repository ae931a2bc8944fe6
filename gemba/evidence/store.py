"""Evidence kept on disk, so that a claim can be verified after its source has moved on.

A folder a data version: Parquet files, and `manifest.json` with the read set, the queries, the requests and the
SHA-256 of every file. It appears whole or not at all: written beside its place and renamed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from gemba.errors import GembaError
from gemba.evidence.types import Evidence, EvidenceRequest, FrameEvidence, Grouping, QueryRecord, ReadEntry

MANIFEST = "manifest.json"
_FORMAT = 1


class EvidenceGoneError(GembaError):
    """Evidence that was never stored, or is past its retention."""

    kind = "evidence_gone"
    exit_code = 4

    def __init__(self, data_version: str) -> None:
        self.data_version = data_version
        super().__init__(
            f"evidence {data_version[:12]} is not stored: it is past its retention, or was never gathered here",
            hint="Ask the question again to gather it anew.",
        )


class EvidenceDamagedError(GembaError):
    """A stored file is missing or is not the one that was written."""

    kind = "evidence_damaged"

    def __init__(self, data_version: str, file: str) -> None:
        self.data_version = data_version
        self.file = file
        super().__init__(
            f"evidence {data_version[:12]}: {file} is not as it was written",
            hint="Ask the question again; claims that rest on this evidence cannot be verified from it.",
        )


class EvidenceStore:
    """Evidence by data version under `root`. Several processes may save the same version at once."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def save(self, evidence: Evidence, requests: Iterable[EvidenceRequest]) -> None:
        """Store every frame that the requests name. A version that is stored already is left as it is."""
        if self.has(evidence.data_version):
            return
        self.root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.root, prefix=".writing-"))
        try:
            self._write(folder, evidence, tuple(requests))
            try:
                folder.rename(self.folder(evidence.data_version))
            except OSError:
                if not self.has(evidence.data_version):
                    raise
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def load(self, data_version: str) -> FrameEvidence:
        """The evidence as it was saved.

        Raises:
            EvidenceGoneError: It is not there.
            EvidenceDamagedError: A file does not have the hash it was written with.
        """
        import polars as pl

        manifest = self.manifest(data_version)
        cubes: dict[tuple[str, Grouping], pl.DataFrame] = {}
        frames: dict[str, pl.DataFrame] = {}
        for item in manifest["files"]:
            path = self.folder(data_version) / item["file"]
            data = path.read_bytes() if path.is_file() else b""
            if hashlib.sha256(data).hexdigest() != item["sha256"]:
                raise EvidenceDamagedError(data_version, item["file"])
            frame = pl.read_parquet(data)
            if item["grouping"] is None:
                frames[item["request"]] = frame
            else:
                cubes[(item["request"], tuple(item["grouping"]))] = frame
        return FrameEvidence(
            data_version=data_version,
            read_set=tuple(ReadEntry.model_validate(entry) for entry in manifest["read_set"]),
            queries=tuple(QueryRecord.model_validate(query) for query in manifest["queries"]),
            as_of=None if manifest["as_of"] is None else datetime.fromisoformat(manifest["as_of"]),
            cubes=cubes,
            frames=frames,
        )

    def has(self, data_version: str) -> bool:
        return (self.folder(data_version) / MANIFEST).is_file()

    def manifest(self, data_version: str) -> dict[str, Any]:
        """What is stored and where it came from. Raises EvidenceGoneError."""
        try:
            return json.loads((self.folder(data_version) / MANIFEST).read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise EvidenceGoneError(data_version) from error
        except ValueError as error:
            raise EvidenceDamagedError(data_version, MANIFEST) from error

    def folder(self, data_version: str) -> Path:
        if not data_version.isalnum():
            raise ValueError(f"{data_version!r} is no data version")
        return self.root / data_version[:2] / data_version

    def _write(self, folder: Path, evidence: Evidence, requests: tuple[EvidenceRequest, ...]) -> None:
        self.folder(evidence.data_version).parent.mkdir(parents=True, exist_ok=True)
        files: list[dict[str, Any]] = []
        for request in requests:
            groupings = getattr(request, "groupings", (None,))
            for grouping in dict.fromkeys(groupings):
                name = f"{len(files):03d}.parquet"
                frame = evidence.frame(request.name) if grouping is None else evidence.cube(request.name, grouping)
                frame.write_parquet(folder / name)
                digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
                files.append(
                    {
                        "file": name,
                        "request": request.name,
                        "grouping": None if grouping is None else list(grouping),
                        "rows": frame.height,
                        "sha256": digest,
                    }
                )
        manifest = {
            "format": _FORMAT,
            "data_version": evidence.data_version,
            "as_of": None if evidence.as_of is None else evidence.as_of.isoformat(),
            "files": files,
            "read_set": [entry.model_dump() for entry in evidence.read_set],
            "queries": [query.model_dump() for query in evidence.queries],
            "requests": [request.model_dump(mode="json") for request in requests],
        }
        (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8")
