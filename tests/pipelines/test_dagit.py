"""Dagit in a real browser: look at the graph, ask from the Launchpad, read the answer, materialise it again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gemba.agents.registry import BUILT_IN
from interfaces.services import Services
from tests.assets.world import MODEL, busy

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REPOSITORY = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
SLOW_MS = 60_000  # two cores, four processes of Dagster, a browser, and the rest of the suite beside them

pytestmark = [
    pytest.mark.browser,
    pytest.mark.postgres,
    pytest.mark.slow,
    pytest.mark.timeout(400),
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: `apt install chromium`"),
]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, new_database: Any) -> Path:
    """A Gemba home whose model reads a file."""
    from gemba.semantics.load import dump_model

    folder = tmp_path_factory.mktemp("home")
    busy().write_parquet(folder / "production.parquet")
    data = MODEL.model_dump(mode="json", exclude_defaults=True, exclude_none=True)
    data["sources"]["production"]["files"] = str(folder / "production.parquet")
    (folder / "models").mkdir()
    (folder / "models" / "factory.yaml").write_text(dump_model(data), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def dagit(home: Path, new_database: Any) -> Iterator[str]:
    """Dagit and the daemon on databases of their own."""
    from gemba.store.migrate import migrate

    url = new_database("dagit")
    migrate(url)
    environment = {
        "GEMBA_HOME": str(home),
        "DAGSTER_HOME": str(home),
        "GEMBA_DATABASE_URL": url,
        "GEMBA_DAGSTER_URL": new_database("dagster").replace("+psycopg", "+psycopg2"),
    }
    shutil.copy(REPOSITORY / "dagster_home" / "dagster.yaml", home / "dagster.yaml")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment.items():
            patch.setenv(name, value)
        services = Services(home)
        try:
            yield services.start(port=3700)
        finally:
            services.stop()


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = opened.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(SLOW_MS)
        yield page
        opened.close()


def shoot(page: Any, name: str) -> None:
    """Keep a picture where `GEMBA_SCREENSHOTS` says, to look at."""
    if folder := os.environ.get("GEMBA_SCREENSHOTS"):
        page.wait_for_timeout(1500)
        page.screenshot(path=str(Path(folder) / f"{name}.png"))


def reload_until(page: Any, text: str) -> None:
    """Dagit does not always show on an open page what a run has added since."""
    from playwright.sync_api import TimeoutError as NotYet

    for _ in range(20):
        try:
            page.get_by_text(text, exact=True).first.wait_for(timeout=8000)
        except NotYet:
            page.reload()
        else:
            return
    raise AssertionError(f"{text!r} did not appear on {page.url}: {page.inner_text('body')[:2000]}")


def agents_listed(page: Any) -> bool:
    """Whether the run's page lists every agent among the steps that ended well, once the run has ended."""
    for _ in range(10):
        page.get_by_text(re.compile(r"^Succeeded \(\d+\)")).first.click()
        page.wait_for_timeout(2000)
        shown = page.inner_text("body")
        if all(f"investigations__findings.{agent}" in shown for agent in BUILT_IN):
            return True
        page.reload()
    return False


def test_a_question_travels_through_dagit(dagit: str) -> None:
    with browser() as page:
        page.goto(f"{dagit}/locations/gemba/asset-groups/investigations/lineage")
        for name in ("question", "findings", "insight"):
            page.get_by_text(name, exact=True).first.wait_for()
        shoot(page, "group")

        page.goto(f"{dagit}/locations/gemba/jobs/ask/playground")
        page.get_by_role("button", name=re.compile("Launch Run")).click()
        page.wait_for_url(re.compile("/runs/"))
        page.get_by_text("Why did scrap rate rise, from 2026-11-09").first.wait_for()
        shoot(page, "asked")

        page.goto(f"{dagit}/assets/investigations/insight?view=partitions")
        listed = page.get_by_text(re.compile("^scrap_rate-why")).first
        listed.wait_for(state="attached")
        page.goto(f"{dagit}/assets/investigations/insight?view=partitions&partition={listed.text_content()}")
        reload_until(page, "foremost claims")
        page.get_by_text("Why did scrap rise last week?").first.wait_for()
        assert "line 3" in page.get_by_role("table").first.inner_text()
        shoot(page, "insight")

        page.get_by_role("link", name=re.compile("^[0-9a-f]{8}$")).first.click()
        page.wait_for_url(re.compile("/runs/"))
        assert agents_listed(page), page.inner_text("body")[:2000]
        shoot(page, "run")

        page.get_by_role("button", name=re.compile("Re-execute all")).click()
        page.wait_for_url(lambda url: "/runs/" in url)
        page.get_by_text("Success", exact=True).first.wait_for()


def test_the_launchpad_without_a_model_says_what_to_do(tmp_path: Path) -> None:
    environment = {**os.environ, "GEMBA_HOME": str(tmp_path), "GEMBA_DATABASE_URL": ""}
    program = (
        "import dagster as dg\n"
        "from gemba.store.archive import MemoryArchive\n"
        "from pipelines.definitions import build_definitions\n"
        "job = build_definitions({'archive': MemoryArchive('t')}).resolve_job_def('ask')\n"
        "result = job.execute_in_process(raise_on_error=False)\n"
        "(failure,) = [e for e in result.all_events if e.is_step_failure]\n"
        "print(failure.step_failure_data.error.to_string())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=True
    )
    assert "no model" in done.stdout
    assert "gemba ask" in done.stdout
