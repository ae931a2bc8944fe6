"""Apart from the connections, so that what reads files alone need not load a database driver."""

from __future__ import annotations


class TransientError(Exception):
    """A failure that may be gone on the next try. Never leaves this package."""

    def __init__(self, source: str, reason: str) -> None:
        self.source = source
        self.reason = reason
        super().__init__(reason)
