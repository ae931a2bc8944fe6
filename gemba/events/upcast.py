"""Stored form of events, and how old forms are lifted to the present one.

An event class keeps its name for ever; when its payload changes shape or meaning, `VERSION` grows by one and a
function from the old payload to the next one is added to `UPCASTERS`. Stored events are never rewritten.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from gemba.errors import GembaError, InputError
from gemba.events.types import EVENT_TYPES, Event

Payload = dict[str, Any]
Upcaster = Callable[[Payload], Payload]

UPCASTERS: Mapping[tuple[str, int], Upcaster] = {}
"""(type, version it was stored with) -> function to the payload of the next version."""


class UnreadableEventError(GembaError):
    """A stored event cannot be read: its type is unknown here, or was written by newer code."""

    kind = "unreadable_event"


@dataclass(frozen=True, slots=True)
class Encoded:
    """An event as columns of the store."""

    type: str
    type_version: int
    payload: str


def encode(event: Event) -> Encoded:
    """The stored form, proven to be readable again: what is stored can never be mended.

    In free-form data (a chart's columns), NaN and infinities become null, as missing values.

    Raises:
        InputError: It would not come back: it holds NaN, an infinity or a NUL character, or is of an unlisted type.
    """
    name = type(event).__name__
    if EVENT_TYPES.get(name) is not type(event):
        raise InputError(f"{name} is not listed in EVENT_TYPES")
    try:
        payload = event.model_dump_json()
        type(event).model_validate_json(payload)
    except ValueError as error:  # pydantic's ValidationError is one too
        raise InputError(
            f"{name} cannot be stored: {error}", hint="NaN and infinities have no JSON form; use None"
        ) from error
    if "\\u0000" in payload:
        raise InputError(f"{name} cannot be stored: it holds a NUL character")
    return Encoded(name, type(event).VERSION, payload)


def decode(
    name: str, version: int, payload: str | Payload, *, upcasters: Mapping[tuple[str, int], Upcaster] = UPCASTERS
) -> Event:
    """Read a stored event, lifted to the present version of its type.

    Raises:
        UnreadableEventError: Unknown type, missing upcaster, or a payload that its class refuses.
    """
    cls = EVENT_TYPES.get(name)
    if cls is None:
        raise UnreadableEventError(f"event type {name!r} is unknown", hint="it was written by newer code: upgrade")
    if version > cls.VERSION:
        raise UnreadableEventError(
            f"{name} version {version} is newer than {cls.VERSION}, the newest known here", hint="upgrade"
        )
    try:
        if version == cls.VERSION:
            return cls.model_validate_json(payload) if isinstance(payload, str) else cls.model_validate(payload)
        data = json.loads(payload) if isinstance(payload, str) else payload
        while version < cls.VERSION:
            if (name, version) not in upcasters:
                raise UnreadableEventError(f"no upcaster from {name} version {version}")
            data = upcasters[name, version](data)
            version += 1
        return cls.model_validate_json(json.dumps(data))
    except ValidationError as error:
        raise UnreadableEventError(f"{name} version {version}: {error}") from error
