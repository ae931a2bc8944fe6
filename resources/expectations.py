"""Great Expectations, called on a data frame, without making a run wait for its import. Knows no Dagster: the helper
process imports this module.

The import costs 3 to 4 s of CPU a process, more than a whole investigation. So expectations are plain data here, and
they are evaluated in a helper process that starts importing when the run starts: by the time the claims are there, it
is ready. A process that has imported the library already (a warm worker) evaluates them itself.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd


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

    @cached_property
    def _helper(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(max_workers=1, mp_context=multiprocessing.get_context("spawn"))

    def warm_up(self) -> None:
        """Start importing, and come back at once."""
        if "great_expectations" not in sys.modules:
            self._helper.submit(prepare)

    def validate(self, frame: pd.DataFrame, expects: Sequence[Expect]) -> tuple[Observed, ...]:
        """Evaluate every expectation; one that cannot be evaluated has not passed.

        Raises:
            concurrent.futures.process.BrokenProcessPool: The helper process died.
        """
        if "great_expectations" in sys.modules:
            return validate(frame, expects)
        return self._helper.submit(validate, frame, tuple(expects)).result()

    def close(self) -> None:
        if "_helper" in self.__dict__:
            self._helper.shutdown(wait=False, cancel_futures=True)


def prepare() -> None:
    """Import the library."""
    _library()


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
