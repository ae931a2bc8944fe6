"""The `gemba` command. Every command imports what it needs when it runs: a cached answer pays for nothing else."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from gemba.errors import GembaError
from interfaces.cli.bench import bench_app

app = typer.Typer(
    name="gemba",
    help="The analyst that goes and looks. Ask a question in words; get claims that carry their proof.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
model_app = typer.Typer(help="Draft, check and explore semantic models.", no_args_is_help=True)
insights_app = typer.Typer(help="Read what was found.", no_args_is_help=True)
app.add_typer(model_app, name="model")
app.add_typer(insights_app, name="insights")
app.add_typer(bench_app, name="bench")

Json = Annotated[bool, typer.Option("--json", help="One JSON document on standard output.")]
Model = Annotated[str, typer.Option("--model", "-m", help="Path of a model file, or the name of one used before.")]
AsOf = Annotated[
    str | None, typer.Option("--as-of", help="Instant that words like 'last week' are read from (ISO 8601).")
]
Tenant = Annotated[str | None, typer.Option("--tenant", help="Whose data to work with; default GEMBA_TENANT.")]


@app.command()
def ask(
    text: Annotated[str, typer.Argument(metavar="QUESTION", help="In words, for example 'Why did scrap rise?'")],
    model: Model,
    as_of: AsOf = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Investigate anew even if a fresh answer is known.")] = False,
    choose: Annotated[int | None, typer.Option("--choose", help="Which of the readings offered to take.")] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Answer a question. Exit code: 0 answered, 3 asks back, 4 refused, 5 partial, 1 failed, 2 bad input."""
    from interfaces.cli import asking

    _end(asking.ask(text, model, as_of=_instant(as_of), fresh=fresh, choose=choose, tenant=tenant, as_json=as_json))


@app.command()
def resolve(
    text: Annotated[str | None, typer.Argument(metavar="[QUESTION]")] = None,
    *,
    model: Model,
    as_of: AsOf = None,
    batch: Annotated[Path | None, typer.Option("--batch", help="JSON lines with id, text, as_of.")] = None,
    as_json: Json = False,
) -> None:
    """Read a question and say how it is understood. Runs nothing."""
    from interfaces.cli import asking

    if (text is None) == (batch is None):
        raise typer.BadParameter("give either a question or --batch FILE")
    if batch is not None:
        _end(asking.resolve_batch(batch, model))
    else:
        assert text is not None
        _end(asking.resolve(text, model, as_of=_instant(as_of), as_json=as_json))


@model_app.command("infer")
def model_infer(
    sources: Annotated[list[str], typer.Argument(metavar="SOURCE...", help="Files, globs, or a database URL.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the model.")],
    name: Annotated[str | None, typer.Option("--name", help="Name of the model; default: the file's.")] = None,
    as_json: Json = False,
) -> None:
    """Draft a model from data."""
    from interfaces.cli import models

    _end(models.infer(sources, output, name=name, as_json=as_json))


@model_app.command("check")
def model_check(model: Annotated[str, typer.Argument(metavar="MODEL")], as_json: Json = False) -> None:
    """Check a model, and that the live source holds what it names."""
    from interfaces.cli import models

    _end(models.check(model, as_json=as_json))


@model_app.command("questions")
def model_questions(
    model: Annotated[str, typer.Argument(metavar="MODEL")], as_of: AsOf = None, as_json: Json = False
) -> None:
    """Suggest what to ask."""
    from interfaces.cli import models

    _end(models.questions(model, as_of=_instant(as_of), as_json=as_json))


@insights_app.command("list")
def insights_list(
    everything: Annotated[bool, typer.Option("--all", help="Withdrawn ones too.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=1, help="At most so many.")] = 50,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """List insights, newest first."""
    from interfaces.cli import insights

    _end(insights.listing(everything=everything, limit=limit, tenant=tenant, as_json=as_json))


@insights_app.command("show")
def insights_show(
    insight_id: Annotated[str, typer.Argument(metavar="ID")],
    html: Annotated[Path | None, typer.Option("--html", help="Write a self-contained page to this file.")] = None,
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Show one insight."""
    from interfaces.cli import insights

    _end(insights.show(insight_id, html=html, tenant=tenant, as_json=as_json))


@app.command()
def explain(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM")], tenant: Tenant = None, as_json: Json = False
) -> None:
    """Show a claim with its SQL, method, evidence and versions."""
    from interfaces.cli import insights

    _end(insights.explain(claim_id, tenant=tenant, as_json=as_json))


@app.command()
def verify(
    claim_id: Annotated[str, typer.Argument(metavar="CLAIM")], tenant: Tenant = None, as_json: Json = False
) -> None:
    """Recompute a claim from its evidence, and from the source while that is unchanged."""
    from interfaces.cli import insights

    _end(insights.verify(claim_id, tenant=tenant, as_json=as_json))


@app.command()
def feedback(
    insight_id: Annotated[str, typer.Argument(metavar="ID")],
    vote: Annotated[str, typer.Argument(metavar="up|down")],
    why: Annotated[str, typer.Argument(metavar="[WHY]")] = "",
    tenant: Tenant = None,
    as_json: Json = False,
) -> None:
    """Say whether an insight helped."""
    from interfaces.cli import insights

    _end(insights.feedback(insight_id, vote, why, tenant=tenant, as_json=as_json))


@app.command()
def plant(
    seed: Annotated[int, typer.Option("--seed", help="Equal seeds make equal factories.")],
    out: Annotated[str, typer.Option("--out", help="A folder (Parquet) or a database URL.")],
    days: Annotated[int, typer.Option("--days", min=30, help="Length of the simulated time.")] = 150,
    scale: Annotated[float, typer.Option("--scale", min=0.01, help="1 makes about 100,000 orders.")] = 1.0,
    truth: Annotated[Path | None, typer.Option("--truth", help="For a database: where truth.json goes.")] = None,
    as_json: Json = False,
) -> None:
    """Simulate a factory with planted causes, and the truth beside it."""
    from interfaces.cli import planting

    _end(planting.plant(seed, out, days=days, scale=scale, truth=truth, as_json=as_json))


@app.command()
def up(
    port: Annotated[int, typer.Option("--port", help="Dagit's port; the next free one if it is taken.")] = 3000,
    as_json: Json = False,
) -> None:
    """Start PostgreSQL, Dagit and the daemon."""
    from interfaces.cli import service

    _end(service.up(port=port, as_json=as_json))


@app.command()
def down(as_json: Json = False) -> None:
    """Stop all that was started."""
    from interfaces.cli import service

    _end(service.down(as_json=as_json))


@app.command()
def status(
    watch: Annotated[bool, typer.Option("--watch", help="Repeat every two seconds.")] = False, as_json: Json = False
) -> None:
    """Say what runs, and what is being investigated."""
    from interfaces.cli import service

    _end(service.status(watch=watch, as_json=as_json))


@app.command()
def doctor(as_json: Json = False) -> None:
    """Check everything that Gemba needs, and say how to mend what is missing."""
    from interfaces.cli import service

    _end(service.doctor(as_json=as_json))


def _instant(text: str | None) -> datetime | None:
    """ISO 8601; without an offset it is local time of the model, which the resolver fills in."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"--as-of {text!r} is not an ISO 8601 instant, such as 2026-11-16T08:00") from error


def _end(code: int) -> None:
    raise typer.Exit(code)


def main() -> None:
    """Entry point. Known errors end with their message, their mend and the contract's exit code."""
    try:
        app()
    except GembaError as error:
        from interfaces.cli.output import print_error

        print_error(error, as_json="--json" in sys.argv)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
