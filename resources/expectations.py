"""Great Expectations, called on a data frame, without making a run wait for its import. Knows no Dagster: the helper
process imports this module.

The import costs 3 to 4 s of CPU a process, more than a whole investigation. So expectations are plain data here, and
they are evaluated in a helper process that starts importing when the run starts: by the time the claims are there, it
is ready. A process that has imported the library already (a warm worker) evaluates them itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


REPOSITORY = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Expect:
    """One expectation. `claim` says what is true when it passes; `kind` is a class of `great_expectations`."""

    claim: str
    kind: str
    settings: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Observed:
    """What came of an expectation. `seen` holds threshold and counts, `offending` up to 20 values that broke it."""

    claim: str
    passed: bool
    seen: str
    offending: tuple[Any, ...] = ()


class Expectations:
    """Evaluates expectations, in a helper process unless this process can do it at once."""

    def __init__(self) -> None:
        self._helper: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()  # one request and its reply at a time

    def warm_up(self) -> None:
        """Start importing, and come back at once. A helper that has died is replaced."""
        if self._helper is not None and self._helper.poll() is not None:
            self.close()
        if "great_expectations" not in sys.modules and self._helper is None:
            # Not `multiprocessing`: it runs the caller's main module again, which may ask the same question again.
            self._helper = subprocess.Popen(
                [sys.executable, "-m", "resources.expectations"],
                cwd=REPOSITORY,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )

    def validate(self, frame: pd.DataFrame, expects: Sequence[Expect]) -> tuple[Observed, ...]:
        """Evaluate every expectation; one that cannot be evaluated has not passed. A helper that died is not missed."""
        if self._helper is not None and "great_expectations" not in sys.modules:
            request = {
                "columns": {name: frame[name].tolist() for name in frame.columns},
                "types": {name: str(kind) for name, kind in frame.dtypes.items()},
                "expects": [[one.claim, one.kind, one.settings] for one in expects],
            }
            with self._lock:
                reply = _exchange(self._helper, json.dumps(request))
            if reply:
                return tuple(Observed(claim, ok, seen, tuple(bad)) for claim, ok, seen, bad in json.loads(reply))
        return validate(frame, expects)

    def close(self) -> None:
        """End the helper process."""
        helper, self._helper = self._helper, None
        if helper is not None:
            helper.kill()
            helper.communicate()


def _exchange(helper: subprocess.Popen[str], request: str) -> str:
    """The helper's line in answer to ours; empty if it has died."""
    assert helper.stdin is not None
    assert helper.stdout is not None
    try:
        helper.stdin.write(request + "\n")
        helper.stdin.flush()
        return helper.stdout.readline()
    except BrokenPipeError:
        return ""


def serve() -> None:
    """The helper process: answers a line of JSON with a line of JSON, until its input ends."""
    replies = sys.stdout
    sys.stdout = sys.stderr  # whatever the library prints is no reply
    _library()
    import pandas as pd

    for line in sys.stdin:
        request = json.loads(line)
        frame = pd.DataFrame(request["columns"]).astype(request["types"])
        observed = validate(frame, [Expect(*one) for one in request["expects"]])
        answer = [[one.claim, one.passed, one.seen, list(one.offending)] for one in observed]
        replies.write(json.dumps(answer, default=str) + "\n")
        replies.flush()


def validate(frame: pd.DataFrame, expects: Sequence[Expect]) -> tuple[Observed, ...]:
    """Evaluate in this process. Every call has a context of its own, in memory; nothing is written or sent."""
    gx, kinds, bars = _library()
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = bars(globally=False)
    asset = context.data_sources.add_pandas("frame").add_dataframe_asset("frame")
    batch = asset.add_batch_definition_whole_dataframe("whole").get_batch(batch_parameters={"dataframe": frame})
    # One suite, because a validation an expectation costs several times as much; results come in an order of its own.
    suite = gx.ExpectationSuite(
        name="suite",
        expectations=[
            getattr(kinds, expect.kind)(**expect.settings, meta={"place": place})
            for place, expect in enumerate(expects)
        ],
    )
    results = batch.validate(suite, result_format="SUMMARY").results
    placed = {one.expectation_config.meta["place"]: one for one in results}
    return tuple(_observed(expect, placed[place]) for place, expect in enumerate(expects))


def _library() -> Any:
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    import great_expectations as gx
    import great_expectations.expectations as kinds
    from great_expectations.data_context.types.base import ProgressBarsConfig

    return gx, kinds, ProgressBarsConfig


def _observed(expect: Expect, result: Any) -> Observed:
    found = result.result or {}
    seen = ", ".join(f"{name} {value}" for name, value in expect.settings.items())
    if "observed_value" in found:
        seen += f"; observed {found['observed_value']}"
    if "unexpected_count" in found:
        seen += f"; {found['unexpected_count']} of {found.get('element_count')} break it"
    seen += "".join(f"; could not be evaluated: {message}" for message in _exceptions(result.exception_info or {}))
    offending = tuple(found.get("partial_unexpected_list") or ())[:20]
    return Observed(expect.claim, bool(result.success), seen, offending)


def _exceptions(info: dict[str, Any]) -> list[str]:
    """Messages of what was raised: the library nests them by metric, or does not."""
    nested = [info, *(one for one in info.values() if isinstance(one, dict))]
    return [str(one.get("exception_message")) for one in nested if one.get("raised_exception")]


if __name__ == "__main__":
    serve()
