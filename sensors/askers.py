"""Who reads questions for a sensor or the job `ask`: the core's `Asker` over the models in use."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NoReturn

from gemba.asking import Asker
from gemba.errors import GembaError
from gemba.evidence.types import Warehouse
from gemba.store.ports import Archive
from resources.models import ModelFolder


def askers(models: ModelFolder, archive: Archive, warehouse: Warehouse) -> Callable[[str], Asker]:
    """Gives the asker of a model by name; the words for its members are read from its sources once."""

    @cache
    def asker_of(name: str) -> Asker:
        from gemba.questions.vocabulary import Vocabulary, vocabulary_from

        model = models.model(name)
        read: list[Vocabulary] = []

        def vocabulary(fresh: bool) -> Vocabulary:
            del fresh  # a tick reads them once, so they are
            if not read:
                read.append(vocabulary_from(model, warehouse))
            return read[0]

        return Asker(model, archive, warehouse, launch=_not_here, vocabulary=vocabulary)

    return asker_of


def _not_here(partition_key: str, reason: str) -> NoReturn:
    raise GembaError(f"{partition_key} ({reason}) is launched by a run request, not by the one who reads the question")
