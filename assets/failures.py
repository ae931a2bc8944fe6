"""How a failing step ends: what a rerun may cure is retried, the rest fails at once, and the archive knows of it.

Three kinds of trouble in a step:

* `RefusedError`: the data cannot answer. That is an answer: it was recorded, downstream is skipped, the run succeeds.
* A transient `WorldError` (a server is down, a connection dropped): Dagster's `RetryPolicy` repeats the step, with
  exponential backoff and jitter; after the last attempt the investigation is recorded as failed.
* Everything else: recorded as failed at once, no retry.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from gemba.errors import AccessDeniedError, GembaError, RefusedError, WorldError
from gemba.investigation import Investigator

RETRIES = dg.RetryPolicy(max_retries=3, delay=0.5, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)


def is_transient(error: Exception) -> bool:
    return isinstance(error, WorldError) and not isinstance(error, AccessDeniedError)


@contextmanager
def failures_recorded(context: dg.OpExecutionContext, investigator: Investigator) -> Iterator[None]:
    """Record what ends the investigation, and turn it into a `Failure` that says what to do."""
    try:
        yield
    except RefusedError:
        raise
    except Exception as error:
        if is_transient(error) and context.retry_number < RETRIES.max_retries:
            context.log.warning(f"{type(error).__name__}: {error}. Trying again.")
            raise
        investigator.fail(context.partition_key, context.run_id, error)
        hint = error.hint if isinstance(error, GembaError) else ""
        raise dg.Failure(
            f"{error}" + (f" — {hint}" if hint else ""),
            metadata={"kind": getattr(error, "kind", type(error).__name__), "what to do": hint or "see the traceback"},
            allow_retries=False,
        ) from error
