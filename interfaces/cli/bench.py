"""`gemba bench`: the engine on data that others published, with predictions as their scorers read them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

bench_app = typer.Typer(help="Run the engine on published benchmarks.", no_args_is_help=True)

Output = Annotated[Path, typer.Option("--output", "-o", help="Where to write the predictions.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]


@bench_app.command("ai4i")
def ai4i(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The CSV file, or its folder.")],
    output: Output,
    outcomes: Annotated[
        list[str] | None, typer.Option("--outcome", help="A column to explain; default all of 0 and 1.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Name what drives each failure of a table of machines."""
    from interfaces.cli import bench_drivers

    raise typer.Exit(bench_drivers.ai4i(path, output, outcomes=outcomes or (), as_json=as_json))


@bench_app.command("rca")
def rca(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of cases; told apart by their columns.")],
    output: Output,
    as_json: Json = False,
) -> None:
    """Name the combinations of members behind the change in every case of a folder."""
    from interfaces.cli import bench_root_causes

    raise typer.Exit(bench_root_causes.rca(path, output, as_json=as_json))


@bench_app.command("tcpd")
def tcpd(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of series, one JSON file each.")],
    output: Output,
    as_json: Json = False,
) -> None:
    """Name the rows where each series of a folder changes."""
    from interfaces.cli import bench_change_points

    raise typer.Exit(bench_change_points.tcpd(path, output, as_json=as_json))


@bench_app.command("nab")
def nab(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="Folder of series: CSV files with timestamp and value.")],
    output: Output,
    as_json: Json = False,
) -> None:
    """Score every point of every series for being unusual, one after another; 0.5 and above is an alarm."""
    from interfaces.cli import bench_anomalies

    raise typer.Exit(bench_anomalies.nab(path, output, as_json=as_json))
