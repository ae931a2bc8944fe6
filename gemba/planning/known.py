"""What a planner knows beside the question and the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gemba.agents.base import Agent
from gemba.evidence.types import Coverage
from gemba.planning.strategies import Strategy
from gemba.planning.types import PlannedAgent


@dataclass(frozen=True, slots=True)
class Known:
    """`coverage`: what each source with a time column holds. `cardinality`: known numbers of members by dimension.

    `plug_ins`: agents of other distributions that look at questions of this kind. `alpha`: false-discovery rate
    allowed over all tests of the investigation.
    """

    coverage: Mapping[str, Coverage]
    cardinality: Mapping[str, int]
    plug_ins: tuple[Agent, ...]
    alpha: float

    def agents(self, strategy: Strategy, *, without: tuple[str, ...] = ()) -> tuple[PlannedAgent, ...]:
        """The agents of a strategy but those `without`, then the plug-ins."""
        own = (PlannedAgent(name=name, reason=reason) for name, reason in strategy.agents if name not in without)
        return (*own, *(PlannedAgent(name=one.name, reason=one.description) for one in self.plug_ins))
