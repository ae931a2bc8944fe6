"""CSV and Parquet files as lazy frames, after a look at whether they are sound."""

from __future__ import annotations

import glob
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gemba.errors import InputError, UnreadableFileError

if TYPE_CHECKING:
    import polars as pl

_INFER_ROWS = 10_000
_RACY_NS = 2_000_000_000  # a file touched this recently may change again within its time stamp's grain


def paths_of(pattern: str, *, source: str) -> tuple[Path, ...]:
    """The files of a path or glob, sorted.

    Raises:
        InputError: None matches.
    """
    found = sorted(path for path in map(Path, glob.glob(pattern, recursive=True)) if path.is_file())  # noqa: PTH207  absolute patterns
    if not found:
        folder = Path(pattern).parent
        near = sorted(path.name for path in folder.glob("*"))[:8] if folder.is_dir() else []
        there = f"{folder} holds: {', '.join(near)}." if near else f"The folder {folder} is empty or does not exist."
        raise InputError(f"source {source!r}: no file matches {pattern}", hint=there)
    return tuple(found)


def fingerprint(paths: tuple[Path, ...], *, now_ns: int) -> str | None:
    """Of sizes, times and inodes; None while a file is so fresh that a second write could go unseen."""
    digest = hashlib.sha256()
    for path in paths:
        status = path.stat()
        if now_ns - status.st_mtime_ns < _RACY_NS:
            return None
        digest.update(f"{path}|{status.st_size}|{status.st_mtime_ns}|{status.st_ino}\n".encode())
    return digest.hexdigest()[:24]


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """Opens files as lazy frames. `check_time` is called between files."""

    check_time: Callable[[], None]

    def scan(self, pattern: str, *, source: str) -> pl.LazyFrame:
        """The rows of every file of the pattern, together.

        Raises:
            InputError: No file matches, or it is neither CSV nor Parquet.
            UnreadableFileError: A file is empty, cut short, or not UTF-8.
        """
        import polars as pl

        paths = paths_of(pattern, source=source)
        kinds = {path.suffix.lower() for path in paths}
        if kinds <= {".parquet", ".pq"}:
            for path in paths:
                self._check_parquet(path)
            return pl.scan_parquet(list(paths), missing_columns="insert", glob=False)
        if kinds <= {".csv", ".tsv", ".txt"}:
            return self._scan_csv(paths)
        raise InputError(
            f"source {source!r}: files of the kinds {', '.join(sorted(kinds))}",
            hint="Use CSV or Parquet, one kind a source.",
        )

    def _scan_csv(self, paths: tuple[Path, ...]) -> pl.LazyFrame:
        import polars as pl

        for path in paths:
            self.check_time()
            self._check_csv(path)
        frames = [_read_csv(path) for path in paths]
        if len(frames) == 1:
            return frames[0].lazy()
        try:
            return pl.concat(frames, how="diagonal_relaxed").lazy()
        except pl.exceptions.PolarsError as error:
            raise UnreadableFileError(str(paths[0].parent), f"the files do not fit together: {error}") from error

    def _check_parquet(self, path: Path) -> None:
        size = path.stat().st_size
        if size == 0:
            raise UnreadableFileError(str(path), "is empty (0 bytes)", hint="Write the file again.")
        with path.open("rb") as file:
            head = file.read(4)
            file.seek(max(0, size - 4))
            tail = file.read(4)
        if head != b"PAR1":
            raise UnreadableFileError(str(path), "is no Parquet file", hint="Check the file's ending.")
        if tail != b"PAR1":
            raise UnreadableFileError(str(path), "is cut short: its footer is missing", hint="Copy the file again.")

    def _check_csv(self, path: Path) -> None:
        """Encoding, and whether the last line has as many fields as the first."""
        import csv

        if path.stat().st_size == 0:
            raise UnreadableFileError(str(path), "is empty (0 bytes)", hint="Write the file again, with a header line.")
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = data[: error.start].count(b"\n") + 1
            raise UnreadableFileError(
                str(path),
                f"is not UTF-8: byte 0x{data[error.start]:02x} in line {line}",
                hint=f"iconv -f LATIN1 -t UTF-8 {path.name} > fixed.csv",
            ) from error
        if "\x00" in text[:4096]:
            raise UnreadableFileError(
                str(path), "holds zero bytes and is no text", hint="Is it UTF-16? Save it as UTF-8."
            )
        header, _, rest = text.partition("\n")
        delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        wanted = len(next(csv.reader([header], delimiter=delimiter), []))
        lines = rest.rstrip("\r\n").rsplit("\n", 1)
        last = lines[-1]
        if '"' in rest or not last:
            return  # a quoted field may hold line ends: the reader decides
        fields = len(next(csv.reader([last], delimiter=delimiter)))
        if fields < wanted:
            raise UnreadableFileError(
                str(path),
                f"is cut short: the last line has {fields} fields, the header {wanted}",
                hint="Copy the file again, or delete the last line.",
            )


def _read_csv(path: Path) -> pl.DataFrame:
    import polars as pl

    separator = "\t" if path.suffix.lower() == ".tsv" else ","
    try:
        frame = pl.read_csv(path, separator=separator, infer_schema_length=_INFER_ROWS, null_values=["", "NULL", "NaN"])
    except pl.exceptions.ComputeError:
        # A column that looked like whole numbers for long: look at every row before giving up.
        try:
            frame = pl.read_csv(path, separator=separator, infer_schema_length=None, null_values=["", "NULL", "NaN"])
        except pl.exceptions.PolarsError as error:
            raise UnreadableFileError(str(path), f"cannot be read as CSV: {str(error).splitlines()[0]}") from error
    except pl.exceptions.PolarsError as error:
        raise UnreadableFileError(str(path), f"cannot be read as CSV: {str(error).splitlines()[0]}") from error
    unknown = [
        name for name in frame.columns if frame[name].dtype == pl.String and frame[name].null_count() == frame.height
    ]
    return frame.with_columns(pl.col(name).cast(pl.Null) for name in unknown)
