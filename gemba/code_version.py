"""Which code computed a claim: a hash of the modules that can change a number."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

FOLDERS = ("agents", "evidence", "insights", "planning", "statistics")


@lru_cache(maxsize=1)
def code_version() -> str:
    """First 12 hex digits of sha-256 over the source of the computing modules, in path order."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for folder in FOLDERS:
        for path in sorted((package / folder).glob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
