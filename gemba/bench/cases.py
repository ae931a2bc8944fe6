"""One case of a published benchmark after another: found below a folder, answered, timed, refused where it must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Generic, TypeVar

from gemba.errors import SampleTooSmallError, UnreadableFileError, UnusableValuesError

Found = TypeVar("Found", covariant=True)


@dataclass(frozen=True, slots=True)
class Case(Generic[Found]):
    """What was found in one case. `refusal` says why there is nothing to be had; `cpu_s` is processor time."""

    name: str
    found: Found
    refusal: str
    cpu_s: float


def case_files(
    folder: Path, *, ends: tuple[str, ...], what: str, leave_out: frozenset[str] = frozenset(), deep: bool = True
) -> list[Path]:
    """The files of a folder (and below it, where `deep`) whose name ends so, in order of path.

    `what` they are is said where there is none; `leave_out` are names of files that hold answers.

    Raises:
        UnreadableFileError: There is no such file.
    """
    paths = folder.rglob("*") if deep else folder.glob("*")
    files = sorted(path for path in paths if path.name.endswith(ends) and path.name not in leave_out)
    if not files:
        raise UnreadableFileError(str(folder), f"no {what} ({', '.join(ends)}) {'below' if deep else 'in'} it")
    return files


def timed(name: str, find: Callable[[], Found]) -> Case[Found]:
    """Answer a case and time it; what it raises goes through."""
    began = process_time()
    found = find()
    return Case(name, found, "", process_time() - began)


def answered(name: str, find: Callable[[], Found], *, nothing: Found) -> Case[Found]:
    """As `timed`; where the method refuses the data, the answer is `nothing` and says why."""
    began = process_time()
    try:
        return timed(name, find)
    except (SampleTooSmallError, UnusableValuesError) as error:
        return Case(name, nothing, str(error), process_time() - began)
