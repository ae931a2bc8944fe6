"""One investigation of a question at a time: leases, renewed for as long as somebody works on the question.

A holder that dies without a word loses its lease after `LEASE_LIFE`.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from gemba.store.ports import Archive, Lease

LEASE_LIFE = timedelta(seconds=30)


@contextmanager
def kept(archive: Archive, lease: Lease) -> Iterator[None]:
    """Renew the lease from a thread for as long as the block runs, then release it, whatever happened."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(LEASE_LIFE.total_seconds() / 3):
            archive.renew_lease(lease, life=LEASE_LIFE)

    thread = threading.Thread(target=renew, name="lease", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        archive.release_lease(lease)


def is_free(archive: Archive, key: str, *, asker: str) -> bool:
    """Whether nobody investigates the question at this moment."""
    lease = archive.take_lease(key, holder=asker, life=LEASE_LIFE)
    if lease is not None:
        archive.release_lease(lease)
    return lease is not None


class Flights:
    """The leases of one run, from their taking to the end of the run."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._lock = threading.Lock()
        self._held: set[str] = set()
        self._leases = ExitStack()

    def hold(self, key: str, *, holder: str) -> bool:
        """Take the lease of a question key unless it is held here already. False while somebody else has it."""
        with self._lock:
            if key in self._held:
                return True
            lease = self._archive.take_lease(key, holder=holder, life=LEASE_LIFE)
            if lease is None:
                return False
            self._leases.enter_context(kept(self._archive, lease))
            self._held.add(key)
            return True

    def close(self) -> None:
        """Give all leases back."""
        with self._lock:
            self._held.clear()
            self._leases.close()
