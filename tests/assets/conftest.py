from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from gemba.agents import registry
from gemba.agents.base import Agent, Brief
from gemba.insights.types import Findings
from tests.assets.world import ToldAgent, World, a_claim

Install = Callable[..., None]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Install:
    """Replace the agents that are installed."""

    def replace(*agents: Agent) -> None:
        monkeypatch.setattr(registry, "agents", lambda: {agent.name: agent for agent in agents})

    return replace


def finds_one(_brief: Brief) -> Findings:
    return Findings(agent="contribution", claims=(a_claim(),))


@pytest.fixture(autouse=True)
def _told_agents(install: Install) -> None:
    others = [ToldAgent(name) for name in registry.BUILT_IN if name != "contribution"]
    install(ToldAgent("contribution", finds_one), *others)


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield instance
