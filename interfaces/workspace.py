"""What every face of Gemba works with: settings, the server, the archive, the warehouse, models in use."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gemba.errors import InputError
from gemba.settings import REPOSITORY, Settings, load_connections, settings

if TYPE_CHECKING:
    import stamina.instrumentation
    from dagster import DagsterInstance, Definitions

    from gemba.asking import Asker, Launch
    from gemba.evidence.store import EvidenceStore
    from gemba.evidence.warehouse import SourceWarehouse
    from gemba.questions.vocabulary import Vocabulary
    from gemba.semantics.model import SemanticModel
    from gemba.store.archive import PostgresArchive
    from gemba.store.connect import Server

MODEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,62}")


@dataclass(frozen=True)
class Workspace:
    """One process's view of one Gemba home. Nothing is opened before it is needed."""

    settings: Settings

    @cached_property
    def server(self) -> Server:
        """The PostgreSQL behind Gemba, its schema up to date: the one that runs, or the embedded one, started."""
        from gemba.store.connect import locate

        found = locate(self.settings.home)
        if found is None:
            return self.start_server()
        from gemba.store.databases import check_server
        from gemba.store.migrate import migrate

        if not found.embedded:
            check_server(found)
        migrate(found.url())
        return found

    def start_server(self) -> Server:
        """Start the embedded server if it is down, and bring the schema up to date."""
        from gemba.store.migrate import migrate
        from gemba.store.server import open_server

        self.prepare_home()
        server = open_server(self.settings.home)
        migrate(server.url())
        return server

    def prepare_home(self) -> None:
        """Make the home folder usable as `DAGSTER_HOME`."""
        home = self.settings.home
        home.mkdir(parents=True, exist_ok=True)
        if not (home / "dagster.yaml").exists():
            shutil.copy(REPOSITORY / "dagster_home" / "dagster.yaml", home / "dagster.yaml")

    def export_environment(self) -> None:
        """Set what Dagster and the processes it starts read from the environment."""
        from gemba.store.connect import DAGSTER_DATABASE
        from gemba.store.databases import commit_without_waiting, ensure_database

        self.prepare_home()
        ensure_database(self.server, DAGSTER_DATABASE)
        if self.server.embedded:
            commit_without_waiting(self.server, DAGSTER_DATABASE)
        load_connections(self.settings.home)
        os.environ["GEMBA_HOME"] = os.environ["DAGSTER_HOME"] = str(self.settings.home)
        os.environ["GEMBA_DAGSTER_URL"] = self.server.url(DAGSTER_DATABASE, driver="psycopg2")
        os.environ["GX_ANALYTICS_ENABLED"] = "false"

    @cached_property
    def archive(self) -> PostgresArchive:
        from gemba.store.archive import PostgresArchive

        return PostgresArchive(self.server.url(), self.settings.tenant)

    @cached_property
    def warehouse(self) -> SourceWarehouse:
        import stamina.instrumentation

        from gemba.evidence.warehouse import SourceWarehouse

        # The usual hooks write a log line to standard output, which belongs to the answer.
        stamina.instrumentation.set_on_retry_hooks([_tell_retry])
        return SourceWarehouse(memory=self.settings.home / "versions.json")

    @cached_property
    def evidence(self) -> EvidenceStore:
        from gemba.evidence.store import EvidenceStore

        return EvidenceStore(self.settings.evidence)

    # Models -----------------------------------------------------------------------------------------------------

    def model(self, reference: str) -> SemanticModel:
        """A model by path, or by name if it was used before.

        Raises:
            InvalidModelError: The file breaks the format.
            InputError: There is no such file and no such name.
        """
        from gemba.semantics.load import load_model

        load_connections(self.settings.home)
        path = Path(reference)
        if path.suffix in (".yaml", ".yml") or path.exists():
            return load_model(path)
        if MODEL_NAME.fullmatch(reference) and (known := self.settings.models / f"{reference}.yaml").exists():
            return load_model(known)
        names = ", ".join(sorted(one.stem for one in self.settings.models.glob("*.yaml"))) or "none yet"
        raise InputError(
            f"no model {reference!r}: neither a file nor a model used before (known: {names})",
            hint="give the path of a model file; `gemba model infer SOURCE -o MODEL` drafts one",
        )

    def register(self, model: SemanticModel) -> None:
        """Keep a copy of the model under its name, so that Dagit knows its sources and SQL can name it."""
        from gemba.semantics.load import dump_model

        folder = self.settings.models
        folder.mkdir(parents=True, exist_ok=True)
        text = dump_model(model.model_dump(mode="json", exclude_defaults=True, exclude_none=True))
        target = folder / f"{model.name}.yaml"
        if target.exists() and target.read_text(encoding="utf-8") == text:
            return
        temporary = target.with_suffix(".new")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)

    def vocabulary(self, model: SemanticModel) -> Callable[[bool], Vocabulary]:
        """Words for members, kept in a file a model; read from the sources again when asked for fresh ones."""
        return _Vocabularies(self, model).read

    # Asking -----------------------------------------------------------------------------------------------------

    def asker(self, model: SemanticModel, *, launch: Launch | None = None) -> Asker:
        """Answers questions about the model; investigations run as Dagster runs in this process."""
        from gemba.asking import Asker

        return Asker(
            model=model,
            archive=self.archive,
            warehouse=self.warehouse,
            launch=launch or self._launch,
            vocabulary=self.vocabulary(model),
            asked_by=os.environ.get("USER", ""),
        )

    def _launch(self, partition_key: str, reason: str) -> str:
        from pipelines.run import run_investigation

        return run_investigation(partition_key, reason=reason, instance=self.dagster, definitions=self.definitions)

    @cached_property
    def definitions(self) -> Definitions:
        """What an investigation is run with: connections and reflected tables of this process, not new ones a run."""
        from gemba.investigation import Investigator
        from pipelines.definitions import build_definitions

        investigator = Investigator(self.archive, self.warehouse, self.evidence, limits=self.settings.limits)
        return build_definitions(
            resources={"archive": self.archive, "warehouse": self.warehouse, "investigator": investigator}
        )

    @cached_property
    def dagster(self) -> DagsterInstance:
        """Dagster's instance, open for as long as this process lives: to open it costs more than to record a run."""
        self.export_environment()
        from pipelines.run import opened

        closing = ExitStack()
        atexit.register(closing.close)
        return closing.enter_context(opened())


@dataclass(frozen=True)
class _Vocabularies:
    """Members change rarely and coverage often: members come from the file, coverage always from the source."""

    workspace: Workspace
    model: SemanticModel

    @property
    def path(self) -> Path:
        return self.workspace.settings.vocabularies / f"{self.model.content_hash()[:16]}.json"

    def read(self, fresh: bool) -> Vocabulary:
        from gemba.investigation import coverage
        from gemba.questions.vocabulary import Vocabulary, vocabulary_from

        if not fresh and self.path.exists():
            kept = Vocabulary.from_json(self.path.read_text(encoding="utf-8"))
            return Vocabulary(members=kept.members, coverage=coverage(self.model, self.workspace.warehouse))
        found = vocabulary_from(self.model, self.workspace.warehouse)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        temporary = self.path.with_suffix(".new")
        temporary.write_text(found.to_json(), encoding="utf-8")
        temporary.replace(self.path)
        return found


def _tell_retry(details: stamina.instrumentation.RetryDetails) -> None:
    sys.stderr.write(f"{details.caused_by}; trying again in {details.wait_for:.1f} s\n")


def open_workspace() -> Workspace:
    """The workspace that the environment describes."""
    return Workspace(settings())
