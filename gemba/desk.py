"""What the phases of one run have in hand, so that twelve steps do not fetch the same things twelve times."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import TypeVar

T = TypeVar("T")

ROOM = 8
"""Things kept: question, model, evidence and earlier insights of the last two or so runs of this process."""


class Desk:
    """Remembers immutable things by key, the latest few. Safe for threads; what it lost is fetched again."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._things: OrderedDict[Hashable, object] = OrderedDict()

    def put(self, key: Hashable, thing: object) -> None:
        with self._lock:
            self._things[key] = thing
            self._things.move_to_end(key)
            while len(self._things) > ROOM:
                self._things.popitem(last=False)

    def get(self, key: Hashable, fetch: Callable[[], T]) -> T:
        """What is kept under the key, else what `fetch` gives. Steps that want the same thing wait for one fetch."""
        with self._lock:
            if key not in self._things:
                self.put(key, fetch())
            return self._things[key]  # type: ignore[return-value]
