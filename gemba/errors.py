"""Every error Gemba raises on purpose.

An error keeps its facts as attributes. Its message says what was needed, what was there and where;
`hint` says how to mend it. `exit_code` is the one of the command-line contract.
"""

from __future__ import annotations


class GembaError(Exception):
    """Root of the hierarchy. `kind` is the stable name that answers and logs carry."""

    kind = "failed"
    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


class InputError(GembaError):
    """Something the user gave cannot be used: a flag, a file, a model. Nothing was written."""

    kind = "bad_input"
    exit_code = 2


class InvalidModelError(InputError):
    """A semantic model breaks the format. Carries every problem found, not just the first."""

    kind = "invalid_model"

    def __init__(self, problems: tuple[str, ...], *, hint: str = "") -> None:
        self.problems = problems
        super().__init__("\n".join(problems), hint=hint)


class UnreadableFileError(InputError):
    """A data file is missing, empty, truncated or in an encoding that cannot be read."""

    kind = "unreadable_file"

    def __init__(self, path: str, reason: str, *, hint: str = "") -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}", hint=hint)


class WorldError(GembaError):
    """The world failed: a server is down, a connection dropped, a disk is full. A retry may help."""

    kind = "world"


class SourceUnavailableError(WorldError):
    """A data source does not answer or dropped the connection in the middle of a query."""

    kind = "source_unavailable"

    def __init__(self, source: str, reason: str, *, hint: str = "") -> None:
        self.source = source
        self.reason = reason
        super().__init__(f"source {source!r}: {reason}", hint=hint)


class AccessDeniedError(WorldError):
    """A data source refuses the credentials. A retry does not help."""

    kind = "access_denied"

    def __init__(self, source: str, reason: str, *, hint: str = "") -> None:
        self.source = source
        super().__init__(f"source {source!r}: {reason}", hint=hint)


class LimitReachedError(GembaError):
    """A bound of the investigation (deadline, queries, memory, cost) was hit."""

    kind = "limit"

    def __init__(self, limit: str, allowed: float, used: float, *, unit: str = "") -> None:
        self.limit = limit
        self.allowed = allowed
        self.used = used
        super().__init__(f"{limit}: {used:g} {unit} used of {allowed:g} {unit} allowed".replace("  ", " "))


class SampleTooSmallError(GembaError):
    """A sample has fewer observations than the method can use."""

    kind = "too_little_data"

    def __init__(self, method: str, needed: int, got: int) -> None:
        self.method = method
        self.needed = needed
        self.got = got
        super().__init__(f"{method} needs at least {needed} observations, got {got}")


class UnusableValuesError(GembaError):
    """A method cannot take these values: not finite, constant, a baseline of zero. `reason` says what is wrong."""

    kind = "unusable_values"

    def __init__(self, method: str, reason: str) -> None:
        self.method = method
        self.reason = reason
        super().__init__(f"{method}: {reason}")


class RefusedError(GembaError):
    """A question that cannot be answered. `reason` is one of the contract's refusal reasons."""

    kind = "refused"
    exit_code = 4

    def __init__(self, reason: str, missing: str, *, nearest: tuple[str, ...] = (), text: str = "") -> None:
        self.reason = reason
        self.missing = missing
        self.nearest = nearest
        super().__init__(text or f"{reason}: {missing}")


class VersionConflictError(GembaError):
    """Somebody else appended to the stream first."""

    kind = "version_conflict"

    def __init__(self, stream: str, expected: int, actual: int) -> None:
        self.stream = stream
        self.expected = expected
        self.actual = actual
        super().__init__(f"stream {stream}: version {expected} expected, {actual} found")
