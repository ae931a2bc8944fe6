"""A plan: which agents look, at what evidence, within which bounds."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from gemba.evidence.types import CubeRequest, EvidenceRequest, QualityRequest, RowsRequest, ValuesRequest
from gemba.questions.types import Question


class _Frozen(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlannedAgent(_Frozen):
    """An agent that will look, and why it was chosen."""

    name: str
    reason: str


class PastRead(_Frozen):
    """An earlier insight that the investigation may refer to, as it stood when the plan was made."""

    insight_id: str
    withdrawn: bool


class Plan(_Frozen):
    """Everything needed to repeat an investigation, except the data.

    `complexity` is 1 simple, 2 analytical, 3 computational, 4 investigative. `alpha` is the false-discovery
    rate allowed over all tests of the investigation. `notes` are shown with the answer: what the data does not cover,
    what was left out of the search and why.
    """

    question: Question
    strategy: str
    strategy_version: int
    complexity: Literal[1, 2, 3, 4]
    agents: tuple[PlannedAgent, ...]
    cubes: tuple[CubeRequest, ...] = ()
    values: tuple[ValuesRequest, ...] = ()
    quality: tuple[QualityRequest, ...] = ()
    rows: tuple[RowsRequest, ...] = ()
    alpha: Annotated[float, Field(gt=0, lt=1)] = 0.05
    notes: tuple[str, ...] = ()
    past: tuple[PastRead, ...] = ()

    @property
    def requests(self) -> tuple[EvidenceRequest, ...]:
        """All that is to be gathered."""
        return (*self.cubes, *self.values, *self.quality, *self.rows)

    def plans(self, agent: str) -> bool:
        return any(planned.name == agent for planned in self.agents)
