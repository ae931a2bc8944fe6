"""`make demo`: the main job, on a simulated factory and two real sources, with nothing prepared.

Every line that it prints comes from the product doing the work; a step that does not do what it announces ends the
demo with exit code 1.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from gemba.errors import GembaError, WorldError
from gemba.settings import REPOSITORY, save_connection
from interfaces.services import Services
from interfaces.workspace import Workspace, open_workspace

if TYPE_CHECKING:
    from rich.console import Console

    from gemba.insights.types import Answer, Insight
    from gemba.semantics.model import SemanticModel

SEED = 56
APPENDED_DAYS = 2
AS_OF = datetime(2026, 11, 16, 6, 0, tzinfo=ZoneInfo("Europe/Berlin"))
"""Monday morning after the last simulated day."""

EXAMPLES = REPOSITORY / "examples"
REFRESH_TIMEOUT = timedelta(seconds=90)


@dataclass
class Demo:
    """The steps in order. Each returns what the next ones need."""

    workspace: Workspace
    console: Console
    started: float = field(default_factory=time.perf_counter)
    steps: int = 0

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        self.steps += 1
        begun = time.perf_counter()
        self.console.rule(f"[bold]{self.steps}. {title}", align="left")
        yield
        took = time.perf_counter() - begun
        self.console.print(f"[dim]{took:.1f} s, {time.perf_counter() - self.started:.0f} s since the start[/]")

    def run(self) -> None:
        with self.step("PostgreSQL with pgvector, embedded"):
            self.workspace.export_environment()
            self.console.print(f"listens on 127.0.0.1:{self.workspace.server.port}")
        with self.step("A simulated factory and two real sources"):
            models = self.connect_sources()
        with self.step("Dagit and the daemon"):
            url = Services(self.workspace.settings.home).start(port=3000)
            self.console.print(url)
        with self.step("Why did scrap rise?"):
            scrap = self.ask(models["factory"], "Why did scrap rise on line 3 last week?", as_of=AS_OF)
        with self.step("The same questions of real data"):
            steel = self.ask(models["steel"], "Why did energy use change in May 2018?")
            sales = self.ask(models["northwind"], "top 5 products by revenue in 1997")
            stops = self.ask(models["factory"], "Why did downtime change last week?", as_of=AS_OF)
        with self.step("Asked again, in other words: from the cache"):
            again = self.ask(
                models["factory"], "what drove the increase of the scrap rate at line 3 last week", as_of=AS_OF
            )
            self.expect(again.cache == "hit", "the paraphrase is served from the cache")
        with self.step("A question that has no answer here"):
            refused = self.ask(models["factory"], "Why did customer satisfaction fall last week?", as_of=AS_OF)
            self.expect(refused.status == "refused", "it is refused")
        with self.step("A question with several readings"):
            unclear = self.ask(models["factory"], "Why did scrap rise on machine M90 last week?", as_of=AS_OF)
            self.expect(unclear.status == "clarify", "it asks back")
        with self.step("Later data arrives in one source"):
            fresh = self.append_and_refresh(scrap, others=(steel, sales, stops))
        with self.step("A source with a fault: two inspections arrive twice"):
            self.repeat_inspections()
        with self.step("Every claim recomputed, before and after the source moved on"):
            self.verify_all()
        self.farewell(url, fresh)

    # Steps ------------------------------------------------------------------------------------------------------

    def connect_sources(self) -> dict[str, SemanticModel]:
        """Fill the databases, keep the connections, load and register the three models."""
        from examples.northwind.load import load as load_northwind
        from gemba.plant.simulate import DAYS, simulate
        from gemba.plant.write import write_database
        from gemba.store.databases import ensure_database

        server = self.workspace.server
        for database, variable in (("factory", "FACTORY_URL"), ("northwind", "NORTHWIND_URL")):
            ensure_database(server, database)
            save_connection(self.workspace.settings.home, variable, server.url(database))
        self.workspace.export_environment()
        plant = simulate(SEED, days=DAYS)
        write_database(plant, server.url("factory"))
        self.console.print(f"factory    {plant.rows:>9,} rows in {len(plant.tables)} tables, simulated (seed {SEED})")
        load_northwind(server.url("northwind"))
        self.console.print("northwind  orders, products, customers, employees of 1996 to 1998")
        self.console.print("steel      a steel plant's energy by quarter-hour, January to June 2018")
        models = {}
        for name in ("factory", "steel", "northwind"):
            models[name] = self.workspace.model(str(EXAMPLES / name / "model.yaml"))
            self.workspace.register(models[name])
        return models

    def ask(self, model: SemanticModel, text: str, *, as_of: datetime | None = None) -> Answer:
        from gemba.questions.describe import describe
        from gemba.reports.terminal import show_answer

        self.console.print(f'[bold cyan]gemba ask "{text}" -m {model.name}[/]')
        answer = self.workspace.asker(model).ask(text, as_of=as_of)
        reading = describe(answer.question, model=model) if answer.question is not None else ""
        show_answer(answer, self.console, reading=reading)
        if answer.status == "failed":
            raise WorldError(f"{text!r} failed: {answer.text}")
        return answer

    def append_and_refresh(self, scrap: Answer, *, others: tuple[Answer, ...]) -> Insight:
        """Append to the factory alone; the sensor withdraws and refreshes what read it and nothing else."""
        from gemba.plant.simulate import DAYS
        from gemba.plant.write import append_days

        assert scrap.insight is not None
        url = self.workspace.server.url("factory")
        rows = append_days(SEED, url, days=DAYS, more=APPENDED_DAYS, only=("production",))
        self.console.print(f"{rows:,} orders of {APPENDED_DAYS} more days, late ones of the week before among them")
        archive = self.workspace.archive
        with self.console.status("waiting for the freshness sensor"):
            fresh = self._await_refresh(scrap.insight)
        stale = archive.insight(scrap.insight.id)
        self.expect(stale is not None and stale.status == "withdrawn", f"{scrap.insight.id} is withdrawn")
        self.console.print(f"refreshed: {fresh.summary}")
        for other in others:
            assert other.insight is not None
            kept = archive.insight(other.insight.id)
            self.expect(
                kept is not None and kept.status != "withdrawn",
                f"{other.insight.id} of {other.insight.model} read other sources and stays",
            )
        return fresh

    def _await_refresh(self, old: Insight) -> Insight:
        deadline = time.monotonic() + REFRESH_TIMEOUT.total_seconds()
        while time.monotonic() < deadline:
            current = self.workspace.archive.current(old.key)
            if current is not None and current.id != old.id:
                return current
            self.workspace.archive.wait_for_change(old.key, timeout=timedelta(seconds=1))
        raise WorldError(
            f"{old.id} was not refreshed within {REFRESH_TIMEOUT.total_seconds():.0f} s",
            hint=f"the daemon's log: {Services(self.workspace.settings.home).logs / 'daemon.log'}",
        )

    def repeat_inspections(self) -> None:
        """Put a fault into the source, so that there is a failed check to look at in Dagit."""
        import psycopg

        from gemba.store.connect import libpq_url
        from pipelines.run import observe_sources

        with psycopg.connect(libpq_url(self.workspace.server.url("factory"))) as connection:
            connection.execute("alter table plant.quality drop constraint if exists quality_pkey")
            connection.execute(
                "insert into plant.quality select * from plant.quality order by inspected_at desc limit 2"
            )
        observe_sources(("factory", "quality"))
        self.console.print("Dagit shows it: asset sources/factory/quality, check key_is_unique, failed")

    def verify_all(self) -> None:
        """Recompute every claim of every insight, the withdrawn ones too."""
        from gemba.code_version import code_version
        from gemba.verification import verify_insight

        workspace = self.workspace
        for insight in workspace.archive.insights(current_only=False):
            results = verify_insight(
                insight,
                archive=workspace.archive,
                evidence=workspace.evidence,
                warehouse=workspace.warehouse,
                current_code=code_version(),
            )
            equal = sum(result.evidence.state == "equal" for result in results)
            source = results[0].source.state if results and results[0].source else "not read"
            worst = max((result.evidence.difference or 0.0 for result in results), default=0.0)
            self.console.print(
                f"{insight.id} {insight.status:<9} {equal} of {len(results)} claims equal from the evidence"
                f" (largest difference {worst:.0e}); source: {source}"
            )
            self.expect(equal == len(results), f"all claims of {insight.id} are recomputed")

    def farewell(self, url: str, insight: Insight) -> None:
        """The three lines to go on with."""
        from interfaces.cli.insights import write_page

        page = self.workspace.settings.reports / f"{insight.id}.html"
        page.parent.mkdir(parents=True, exist_ok=True)
        write_page(self.workspace, insight, page)
        psql = self._psql_line()
        self.console.rule("[bold]Go on from here", align="left")
        print(f"Dagit:  {url}/assets  → insight: pick a partition; Jobs → ask → Launchpad → Launch run")
        print(f"SQL:    {psql}")
        print(f"Page:   {page}")
        self.console.print("[dim]make down stops everything.[/]")

    def _psql_line(self) -> str:
        """As an analyst of this tenant, who may read and ask but not write."""
        from gemba.store.analysts import analyst_url

        program = shutil.which("psql") or str(_bundled_psql())
        url = analyst_url(self.workspace.server, self.workspace.settings.tenant)
        return f"{program} '{url}' -c 'select summary, confidence, created_at from gemba.insight_current'"

    def expect(self, happened: bool, what: str) -> None:
        if not happened:
            raise WorldError(f"the demo expected that {what}; it is not so")
        self.console.print(f"[green]✓[/] {what}", highlight=False)


def _bundled_psql() -> Path:
    from gemba.store.server import binaries

    return binaries() / "psql"


def main() -> int:
    from rich.console import Console

    demo = Demo(open_workspace(), Console(width=110 if not sys.stdout.isatty() else None))
    try:
        demo.run()
    except GembaError as error:
        demo.console.print(f"[bold red]{error}[/]")
        if error.hint:
            demo.console.print(f"[dim]{error.hint}[/]")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
