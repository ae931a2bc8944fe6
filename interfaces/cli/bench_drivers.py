"""`gemba bench ai4i`: what drives each failure flag of a table of machine failures."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gemba.errors import InputError, SampleTooSmallError, UnreadableFileError
from interfaces.cli.output import print_json, say

SEED = 0
ALPHA = 0.05


def ai4i(path: Path, output: Path, *, outcomes: Sequence[str], as_json: bool) -> int:
    """Write `{flag: [driver, ... best first]}` to `output`, and all that was found beside it, as `*.details.json`.

    Outcomes are those named, else all columns of 0 and 1. Each is explained by the columns that are no outcome.
    """
    from gemba.agents.driver_columns import candidate_columns, flags, numbers
    from gemba.statistics.drivers import find_drivers

    frame = _table(path)
    wanted = tuple(outcomes) or flags(frame)
    unknown = [name for name in wanted if name not in frame.columns]
    if unknown or not wanted:
        missing = f"no column {', '.join(unknown)}" if unknown else "no column of 0 and 1"
        raise InputError(f"{path}: {missing}", hint=f"its columns: {', '.join(frame.columns)}")
    numeric, categorical = candidate_columns(frame, leave_out={*wanted, *flags(frame)})
    import numpy as np

    predicted: dict[str, list[str]] = {}
    details: dict[str, Any] = {}
    for name in wanted:
        began = time.perf_counter()
        try:
            found = find_drivers(
                numbers(frame[name]), numeric, categorical, rng=np.random.default_rng(SEED), alpha=ALPHA
            )
        except SampleTooSmallError as error:
            predicted[name], details[name] = [], {"refused": str(error)}
            say(f"{name}: {error}")
            continue
        predicted[name] = list(found.columns)
        details[name] = _details(found)
        say(f"{name}: {', '.join(found.columns) or 'nothing stands out'} ({time.perf_counter() - began:.2f} s)")
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(predicted, indent=2) + "\n", encoding="utf-8")
    told = output.with_suffix(".details.json")
    told.write_text(json.dumps(details, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json({"rows": frame.height, "predictions": str(output), "details": str(told), "drivers": predicted})
    return 0


def _table(path: Path) -> Any:
    """The table at the path; of a folder, the one CSV file named after the benchmark."""
    import polars as pl

    if path.is_dir():
        found = sorted({*path.glob("ai4i*.csv"), *path.glob("public/ai4i*.csv")})
        if len(found) != 1:
            raise InputError(f"{path} holds {len(found)} files ai4i*.csv, 1 is needed", hint="give the file itself")
        path = found[0]
    try:
        return pl.read_csv(path, infer_schema_length=None)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise UnreadableFileError(str(path), str(error).splitlines()[0]) from error


def _details(found: Any) -> dict[str, Any]:
    from dataclasses import asdict

    from gemba.statistics.drivers import DriverReport

    assert isinstance(found, DriverReport)
    plain = asdict(found)
    for rule, one in zip(plain["rules"], found.rules, strict=True):
        rule["p"] = one.p
    return _finite(plain)


def _finite(value: Any) -> Any:
    """JSON has no infinity and no NaN: null."""
    if isinstance(value, dict):
        return {name: _finite(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    if isinstance(value, float) and value - value != 0:
        return None
    return value
