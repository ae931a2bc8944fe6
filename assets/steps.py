"""What passes between the steps of an investigation: small pydantic values."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from gemba.planning.types import Plan


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Asked(_Frozen):
    """The question exists and a run works on it."""

    partition_key: str


class Gathered(_Frozen):
    """The evidence is kept under its data version."""

    plan: Plan
    data_version: str


class Weighed(_Frozen):
    """The claims after weighing: `weighed` is `gemba.insights.weigh.Weighed` as data."""

    plan: Plan
    data_version: str
    weighed: dict[str, Any]
