"""Run one agent so that whatever happens is one of `Findings | NotPlanned | Gap`.

This is the only place that turns an exception into a gap. The fan-in of an investigation relies on it: an agent that
raises must not stop its siblings.
"""

from __future__ import annotations

import logging

from gemba.agents.base import Agent, Brief
from gemba.errors import LimitReachedError, SampleTooSmallError
from gemba.insights.types import Findings, Gap, NotPlanned, Outcome

LOG = logging.getLogger(__name__)


def run_agent(agent: Agent, brief: Brief) -> Outcome:
    """What the agent found, or why it did not look.

    Returns:
        `NotPlanned` when the plan does not choose the agent; `Gap` with reason `deadline` or `limit` for a bound that
        was hit, `too_little_data` for a sample that is too small, `error` for anything else it raised. The traceback
        goes to the log, at level ERROR; the gap carries type and message only.
    """
    if not brief.plan.plans(agent.name):
        return NotPlanned(agent=agent.name)
    try:
        brief.check_time()
        found = agent.analyse(brief)
    except LimitReachedError as error:
        return Gap(agent=agent.name, reason="deadline" if error.limit == "deadline" else "limit", message=str(error))
    except SampleTooSmallError as error:
        return Gap(agent=agent.name, reason="too_little_data", message=str(error))
    except Exception as error:
        LOG.exception("agent %s raised", agent.name)
        return Gap(agent=agent.name, reason="error", message=f"{type(error).__name__}: {error}")
    return _checked(agent, found)


def _checked(agent: Agent, found: object) -> Outcome:
    """Hold an agent to its contract: findings or a gap, under its own name."""
    if not isinstance(found, Findings | Gap):
        message = f"returned {type(found).__name__}; an agent returns Findings or Gap"
    elif found.agent != agent.name or any(claim.agent != agent.name for claim in getattr(found, "claims", ())):
        message = f"speaks under another name than its own, {agent.name!r}"
    else:
        return found
    LOG.error("agent %s %s", agent.name, message)
    return Gap(agent=agent.name, reason="error", message=message)
