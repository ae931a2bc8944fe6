"""Which agents there are: the built-in ones by name, and plug-ins under the entry-point group `gemba.agents`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

from gemba.agents.base import Agent
from gemba.errors import InputError

GROUP = "gemba.agents"

# In the order in which they are shown. "module:Class", as in an entry point, so that naming an agent imports nothing.
BUILT_IN: dict[str, str] = {
    "level": "gemba.agents.level:LevelAgent",
    "trend": "gemba.agents.trend:TrendAgent",
    "forecast": "gemba.agents.forecast:ForecastAgent",
    "contribution": "gemba.agents.contribution:ContributionAgent",
    "segments": "gemba.agents.segments:SegmentsAgent",
    "localisation": "gemba.agents.localisation:LocalisationAgent",
    "drivers": "gemba.agents.drivers:DriversAgent",
    "association": "gemba.agents.association:AssociationAgent",
    "change_point": "gemba.agents.change_point:ChangePointAgent",
    "process_control": "gemba.agents.process_control:ProcessControlAgent",
    "capability": "gemba.agents.capability:CapabilityAgent",
    "anomaly": "gemba.agents.anomaly:AnomalyAgent",
    "losses": "gemba.agents.losses:LossesAgent",
    "pareto": "gemba.agents.pareto:ParetoAgent",
    "reliability": "gemba.agents.reliability:ReliabilityAgent",
    "data_quality": "gemba.agents.data_quality:DataQualityAgent",
    "history": "gemba.agents.history:HistoryAgent",
}

RESERVED = frozenset({"plan", "gather", "weigh", "claims", "findings", "insight", "question", "read_question"}) | {
    "ask",
    "investigation",
    "observe_sources",
    "tables",
    "analyst_tables",
    "tables_are_what_the_events_say",
}
"""Steps and jobs that an agent's step stands beside, by name. A test of the code location holds the list."""


def agents() -> dict[str, Agent]:
    """Every agent by name, built-in ones first, plug-ins after them in order of name.

    Raises:
        InputError: A plug-in cannot be imported, is not an agent, or takes a name that is taken. The message names the
            entry point and its distribution, so that it can be mended or uninstalled.
    """
    return {name: built_in(name) for name in BUILT_IN} | plug_ins()


@lru_cache(maxsize=1)
def _installed() -> tuple[EntryPoint, ...]:
    """Looking through every installed distribution takes 70 ms; what is installed does not change under a process."""
    return tuple(entry_points(group=GROUP))


def built_in(name: str) -> Agent:
    """One built-in agent; KeyError for a name that is none."""
    module, _, attribute = BUILT_IN[name].partition(":")
    return getattr(import_module(module), attribute)()


def plug_ins(found: Iterable[EntryPoint] | None = None) -> dict[str, Agent]:
    """The agents of other distributions. `found` replaces what is installed. Raises as `agents`."""
    chosen: dict[str, Agent] = {}
    for entry in sorted(_installed() if found is None else found, key=lambda one: one.name):
        agent = _load(entry)
        if agent.name in BUILT_IN or agent.name in chosen:
            raise InputError(
                f"{_where(entry)}: an agent named {agent.name!r} exists already",
                hint="give the plug-in's agent another name, or uninstall it",
            )
        chosen[agent.name] = agent
    return chosen


def _load(entry: EntryPoint) -> Agent:
    hint = "mend the plug-in, or uninstall it"
    try:
        loaded = entry.load()
        agent = loaded() if isinstance(loaded, type) else loaded
    except Exception as error:
        raise InputError(f"{_where(entry)}: {type(error).__name__}: {error}", hint=hint) from error
    name = getattr(agent, "name", None)
    if not (isinstance(name, str) and re.fullmatch(r"[a-z][a-z0-9_]*", name)):
        raise InputError(f"{_where(entry)}: `name` must be a lower-case identifier, it is {name!r}", hint=hint)
    if name in RESERVED:
        raise InputError(
            f"{_where(entry)}: {name!r} is the name of a step or job of Gemba's own",
            hint="give the plug-in's agent another name",
        )
    if name != entry.name:
        raise InputError(f"{_where(entry)}: the agent calls itself {name!r}, not {entry.name!r}", hint=hint)
    if not isinstance(getattr(agent, "description", None), str) or not callable(getattr(agent, "analyse", None)):
        raise InputError(f"{_where(entry)}: an agent has `description` and `analyse(brief)`", hint=hint)
    return agent


def _where(entry: EntryPoint) -> str:
    distribution = entry.dist.name if entry.dist is not None else "unknown distribution"
    return f"agent plug-in {entry.name} = {entry.value} ({distribution})"
