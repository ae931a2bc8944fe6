"""The code location loads, fast, without a database, and lists everything that is written."""

from __future__ import annotations

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest
import yaml

import assets
from gemba.agents.registry import RESERVED, agents
from pipelines.definitions import build_definitions
from resources.models import ModelFolder
from tests.assets.world import World

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_everything_written_in_assets_is_listed(world: World) -> None:
    defs = build_definitions(world.resources, models=world.models)
    listed = [*(defs.assets or []), *(defs.asset_checks or [])]
    for module in pkgutil.walk_packages(assets.__path__, "assets."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, dg.AssetsDefinition | dg.AssetChecksDefinition | dg.SourceAsset):
                assert any(value is one for one in listed), f"{module.name}.{name} is not in pipelines/definitions.py"


def test_every_asset_has_a_group_a_description_and_every_check_an_asset(world: World) -> None:
    defs = build_definitions(world.resources, models=world.models)
    dg.Definitions.validate_loadable(defs)
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        node = graph.get(key)
        assert node.description, key
        assert node.group_name in ("investigations", "sources", "tables"), key
    assert {str(key.asset_key.to_user_string()) for key in graph.asset_check_keys} <= {
        key.to_user_string() for key in graph.get_all_asset_keys()
    }


def test_no_agent_can_take_the_name_of_a_step_or_job(world: World) -> None:
    repository = world.definitions().get_repository_def()
    names = {job.name for job in repository.get_all_jobs()}
    names |= {node.name for job in repository.get_all_jobs() for node in job.all_node_defs}
    own = {name for name in names if not name.startswith(("__", "investigations__", "sources__", "tables__"))}
    assert own - set(agents()) <= RESERVED


def test_a_broken_model_does_not_hide_the_others(world: World) -> None:
    folder = world.models.folder
    (folder / "broken.yaml").write_text("gemba: 1\nname: [", encoding="utf-8")
    keys = build_definitions(world.resources, models=ModelFolder(folder)).resolve_asset_graph().get_all_asset_keys()
    assert dg.AssetKey(["sources", "factory", "production"]) in keys


def test_definitions_load_without_models_and_without_a_database(tmp_path: Path) -> None:
    environment = {**os.environ, "GEMBA_HOME": str(tmp_path), "GEMBA_DATABASE_URL": ""}
    program = (
        "import sys, pipelines.definitions; loaded = set(sys.modules);"
        "assert not loaded & {'great_expectations', 'psycopg2', 'altair', 'vl_convert'}, loaded"
    )
    subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, env=environment, check=True)
    assert not list(tmp_path.iterdir()), "loading writes nothing"


def test_the_workspace_names_the_file_against_itself() -> None:
    (entry,) = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())["load_from"]
    assert entry["python_file"]["relative_path"] == "pipelines/definitions.py"
    assert entry["python_file"]["working_directory"] == "."


def test_the_launchpad_of_ask_runs_as_it_stands(world: World) -> None:
    job = build_definitions(world.resources, models=world.models).resolve_job_def("ask")
    with dg.DagsterInstance.ephemeral() as instance:
        result = job.execute_in_process(instance=instance)
    assert result.success
    assert result.output_for_node("read_question") == "answered"
    assert [one.text for one in world.archive.submissions()] == ["Why did scrap rise last week?"]


def test_ask_shows_a_refusal_as_an_answer(world: World) -> None:
    job = build_definitions(world.resources, models=world.models).resolve_job_def("ask")
    config = {"ops": {"read_question": {"config": {"question": "Why did the moon rise last week?"}}}}
    result = job.execute_in_process(run_config=config)
    assert result.success
    assert result.output_for_node("read_question") in ("refused", "clarify")
    assert world.archive.submissions() == ()
