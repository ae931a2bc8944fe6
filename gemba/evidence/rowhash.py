"""The content version of rows held as a Polars frame: stable across versions of Polars, machines and runs."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


def frame_version(frame: pl.DataFrame) -> str:
    """Number of rows and a hash of them as CSV with sorted lines: the order of rows does not matter."""
    from gemba.evidence.partitions import EMPTY

    if frame.height == 0:
        return EMPTY
    digest = hashlib.sha256("\x1f".join(sorted(frame.columns)).encode())
    lines = frame.select(sorted(frame.columns)).write_csv(include_header=False, null_value="\\N").encode().split(b"\n")
    lines.sort()
    digest.update(b"\n".join(lines))
    return f"{frame.height}-{digest.hexdigest()[:20]}"
