"""The values themselves: how high, how it moves over time, who is on top, what share; and the change asked about."""

from __future__ import annotations

from gemba.agents.base import Brief
from gemba.agents.level_change import change_findings
from gemba.agents.level_values import level_findings, share_findings, trend_findings
from gemba.errors import SampleTooSmallError
from gemba.insights.types import Findings, Gap

AGENT = "level"


class LevelAgent:
    """Gives the values asked for, with intervals from their variation over time."""

    name = AGENT
    description = "The values asked for with their intervals, and whether the change exceeds ordinary variation."

    def analyse(self, brief: Brief) -> Findings | Gap:
        try:
            match brief.plan.question.kind:
                case "why" | "compare":
                    return change_findings(brief)
                case "trend":
                    return trend_findings(brief)
                case "share":
                    return share_findings(brief)
                case _:
                    return level_findings(brief)
        except SampleTooSmallError as error:
            return Gap(agent=AGENT, reason="too_little_data", message=str(error))
