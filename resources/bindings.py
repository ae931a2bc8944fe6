"""What the Dagster layer works with: typed settings in, ports of the core out.

Nothing is opened when this module or a definition is loaded; `create_resource` runs when a run, a sensor or a check
needs the object. Addresses and secrets come from the environment (`gemba.settings`). Tests replace the objects:
`build_definitions(resources={"archive": MemoryArchive(...), ...})`.
"""

# ruff: noqa: ARG002 - Dagster hands its context to every binding

import atexit
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import cache
from typing import Any

import dagster as dg

from gemba.evidence.types import Warehouse
from gemba.flight import Flights
from gemba.investigation import Investigator, utc_now
from gemba.settings import load_connections, settings
from gemba.store.ports import Archive
from resources.expectations import Expectations
from resources.files import JsonFiles
from resources.models import ModelFolder


class ArchiveResource(dg.ConfigurableResource[Archive]):
    """Questions and their answers, in the PostgreSQL that is up: `GEMBA_DATABASE_URL`'s or the embedded one."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Archive]:  # type: ignore[override]
        from gemba.store.archive import PostgresArchive

        archive = PostgresArchive(_server_url(), settings().tenant)
        try:
            yield archive
        finally:
            archive.close()


class WarehouseResource(dg.ConfigurableResource[Warehouse]):
    """The sources that the models name: databases and files, read only."""

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Warehouse]:  # type: ignore[override]
        from gemba.evidence.warehouse import SourceWarehouse

        home = settings().home
        load_connections(home)
        warehouse = SourceWarehouse(memory=home / "versions.json")
        try:
            yield warehouse
        finally:
            warehouse.close()


class EvidenceResource(dg.ConfigurableResource[Any]):
    """Frames kept under their data version in `GEMBA_HOME/evidence`."""

    def create_resource(self, context: dg.InitResourceContext) -> Any:
        from gemba.evidence.store import EvidenceStore

        return EvidenceStore(settings().evidence)


class ModelsResource(dg.ConfigurableResource[ModelFolder]):
    """The semantic models in use, one file each in `GEMBA_HOME/models`."""

    def create_resource(self, context: dg.InitResourceContext) -> ModelFolder:
        found = settings()
        load_connections(found.home)
        return ModelFolder(found.models)


class InvestigatorResource(dg.ConfigurableResource[Investigator]):
    """The phases of an investigation over archive, warehouse and evidence, within the bounds of the environment."""

    archive: dg.ResourceDependency[Archive]
    warehouse: dg.ResourceDependency[Warehouse]
    evidence: dg.ResourceDependency[Any]

    def create_resource(self, context: dg.InitResourceContext) -> Investigator:
        return Investigator(self.archive, self.warehouse, self.evidence, limits=settings().limits, clock=utc_now)


class FlightsResource(dg.ConfigurableResource[Flights]):
    """The leases that a run takes, given back when it ends, whatever its end."""

    archive: dg.ResourceDependency[Archive]

    @contextmanager
    def yield_for_execution(self, context: dg.InitResourceContext) -> Iterator[Flights]:  # type: ignore[override]
        with closing(Flights(self.archive)) as flights:
            yield flights


Prove = Callable[[], Sequence[Any]]
"""Compares the tables with a second build from the events; one `gemba.store.reconcile.Reconciliation` a tenant."""


class ReconcileResource(dg.ConfigurableResource[Prove]):
    """Proves that the tables of this tenant are what its events say."""

    def create_resource(self, context: dg.InitResourceContext) -> Prove:
        from gemba.store.reconcile import reconcile

        found = settings()
        return lambda: reconcile(_server_url(), found.tenant)


class ExpectationsResource(dg.ConfigurableResource[Expectations]):
    """Great Expectations. Its import starts with the first run of a process, and its helper ends with the process."""

    def create_resource(self, context: dg.InitResourceContext) -> Expectations:
        expectations = _expectations()
        expectations.warm_up()
        return expectations


@cache
def _expectations() -> Expectations:
    """One helper a process: its import costs more than a whole investigation."""
    expectations = Expectations()
    atexit.register(expectations.close)
    return expectations


def _server_url() -> str:
    from gemba.errors import WorldError
    from gemba.store.connect import locate

    home = settings().home
    server = locate(home)
    if server is None:
        raise WorldError(f"no PostgreSQL is up for {home}", hint="`gemba up` starts the embedded one")
    return server.url()


def production_resources() -> dict[str, Any]:
    """Bindings by the name that assets, sensors and checks ask for."""
    archive, warehouse, evidence = ArchiveResource(), WarehouseResource(), EvidenceResource()
    return {
        "archive": archive,
        "warehouse": warehouse,
        "evidence": evidence,
        "models": ModelsResource(),
        "investigator": InvestigatorResource(archive=archive, warehouse=warehouse, evidence=evidence),
        "flights": FlightsResource(archive=archive),
        "expectations": ExpectationsResource(),
        "reconcile": ReconcileResource(),
        "io_manager": JsonFiles(),
    }
